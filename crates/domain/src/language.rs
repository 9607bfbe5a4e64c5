//! Languages of an environment: `/v1/environments/{e}/languages`.
//!
//! Decision: a language that is not stored is on. Pages speak all the languages they have unless an
//! administrator switches one off; English can be switched off only when another one is the default.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::LanguageId;
use crate::reference::fold;
use crate::store::{IndexName, Kind};
use crate::time::Time;

/// A language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Language {
    /// Its id.
    pub id: LanguageId,
    /// Its tag, such as `de` or `fr-CA`; unique in the environment.
    pub locale: String,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether people get it when nothing is known of their own. One per environment.
    #[serde(default)]
    pub default: bool,
    /// Whether it is offered.
    #[serde(default)]
    pub enabled: bool,
    /// Whether an administrator added it.
    #[serde(default)]
    pub customer_added: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Language {
    /// Unique: folded locale.
    pub const UNIQUE_LOCALE: IndexName = "locale";
}

impl Entity for Language {
    const KIND: Kind = kinds::LANGUAGE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_LOCALE, fold(&self.locale))]
    }
}
