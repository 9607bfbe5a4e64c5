//! Documents that were read or written of late, kept while they are what the file holds.
//!
//! A read through SQLite takes a lock of the file and gives it back, a system call each, before it
//! looks at anything, and after every commit it reads its pages anew. Most of what a server reads is
//! what it read or wrote a moment ago.
//!
//! What is kept is exact, not recent. Processes that share a database share an index of its log, the
//! file `-shm`, and every commit of any of them changes the head of that index
//! (<https://sqlite.org/walformat.html>, 2.1). Kept documents are believed only while the head is the
//! one they were true under. The writer of this process knows what it changed and carries the rest
//! over to the new head; a commit of another process drops everything. Where the head cannot be
//! read, nothing is kept (`docs/decisions/0041-documents-kept-by-sqlite.md`).

mod head;

use std::collections::HashMap;
use std::path::Path;

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Changes, Doc, Key, Reading, Seq};
use countersign_domain::time::Time;
use parking_lot::{Mutex, MutexGuard};

use crate::plan::Plan;
pub(super) use head::Head;
use head::Heads;

/// A batch of more documents, such as an import, is none that somebody reads next.
const MOST_OF_A_BATCH: usize = 64;
/// What a document costs beside what it says, in bytes.
const OVERHEAD: usize = 300;
/// How much more memory a body takes as text and as what it was read as than as text alone.
const READ: usize = 3;

/// Documents of one file, for all its readers.
#[derive(Debug)]
pub(super) struct Kept {
    heads: Option<Heads>,
    /// Most bytes of a generation.
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The head under which all of it is true.
    head: Option<Head>,
    /// The writer is about to change it, and says so when it has.
    is_changing: bool,
    /// What was used since the older ones were set apart.
    young: Generation,
    /// What goes next, unless it is used before.
    old: Generation,
}

#[derive(Debug, Default)]
struct Generation {
    docs: HashMap<Key, Known>,
    changes: HashMap<EnvId, Option<Seq>>,
    bytes: usize,
}

/// What is dropped once nobody waits for the state any more.
type Gone = [Generation; 2];

/// What is known under a key.
#[derive(Debug, Clone)]
enum Known {
    There(Doc),
    /// Nothing that is alive at this time or later.
    Absent(Time),
}

impl Kept {
    /// For the database at `path`, which is open: at most `kib` KiB. With 0 nothing is kept.
    pub(super) fn of(path: &Path, kib: u32) -> Self {
        Self {
            heads: (kib > 0).then(|| Heads::of(path)).flatten(),
            most: usize::try_from(kib).unwrap_or_default() * 1024 / 2,
            state: Mutex::default(),
        }
    }

    /// The head as it is now. What is read under it afterwards may be kept with it.
    pub(super) fn head(&self) -> Option<Head> {
        let heads = self.heads.as_ref()?;
        let head = heads.now()?;
        let mut state = self.state.lock();
        if state.head == Some(head) {
            return Some(head);
        }
        if state.is_changing {
            return None;
        }
        // Again, now that the writer of this process cannot be at it.
        let head = heads.now()?;
        if state.head != Some(head) {
            state.start(Some(head));
        }
        Some(head)
    }

    /// The live documents under some keys, if all that is to be known of them under a head is.
    pub(super) fn docs(&self, head: Head, keys: &[Key], now: Time) -> Option<Vec<Option<Doc>>> {
        let mut state = self.state.lock();
        if state.head != Some(head) {
            return None;
        }
        let docs = keys.iter().map(|key| {
            Some(match state.known(key, now)? {
                Known::There(doc) => Some(doc.clone()),
                Known::Absent(_) => None,
            })
        });
        docs.collect()
    }

    /// Keeps what was just read under a head.
    pub(super) fn keep(&self, head: Head, keys: &[Key], docs: &mut [Option<Doc>], now: Time) {
        let Some(mut state) = self.still(head) else {
            return;
        };
        for (key, doc) in keys.iter().zip(docs) {
            let known = match doc {
                None => Known::Absent(now),
                Some(doc) => {
                    doc.reading = Reading::shared();
                    Known::There(doc.clone())
                }
            };
            state.young.put(key.clone(), known);
        }
        let gone = state.age(self.most);
        drop(state);
        drop(gone);
    }

    /// The newest change of an environment after `since`, if it is known under a head whether there is
    /// one.
    pub(super) fn changes(&self, head: Head, since: Seq, env: EnvId) -> Option<Changes> {
        let mut state = self.state.lock();
        if state.head != Some(head) {
            return None;
        }
        if let Some(seq) = state.old.changes.remove(&env) {
            state.young.changes.insert(env, seq);
        }
        let seq = *state.young.changes.get(&env)?;
        Some(Changes::of(env, seq, since))
    }

    /// Keeps the newest change of an environment, just read under a head.
    pub(super) fn keep_change(&self, head: Head, env: EnvId, seq: Option<Seq>) {
        if let Some(mut state) = self.still(head) {
            state.young.changes.insert(env, seq);
        }
    }

    /// The state, if what was read since this was the head was true under it and still is.
    fn still(&self, head: Head) -> Option<MutexGuard<'_, State>> {
        let now = self.heads.as_ref()?.now()?;
        let state = self.state.lock();
        (now == head && state.head == Some(head)).then_some(state)
    }

    /// The writer holds the lock of the file and may commit from now on.
    pub(super) fn changing(&self) {
        let Some(heads) = &self.heads else { return };
        let head = heads.now();
        let mut state = self.state.lock();
        if state.head != head {
            state.start(head);
        }
        state.is_changing = true;
    }

    /// The writer has committed these plans, in this order, or it is not known what. `is_alone`:
    /// whether nobody else has committed since, asked for after the head was read.
    pub(super) fn changed(&self, plans: Option<Vec<Plan>>, is_alone: impl FnOnce() -> bool) {
        let Some(heads) = &self.heads else { return };
        let head = heads.now();
        let plans = plans.filter(|_| is_alone());
        let mut state = self.state.lock();
        state.is_changing = false;
        let gone = if let Some(plans) = plans {
            state.head = head;
            for plan in plans {
                state.apply(plan);
            }
            state.age(self.most)
        } else {
            state.start(None)
        };
        drop(state);
        drop(gone);
    }
}

impl State {
    /// With nothing. Answers what there was, which takes a while to drop.
    fn start(&mut self, head: Option<Head>) -> Gone {
        self.head = head;
        let young = std::mem::take(&mut self.young);
        [young, std::mem::take(&mut self.old)]
    }

    /// What is known under a key for this time. What has expired is not there.
    fn known(&mut self, key: &Key, now: Time) -> Option<&Known> {
        const GONE: &Known = &Known::Absent(Time::EPOCH);
        if let Some((key, known)) = self.old.take(key) {
            self.young.put(key, known);
        }
        match self.young.docs.get(key)? {
            Known::There(doc) if doc.expires_at.is_some_and(|at| at <= now) => Some(GONE),
            Known::Absent(since) if *since > now => None,
            known => Some(known),
        }
    }

    fn apply(&mut self, plan: Plan) {
        if !plan.wipes.is_empty() {
            // Rare, and much goes with it.
            self.start(self.head);
        }
        for env in &plan.changes {
            self.young.changes.remove(env);
            self.old.changes.remove(env);
        }
        let is_large = plan.inserts.len() + plan.updates.len() > MOST_OF_A_BATCH;
        let written = plan.inserts.into_iter().chain(plan.updates);
        let written = written.map(|new| (new.doc.key.clone(), Some(new.doc)));
        let deleted = plan.deletes.into_iter().map(|key| (key, None));
        for (key, doc) in deleted.chain(written) {
            self.old.take(&key);
            self.young.take(&key);
            if let Some(doc) = doc.filter(|_| !is_large) {
                // As it would be read.
                let doc = Doc {
                    indexes: Vec::new(),
                    uniques: Vec::new(),
                    reading: doc.reading.or_shared(),
                    ..doc
                };
                self.young.put(key, Known::There(doc));
            }
        }
    }

    /// Lets what was not used for long go once there is much.
    fn age(&mut self, most: usize) -> Gone {
        if self.young.bytes <= most {
            return Gone::default();
        }
        let young = std::mem::take(&mut self.young);
        [
            Generation::default(),
            std::mem::replace(&mut self.old, young),
        ]
    }
}

impl Generation {
    fn put(&mut self, key: Key, known: Known) {
        self.take(&key);
        self.bytes += size(&known);
        self.docs.insert(key, known);
    }

    fn take(&mut self, key: &Key) -> Option<(Key, Known)> {
        let (key, known) = self.docs.remove_entry(key)?;
        self.bytes -= size(&known);
        Some((key, known))
    }
}

fn size(known: &Known) -> usize {
    match known {
        Known::There(doc) => OVERHEAD + READ * doc.body.len(),
        Known::Absent(_) => OVERHEAD,
    }
}
