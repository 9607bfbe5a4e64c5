//! Injects faults by a script, for tests of what stands above the store.

use std::collections::VecDeque;
use std::sync::Arc;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Conflict, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;
use parking_lot::Mutex;

/// What happens to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing: it is passed on.
    None,
    /// Not written; answered with a conflict, as if another had been quicker.
    Conflict,
    /// Not written; answered with a storage fault.
    Storage,
    /// Not written; answered with overload.
    Overloaded,
    /// Written, but answered with a storage fault: the caller cannot know.
    LostAnswer,
}

/// A store in front of another one whose commits go as planned, one after the other. Once the plan
/// is used up everything is passed on.
pub struct Faulty {
    inner: Arc<dyn Store>,
    plan: Mutex<VecDeque<Mishap>>,
    reads_fail: Mutex<bool>,
}

impl Faulty {
    /// With nothing planned yet.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            plan: Mutex::new(VecDeque::new()),
            reads_fail: Mutex::new(false),
        }
    }

    /// Adds to the end of the plan.
    pub fn plan(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.plan.lock().extend(mishaps);
    }

    /// How much of the plan is left.
    pub fn left(&self) -> usize {
        self.plan.lock().len()
    }

    /// From now on every read answers with a storage fault, or no longer.
    pub fn fail_reads(&self, fail: bool) {
        *self.reads_fail.lock() = fail;
    }

    fn next(&self) -> Mishap {
        self.plan.lock().pop_front().unwrap_or(Mishap::None)
    }

    fn read<'a, T: Send + 'a>(
        &self,
        answer: BoxFuture<'a, Result<T, Fault>>,
    ) -> BoxFuture<'a, Result<T, Fault>> {
        if *self.reads_fail.lock() {
            return Box::pin(std::future::ready(Err(injected())));
        }
        answer
    }
}

fn injected() -> Fault {
    Fault::Storage("injected".to_owned())
}

impl Store for Faulty {
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
        let mishap = self.next();
        Box::pin(async move {
            match mishap {
                Mishap::None => self.inner.commit(batch, now).await,
                Mishap::Conflict => Err(Conflict::Serialization.into()),
                Mishap::Storage => Err(injected()),
                Mishap::Overloaded => Err(Fault::Overloaded("injected")),
                Mishap::LostAnswer => {
                    self.inner.commit(batch, now).await?;
                    Err(injected())
                }
            }
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
        self.inner.append(events)
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
        self.read(self.inner.health())
    }
}
