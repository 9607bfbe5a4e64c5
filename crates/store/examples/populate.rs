//! Copies a user of a SQLite database many times, for `cargo xtask bench`: does an operation cost the
//! same among a million users? What is sealed or unique of the original is not checked: it is copied
//! as it is, under another id and another name.
//!
//! `populate DATABASE ENVIRONMENT USERNAME USERS`: the name ends with seven digits, `0000000`.

use std::error::Error;

use countersign_domain::entity::kinds;
use rusqlite::{Connection, params};
use uuid::Uuid;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, environment, username, users] = arguments.as_slice() else {
        return Err("usage: populate DATABASE ENVIRONMENT USERNAME USERS".into());
    };
    let stem = username.strip_suffix("0000000");
    let stem = stem.ok_or("the name does not end with 0000000")?;
    let environment: Uuid = environment.parse()?;
    let environment = environment.as_bytes().as_slice();
    let users: u32 = users.parse()?;
    let mut db = Connection::open(database)?;
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;",
    )?;
    let transaction = db.transaction()?;
    let original: String = transaction.query_row(
        "SELECT id FROM uniques WHERE env = ?1 AND kind = ?2 AND name = 'username' AND value = ?3",
        params![environment, kinds::USER.number, username],
        |row| row.get(0),
    )?;
    // Names and ids grow with their number, so that every index is written at its end.
    let new = |column: &str| {
        format!(
            "replace(replace({column}, ?3, printf('5ca1ab1e-0000-0000-0000-%012x', i)),
                 ?4 || '0000000', ?4 || printf('%07d', i))"
        )
    };
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
                "WITH RECURSIVE numbers (i) AS
                     (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ?2 - 1),
                 original AS MATERIALIZED (SELECT * FROM {table} WHERE env = ?1 AND id = ?3)
                 INSERT INTO {table} ({kept}, {})
                 SELECT {kept}, {} FROM numbers CROSS JOIN original",
                renamed.join(", "),
                values.join(", "),
            ),
            params![environment, users, original, stem],
        )?;
    }
    transaction.commit()?;
    println!("{users} users");
    Ok(())
}
