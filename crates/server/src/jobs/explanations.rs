//! Writes down the newest explanations of refusals, so that they outlive the process and are found
//! by other nodes and by `countersign explain`.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::ports::Ports;
use countersign_protocol::explain::Explanations;

/// Between writes. There is none while nothing is refused.
const BETWEEN: Duration = Duration::from_secs(1);

/// Writes once.
pub async fn save(explanations: Arc<Explanations>, ports: Ports) -> Duration {
    let now = ports.clock.now();
    match explanations.save(&*ports.store, now).await {
        Ok(0) => {}
        Ok(written) => tracing::debug!(written, "explanations written"),
        // They stay in mind; what is lost is that others find them.
        Err(fault) => tracing::warn!(%fault, "cannot write explanations"),
    }
    BETWEEN
}
