//! Drives a Countersign server as a black box: over HTTP, as browsers and clients do.
//!
//! What goes wrong here fails the test that uses it, so nothing returns an error.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "a test is failed by a panic"
)]

pub mod browser;
pub mod clock;
pub mod entropy;
pub mod jwt;
pub mod webdriver;

pub use browser::{Answer, Browser, Form, fragment, query};
pub use clock::VirtualClock;
pub use entropy::SeededEntropy;

/// Fails the test.
#[track_caller]
pub fn broken(what: &str, why: impl std::fmt::Display) -> ! {
    panic!("{what}: {why}")
}
