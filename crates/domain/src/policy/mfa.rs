//! `/v1/environments/{e}/mfaSettings`, `deviceAuthenticationPolicies` and `fido2Policies`
//! (`reference/platform.md` 3.14, 3.17; `mfa.md` 8 to 10).

pub mod methods;
pub mod passkeys;
pub mod settings;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::methods::{DeviceSelection, Method, RememberMe, Span, Switch};
use self::passkeys::{BackupEligibility, DisplayName, Models, Named, UserVerification};
use self::settings::{Lockout, NewUsers, Pairing};
use crate::entity::{Entity, kinds};
use crate::reference::{Ref, fold};
use crate::store::{IndexName, Kind};
use crate::time::Time;

/// Settings of second factors; there is one document in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MfaSettings {
    /// Devices that are paired.
    pub pairing: Pairing,
    /// When somebody is locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockout: Option<Lockout>,
    /// Whether telephones have extensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_extensions: Option<Switch>,
    /// New users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<NewUsers>,
    /// Deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<DeviceSelection>,
    /// When they last changed.
    pub updated_at: Time,
}

impl MfaSettings {
    /// The id of the one document.
    pub const ID: &'static str = "mfaSettings";

    /// `mfaEnabled` of users who come into being and of whom nothing is said.
    pub fn of_new_users(&self) -> bool {
        self.users.is_some_and(|it| it.mfa_enabled)
    }
}

impl Entity for MfaSettings {
    const KIND: Kind = kinds::MFA_SETTINGS;
    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}

/// A policy of second factors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceAuthenticationPolicy {
    /// Its id.
    pub id: Uuid,
    /// Its name, unique in the environment.
    pub name: String,
    /// Whether actions without a policy use it. One per environment.
    #[serde(default)]
    pub default: bool,
    /// Deprecated.
    #[serde(default)]
    pub for_sign_on_policy: bool,
    /// Which device is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<DeviceSelection>,
    /// How people are told of a new device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_device_notification: Option<String>,
    /// Whether locked users may go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_user_lock: Option<bool>,
    /// Which notifications policy applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications_policy: Option<Ref<Uuid>>,
    /// Devices that need no second factor for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remember_me: Option<RememberMe>,
    /// Text messages.
    pub sms: Method,
    /// Calls.
    pub voice: Method,
    /// Mail.
    pub email: Method,
    /// Native applications.
    pub mobile: Method,
    /// Authenticator applications.
    pub totp: Method,
    /// Security keys and passkeys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fido2: Option<Method>,
    /// WhatsApp messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whats_app: Option<Method>,
    /// OATH hardware tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oath_token: Option<Method>,
    /// Workforce only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desktop: Option<Method>,
    /// Workforce only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yubikey: Option<Method>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl DeviceAuthenticationPolicy {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for DeviceAuthenticationPolicy {
    const KIND: Kind = kinds::DEVICE_AUTHENTICATION_POLICY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}

/// A policy of FIDO2 devices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fido2Policy {
    /// Its id.
    pub id: Uuid,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether device authentication policies without one use it. One per environment.
    #[serde(default)]
    pub default: bool,
    /// `NONE`, `DIRECT` or `ENTERPRISE`.
    pub attestation_requirements: String,
    /// `PLATFORM`, `CROSS_PLATFORM` or `BOTH`.
    pub authenticator_attachment: String,
    /// Passkeys that are copied from device to device.
    pub backup_eligibility: BackupEligibility,
    /// What the device is called.
    pub device_display_name: String,
    /// `DISCOURAGED`, `PREFERRED` or `REQUIRED`.
    pub discoverable_credentials: String,
    /// Which models may be used.
    pub mds_authenticators_requirements: Models,
    /// A domain.
    pub relying_party_id: String,
    /// What the user is called.
    pub user_display_name_attributes: DisplayName,
    /// How long is waited for a touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_presence_timeout: Option<Span>,
    /// Whether people prove themselves to the device.
    pub user_verification: UserVerification,
    /// What browsers are told to prefer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_key_credential_hints: Vec<String>,
    /// Whether several devices are shown as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate_devices: Option<bool>,
    /// The attribute by which enterprises attest a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ea_unique_identifier_attribute: Option<Named>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Fido2Policy {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for Fido2Policy {
    const KIND: Kind = kinds::FIDO2_POLICY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}
