//! Random batches and queries on an adapter and on the memory model: every answer is compared.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "all of this is test: what goes wrong is a failure"
)]

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::{
    Batch, Changes, Cursor, Doc, Entries, Event, Fault, IndexEntry, IndexName, Key, Kind, Page,
    Postcondition, Precondition, Query, Range, Seq, Unique, Write,
};
use countersign_domain::time::Time;
use countersign_store::{MemoryStore, SqliteOptions, SqliteStore};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

const KINDS: [Kind; 2] = [kinds::USER, kinds::SESSION];
const NAMES: [IndexName; 2] = ["one", "two"];
/// Few and close together, so that everything meets everything.
const IDS: [&str; 5] = ["a", "ab", "b", "\u{e4}", "c\0"];
const VALUES: [&str; 6] = ["", "v", "va", "v\u{10ffff}", "w", "w\0"];

/// Kind and environment by number, id.
type Place = (usize, usize, &'static str);

#[derive(Debug, Clone)]
struct Put {
    place: Place,
    body: u8,
    expires_in: Option<i64>,
    indexes: Vec<(IndexName, &'static str)>,
    uniques: Vec<(IndexName, &'static str)>,
}

#[derive(Debug, Clone)]
enum Step {
    Put(Put),
    Delete(Place),
    DeleteEnvironment(usize),
}

#[derive(Debug, Clone)]
enum Requirement {
    Absent(Place),
    Present(Place),
    Version(Place, u64),
    /// Whatever version the model has: most batches shall succeed.
    Current(Place),
}

#[derive(Debug, Clone)]
enum Promise {
    Present(Place),
    AtMost(usize, usize, IndexName, Range, u32),
}

#[derive(Debug, Clone)]
struct Listing {
    kind: usize,
    env: usize,
    index: Option<IndexName>,
    range: Range,
    after: Option<(&'static str, &'static str)>,
    descending: bool,
    limit: u32,
}

#[derive(Debug, Clone)]
enum Action {
    Wait(i64),
    Commit(Vec<Requirement>, Vec<Step>, Vec<Promise>, Vec<usize>),
    Get(Place),
    GetBy(usize, usize, IndexName, &'static str),
    List(Listing),
    Sweep,
    Changes(u64, Option<usize>),
    Append(Vec<(usize, u8, i64)>),
    Events(usize, i64, i64, Option<u8>, u32),
}

fn place() -> impl Strategy<Value = Place> {
    (0..KINDS.len(), 0..2_usize, select(&IDS[..]))
}

fn filed() -> impl Strategy<Value = Vec<(IndexName, &'static str)>> {
    vec((select(&NAMES[..]), select(&VALUES[..])), 0..3)
}

fn step() -> impl Strategy<Value = Step> {
    let put = (
        place(),
        any::<u8>(),
        option::of(-1..30_i64),
        filed(),
        filed(),
    );
    let put = put.prop_map(|(place, body, expires_in, indexes, uniques)| {
        Step::Put(Put {
            place,
            body,
            expires_in,
            indexes,
            uniques,
        })
    });
    prop_oneof![
        12 => put,
        4 => place().prop_map(Step::Delete),
        1 => (0..2_usize).prop_map(Step::DeleteEnvironment),
    ]
}

fn requirement() -> impl Strategy<Value = Requirement> {
    prop_oneof![
        1 => place().prop_map(Requirement::Absent),
        1 => place().prop_map(Requirement::Present),
        1 => (place(), 0..4_u64).prop_map(|(place, version)| Requirement::Version(place, version)),
        5 => place().prop_map(Requirement::Current),
    ]
}

fn promise() -> impl Strategy<Value = Promise> {
    let at_most = (
        0..KINDS.len(),
        0..2_usize,
        select(&NAMES[..]),
        range(),
        0..4_u32,
    );
    prop_oneof![
        2 => place().prop_map(Promise::Present),
        3 => at_most.prop_map(|(kind, env, name, range, most)| {
            Promise::AtMost(kind, env, name, range, most)
        }),
    ]
}

fn range() -> impl Strategy<Value = Range> {
    let text = || select(&VALUES[..]).prop_map(str::to_owned);
    prop_oneof![
        Just(Range::All),
        text().prop_map(Range::Equal),
        text().prop_map(Range::Prefix),
        (option::of(text()), option::of(text())).prop_map(|(from, to)| Range::Between(from, to)),
    ]
}

fn listing() -> impl Strategy<Value = Listing> {
    (
        (0..KINDS.len(), 0..2_usize),
        option::of(select(&NAMES[..])),
        range(),
        option::weighted(0.3, (select(&VALUES[..]), select(&IDS[..]))),
        any::<bool>(),
        1..5_u32,
    )
        .prop_map(
            |((kind, env), index, range, after, descending, limit)| Listing {
                kind,
                env,
                index,
                range,
                after,
                descending,
                limit,
            },
        )
}

fn action() -> impl Strategy<Value = Action> {
    let commit = (
        vec(requirement(), 0..3),
        vec(step(), 0..5),
        prop_oneof![2 => Just(Vec::new()), 1 => vec(promise(), 1..3)],
        vec(0..2_usize, 0..2),
    );
    let unique = (
        0..KINDS.len(),
        0..2_usize,
        select(&NAMES[..]),
        select(&VALUES[..]),
    );
    let events = (
        0..2_usize,
        0..20_i64,
        0..20_i64,
        option::of(0..12_u8),
        1..5_u32,
    );
    prop_oneof![
        2 => (0..10_i64).prop_map(Action::Wait),
        10 => commit.prop_map(|(requirements, steps, promises, changes)| {
            Action::Commit(requirements, steps, promises, changes)
        }),
        3 => place().prop_map(Action::Get),
        3 => unique.prop_map(|(kind, env, name, value)| Action::GetBy(kind, env, name, value)),
        6 => listing().prop_map(Action::List),
        1 => Just(Action::Sweep),
        2 => (0..6_u64, option::of(0..2_usize))
            .prop_map(|(since, env)| Action::Changes(since, env)),
        1 => vec((0..2_usize, 0..12_u8, 0..20_i64), 0..3).prop_map(Action::Append),
        1 => events.prop_map(|(env, from, to, after, limit)| {
            Action::Events(env, from, to, after, limit)
        }),
    ]
}

/// An answer, with everything that depends on what was in the store before taken out.
#[derive(Debug, PartialEq)]
enum Answer {
    Committed(Option<u64>),
    Refused(String),
    Doc(Option<Doc>),
    Page(Page),
    Swept(usize),
    Changes(u64, Vec<(EnvId, u64)>),
    Done,
    Events(Vec<Event>),
}

/// One store under test. Every case has environments of its own, and positions start from where
/// the case began, so that one database serves all cases.
struct Side<'s> {
    store: &'s dyn Store,
    base: u64,
}

struct World {
    envs: [EnvId; 2],
    now: Time,
}

impl World {
    fn key(&self, (kind, env, id): Place) -> Key {
        Key::new(KINDS[kind], self.envs[env], id)
    }

    fn event_id(number: u8) -> String {
        format!("e{number:03}")
    }

    /// The batch, with versions as the model has them.
    async fn batch(&self, model: &MemoryStore, action: &Action) -> Batch {
        let Action::Commit(requirements, steps, promises, changes) = action else {
            return Batch::new();
        };
        let mut batch = Batch::new();
        for requirement in requirements {
            let requirement = match requirement {
                Requirement::Absent(place) => Precondition::Absent(self.key(*place)),
                Requirement::Present(place) => Precondition::Present(self.key(*place)),
                Requirement::Version(place, version) => {
                    Precondition::Version(self.key(*place), *version)
                }
                Requirement::Current(place) => {
                    let key = self.key(*place);
                    match model.get(&key, self.now).await.unwrap() {
                        Some(doc) => Precondition::Version(key, doc.version),
                        None => Precondition::Absent(key),
                    }
                }
            };
            batch.preconditions.push(requirement);
        }
        for step in steps {
            batch.writes.push(match step {
                Step::Put(put) => Write::Put(Box::new(self.doc(put))),
                Step::Delete(place) => Write::Delete(self.key(*place)),
                Step::DeleteEnvironment(env) => Write::DeleteEnvironment(self.envs[*env]),
            });
        }
        for promise in promises {
            batch = batch.ensure(match promise {
                Promise::Present(place) => Postcondition::Present(self.key(*place)),
                Promise::AtMost(kind, env, index, range, most) => {
                    let entries = Entries {
                        kind: KINDS[*kind],
                        env: self.envs[*env],
                        index,
                        range: range.clone(),
                    };
                    Postcondition::AtMost(entries, *most)
                }
            });
        }
        for env in changes {
            batch = batch.changed(self.envs[*env]);
        }
        batch
    }

    fn doc(&self, put: &Put) -> Doc {
        let owned = |(name, value): &(IndexName, &str)| (*name, (*value).to_owned());
        let indexes = put.indexes.iter().map(owned);
        Doc {
            version: 77,
            schema: u16::from(put.body),
            expires_at: put
                .expires_in
                .map(|millis| Time::from_millis(self.now.millis() + millis)),
            indexes: indexes
                .map(|(name, value)| IndexEntry { name, value })
                .collect(),
            uniques: put.uniques.iter().map(owned).collect(),
            ..Doc::new(self.key(put.place), format!("{{\"n\":{}}}", put.body))
        }
    }

    async fn ask(&self, side: &Side<'_>, action: &Action, batch: &Batch) -> Answer {
        let answer = self.perform(side, action, batch).await;
        answer.unwrap_or_else(|fault| match fault {
            Fault::Conflict(conflict) => Answer::Refused(format!("{conflict:?}")),
            other => panic!("{action:?}: {other}"),
        })
    }

    async fn perform(
        &self,
        side: &Side<'_>,
        action: &Action,
        batch: &Batch,
    ) -> Result<Answer, Fault> {
        let (store, now) = (side.store, self.now);
        Ok(match action {
            Action::Wait(_) => Answer::Done,
            Action::Commit(..) => {
                let committed = store.commit(batch.clone(), now).await?;
                Answer::Committed(committed.seq.map(|seq| seq.0 - side.base))
            }
            Action::Get(place) => Answer::Doc(store.get(&self.key(*place), now).await?),
            Action::GetBy(kind, env, name, value) => {
                let unique = Unique::new(KINDS[*kind], self.envs[*env], name, *value);
                Answer::Doc(store.get_by(&unique, now).await?)
            }
            Action::List(listing) => {
                let cursor = |(value, id): (&str, &str)| Cursor {
                    value: value.to_owned(),
                    id: id.to_owned(),
                };
                let query = Query {
                    kind: KINDS[listing.kind],
                    env: self.envs[listing.env],
                    index: listing.index,
                    range: listing.range.clone(),
                    after: listing.after.map(cursor),
                    descending: listing.descending,
                    limit: listing.limit,
                };
                Answer::Page(store.list(&query, now).await?)
            }
            Action::Sweep => Answer::Swept(store.sweep(now, u32::MAX).await?.len()),
            Action::Changes(since, env) => {
                let env = env.map(|env| self.envs[env]);
                let changes = store.changes(Seq(side.base + since), env).await?;
                changes_from(side.base, changes)
            }
            Action::Append(events) => {
                let events = events.iter().map(|(env, number, at)| Event {
                    env: self.envs[*env],
                    id: Self::event_id(*number),
                    at: Time::from_millis(*at),
                    body: format!("{at}"),
                });
                store.append(events.collect()).await?;
                Answer::Done
            }
            Action::Events(env, from, to, after, limit) => {
                let after = after.map(Self::event_id);
                let (from, to) = (Time::from_millis(*from), Time::from_millis(*to));
                let env = self.envs[*env];
                let events = store
                    .events(env, from, to, after.as_deref(), *limit)
                    .await?;
                Answer::Events(events)
            }
        })
    }
}

fn changes_from(base: u64, changes: Changes) -> Answer {
    let environments = changes.environments.into_iter();
    Answer::Changes(
        changes.latest.0 - base,
        environments.map(|(env, seq)| (env, seq.0 - base)).collect(),
    )
}

/// On one database; every action goes to the next of its stores.
async fn run(stores: &[&dyn Store], actions: &[Action]) -> Result<(), TestCaseError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = u128::from(NEXT.fetch_add(2, Ordering::Relaxed));
    let env = |number: u128| EnvId::from_uuid(uuid::Uuid::from_u128(number + 1));
    let mut world = World {
        envs: [env(number), env(number + 1)],
        now: Time::from_millis(1_000),
    };
    let model = MemoryStore::new();
    let latest = stores[0].changes(Seq(0), None).await.unwrap().latest;
    let model_side = Side {
        store: &model,
        base: 0,
    };
    let mut outcome = Ok(());
    for (action, store) in actions.iter().zip(stores.iter().cycle()) {
        let real = Side {
            store: *store,
            base: latest.0,
        };
        if let Action::Wait(millis) = action {
            world.now = Time::from_millis(world.now.millis() + millis);
        }
        let batch = world.batch(&model, action).await;
        let expected = world.ask(&model_side, action, &batch).await;
        let found = world.ask(&real, action, &batch).await;
        if found != expected {
            outcome = Err(TestCaseError::fail(format!(
                "{action:?}\n    model: {expected:?}\n  adapter: {found:?}"
            )));
            break;
        }
    }
    let [one, two] = world.envs;
    let clean = Batch::new().delete_environment(one).delete_environment(two);
    stores[0].commit(clean, world.now).await.unwrap();
    outcome
}

fn compare(runtime: &Runtime, stores: &[&dyn Store], cases: u32) {
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let outcome = runner.run(&vec(action(), 1..40), |actions| {
        runtime.block_on(run(stores, &actions))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn sqlite_answers_like_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    compare(&Runtime::new().unwrap(), &[&store], 500);
}

/// What one of them keeps in memory is never older than what the other has written.
#[test]
fn two_processes_on_a_sqlite_file_answer_like_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // So little that documents are forgotten as well.
    let options = SqliteOptions {
        kept_kib: 1,
        ..SqliteOptions::default()
    };
    let open = |options| SqliteStore::open(&path, options).unwrap();
    let (one, two) = (open(SqliteOptions::default()), open(options));
    compare(&Runtime::new().unwrap(), &[&one, &two], 300);
}

#[test]
fn postgres_answers_like_the_model() {
    let runtime = Runtime::new().unwrap();
    let (store, _) = runtime.block_on(support::postgres());
    compare(&runtime, &[&store], 200);
    // Its connections live on the runtime.
    drop(store);
}
