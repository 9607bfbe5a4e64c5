//! `GET /{envID}/flows/{flowID}` (`reference/flows.md` 6.1).

use countersign_domain::entity::Stored;
use countersign_domain::store::{Batch, Fault};

use crate::browser::BrowserToken;
use crate::cx::Cx;
use crate::flows::{Flow, access};
use crate::refusal::Outcome;
use crate::run::{Operation, Verdict, run};

struct Read<'a> {
    id: &'a str,
    token: Option<&'a BrowserToken>,
}

impl Operation for Read<'_> {
    type Facts = Stored<Flow>;
    type Reply = Flow;

    async fn gather(&self, cx: &Cx) -> Outcome<Stored<Flow>> {
        access::find(cx, self.id, self.token).await
    }

    fn decide(&self, cx: &Cx, facts: Stored<Flow>) -> Result<Verdict<Flow>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = facts;
        if !flow.is_due(cx.now) {
            return Ok(Verdict::reply(flow));
        }
        flow.touch(cx.now);
        let writes = Batch::new().update(cx.env_id(), &flow, version)?;
        Ok(Verdict::reply(flow).writing(writes))
    }
}

/// The flow as it stands; reading keeps it alive.
pub async fn read(cx: &Cx, id: &str, token: Option<&BrowserToken>) -> Outcome<Flow> {
    run(cx, &Read { id, token }).await
}
