//! The process around the product: configuration, listener, telemetry, jobs, wiring, CLI.

pub mod cli;
pub mod config;
pub mod fetch;
pub mod health;
pub mod heavy;
pub mod import;
pub mod jobs;
pub mod listen;
pub mod mail;
pub mod names;
pub mod ports;
mod private_file;
mod sealed_check;
pub mod telemetry;
pub mod wire_up;
