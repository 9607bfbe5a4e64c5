//! Reads: one statement each, on a connection of the pool.

use countersign_domain::ids::EnvId;
use countersign_domain::store::{
    Changes, Cursor, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use countersign_domain::time::Time;
use deadpool_postgres::Pool;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::rows;
use super::session::{connection, fault, prepare};
use crate::range::Interval;

async fn query(
    pool: &Pool,
    text: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Fault> {
    let connection = connection(pool).await?;
    let read = async {
        let statement = prepare(&connection, text).await?;
        connection.query(&statement, parameters).await
    };
    read.await.map_err(|error| fault(&error))
}

pub(super) async fn get(pool: &Pool, key: &Key, now: Time) -> Result<Option<Doc>, Fault> {
    let found = query(
        pool,
        "SELECT id, version, schema, expires_at, body FROM docs
         WHERE env = $1 AND kind = $2 AND id = $3 AND (expires_at IS NULL OR expires_at > $4)",
        &[
            &rows::env(key.env),
            &rows::kind(key.kind),
            &key.id.as_bytes(),
            &now.millis(),
        ],
    )
    .await?;
    let row = found.first();
    row.map(|row| rows::doc(row, 0, key.kind, key.env))
        .transpose()
}

pub(super) async fn get_by(pool: &Pool, unique: &Unique, now: Time) -> Result<Option<Doc>, Fault> {
    if unique.name.contains('\0') {
        return Ok(None);
    }
    let found = query(
        pool,
        "SELECT d.id, d.version, d.schema, d.expires_at, d.body
         FROM uniques u JOIN docs d ON d.env = u.env AND d.kind = u.kind AND d.id = u.id
         WHERE u.env = $1 AND u.kind = $2 AND u.name = $3 AND u.value = $4
           AND (d.expires_at IS NULL OR d.expires_at > $5)",
        &[
            &rows::env(unique.env),
            &rows::kind(unique.kind),
            &unique.name.as_ref(),
            &unique.value.as_bytes(),
            &now.millis(),
        ],
    )
    .await?;
    let row = found.first();
    row.map(|row| rows::doc(row, 0, unique.kind, unique.env))
        .transpose()
}

/// One page. Asks for one document more than wanted, to know whether it is the last page.
pub(super) async fn list(pool: &Pool, asked: &Query, now: Time) -> Result<Page, Fault> {
    let interval = Interval::of(asked);
    if interval.is_empty() {
        return Ok(Page {
            docs: Vec::new(),
            next: None,
        });
    }
    let limit = asked.limit.max(1);
    let text = list_text(asked, interval.end.is_some());
    let (env, kind) = (rows::env(asked.env), rows::kind(asked.kind));
    let name = asked.index.unwrap_or_default();
    let (start_value, start_id) = interval.start;
    let (end_value, end_id) = interval.end.unzip();
    let (start_value, start_id) = (start_value.into_bytes(), start_id.into_bytes());
    let end_value = end_value.map(String::into_bytes);
    let end_id = end_id.map(String::into_bytes);
    let (millis, rows_wanted) = (now.millis(), i64::from(limit) + 1);
    let mut parameters: Vec<&(dyn ToSql + Sync)> =
        vec![&env, &kind, &millis, &rows_wanted, &start_value];
    if end_value.is_some() {
        parameters.push(&end_value);
    }
    if asked.index.is_some() {
        parameters.push(&name);
        parameters.push(&start_id);
        if end_id.is_some() {
            parameters.push(&end_id);
        }
    }
    let mut found = query(pool, &text, &parameters).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > wanted;
    found.truncate(wanted);
    let mut next = None;
    if let Some(last) = found.last().filter(|_| more) {
        next = Some(Cursor {
            value: rows::text(last, 0)?,
            id: rows::text(last, 1)?,
        });
    }
    let docs = found.iter();
    let docs = docs
        .map(|row| rows::doc(row, 1, asked.kind, asked.env))
        .collect::<Result<_, _>>()?;
    Ok(Page { docs, next })
}

/// How many documents a query finds, from the index alone.
pub(super) async fn count(pool: &Pool, asked: &Query) -> Result<u32, Fault> {
    let interval = Interval::of(asked);
    if interval.is_empty() {
        return Ok(0);
    }
    let text = count_text(asked, interval.end.is_some());
    let (env, kind) = (rows::env(asked.env), rows::kind(asked.kind));
    let limit = i64::from(asked.limit);
    let (start_value, start_id) = interval.start;
    let (start_value, start_id) = (start_value.into_bytes(), start_id.into_bytes());
    let (end_value, end_id) = interval.end.unzip();
    let end_value = end_value.map(String::into_bytes);
    let end_id = end_id.map(String::into_bytes);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&env, &kind, &limit, &start_value];
    if asked.index.is_some() {
        parameters.extend([&start_id as &(dyn ToSql + Sync), &asked.index]);
    }
    if end_value.is_some() {
        parameters.push(&end_value);
        if asked.index.is_some() {
            parameters.push(&end_id);
        }
    }
    let found = query(pool, &text, &parameters).await?;
    let count: i64 = match found.first() {
        Some(row) => rows::column(row, 0)?,
        None => 0,
    };
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// One of four statements. $1 to $4 are the same in all: environment, kind, limit, start; then, of an
/// index, the id of the start and its name; then the end, and of an index its id.
fn count_text(asked: &Query, has_end: bool) -> String {
    let (table, start, end) = match asked.index {
        Some(_) => (
            "entries",
            "name = $6 AND (value, id) >= ($4, $5)",
            "AND (value, id) < ($7, $8)",
        ),
        None => ("docs", "id >= $4", "AND id < $5"),
    };
    let end = if has_end { end } else { "" };
    format!(
        "SELECT COUNT(*) FROM (
             SELECT 1 FROM {table} WHERE env = $1 AND kind = $2 AND {start} {end} LIMIT $3) AS found"
    )
}

/// One of eight statements. $1 to $5 are the same in all: environment, kind, time, rows, start;
/// then end, index name, id of the start and id of the end, as far as they are needed.
fn list_text(asked: &Query, has_end: bool) -> String {
    let direction = if asked.descending { "DESC" } else { "ASC" };
    if asked.index.is_none() {
        let end = if has_end { "AND d.id < $6" } else { "" };
        return format!(
            "SELECT ''::BYTEA, d.id, d.version, d.schema, d.expires_at, d.body
             FROM docs d
             WHERE d.env = $1 AND d.kind = $2 AND d.id >= $5 {end}
               AND (d.expires_at IS NULL OR d.expires_at > $3)
             ORDER BY d.id {direction} LIMIT $4"
        );
    }
    let (name, id, end) = if has_end {
        ("$7", "$8", "AND (e.value, e.id) < ($6, $9)")
    } else {
        ("$6", "$7", "")
    };
    format!(
        "SELECT e.value, d.id, d.version, d.schema, d.expires_at, d.body
         FROM entries e JOIN docs d ON d.env = e.env AND d.kind = e.kind AND d.id = e.id
         WHERE e.env = $1 AND e.kind = $2 AND e.name = {name}
           AND (e.value, e.id) >= ($5, {id}) {end}
           AND (d.expires_at IS NULL OR d.expires_at > $3)
         ORDER BY e.value {direction}, e.id {direction} LIMIT $4"
    )
}

pub(super) async fn changes(pool: &Pool, since: Seq, env: Option<EnvId>) -> Result<Changes, Fault> {
    let after = rows::signed(since.0);
    let found = if let Some(env) = env {
        let text = "SELECT env, seq FROM changes WHERE env = $1 AND seq > $2";
        query(pool, text, &[&rows::env(env), &after]).await?
    } else {
        let text = "SELECT env, seq FROM changes WHERE seq > $1 ORDER BY seq, env";
        query(pool, text, &[&after]).await?
    };
    let mut environments = Vec::with_capacity(found.len());
    for row in &found {
        let seq = Seq(rows::unsigned(rows::column(row, 1)?));
        environments.push((rows::env_at(row, 0)?, seq));
    }
    Ok(Changes {
        latest: environments.last().map_or(since, |(_, seq)| *seq),
        environments,
    })
}

pub(super) async fn events(
    pool: &Pool,
    env: EnvId,
    (from, to): (Time, Time),
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Event>, Fault> {
    let mut start = (from.millis(), String::new());
    if let Some(id) = after {
        let text = "SELECT at FROM events WHERE env = $1 AND id = $2";
        let found = query(pool, text, &[&rows::env(env), &id.as_bytes()]).await?;
        if let Some(row) = found.first() {
            start = start.max((rows::column(row, 0)?, id.to_owned()));
        }
    }
    // Ids are not empty: (at, "") lies before every event of that moment.
    let found = query(
        pool,
        "SELECT id, at, body FROM events
         WHERE env = $1 AND (at, id) > ($2, $3) AND at < $4 ORDER BY at, id LIMIT $5",
        &[
            &rows::env(env),
            &start.0,
            &start.1.as_bytes(),
            &to.millis(),
            &i64::from(limit),
        ],
    )
    .await?;
    let event = |row: &Row| {
        Ok(Event {
            env,
            id: rows::text(row, 0)?,
            at: Time::from_millis(rows::column(row, 1)?),
            body: rows::column(row, 2)?,
        })
    };
    found.iter().map(event).collect()
}

pub(super) async fn health(pool: &Pool) -> Result<Health, Fault> {
    let text = "SELECT version(), max(number) FROM migrations";
    let found = query(pool, text, &[]).await?;
    let silent = || Fault::Storage("the database did not say its version".to_owned());
    let row = found.first().ok_or_else(silent)?;
    let migration: i64 = rows::column(row, 1)?;
    Ok(Health {
        adapter: "postgres",
        version: rows::column(row, 0)?,
        migration: u32::try_from(migration).unwrap_or_default(),
    })
}
