//! Password hashes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A password hash in the PHC string format, or in one of the encodings PingOne imports.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}
