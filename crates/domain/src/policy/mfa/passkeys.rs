//! What a policy of passkeys says (`reference/mfa.md` 10). Members that are not here are not kept.

use serde::{Deserialize, Serialize};

use crate::reference::Ref;

/// Passkeys that are copied from device to device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupEligibility {
    /// Whether they may be used.
    pub allow: bool,
    /// Whether that is asked at every sign-on.
    pub enforce_during_authentication: bool,
}

/// Which models may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Models {
    /// `NONE`, `AUDIT_ONLY`, `GLOBAL`, `CERTIFIED` or `SPECIFIC`.
    pub option: String,
    /// Those that are specified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_authenticators: Option<Vec<Ref<String>>>,
    /// Whether that is asked at every sign-on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enforce_during_authentication: Option<bool>,
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// An attribute of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DisplayedAttribute {
    /// Its name.
    pub name: String,
    /// Its parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_attributes: Option<Vec<Named>>,
}

/// What the user is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayName {
    /// The first of these that the user has.
    pub attributes: Vec<DisplayedAttribute>,
    /// What comes after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

/// Whether people prove themselves to the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserVerification {
    /// `REQUIRED`, `PREFERRED` or `DISCOURAGED`.
    pub option: String,
    /// Whether that is asked at every sign-on.
    pub enforce_during_authentication: bool,
}
