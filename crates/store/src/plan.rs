//! From a batch to row changes: the rules of the port, shared by both SQL adapters.
//!
//! A batch is played against an overlay of what the database holds. Only its net effect is written,
//! and only where something differs: a document whose index entries stay the same touches no index
//! row. Nothing is written before every check has passed.

mod filed;
mod overlay;

use std::borrow::Cow;

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Conflict, Doc, Entries, Event, Key, Kind, Unique};
use countersign_domain::time::Time;

pub(crate) use filed::Filed;
use overlay::Overlay;

/// What the database holds under a key, live or not; the body is not needed.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub version: u64,
    pub expires_at: Option<Time>,
    pub filed: Filed,
}

impl Row {
    fn is_live(&self, now: Time) -> bool {
        self.expires_at.is_none_or(|at| at > now)
    }
}

/// Looks things up in the database as it was before the batch.
pub(crate) trait Facts {
    /// Why a lookup failed.
    type Error;
    /// Whether somebody else may take a key that was free, before the plan is written.
    const KEYS_CAN_BE_TAKEN: bool;
    /// The row of a document.
    fn row(&mut self, key: &Key) -> Result<Option<Row>, Self::Error>;
    /// The id and row of the document that is filed under a unique value.
    fn holder(&mut self, unique: &Unique) -> Result<Option<(String, Row)>, Self::Error>;
    /// Ids of live documents that are filed there, each once: all of them if there are fewer than
    /// `enough`.
    fn filed(
        &mut self,
        entries: &Entries,
        enough: usize,
        now: Time,
    ) -> Result<Vec<String>, Self::Error>;
}

/// Why there is no plan.
#[derive(Debug)]
pub(crate) enum Failure<E> {
    Conflict(Conflict),
    Lookup(E),
}

/// A row of an index or uniqueness table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub env: EnvId,
    pub kind: Kind,
    pub name: Cow<'static, str>,
    pub value: String,
    pub id: String,
}

/// A document to write, with the text of what it is filed under.
#[derive(Debug)]
pub(crate) struct NewDoc {
    pub doc: Doc,
    pub filed: Option<String>,
    /// Whether it expires when the document before it would have.
    pub keeps_expiry: bool,
}

/// The net effect of a batch, to be written in the order of the fields.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Environments to empty.
    pub wipes: Vec<EnvId>,
    pub deletes: Vec<Key>,
    pub entries_removed: Vec<Entry>,
    pub uniques_removed: Vec<Entry>,
    pub inserts: Vec<NewDoc>,
    pub updates: Vec<NewDoc>,
    pub entries_added: Vec<Entry>,
    pub uniques_added: Vec<Entry>,
    /// Keys that must stay unoccupied although nothing is written under them. SQLite has one
    /// writer and need not care; PostgreSQL has no lock on what is not there.
    pub held_open: Vec<Key>,
    /// Environments whose configuration changes.
    pub changes: Vec<EnvId>,
    /// Events to append.
    pub events: Vec<Event>,
}

impl Plan {
    /// Plays the batch. Nothing is written when this fails.
    pub(crate) fn of<F: Facts>(
        batch: Batch,
        now: Time,
        facts: &mut F,
    ) -> Result<Self, Failure<F::Error>> {
        let mut overlay = Overlay::new(facts, now);
        for precondition in batch.preconditions {
            overlay.check(precondition)?;
        }
        for write in batch.writes {
            overlay.apply(write)?;
        }
        for postcondition in batch.postconditions {
            overlay.check_after(postcondition)?;
        }
        let mut plan = overlay.into_plan();
        plan.changes = batch.changes;
        plan.events = batch.events;
        Ok(plan)
    }

    /// Removes documents that were found expired.
    pub(crate) fn sweep(found: Vec<(Key, Filed)>) -> Self {
        let mut plan = Self::default();
        for (key, filed) in found {
            plan.entries_removed.extend(filed.entries_of(&key));
            plan.uniques_removed.extend(filed.uniques_of(&key));
            plan.deletes.push(key);
        }
        plan
    }
}
