//! `/v1/environments/{e}/populations` (`reference/platform.md` 3.6).

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, IdentityProviderId, PasswordPolicyId, PopulationId, ThemeId};
use crate::reference::{Ref, fold, is_false};
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// A population: every user is in exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Population {
    /// Its id.
    pub id: PopulationId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether users without a population come here. One per environment.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
    /// The policy for its users' passwords; without one, the environment's default policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_policy: Option<Ref<PasswordPolicyId>>,
    /// Language of its users' pages and messages.
    #[serde(default = "english")]
    pub preferred_language: String,
    /// How its users' pages look; without one, as the environment's do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub theme: Option<Ref<ThemeId>>,
    /// The identity provider of its users, unless they have one of their own. Stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_identity_provider: Option<Ref<IdentityProviderId>>,
    /// Other names by which it can be found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternative_identifiers: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

fn english() -> String {
    "en".to_owned()
}

impl Population {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
    /// Index: id of the password policy; without one, nothing.
    pub const BY_PASSWORD_POLICY: IndexName = "passwordPolicy";
}

impl Entity for Population {
    const KIND: Kind = kinds::POPULATION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let policy = self.password_policy.iter();
        let entry = |it: &Ref<PasswordPolicyId>| IndexEntry {
            name: Self::BY_PASSWORD_POLICY,
            value: it.id.to_string(),
        };
        policy.map(entry).collect()
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let policy = self.password_policy.iter();
        let key =
            |it: &Ref<PasswordPolicyId>| Key::new(kinds::PASSWORD_POLICY, env, it.id.to_string());
        policy.map(key).collect()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}
