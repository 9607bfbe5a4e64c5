//! SQLite, embedded: one writer thread with group commit, readers on the calling thread.
//!
//! Reads do not hop to another thread: a point read takes some 7 us, a hop costs more
//! (`docs/decisions/0002-storage.md`). Every commit is `synchronous=FULL`, so that what was acknowledged
//! survives the loss of power: a consumed code that came back would be a security hole.

mod apply;
mod kept;
mod list;
mod migrate;
mod reader;
mod rows;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::limits;
use kept::Kept;
use reader::Readers;
use writer::{Job, Writer};

/// Settings of the SQLite adapter. The defaults suit a server.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Writes that may wait for the writer thread; more are refused as overload.
    pub queue: usize,
    /// Read connections kept open between reads. More are opened while more are needed.
    pub readers: usize,
    /// Page cache of the writing connection in KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reading connection in KiB.
    pub reader_cache_kib: u32,
    /// Most memory for documents that are kept, in KiB. 0: none are.
    pub kept_kib: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            queue: 4096,
            readers: 8,
            writer_cache_kib: 4096,
            reader_cache_kib: 2048,
            kept_kib: 64 * 1024,
        }
    }
}

impl SqliteOptions {
    /// For a program that writes very much and does nothing else: an index of a million entries is
    /// some hundred megabytes, and a page of it that is not in memory is read and written anew for
    /// every entry.
    pub fn for_much() -> Self {
        Self {
            writer_cache_kib: 256 * 1024,
            kept_kib: 0,
            ..Self::default()
        }
    }
}

/// Documents in a SQLite file. Closing it waits for what is queued.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped first: the last connection to close is the one that tidies up the log.
    readers: Readers,
    writer: Writer,
    // Dropped last: what it has open may only be closed once no connection is left.
    kept: Arc<Kept>,
}

impl SqliteStore {
    /// Opens the file, creates it (for its owner only) when there is none, and applies missing
    /// migrations. A database of a newer program is refused.
    pub fn open(path: &Path, options: SqliteOptions) -> Result<Self, Fault> {
        let path = path.to_path_buf();
        create(&path)?;
        let mut connection = Connection::open(&path).map_err(storage)?;
        configure(&mut connection, options.writer_cache_kib)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = 4000;
                 PRAGMA journal_size_limit = 67108864;",
            )
            .map_err(storage)?;
        migrate::run(&mut connection)?;
        let kept = Arc::new(Kept::of(&path, options.kept_kib));
        Ok(Self {
            writer: Writer::start(connection, options.queue, Arc::clone(&kept))?,
            readers: Readers::new(path, options),
            kept,
        })
    }

    /// Durable transactions so far. Under load one of them carries many batches.
    pub fn transactions(&self) -> u64 {
        self.writer.transactions()
    }

    fn docs(&self, keys: &[Key], now: Time) -> Result<Vec<Option<Doc>>, Fault> {
        let head = self.kept.head();
        if let Some(docs) = head.and_then(|head| self.kept.docs(head, keys, now)) {
            return Ok(docs);
        }
        let mut docs = self.readers.with(|db| reader::get_all(db, keys, now))?;
        if let Some(head) = head {
            self.kept.keep(head, keys, &mut docs, now);
        }
        Ok(docs)
    }

    fn changes_of(&self, env: EnvId, since: Seq) -> Result<Changes, Fault> {
        let head = self.kept.head();
        if let Some(changes) = head.and_then(|head| self.kept.changes(head, since, env)) {
            return Ok(changes);
        }
        let seq = self.readers.with(|db| reader::newest_change(db, env))?;
        if let Some(head) = head {
            self.kept.keep_change(head, env, seq);
        }
        Ok(Changes::of(env, seq, since))
    }
}

impl Store for SqliteStore {
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        let keys = std::slice::from_ref(key);
        Box::pin(async move { Ok(self.docs(keys, now)?.pop().flatten()) })
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>> {
        Box::pin(async move { self.docs(keys, now) })
    }

    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        Box::pin(async move { self.readers.with(|db| reader::get_by(db, unique, now)) })
    }

    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>> {
        Box::pin(async move { self.readers.with(|db| list::list(db, query, now)) })
    }

    fn count<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<u32, Fault>> {
        Box::pin(async move { self.readers.with(|db| list::count(db, query)) })
    }

    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>> {
        Box::pin(async move {
            limits::check(&batch)?;
            self.writer
                .ask(|reply| Job::Commit { batch, now, reply })
                .await
        })
    }

    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>> {
        Box::pin(async move {
            self.writer
                .ask(|reply| Job::Sweep { now, max, reply })
                .await
        })
    }

    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>> {
        Box::pin(async move {
            match env {
                Some(env) => self.changes_of(env, since),
                None => self.readers.with(|db| reader::changes(db, since)),
            }
        })
    }

    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>> {
        Box::pin(async move {
            let job = |reply| Job::Forget {
                env,
                before,
                max,
                reply,
            };
            self.writer.ask(job).await
        })
    }

    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            limits::check_events(&events)?;
            self.writer.ask(|reply| Job::Append { events, reply }).await
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
        Box::pin(async move {
            self.readers
                .with(|db| reader::events(db, env, (from, to), after, limit))
        })
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>> {
        Box::pin(async move { self.readers.with(reader::health) })
    }
}

/// Creates the file for its owner only: it holds password hashes and sealed keys. SQLite gives its
/// log files the permissions of the database.
fn create(path: &PathBuf) -> Result<(), Fault> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| Fault::Storage(format!("cannot open {}: {error}", path.display())))
}

/// How long to wait for another process that has the database locked.
const BUSY: Duration = Duration::from_secs(5);
/// Between two looks whether it still has.
const LOOK: Duration = Duration::from_millis(2);

/// Waits for another process. SQLite's own waiting looks every 100 ms in the end, and would miss
/// the breaths of a mass import that writes as much as it can.
#[expect(
    clippy::disallowed_methods,
    reason = "a lock of another process cannot be waited for; this thread has nothing else to do"
)]
fn wait(looks: i32) -> bool {
    let waited = LOOK.saturating_mul(u32::try_from(looks).unwrap_or_default());
    std::thread::sleep(LOOK);
    waited < BUSY
}

/// What readers and the writer have in common.
fn configure(connection: &mut Connection, cache_kib: u32) -> Result<(), Fault> {
    connection.busy_handler(Some(wait)).map_err(storage)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Plans depend on no value. Without this SQLite prepares a statement that compares `expires_at`
    // with a parameter anew for every value, because of the partial index on that column: that cost
    // more than the read itself.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(storage)?;
    connection
        .execute_batch(&format!(
            "PRAGMA cache_size = -{cache_kib}; PRAGMA temp_store = MEMORY; \
             PRAGMA trusted_schema = OFF;"
        ))
        .map_err(storage)
}

fn storage(error: rusqlite::Error) -> Fault {
    Fault::Storage(error.to_string())
}
