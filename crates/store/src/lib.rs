//! Adapters of the storage port: memory, SQLite and PostgreSQL. Knows documents, batches and
//! queries; nothing of users, tokens or flows. No SQL is written anywhere else.
#![deny(missing_docs)]

#[doc(hidden)]
pub mod conformance;
mod counting;
mod database;
#[doc(hidden)]
pub mod faulty;
mod limits;
mod memory;
mod migrations;
mod plan;
mod postgres;
mod range;
mod sqlite;

pub use counting::Counting;
pub use database::{Database, NotADatabase, open, open_for_much, open_keeping};
pub use memory::MemoryStore;
pub use postgres::{PostgresOptions, PostgresStore};
pub use sqlite::{SqliteOptions, SqliteStore};
