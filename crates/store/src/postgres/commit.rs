//! Batches, sweeps and events.
//!
//! A batch takes two round trips: begin and lock; write and commit. One would do if every decision
//! were made in SQL, at the price of writing the rules of the port a second time.

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Committed, Event, Fault, Key};
use countersign_domain::time::Time;
use deadpool_postgres::Pool;

use super::facts::Locked;
use super::session::{Transaction, Trouble, connection, pipeline, prepare, retry};
use super::{rows, write};
use crate::plan::{Failure, Plan};

pub(super) async fn commit(pool: &Pool, batch: Batch, now: Time) -> Result<Committed, Fault> {
    retry(|| attempt(pool, batch.clone(), now)).await
}

async fn attempt(pool: &Pool, batch: Batch, now: Time) -> Result<Committed, Trouble> {
    let transaction = Transaction::on(pool).await?;
    let connection = transaction.connection()?;
    let result = async {
        let mut locked = Locked::take(connection, &batch, now).await?;
        let plan = Plan::of(batch, now, &mut locked).map_err(|failure| match failure {
            Failure::Conflict(conflict) => Fault::Conflict(conflict),
            Failure::Lookup(never) => match never {},
        })?;
        write::finish(connection, plan).await
    }
    .await;
    settle(transaction, result)
        .await
        .map(|seq| Committed { seq })
}

/// Gives the connection back once the server has ended the transaction.
async fn settle<T>(transaction: Transaction, result: Result<T, Trouble>) -> Result<T, Trouble> {
    match result {
        Ok(_) => transaction.ended(),
        Err(_) => transaction.roll_back().await,
    }
    result
}

/// Removes at most `max` expired documents, and leaves alone those that somebody has in hand; says
/// which.
pub(super) async fn sweep(pool: &Pool, now: Time, max: u32) -> Result<Vec<Key>, Fault> {
    retry(|| sweep_once(pool, now, max)).await
}

async fn sweep_once(pool: &Pool, now: Time, max: u32) -> Result<Vec<Key>, Trouble> {
    let transaction = Transaction::on(pool).await?;
    let connection = transaction.connection()?;
    let result = async {
        let select = prepare(
            connection,
            "SELECT env, kind, id, filed FROM docs WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        )
        .await?;
        let (millis, max) = (now.millis(), i64::from(max));
        let answers = pipeline(vec![
            Transaction::begin(connection),
            Box::pin(async { connection.query(&select, &[&millis, &max]).await }),
        ])
        .await?;
        let mut found = Vec::new();
        for row in answers.iter().flatten() {
            let key = rows::key(row, 0)?;
            let filed = rows::filed(row, 3, &key)?;
            found.push((key, filed));
        }
        let removed = found.iter().map(|(key, _)| key.clone()).collect();
        write::finish(connection, Plan::sweep(found)).await?;
        Ok(removed)
    }
    .await;
    settle(transaction, result).await
}

/// Removes the oldest events of an environment.
pub(super) async fn forget(pool: &Pool, env: EnvId, before: Time, max: u32) -> Result<u32, Fault> {
    retry(|| async {
        let connection = connection(pool).await?;
        let delete = prepare(
            &connection,
            "DELETE FROM events WHERE env = $1 AND id IN (
                 SELECT id FROM events WHERE env = $1 AND at < $2 ORDER BY at, id LIMIT $3)",
        )
        .await?;
        let (env, before, max) = (rows::env(env), before.millis(), i64::from(max));
        let removed = connection.execute(&delete, &[&env, &before, &max]).await?;
        Ok(u32::try_from(removed).unwrap_or(u32::MAX))
    })
    .await
}

/// Appends events; one that is there already stays as it is, so that a caller whose answer was
/// lost may try again.
pub(super) async fn append(pool: &Pool, events: &[Event]) -> Result<(), Fault> {
    retry(|| append_once(pool, events)).await
}

async fn append_once(pool: &Pool, events: &[Event]) -> Result<(), Trouble> {
    if events.is_empty() {
        return Ok(());
    }
    let connection = connection(pool).await?;
    let insert = prepare(&connection, write::INSERT_EVENTS).await?;
    let envs: Vec<_> = events.iter().map(|event| rows::env(event.env)).collect();
    let ids: Vec<_> = events.iter().map(|event| event.id.as_bytes()).collect();
    let times: Vec<_> = events.iter().map(|event| event.at.millis()).collect();
    let bodies: Vec<_> = events.iter().map(|event| event.body.as_str()).collect();
    connection
        .execute(&insert, &[&envs, &ids, &times, &bodies])
        .await?;
    Ok(())
}
