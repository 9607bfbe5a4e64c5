//! What a document is filed under, kept in its own row so that a later write knows what to change
//! without a second index over the index rows.

use std::borrow::Cow;
use std::collections::BTreeSet;

use countersign_domain::store::{Doc, Key};
use serde::{Deserialize, Serialize};

use super::Entry;

type Pair = (Cow<'static, str>, String);

/// Index entries and unique values as (name, value).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filed {
    #[serde(rename = "i", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub entries: BTreeSet<Pair>,
    #[serde(rename = "u", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub uniques: BTreeSet<Pair>,
}

impl Filed {
    pub(crate) fn of(doc: &Doc) -> Self {
        let entries = doc.indexes.iter();
        let uniques = doc.uniques.iter();
        Self {
            entries: entries
                .map(|entry| (Cow::Borrowed(entry.name), entry.value.clone()))
                .collect(),
            uniques: uniques
                .map(|(name, value)| (Cow::Borrowed(*name), value.clone()))
                .collect(),
        }
    }

    /// From the text in the row; no text is nothing.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }

    /// The text for the row.
    pub(crate) fn text(&self) -> Option<String> {
        if self.entries.is_empty() && self.uniques.is_empty() {
            return None;
        }
        // Maps of texts always serialize.
        serde_json::to_string(self).ok()
    }

    pub(crate) fn entries_of(&self, key: &Key) -> impl Iterator<Item = Entry> {
        self.entries.iter().map(|pair| entry(key, pair.clone()))
    }

    pub(crate) fn uniques_of(&self, key: &Key) -> impl Iterator<Item = Entry> {
        self.uniques.iter().map(|pair| entry(key, pair.clone()))
    }
}

pub(crate) fn entry(key: &Key, (name, value): Pair) -> Entry {
    Entry {
        env: key.env,
        kind: key.kind,
        name,
        value,
        id: key.id.clone(),
    }
}
