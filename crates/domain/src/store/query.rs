//! Lists. A query names one declared index; what is left of a filter is evaluated by the caller.

use crate::ids::EnvId;
use crate::store::{Doc, IndexName, Kind};

/// Which values of the index to walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// All of them.
    All,
    /// Exactly this value.
    Equal(String),
    /// Values that begin so.
    Prefix(String),
    /// From the first value (included) to the second (excluded); either may be open.
    Between(Option<String>, Option<String>),
}

impl Range {
    /// Whether a value belongs to it.
    pub fn has(&self, value: &str) -> bool {
        match self {
            Self::All => true,
            Self::Equal(only) => value == only,
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Between(from, to) => {
                from.as_deref().is_none_or(|from| from <= value)
                    && to.as_deref().is_none_or(|to| value < to)
            }
        }
    }
}

/// A part of an index: where documents of one kind are filed in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// The kind of the documents.
    pub kind: Kind,
    /// Whose.
    pub env: EnvId,
    /// In which index.
    pub index: IndexName,
    /// Under which values.
    pub range: Range,
}

impl Entries {
    /// What is filed under exactly this value.
    pub fn equal(kind: Kind, env: EnvId, index: IndexName, value: impl Into<String>) -> Self {
        Self {
            kind,
            env,
            index,
            range: Range::Equal(value.into()),
        }
    }

    /// What is filed under values that begin so.
    pub fn prefix(kind: Kind, env: EnvId, index: IndexName, value: impl Into<String>) -> Self {
        Self {
            kind,
            env,
            index,
            range: Range::Prefix(value.into()),
        }
    }

    /// The documents that are filed there.
    pub fn query(&self, limit: u32) -> Query {
        Query {
            index: Some(self.index),
            range: self.range.clone(),
            ..Query::all(self.kind, self.env, limit)
        }
    }
}

/// Where a page ended. Sealed before it leaves the server (`threats.md` 40).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Index value of the last document; empty when listing by id.
    pub value: String,
    /// Id of the last document.
    pub id: String,
}

/// A walk over live documents of one kind in one environment, by (index value, id).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What to list.
    pub kind: Kind,
    /// Whose.
    pub env: EnvId,
    /// By which index; `None` lists by id, where `range` applies to the id.
    pub index: Option<IndexName>,
    /// Which part of it.
    pub range: Range,
    /// Continue after this position (before it, when descending).
    pub after: Option<Cursor>,
    /// Walk from the end.
    pub descending: bool,
    /// Most documents to return; at least 1.
    pub limit: u32,
}

impl Query {
    /// Everything of a kind in an environment, by id.
    pub fn all(kind: Kind, env: EnvId, limit: u32) -> Self {
        Self {
            kind,
            env,
            index: None,
            range: Range::All,
            after: None,
            descending: false,
            limit,
        }
    }

    /// Documents whose `index` has exactly this value, by id.
    pub fn equal(
        kind: Kind,
        env: EnvId,
        index: IndexName,
        value: impl Into<String>,
        limit: u32,
    ) -> Self {
        Self {
            index: Some(index),
            range: Range::Equal(value.into()),
            ..Self::all(kind, env, limit)
        }
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents, in the order of the walk.
    pub docs: Vec<Doc>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}
