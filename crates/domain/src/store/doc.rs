//! A stored document.

use crate::store::{IndexEntry, Key};
use crate::time::Time;

/// A document as adapters see it: a body they do not understand, and what they need to file it.
///
/// What is read has no `indexes` and no `uniques`: they follow from the body, and whoever writes
/// the document again derives them again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doc {
    /// Where it is.
    pub key: Key,
    /// 1 when first written, one more at every put. Adapters count; what a writer sets is ignored.
    pub version: u64,
    /// Number of the body's layout, for upgrades on read.
    pub schema: u16,
    /// From this instant on the document is invisible to every read, swept or not.
    pub expires_at: Option<Time>,
    /// JSON text.
    pub body: String,
    /// By which the document can be listed.
    pub indexes: Vec<IndexEntry>,
    /// Unique values it claims, as (rule, value); kind and environment are the key's.
    pub uniques: Vec<(crate::store::IndexName, String)>,
}
