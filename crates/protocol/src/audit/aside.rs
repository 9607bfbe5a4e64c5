//! Events of requests that write nothing: a guess at a locked password, say. Telling of them must
//! not turn a refusal that costs nothing into a durable write each (`threats.md` 33), so they wait
//! here and go out together, at most once a second; what exceeds the room is counted and dropped.

use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use parking_lot::Mutex;

use super::Activity;
use crate::cx::Cx;

/// Events that may wait at once.
const ROOM: usize = 256;

/// Events that wait for the next write of this process.
#[derive(Debug, Default)]
pub struct Aside(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    batch: Batch,
    dropped: u64,
}

impl Aside {
    /// Sets an event aside.
    pub fn note(&self, cx: &Cx, activity: &Activity) -> Result<(), Fault> {
        let event = activity.to_event(cx.env_id())?;
        let single = crate::webhooks::enlist(cx, Batch::new().record(event))?;
        let mut waiting = self.0.lock();
        if waiting.batch.events.len() >= ROOM {
            waiting.dropped += 1;
            return Ok(());
        }
        let batch = std::mem::take(&mut waiting.batch);
        waiting.batch = batch.and(single);
        Ok(())
    }

    /// Writes what waits; says how many events there were. What cannot be written is lost.
    pub async fn write(&self, store: &dyn Store, now: Time) -> Result<usize, Fault> {
        let Waiting { batch, dropped } = std::mem::take(&mut *self.0.lock());
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "more events of requests that write nothing than are recorded"
            );
        }
        let count = batch.events.len();
        if !batch.is_empty() {
            store.commit(batch, now).await?;
        }
        Ok(count)
    }
}
