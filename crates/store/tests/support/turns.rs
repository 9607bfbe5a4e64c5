//! Several stores on one database, as several processes have it: every call goes to the next one.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;

/// Takes turns.
pub struct Turns<S> {
    stores: Vec<S>,
    calls: AtomicUsize,
}

impl<S> Turns<S> {
    /// Begins with the first.
    pub const fn of(stores: Vec<S>) -> Self {
        let calls = AtomicUsize::new(0);
        Self { stores, calls }
    }

    fn next(&self) -> &S {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        &self.stores[call % self.stores.len()]
    }
}

impl<S: Store> Store for Turns<S> {
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        self.next().get(key, now)
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>> {
        self.next().get_all(keys, now)
    }

    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        self.next().get_by(unique, now)
    }

    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>> {
        self.next().list(query, now)
    }

    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>> {
        self.next().commit(batch, now)
    }

    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>> {
        self.next().sweep(now, max)
    }

    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>> {
        self.next().changes(since, env)
    }

    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>> {
        self.next().forget(env, before, max)
    }

    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>> {
        self.next().append(events)
    }

    fn events<'a>(
        &'a self,
        env: EnvId,
        from: Time,
        to: Time,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Event>, Fault>> {
        self.next().events(env, from, to, after, limit)
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>> {
        self.next().health()
    }
}
