//! `mobile` of a native application (`reference/platform.md` 3.2). Stored as configuration: the
//! second factor on a telephone goes by it.

use serde::{Deserialize, Serialize};

/// `mobile`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mobile {
    /// Bundle of the iOS application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_id: Option<String>,
    /// Package of the Android application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_name: Option<String>,
    /// Id at Huawei.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huawei_app_id: Option<String>,
    /// Package at Huawei.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huawei_package_name: Option<String>,
    /// Former passcodes that are taken, 1 to 10; five when nothing is said.
    #[serde(
        default = "Mobile::usual_grace",
        skip_serializing_if = "Option::is_none"
    )]
    pub passcode_grace_period: Option<u32>,
    /// Life of a passcode; 30 seconds when absent.
    #[serde(default)]
    pub passcode_refresh_duration: PasscodeRefresh,
    /// Whether devices must be genuine.
    #[serde(default)]
    pub integrity_detection: IntegrityDetection,
    /// How pushed requests are confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<Push>,
    /// Prefix of the links that open the application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri_prefix: Option<String>,
}

impl Mobile {
    /// What a native application has that says nothing of it.
    ///
    /// Source: Ping's Terraform provider, `pingone_application`.
    pub fn usual() -> Self {
        Self {
            passcode_grace_period: Self::usual_grace(),
            ..Self::default()
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the default of an optional member"
    )]
    fn usual_grace() -> Option<u32> {
        Some(5)
    }
}

/// `mobile.passcodeRefreshDuration`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasscodeRefresh {
    /// How many, 30 to 60.
    pub duration: u32,
    /// Of what.
    pub time_unit: PasscodeUnit,
}

impl Default for PasscodeRefresh {
    fn default() -> Self {
        Self {
            duration: 30,
            time_unit: PasscodeUnit::Seconds,
        }
    }
}

/// `mobile.passcodeRefreshDuration.timeUnit`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PasscodeUnit {
    /// Seconds.
    Seconds,
}

/// `mobile.integrityDetection`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrityDetection {
    /// Whether it is on.
    #[serde(default)]
    pub mode: IntegrityMode,
    /// Where it is off nevertheless.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_platforms: Vec<IntegrityPlatform>,
    /// For how long a verdict holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_duration: Option<CacheDuration>,
    /// How Google's verdicts are read. The keys and credentials that PingOne takes here are not
    /// kept: nothing would use them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google_play: Option<GooglePlay>,
}

/// `mobile.integrityDetection.mode`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrityMode {
    /// On.
    Enabled,
    /// Off.
    #[default]
    Disabled,
}

/// `mobile.integrityDetection.excludedPlatforms[]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrityPlatform {
    /// Android.
    Google,
    /// iOS.
    Ios,
}

/// `mobile.integrityDetection.cacheDuration`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheDuration {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub units: CacheUnit,
}

/// `mobile.integrityDetection.cacheDuration.units`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CacheUnit {
    /// Minutes.
    Minutes,
    /// Hours.
    Hours,
}

/// `mobile.integrityDetection.googlePlay`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GooglePlay {
    /// Who reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification_type: Option<GooglePlayVerification>,
}

/// `mobile.integrityDetection.googlePlay.verificationType`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GooglePlayVerification {
    /// Google.
    Google,
    /// The platform itself.
    Internal,
}

/// `mobile.push`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// Whether numbers are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_matching: Option<NumberMatching>,
}

/// `mobile.push.numberMatching`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumberMatching {
    /// How.
    #[serde(rename = "type")]
    pub type_: NumberMatchingType,
}

/// `mobile.push.numberMatching.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NumberMatchingType {
    /// One of several is picked.
    SelectNumber,
    /// It is typed.
    EnterManually,
}
