//! PyPI `schemathesis`: requests made from our own description of `/v1` (`/v1/openapi.json`), good
//! ones and bad ones. Nothing fails, and answers are what the description says.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use countersign_protocol::v1::route::{self, Method};
use countersign_testkit::{Adapter, run_in_real_time};

use crate::v1::ground::{Ground, NOBODY};
use crate::v1::{fresh, owner};

/// What is held against each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// Requests that would end the environment that all the others are about.
const DEADLY: [(&str, Method); 2] = [
    ("/environments/{environment}", Method::Delete),
    ("/environments/{environment}/status", Method::Put),
];

#[test]
fn schemathesis_finds_answers_as_they_are_described() {
    run_in_real_time(Adapter::Memory, |server| async move {
        let api = owner(&server).await;
        let ground = fresh(&api).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("schemathesis.toml"), settings(&ground)).unwrap();
        // The child process is waited for, and the server needs its threads meanwhile.
        std::thread::scope(|scope| {
            let run = || run(&server.base, &api.token, folder.path());
            scope.spawn(run).join().unwrap();
        });
    });
}

/// How many requests each operation is tried with, made from its schema, and in which ways. For long,
/// with each limit of each schema as well:
/// `COUNTERSIGN_EXAMPLES=200 cargo xtask test --only clients --filter schemathesis`.
fn effort() -> (String, &'static str) {
    match std::env::var("COUNTERSIGN_EXAMPLES") {
        Ok(examples) => (examples, "examples,coverage,fuzzing"),
        Err(_) => ("5".to_owned(), "examples,fuzzing"),
    }
}

/// Ids that are there, so that requests get past the first look-up. What is deleted is not: the
/// requests after it would find nothing.
fn settings(ground: &Ground) -> String {
    let mut text = String::new();
    let mut seen = std::collections::BTreeSet::new();
    for endpoint in route::endpoints() {
        let name = format!("{} {}", endpoint.method.name(), endpoint.path);
        if !seen.insert(name.clone()) {
            continue;
        }
        let is_run = !DEADLY.contains(&(endpoint.path, endpoint.method));
        writeln!(
            text,
            "[[operations]]\ninclude-name = {name:?}\nenabled = {is_run}"
        )
        .unwrap();
        writeln!(text, "[operations.parameters]").unwrap();
        let path = ground.path_with(endpoint.path, |place, id| {
            let is_kept = endpoint.method != Method::Delete || place.ends_with("{environment}");
            id.filter(|_| is_kept).unwrap_or(NOBODY).to_owned()
        });
        for (step, id) in endpoint.path.split('/').zip(path.split('/')) {
            if let Some(name) = step.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                writeln!(text, "\"path.{name}\" = {id:?}").unwrap();
            }
        }
    }
    text
}

fn run(base: &str, token: &str, folder: &Path) {
    let python = std::env::var("COUNTERSIGN_TEST_PYTHON");
    let python = python.unwrap_or_else(|_| panic!("run `cargo xtask test --only clients`"));
    let (examples, phases) = effort();
    let output = Command::new(python)
        .current_dir(folder)
        .args([
            "-m",
            "schemathesis.cli",
            "--config-file",
            "schemathesis.toml",
            "run",
        ])
        .arg(format!("{base}/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args([
            "--checks",
            CHECKS,
            "--max-examples",
            &examples,
            "--phases",
            phases,
        ])
        .args([
            "--generation-deterministic",
            "--suppress-health-check",
            "all",
        ])
        .args([
            "--continue-on-failure",
            "--workers",
            "2",
            "--warnings",
            "off",
            "--no-color",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
}
