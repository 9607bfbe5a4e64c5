//! Passwords: how they are hashed, what a policy asks of them, when they lock.

pub mod hash;
