//! Ordered maps: the reference model of the port and the store of unit tests. Lost on exit.

mod state;

use std::future::ready;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;
use parking_lot::RwLock;

use crate::limits;
use state::State;

/// A store that lives in this process only.
///
/// Deliberately simple: one lock, and a write that fails is undone step by step. The other adapters
/// are compared with it, answer by answer (`tests/model.rs`).
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        let doc = self.state.read().live(key, now).map(as_read);
        Box::pin(ready(Ok(doc)))
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>> {
        let state = self.state.read();
        let docs = keys.iter().map(|key| state.live(key, now).map(as_read));
        Box::pin(ready(Ok(docs.collect())))
    }

    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        let state = self.state.read();
        let doc = state.holder(unique).and_then(|key| state.live(&key, now));
        Box::pin(ready(Ok(doc.map(as_read))))
    }

    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>> {
        let page = self.state.read().list(query, now);
        Box::pin(ready(Ok(page)))
    }

    fn count<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<u32, Fault>> {
        let count = self.state.read().count(query);
        Box::pin(ready(Ok(count)))
    }

    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>> {
        let committed = limits::check(&batch)
            .and_then(|()| Ok(self.state.write().commit(batch, now)?))
            .map(|seq| Committed { seq });
        Box::pin(ready(committed))
    }

    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>> {
        let removed = self.state.write().sweep(now, max);
        Box::pin(ready(Ok(removed)))
    }

    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>> {
        let changes = self.state.read().changes(since, env);
        Box::pin(ready(Ok(changes)))
    }

    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>> {
        let removed = self.state.write().forget(env, before, max);
        Box::pin(ready(Ok(removed)))
    }

    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>> {
        let appended = limits::check_events(&events).map(|()| self.state.write().append(events));
        Box::pin(ready(appended))
    }

    fn events<'a>(
        &'a self,
        env: EnvId,
        from: Time,
        to: Time,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Event>, Fault>> {
        let events = self.state.read().events(env, from, to, after, limit);
        Box::pin(ready(Ok(events)))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>> {
        Box::pin(ready(Ok(Health {
            adapter: "memory",
            version: env!("CARGO_PKG_VERSION").to_owned(),
            migration: 0,
        })))
    }
}

/// The document as every adapter answers it: what it is filed under stays inside.
fn as_read(doc: &Doc) -> Doc {
    Doc {
        key: doc.key.clone(),
        version: doc.version,
        schema: doc.schema,
        expires_at: doc.expires_at,
        body: doc.body.clone(),
        indexes: Vec::new(),
        uniques: Vec::new(),
        reading: doc.reading.clone(),
    }
}
