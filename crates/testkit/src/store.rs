//! Where a server under test keeps its documents, and how that is taken down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_domain::ports::Store;
use countersign_store::Database;
use tokio::sync::OnceCell;

use crate::{Adapter, broken};

/// A store that exists for one test.
pub(crate) struct Home {
    place: Place,
    /// Memory and SQLite have one process; another node shares what is open.
    open: OnceCell<Arc<dyn Store>>,
}

enum Place {
    Memory,
    Sqlite(tempfile::TempDir),
    Postgres { cluster: String, name: String },
}

impl Home {
    pub(crate) async fn make(adapter: Adapter) -> Self {
        let place = match adapter {
            Adapter::Memory => Place::Memory,
            Adapter::Sqlite => {
                let folder = tempfile::tempdir();
                Place::Sqlite(folder.unwrap_or_else(|error| broken("no folder", error)))
            }
            Adapter::Postgres => {
                let cluster = cluster();
                let name = fresh_name();
                execute(&cluster, &format!("CREATE DATABASE {name}")).await;
                Place::Postgres { cluster, name }
            }
        };
        Self {
            place,
            open: OnceCell::new(),
        }
    }

    /// The store; for PostgreSQL a new pool each time, as another process would have.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let database = match &self.place {
            Place::Memory => Database::Memory,
            Place::Sqlite(folder) => Database::Sqlite(folder.path().join("test.db")),
            Place::Postgres { cluster, name } => return open(&url_of(cluster, name)).await,
        };
        let open = async || open_database(&database).await;
        Arc::clone(self.open.get_or_init(open).await)
    }

    /// Drops the database; the folder goes by itself.
    pub(crate) async fn remove(&self) {
        if let Place::Postgres { cluster, name } = &self.place {
            execute(cluster, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

/// A database for processes of the program. It goes with this.
pub struct ForProcess {
    home: Home,
    runtime: tokio::runtime::Runtime,
}

impl ForProcess {
    /// Makes one. Memory is nowhere that a process could look.
    pub fn make(adapter: Adapter) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.unwrap_or_else(|error| broken("no runtime", error));
        let home = runtime.block_on(Home::make(adapter));
        Self { home, runtime }
    }

    /// What `--database` takes.
    pub fn url(&self) -> String {
        match &self.home.place {
            Place::Memory => "memory:".to_owned(),
            Place::Sqlite(folder) => format!("sqlite:{}", folder.path().join("test.db").display()),
            Place::Postgres { cluster, name } => url_of(cluster, name),
        }
    }
}

impl Drop for ForProcess {
    fn drop(&mut self) {
        self.runtime.block_on(self.home.remove());
    }
}

async fn open(url: &str) -> Arc<dyn Store> {
    match url.parse::<Database>() {
        Ok(database) => open_database(&database).await,
        Err(error) => broken("not a database", error),
    }
}

async fn open_database(database: &Database) -> Arc<dyn Store> {
    let store = countersign_store::open(database).await;
    store.unwrap_or_else(|fault| broken("cannot open the store", fault))
}

/// The cluster that `cargo xtask test` starts.
fn cluster() -> String {
    std::env::var("COUNTERSIGN_TEST_POSTGRES").unwrap_or_else(|_| {
        broken(
            "no COUNTERSIGN_TEST_POSTGRES",
            "run `cargo xtask test --only blackbox`, which starts a throw-away PostgreSQL",
        )
    })
}

fn fresh_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("it_{}_{number}", std::process::id())
}

/// The URL with another database in its path.
fn url_of(cluster: &str, name: &str) -> String {
    match url::Url::parse(cluster) {
        Ok(mut url) => {
            url.set_path(name);
            url.into()
        }
        Err(error) => broken("COUNTERSIGN_TEST_POSTGRES", error),
    }
}

async fn execute(cluster: &str, statement: &str) {
    let connected = tokio_postgres::connect(cluster, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap_or_else(|error| broken("no cluster", error));
    let driver = tokio::spawn(connection);
    let done = client.batch_execute(statement).await;
    done.unwrap_or_else(|error| broken(statement, error));
    drop(client);
    let _ = driver.await;
}
