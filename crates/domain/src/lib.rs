//! Nouns, rules and port traits. Depends on no runtime, no HTTP, no SQL and no OAuth names.
#![deny(missing_docs)]

pub mod entity;
pub mod ids;
pub mod password;
pub mod ports;
pub mod store;
pub mod time;
pub mod vault;
