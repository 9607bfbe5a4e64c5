//! Applies migrations in one exclusive transaction, so that of two processes one waits.

use countersign_domain::store::Fault;
use rusqlite::{Connection, TransactionBehavior, params};

use super::storage;
use crate::migrations;

pub(super) fn run(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Exclusive)
        .map_err(storage)?;
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS migrations (
                 number INTEGER NOT NULL PRIMARY KEY,
                 sql    TEXT    NOT NULL
             ) STRICT;",
        )
        .map_err(storage)?;
    let applied = applied(&transaction).map_err(storage)?;
    for migration in migrations::pending(migrations::SQLITE, &applied)? {
        transaction.execute_batch(migration.sql).map_err(storage)?;
        transaction
            .execute(
                "INSERT INTO migrations (number, sql) VALUES (?1, ?2)",
                params![migration.number, migration.sql],
            )
            .map_err(storage)?;
    }
    transaction.commit().map_err(storage)
}

fn applied(connection: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare("SELECT number, sql FROM migrations ORDER BY number")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
