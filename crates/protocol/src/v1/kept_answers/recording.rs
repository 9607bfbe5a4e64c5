//! A store that notes which documents are read from it.

use std::sync::Arc;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Reading, Seq, Unique,
};
use countersign_domain::time::Time;
use parking_lot::Mutex;

/// In front of another store.
pub struct Recording {
    inner: Arc<dyn Store>,
    /// What was read; `None` once something was asked for that is no document under a key, or a
    /// document that is not kept in memory.
    read: Mutex<Option<Documents>>,
}

/// Keys, and which document was there.
type Documents = (Vec<Key>, Vec<Option<Reading>>);

impl Recording {
    /// Of nothing so far.
    pub fn of(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            read: Mutex::new(Some(Documents::default())),
        }
    }

    /// What was read, if that is all there is to know.
    pub fn end(&self) -> Option<Documents> {
        self.read.lock().take()
    }

    fn note(&self, key: &Key, doc: Option<&Doc>) {
        let mut read = self.read.lock();
        if doc.is_some_and(|doc| !doc.reading.is_shared()) {
            *read = None;
        }
        if let Some((keys, readings)) = &mut *read {
            keys.push(key.clone());
            readings.push(doc.map(|doc| doc.reading.clone()));
        }
    }

    /// For everything else.
    fn beside(&self) -> &dyn Store {
        *self.read.lock() = None;
        &*self.inner
    }
}

impl Store for Recording {
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        Box::pin(async move {
            let doc = self.inner.get(key, now).await?;
            self.note(key, doc.as_ref());
            Ok(doc)
        })
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>> {
        Box::pin(async move {
            let docs = self.inner.get_all(keys, now).await?;
            for (key, doc) in keys.iter().zip(&docs) {
                self.note(key, doc.as_ref());
            }
            Ok(docs)
        })
    }

    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        self.beside().get_by(unique, now)
    }

    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>> {
        self.beside().list(query, now)
    }

    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>> {
        self.beside().commit(batch, now)
    }

    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>> {
        self.beside().sweep(now, max)
    }

    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>> {
        self.beside().changes(since, env)
    }

    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>> {
        self.beside().forget(env, before, max)
    }

    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>> {
        self.beside().append(events)
    }

    fn events<'a>(
        &'a self,
        env: EnvId,
        from: Time,
        to: Time,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Event>, Fault>> {
        self.beside().events(env, from, to, after, limit)
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>> {
        self.beside().health()
    }
}
