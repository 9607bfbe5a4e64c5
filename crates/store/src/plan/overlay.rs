//! The state of the world as a batch goes along: what the database holds, and what the writes so
//! far have made of it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use countersign_domain::ids::EnvId;
use countersign_domain::store::{
    Conflict, Doc, Entries, Key, Postcondition, Precondition, Unique, Write,
};
use countersign_domain::time::Time;
use indexmap::IndexMap;
use indexmap::map::Entry as Place;

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
    /// The version of the document that is alive now.
    fn live_version(&self, now: Time) -> Option<u64> {
        let live = self.current().filter(|row| row.is_live(now));
        live.map(|row| row.version)
    }

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
    // In the order of the batch: neighbours in a table are written one after the other.
    slots: IndexMap<Key, Slot>,
    claims: IndexMap<Unique, Claim>,
    wiped: BTreeSet<EnvId>,
    vacant: BTreeSet<Key>,
}

impl<'f, F: Facts> Overlay<'f, F> {
    pub(super) fn new(facts: &'f mut F, now: Time) -> Self {
        Self {
            facts,
            now,
            slots: IndexMap::new(),
            claims: IndexMap::new(),
            wiped: BTreeSet::new(),
            vacant: BTreeSet::new(),
        }
    }

    /// Checks a precondition; meant to be called before any write.
    pub(super) fn check(&mut self, precondition: Precondition) -> Result<(), Failure<F::Error>> {
        let now = self.now;
        let (holds, key) = match precondition {
            Precondition::Absent(key) => {
                let slot = self.slot(&key)?;
                let holds = slot.live_version(now).is_none();
                if F::KEYS_CAN_BE_TAKEN && slot.stored.is_none() {
                    self.vacant.insert(key.clone());
                }
                (holds, key)
            }
            Precondition::Version(key, version) => {
                (self.slot(&key)?.live_version(now) == Some(version), key)
            }
            Precondition::Present(key) => (self.slot(&key)?.live_version(now).is_some(), key),
        };
        if holds {
            Ok(())
        } else {
            Err(Failure::Conflict(Conflict::Precondition(key)))
        }
    }

    /// Checks a postcondition; meant to be called behind every write.
    pub(super) fn check_after(
        &mut self,
        postcondition: Postcondition,
    ) -> Result<(), Failure<F::Error>> {
        let now = self.now;
        match postcondition {
            Postcondition::Present(key) => match self.slot(&key)?.live_version(now) {
                Some(_) => Ok(()),
                None => Err(Failure::Conflict(Conflict::Gone(key))),
            },
            Postcondition::AtMost(entries, most) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                if self.filed(&entries, most)? <= most {
                    Ok(())
                } else {
                    Err(Failure::Conflict(Conflict::Filed(Box::new(entries))))
                }
            }
        }
    }

    /// How many live documents are filed there now; as good as all if there are more than `most`.
    fn filed(&mut self, entries: &Entries, most: usize) -> Result<usize, Failure<F::Error>> {
        let mut stored = Vec::new();
        if !self.wiped.contains(&entries.env) {
            // Those that the batch touches may count no more, or count anyway.
            let enough = most.saturating_add(self.slots.len()).saturating_add(1);
            let found = self.facts.filed(entries, enough, self.now);
            stored = found.map_err(Failure::Lookup)?;
        }
        let untouched = stored.into_iter().filter(|id| {
            let key = Key::new(entries.kind, entries.env, id.clone());
            !self.slots.contains_key(&key)
        });
        let is_there = |row: &Row| {
            let mut filed = row.filed.entries.iter();
            row.is_live(self.now)
                && filed.any(|(name, value)| *name == entries.index && entries.range.has(value))
        };
        let touched = self.slots.iter().filter(|(key, slot)| {
            let is_one = key.kind == entries.kind && key.env == entries.env;
            is_one && slot.current().is_some_and(is_there)
        });
        Ok(untouched.count() + touched.count())
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

    /// What is known under a key, looked up at the first question.
    fn slot(&mut self, key: &Key) -> Result<&mut Slot, Failure<F::Error>> {
        match self.slots.entry(key.clone()) {
            Place::Occupied(slot) => Ok(slot.into_mut()),
            Place::Vacant(place) => {
                let stored = if self.wiped.contains(&key.env) {
                    None
                } else {
                    self.facts.row(key).map_err(Failure::Lookup)?
                };
                let written = Written::Nothing;
                Ok(place.insert(Slot { stored, written }))
            }
        }
    }

    /// The id of the document filed under a unique value now.
    fn holder(&mut self, unique: &Unique) -> Result<Option<String>, Failure<F::Error>> {
        if !self.claims.contains_key(unique) {
            let mut claim = Claim::default();
            if !self.wiped.contains(&unique.env)
                && let Some((id, row)) = self.facts.holder(unique).map_err(Failure::Lookup)?
            {
                let key = Key::new(unique.kind, unique.env, id.clone());
                self.slots.entry(key).or_insert(Slot {
                    stored: Some(row),
                    written: Written::Nothing,
                });
                claim.stored = Some(id.clone());
                claim.now = Some(id);
            }
            self.claims.insert(unique.clone(), claim);
        }
        Ok(self.claims.get(unique).and_then(|claim| claim.now.clone()))
    }

    fn put(&mut self, mut doc: Box<Doc>) -> Result<(), Failure<F::Error>> {
        let now = self.now;
        let old = self.slot(&doc.key)?.current().cloned();
        let live = old.as_ref().filter(|row| row.is_live(now));
        // Over an expired document it is the first version again: as if that had been swept.
        doc.version = live.map_or(1, |row| row.version.saturating_add(1));
        let filed = Filed::of(&doc);
        // In the order of the document, so that every adapter names the same conflict.
        for (name, value) in &doc.uniques {
            let pair = (Cow::Borrowed(*name), value.clone());
            if live.is_some_and(|row| row.filed.uniques.contains(&pair)) {
                continue;
            }
            let unique = unique(&doc.key, &pair);
            if let Some(id) = self.holder(&unique)?.filter(|id| *id != doc.key.id) {
                let holder = Key::new(unique.kind, unique.env, id);
                if self.slot(&holder)?.live_version(now).is_some() {
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
        if let Some(old) = self.slot(key)?.current().cloned() {
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
        if F::KEYS_CAN_BE_TAKEN {
            // In one order for all, so that two batches wait for each other and do not deadlock.
            self.slots.sort_unstable_keys();
            self.claims.sort_unstable_keys();
        }
        let mut plan = Plan {
            wipes: self.wiped.into_iter().collect(),
            ..Plan::default()
        };
        for (key, slot) in self.slots {
            let is_stored = slot.stored.is_some();
            let expired_at = slot.stored.as_ref().map(|row| row.expires_at);
            let had = slot.stored.map(|row| row.filed).unwrap_or_default();
            let has = match slot.written {
                Written::Nothing => continue,
                Written::Deleted => {
                    if is_stored {
                        plan.deletes.push(key.clone());
                    }
                    Filed::default()
                }
                Written::Put(doc, row) => {
                    if F::KEYS_CAN_BE_TAKEN {
                        self.vacant.remove(&key);
                    }
                    let filed = row.filed.text();
                    let new = NewDoc {
                        keeps_expiry: expired_at == Some(doc.expires_at),
                        doc: *doc,
                        filed,
                    };
                    if is_stored {
                        plan.updates.push(new);
                    } else {
                        plan.inserts.push(new);
                    }
                    row.filed
                }
            };
            let gone = had.entries.difference(&has.entries);
            plan.entries_removed
                .extend(gone.map(|pair| entry(&key, pair.clone())));
            let added = has.entries.into_iter();
            let added = added.filter(|pair| !had.entries.contains(pair));
            plan.entries_added
                .extend(added.map(|pair| entry(&key, pair)));
        }
        for (unique, claim) in self.claims {
            if claim.stored == claim.now {
                continue;
            }
            if let Some(id) = claim.stored {
                plan.uniques_removed.push(row_of(unique.clone(), id));
            }
            if let Some(id) = claim.now {
                plan.uniques_added.push(row_of(unique, id));
            }
        }
        plan.held_open = self.vacant.into_iter().collect();
        plan
    }
}

fn unique(key: &Key, (name, value): &(Cow<'static, str>, String)) -> Unique {
    Unique {
        kind: key.kind,
        env: key.env,
        name: name.clone(),
        value: value.clone(),
    }
}

fn row_of(unique: Unique, id: String) -> Entry {
    Entry {
        env: unique.env,
        kind: unique.kind,
        name: unique.name,
        value: unique.value,
        id,
    }
}
