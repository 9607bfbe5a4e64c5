//! `application/vnd.pingidentity.password.forgot+json` (`reference/flows.md` 6.5).

use countersign_domain::entity::Stored;
use countersign_domain::reference::fold;
use countersign_domain::store::Fault;
use countersign_domain::user::code::CodePurpose;
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::codes::{self, Issue};
use crate::flows::recovery::{Candidate, given};
use crate::flows::state::Recovery;
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Begins the recovery of a password: a code goes out, if there is somebody to send it to.
///
/// Decision: the answer is the same for every name, and so are the writes; for a name that nobody
/// has, or whose password cannot be recovered, the mail is thrown away (`reference/flows.md` F17,
/// `threats.md` 34).
pub struct PasswordForgot;

/// The body. Unknown members are ignored.
#[derive(Deserialize)]
pub struct Input {
    username: Option<String>,
}

/// What the rule needs to know.
pub struct Facts {
    username: String,
    issue: Issue,
}

impl Action for PasswordForgot {
    const MEDIA: &'static str = "password.forgot";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        let is_asking = matches!(
            flow.state,
            State::UsernamePasswordRequired
                | State::SignOnRequired
                | State::PasswordRequired(_)
                | State::AccountLinkingRequired
        );
        is_asking && flow.progress.offers.recovery
    }

    async fn gather(
        &self,
        cx: &Cx,
        _call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let username = named(flow, input)?;
        let candidate = Candidate::find(cx, username, turn).await?;
        let before = codes::load(cx, CodePurpose::Recovery, candidate.id).await?;
        let recipient = candidate.recipient();
        let issued = codes::issue(cx, CodePurpose::Recovery, recipient, before.as_ref())?;
        Ok(Facts {
            username: username.to_owned(),
            issue: issued.map_err(|it| it.because("too many codes were sent lately"))?,
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        flow.state = State::RecoveryCodeRequired(Recovery {
            username: facts.username,
        });
        flow.touch(cx.now);
        let env = cx.env_id();
        let writes = facts.issue.writes(env)?.update(env, &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes))
    }
}

/// Whose password is forgotten: the flow's user, if it has one, else whom the body names.
fn named<'a>(flow: &'a Flow, input: &'a Input) -> Outcome<&'a str> {
    let State::PasswordRequired(whose) = &flow.state else {
        return given(input.username.as_deref(), "username");
    };
    let sent = input.username.as_deref().filter(|name| !name.is_empty());
    if sent.is_some_and(|name| fold(name) != fold(whose.username())) {
        return Err(Refusal::ValueInvalid("username")
            .because("another user than the flow's; session.reset switches accounts")
            .into());
    }
    Ok(whose.username())
}
