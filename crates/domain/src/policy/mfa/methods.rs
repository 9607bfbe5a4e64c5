//! What a policy of second factors says of its methods (`reference/mfa.md` 8). Members that are not
//! here are not kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TimeUnit {
    /// Of one.
    Seconds,
    /// Of 60 seconds.
    Minutes,
    /// Of 60 minutes.
    Hours,
    /// Of 24 hours.
    Days,
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// How many.
    pub duration: u32,
    /// Of what.
    pub time_unit: TimeUnit,
}

/// Something that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// Whether it is on.
    pub enabled: bool,
}

/// When a device rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// After how many wrong codes.
    pub count: u32,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cool_down: Option<Span>,
}

/// How long one code of an application counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// So long.
    pub step_size: Span,
}

/// Codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Otp {
    /// How long one counts that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub life_time: Option<Span>,
    /// What wrong ones lead to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Digits of one that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp_length: Option<u32>,
    /// How long one counts that an application made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// One method: each has some of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    /// Whether it may be used.
    pub enabled: bool,
    /// Whether no new devices are paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairing_disabled: Option<bool>,
    /// Whether people are asked what they call a new device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_for_nickname_on_pairing: Option<bool>,
    /// How long a key for pairing counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairing_key_lifetime: Option<Span>,
    /// Its codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp: Option<Otp>,
    /// Steps before and after the present one whose codes count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passcode_grace_period: Option<u32>,
    /// What is added to the address that applications read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri_parameters: Option<BTreeMap<String, String>>,
    /// What failures of passkeys lead to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The policy of passkeys; without one, the environment's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fido2_policy_id: Option<Uuid>,
    /// Native applications, each with what it may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applications: Option<Vec<MobileApplication>>,
}

/// What kind of configuration an application has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MobileApplicationType {
    /// That of PingID.
    PingIdAppConfig,
}

/// What happens when an application does not prove itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// It goes on.
    Permissive,
    /// It does not.
    Restrictive,
}

/// Something that an application may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Feature {
    /// Whether it may.
    pub enabled: bool,
    /// Whether people compare numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number_matching: Option<Switch>,
    /// Whether the device proves itself in another way, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_verification: Option<Proof>,
}

/// When nothing is pushed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PushLimit {
    /// After so many that nobody answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_duration: Option<Span>,
    /// Within what time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_period: Option<Span>,
}

/// From where devices are paired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IpPairing {
    /// Whether from anywhere.
    #[serde(rename = "anyIPAdress", skip_serializing_if = "Option::is_none")]
    pub any_ip_address: Option<bool>,
    /// Else from these networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_these_ip_addresses: Option<Vec<String>>,
}

/// How long a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestDurations {
    /// For the device.
    pub device_timeout: Span,
    /// For the person.
    pub total_timeout: Span,
}

/// A native application of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MobileApplication {
    /// Which one.
    pub id: Uuid,
    /// Of which kind.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<MobileApplicationType>,
    /// Whether it is pushed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<Feature>,
    /// How long a push waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_timeout: Option<Span>,
    /// How long a key for pairing counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairing_key_lifetime: Option<Span>,
    /// When nothing is pushed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_limit: Option<PushLimit>,
    /// Whether it makes codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otp: Option<Feature>,
    /// Whether the device proves itself without its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_authorization: Option<Feature>,
    /// Whether it is paired at the first sign-on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_enrollment: Option<Feature>,
    /// Whether people prove themselves to the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub biometrics_enabled: Option<bool>,
    /// Whether no new devices are paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairing_disabled: Option<bool>,
    /// What becomes of devices that were tampered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub integrity_detection: Option<Proof>,
    /// From where devices are paired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_pairing_configuration: Option<IpPairing>,
    /// How long a request waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_request_duration_configuration: Option<RequestDurations>,
}

/// Browsers that need no second factor for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RememberedBrowser {
    /// Whether they are remembered.
    pub enabled: bool,
    /// For how long.
    pub life_time: Span,
}

/// What needs no second factor for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberMe {
    /// Browsers.
    pub web: RememberedBrowser,
}

/// Which device is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeviceSelectionMode {
    /// The first.
    DefaultToFirst,
    /// The one that people choose, where there are several.
    PromptToSelect,
    /// The one that people choose.
    AlwaysDisplayDevices,
}

/// How a device is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceSelection {
    /// In this way.
    pub device_selection: DeviceSelectionMode,
}
