//! `application/vnd.pingidentity.user.lookup+json` (`reference/flows.md` 6.4).

use countersign_domain::entity::Stored;
use countersign_domain::store::{Batch, Fault};
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::cx::Cx;
use crate::flows::external::{self, Identified};
use crate::flows::guess::MAX_LEN;
use crate::flows::next::{Known, next};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Takes the username, and asks for the password next, or leads to the provider that has the say.
///
/// Decision: where no provider is configured, whether anybody has the name is not looked at before
/// the password is, so that nothing here, not even the time it takes, tells who exists
/// (`threats.md` 34).
pub struct UserLookup;

/// The body. Unknown members are ignored.
#[derive(Debug, Deserialize)]
pub struct Input {
    username: Option<String>,
}

impl Action for UserLookup {
    const MEDIA: &'static str = "user.lookup";
    type Input = Input;
    /// The username, and what is known of it.
    type Facts = (String, Option<Identified>);

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::SignOnRequired)
    }

    async fn gather(
        &self,
        cx: &Cx,
        _call: &Call<'_>,
        _flow: &Flow,
        input: &Input,
        _turn: &Turn,
    ) -> Outcome<Self::Facts> {
        let name = input.username.as_deref().filter(|name| !name.is_empty());
        let name = name.ok_or(Refusal::ValueRequired("username"))?;
        if name.len() > MAX_LEN {
            return Err(Refusal::ValueInvalid("username")
                .because("longer than 1 KiB")
                .into());
        }
        Ok((name.to_owned(), external::identify(cx, Some(name)).await?))
    }

    fn decide(
        &self,
        cx: &Cx,
        flow: Stored<Flow>,
        (username, identified): Self::Facts,
    ) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        flow.progress.identifier = Some(username);
        flow.progress.identified = identified;
        let known = Known::nobody(flow.remote_ip(cx));
        let policies = &flow.request.policies;
        flow.state = next(&cx.env, policies, &mut flow.progress, known, cx.now).stand();
        flow.touch(cx.now);
        let writes = Batch::new().update(cx.env_id(), &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes))
    }
}
