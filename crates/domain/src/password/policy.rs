//! `/v1/environments/{e}/passwordPolicies` (`reference/flows.md` 10.1, `platform.md` 3.12): what a
//! new password must be like. Lengths count characters.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::PasswordPolicyId;
use crate::reference::{fold, is_false};
use crate::store::{IndexName, Kind};
use crate::time::Time;

mod check;
pub use check::{ProfileData, Requirement, check};

/// `length` of a policy, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// Fewest; 8 to 32.
    #[serde(default = "shortest")]
    pub min: u32,
    /// Most; always 255.
    #[serde(default = "longest")]
    pub max: u32,
}

const fn shortest() -> u32 {
    8
}

const fn longest() -> u32 {
    255
}

/// `history` of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// How many former passwords are refused.
    pub count: u32,
    /// Days after which a former password may come again.
    pub retention_days: u32,
}

/// `lockout` of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lockout {
    /// Wrong passwords until it locks.
    pub failure_count: u32,
    /// Seconds it stays locked.
    pub duration_seconds: u32,
}

/// A rule about runs of characters: the longest that is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SequenceRule {
    /// Longest run allowed, in characters.
    pub max_length: u32,
}

/// A password policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of PingOne's resource"
)]
pub struct PasswordPolicy {
    /// Its id.
    pub id: PasswordPolicyId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether populations without a policy use it. One per environment.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
    /// Whether nothing is checked at all.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bypass_policy: bool,
    /// Refuses passwords with parts of the user's profile.
    pub excludes_profile_data: bool,
    /// Refuses well-known passwords.
    pub excludes_commonly_used: bool,
    /// Refuses passwords fewer than three edits away from the current one.
    pub not_similar_to_current: bool,
    /// Former passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// Length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// Lock after wrong passwords.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lockout: Option<Lockout>,
    /// By alphabet: how many of its characters there must be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub min_characters: BTreeMap<String, u32>,
    /// Days after which a password expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
    /// Days before which a password may not be changed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age_days: Option<u32>,
    /// How often a character may come in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_repeated_characters: Option<u32>,
    /// Days of guessing, at 10^11 guesses a second, that it must withstand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_complexity: Option<u32>,
    /// How many different characters there must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_unique_characters: Option<u32>,
    /// Runs of the alphabet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alphabet_sequence_rule: Option<SequenceRule>,
    /// Runs of digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number_sequence_rule: Option<SequenceRule>,
    /// Runs of a keyboard row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qwerty_sequence_rule: Option<SequenceRule>,
    /// Runs of the shifted number row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shifted_number_row_sequence_rule: Option<SequenceRule>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// The four alphabets of `minCharacters`, letter by letter as PingOne writes them.
pub const ALPHABETS: [&str; 4] = [
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "~!@#$%^&*()-_=+[]{}|;:,.<>/?",
];

/// Lockout of all three built-in policies: 5 failures, 15 minutes.
const LOCKOUT: Lockout = Lockout {
    failure_count: 5,
    duration_seconds: 900,
};
const LENGTH: Length = Length { min: 8, max: 255 };
const HISTORY: History = History {
    count: 6,
    retention_days: 365,
};

fn one_of_each() -> BTreeMap<String, u32> {
    ALPHABETS.iter().map(|it| ((*it).to_owned(), 1)).collect()
}

impl PasswordPolicy {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";

    fn blank(id: PasswordPolicyId, name: &str, now: Time) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description: None,
            default: false,
            bypass_policy: false,
            excludes_profile_data: true,
            excludes_commonly_used: true,
            not_similar_to_current: true,
            history: Some(HISTORY),
            length: None,
            lockout: Some(LOCKOUT),
            min_characters: BTreeMap::new(),
            max_age_days: Some(182),
            min_age_days: Some(1),
            max_repeated_characters: None,
            min_complexity: None,
            min_unique_characters: None,
            alphabet_sequence_rule: None,
            number_sequence_rule: None,
            qwerty_sequence_rule: None,
            shifted_number_row_sequence_rule: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The built-in `Standard`, the default of a new environment. Values: `platform.md` 2.
    pub fn standard(id: PasswordPolicyId, now: Time) -> Self {
        Self {
            default: true,
            length: Some(LENGTH),
            min_characters: one_of_each(),
            max_repeated_characters: Some(2),
            min_unique_characters: Some(5),
            ..Self::blank(id, "Standard", now)
        }
    }

    /// The built-in `Passphrase`. Same source.
    pub fn passphrase(id: PasswordPolicyId, now: Time) -> Self {
        Self {
            min_complexity: Some(7),
            ..Self::blank(id, "Passphrase", now)
        }
    }

    /// The built-in `Basic`. Same source.
    pub fn basic(id: PasswordPolicyId, now: Time) -> Self {
        Self {
            excludes_profile_data: false,
            not_similar_to_current: false,
            history: None,
            length: Some(LENGTH),
            min_characters: one_of_each(),
            max_age_days: None,
            min_age_days: None,
            ..Self::blank(id, "Basic", now)
        }
    }

    /// Whether a password set at `last_changed` is too young to be changed at `now`.
    pub fn is_too_young(&self, last_changed: Time, now: Time) -> bool {
        self.min_age_days.is_some_and(|days| {
            now.since(last_changed) < Duration::from_secs(u64::from(days).saturating_mul(86_400))
        })
    }
}

impl Entity for PasswordPolicy {
    const KIND: Kind = kinds::PASSWORD_POLICY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}
