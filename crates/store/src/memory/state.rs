//! The maps, and the rules of the port written down once in the plainest way.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::ids::EnvId;
use countersign_domain::store::{
    Batch, Changes, Conflict, Cursor, Doc, Event, IndexName, Key, Kind, Page, Postcondition,
    Precondition, Query, Seq, Unique, Write,
};
use countersign_domain::time::Time;

use super::as_read;
use crate::range::{Interval, Position};

#[derive(Debug, Default)]
pub(super) struct State {
    docs: BTreeMap<(Kind, EnvId), BTreeMap<String, Doc>>,
    entries: BTreeMap<(Kind, EnvId, IndexName), BTreeSet<Position>>,
    uniques: BTreeMap<Unique, String>,
    expiries: BTreeSet<(Time, Key)>,
    seq: Seq,
    changed: BTreeMap<EnvId, Seq>,
    events: BTreeMap<EnvId, BTreeMap<(Time, String), Event>>,
    event_times: BTreeMap<(EnvId, String), Time>,
}

/// What a document was before a write, so that the write can be undone.
type Undo = Vec<(Key, Option<Doc>)>;

impl State {
    fn doc(&self, key: &Key) -> Option<&Doc> {
        self.docs.get(&(key.kind, key.env))?.get(&key.id)
    }

    pub(super) fn live(&self, key: &Key, now: Time) -> Option<&Doc> {
        self.doc(key).filter(|doc| !expired(doc, now))
    }

    /// The key of the document, live or not, that is filed under a unique value.
    pub(super) fn holder(&self, unique: &Unique) -> Option<Key> {
        let id = self.uniques.get(unique)?;
        Some(Key::new(unique.kind, unique.env, id.clone()))
    }

    pub(super) fn count(&self, query: &Query) -> u32 {
        let found = self.walk(query, &Interval::of(query)).len();
        u32::try_from(found).unwrap_or(u32::MAX).min(query.limit)
    }

    pub(super) fn list(&self, query: &Query, now: Time) -> Page {
        let interval = Interval::of(query);
        let positions = self.walk(query, &interval);
        let mut ordered: Box<dyn Iterator<Item = Position>> = if query.descending {
            Box::new(positions.into_iter().rev())
        } else {
            Box::new(positions.into_iter())
        };
        let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
        let mut docs = Vec::new();
        let mut last = None;
        for (value, id) in ordered.by_ref() {
            let Some(doc) = self.live(&Key::new(query.kind, query.env, id.clone()), now) else {
                continue;
            };
            if docs.len() == limit {
                return Page { docs, next: last };
            }
            docs.push(as_read(doc));
            last = Some(Cursor { value, id });
        }
        Page { docs, next: None }
    }

    /// Positions in the interval as (index value, id), upwards; the value is empty by id.
    fn walk(&self, query: &Query, interval: &Interval) -> Vec<Position> {
        if interval.is_empty() {
            return Vec::new();
        }
        let before_end = |at: &Position| interval.end.as_ref().is_none_or(|end| at < end);
        if let Some(index) = query.index {
            let entries = self.entries.get(&(query.kind, query.env, index));
            let walk = entries
                .into_iter()
                .flat_map(|set| set.range(interval.start.clone()..));
            walk.take_while(|at| before_end(at)).cloned().collect()
        } else {
            let docs = self.docs.get(&(query.kind, query.env));
            let walk = docs
                .into_iter()
                .flat_map(|map| map.range(interval.start.0.clone()..));
            walk.map(|(id, _)| (id.clone(), String::new()))
                .take_while(|at| before_end(at))
                .map(|(id, _)| (String::new(), id))
                .collect()
        }
    }

    pub(super) fn commit(&mut self, batch: Batch, now: Time) -> Result<Option<Seq>, Conflict> {
        for precondition in batch.preconditions {
            self.check(precondition, now)?;
        }
        let mut undo = Undo::new();
        let mut writes = batch.writes.into_iter();
        let written = writes.try_for_each(|write| self.apply(write, now, &mut undo));
        let mut after = batch.postconditions.into_iter();
        let held = written.and_then(|()| after.try_for_each(|it| self.check_after(it, now)));
        if let Err(conflict) = held {
            while let Some((key, old)) = undo.pop() {
                self.replace(&key, old);
            }
            return Err(conflict);
        }
        self.append(batch.events);
        if batch.changes.is_empty() {
            return Ok(None);
        }
        self.seq = Seq(self.seq.0.saturating_add(1));
        for env in batch.changes {
            self.changed.insert(env, self.seq);
        }
        Ok(Some(self.seq))
    }

    fn check(&self, precondition: Precondition, now: Time) -> Result<(), Conflict> {
        let (key, holds) = match precondition {
            Precondition::Absent(key) => {
                let absent = self.live(&key, now).is_none();
                (key, absent)
            }
            Precondition::Version(key, version) => {
                let same = self
                    .live(&key, now)
                    .is_some_and(|doc| doc.version == version);
                (key, same)
            }
            Precondition::Present(key) => {
                let present = self.live(&key, now).is_some();
                (key, present)
            }
        };
        if holds {
            Ok(())
        } else {
            Err(Conflict::Precondition(key))
        }
    }

    fn check_after(&self, postcondition: Postcondition, now: Time) -> Result<(), Conflict> {
        match postcondition {
            Postcondition::Present(key) => match self.live(&key, now) {
                Some(_) => Ok(()),
                None => Err(Conflict::Gone(key)),
            },
            Postcondition::AtMost(entries, most) => {
                let query = entries.query(u32::MAX);
                let walk = self.walk(&query, &Interval::of(&query)).into_iter();
                let found: BTreeSet<String> = walk
                    .map(|(_, id)| id)
                    .filter(|id| {
                        let key = Key::new(entries.kind, entries.env, id.clone());
                        self.live(&key, now).is_some()
                    })
                    .collect();
                if u32::try_from(found.len()).is_ok_and(|found| found <= most) {
                    Ok(())
                } else {
                    Err(Conflict::Filed(Box::new(entries)))
                }
            }
        }
    }

    fn apply(&mut self, write: Write, now: Time, undo: &mut Undo) -> Result<(), Conflict> {
        match write {
            Write::Put(doc) => self.put(*doc, now, undo),
            Write::Delete(key) => {
                self.write(key, None, undo);
                Ok(())
            }
            Write::DeleteEnvironment(env) => {
                let docs = self.docs.iter().filter(|((_, of), _)| *of == env);
                let keys: Vec<Key> = docs
                    .flat_map(|(_, docs)| docs.values().map(|doc| doc.key.clone()))
                    .collect();
                for key in keys {
                    self.write(key, None, undo);
                }
                Ok(())
            }
        }
    }

    fn put(&mut self, mut doc: Doc, now: Time, undo: &mut Undo) -> Result<(), Conflict> {
        // Over an expired document it is the first version again: as if that had been swept.
        doc.version = self
            .live(&doc.key, now)
            .map_or(1, |old| old.version.saturating_add(1));
        doc.reading = doc.reading.or_shared();
        for unique in uniques_of(&doc) {
            let Some(holder) = self.holder(&unique).filter(|key| *key != doc.key) else {
                continue;
            };
            if self.live(&holder, now).is_some() {
                return Err(Conflict::Unique(unique));
            }
            // Held by what has expired, which goes now so that no value ever has two holders.
            self.write(holder, None, undo);
        }
        self.write(doc.key.clone(), Some(doc), undo);
        Ok(())
    }

    fn write(&mut self, key: Key, new: Option<Doc>, undo: &mut Undo) {
        let old = self.replace(&key, new);
        undo.push((key, old));
    }

    /// The one place where a document changes: keeps all maps in step.
    fn replace(&mut self, key: &Key, new: Option<Doc>) -> Option<Doc> {
        let old = self
            .docs
            .get_mut(&(key.kind, key.env))
            .and_then(|docs| docs.remove(&key.id));
        if let Some(old) = &old {
            for entry in &old.indexes {
                let of = (key.kind, key.env, entry.name);
                if let Some(entries) = self.entries.get_mut(&of) {
                    entries.remove(&(entry.value.clone(), key.id.clone()));
                }
            }
            for unique in uniques_of(old) {
                self.uniques.remove(&unique);
            }
            if let Some(at) = old.expires_at {
                self.expiries.remove(&(at, key.clone()));
            }
        }
        if let Some(new) = new {
            for entry in &new.indexes {
                let of = (key.kind, key.env, entry.name);
                let entries = self.entries.entry(of).or_default();
                entries.insert((entry.value.clone(), key.id.clone()));
            }
            for unique in uniques_of(&new) {
                self.uniques.insert(unique, key.id.clone());
            }
            if let Some(at) = new.expires_at {
                self.expiries.insert((at, key.clone()));
            }
            let docs = self.docs.entry((key.kind, key.env)).or_default();
            docs.insert(key.id.clone(), new);
        }
        old
    }

    pub(super) fn sweep(&mut self, now: Time, max: u32) -> Vec<Key> {
        let mut removed = Vec::new();
        for _ in 0..max {
            let Some((at, key)) = self.expiries.first().cloned() else {
                break;
            };
            if at > now {
                break;
            }
            self.replace(&key, None);
            removed.push(key);
        }
        removed
    }

    pub(super) fn changes(&self, since: Seq, env: Option<EnvId>) -> Changes {
        let mut environments: Vec<(EnvId, Seq)> = match env {
            Some(env) => self.changed.get_key_value(&env).into_iter().collect(),
            None => self.changed.iter().collect::<Vec<_>>(),
        }
        .into_iter()
        .map(|(env, seq)| (*env, *seq))
        .filter(|(_, seq)| *seq > since)
        .collect();
        environments.sort_by_key(|(env, seq)| (*seq, *env));
        Changes {
            latest: environments.last().map_or(since, |(_, seq)| *seq),
            environments,
        }
    }

    pub(super) fn forget(&mut self, env: EnvId, before: Time, max: u32) -> u32 {
        let mut removed = 0;
        while removed < max {
            let Some(mut oldest) = self.events.get_mut(&env).and_then(BTreeMap::first_entry) else {
                break;
            };
            if oldest.get_mut().at >= before {
                break;
            }
            let event = oldest.remove();
            self.event_times.remove(&(env, event.id));
            removed += 1;
        }
        removed
    }

    pub(super) fn append(&mut self, events: Vec<Event>) {
        for event in events {
            let id = (event.env, event.id.clone());
            if self.event_times.contains_key(&id) {
                continue;
            }
            self.event_times.insert(id, event.at);
            let at = (event.at, event.id.clone());
            self.events.entry(event.env).or_default().insert(at, event);
        }
    }

    pub(super) fn events(
        &self,
        env: EnvId,
        from: Time,
        to: Time,
        after: Option<&str>,
        limit: u32,
    ) -> Vec<Event> {
        let after = after.and_then(|id| {
            let at = self.event_times.get(&(env, id.to_owned()))?;
            Some((*at, id.to_owned()))
        });
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let events = self.events.get(&env).into_iter().flatten();
        events
            .filter(|((at, _), _)| from <= *at && *at < to)
            .filter(|(position, _)| after.as_ref().is_none_or(|after| *position > after))
            .map(|(_, event)| event.clone())
            .take(limit)
            .collect()
    }
}

fn expired(doc: &Doc, now: Time) -> bool {
    doc.expires_at.is_some_and(|at| at <= now)
}

fn uniques_of(doc: &Doc) -> impl Iterator<Item = Unique> {
    let (kind, env) = (doc.key.kind, doc.key.env);
    let claims = doc.uniques.iter();
    claims.map(move |(name, value)| Unique::new(kind, env, name, value.clone()))
}
