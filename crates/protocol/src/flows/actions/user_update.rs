//! `application/vnd.pingidentity.user.update+json`: progressive profiling
//! (`reference/flows.md` 6.12).

use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::ActionId;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, User};
use serde_json::{Map, Value};

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::advance::{Arrival, advance};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::misfit::Misfit;
use crate::own_attributes;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::Verdict;

/// Takes the attributes that were asked for.
pub struct UserUpdate;

/// What the rule needs to know.
pub struct Facts {
    /// The action that asked.
    action: ActionId,
    user: Option<Stored<User>>,
    /// The same with what they answered.
    after: Result<User, Refused>,
    /// Answers that somebody else gave, and no two may give.
    taken: Vec<Misfit>,
    account: Option<Stored<Account>>,
    arrival: Arrival,
}

impl Action for UserUpdate {
    const MEDIA: &'static str = "user.update";
    /// A part of a user.
    type Input = Map<String, Value>;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::ProfileDataRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Map<String, Value>,
        _turn: &Turn,
    ) -> Outcome<Facts> {
        let State::ProfileDataRequired(prompt) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let id = prompt.user.id.to_string();
        let user = entity::load::<User>(store, env, &id, cx.now).await?;
        let after = match &user {
            Some(user) => prompt.answer(user, input, &cx.env.user_attributes, cx.now)?,
            None => Err(Refusal::AccountNotUsable.into()),
        };
        Ok(Facts {
            action: prompt.action,
            taken: match &after {
                Ok(after) => own_attributes::taken(cx, after).await?,
                Err(_) => Vec::new(),
            },
            after,
            user,
            account: entity::load::<Account>(store, env, &id, cx.now).await?,
            arrival: Arrival::gather(cx, call, flow, prompt.user.id).await?,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let env = cx.env_id();
        let is_locked = facts.account.as_ref().is_some_and(|it| it.locked_by_admin);
        let Some(before) = facts.user.filter(|user| user.enabled && !is_locked) else {
            let why = "deleted, disabled or locked since the sign-on";
            return Ok(Verdict::refuse(Refusal::AccountNotUsable.because(why)));
        };
        let user = match facts.after {
            Ok(user) => user,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        if !facts.taken.is_empty() {
            let why = "another user has this value";
            return Ok(Verdict::refuse(Refusal::Unfit(facts.taken).because(why)));
        }
        let mut writes = Batch::new();
        if user != before.value {
            writes = writes.update(env, &user, before.version)?;
        }
        let account_version = facts.account.as_ref().map(|stored| stored.version);
        let mut account = facts
            .account
            .map_or_else(|| Account::new(user.id), |stored| stored.value);
        account.profiled.insert(facts.action, cx.now);
        let account = AccountAfter::changed(account, account_version);
        let Stored {
            value: mut flow,
            version,
        } = flow;
        flow.progress.profiled = true;
        let advanced = advance(cx, &mut flow, &user, account, facts.arrival)?;
        flow.touch(cx.now);
        let writes = writes.and(advanced.writes).update(env, &flow, version)?;
        let cookie = advanced.cookie;
        Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
    }
}
