//! The process around the product: configuration, listener, telemetry, jobs, wiring, CLI.

pub mod config;
pub mod fetch;
pub mod health;
pub mod heavy;
pub mod listen;
pub mod ports;
pub mod telemetry;
