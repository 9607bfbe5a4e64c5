//! Values between Rust and PostgreSQL columns.

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Doc, Fault, Key, Kind, Reading};
use countersign_domain::time::Time;
use tokio_postgres::Row;

use super::session::fault;
use crate::plan::{self, Filed};

pub(super) fn env(env: EnvId) -> Vec<u8> {
    env.uuid().into_bytes().to_vec()
}

pub(super) fn kind(kind: Kind) -> i64 {
    i64::from(kind.number)
}

/// Counters stay far below 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// One column, or the fault that it is not what this program writes.
pub(super) fn column<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    index: usize,
) -> Result<T, Fault> {
    row.try_get(index).map_err(|error| fault(&error))
}

/// Ids and values are stored as bytes.
pub(super) fn text(row: &Row, index: usize) -> Result<String, Fault> {
    String::from_utf8(column(row, index)?)
        .map_err(|_| Fault::Storage("an id or value is not UTF-8".to_owned()))
}

pub(super) fn env_at(row: &Row, index: usize) -> Result<EnvId, Fault> {
    uuid::Uuid::from_slice(column(row, index)?)
        .map(EnvId::from_uuid)
        .map_err(|_| Fault::Storage("an environment is not 16 bytes".to_owned()))
}

/// A key from the columns `env, kind, id`. The kind has no name here, and needs none.
pub(super) fn key(row: &Row, first: usize) -> Result<Key, Fault> {
    let number: i64 = column(row, first + 1)?;
    let kind = Kind {
        number: u16::try_from(number).unwrap_or_default(),
        name: "kind",
    };
    Ok(Key::new(kind, env_at(row, first)?, text(row, first + 2)?))
}

/// A document from the columns `id, version, schema, expires_at, body`.
pub(super) fn doc(row: &Row, first: usize, kind: Kind, env: EnvId) -> Result<Doc, Fault> {
    let schema: i64 = column(row, first + 2)?;
    let expires_at: Option<i64> = column(row, first + 3)?;
    Ok(Doc {
        key: Key::new(kind, env, text(row, first)?),
        version: unsigned(column(row, first + 1)?),
        schema: u16::try_from(schema).unwrap_or_default(),
        expires_at: expires_at.map(Time::from_millis),
        body: column(row, first + 4)?,
        indexes: Vec::new(),
        uniques: Vec::new(),
        reading: Reading::default(),
    })
}

/// What a plan wants to know, from the columns `version, expires_at, filed`.
pub(super) fn plan_row(row: &Row, first: usize, key: &Key) -> Result<plan::Row, Fault> {
    let expires_at: Option<i64> = column(row, first + 1)?;
    Ok(plan::Row {
        version: unsigned(column(row, first)?),
        expires_at: expires_at.map(Time::from_millis),
        filed: filed(row, first + 2, key)?,
    })
}

pub(super) fn filed(row: &Row, index: usize, key: &Key) -> Result<Filed, Fault> {
    Filed::parse(column(row, index)?).map_err(|error| Fault::Corrupt {
        key: key.clone(),
        reason: format!("its list of index entries: {:?}", error.classify()),
    })
}
