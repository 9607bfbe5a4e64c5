//! What is particular to one adapter or wrapper: files, queues, connections, migrations.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of this is test: what goes wrong is a failure"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::Present;
use countersign_domain::store::{Batch, Doc, Fault, Key, Seq};
use countersign_domain::time::Time;
use countersign_store::faulty::{Faulty, Mishap};
use countersign_store::{
    Counting, MemoryStore, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore,
};
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};

const NOW: Time = Time::EPOCH;

fn key(id: &str) -> Key {
    Key::new(kinds::USER, EnvId::PLATFORM, id)
}

fn put(id: &str) -> Batch {
    Batch::new().put(document(id))
}

fn document(id: &str) -> Doc {
    Doc {
        uniques: vec![("name", id.to_owned())],
        ..Doc::new(key(id), "{}".to_owned())
    }
}

async fn execute(url: &str, text: &str) {
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(text).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

fn newer(opened: Result<impl Sized, Fault>) {
    match opened {
        Err(Fault::Storage(text)) => assert!(text.contains("newer than this program"), "{text}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was opened"),
    }
}

#[tokio::test]
async fn a_sqlite_file_is_its_owners_and_survives_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    store
        .commit(put("a").changed(EnvId::PLATFORM), NOW)
        .await
        .unwrap();
    #[cfg(unix)]
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let metadata = std::fs::metadata(folder.path().join(name)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    drop(store);
    assert!(
        !folder.path().join("store.db-wal").exists(),
        "not tidied up"
    );
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    assert!(store.get(&key("a"), NOW).await.unwrap().is_some());
    assert_eq!(store.changes(Seq(0), None).await.unwrap().latest, Seq(1));
}

#[tokio::test]
async fn two_stores_on_one_sqlite_file_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let open = || SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let (one, two) = (open(), open());
    for number in 0..20 {
        let id = number.to_string();
        one.commit(put(&id), NOW).await.unwrap();
        assert!(two.get(&key(&id), NOW).await.unwrap().is_some());
        two.commit(Batch::new().delete(key(&id)), NOW)
            .await
            .unwrap();
        assert!(one.get(&key(&id), NOW).await.unwrap().is_none());
    }
}

/// Documents are kept in memory: an answer is never older than what was acknowledged before it was
/// asked for, whoever wrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_reads_what_was_before_an_acknowledged_write() {
    const WRITES: u64 = 300;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let open = || SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let stores: Arc<[SqliteStore]> = vec![open(), open()].into();
    let acknowledged = Arc::new(AtomicU64::new(0));
    let write = || {
        let batch = put("a").put(document("b"));
        batch.changed(EnvId::PLATFORM)
    };
    stores[0].commit(write(), NOW).await.unwrap();
    acknowledged.store(1, Ordering::SeqCst);
    let readers = (0..3).map(|reader| {
        let (stores, acknowledged) = (Arc::clone(&stores), Arc::clone(&acknowledged));
        tokio::spawn(async move {
            let keys = [key("a"), key("b")];
            loop {
                let before = acknowledged.load(Ordering::SeqCst);
                let store = &stores[reader % 2];
                let seq = store.changes(Seq(0), Some(EnvId::PLATFORM)).await.unwrap();
                let docs = store.get_all(&keys, NOW).await.unwrap();
                let version = |at: usize| docs[at].as_ref().unwrap().version;
                assert_eq!(version(0), version(1), "half of a batch");
                assert!(version(0) >= before, "{} after {before}", version(0));
                assert!(seq.latest.0 >= before, "{} after {before}", seq.latest.0);
                if before == WRITES {
                    return;
                }
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for number in 2..=WRITES {
        // Mostly the first, as a server; now and then another process.
        let store = &stores[usize::from(number % 7 == 0)];
        store.commit(write(), NOW).await.unwrap();
        acknowledged.store(number, Ordering::SeqCst);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[test]
fn a_newer_sqlite_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute("INSERT INTO migrations (number, sql) VALUES (2, '')", [])
        .unwrap();
    newer(SqliteStore::open(&path, SqliteOptions::default()));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let path = std::path::Path::new("/nonexistent/folder/store.db");
    let error = SqliteStore::open(path, SqliteOptions::default()).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/folder"), "{error}");
}

#[tokio::test]
async fn many_batches_share_one_durable_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    // All are queued while the first one is written.
    let ids: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    try_join_all(ids.iter().map(|id| store.commit(put(id), NOW)))
        .await
        .unwrap();
    assert!(store.transactions() < 100, "{}", store.transactions());
    let before = store.transactions();
    let vain = Batch::new().require(Present(key("none")));
    store.commit(vain, NOW).await.unwrap_err();
    assert_eq!(store.transactions(), before, "a conflict was made durable");
}

#[tokio::test]
async fn a_full_queue_is_overload_and_what_was_queued_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let options = SqliteOptions {
        queue: 2,
        ..SqliteOptions::default()
    };
    let store = SqliteStore::open(&path, options).unwrap();
    let rival = rusqlite::Connection::open(&path).unwrap();
    rival.execute_batch("BEGIN IMMEDIATE").unwrap();

    let ids: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    let mut waiting: FuturesUnordered<_> =
        ids.iter().map(|id| store.commit(put(id), NOW)).collect();
    let first = waiting.next().await.unwrap();
    assert!(matches!(first, Err(Fault::Overloaded(_))), "{first:?}");
    rival.execute_batch("ROLLBACK").unwrap();
    let rest: Vec<_> = waiting.collect().await;
    let written = rest.iter().filter(|answer| answer.is_ok()).count();
    assert!(written >= 2, "{rest:?}");
    let found = join_all(ids.iter().map(async |id| store.get(&key(id), NOW).await)).await;
    let found = found.into_iter().filter_map(|doc| doc.unwrap()).count();
    assert_eq!(found, written);
}

#[tokio::test]
async fn several_processes_may_migrate_one_postgres_at_once() {
    let (_, url) = support::postgres().await;
    let tables = "docs, entries, uniques, counter, changes, events, migrations";
    let mut stores = Vec::new();
    // They meet at different places each time: beside the table, its row type and its index.
    for _ in 0..10 {
        execute(&url, &format!("DROP TABLE {tables}")).await;
        let opened = (0..6).map(|_| PostgresStore::connect(&url, PostgresOptions::default()));
        stores = try_join_all(opened).await.unwrap();
    }
    let [one, .., two] = &stores[..] else {
        panic!("six were opened");
    };
    let changed = put("a").changed(EnvId::PLATFORM);
    let seq = one.commit(changed, NOW).await.unwrap().seq.unwrap();
    let seen = two.changes(Seq(0), Some(EnvId::PLATFORM)).await.unwrap();
    assert_eq!(seen.latest, seq);
    assert!(two.get(&key("a"), NOW).await.unwrap().is_some());
}

#[tokio::test]
async fn a_newer_postgres_database_is_refused() {
    let (_, url) = support::postgres().await;
    let newer_one = "INSERT INTO migrations (number, sql) VALUES (2, '')";
    execute(&url, newer_one).await;
    newer(PostgresStore::connect(&url, PostgresOptions::default()).await);
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_no_half_transaction() {
    let (_, url) = support::postgres().await;
    let options = PostgresOptions {
        connections: 1,
        ..PostgresOptions::default()
    };
    let store = PostgresStore::connect(&url, options).await.unwrap();
    for polls in 0..40 {
        let (one, two) = (format!("{polls}-1"), format!("{polls}-2"));
        let mut commit = store.commit(put(&one).and(put(&two)), NOW);
        for _ in 0..polls {
            if futures_util::poll!(&mut commit).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
        // Waits for locks that the dropped one may still hold, and works on a clean connection.
        let again = put(&one)
            .and(put(&two))
            .put(Doc::new(key("last"), polls.to_string()));
        store.commit(again, NOW).await.unwrap();
        let versions = join_all([&one, &two].map(async |id| {
            let doc = store.get(&key(id), NOW).await.unwrap();
            doc.map(|doc| doc.version)
        }));
        let versions = versions.await;
        assert_eq!(versions.first(), versions.last(), "after {polls} polls");
    }
}

#[tokio::test]
async fn an_unreachable_postgres_says_so_without_the_password() {
    let url = "postgres://user:hunter2@127.0.0.1:1/none";
    let error = PostgresStore::connect(url, PostgresOptions::default()).await;
    let text = format!("{:?}", error.unwrap_err());
    assert!(text.contains("refused"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn durable_writes_are_counted() {
    let store = Counting::new(Arc::new(MemoryStore::new()));
    store.commit(put("a"), NOW).await.unwrap();
    store.commit(Batch::new(), NOW).await.unwrap();
    let vain = put("b").require(Present(key("none")));
    store.commit(vain, NOW).await.unwrap_err();
    store.get(&key("a"), NOW).await.unwrap();
    store.append(Vec::new()).await.unwrap();
    assert_eq!((store.commits(), store.reads(), store.appends()), (1, 1, 1));
}

#[tokio::test]
async fn faults_come_as_planned() {
    let store = Faulty::new(Arc::new(MemoryStore::new()));
    store.plan([
        Mishap::Conflict,
        Mishap::Storage,
        Mishap::Overloaded,
        Mishap::LostAnswer,
    ]);
    let fault = store.commit(put("a"), NOW).await.unwrap_err();
    assert!(matches!(fault, Fault::Conflict(_)));
    let fault = store.commit(put("b"), NOW).await.unwrap_err();
    assert!(matches!(fault, Fault::Storage(_)));
    let fault = store.commit(put("c"), NOW).await.unwrap_err();
    assert!(matches!(fault, Fault::Overloaded(_)));
    let fault = store.commit(put("d"), NOW).await.unwrap_err();
    assert!(matches!(fault, Fault::Storage(_)));
    assert_eq!(store.left(), 0);
    store.commit(put("e"), NOW).await.unwrap();
    for (id, written) in [("a", 0), ("b", 0), ("c", 0), ("d", 1), ("e", 1)] {
        let doc = store.get(&key(id), NOW).await.unwrap();
        assert_eq!(doc.iter().count(), written, "{id}");
    }
    store.fail_reads(true);
    store.get(&key("e"), NOW).await.unwrap_err();
    store.fail_reads(false);
    store.get(&key("e"), NOW).await.unwrap();
}
