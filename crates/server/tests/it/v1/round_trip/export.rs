//! What is exported and imported elsewhere is the same there.

use std::sync::{Arc, Mutex};

use countersign_protocol::import::{ExportOptions, export};
use countersign_testkit::{Adapter, TestServer, run};
use serde_json::Value;

use super::subject::Subject;
use super::{fresh, owner, samples};

/// What the file has no place for (`docs/how-to/import.md`).
const NOT_EXPORTED: &[&str] = &[
    "/environments/{environment}/schemas/{schema}/attributes",
    "/environments/{environment}/roles",
    "/environments/{environment}/groups/{group}/roleAssignments",
    "/environments/{environment}/gateways",
    "/environments/{environment}/gateways/{gateway}/roleAssignments",
    "/environments/{environment}/deviceAuthenticationPolicies",
    "/environments/{environment}/fido2Policies",
];

#[test]
fn what_is_exported_is_the_same_elsewhere() {
    let exported = Arc::new(Mutex::new((String::new(), String::new())));
    let here = Arc::clone(&exported);
    run(Adapter::Memory, |server| async move {
        *here.lock().unwrap() = everything(&server).await;
    });
    let (id, text) = exported.lock().unwrap().clone();
    run(Adapter::Memory, |server| async move {
        let first: Value = serde_json::from_str(&text).unwrap();
        server.import(&first).await;
        let text = exported_from(&server, &id).await;
        let second: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(first["environments"], second["environments"]);
    });
}

/// An environment with one of each sample in it: its id, and its file.
async fn everything(server: &TestServer) -> (String, String) {
    let api = owner(server).await;
    let ground = fresh(&api).await;
    let mut made = Vec::new();
    let of_environment = |path: &str| path.contains("{environment}");
    for sample in samples::all().iter().filter(|it| of_environment(it.path)) {
        let subject = Subject::new(&api, &ground, sample);
        let answer = subject.make(&subject.least()).await;
        if let Some(id) = answer["id"].as_str() {
            made.push((sample.name(), sample.path, id.to_owned()));
        }
    }
    let id = ground.id("environment").to_owned();
    let text = exported_from(server, &id).await;
    let lost: Vec<_> = made
        .iter()
        .filter(|(_, path, id)| !text.contains(id.as_str()) && !NOT_EXPORTED.contains(path))
        .map(|(name, ..)| name)
        .collect();
    assert!(lost.is_empty(), "not in the exported file: {lost:#?}");
    (id, text)
}

async fn exported_from(server: &TestServer, id: &str) -> String {
    let options = ExportOptions {
        secrets: true,
        without_users: false,
    };
    let text = export(&server.ports, id.parse().unwrap(), options).await;
    text.unwrap().unwrap()
}
