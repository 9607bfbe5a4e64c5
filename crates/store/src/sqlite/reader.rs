//! Reads, on whatever thread asks.

use std::path::PathBuf;

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Changes, Doc, Event, Fault, Health, Key, Seq, Unique};
use countersign_domain::time::Time;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{SqliteOptions, configure, rows, storage};

/// Read connections that are not in use, opened when first needed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    options: SqliteOptions,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        Self {
            path,
            options,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Reads with a connection of its own. There are never more of them than threads that read at
    /// the same moment. A connection whose read failed is not used again.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let answer = read(&connection).map_err(storage)?;
        let mut idle = self.idle.lock();
        if idle.len() < self.options.readers {
            idle.push(connection);
        }
        Ok(answer)
    }

    fn open(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags).map_err(storage)?;
        configure(&mut connection, self.options.reader_cache_kib)?;
        Ok(connection)
    }
}

const GET: &str = "SELECT id, version, schema, expires_at, body FROM docs
     WHERE env = ?1 AND kind = ?2 AND id = ?3 AND (expires_at IS NULL OR expires_at > ?4)";

fn get(db: &Connection, key: &Key, now: Time) -> rusqlite::Result<Option<Doc>> {
    db.prepare_cached(GET)?
        .query_row(
            params![rows::env(key.env), key.kind.number, key.id, now.millis()],
            |row| rows::doc(row, 0, key.kind, key.env),
        )
        .optional()
}

/// In one transaction: taking and giving back its lock costs more than finding a document.
pub(super) fn get_all(
    db: &Connection,
    keys: &[Key],
    now: Time,
) -> rusqlite::Result<Vec<Option<Doc>>> {
    if let [key] = keys {
        return Ok(vec![get(db, key, now)?]);
    }
    db.prepare_cached("BEGIN")?.execute([])?;
    let docs = keys.iter().map(|key| get(db, key, now)).collect();
    db.prepare_cached("COMMIT")?.execute([])?;
    docs
}

pub(super) fn get_by(db: &Connection, unique: &Unique, now: Time) -> rusqlite::Result<Option<Doc>> {
    db.prepare_cached(
        "SELECT d.id, d.version, d.schema, d.expires_at, d.body
         FROM uniques u CROSS JOIN docs d ON d.env = u.env AND d.kind = u.kind AND d.id = u.id
         WHERE u.env = ?1 AND u.kind = ?2 AND u.name = ?3 AND u.value = ?4
           AND (d.expires_at IS NULL OR d.expires_at > ?5)",
    )?
    .query_row(
        params![
            rows::env(unique.env),
            unique.kind.number,
            unique.name,
            unique.value,
            now.millis()
        ],
        |row| rows::doc(row, 0, unique.kind, unique.env),
    )
    .optional()
}

pub(super) fn changes(db: &Connection, since: Seq) -> rusqlite::Result<Changes> {
    let environments: Vec<(EnvId, Seq)> = db
        .prepare_cached("SELECT env, seq FROM changes WHERE seq > ?1 ORDER BY seq, env")?
        .query_map(params![rows::signed(since.0)], |row| {
            Ok((
                rows::env_from(row.get(0)?),
                Seq(rows::unsigned(row.get(1)?)),
            ))
        })?
        .collect::<Result<_, _>>()?;
    Ok(Changes {
        latest: environments.last().map_or(since, |(_, seq)| *seq),
        environments,
    })
}

pub(super) fn newest_change(db: &Connection, env: EnvId) -> rusqlite::Result<Option<Seq>> {
    db.prepare_cached("SELECT seq FROM changes WHERE env = ?1")?
        .query_row(params![rows::env(env)], |row| row.get(0))
        .optional()
        .map(|seq| seq.map(|seq| Seq(rows::unsigned(seq))))
}

pub(super) fn events(
    db: &Connection,
    env: EnvId,
    (from, to): (Time, Time),
    after: Option<&str>,
    limit: u32,
) -> rusqlite::Result<Vec<Event>> {
    let mut start = (from.millis(), String::new());
    if let Some(id) = after {
        let at: Option<i64> = db
            .prepare_cached("SELECT at FROM events WHERE env = ?1 AND id = ?2")?
            .query_row(params![rows::env(env), id], |row| row.get(0))
            .optional()?;
        if let Some(at) = at {
            start = start.max((at, id.to_owned()));
        }
    }
    // Ids are not empty: (at, "") lies before every event of that moment.
    db.prepare_cached(
        "SELECT id, at, body FROM events
         WHERE env = ?1 AND (at, id) > (?2, ?3) AND at < ?4 ORDER BY at, id LIMIT ?5",
    )?
    .query_map(
        params![rows::env(env), start.0, start.1, to.millis(), limit],
        |row| {
            Ok(Event {
                env,
                id: row.get(0)?,
                at: Time::from_millis(row.get(1)?),
                body: row.get(2)?,
            })
        },
    )?
    .collect()
}

pub(super) fn health(db: &Connection) -> rusqlite::Result<Health> {
    let migration = db.query_row("SELECT max(number) FROM migrations", [], |row| row.get(0))?;
    Ok(Health {
        adapter: "sqlite",
        version: rusqlite::version().to_owned(),
        migration,
    })
}

#[cfg(test)]
mod tests {
    use countersign_domain::entity::kinds;
    use rusqlite::StatementStatus;

    use super::*;
    use crate::migrations;

    #[test]
    fn no_value_has_a_statement_prepared_again() {
        let mut db = Connection::open_in_memory().unwrap();
        configure(&mut db, 1024).unwrap();
        for migration in migrations::SQLITE {
            db.execute_batch(migration.sql).unwrap();
        }
        let key = Key::new(kinds::USER, EnvId::PLATFORM, "none");
        for second in 1..10 {
            get(&db, &key, Time::from_millis(second * 1000)).unwrap();
        }
        let statement = db.prepare_cached(GET).unwrap();
        assert_eq!(statement.get_status(StatementStatus::Run), 9);
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
