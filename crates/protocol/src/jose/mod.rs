//! JOSE: signing with keys that are parsed once, and strict verification. The only module that
//! names the JOSE and signature crates.

pub mod audience;
pub mod client;
pub mod header;
pub mod keys;
pub mod known;
pub mod remote;
pub mod sign;
pub mod verify;
