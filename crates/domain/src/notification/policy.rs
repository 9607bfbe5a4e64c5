//! `/v1/environments/{e}/notificationsPolicies`: how much may be sent to whom. Stored; nothing is
//! counted yet.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::DeliveryMethod;
use crate::entity::{Entity, kinds};
use crate::reference::fold;
use crate::store::{IndexName, Kind};
use crate::time::Time;

/// For whom something is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuotaType {
    /// For each user.
    User,
    /// For all of them together.
    Environment,
}

/// How many notifications may be sent in a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// For whom it is counted.
    #[serde(rename = "type")]
    pub type_: QuotaType,
    /// What is counted: SMS and Voice, or Email.
    pub delivery_methods: Vec<DeliveryMethod>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// Those that were answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<u32>,
    /// Those that were not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclaimed: Option<u32>,
}

/// What the countries of a limit are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CountryLimitType {
    /// There is no limit.
    #[default]
    None,
    /// Only they.
    Allowed,
    /// All but they.
    Denied,
}

/// To which countries is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountryLimit {
    /// What the countries are.
    #[serde(rename = "type")]
    pub type_: CountryLimitType,
    /// SMS, Voice or both; both, when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivery_methods: Vec<DeliveryMethod>,
    /// ISO 3166-1, two letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
}

/// Unit of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WaitUnit {
    /// Seconds.
    Seconds,
    /// Minutes.
    Minutes,
}

/// A wait before the next notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wait {
    /// How long.
    pub duration: u32,
    /// In what.
    pub time_unit: WaitUnit,
}

/// Waits of one method.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cooldown {
    /// Whether there are any.
    pub enabled: bool,
    /// Before the first, the second and every further one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<Wait>,
    /// What is counted together, such as `USER` or `PHONE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
    /// How often may be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_limit: Option<u32>,
}

/// Waits of each method.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cooldowns {
    /// E-mail.
    #[serde(default)]
    pub email: Cooldown,
    /// Text messages.
    #[serde(default)]
    pub sms: Cooldown,
    /// Calls.
    #[serde(default)]
    pub voice: Cooldown,
    /// WhatsApp messages.
    #[serde(default)]
    pub whats_app: Cooldown,
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsPolicy {
    /// Its id.
    pub id: Uuid,
    /// Its name, unique in the environment.
    pub name: String,
    /// Whether it applies where no other is named. One per environment.
    #[serde(default)]
    pub default: bool,
    /// How much may be sent in a day; without any, as much as one likes.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// To which countries.
    #[serde(default)]
    pub country_limit: CountryLimit,
    /// How soon after one another.
    #[serde(default)]
    pub cooldown_configuration: Cooldowns,
    /// By which providers, kept as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_configuration: Option<Map<String, Value>>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl NotificationsPolicy {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for NotificationsPolicy {
    const KIND: Kind = kinds::NOTIFICATIONS_POLICY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}
