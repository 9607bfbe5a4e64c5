//! The storage port's vocabulary (style 6.3): documents under keys, batches of writes with
//! preconditions, queries over declared indexes. The [`Store`](crate::ports::Store) trait itself is
//! with the other ports.

mod batch;
mod doc;
mod fault;
mod key;
mod query;

pub use batch::{Batch, Committed, Postcondition, Precondition, Write};
pub use doc::{Doc, Reading};
pub use fault::{Conflict, Fault};
pub use key::{IndexEntry, IndexName, Key, Kind, Unique};
pub use query::{Cursor, Entries, Page, Query, Range};

/// Position in the log of configuration changes; grows with every change, on all nodes alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(pub u64);

/// Which environments changed their configuration, and how far the log reaches now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Ask for what came after this next time.
    pub latest: Seq,
    /// Each changed environment once, with the position of its newest change, in order.
    pub environments: Vec<(crate::ids::EnvId, Seq)>,
}

impl Changes {
    /// Of one environment, whose newest change this is, after `since`.
    pub fn of(env: crate::ids::EnvId, newest: Option<Seq>, since: Seq) -> Self {
        let newer = newest.filter(|seq| *seq > since);
        Self {
            latest: newer.unwrap_or(since),
            environments: newer.map(|seq| (env, seq)).into_iter().collect(),
        }
    }
}

/// An audit event, appended and never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The environment it happened in.
    pub env: crate::ids::EnvId,
    /// Unique and sortable by time.
    pub id: String,
    /// When it happened.
    pub at: crate::time::Time,
    /// The event as JSON text.
    pub body: String,
}

/// What an adapter says of itself to readiness probes and `countersign doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// `memory`, `sqlite` or `postgres`.
    pub adapter: &'static str,
    /// Version of the database program or library.
    pub version: String,
    /// Number of the newest migration applied.
    pub migration: u32,
}
