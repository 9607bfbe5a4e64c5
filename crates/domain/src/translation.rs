//! `/v1/environments/{e}/translations/{locale}`: an environment's own texts of pages in a language.
//! Kept; our pages have other texts than PingOne's, and do not show them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::store::Kind;

/// The texts of one language: one document under its folded locale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Translations {
    /// The folded locale.
    pub id: String,
    /// Texts by their keys, such as `flow-ui.button.createNewAccount`.
    #[serde(default)]
    pub texts: BTreeMap<String, String>,
}

impl Translations {
    /// Most texts of a language.
    pub const MOST: usize = 5_000;
    /// Longest key, in characters.
    pub const MAX_KEY: usize = 256;
    /// Longest text, in characters.
    pub const MAX_TEXT: usize = 5_000;
}

impl Entity for Translations {
    const KIND: Kind = kinds::TRANSLATIONS;
    fn id(&self) -> String {
        self.id.clone()
    }
}
