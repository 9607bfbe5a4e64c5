//! The server as a black box. The tree mirrors the URLs: `as_/token.rs` tests `POST .../as/token`.
//!
//! Tests whose names begin with `threat_` and a number belong to the threat catalogue.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test is failed by a panic, in its helpers too"
)]

mod acr;
mod as_;
mod budget;
mod chromium;
mod correlation;
mod cors;
mod custom_domains;
mod explain;
mod flows;
mod foreign_clients;
mod nodes;
mod one_time;
mod outbox;
mod overload;
mod pages;
mod program;
mod rotation;
mod rp;
mod sessions;
mod tenancy;
mod v1;
