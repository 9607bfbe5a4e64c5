//! The state of the world as a batch goes along: what the database holds, and what the writes so
//! far have made of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Conflict, Doc, Key, Precondition, Unique, Write};
use countersign_domain::time::Time;

use super::filed::entry;
use super::{Entry, Facts, Failure, Filed, NewDoc, Plan, Row};

/// One key: its row before the batch and what it is now.
struct Slot {
    stored: Option<Row>,
    written: Written,
}

enum Written {
    Nothing,
    Deleted,
    Put(Box<Doc>, Row),
}

impl Slot {
    fn current(&self) -> Option<&Row> {
        match &self.written {
            Written::Nothing => self.stored.as_ref(),
            Written::Deleted => None,
            Written::Put(_, row) => Some(row),
        }
    }
}

/// One unique value: the id of its holder before the batch and now.
#[derive(Default)]
struct Claim {
    stored: Option<String>,
    now: Option<String>,
}

pub(super) struct Overlay<'f, F> {
    facts: &'f mut F,
    now: Time,
    slots: BTreeMap<Key, Slot>,
    claims: BTreeMap<Unique, Claim>,
    wiped: BTreeSet<EnvId>,
    vacant: BTreeSet<Key>,
}

impl<'f, F: Facts> Overlay<'f, F> {
    pub(super) fn new(facts: &'f mut F, now: Time) -> Self {
        Self {
            facts,
            now,
            slots: BTreeMap::new(),
            claims: BTreeMap::new(),
            wiped: BTreeSet::new(),
            vacant: BTreeSet::new(),
        }
    }

    /// Checks a precondition; meant to be called before any write.
    pub(super) fn check(&mut self, precondition: Precondition) -> Result<(), Failure<F::Error>> {
        let (holds, key) = match precondition {
            Precondition::Absent(key) => {
                let holds = self.live_version(&key)?.is_none();
                if self
                    .slots
                    .get(&key)
                    .is_some_and(|slot| slot.stored.is_none())
                {
                    self.vacant.insert(key.clone());
                }
                (holds, key)
            }
            Precondition::Version(key, version) => (self.live_version(&key)? == Some(version), key),
            Precondition::Present(key) => (self.live_version(&key)?.is_some(), key),
        };
        if holds {
            Ok(())
        } else {
            Err(Failure::Conflict(Conflict::Precondition(key)))
        }
    }

    /// The version of the live document under a key.
    fn live_version(&mut self, key: &Key) -> Result<Option<u64>, Failure<F::Error>> {
        let now = self.now;
        let row = self.current(key)?;
        Ok(row.filter(|row| row.is_live(now)).map(|row| row.version))
    }

    pub(super) fn apply(&mut self, write: Write) -> Result<(), Failure<F::Error>> {
        match write {
            Write::Put(doc) => self.put(doc),
            Write::Delete(key) => self.delete(&key),
            Write::DeleteEnvironment(env) => {
                self.wiped.insert(env);
                self.slots.retain(|key, _| key.env != env);
                self.claims.retain(|unique, _| unique.env != env);
                Ok(())
            }
        }
    }

    fn current(&mut self, key: &Key) -> Result<Option<&Row>, Failure<F::Error>> {
        if !self.slots.contains_key(key) {
            let stored = if self.wiped.contains(&key.env) {
                None
            } else {
                self.facts.row(key).map_err(Failure::Lookup)?
            };
            self.file(key.clone(), stored);
        }
        Ok(self.slots.get(key).and_then(Slot::current))
    }

    fn file(&mut self, key: Key, stored: Option<Row>) {
        let written = Written::Nothing;
        self.slots.entry(key).or_insert(Slot { stored, written });
    }

    /// The id of the document filed under a unique value now.
    fn holder(&mut self, unique: &Unique) -> Result<Option<String>, Failure<F::Error>> {
        if !self.claims.contains_key(unique) {
            let mut claim = Claim::default();
            if !self.wiped.contains(&unique.env)
                && let Some((id, row)) = self.facts.holder(unique).map_err(Failure::Lookup)?
            {
                self.file(Key::new(unique.kind, unique.env, id.clone()), Some(row));
                claim.stored = Some(id.clone());
                claim.now = Some(id);
            }
            self.claims.insert(unique.clone(), claim);
        }
        Ok(self.claims.get(unique).and_then(|claim| claim.now.clone()))
    }

    fn put(&mut self, mut doc: Box<Doc>) -> Result<(), Failure<F::Error>> {
        let now = self.now;
        let old = self.current(&doc.key)?.cloned();
        let live = old.as_ref().filter(|row| row.is_live(now));
        // Over an expired document it is the first version again: as if that had been swept.
        doc.version = live.map_or(1, |row| row.version.saturating_add(1));
        let filed = Filed::of(&doc);
        // In the order of the document, so that every adapter names the same conflict.
        for (name, value) in &doc.uniques {
            let pair = ((*name).to_owned(), value.clone());
            if live.is_some_and(|row| row.filed.uniques.contains(&pair)) {
                continue;
            }
            let unique = unique(&doc.key, &pair);
            if let Some(id) = self.holder(&unique)?.filter(|id| *id != doc.key.id) {
                let holder = Key::new(unique.kind, unique.env, id);
                if self.live_version(&holder)?.is_some() {
                    return Err(Failure::Conflict(Conflict::Unique(unique)));
                }
                // Held by what has expired, which goes now so that no value ever has two holders.
                self.delete(&holder)?;
            }
        }
        if let Some(old) = &old {
            self.release(&doc.key, &old.filed, &filed);
        }
        for pair in &filed.uniques {
            // Values it had before and keeps have no claim, and need none.
            if let Some(claim) = self.claims.get_mut(&unique(&doc.key, pair)) {
                claim.now = Some(doc.key.id.clone());
            }
        }
        let row = Row {
            version: doc.version,
            expires_at: doc.expires_at,
            filed,
        };
        if let Some(slot) = self.slots.get_mut(&doc.key) {
            slot.written = Written::Put(doc, row);
        }
        Ok(())
    }

    fn delete(&mut self, key: &Key) -> Result<(), Failure<F::Error>> {
        if let Some(old) = self.current(key)?.cloned() {
            self.release(key, &old.filed, &Filed::default());
            if let Some(slot) = self.slots.get_mut(key) {
                slot.written = Written::Deleted;
            }
        }
        Ok(())
    }

    /// Gives up the unique values that the document no longer has. Every row holds all values it is
    /// filed under, so nobody needs to be asked who held them.
    fn release(&mut self, key: &Key, old: &Filed, new: &Filed) {
        for pair in old.uniques.difference(&new.uniques) {
            let claim = self.claims.entry(unique(key, pair)).or_insert(Claim {
                stored: Some(key.id.clone()),
                now: None,
            });
            claim.now = None;
        }
    }

    pub(super) fn into_plan(mut self) -> Plan {
        let mut plan = Plan {
            wipes: self.wiped.into_iter().collect(),
            ..Plan::default()
        };
        for (key, slot) in self.slots {
            let before = slot.stored.as_ref().map(|row| row.filed.clone());
            let had = before.unwrap_or_default();
            let has = match slot.written {
                Written::Nothing => continue,
                Written::Deleted => {
                    if slot.stored.is_some() {
                        plan.deletes.push(key.clone());
                    }
                    Filed::default()
                }
                Written::Put(doc, row) => {
                    self.vacant.remove(&key);
                    let filed = row.filed.text();
                    let new = NewDoc { doc: *doc, filed };
                    if slot.stored.is_some() {
                        plan.updates.push(new);
                    } else {
                        plan.inserts.push(new);
                    }
                    row.filed
                }
            };
            let gone = had.entries.difference(&has.entries);
            plan.entries_removed
                .extend(gone.map(|pair| entry(&key, pair)));
            let added = has.entries.difference(&had.entries);
            plan.entries_added
                .extend(added.map(|pair| entry(&key, pair)));
        }
        for (unique, claim) in self.claims {
            if claim.stored == claim.now {
                continue;
            }
            if let Some(id) = claim.stored {
                plan.uniques_removed.push(row_of(&unique, id));
            }
            if let Some(id) = claim.now {
                plan.uniques_added.push(row_of(&unique, id));
            }
        }
        plan.held_open = self.vacant.into_iter().collect();
        plan
    }
}

fn unique(key: &Key, (name, value): &(String, String)) -> Unique {
    Unique {
        kind: key.kind,
        env: key.env,
        name: Cow::Owned(name.clone()),
        value: value.clone(),
    }
}

fn row_of(unique: &Unique, id: String) -> Entry {
    Entry {
        env: unique.env,
        kind: unique.kind,
        name: unique.name.clone().into_owned(),
        value: unique.value.clone(),
        id,
    }
}
