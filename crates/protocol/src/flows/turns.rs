//! Turns: attempts on one account wait for each other, so that no more guesses are evaluated in a
//! process than the lockout allows (`threats.md` 32). Across processes the version precondition on
//! the counter does the same for the answers.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::ids::EnvId;
use futures_util::lock::{Mutex as AsyncMutex, OwnedMutexGuard};
use parking_lot::Mutex;

type Who = (EnvId, String);

/// The accounts on which someone is at work.
#[derive(Default)]
pub struct Turns {
    waiting: Mutex<HashMap<Who, Arc<AsyncMutex<()>>>>,
}

/// A turn, kept until the attempt is committed.
#[derive(Default)]
pub struct Turn(Mutex<Option<OwnedMutexGuard<()>>>);

impl Turns {
    /// Waits for the turn on an account, unless `turn` holds it already from an earlier try.
    pub async fn take(&self, env: EnvId, account: &str, turn: &Turn) {
        if turn.0.lock().is_some() {
            return;
        }
        let lock = {
            let mut waiting = self.waiting.lock();
            // Locks that nobody else holds a handle on are free: drop them before the map grows.
            if waiting.len() >= 1_024 {
                waiting.retain(|_, lock| Arc::strong_count(lock) > 1);
            }
            Arc::clone(waiting.entry((env, account.to_owned())).or_default())
        };
        let guard = lock.lock_owned().await;
        *turn.0.lock() = Some(guard);
    }
}
