//! Drives a Countersign server as a black box: over HTTP, as browsers and clients do.
//!
//! What goes wrong here fails the test that uses it, so nothing returns an error.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test is failed by a panic"
)]

mod adapter;
mod authorize;
pub mod browser;
mod clock;
mod elsewhere;
mod entropy;
mod fixture;
mod hashing;
pub mod jwt;
mod mailbox;
mod names;
mod redeem;
mod server;
mod store;
mod tenant;
pub mod webdriver;

pub use adapter::{Adapter, run, run_in_real_time, run_today};
pub use authorize::{Authorize, code_of, submit};
pub use browser::{Answer, Browser, Form, StoredCookie, fragment, query};
pub use clock::VirtualClock;
pub use elsewhere::{Elsewhere, Received};
pub use entropy::SeededEntropy;
pub use hashing::CountingHeavy;
pub use mailbox::{Mailbox, code_in};
pub use names::ToldNames;
pub use redeem::Redeem;
pub use server::{AnotherNode, TestServer};
pub use store::ForProcess;
pub use tenant::{App, CHALLENGE, Person, REDIRECT_URI, Tenant, VERIFIER};

/// Fails the test.
#[track_caller]
pub fn broken(what: &str, why: impl std::fmt::Display) -> ! {
    panic!("{what}: {why}")
}
