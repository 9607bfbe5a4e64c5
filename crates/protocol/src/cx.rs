//! The context of one request.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_domain::ids::{CorrelationId, EnvId};
use countersign_domain::ports::Ports;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use parking_lot::Mutex;

use crate::audit::{Aside, Caller};
use crate::configuration::Snapshot;
use crate::explain::{Explanation, Explanations};
use crate::in_use::InUse;
use crate::refusal::Refused;

/// What every rule that gathers facts has at hand.
#[derive(Clone)]
pub struct Cx {
    /// The one time of this request: two checks in it never disagree about an expiry.
    pub now: Time,
    /// The environment's configuration, exact as of the start of the request.
    pub env: Arc<Snapshot>,
    /// Storage, randomness, slow hashing.
    pub ports: Ports,
    /// Finds this request in the log.
    pub correlation: CorrelationId,
    /// Whose turn it is on which account.
    pub turns: Arc<crate::flows::turns::Turns>,
    /// The caller's address, from the connection or a trusted proxy.
    pub remote_ip: Option<IpAddr>,
    /// Where refusals are explained.
    pub explanations: Arc<Explanations>,
    /// Where events wait that no commit takes along.
    pub aside: Arc<Aside>,
    /// Who asks, where that is known before the rule runs.
    pub caller: Option<Arc<Caller>>,
    /// The session that the request uses.
    pub in_use: Arc<InUse>,
}

impl Cx {
    /// A context that no request is behind: the server's own doing.
    pub fn own(env: Arc<Snapshot>, ports: Ports) -> Self {
        Self {
            now: ports.clock.now(),
            env,
            correlation: CorrelationId::random(&*ports.entropy),
            ports,
            turns: Arc::default(),
            remote_ip: None,
            explanations: Arc::default(),
            aside: Arc::default(),
            caller: None,
            in_use: Arc::default(),
        }
    }

    /// The environment's id.
    pub fn env_id(&self) -> EnvId {
        self.env.id
    }

    /// Does something slow, such as making a key, off the async threads, where only so much is done
    /// at once.
    pub async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let slot = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&slot);
        let job = move || *filled.lock() = Some(job());
        self.ports.heavy.work(Box::new(job)).await?;
        let done = slot.lock().take();
        done.ok_or(Fault::Overloaded("the work was not done"))
    }

    /// Explains a refusal that leaves as an answer of the protocol: a redirect to the client.
    pub fn explain(&self, refused: &Refused) {
        let explanation = Explanation::of(self.env_id(), self.correlation, self.now, refused);
        self.explanations.record(explanation);
    }
}
