//! `application/vnd.pingidentity.user.consent+json` (`reference/flows.md` 6.14).

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::entity::{self, Stored};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, User};
use serde::Deserialize;
use serde_json::Value;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::advance::{Arrival, advance};
use crate::flows::agreement::ConsentPrompt;
use crate::flows::state::FlowFailure;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Accepts or declines the agreement that is shown.
pub struct UserConsent;

/// The body. Unknown members are ignored.
#[derive(Debug, Deserialize)]
pub struct Input {
    accept: Option<Value>,
}

/// What the rule needs to know.
pub struct Facts {
    prompt: ConsentPrompt,
    accept: bool,
    user: Option<Stored<User>>,
    account: Option<Stored<Account>>,
    before: Option<Stored<AgreementConsent>>,
    arrival: Arrival,
}

impl Action for UserConsent {
    const MEDIA: &'static str = "user.consent";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::AgreementConsentRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        _turn: &Turn,
    ) -> Outcome<Facts> {
        let State::AgreementConsentRequired(prompt) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let accept = accepted(input)?;
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let id = prompt.user.id.to_string();
        let consent = AgreementConsent::id_of(prompt.user.id, prompt.agreement);
        Ok(Facts {
            prompt: prompt.clone(),
            accept,
            user: entity::load(store, env, &id, cx.now).await?,
            account: entity::load(store, env, &id, cx.now).await?,
            before: entity::load(store, env, consent, cx.now).await?,
            arrival: Arrival::gather(cx, call, flow, prompt.user.id).await?,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let env = cx.env_id();
        let Stored {
            value: mut flow,
            version,
        } = flow;
        if !facts.accept {
            // Whatever the policy says of buttons: nobody is kept in a text they do not accept.
            flow.state = State::Failed(FlowFailure::ConsentDeclined);
            flow.touch(cx.now);
            let writes = Batch::new().update(env, &flow, version)?;
            return Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes));
        }
        let is_locked = facts.account.as_ref().is_some_and(|it| it.locked_by_admin);
        let Some(user) = facts.user.filter(|user| user.enabled && !is_locked) else {
            let why = "deleted, disabled or locked since the sign-on";
            return Ok(Verdict::refuse(Refusal::AccountNotUsable.because(why)));
        };
        let account = AccountAfter::unchanged(user.id, facts.account);
        let (mut arrival, mut writes) = (facts.arrival, Batch::new());
        // Decision: what was shown is what is accepted. A text that another one replaced meanwhile
        // is not; the walk shows the other one.
        if facts.prompt.is_current(&cx.env, cx.now) {
            let consent = facts.prompt.accepted(cx.now);
            writes = match facts.before {
                Some(before) => writes.update(env, &consent, before.version)?,
                None => writes.create(env, &consent)?,
            };
            arrival.consented(consent);
        } else {
            flow.progress.asking = None;
        }
        let advanced = advance(cx, &mut flow, &user, account, arrival)?;
        flow.touch(cx.now);
        let writes = writes.and(advanced.writes).update(env, &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}

/// Decision: the words `true` and `false` count too, as for invitations (`reference/flows.md` F8).
fn accepted(input: &Input) -> Outcome<bool> {
    match &input.accept {
        None | Some(Value::Null) => Err(Refusal::ValueRequired("accept").into()),
        Some(Value::Bool(accept)) => Ok(*accept),
        Some(Value::String(word)) if word == "true" => Ok(true),
        Some(Value::String(word)) if word == "false" => Ok(false),
        Some(_) => Err(Refusal::ValueInvalid("accept")
            .because("neither true nor false")
            .into()),
    }
}
