//! What is written is what is read, for every resource there is: bodies made at random go through
//! the wire and back. What a resource is like is said once, in `samples`; what holds for all of
//! them is said once, here and in `limits`.
//!
//! A resource, a body or a member that `samples` does not know fails
//! [`every_body_has_a_sample`] or [`every_member_has_a_sample`].
//!
//! For long: `PROPTEST_CASES=500 cargo test -p countersign-server --test it -- v1::round_trip`.
//! What failed once is tried first ever after: `seeds` has it.

mod complete;
mod expected;
mod export;
mod export_gone;
mod limits;
mod sample;
mod samples;
mod subject;

use countersign_testkit::{Adapter, TestServer, run};
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use self::sample::{Absent, Sample};
use self::subject::Subject;
use super::ground::NOBODY;
use super::{Api, fresh, next, owner, refused, text};

#[test]
fn what_is_written_is_what_is_read_on_memory() {
    run(Adapter::Memory, |server| round_trips(server, 12));
}

#[test]
fn what_is_written_is_what_is_read_on_sqlite() {
    run(Adapter::Sqlite, |server| round_trips(server, 2));
}

#[test]
fn what_is_written_is_what_is_read_on_postgres() {
    run(Adapter::Postgres, |server| round_trips(server, 2));
}

/// Tries each sample with so many bodies, and tells all that is wrong.
async fn round_trips(server: TestServer, cases: u32) {
    let api = owner(&server).await;
    let ground = fresh(&api).await;
    let mut wrong = Vec::new();
    for sample in samples::all() {
        let subject = Subject::new(&api, &ground, &sample);
        let handle = Handle::current();
        let pairs = (sample.bodies(), sample.bodies());
        let mut runner = TestRunner::new(config(&sample, cases));
        let tried = block_in_place(|| {
            runner.run(&pairs, |(first, second)| {
                handle.block_on(round_trip(&subject, &first, &second));
                Ok(())
            })
        });
        if let Err(error) = tried {
            wrong.push(format!("{}\n{error}", sample.name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn config(sample: &Sample, cases: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let cases = asked.and_then(|it| it.parse().ok()).unwrap_or(cases);
    // One file for each, so that what failed for one is not tried with the others.
    let file: String = sample.name().chars().map(plain).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/v1/round_trip/seeds");
    let file = format!("{folder}/{}.txt", file.trim_matches('-'));
    Config {
        cases: if sample.is_slow {
            cases.div_ceil(6)
        } else {
            cases
        },
        max_shrink_iters: 100,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file.leak()))),
        ..Config::default()
    }
}

fn plain(it: char) -> char {
    if it.is_ascii_alphanumeric() { it } else { '-' }
}

/// Makes one of the first body, and another one of it by the second.
async fn round_trip(subject: &Subject<'_>, first: &Value, second: &Value) {
    let (first, second) = (subject.body(first), subject.body(second));
    let made = subject.make(&subject.with_nulls(&first)).await;
    subject.expect(&first, &made, None);
    let path = subject.path_of(&made);
    let read = subject.read(&path).await;
    assert_eq!(
        subject.listed(&read),
        subject.later(&made),
        "GET of what was made"
    );
    subject.expect_listed(&read).await;
    if subject.can_replace() {
        replaced(subject, &path, &read, &first, &second).await;
    }
    if subject.can_change() {
        changed(subject, &path, &second).await;
    }
    if subject.can_remove() {
        let api = subject.api;
        subject.remove(&path).await;
        if subject.is_list() {
            refused(api.get(&path).await, 404, "NOT_FOUND", None);
            refused(api.delete(&path).await, 404, "NOT_FOUND", None);
        }
    }
}

async fn replaced(subject: &Subject<'_>, path: &str, read: &Value, first: &Value, second: &Value) {
    let same = subject.put(path, read).await;
    assert_eq!(&same, read, "PUT of what was read");
    let mut odd = read.clone();
    odd["unknownMember"] = json!({ "a": [1, null] });
    for name in ["id", "environment", "createdAt", "updatedAt", "_links"] {
        odd[name] = json!({ "id": NOBODY });
    }
    for name in subject.sample.read_only {
        odd[*name] = json!(["not", "yours"]);
    }
    let same = subject.put(path, &odd).await;
    assert_eq!(&same, read, "PUT with what is unknown or read-only");
    let same = subject.put(path, &subject.with_nulls(read)).await;
    assert_eq!(&same, read, "PUT with null in the place of what is absent");

    let other = subject.put(path, second).await;
    subject.expect(second, &other, Some(first));
    let twice = subject.put(path, second).await;
    assert_eq!(twice, other, "PUT twice");
    let nulls = subject.put(path, &subject.with_nulls(second)).await;
    assert_eq!(nulls, other, "PUT with null in the place of what is absent");
    assert_eq!(subject.read(path).await, other, "GET of what was put");
    subject.expect_listed(&other).await;
}

/// A PATCH changes what it names; null clears.
async fn changed(subject: &Subject<'_>, path: &str, given: &Value) {
    let api = subject.api;
    let before = subject.read(path).await;
    let same = api.patch(path, json!({})).await.expect_status(200).json();
    assert_eq!(same, before, "PATCH of nothing");
    for member in &subject.sample.members {
        let name = member.name;
        let Some(value) = given.get(name) else {
            continue;
        };
        let one = json!({ name: value });
        let same = api.patch(path, one).await.expect_status(200).json();
        assert_eq!(same, before, "PATCH of {name} to what it is");
        let cleared = match &member.absent {
            Absent::Nothing => Value::Null,
            Absent::Is(value) => value.clone(),
            Absent::Refused | Absent::Something | Absent::Kept(_) => continue,
        };
        if member.is_fixed {
            continue;
        }
        let none = api.patch(path, json!({ name: null })).await;
        let none = none.expect_status(200).json();
        assert_eq!(none[name], cleared, "PATCH of {name} to null");
        let back = api.patch(path, json!({ name: value })).await;
        assert_eq!(back.expect_status(200).json(), before, "PATCH of {name}");
    }
}
