//! How a request travels: gather facts (async, reads only), decide (pure), commit (one batch).
//! The one retry loop is here (style 4.4, 6.2).

use std::future::Future;

use countersign_domain::store::{Batch, Conflict, Fault};

use crate::audit;
use crate::cx::Cx;
use crate::in_use;
use crate::refusal::{Failure, Outcome, Refusal, Refused};

/// What a rule decided. A refusal may still write: a wrong password must count, a replayed code
/// must end its tokens.
#[derive(Debug)]
pub struct Verdict<T> {
    /// The answer.
    pub reply: Result<T, Refused>,
    /// What becomes true with it; committed before anybody sees the answer.
    pub writes: Batch,
}

impl<T> Verdict<T> {
    /// An answer that changes nothing.
    pub fn reply(reply: T) -> Self {
        Self {
            reply: Ok(reply),
            writes: Batch::new(),
        }
    }

    /// A refusal that changes nothing.
    pub fn refuse(refused: impl Into<Refused>) -> Self {
        Self {
            reply: Err(refused.into()),
            writes: Batch::new(),
        }
    }

    /// With these writes.
    #[must_use]
    pub fn writing(mut self, writes: Batch) -> Self {
        self.writes = writes;
        self
    }
}

/// A rule of the request's path: reads, then judges.
pub trait Operation: Sync {
    /// What `decide` needs to know, nothing more. Fresh random bytes are part of it.
    type Facts: Send;
    /// The answer.
    type Reply: Send;

    /// Reads the facts. Runs again after a conflict.
    fn gather(&self, cx: &Cx) -> impl Future<Output = Outcome<Self::Facts>> + Send;

    /// Judges them. Fails only when a document cannot be written as JSON.
    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<Self::Reply>, Fault>;
}

/// How often a rule is tried on fresh facts before the request gives up with the conflict.
const ATTEMPTS: u32 = 64;

/// Runs an operation to its committed answer.
pub async fn run<O: Operation>(cx: &Cx, operation: &O) -> Outcome<O::Reply> {
    let mut attempt = 1;
    let mut gone = None;
    loop {
        let facts = operation.gather(cx).await?;
        let verdict = operation.decide(cx, facts)?;
        if verdict.writes.is_empty() && verdict.writes.preconditions.is_empty() {
            return verdict.reply.map_err(Failure::Refused);
        }
        let writes = in_use::touch(cx, audit::attend(cx, verdict.writes)?)?;
        match cx.ports.store.commit(writes, cx.now).await {
            Ok(_) => return verdict.reply.map_err(Failure::Refused),
            // The rule does not ask for what it rests on, which went since the request began.
            Err(Fault::Conflict(Conflict::Gone(key))) if gone.as_ref() == Some(&key) => {
                return Err(Refusal::NotFound.because(format!("{key:?} is gone")).into());
            }
            Err(Fault::Conflict(conflict)) if attempt < ATTEMPTS => {
                if let Conflict::Gone(key) = &conflict {
                    gone = Some(key.clone());
                }
                tracing::debug!(%conflict, attempt, "decided on stale facts, deciding again");
                attempt += 1;
            }
            Err(fault) => return Err(fault.into()),
        }
    }
}
