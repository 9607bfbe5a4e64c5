//! Keys. The environment is part of every one, so that code which forgets the tenant does not
//! compile (`threats.md` 42).

use std::borrow::Cow;
use std::fmt;

use crate::ids::EnvId;

/// The kind of a document: a number that is stored, and a name for people.
///
/// Every kind is a constant of [`crate::entity::kinds`].
#[derive(Clone, Copy)]
pub struct Kind {
    /// Stored; never reused for something else.
    pub number: u16,
    /// For logs and error texts.
    pub name: &'static str,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Kind {}
impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}
impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Names one document.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Whose it is.
    pub env: EnvId,
    /// Which one: a UUID, or the hash of a secret in base64url. At most [`Key::MAX_ID`] bytes.
    pub id: String,
}

impl Key {
    /// Longest id in bytes.
    pub const MAX_ID: usize = 128;

    /// Names a document.
    pub fn new(kind: Kind, env: EnvId, id: impl Into<String>) -> Self {
        Self {
            kind,
            env,
            id: id.into(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/{}/{}", self.kind, self.env, self.id)
    }
}

/// Name of an index or of a uniqueness rule of one kind. Static: indexes are declared in code.
pub type IndexName = &'static str;

/// An entry by which a document can be listed: `value` under the index `name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexEntry {
    /// The declared index.
    pub name: IndexName,
    /// Compared bytewise; the entity folds case and pads numbers as the index needs.
    pub value: String,
}

impl IndexEntry {
    /// Longest value of an index entry or a unique value in bytes: with the rest of its key it must
    /// fit a B-tree page of every database. A longer one fails the batch.
    pub const MAX_VALUE: usize = 1024;
}

/// A value that only one document of a kind may have in an environment, and by which it is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unique {
    /// The kind the rule belongs to.
    pub kind: Kind,
    /// Unique within this environment; the same value elsewhere is another one.
    pub env: EnvId,
    /// The declared rule.
    pub name: Cow<'static, str>,
    /// The value, folded as the rule needs.
    pub value: String,
}

impl Unique {
    /// Names a unique value.
    pub fn new(kind: Kind, env: EnvId, name: IndexName, value: impl Into<String>) -> Self {
        Self {
            kind,
            env,
            name: Cow::Borrowed(name),
            value: value.into(),
        }
    }
}
