//! Which database: `memory:`, `sqlite:PATH` or `postgres://...`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use countersign_domain::ports::Store;
use countersign_domain::store::Fault;

use crate::{MemoryStore, SqliteOptions, SqliteStore};

/// Where documents live. The password in a PostgreSQL URL appears in no output.
#[derive(Clone, PartialEq, Eq)]
pub enum Database {
    /// In this process, until it ends.
    Memory,
    /// In a file.
    Sqlite(PathBuf),
    /// On a PostgreSQL server, by its URL.
    Postgres(String),
}

/// The text names no database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotADatabase {
    /// Another scheme, or none.
    #[error("a database is `sqlite:PATH`, `postgres://USER:PASSWORD@HOST/NAME` or `memory:`")]
    Scheme,
    /// `sqlite:` alone.
    #[error("`sqlite:` needs the path of a file, as in `sqlite:countersign.db`")]
    Path,
}

impl FromStr for Database {
    type Err = NotADatabase;

    fn from_str(text: &str) -> Result<Self, NotADatabase> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        match text.strip_prefix("sqlite:") {
            Some("") => Err(NotADatabase::Path),
            Some(path) => Ok(Self::Sqlite(path.into())),
            None => Err(NotADatabase::Scheme),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            // Host and name, without user and password.
            Self::Postgres(url) => {
                let (_, behind) = url.split_once("://").unwrap_or_default();
                let place = behind.rsplit_once('@').map_or(behind, |(_, place)| place);
                let place = place.split('?').next().unwrap_or_default();
                write!(f, "postgres://{place}")
            }
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Opens a database; brings it up to the newest migration first.
pub async fn open(database: &Database) -> Result<Arc<dyn Store>, Fault> {
    Ok(match database {
        Database::Memory => Arc::new(MemoryStore::new()),
        Database::Sqlite(path) => Arc::new(SqliteStore::open(path, SqliteOptions::default())?),
        Database::Postgres(_) => {
            return Err(Fault::Storage(
                "the PostgreSQL adapter is not part of this build".to_owned(),
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for url in [
            "postgres://user:hunter2@db.example/countersign?sslmode=require",
            "postgresql://user:hun@ter2@db.example/countersign",
        ] {
            let database: Database = url.parse().unwrap();
            assert_eq!(
                format!("{database} {database:?}"),
                "postgres://db.example/countersign postgres://db.example/countersign"
            );
        }
    }

    #[test]
    fn what_is_no_database_is_refused_without_being_quoted() {
        assert_eq!("memory:".parse(), Ok(Database::Memory));
        assert_eq!("sqlite:a/b".parse(), Ok(Database::Sqlite("a/b".into())));
        assert_eq!("sqlite:".parse::<Database>(), Err(NotADatabase::Path));
        assert_eq!("mysql://x".parse::<Database>(), Err(NotADatabase::Scheme));
    }
}
