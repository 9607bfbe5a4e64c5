//! Passwords: how they are hashed, what a policy asks of them, when they lock.

pub mod hash;
mod import;
pub mod lockout;
pub mod policy;
pub mod state;
