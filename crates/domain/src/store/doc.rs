//! A stored document.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

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
    /// What the body was read as, for documents that are kept in memory. Whoever changes the body of
    /// one that was read gives it another.
    pub reading: Reading,
}

impl Doc {
    /// A new document without index entries, which never expires.
    pub fn new(key: Key, body: String) -> Self {
        Self {
            key,
            version: 0,
            schema: 1,
            expires_at: None,
            body,
            indexes: Vec::new(),
            uniques: Vec::new(),
            reading: Reading::default(),
        }
    }
}

/// What the body of a document was read as, shared by its clones: reading JSON is most of what a
/// document costs that is in memory already. It follows from the body, and no two documents differ by
/// it.
#[derive(Clone, Default)]
pub struct Reading(Option<Arc<OnceLock<Box<dyn Any + Send + Sync>>>>);

impl Reading {
    /// Of a document that several will read: the first of them leaves here what it read.
    pub fn shared() -> Self {
        Self(Some(Arc::default()))
    }

    /// The same if it is shared, else one that is.
    #[must_use]
    pub fn or_shared(self) -> Self {
        if self.0.is_some() {
            self
        } else {
            Self::shared()
        }
    }

    /// What somebody read it as.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_ref()?.get()?.downcast_ref()
    }

    /// Leaves what it says for the next reader.
    pub fn leave<T: Any + Send + Sync + Clone>(&self, read: &T) {
        if let Some(cell) = &self.0 {
            cell.get_or_init(|| Box::new(read.clone()));
        }
    }
}

impl PartialEq for Reading {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Reading {}
impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
