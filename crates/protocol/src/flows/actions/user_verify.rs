//! `application/vnd.pingidentity.user.verify+json` (`reference/flows.md` 6.10, 7.2).

use countersign_domain::entity::{self, Stored};
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::code::{CodePurpose, Guessed, MAX_FAILURES, UserCode};
use countersign_domain::user::{Account, LifecycleStatus, User};
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::advance::{Arrival, advance};
use crate::flows::guess::MAX_LEN;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State, codes};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Checks the code that proves an e-mail address.
pub struct UserVerify;

/// The body. Unknown members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    verification_code: Option<String>,
}

/// What the rule needs to know.
pub struct Facts {
    user: Option<Stored<User>>,
    account: Option<Stored<Account>>,
    code: Option<Stored<UserCode>>,
    guessed: Guessed,
    arrival: Arrival,
}

const TARGET: &str = "verificationCode";

impl Action for UserVerify {
    const MEDIA: &'static str = "user.verify";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::VerificationCodeRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let State::VerificationCodeRequired(waiting) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let typed = input.verification_code.as_deref().map(str::trim);
        let typed = typed.filter(|typed| !typed.is_empty());
        let typed = typed.ok_or(Refusal::ValueRequired(TARGET))?;
        if typed.len() > MAX_LEN {
            return Err(Refusal::ValueInvalid(TARGET)
                .because("longer than 1 KiB")
                .into());
        }
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let user = &waiting.user;
        cx.turns.take(env, &fold(&user.username), turn).await;
        let id = user.id.to_string();
        let code = codes::load(cx, CodePurpose::Verification, user.id).await?;
        let digest = codes::digest(cx, CodePurpose::Verification, user.id, typed)?;
        let guessed = code
            .as_ref()
            .map_or(Guessed::Void, |code| code.judge(&digest, cx.now));
        Ok(Facts {
            user: entity::load::<User>(store, env, &id, cx.now).await?,
            account: entity::load::<Account>(store, env, &id, cx.now).await?,
            code,
            guessed,
            arrival: Arrival::gather(cx, call, flow, user.id).await?,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let env = cx.env_id();
        let wrong = |why: &'static str| Refusal::ValueInvalid(TARGET).because(why);
        let Some(code) = facts.code else {
            return Ok(Verdict::refuse(wrong("no code was sent, or it was used")));
        };
        match facts.guessed {
            Guessed::Right => {}
            Guessed::Wrong(after) => {
                let writes = Batch::new().update(env, &after, code.version)?;
                let wrong = Refusal::WrongSecret {
                    target: TARGET,
                    failures_remaining: Some(MAX_FAILURES.saturating_sub(after.failures)),
                };
                let refused = wrong.because("another code was sent");
                return Ok(Verdict::refuse(refused).writing(writes));
            }
            Guessed::Void => {
                return Ok(Verdict::refuse(wrong(
                    "too many wrong codes: ask for a new one",
                )));
            }
        }
        let is_locked = facts.account.as_ref().is_some_and(|it| it.locked_by_admin);
        let Some(before) = facts.user.filter(|user| user.enabled && !is_locked) else {
            let why = "deleted, disabled or locked since the sign-on";
            return Ok(Verdict::refuse(Refusal::AccountNotUsable.because(why)));
        };
        let user = verified(&before, &code, cx);
        let account = AccountAfter::unchanged(user.id, facts.account);
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let advanced = advance(cx, &mut flow, &user, account, facts.arrival)?;
        flow.touch(cx.now);
        let writes = advanced
            .writes
            .and(codes::redeem(env, &code))
            .update(env, &user, before.version)?
            .update(env, &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}

/// The user with a proven address, if it is still the one that the code went to.
pub(crate) fn verified(before: &User, code: &UserCode, cx: &Cx) -> User {
    let mut user = before.clone();
    user.lifecycle.status = LifecycleStatus::AccountOk;
    let sent_to = code.email.as_deref().map(fold);
    if sent_to.is_some() && sent_to == user.email.as_deref().map(fold) {
        user.email_verified = true;
    }
    user.updated_at = cx.now;
    user
}
