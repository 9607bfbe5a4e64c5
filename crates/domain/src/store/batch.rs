//! A write is a value: preconditions and writes that happen all or not at all.

use crate::ids::EnvId;
use crate::store::{Doc, Entries, Event, Key, Seq};

/// What must hold at the moment of the commit, or nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// No live document has this key. An expired one does not count.
    Absent(Key),
    /// The live document has exactly this version.
    Version(Key, u64),
    /// There is a live document, of whatever version.
    Present(Key),
}

/// What must hold once the batch is written, or nothing is: no rival can make it untrue meanwhile,
/// for what rests on something else is written under this very rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Postcondition {
    /// There is a live document, of this batch or from before: what is written rests on it.
    ///
    /// Any number of batches may rest on one document at the same time; only those that write it,
    /// or have a [`Precondition`] on it, wait for each other.
    Present(Key),
    /// At most so many live documents are filed there. Exact where everybody who files something
    /// there names one document, and whoever says this has a [`Precondition`] on that document or
    /// writes it.
    AtMost(Entries, u32),
}

/// One write of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Writes the document with its index and unique entries, replacing those it had. Fails the
    /// batch with [`Conflict::Unique`](crate::store::Conflict::Unique) when another live document
    /// holds one of the unique values.
    Put(Box<Doc>),
    /// Removes the document and its entries, if there is one.
    Delete(Key),
    /// Removes every document of an environment, of every kind.
    DeleteEnvironment(EnvId),
}

/// Preconditions, writes and postconditions, committed as one. Writes apply in order; preconditions
/// are checked first, against the state before the batch, postconditions last, against the state
/// behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// What must hold.
    pub preconditions: Vec<Precondition>,
    /// What is written.
    pub writes: Vec<Write>,
    /// What must hold then.
    pub postconditions: Vec<Postcondition>,
    /// Environments whose configuration this batch changes: each gets a new [`Seq`] in the same
    /// transaction, which is how caches on every node learn of it.
    pub changes: Vec<EnvId>,
    /// Audit events that become durable with the batch, at no cost of their own. One that is there
    /// already stays as it is.
    pub events: Vec<Event>,
}

impl Batch {
    /// A batch that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether committing it would be pointless: nothing is written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.changes.is_empty() && self.events.is_empty()
    }

    /// Adds a precondition.
    #[must_use]
    pub fn require(mut self, precondition: Precondition) -> Self {
        self.preconditions.push(precondition);
        self
    }

    /// Adds a postcondition.
    #[must_use]
    pub fn ensure(mut self, postcondition: Postcondition) -> Self {
        self.postconditions.push(postcondition);
        self
    }

    /// Adds that nothing is filed there any more, but for what the batch itself removes.
    #[must_use]
    pub fn leaves_none(self, entries: Entries) -> Self {
        self.ensure(Postcondition::AtMost(entries, 0))
    }

    /// Adds a write of a document.
    #[must_use]
    pub fn put(mut self, doc: Doc) -> Self {
        self.writes.push(Write::Put(Box::new(doc)));
        self
    }

    /// Adds a removal.
    #[must_use]
    pub fn delete(mut self, key: Key) -> Self {
        self.writes.push(Write::Delete(key));
        self
    }

    /// Adds the removal of everything in an environment.
    #[must_use]
    pub fn delete_environment(mut self, env: EnvId) -> Self {
        self.writes.push(Write::DeleteEnvironment(env));
        self
    }

    /// Marks an environment's configuration as changed.
    #[must_use]
    pub fn changed(mut self, env: EnvId) -> Self {
        if !self.changes.contains(&env) {
            self.changes.push(env);
        }
        self
    }

    /// Adds an audit event.
    #[must_use]
    pub fn record(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Adds all of another batch behind this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.preconditions.extend(other.preconditions);
        self.writes.extend(other.writes);
        self.postconditions.extend(other.postconditions);
        self.events.extend(other.events);
        for env in other.changes {
            self = self.changed(env);
        }
        self
    }
}

/// A batch is durable: it survives the loss of power from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The position of the batch's configuration changes; `None` when it had none.
    pub seq: Option<Seq>,
}
