//! The writer thread: drains its queue into one commit, and answers after it.
//!
//! Spec: `crates.md` 3.2. One fsync carries every batch that came in while the last one ran, so
//! throughput hardly depends on how long an fsync takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Committed, Event, Fault, Key};
use countersign_domain::time::Time;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::apply;
use super::kept::Kept;
use crate::plan::Plan;

/// Most jobs in one transaction: bounds how long the first of them waits for the last.
const GROUP: usize = 512;
/// The log is moved into the database once nothing was written for so long.
const IDLE: Duration = Duration::from_millis(250);

type Reply<T> = oneshot::Sender<Result<T, Fault>>;

/// What the thread is asked to do.
pub(super) enum Job {
    Commit {
        batch: Batch,
        now: Time,
        reply: Reply<Committed>,
    },
    Sweep {
        now: Time,
        max: u32,
        reply: Reply<Vec<Key>>,
    },
    Forget {
        env: EnvId,
        before: Time,
        max: u32,
        reply: Reply<u32>,
    },
    Append {
        events: Vec<Event>,
        reply: Reply<()>,
    },
}

/// An answer that waits for the commit of its group.
enum Answer {
    Commit(Reply<Committed>, Result<Committed, Fault>),
    Sweep(Reply<Vec<Key>>, Result<Vec<Key>, Fault>),
    Forget(Reply<u32>, Result<u32, Fault>),
    Append(Reply<()>, Result<(), Fault>),
}

/// The thread and the way to it.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    transactions: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        queue: usize,
        kept: Arc<Kept>,
    ) -> Result<Self, Fault> {
        let (sender, receiver) = sync_channel(queue);
        let transactions = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&transactions);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let _guard = EndOnPanic;
                run(&connection, &receiver, &count, &kept);
            })
            .map_err(|error| Fault::Storage(format!("no thread for the writer: {error}")))?;
        Ok(Self {
            queue: Some(sender),
            thread: Some(thread),
            transactions,
        })
    }

    pub(super) fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }

    /// Queues a job and waits for its answer. Once queued it is done, waited for or not.
    pub(super) async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, Fault> {
        let (reply, answer) = oneshot::channel();
        let Some(queue) = &self.queue else {
            return Err(gone());
        };
        queue.try_send(job(reply)).map_err(|error| match error {
            TrySendError::Full(_) => Fault::Overloaded("too many writes are waiting"),
            TrySendError::Disconnected(_) => gone(),
        })?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> Fault {
    Fault::Storage("the writer has stopped".to_owned())
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue ends the thread, after what is queued already.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked: that ends the process.
            let _ = thread.join();
        }
    }
}

/// Ends the process when the thread panics. A server that still answers but can never write again
/// is worse than one that is restarted.
struct EndOnPanic;

impl Drop for EndOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the writer thread panicked; the process ends");
            std::process::abort();
        }
    }
}

fn run(db: &Connection, queue: &Receiver<Job>, transactions: &AtomicU64, kept: &Kept) {
    let mut written = false;
    loop {
        let first = if written {
            match queue.recv_timeout(IDLE) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    checkpoint(db);
                    written = false;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        } else {
            let Ok(job) = queue.recv() else { return };
            job
        };
        let group = std::iter::once(first).chain(queue.try_iter().take(GROUP - 1));
        written |= commit_group(db, group, transactions, kept);
    }
}

fn checkpoint(db: &Connection) {
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the write-ahead log could not be moved into the database");
    }
}

/// Runs the jobs in one transaction and answers all of them; says whether anything was written.
fn commit_group(
    db: &Connection,
    group: impl Iterator<Item = Job>,
    transactions: &AtomicU64,
    kept: &Kept,
) -> bool {
    let mut failed = execute(db, "BEGIN IMMEDIATE").err();
    kept.changing();
    let others = commits_of_others(db);
    let before = db.total_changes();
    let mut answers = Vec::new();
    let mut plans = Vec::new();
    for job in group {
        answers.push(perform(db, job, failed.as_deref(), &mut plans));
        if failed.is_none() && db.is_autocommit() {
            // A full disk, say: SQLite has given up the whole transaction by itself.
            failed = Some("the database gave up the transaction".to_owned());
        }
    }
    if failed.is_none() {
        failed = execute(db, "COMMIT").err();
    }
    if let Some(error) = &failed {
        tracing::error!(%error, "a group of writes failed");
        if !db.is_autocommit() {
            let _ = execute(db, "ROLLBACK");
        }
    }
    kept.changed(failed.is_none().then_some(plans), || {
        others.is_some() && commits_of_others(db) == others
    });
    let written = failed.is_none() && db.total_changes() != before;
    if written {
        transactions.fetch_add(1, Ordering::Relaxed);
    }
    for answer in answers {
        answer.send(failed.as_deref());
    }
    written
}

/// A number that is another one once another process has committed
/// (<https://sqlite.org/pragma.html#pragma_data_version>).
fn commits_of_others(db: &Connection) -> Option<i64> {
    let mut statement = db.prepare_cached("PRAGMA data_version").ok()?;
    statement.query_row([], |row| row.get(0)).ok()
}

fn execute(db: &Connection, text: &str) -> Result<(), String> {
    let run = || db.prepare_cached(text)?.execute([]);
    run().map(drop).map_err(|error| error.to_string())
}

/// `plans`: what is written by the jobs so far.
fn perform(db: &Connection, job: Job, failed: Option<&str>, plans: &mut Vec<Plan>) -> Answer {
    match job {
        Job::Commit { batch, now, reply } => {
            let result = alone(db, failed, || apply::commit(db, batch, now));
            let result = result.map(|(committed, plan)| {
                plans.push(plan);
                committed
            });
            Answer::Commit(reply, result)
        }
        Job::Sweep { now, max, reply } => {
            let result = alone(db, failed, || apply::sweep(db, now, max));
            let result = result.map(|plan| {
                let removed = plan.deletes.clone();
                plans.push(plan);
                removed
            });
            Answer::Sweep(reply, result)
        }
        Job::Forget {
            env,
            before,
            max,
            reply,
        } => {
            let result = alone(db, failed, || apply::forget(db, env, before, max));
            Answer::Forget(reply, result)
        }
        Job::Append { events, reply } => {
            let result = alone(db, failed, || apply::append(db, &events));
            Answer::Append(reply, result)
        }
    }
}

/// Runs one job in a savepoint of its own, so that its failure leaves the others untouched.
fn alone<T>(
    db: &Connection,
    failed: Option<&str>,
    work: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, Fault> {
    if let Some(error) = failed {
        return Err(Fault::Storage(error.to_owned()));
    }
    execute(db, "SAVEPOINT job").map_err(Fault::Storage)?;
    let result = work();
    if !db.is_autocommit() {
        if result.is_err() {
            execute(db, "ROLLBACK TO job").map_err(Fault::Storage)?;
        }
        execute(db, "RELEASE job").map_err(Fault::Storage)?;
    }
    result
}

impl Answer {
    /// Answers, with a fault when the group was not committed. Nobody may be waiting any more.
    fn send(self, failed: Option<&str>) {
        fn settle<T>(result: Result<T, Fault>, failed: Option<&str>) -> Result<T, Fault> {
            match failed {
                None => result,
                Some(error) => Err(Fault::Storage(error.to_owned())),
            }
        }
        match self {
            Self::Commit(reply, result) => drop(reply.send(settle(result, failed))),
            Self::Sweep(reply, result) => drop(reply.send(settle(result, failed))),
            Self::Forget(reply, result) => drop(reply.send(settle(result, failed))),
            Self::Append(reply, result) => drop(reply.send(settle(result, failed))),
        }
    }
}
