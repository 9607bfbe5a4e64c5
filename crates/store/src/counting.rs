//! Counts what reaches a store: how many durable writes does an operation cost?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;

/// A store in front of another one, which passes everything on and counts.
pub struct Counting {
    inner: Arc<dyn Store>,
    reads: AtomicU64,
    commits: AtomicU64,
    appends: AtomicU64,
}

impl Counting {
    /// Counts from zero.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            reads: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            appends: AtomicU64::new(0),
        }
    }

    /// Reads asked for: documents, lists, changes and events.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Batches that wrote something and became durable.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Appends of events that became durable.
    pub fn appends(&self) -> u64 {
        self.appends.load(Ordering::Relaxed)
    }

    fn read<T>(&self, answer: T) -> T {
        self.reads.fetch_add(1, Ordering::Relaxed);
        answer
    }
}

impl Store for Counting {
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        self.read(self.inner.get(key, now))
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>> {
        self.read(self.inner.get_all(keys, now))
    }

    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        self.read(self.inner.get_by(unique, now))
    }

    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>> {
        self.read(self.inner.list(query, now))
    }

    fn count<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<u32, Fault>> {
        self.read(self.inner.count(query))
    }

    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>> {
        Box::pin(async move {
            let writes = !batch.is_empty();
            let committed = self.inner.commit(batch, now).await?;
            if writes {
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            Ok(committed)
        })
    }

    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>> {
        self.inner.sweep(now, max)
    }

    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>> {
        self.read(self.inner.changes(since, env))
    }

    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>> {
        self.inner.forget(env, before, max)
    }

    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            self.inner.append(events).await?;
            self.appends.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    fn events<'a>(
        &'a self,
        env: EnvId,
        from: Time,
        to: Time,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Event>, Fault>> {
        self.read(self.inner.events(env, from, to, after, limit))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>> {
        self.inner.health()
    }
}
