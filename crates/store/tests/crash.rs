//! Kills a child process at random points under load and looks at what is left.
//!
//! The child is this program again, told by its environment to write instead of to test. It says
//! on its standard output what was acknowledged to it. After `kill -9` the parent checks that
//! nothing acknowledged is lost, nothing is half applied, and no one-time object was consumed twice.
//!
//! `COUNTERSIGN_CRASH_ROUNDS` sets how often (200 unless told).
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of this is test: what goes wrong is a failure"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::Precondition::{Absent, Present, Version};
use countersign_domain::store::{
    Batch, Doc, Fault, IndexEntry, Key, Kind, Query, Range, Seq, Unique,
};
use countersign_domain::time::Time;
use countersign_store::Database;
use futures_util::future::join_all;
use tokio_postgres::NoTls;

const CHILD: &str = "COUNTERSIGN_CRASH_CHILD";
/// Writers in the child; each keeps several batches in flight.
const WRITERS: usize = 8;
const CONSUMERS: usize = 3;
const NOW: Time = Time::from_millis(1_700_000_000_000);

const PAIR: Kind = kinds::USER;
const CODE: Kind = kinds::AUTHORIZATION_CODE;
const TOKEN: Kind = kinds::SESSION;
const HEAD: Kind = kinds::FLOW;

fn env(round: u32) -> EnvId {
    EnvId::from_uuid(uuid::Uuid::from_u128(u128::from(round) + 1))
}

fn doc(kind: Kind, round: u32, id: String) -> Doc {
    Doc::new(Key::new(kind, env(round), id), "{}".to_owned())
}

// ---- the child ----

/// What the child runs. Started by hand, without being told what to write to, it has nothing to do.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else {
        return;
    };
    let (round, database) = task.split_once(' ').unwrap();
    let (round, database) = (round.parse().unwrap(), database.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(write_until_killed(round, &database));
}

async fn write_until_killed(round: u32, database: &Database) {
    let store = countersign_store::open(database).await.unwrap();
    let writers = (0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut head = None;
            for number in 0_u32.. {
                head = Some(make(&*store, round, writer, number, head).await);
                let consumers = (0..CONSUMERS).map(|consumer| {
                    let id = format!("{writer}-{number}");
                    consume(&*store, round, id, consumer)
                });
                join_all(consumers).await;
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
}

/// Two documents that belong together, a code, and the writer's own document, in one batch.
async fn make(store: &dyn Store, round: u32, writer: usize, number: u32, head: Option<u64>) -> u64 {
    let id = format!("{writer}-{number}");
    let mut first = doc(PAIR, round, format!("x-{id}"));
    first.uniques.push(("name", id.clone()));
    let mut second = doc(PAIR, round, format!("y-{id}"));
    for half in [&mut first, &mut second] {
        half.indexes.push(IndexEntry {
            name: "pair",
            value: id.clone(),
        });
    }
    let mut own = doc(HEAD, round, writer.to_string());
    own.body = number.to_string();
    let required = match head {
        None => Absent(own.key.clone()),
        Some(version) => Version(own.key.clone(), version),
    };
    let batch = Batch::new()
        .require(required)
        .put(first)
        .put(own)
        .put(doc(CODE, round, id.clone()))
        .put(second)
        .changed(env(round));
    let committed = store.commit(batch, NOW).await.unwrap();
    println!("made {writer} {number} {}", committed.seq.unwrap().0);
    head.unwrap_or_default() + 1
}

async fn consume(store: &dyn Store, round: u32, id: String, consumer: usize) {
    if wins(store, consumption(round, &id, consumer)).await {
        println!("won {id} {consumer}");
    }
}

fn consumption(round: u32, id: &str, consumer: usize) -> Batch {
    let code = Key::new(CODE, env(round), id);
    Batch::new()
        .require(Present(code.clone()))
        .delete(code)
        .put(doc(TOKEN, round, format!("{id}-{consumer}")))
}

async fn wins(store: &dyn Store, batch: Batch) -> bool {
    match store.commit(batch, NOW).await {
        Ok(_) => true,
        Err(Fault::Conflict(_)) => false,
        Err(fault) => panic!("{fault}"),
    }
}

// ---- the parent ----

/// What the child was told, as far as it could pass it on.
#[derive(Default)]
struct Acknowledged {
    made: BTreeMap<usize, u32>,
    won: BTreeMap<String, usize>,
    seq: u64,
    count: usize,
}

impl Acknowledged {
    fn take(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["made", writer, number, seq] => {
                let number = number.parse().unwrap();
                // A writer waits for each answer, so its numbers come in order.
                self.made.insert(writer.parse().unwrap(), number);
                self.seq = self.seq.max(seq.parse().unwrap());
                self.count += 1;
            }
            ["won", id, consumer] => {
                let before = self.won.insert(id.to_owned(), consumer.parse().unwrap());
                assert_eq!(before, None, "{id} was consumed twice");
                self.count += 1;
            }
            _ => {} // the test harness talks as well
        }
    }
}

/// Starts a child, lets it acknowledge a number of batches, and kills it.
fn run_and_kill(round: u32, database: &str, acknowledgements: usize) -> Acknowledged {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(CHILD, format!("{round} {database}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = Acknowledged::default();
    let mut line = String::new();
    while acknowledged.count < acknowledgements {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the child gave up");
        acknowledged.take(line.trim_end());
    }
    kill(&mut child);
    // What it could still say before it died counts; half a line does not.
    loop {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 || !line.ends_with('\n') {
            return acknowledged;
        }
        acknowledged.take(line.trim_end());
    }
}

fn kill(child: &mut Child) {
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
}

async fn ids(store: &dyn Store, kind: Kind, round: u32) -> BTreeSet<String> {
    let query = Query::all(kind, env(round), 1_000_000);
    let docs = store.list(&query, NOW).await.unwrap().docs;
    docs.into_iter().map(|doc| doc.key.id).collect()
}

async fn check(store: &dyn Store, round: u32, acknowledged: &Acknowledged) {
    let pairs = ids(store, PAIR, round).await;
    let codes = ids(store, CODE, round).await;
    let tokens = ids(store, TOKEN, round).await;

    // Nothing acknowledged is lost.
    for (writer, last) in &acknowledged.made {
        for number in 0..=*last {
            let name = format!("x-{writer}-{number}");
            assert!(pairs.contains(&name), "{name} is lost");
        }
        let key = Key::new(HEAD, env(round), writer.to_string());
        let head = store.get(&key, NOW).await.unwrap().unwrap();
        let number: u32 = head.body.parse().unwrap();
        // At most one batch of a writer is on its way.
        assert!((*last..=*last + 1).contains(&number), "head of {writer}");
        assert_eq!(head.version, u64::from(number) + 1);
    }
    for (id, consumer) in &acknowledged.won {
        let token = format!("{id}-{consumer}");
        assert!(tokens.contains(&token), "{token} is lost");
        assert!(!codes.contains(id), "code {id} came back");
    }
    let changes = store.changes(Seq(0), Some(env(round))).await.unwrap();
    assert!(changes.latest.0 >= acknowledged.seq);

    // Nothing is half applied, acknowledged or not.
    let mut token_of: BTreeMap<&str, usize> = BTreeMap::new();
    for token in &tokens {
        *token_of
            .entry(token.rsplit_once('-').unwrap().0)
            .or_default() += 1;
    }
    for name in &pairs {
        let (half, id) = name.split_once('-').unwrap();
        let other = if half == "x" { "y" } else { "x" };
        assert!(pairs.contains(&format!("{other}-{id}")), "{name} is alone");
        // Consumed exactly once, or not yet.
        let consumed = token_of.get(id).copied().unwrap_or_default();
        let there = usize::from(codes.contains(id));
        assert_eq!(consumed + there, 1, "code {id}");
    }
    assert_eq!(codes.len() + tokens.len(), pairs.len() / 2);
    let listing = Query {
        index: Some("pair"),
        range: Range::All,
        ..Query::all(PAIR, env(round), 1_000_000)
    };
    let listed = store.list(&listing, NOW).await.unwrap().docs;
    assert_eq!(listed.len(), pairs.len());

    // What was consumed stays consumed, and what was claimed stays claimed.
    for id in acknowledged.won.keys().rev().take(5) {
        assert!(!wins(store, consumption(round, id, 9)).await);
        let name = Unique::new(PAIR, env(round), "name", id.clone());
        let holder = store.get_by(&name, NOW).await.unwrap().unwrap();
        assert_eq!(holder.key.id, format!("x-{id}"));
    }
    // What was not can be consumed once more, by one.
    if let Some(id) = codes.first() {
        let rivals = (0..CONSUMERS).map(|consumer| wins(store, consumption(round, id, consumer)));
        let won = join_all(rivals).await;
        assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    }
    let clean = Batch::new().delete_environment(env(round));
    store.commit(clean, NOW).await.unwrap();
}

fn rounds() -> u32 {
    let rounds = std::env::var("COUNTERSIGN_CRASH_ROUNDS");
    rounds.map_or(200, |rounds| rounds.parse().unwrap())
}

/// Spreads the moments of death; any spread will do, and a fixed one can be repeated.
fn acknowledgements(round: u32) -> usize {
    let spread = round.wrapping_mul(2_654_435_761) >> 16;
    usize::try_from(spread % 240).unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_with_sqlite() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("store.db").display());
    let mut batches = 0;
    for round in 0..rounds() {
        let acknowledged = run_and_kill(round, &database, acknowledgements(round));
        batches += acknowledged.count;
        runtime.block_on(async {
            let store = countersign_store::open(&database.parse().unwrap()).await;
            check(&*store.unwrap(), round, &acknowledged).await;
        });
    }
    println!("{} kills, {batches} batches acknowledged", rounds());
}

#[test]
fn nothing_acknowledged_is_lost_with_postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (store, database) = runtime.block_on(support::postgres());
    let mut batches = 0;
    for round in 0..rounds() {
        let name = format!("crash_{}_{round}", std::process::id());
        let own = format!("{database}&application_name={name}");
        let acknowledged = run_and_kill(round, &own, acknowledgements(round));
        batches += acknowledged.count;
        runtime.block_on(async {
            wait_until_gone(&database, &name).await;
            check(&store, round, &acknowledged).await;
        });
    }
    println!("{} kills, {batches} batches acknowledged", rounds());
}

/// Waits until the server has noticed that all connections of that name are dead: until then a
/// batch that was on its way may still be committed.
async fn wait_until_gone(database: &str, application_name: &str) {
    let (client, connection) = tokio_postgres::connect(database, NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let text = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
    let statement = client.prepare(text).await.unwrap();
    loop {
        let row = client.query_one(&statement, &[&application_name]).await;
        let left: i64 = row.unwrap().get(0);
        if left == 0 {
            break;
        }
    }
    drop(client);
    driver.await.unwrap().unwrap();
}
