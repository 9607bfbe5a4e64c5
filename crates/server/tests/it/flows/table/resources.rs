//! The flow resource in each status, as clients read it: which keys it has, and what is in them.

use std::fmt::Write as _;
use std::time::Duration;

use countersign_domain::ids::FlowId;
use countersign_domain::ports::Clock;
use countersign_domain::time::Time;
use countersign_testkit::TestServer;
use serde_json::{Value, json};

use super::matrix::{STATUSES, stand};

/// All of them, with stand-ins for ids, addresses and times.
pub(super) async fn resources(server: &TestServer) -> String {
    let tenant = &server.tenant;
    let mut shown = String::new();
    for status in STATUSES {
        let mut noted = String::new();
        let walk = stand(server, &mut noted, status, true).await;
        let read = walk.browser.get(tenant.flow(&walk.flow)).send().await;
        let flow = read.expect_status(200).json();
        holds_together(server, &flow);
        writeln!(shown, "{status}\n{}", plain(server, flow)).unwrap();
    }
    shown
}

/// What holds for every flow, whatever its status (`reference/flows.md` 4).
fn holds_together(server: &TestServer, flow: &Value) {
    let text = flow.to_string();
    assert!(!text.contains(":null"), "{text}");
    let own = &flow["_links"]["self"]["href"];
    let elsewhere = ["authenticate", "registration.external"];
    for (name, link) in flow["_links"].as_object().unwrap() {
        assert!(link["href"].is_string(), "{name}");
        assert_eq!(
            link["href"] == *own,
            !elsewhere.contains(&name.as_str()),
            "{name}"
        );
    }
    let now = server.clock.now();
    let ends = now.plus(Duration::from_mins(15));
    assert_eq!(
        flow["expiresAt"],
        json!(ends),
        "15 minutes after the last touch"
    );
    assert_eq!(flow["createdAt"], json!(now));
    assert_eq!(flow["environment"], json!({ "id": server.tenant.id }));
}

/// A line for each value, and one for the links that lead to the flow itself.
fn plain(server: &TestServer, mut flow: Value) -> String {
    if let Some(policy) = flow.pointer_mut("/_embedded/passwordPolicy") {
        let keys = policy.as_object().unwrap().keys();
        let keys: Vec<&str> = keys.map(String::as_str).collect();
        *policy = json!(keys.join(" "));
    }
    if let Some(code) = flow.pointer_mut("/_embedded/userCode") {
        *code = json!("{code}");
    }
    let id = flow["id"].as_str().unwrap().to_owned();
    let known = [
        (server.base.as_str(), "{base}"),
        (server.tenant.id.as_str(), "{environment}"),
        (id.as_str(), "{flow}"),
    ];
    let mut flow = stand_in(flow, &known);
    let own = flow["_links"]["self"].clone();
    let links = flow["_links"].as_object_mut().unwrap();
    let names: Vec<String> = links.keys().cloned().collect();
    links.retain(|_, link| *link != own);
    let names = names.into_iter().filter(|name| !links.contains_key(name));
    let mut shown = format!("  links: {}\n", names.collect::<Vec<_>>().join(" "));
    write_lines(&mut shown, "", &flow);
    shown
}

fn write_lines(lines: &mut String, at: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let dot = if at.is_empty() { "" } else { "." };
                write_lines(lines, &format!("{at}{dot}{name}"), value);
            }
        }
        Value::Array(items) => {
            for item in items {
                write_lines(lines, &format!("{at}[]"), item);
            }
        }
        other => writeln!(lines, "  {at}: {other}").unwrap(),
    }
}

fn stand_in(value: Value, known: &[(&str, &str)]) -> Value {
    let each = |value| stand_in(value, known);
    match value {
        Value::String(text) => {
            let replaced = known
                .iter()
                .fold(text, |text, (from, to)| text.replace(from, to));
            if replaced.parse::<FlowId>().is_ok() {
                json!("{id}")
            } else if replaced.parse::<Time>().is_ok() {
                json!("{time}")
            } else {
                json!(replaced)
            }
        }
        Value::Array(items) => items.into_iter().map(each).collect(),
        Value::Object(members) => {
            let members = members.into_iter();
            members.map(|(name, value)| (name, each(value))).collect()
        }
        other => other,
    }
}
