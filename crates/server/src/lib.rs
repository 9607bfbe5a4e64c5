//! The process around the product: configuration, listener, telemetry, jobs, wiring, CLI.

pub mod fetch;
pub mod listen;
