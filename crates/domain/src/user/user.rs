//! `/v1/environments/{e}/users` (`reference/platform.md` 3.7): the profile.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, PopulationId, UserId};
use crate::reference::{Ref, fold, yes};
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// Parts of a person's name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UserName {
    /// The whole name as it is to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    /// Given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Middle name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle: Option<String>,
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// `Dr.` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_prefix: Option<String>,
    /// `III` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub honorific_suffix: Option<String>,
}

/// A postal address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Address {
    /// Street and number, perhaps in several lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    /// State or province.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Two capital letters (ISO 3166-1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Its http or https address.
    pub href: String,
}

/// Whether the user has proven an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LifecycleStatus {
    /// Nothing is missing.
    #[default]
    AccountOk,
    /// A verification code is waited for.
    VerificationRequired,
}

/// `lifecycle` of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Lifecycle {
    /// Where the user is.
    pub status: LifecycleStatus,
}

/// Whether a user's identity is verified with documents. Nothing here does that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerifyStatus {
    /// Nobody said anything.
    #[default]
    NotInitiated,
    /// It may be.
    Enabled,
    /// It may not be.
    Disabled,
}

impl VerifyStatus {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands out a reference"
    )]
    fn is_not_initiated(&self) -> bool {
        *self == Self::NotInitiated
    }
}

/// The identity provider that has the say over a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserIdentityProvider {
    /// Its id; absent for ourselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<uuid::Uuid>,
    /// `PING_ONE` for ourselves, else the provider's type.
    #[serde(rename = "type", default = "ping_one")]
    pub type_: String,
}

fn ping_one() -> String {
    "PING_ONE".to_owned()
}

impl Default for UserIdentityProvider {
    fn default() -> Self {
        Self {
            id: None,
            type_: ping_one(),
        }
    }
}

/// A user's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The id: `sub` by default.
    pub id: UserId,
    /// The name to sign on with, unique in the environment whatever the case.
    pub username: String,
    /// E-mail address; several users may share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was proven.
    #[serde(default)]
    pub email_verified: bool,
    /// Whether the user may sign on at all.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether second factors are asked of the user.
    #[serde(default)]
    pub mfa_enabled: bool,
    /// What administrators say about verifying the user's identity.
    #[serde(default, skip_serializing_if = "VerifyStatus::is_not_initiated")]
    pub verify_status: VerifyStatus,
    /// Whether an address is still to be proven.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// The population the user is in.
    pub population: Ref<PopulationId>,
    /// Who has the say over the user.
    #[serde(default)]
    pub identity_provider: UserIdentityProvider,
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<UserName>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What friends say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Kind of user, in the administrator's words.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// Locale, such as `en-GB`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Preferred languages as in `Accept-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_language: Option<String>,
    /// Time zone, such as `Europe/Zurich`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile_phone: Option<String>,
    /// First number to call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_phone: Option<String>,
    /// The user's id elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// The user's account elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Attributes of the environment's own, by name. They are members of the user on the wire.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
    /// Those of them whose values no other user may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique_custom: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed: the `updated_at` claim.
    pub updated_at: Time,
}

impl User {
    /// Unique: folded user name.
    pub const UNIQUE_USERNAME: IndexName = "username";
    /// Unique: name of an attribute of the environment's own, `/`, folded value.
    pub const UNIQUE_CUSTOM: IndexName = "custom";
    /// Index: folded e-mail address.
    pub const BY_EMAIL: IndexName = "email";
    /// Index: population id, `/`, folded user name: a population may hold a million.
    pub const BY_POPULATION: IndexName = "population";
    /// Index: folded user name, for lists by its beginning.
    pub const BY_USERNAME: IndexName = "username";
    /// Index: folded id elsewhere.
    pub const BY_EXTERNAL_ID: IndexName = "external";

    /// Under which entries of [`User::UNIQUE_CUSTOM`] a value of an attribute is.
    pub fn custom_entries(name: &str, value: &Value) -> impl Iterator<Item = String> {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let texts = values.iter().filter_map(Value::as_str);
        texts.map(move |text| format!("{name}/{}", fold(text)))
    }

    /// The beginning of [`User::BY_POPULATION`] that the users of a population share.
    pub fn of_population(population: PopulationId) -> String {
        format!("{population}/")
    }

    /// Whether another identity provider checks this user's passwords.
    pub fn is_external(&self) -> bool {
        self.identity_provider.id.is_some()
    }
}

impl Entity for User {
    const KIND: Kind = kinds::USER;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let mut entries = vec![
            IndexEntry {
                name: Self::BY_POPULATION,
                value: format!(
                    "{}{}",
                    Self::of_population(self.population.id),
                    fold(&self.username)
                ),
            },
            IndexEntry {
                name: Self::BY_USERNAME,
                value: fold(&self.username),
            },
        ];
        // A longer one fits no index; a filter finds it by walking.
        if let Some(id) = self.external_id.as_deref().map(fold)
            && id.len() <= IndexEntry::MAX_VALUE
        {
            entries.push(IndexEntry {
                name: Self::BY_EXTERNAL_ID,
                value: id,
            });
        }
        if let Some(email) = &self.email {
            entries.push(IndexEntry {
                name: Self::BY_EMAIL,
                value: fold(email),
            });
        }
        entries
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![Key::new(
            kinds::POPULATION,
            env,
            self.population.id.to_string(),
        )]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let mut uniques = vec![(Self::UNIQUE_USERNAME, fold(&self.username))];
        for name in &self.unique_custom {
            let value = self.custom.get(name).unwrap_or(&Value::Null);
            let entries = Self::custom_entries(name, value);
            uniques.extend(entries.map(|entry| (Self::UNIQUE_CUSTOM, entry)));
        }
        uniques
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_the_same_in_any_case() {
        let json = r#"{"id":"00000000-0000-0000-0000-000000000001","username":"Ada",
            "population":{"id":"00000000-0000-0000-0000-000000000002"},
            "createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}"#;
        let user: User = serde_json::from_str(json).unwrap();
        assert_eq!(user.uniques(), [("username", "ada".to_owned())]);
        assert!(user.enabled);
        assert!(!user.is_external());
        let again: User = serde_json::from_str(&serde_json::to_string(&user).unwrap()).unwrap();
        assert_eq!(again, user);
    }
}
