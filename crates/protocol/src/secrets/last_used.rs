//! `previous.lastUsed` of secrets (`reference/platform.md` 3.2): whether anybody still comes with the
//! secret before. Noted in memory by whoever is authenticated, written by a job: a request writes
//! nothing for it.

use std::collections::HashMap;
use std::time::Duration;

use countersign_domain::application::ApplicationSecret;
use countersign_domain::entity::{self, Entity};
use countersign_domain::ports::Store;
use countersign_domain::resource::ResourceSecret;
use countersign_domain::store::{Batch, Fault, Key};
use countersign_domain::time::Time;
use parking_lot::Mutex;

use super::Holder;

/// How often one is written.
pub const BETWEEN_WRITES: Duration = Duration::from_mins(1);
/// Secrets kept in mind between two rounds. What is over is noted at its next use.
const MOST: usize = 10_000;

/// Use of a former secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Use {
    /// The end of the secret, which tells it from one that came after it.
    until: Time,
    /// When.
    at: Time,
}

/// Uses of former secrets that are not written yet.
#[derive(Debug, Default)]
pub struct LastUsed(Mutex<HashMap<Key, Use>>);

impl LastUsed {
    /// Notes that the former secret of a document, which is accepted `until` then, was used.
    pub(super) fn note(&self, secret: Key, until: Time, now: Time) {
        let mut noted = self.0.lock();
        if noted.len() < MOST || noted.contains_key(&secret) {
            noted.insert(secret, Use { until, at: now });
        }
    }

    /// When it was used last, as far as it is not written yet.
    pub(super) fn noted(&self, secret: &Key, until: Time) -> Option<Time> {
        let found = self.0.lock().get(secret).copied();
        found.filter(|it| it.until == until).map(|it| it.at)
    }

    /// Writes what was noted, each in a write of its own: one that fails is tried again in the next
    /// round. Answers how many were written.
    pub async fn save(&self, store: &dyn Store, now: Time) -> Result<usize, Fault> {
        let noted: Vec<(Key, Use)> = {
            let noted = self.0.lock();
            noted.iter().map(|(key, it)| (key.clone(), *it)).collect()
        };
        let mut written = 0;
        for (key, used) in noted {
            let saved = if key.kind == ApplicationSecret::KIND {
                save_one::<ApplicationSecret>(store, &key, used, now).await
            } else {
                save_one::<ResourceSecret>(store, &key, used, now).await
            };
            match saved {
                Ok(saved) => {
                    written += usize::from(saved);
                    let mut noted = self.0.lock();
                    // Unless it was used again meanwhile.
                    if noted.get(&key) == Some(&used) {
                        noted.remove(&key);
                    }
                }
                // Somebody rotates it at this moment.
                Err(Fault::Conflict(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(written)
    }
}

/// Writes one, if the secret is still there and another process wrote nothing newer.
async fn save_one<H: Holder>(
    store: &dyn Store,
    key: &Key,
    used: Use,
    now: Time,
) -> Result<bool, Fault> {
    let Some(found) = entity::load::<H>(store, key.env, key.id.clone(), now).await? else {
        return Ok(false);
    };
    let mut holder = found.value;
    let previous = holder.previous_mut();
    let Some(previous) = previous.filter(|it| it.expires_at == used.until) else {
        return Ok(false);
    };
    if previous.last_used.is_some_and(|written| used.at <= written) {
        return Ok(false);
    }
    previous.last_used = Some(used.at);
    // Nobody is authenticated differently for it: the environment did not change.
    let batch = Batch::new().update(key.env, &holder, found.version)?;
    store.commit(batch, now).await?;
    Ok(true)
}
