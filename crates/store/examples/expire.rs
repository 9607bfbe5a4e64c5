//! Lets every flow of a SQLite database expire at once, for `cargo xtask bench`: nobody waits a
//! quarter of an hour to see them swept.
//!
//! `expire DATABASE`

use std::error::Error;
use std::time::Duration;

use countersign_domain::entity::kinds;
use rusqlite::Connection;

fn main() -> Result<(), Box<dyn Error>> {
    let database = std::env::args().nth(1).ok_or("usage: expire DATABASE")?;
    let db = Connection::open(database)?;
    db.busy_timeout(Duration::from_secs(10))?;
    let expired = db.execute(
        "UPDATE docs SET expires_at = 1 WHERE kind = ?1",
        [kinds::FLOW.number],
    )?;
    println!("{expired} flows expired");
    Ok(())
}
