//! PostgreSQL and what speaks its protocol: `READ COMMITTED`, explicit locks in key order, two
//! round trips per batch.
//!
//! Nothing here needs advisory locks, `LISTEN` or types that CockroachDB and YugabyteDB lack.

mod commit;
mod facts;
mod migrate;
mod read;
mod rows;
mod session;
mod url;
mod write;

use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Store};
use countersign_domain::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;
use deadpool_postgres::{Pool, Runtime};

use crate::limits;

pub(crate) use url::check as check_url;

/// Settings of the PostgreSQL adapter. The defaults suit a server.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Most connections of this process.
    pub connections: usize,
    /// How long an operation waits for one of them before it is refused as overload, and how long
    /// making one may take.
    pub wait: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            connections: 16,
            wait: Duration::from_secs(5),
        }
    }
}

/// Documents in a PostgreSQL database, which several processes may share.
pub struct PostgresStore {
    pool: Pool,
}

impl PostgresStore {
    /// Connects to a `postgres://` URL and applies missing migrations. A database of a newer
    /// program is refused.
    ///
    /// Of libpq's parameters, `sslmode` is `disable` (also meant by `prefer`, the default) or
    /// `require`, which always checks the certificate: against the file `sslrootcert`, or else the
    /// roots of the system.
    pub async fn connect(url: &str, options: PostgresOptions) -> Result<Self, Fault> {
        let pool = Pool::builder(url::manager(url).map_err(Fault::Storage)?)
            .max_size(options.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(options.wait))
            .create_timeout(Some(options.wait))
            .recycle_timeout(Some(options.wait))
            .build()
            .map_err(|error| Fault::Storage(error.to_string()))?;
        migrate::run(&pool).await?;
        Ok(Self { pool })
    }
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pool's own text would show the configuration.
        f.debug_struct("PostgresStore")
            .field("pool", &self.pool.status())
            .finish()
    }
}

impl Store for PostgresStore {
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        Box::pin(read::get(&self.pool, key, now))
    }

    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>> {
        let reads = keys.iter().map(|key| read::get(&self.pool, key, now));
        Box::pin(futures_util::future::try_join_all(reads))
    }

    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>> {
        Box::pin(read::get_by(&self.pool, unique, now))
    }

    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>> {
        Box::pin(read::list(&self.pool, query, now))
    }

    fn count<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<u32, Fault>> {
        Box::pin(read::count(&self.pool, query))
    }

    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>> {
        Box::pin(async move {
            limits::check(&batch)?;
            commit::commit(&self.pool, batch, now).await
        })
    }

    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>> {
        Box::pin(commit::sweep(&self.pool, now, max))
    }

    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>> {
        Box::pin(read::changes(&self.pool, since, env))
    }

    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>> {
        Box::pin(commit::forget(&self.pool, env, before, max))
    }

    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            limits::check_events(&events)?;
            commit::append(&self.pool, &events).await
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
        Box::pin(read::events(&self.pool, env, (from, to), after, limit))
    }

    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>> {
        Box::pin(read::health(&self.pool))
    }
}
