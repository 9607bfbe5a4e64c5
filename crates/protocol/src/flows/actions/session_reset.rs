//! `application/vnd.pingidentity.session.reset+json`: "switch account"
//! (`reference/flows.md` 6.2).

use countersign_domain::entity::Stored;
use countersign_domain::store::{Batch, Fault};
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::flow::Progress;
use crate::flows::next::{Known, next};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::Outcome;
use crate::run::Verdict;

/// Drops the user and the session from the flow and starts its policies again.
pub struct SessionReset;

/// No member means anything; whatever is sent is ignored.
#[derive(Debug, Deserialize)]
pub struct Nothing {}

impl Action for SessionReset {
    const MEDIA: &'static str = "session.reset";
    type Input = Nothing;
    type Facts = ();

    fn offered(&self, flow: &Flow) -> bool {
        // A device is connected by whoever signed on for it (`reference/flows.md` 14.2).
        let connecting = matches!(
            flow.state,
            State::DagUserCodeRequired(_) | State::DagConsentRequired(_)
        );
        !flow.state.is_terminal() && !connecting
    }

    /// Where the sheet shows it: there is somebody to switch away from, and a proof to come.
    fn advertised(&self, flow: &Flow) -> bool {
        match flow.state {
            State::PasswordRequired(_)
            | State::RecoveryCodeRequired(_)
            | State::VerificationCodeRequired(_)
            | State::PasswordExpired(_)
            | State::MustChangePassword(_) => true,
            State::UsernamePasswordRequired
            | State::SignOnRequired
            | State::ProfileDataRequired(_)
            | State::AccountLinkingRequired
            | State::AccountConfirmationRequired
            | State::ExternalAuthenticationRequired(_)
            | State::AgreementConsentRequired(_)
            | State::DagUserCodeRequired(_)
            | State::DagConsentRequired(_)
            | State::DeviceConnected(_)
            | State::Completed(_)
            | State::Failed(_) => false,
        }
    }

    async fn gather(
        &self,
        _cx: &Cx,
        _call: &Call<'_>,
        _flow: &Flow,
        _input: &Nothing,
        _turn: &Turn,
    ) -> Outcome<()> {
        Ok(())
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, (): ()) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        flow.session = None;
        flow.progress = Progress::default();
        let known = Known::nobody(flow.remote_ip(cx));
        let policies = &flow.request.policies;
        flow.state = next(&cx.env, policies, &mut flow.progress, known, cx.now).stand();
        flow.touch(cx.now);
        let writes = Batch::new().update(cx.env_id(), &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes))
    }
}
