//! A PostgreSQL schema for each test, on the cluster that `cargo xtask test` starts.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "part of tests: what goes wrong here is a failure of theirs"
)]

use std::sync::atomic::{AtomicU32, Ordering};

use countersign_store::{PostgresOptions, PostgresStore};
use tokio_postgres::NoTls;

/// The cluster. Its absence is a failure and not a reason to skip: what was not tested does not
/// work.
fn cluster() -> String {
    std::env::var("COUNTERSIGN_TEST_POSTGRES").expect(
        "COUNTERSIGN_TEST_POSTGRES is not set: run `cargo xtask test`, which starts a throw-away \
         PostgreSQL, or point it to a cluster of your own, as in postgres://postgres@localhost",
    )
}

/// A new schema, as a URL whose connections see nothing else.
async fn schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("store_{}_{number}", std::process::id());
    let cluster = cluster();
    let (client, connection) = tokio_postgres::connect(&cluster, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}"
        ))
        .await
        .unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
    let separator = if cluster.contains('?') { '&' } else { '?' };
    format!("{cluster}{separator}options=-csearch_path%3D{name}")
}

/// A store in a new schema, and the schema's URL. The cluster goes away as a whole, and the schema
/// with it.
pub async fn postgres() -> (PostgresStore, String) {
    let options = PostgresOptions {
        connections: 4,
        // 64 rivals wait for four connections, on a machine that is busy with other tests.
        wait: std::time::Duration::from_mins(1),
    };
    let url = schema().await;
    let store = PostgresStore::connect(&url, options).await.unwrap();
    (store, url)
}
