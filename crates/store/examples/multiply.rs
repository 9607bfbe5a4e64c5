//! Copies an environment of a SQLite database many times, for `cargo xtask bench`: how long does a
//! start take when there are ten thousand? Copied documents keep their ids, which are unique in
//! their environment; what is sealed for the original cannot be opened in a copy.
//!
//! `multiply DATABASE ENVIRONMENT NAME COPIES`

use std::error::Error;

use countersign_domain::entity::kinds;
use rusqlite::{Connection, params};
use uuid::Uuid;

/// The copies' ids begin with this and end with their number.
const PREFIX: &str = "5ca1ab1e";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, environment, name, copies] = arguments.as_slice() else {
        return Err("usage: multiply DATABASE ENVIRONMENT NAME COPIES".into());
    };
    let environment: Uuid = environment.parse()?;
    let copies: u32 = copies.parse()?;
    let mut db = Connection::open(database)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;",
    )?;
    let transaction = db.transaction()?;
    let id = format!("unhex('{PREFIX}' || printf('%024x', i))");
    let numbers = "WITH RECURSIVE numbers (i) AS
         (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?2)";
    for (table, columns) in [
        ("docs", "kind, id, version, schema, expires_at, filed, body"),
        ("entries", "kind, name, value, id"),
        ("uniques", "kind, name, value, id"),
        ("changes", "seq"),
    ] {
        transaction.execute(
            &format!(
                "{numbers} INSERT INTO {table} (env, {columns})
                 SELECT {id}, {columns} FROM numbers CROSS JOIN {table} WHERE env = ?1"
            ),
            params![environment.as_bytes().as_slice(), copies],
        )?;
    }
    // The environment itself is filed with the platform, under its id and its name.
    let new = |column: &str| {
        let text = format!("'{PREFIX}-' || printf('%04x-%04x-%04x-%012x', 0, 0, 0, i)");
        format!(
            "replace(replace(replace({column}, ?3, {text}), ?4, ?4 || ' ' || i),
                 lower(?4), lower(?4) || ' ' || i)"
        )
    };
    let platform = Uuid::nil();
    for (table, kept, renamed) in [
        (
            "docs",
            "env, kind, version, schema, expires_at",
            ["id", "filed", "body"].as_slice(),
        ),
        ("entries", "env, kind, name", &["value", "id"]),
        ("uniques", "env, kind, name", &["value", "id"]),
    ] {
        let values: Vec<String> = renamed.iter().map(|column| new(column)).collect();
        transaction.execute(
            &format!(
                "{numbers} INSERT INTO {table} ({kept}, {})
                 SELECT {kept}, {} FROM numbers CROSS JOIN {table}
                 WHERE env = ?1 AND kind = {} AND id = ?3",
                renamed.join(", "),
                values.join(", "),
                kinds::ENVIRONMENT.number,
            ),
            params![
                platform.as_bytes().as_slice(),
                copies,
                environment.to_string(),
                name
            ],
        )?;
    }
    transaction.commit()?;
    println!("{copies} copies of {environment}");
    Ok(())
}
