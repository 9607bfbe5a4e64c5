//! Why the store could not do it.

use crate::store::{Entries, Key, Unique};

/// What stood in the way of a batch: the state of the world changed since it was read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A precondition does not hold.
    #[error("{0:?} is not as it was read")]
    Precondition(Key),
    /// Another document holds a unique value.
    #[error("unique value {} is taken", .0.name)]
    Unique(Unique),
    /// A document that another one rests on is not there.
    #[error("{0:?} is gone")]
    Gone(Key),
    /// More documents are filed somewhere than may be.
    #[error("too many of {:?} in its index {}", .0.kind, .0.index)]
    Filed(Box<Entries>),
    /// The database asked to try again (40001, 40P01) too often.
    #[error("the database could not serialize the batch")]
    Serialization,
}

/// Why something could not be tried. Never a judgement on the request: those are refusals.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Read again, decide again: the batch rests on facts that no longer hold.
    #[error("conflict: {0}")]
    Conflict(#[from] Conflict),
    /// The database cannot be reached or answered with an error. Inward text only.
    #[error("storage: {0}")]
    Storage(String),
    /// A document cannot be read by this version of the program.
    #[error("document {key:?}: {reason}")]
    Corrupt {
        /// Which document.
        key: Key,
        /// What is wrong with it; holds no values.
        reason: String,
    },
    /// Too much work is waiting already; answered with 503 and `Retry-After`.
    #[error("overloaded: {0}")]
    Overloaded(&'static str),
    /// An environment lacks something that every one has: a key, a password policy. Inward text
    /// only.
    #[error("configuration: {0}")]
    Misconfigured(&'static str),
    /// A key, certificate or cipher text could not be used. Inward text only.
    #[error("cryptography: {0}")]
    Crypto(&'static str),
}
