//! Removing what has expired. It is invisible already; what is told of it is told here.

use countersign_domain::entity::Entity;
use countersign_domain::store::{Batch, Fault, Key};

use crate::audit::{Activity, Party, kinds};
use crate::configuration::ConfigurationCache;
use crate::cx::Cx;
use crate::flows::Flow;
use crate::refusal::Failure;
use crate::webhooks;

/// Removes at most `max` expired documents; says how many. Flows that went with them are told of,
/// all in one write.
///
/// Compat: `FLOW.DELETED` comes when a flow is swept, which is after it is over for everybody, and
/// names neither client nor person (`reference/flows.md` 13). The removal is not undone if the
/// events cannot be written.
pub async fn sweep(cache: &ConfigurationCache, max: u32) -> Result<usize, Fault> {
    let ports = cache.ports();
    let now = ports.clock.now();
    let swept = ports.store.sweep(now, max).await?;
    let mut flows: Vec<&Key> = swept.iter().filter(|key| key.kind == Flow::KIND).collect();
    flows.sort_unstable();
    let mut batch = Batch::new();
    for of_env in flows.chunk_by(|one, other| one.env == other.env) {
        batch = batch.and(events(cache, of_env).await?);
    }
    if !batch.is_empty() {
        ports.store.commit(batch, now).await?;
    }
    Ok(swept.len())
}

/// What is told of expired flows of one environment. An environment that is gone tells nothing.
async fn events(cache: &ConfigurationCache, flows: &[&Key]) -> Result<Batch, Fault> {
    let Some(first) = flows.first() else {
        return Ok(Batch::new());
    };
    let ports = cache.ports();
    let env = match cache.current(first.env, ports.clock.now()).await {
        Ok(env) => env,
        Err(Failure::Refused(_)) => return Ok(Batch::new()),
        Err(Failure::Fault(fault)) => return Err(fault),
    };
    let cx = Cx::own(env, ports.clone());
    let mut batch = Batch::new();
    for flow in flows {
        let resource = Party::new(flow.env, "FLOW", &flow.id);
        let mut activity = Activity::new(&cx, &kinds::FLOW_DELETED, vec![resource]);
        // No request did it.
        activity.correlation_id = None;
        batch = batch.record(activity.to_event(flow.env)?);
    }
    webhooks::enlist(&cx, batch)
}
