//! Applies migrations. Row 0 of their table is the lock: advisory locks are not universal.

use countersign_domain::store::Fault;
use deadpool_postgres::Pool;
use tokio_postgres::error::SqlState;

use super::rows;
use super::session::{Trouble, connection, retry};
use crate::migrations;

pub(super) async fn run(pool: &Pool) -> Result<(), Fault> {
    retry(|| create(pool)).await?;
    retry(|| apply(pool)).await
}

/// Two processes that create the table at once meet in the catalogue, by a unique violation or by
/// the other's table or its row type in spite of `IF NOT EXISTS`, and try again.
async fn create(pool: &Pool) -> Result<(), Trouble> {
    let created = connection(pool)
        .await?
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS migrations (
                 number BIGINT NOT NULL PRIMARY KEY,
                 sql    TEXT   NOT NULL
             );
             INSERT INTO migrations (number, sql) VALUES (0, 'locked while migrating')
             ON CONFLICT (number) DO NOTHING;",
        )
        .await;
    let met = [SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_OBJECT];
    match created {
        Err(error) if error.code().is_some_and(|code| met.contains(code)) => Err(Trouble::Again),
        created => Ok(created?),
    }
}

async fn apply(pool: &Pool) -> Result<(), Trouble> {
    let mut client = connection(pool).await?;
    // The driver's own transaction: dropped, it rolls back before anything else is sent.
    let transaction = client.transaction().await?;
    transaction
        .query(
            "SELECT number FROM migrations WHERE number = 0 FOR UPDATE",
            &[],
        )
        .await?;
    let mut applied: Vec<(i64, String)> = Vec::new();
    let text = "SELECT number, sql FROM migrations WHERE number > 0 ORDER BY number";
    for row in transaction.query(text, &[]).await? {
        applied.push((rows::column(&row, 0)?, rows::column(&row, 1)?));
    }
    for migration in migrations::pending(migrations::POSTGRES, &applied)? {
        transaction.batch_execute(migration.sql).await?;
        transaction
            .execute(
                "INSERT INTO migrations (number, sql) VALUES ($1, $2)",
                &[&i64::from(migration.number), &migration.sql],
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
