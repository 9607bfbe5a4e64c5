//! `application/vnd.pingidentity.user.sendVerificationCode+json` (`reference/flows.md` 6.11).

use countersign_domain::entity::{self, Stored};
use countersign_domain::reference::fold;
use countersign_domain::store::Fault;
use countersign_domain::user::User;
use countersign_domain::user::code::CodePurpose;
use serde::de::IgnoredAny;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::codes::Issue;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State, codes};
use crate::notices::Recipient;
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Sends a new verification code; the former one is worth nothing any more.
pub struct UserSendVerificationCode;

impl Action for UserSendVerificationCode {
    const MEDIA: &'static str = "user.sendVerificationCode";
    /// Compat: the request table lists a body with a code; it means nothing
    /// (`reference/flows.md` F3).
    type Input = IgnoredAny;
    type Facts = Issue;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::VerificationCodeRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        _call: &Call<'_>,
        flow: &Flow,
        _input: &IgnoredAny,
        turn: &Turn,
    ) -> Outcome<Issue> {
        let State::VerificationCodeRequired(waiting) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let (store, env, id) = (&*cx.ports.store, cx.env_id(), waiting.user.id);
        cx.turns
            .take(env, &fold(&waiting.user.username), turn)
            .await;
        let user = entity::load::<User>(store, env, id.to_string(), cx.now).await?;
        let before = codes::load(cx, CodePurpose::Verification, id).await?;
        let recipient = Recipient {
            id,
            user: user.as_deref().filter(|user| user.enabled),
        };
        let issued = codes::issue(cx, CodePurpose::Verification, recipient, before.as_ref())?;
        issued.map_err(|refusal| refusal.because("too many codes were sent lately").into())
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, issue: Issue) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        flow.touch(cx.now);
        let env = cx.env_id();
        let writes = issue.writes(env)?.update(env, &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes))
    }
}
