//! `application/vnd.pingidentity.password.sendRecoveryCode+json` (`reference/flows.md` 6.6).

use countersign_domain::entity::Stored;
use countersign_domain::store::Fault;
use countersign_domain::user::code::CodePurpose;

use super::session_reset::Nothing;
use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::codes::{self, Issue};
use crate::flows::recovery::Candidate;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Sends a new recovery code. The former one is worth nothing any more, and tries count anew.
pub struct PasswordSendRecoveryCode;

impl Action for PasswordSendRecoveryCode {
    const MEDIA: &'static str = "password.sendRecoveryCode";
    type Input = Nothing;
    type Facts = Issue;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::RecoveryCodeRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        _call: &Call<'_>,
        flow: &Flow,
        _input: &Nothing,
        turn: &Turn,
    ) -> Outcome<Issue> {
        let State::RecoveryCodeRequired(recovery) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let candidate = Candidate::find(cx, &recovery.username, turn).await?;
        let before = codes::load(cx, CodePurpose::Recovery, candidate.id).await?;
        let recipient = candidate.recipient();
        let issued = codes::issue(cx, CodePurpose::Recovery, recipient, before.as_ref())?;
        issued.map_err(|it| it.because("too many codes were sent lately").into())
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
