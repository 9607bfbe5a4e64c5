//! `/v1/environments/{e}/users/{u}/devices` (`reference/platform.md` 3.16): second factors of people.
//! Stored: sign-on does not ask for them yet.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::{DeviceId, EnvId, UserId};
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeviceType {
    /// Codes by mail.
    Email,
    /// Codes by text message.
    Sms,
    /// Codes by voice.
    Voice,
    /// Codes by WhatsApp.
    #[serde(rename = "WHATSAPP")]
    WhatsApp,
    /// Codes of an application that knows a secret.
    Totp,
}

impl DeviceType {
    /// Whether codes go to a telephone number.
    pub const fn has_phone(self) -> bool {
        matches!(self, Self::Sms | Self::Voice | Self::WhatsApp)
    }
}

/// Whether a device can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeviceStatus {
    /// It is to be proved with a code.
    #[default]
    ActivationRequired,
    /// It can.
    Active,
}

/// A telephone number: PingOne documents both forms, and it stays as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Phone {
    /// As one text.
    Text(String),
    /// With its country apart.
    #[serde(rename_all = "camelCase")]
    Parts {
        /// The number.
        number: String,
        /// The country's code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        country_code: Option<String>,
    },
}

impl Phone {
    /// Whether it looks like a number.
    pub fn is_number(&self) -> bool {
        let (Self::Text(text) | Self::Parts { number: text, .. }) = self;
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_part = |it: char| it.is_ascii_digit() || "+-. ()".contains(it);
        (4..=20).contains(&digits) && text.len() <= 40 && text.chars().all(is_part)
    }
}

/// A device of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub user: Ref<UserId>,
    /// What it is.
    #[serde(rename = "type")]
    pub type_: DeviceType,
    /// Whether it can be used.
    #[serde(default)]
    pub status: DeviceStatus,
    /// Where codes go, if it is an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where codes go, if it is a telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// What is dialled once somebody has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The policy that it was paired under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Ref<Uuid>>,
    /// The secret that its codes are made of, sealed. Never shown but when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// Its place among the others, if somebody gave it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u32>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Device {
    /// Index: the user.
    pub const BY_USER: IndexName = "user";

    /// By what devices are sorted: those that have a place, then the others by age.
    pub fn rank(&self) -> (u32, Time, DeviceId) {
        let place = self.position.unwrap_or(u32::MAX);
        (place, self.created_at, self.id)
    }
}

impl Entity for Device {
    const KIND: Kind = kinds::DEVICE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_USER,
            value: self.user.id.to_string(),
        }]
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![Key::new(kinds::USER, env, self.user.id.to_string())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_what_is_none() {
        let text = |it: &str| Phone::Text(it.to_owned()).is_number();
        for good in ["+1.5125201000", "+49 (30) 1234-56", "5125201000"] {
            assert!(text(good), "{good}");
        }
        let long = "1".repeat(41);
        for bad in ["", "+1", "call me", "+1 512 x", &long] {
            assert!(!text(bad), "{bad}");
        }
    }
}
