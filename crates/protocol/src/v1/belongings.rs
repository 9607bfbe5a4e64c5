//! What goes with something that is removed: what is filed under it, and nothing of it stays, be it
//! that somebody files more meanwhile (`docs/decisions/0044-what-rests-on-what.md`).

use countersign_domain::store::{Batch, Entries, Key};

use super::call::Call;
use crate::refusal::Outcome;

/// Documents that go with something.
#[derive(Debug, Default)]
pub struct Belongings {
    keys: Vec<Key>,
    filed: Vec<Entries>,
}

impl Belongings {
    /// Adds documents by their keys, whether they are there or not.
    pub fn add(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.keys.extend(keys);
    }

    /// Adds that nothing is filed there afterwards.
    pub fn leave_none(&mut self, entries: Entries) {
        self.filed.push(entries);
    }

    /// Adds everything that is filed there, unless it is more than `most`; says whether it was not.
    pub async fn take(&mut self, call: &Call<'_>, entries: Entries, most: u32) -> Outcome<bool> {
        let page = call.store().list(&entries.query(most), call.now()).await?;
        let is_all = page.next.is_none();
        if is_all {
            self.add(page.docs.into_iter().map(|doc| doc.key));
            self.leave_none(entries);
        }
        Ok(is_all)
    }

    /// Removes them with the others of a batch.
    pub fn go(self, batch: Batch) -> Batch {
        let batch = self.keys.into_iter().fold(batch, Batch::delete);
        self.filed.into_iter().fold(batch, Batch::leaves_none)
    }
}
