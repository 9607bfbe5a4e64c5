//! Values between Rust and SQLite columns.

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Doc, Fault, Key, Kind, Reading};
use countersign_domain::time::Time;
use rusqlite::Row;

use crate::plan::{self, Filed};

pub(super) fn env(env: EnvId) -> [u8; 16] {
    env.uuid().into_bytes()
}

pub(super) fn env_from(bytes: [u8; 16]) -> EnvId {
    EnvId::from_uuid(uuid::Uuid::from_bytes(bytes))
}

/// Counters stay far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// A document from the columns `id, version, schema, expires_at, body`, starting at `first`.
pub(super) fn doc(row: &Row<'_>, first: usize, kind: Kind, env: EnvId) -> rusqlite::Result<Doc> {
    Ok(Doc {
        key: Key::new(kind, env, row.get::<_, String>(first)?),
        version: unsigned(row.get(first + 1)?),
        schema: row.get(first + 2)?,
        expires_at: row.get::<_, Option<i64>>(first + 3)?.map(Time::from_millis),
        body: row.get(first + 4)?,
        indexes: Vec::new(),
        uniques: Vec::new(),
        reading: Reading::default(),
    })
}

/// Version, expiry and `filed` text of a document, as a plan wants them.
pub(super) type Known = (i64, Option<i64>, Option<String>);

pub(super) fn known(row: &Row<'_>, first: usize) -> rusqlite::Result<Known> {
    Ok((row.get(first)?, row.get(first + 1)?, row.get(first + 2)?))
}

pub(super) fn plan_row(known: &Known, key: &Key) -> Result<plan::Row, Fault> {
    Ok(plan::Row {
        version: unsigned(known.0),
        expires_at: known.1.map(Time::from_millis),
        filed: filed(known.2.as_deref(), key)?,
    })
}

pub(super) fn filed(text: Option<&str>, key: &Key) -> Result<Filed, Fault> {
    Filed::parse(text).map_err(|error| Fault::Corrupt {
        key: key.clone(),
        reason: format!("its list of index entries: {:?}", error.classify()),
    })
}
