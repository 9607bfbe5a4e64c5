//! Adapters of the storage port: memory, SQLite and PostgreSQL. Knows documents, batches and
//! queries; nothing of users, tokens or flows. No SQL is written anywhere else.
#![deny(missing_docs)]

mod limits;
mod memory;
mod range;

pub use memory::MemoryStore;
