//! Which environment a host stands for: the active custom domains of all environments, in memory.
//!
//! Nothing is looked up for the server's own hosts, nor for a custom domain that is known: whether it
//! still is one, the environment's own configuration says. For any other host one look-up by key tells
//! whether there is anything new (`docs/decisions/0030`).

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::custom_domain::DomainClaim;
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Fault, Seq};
use countersign_domain::time::Time;
use parking_lot::Mutex;

use super::{ConfigurationCache, all};

/// As of a position of the platform's changes.
#[derive(Default)]
struct Known {
    seq: Seq,
    is_read: bool,
    hosts: HashMap<String, EnvId>,
}

/// The hosts that are known.
#[derive(Default)]
pub(super) struct Domains(Mutex<Arc<Known>>);

impl ConfigurationCache {
    /// The environment that has an active custom domain of this name (in small letters, without a
    /// port). The server's own hosts are nobody's.
    pub async fn environment_at(&self, host: &str, now: Time) -> Result<Option<EnvId>, Fault> {
        if self.urls.is_own_host(host) {
            return Ok(None);
        }
        let known = Arc::clone(&self.domains.0.lock());
        let found = known.hosts.get(host).copied();
        if let Some(env) = found
            && self.may_be_at(env, host)
        {
            return Ok(found);
        }
        let store = &*self.ports.store;
        let changes = store.changes(known.seq, Some(EnvId::PLATFORM)).await?;
        let moved = changes.environments.first().map(|(_, seq)| *seq);
        if known.is_read && moved.is_none() {
            return Ok(found);
        }
        let claims = all::<DomainClaim>(store, EnvId::PLATFORM, now).await?;
        let hosts = claims.into_iter().map(|it| (it.id, it.environment.id));
        let read = Arc::new(Known {
            // Read before the claims: what comes in between shows at the next look.
            seq: moved.unwrap_or(known.seq),
            is_read: true,
            hosts: hosts.collect(),
        });
        let env = read.hosts.get(host).copied();
        *self.domains.0.lock() = read;
        Ok(env)
    }

    /// Whether the environment, as far as it is in memory, has this domain. Once it has lost it, the
    /// domain may have gone to another one.
    fn may_be_at(&self, env: EnvId, host: &str) -> bool {
        let addresses = self.snapshots.get(&env);
        addresses.is_none_or(|addresses| addresses.at(Some(host)).is_some())
    }
}
