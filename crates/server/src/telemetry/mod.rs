//! What operators see: log lines and metrics. No user ids, secrets or tokens in either.

pub mod log;
pub mod metrics;
mod process;
mod storage;
