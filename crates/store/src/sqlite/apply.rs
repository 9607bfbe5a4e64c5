//! One batch, inside the transaction of its group.

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Committed, Entries, Event, Fault, Key, Kind, Seq, Unique};
use countersign_domain::time::Time;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::{list, rows, storage};
use crate::plan::{Entry, Facts, Failure, NewDoc, Plan, Row};

/// Checks and applies a batch; says what was written.
pub(super) fn commit(db: &Connection, batch: Batch, now: Time) -> Result<(Committed, Plan), Fault> {
    let plan = Plan::of(batch, now, &mut Lookups::on(db)).map_err(|failure| match failure {
        Failure::Conflict(conflict) => Fault::Conflict(conflict),
        Failure::Lookup(fault) => fault,
    })?;
    append(db, &plan.events)?;
    let seq = apply(db, &plan).map_err(storage)?;
    Ok((Committed { seq }, plan))
}

/// Removes at most `max` expired documents; says which.
pub(super) fn sweep(db: &Connection, now: Time, max: u32) -> Result<Plan, Fault> {
    let found = expired(db, now, max).map_err(storage)?;
    let found = found.into_iter().map(|(key, text)| {
        let filed = rows::filed(text.as_deref(), &key)?;
        Ok((key, filed))
    });
    let plan = Plan::sweep(found.collect::<Result<_, Fault>>()?);
    apply(db, &plan).map_err(storage)?;
    Ok(plan)
}

fn expired(db: &Connection, now: Time, max: u32) -> rusqlite::Result<Vec<(Key, Option<String>)>> {
    db.prepare_cached(
        "SELECT env, kind, id, filed FROM docs WHERE expires_at <= ?1
         ORDER BY expires_at LIMIT ?2",
    )?
    .query_map(params![now.millis(), max], |row| {
        // A sweep removes kinds that this program may not even know.
        let kind = Kind {
            number: row.get(1)?,
            name: "expired",
        };
        let key = Key::new(kind, rows::env_from(row.get(0)?), row.get::<_, String>(2)?);
        Ok((key, row.get(3)?))
    })?
    .collect()
}

/// Removes the oldest events of an environment.
pub(super) fn forget(db: &Connection, env: EnvId, before: Time, max: u32) -> Result<u32, Fault> {
    let delete = || {
        db.prepare_cached(
            "DELETE FROM events WHERE rowid IN (
                 SELECT rowid FROM events WHERE env = ?1 AND at < ?2 ORDER BY at, id LIMIT ?3)",
        )?
        .execute(params![rows::env(env), before.millis(), max])
    };
    let removed = delete().map_err(storage)?;
    Ok(u32::try_from(removed).unwrap_or(u32::MAX))
}

/// Appends events; one that is there already stays as it is, so that a caller whose answer was
/// lost may try again.
pub(super) fn append(db: &Connection, events: &[Event]) -> Result<(), Fault> {
    let text = "INSERT INTO events (env, id, at, body) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (env, id) DO NOTHING";
    let insert = |statement: &mut CachedStatement<'_>, event: &Event| {
        statement.execute(params![
            rows::env(event.env),
            event.id,
            event.at.millis(),
            event.body
        ])
    };
    each(db, text, events, insert).map_err(storage)
}

/// Lookups for a plan, on the writing connection: they see the batches before in the same group.
struct Lookups<'c> {
    db: &'c Connection,
    row: Option<CachedStatement<'c>>,
    holder: Option<CachedStatement<'c>>,
}

impl<'c> Lookups<'c> {
    const fn on(db: &'c Connection) -> Self {
        let (row, holder) = (None, None);
        Self { db, row, holder }
    }

    fn find_row(&mut self, key: &Key) -> rusqlite::Result<Option<rows::Known>> {
        let text = "SELECT version, expires_at, filed FROM docs
             WHERE env = ?1 AND kind = ?2 AND id = ?3";
        prepared(&mut self.row, self.db, text)?
            .query_row(
                params![rows::env(key.env), key.kind.number, key.id],
                |row| rows::known(row, 0),
            )
            .optional()
    }

    fn find_holder(&mut self, unique: &Unique) -> rusqlite::Result<Option<(String, rows::Known)>> {
        let text = "SELECT d.id, d.version, d.expires_at, d.filed
             FROM uniques u CROSS JOIN docs d
               ON d.env = u.env AND d.kind = u.kind AND d.id = u.id
             WHERE u.env = ?1 AND u.kind = ?2 AND u.name = ?3 AND u.value = ?4";
        prepared(&mut self.holder, self.db, text)?
            .query_row(
                params![
                    rows::env(unique.env),
                    unique.kind.number,
                    unique.name,
                    unique.value
                ],
                |row| Ok((row.get(0)?, rows::known(row, 1)?)),
            )
            .optional()
    }
}

/// The statement in the slot, prepared when it is first needed.
fn prepared<'s, 'c>(
    slot: &'s mut Option<CachedStatement<'c>>,
    db: &'c Connection,
    text: &str,
) -> rusqlite::Result<&'s mut CachedStatement<'c>> {
    Ok(match slot {
        Some(statement) => statement,
        None => slot.insert(db.prepare_cached(text)?),
    })
}

impl Facts for Lookups<'_> {
    type Error = Fault;
    /// There is one writer.
    const KEYS_CAN_BE_TAKEN: bool = false;

    fn row(&mut self, key: &Key) -> Result<Option<Row>, Fault> {
        let known = self.find_row(key).map_err(storage)?;
        known.map(|known| rows::plan_row(&known, key)).transpose()
    }

    fn holder(&mut self, unique: &Unique) -> Result<Option<(String, Row)>, Fault> {
        let Some((id, known)) = self.find_holder(unique).map_err(storage)? else {
            return Ok(None);
        };
        let key = Key::new(unique.kind, unique.env, id);
        let row = rows::plan_row(&known, &key)?;
        Ok(Some((key.id, row)))
    }

    fn filed(&mut self, entries: &Entries, enough: usize, now: Time) -> Result<Vec<String>, Fault> {
        list::filed(self.db, entries, enough, now).map_err(storage)
    }
}

fn apply(db: &Connection, plan: &Plan) -> rusqlite::Result<Option<Seq>> {
    for env in &plan.wipes {
        for text in [
            "DELETE FROM docs WHERE env = ?1",
            "DELETE FROM entries WHERE env = ?1",
            "DELETE FROM uniques WHERE env = ?1",
        ] {
            db.prepare_cached(text)?.execute(params![rows::env(*env)])?;
        }
    }
    delete(db, &plan.deletes)?;
    change(
        db,
        "DELETE FROM entries
         WHERE env = ?1 AND kind = ?2 AND name = ?3 AND value = ?4 AND id = ?5",
        &plan.entries_removed,
    )?;
    change(
        db,
        "DELETE FROM uniques
         WHERE env = ?1 AND kind = ?2 AND name = ?3 AND value = ?4 AND id = ?5",
        &plan.uniques_removed,
    )?;
    write(
        db,
        "INSERT INTO docs (env, kind, id, version, schema, expires_at, filed, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        plan.inserts.iter(),
    )?;
    let updates = |keep: bool| {
        let updates = plan.updates.iter();
        updates.filter(move |new| new.keeps_expiry == keep)
    };
    // SQLite would take the document out of the index of expiry and put it in again: another page
    // to write for nothing.
    write(
        db,
        "UPDATE docs SET version = ?4, schema = ?5, filed = ?7, body = ?8
         WHERE env = ?1 AND kind = ?2 AND id = ?3",
        updates(true),
    )?;
    write(
        db,
        "UPDATE docs SET version = ?4, schema = ?5, expires_at = ?6, filed = ?7, body = ?8
         WHERE env = ?1 AND kind = ?2 AND id = ?3",
        updates(false),
    )?;
    change(
        db,
        "INSERT INTO entries (env, kind, name, value, id) VALUES (?1, ?2, ?3, ?4, ?5)",
        &plan.entries_added,
    )?;
    change(
        db,
        "INSERT INTO uniques (env, kind, name, value, id) VALUES (?1, ?2, ?3, ?4, ?5)",
        &plan.uniques_added,
    )?;
    announce(db, plan)
}

/// Gives the changed environments their position.
fn announce(db: &Connection, plan: &Plan) -> rusqlite::Result<Option<Seq>> {
    if plan.changes.is_empty() {
        return Ok(None);
    }
    let seq: i64 = db
        .prepare_cached("UPDATE counter SET seq = seq + 1 WHERE one = 1 RETURNING seq")?
        .query_row([], |row| row.get(0))?;
    for env in &plan.changes {
        db.prepare_cached(
            "INSERT INTO changes (env, seq) VALUES (?1, ?2)
             ON CONFLICT (env) DO UPDATE SET seq = excluded.seq",
        )?
        .execute(params![rows::env(*env), seq])?;
    }
    Ok(Some(Seq(rows::unsigned(seq))))
}

/// A statement that runs for every one of `items`, prepared once: a batch may have ten thousand.
fn each<T>(
    db: &Connection,
    text: &str,
    items: impl IntoIterator<Item = T>,
    run: impl Fn(&mut CachedStatement<'_>, T) -> rusqlite::Result<usize>,
) -> rusqlite::Result<()> {
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        return Ok(());
    }
    let mut statement = db.prepare_cached(text)?;
    items.try_for_each(|item| run(&mut statement, item).map(drop))
}

fn delete(db: &Connection, keys: &[Key]) -> rusqlite::Result<()> {
    let text = "DELETE FROM docs WHERE env = ?1 AND kind = ?2 AND id = ?3";
    each(db, text, keys, |statement, key| {
        statement.execute(params![rows::env(key.env), key.kind.number, key.id])
    })
}

fn write<'n>(
    db: &Connection,
    text: &str,
    docs: impl Iterator<Item = &'n NewDoc>,
) -> rusqlite::Result<()> {
    each(db, text, docs, |statement, new| {
        let doc = &new.doc;
        statement.execute(params![
            rows::env(doc.key.env),
            doc.key.kind.number,
            doc.key.id,
            rows::signed(doc.version),
            doc.schema,
            doc.expires_at.map(Time::millis),
            new.filed,
            doc.body
        ])
    })
}

fn change(db: &Connection, text: &str, entries: &[Entry]) -> rusqlite::Result<()> {
    each(db, text, entries, |statement, entry| {
        statement.execute(params![
            rows::env(entry.env),
            entry.kind.number,
            entry.name,
            entry.value,
            entry.id
        ])
    })
}
