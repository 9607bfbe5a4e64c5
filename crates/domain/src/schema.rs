//! `/v1/environments/{e}/schemas` (`reference/platform.md` 4): which attributes users have. The
//! standard ones are known beforehand; those that an environment adds are stored.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, derived_uuid};
use crate::reference::{Ref, fold};
use crate::store::{IndexName, Kind};
use crate::time::Time;

/// What the values of an attribute are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SchemaAttributeType {
    /// Text.
    String,
    /// Any JSON.
    Json,
    /// True or false.
    Boolean,
    /// Text members under one name; standard attributes alone.
    Complex,
}

/// A value that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumeratedValue {
    /// The value.
    pub value: String,
    /// Whether it may no longer be chosen.
    #[serde(default)]
    pub archived: bool,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What text must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegexValidation {
    /// The regular expression; the whole value must match.
    pub pattern: String,
    /// The same in words.
    pub requirements: String,
    /// Values that must match, lest the pattern be refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values_pattern_should_match: Vec<String>,
    /// Values that must not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values_pattern_should_not_match: Vec<String>,
}

/// An attribute that an environment adds to its users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of PingOne's resource"
)]
pub struct SchemaAttribute {
    /// Its id.
    pub id: Uuid,
    /// Its name: the member of a user's JSON. Never changes.
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its values are. Never changes.
    #[serde(rename = "type")]
    pub type_: SchemaAttributeType,
    /// Whether users have it: otherwise it is neither read nor written.
    pub enabled: bool,
    /// Whether users must have a value.
    #[serde(default)]
    pub required: bool,
    /// Whether two users may not have the same value. Never changes.
    #[serde(default)]
    pub unique: bool,
    /// Whether it is a list.
    #[serde(default)]
    pub multi_valued: bool,
    /// The values that may be chosen; any, when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enumerated_values: Vec<EnumeratedValue>,
    /// What text must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex_validation: Option<RegexValidation>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl SchemaAttribute {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// The id of the one schema of an environment, `User`.
    pub fn schema_id(env: EnvId) -> Uuid {
        derived_uuid(env, kinds::SCHEMA_ATTRIBUTE, "schema/User")
    }

    /// The id of an attribute that every environment has.
    pub fn standard_id(env: EnvId, name: &str) -> Uuid {
        derived_uuid(env, kinds::SCHEMA_ATTRIBUTE, name)
    }
}

impl Entity for SchemaAttribute {
    const KIND: Kind = kinds::SCHEMA_ATTRIBUTE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}

/// An attribute that was deleted. What users have under its name goes slice by slice, and nobody
/// makes another of that name before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeRemoval {
    /// Whose users had it.
    pub environment: Ref<EnvId>,
    /// Its name.
    pub name: String,
    /// The last user who was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl AttributeRemoval {
    /// The note that nobody was looked at yet.
    pub fn new(env: EnvId, name: &str) -> Self {
        Self {
            environment: Ref::to(env),
            name: name.to_owned(),
            after: None,
        }
    }
}

impl Entity for AttributeRemoval {
    const KIND: Kind = kinds::ATTRIBUTE_REMOVAL;
    /// Follows from the name, which alone may be longer than an id.
    fn id(&self) -> String {
        derived_uuid(self.environment.id, Self::KIND, &self.name).to_string()
    }
}

/// What an environment changed of an attribute that every environment has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandardAttribute {
    /// The attribute's id.
    pub id: Uuid,
    /// The attribute's name.
    pub name: String,
    /// Whether users have it.
    pub enabled: bool,
    /// Whether two users may not have the same value.
    #[serde(default)]
    pub unique: bool,
    /// What text must look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex_validation: Option<RegexValidation>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl StandardAttribute {
    /// The id of the attribute of this name.
    pub fn id_of(env: EnvId, name: &str) -> Uuid {
        SchemaAttribute::standard_id(env, name)
    }
}

impl Entity for StandardAttribute {
    const KIND: Kind = kinds::STANDARD_ATTRIBUTE;
    fn id(&self) -> String {
        self.id.to_string()
    }
}
