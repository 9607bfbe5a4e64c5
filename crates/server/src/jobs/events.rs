//! Audit events: those that no request takes along are written, webhooks are served, and what is
//! older than the retention goes.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::entity::Entity;
use countersign_domain::environment::Environment;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_domain::store::{Fault, Query};
use countersign_protocol::audit::Aside;
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::webhooks::courier;
use tokio::sync::Mutex;

/// Between writes of what waits, and between looks for deliveries.
const BETWEEN: Duration = Duration::from_secs(1);
/// Between looks for events that are too old, once all environments were looked at.
const BETWEEN_SWEEPS: Duration = Duration::from_hours(1);
/// Between slices of one sweep, so that requests get their turns.
const BETWEEN_SLICES: Duration = Duration::from_millis(100);
/// Events removed, and environments looked at, in one slice.
const SLICE: u32 = 256;
const ENVIRONMENTS: u32 = 50;

/// Writes the events that wait.
pub async fn write(aside: Arc<Aside>, ports: Ports) -> Duration {
    if let Err(fault) = aside.write(&*ports.store, ports.clock.now()).await {
        tracing::error!(%fault, "events of refused sign-ons are lost");
    }
    BETWEEN
}

/// Serves webhooks.
pub async fn deliver(cache: Arc<ConfigurationCache>) -> Duration {
    match courier::deliver(&cache).await {
        Ok(round) if round.delivered + round.failed + round.given_up > 0 => {
            tracing::debug!(?round, "webhooks served");
        }
        Ok(_) => {}
        Err(fault) => tracing::warn!(%fault, "cannot look for webhook deliveries"),
    }
    BETWEEN
}

/// Where a sweep stands: environments are taken one after the other.
#[derive(Default)]
pub struct Sweep {
    after: Mutex<Option<countersign_domain::store::Cursor>>,
}

/// Removes a slice of the events that are older than the retention.
pub async fn forget(sweep: Arc<Sweep>, ports: Ports, retention: Duration) -> Duration {
    match slice(&sweep, &ports, retention).await {
        Ok(true) => BETWEEN_SLICES,
        Ok(false) => BETWEEN_SWEEPS,
        Err(fault) => {
            tracing::warn!(%fault, "cannot remove old audit events");
            BETWEEN_SWEEPS
        }
    }
}

/// Says whether there is more to do at once.
async fn slice(sweep: &Sweep, ports: &Ports, retention: Duration) -> Result<bool, Fault> {
    let now = ports.clock.now();
    let kept = i64::try_from(retention.as_millis()).unwrap_or(i64::MAX);
    let before = countersign_domain::time::Time::from_millis(now.millis().saturating_sub(kept));
    let mut after = sweep.after.lock().await;
    let query = Query {
        after: after.clone(),
        ..Query::all(Environment::KIND, EnvId::PLATFORM, ENVIRONMENTS)
    };
    let page = ports.store.list(&query, now).await?;
    for doc in &page.docs {
        let env = Environment::from_doc(doc)?.id;
        if ports.store.forget(env, before, SLICE).await? >= SLICE {
            // The same environments once more.
            return Ok(true);
        }
    }
    after.clone_from(&page.next);
    Ok(page.next.is_some())
}
