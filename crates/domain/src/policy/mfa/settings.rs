//! What the settings of second factors say (`reference/mfa.md` 9). Members that are not here are not
//! kept.

use serde::{Deserialize, Serialize};

/// What keys for pairing look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PairingKeyFormat {
    /// Of digits.
    Numeric,
    /// Of letters and digits.
    Alphanumeric,
}

/// Devices that are paired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pairing {
    /// How many somebody may have.
    pub max_allowed_devices: u32,
    /// What their keys look like.
    pub pairing_key_format: PairingKeyFormat,
}

/// When somebody is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lockout {
    /// After how many failures.
    pub failure_count: u32,
    /// For how long; without it, until somebody unlocks them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
}

/// New users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUsers {
    /// Whether they use second factors.
    pub mfa_enabled: bool,
}
