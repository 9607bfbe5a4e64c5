//! Which database, as one line of text; and opening it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use countersign_domain::ports::Store;
use countersign_domain::store::Fault;

use crate::{MemoryStore, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore};

/// Where documents are kept: `memory:`, `sqlite:PATH` or `postgres://...`.
///
/// Its texts, `Debug` included, never show a password.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// Nowhere: lost when the process ends.
    Memory,
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A server, as a URL.
    Postgres(String),
}

/// The text names no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADatabase {
    /// No scheme that is known here.
    #[error("expected memory:, sqlite:PATH or postgres://USER@HOST/NAME")]
    Scheme,
    /// `sqlite:` alone.
    #[error("sqlite: needs the path of a file, as in sqlite:countersign.db")]
    Path,
    /// `sqlite://` with something that reads as a host.
    #[error("write sqlite:PATH, with no slashes before a relative path")]
    Host,
    /// A URL that PostgreSQL does not understand.
    #[error("{0}")]
    Url(String),
}

impl FromStr for Database {
    type Err = NotADatabase;

    fn from_str(text: &str) -> Result<Self, NotADatabase> {
        if text == "memory:" || text == "memory" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = match path.strip_prefix("//") {
                None => path,
                Some(absolute) if absolute.starts_with('/') => absolute,
                Some(_) => return Err(NotADatabase::Host),
            };
            if path.is_empty() {
                return Err(NotADatabase::Path);
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            crate::postgres::check_url(text).map_err(NotADatabase::Url)?;
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(NotADatabase::Scheme)
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => write!(f, "postgres://{}", place(url)),
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Host and name of a URL, without user, password and parameters.
fn place(url: &str) -> &str {
    let (_, behind) = url.split_once("://").unwrap_or_default();
    let place = behind.split('?').next().unwrap_or_default();
    match place.rsplit_once('@') {
        Some((_, place)) => place,
        // The ? was part of an unescaped password.
        None if behind.contains('@') => "***",
        None => place,
    }
}

/// Opens the database with default options and brings it up to date.
pub async fn open(database: &Database) -> Result<Arc<dyn Store>, Fault> {
    Ok(match database {
        Database::Memory => Arc::new(MemoryStore::new()),
        Database::Sqlite(path) => Arc::new(SqliteStore::open(path, SqliteOptions::default())?),
        Database::Postgres(url) => {
            Arc::new(PostgresStore::connect(url, PostgresOptions::default()).await?)
        }
    })
}

/// The same for a server whose memory is weighed: SQLite keeps at most so many MiB of documents. The
/// other databases keep none.
pub async fn open_keeping(database: &Database, mib: u32) -> Result<Arc<dyn Store>, Fault> {
    let options = SqliteOptions {
        kept_kib: mib.saturating_mul(1024),
        ..SqliteOptions::default()
    };
    match database {
        Database::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path, options)?)),
        Database::Memory | Database::Postgres(_) => open(database).await,
    }
}

/// Opens the database for a program that does nothing but write very much, such as a mass import:
/// with memory for the indexes it writes all over.
pub async fn open_for_much(database: &Database) -> Result<Arc<dyn Store>, Fault> {
    match database {
        Database::Sqlite(path) => Ok(Arc::new(SqliteStore::open(
            path,
            SqliteOptions::for_much(),
        )?)),
        Database::Memory | Database::Postgres(_) => open(database).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let sqlite = |path: &str| Ok(Database::Sqlite(path.into()));
        assert_eq!("memory:".parse(), Ok(Database::Memory));
        assert_eq!("sqlite:a/b.db".parse(), sqlite("a/b.db"));
        assert_eq!("sqlite:/a/b.db".parse(), sqlite("/a/b.db"));
        assert_eq!("sqlite:///a/b.db".parse(), sqlite("/a/b.db"));
        for url in [
            "postgres://u@h/d",
            "postgresql://u:p@h:5433/d?sslmode=require&sslrootcert=/etc/ca.pem",
            "postgres://u@/d?host=/run/postgresql&sslmode=disable",
        ] {
            assert_eq!(url.parse(), Ok(Database::Postgres(url.to_owned())));
        }
    }

    #[test]
    fn every_mistake_is_explained() {
        for (text, says) in [
            ("mysql://x", "expected memory:, sqlite:PATH or postgres://"),
            ("countersign.db", "expected memory:"),
            ("sqlite:", "needs the path"),
            ("sqlite://relative.db", "no slashes"),
            ("postgres://u@h/d?sslmode=maybe", "sslmode"),
            ("postgres://u@h/d?sslrotcert=x", "sslrotcert"),
            ("postgres://u:hunter2@h:port/d", "port"),
        ] {
            let error = text.parse::<Database>().unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://user:hunter2@h/d",
            "postgres://user:hun@hunter2@h/d?sslmode=disable",
            "postgres://user@h/d?password=hunter2&sslmode=disable",
            "postgres://h/d?user=user&p%61ssword=hunter2",
        ] {
            let database = Database::Postgres(url.to_owned());
            assert_eq!(
                format!("{database} {database:?}"),
                "postgres://h/d postgres://h/d"
            );
        }
        let odd = Database::Postgres("postgres://user:hunter2?@h/d".to_owned());
        assert_eq!(odd.to_string(), "postgres://***");
    }
}
