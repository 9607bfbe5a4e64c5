//! The process around the product: configuration, listener, telemetry, jobs, wiring, CLI.

pub mod config;
pub mod fetch;
pub mod heavy;
pub mod listen;
pub mod ports;
