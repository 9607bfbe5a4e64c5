//! Adapters of the storage port: memory, SQLite and PostgreSQL. Knows documents, batches and
//! queries; nothing of users, tokens or flows. No SQL is written anywhere else.
#![deny(missing_docs)]

#[doc(hidden)]
pub mod conformance;
mod database;
mod limits;
mod memory;
mod migrations;
mod plan;
mod range;
mod sqlite;

pub use database::{Database, NotADatabase, open};
pub use memory::MemoryStore;
pub use sqlite::{SqliteOptions, SqliteStore};
