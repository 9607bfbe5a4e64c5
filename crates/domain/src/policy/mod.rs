//! Policies: which steps a sign-on takes, and when each is needed.

pub mod conditions;
pub mod mfa;
pub mod sign_on;
