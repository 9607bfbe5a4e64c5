//! `activeAt` of sessions: noted when a session is used, written with whatever the request writes
//! anyway, and no more often than once a minute. A request that writes nothing writes nothing.

use std::time::Duration;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault, Key, Write};
use parking_lot::Mutex;

use crate::cx::Cx;

/// How old `activeAt` may be before it is worth writing.
const NOTED_AFTER: Duration = Duration::from_mins(1);

/// The session that a request uses.
#[derive(Debug, Default)]
pub struct InUse(Mutex<Option<(Stored<Session>, Use)>>);

/// How a session is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Somebody comes by with their browser: the session's end moves on.
    Browser,
    /// Tokens are asked for: only `activeAt` moves.
    ///
    /// Source: `reference/oidc.md` 14.3.
    Tokens,
}

impl InUse {
    /// Notes that a session is used.
    pub fn note(&self, session: &Stored<Session>, how: Use) {
        *self.0.lock() = Some((session.clone(), how));
    }
}

/// Adds to what is written that the session was used.
pub fn touch(cx: &Cx, batch: Batch) -> Result<Batch, Fault> {
    if batch.writes.is_empty() {
        return Ok(batch);
    }
    let Some((stored, how)) = cx.in_use.0.lock().take() else {
        return Ok(batch);
    };
    let Stored {
        value: mut session,
        version,
    } = stored;
    let key = session.key(cx.env_id());
    if cx.now.since(session.active_at) < NOTED_AFTER
        || batch.writes.iter().any(|it| is_of(it, &key))
    {
        return Ok(batch);
    }
    session.active_at = cx.now;
    if how == Use::Browser {
        session.slide(cx.env.environment.settings.session_idle());
    }
    batch.update(cx.env_id(), &session, version)
}

/// Whether a write decides about the session already.
fn is_of(write: &Write, session: &Key) -> bool {
    match write {
        Write::Put(doc) => doc.key == *session,
        Write::Delete(key) => key == session,
        Write::DeleteEnvironment(env) => *env == session.env,
    }
}
