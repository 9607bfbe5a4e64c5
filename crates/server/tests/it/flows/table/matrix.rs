//! Which action is legal in which status

use std::fmt::Write as _;

use countersign_testkit::Tenant;
use serde_json::{Value, json};

use super::policies::EXPIRED;
use super::{PASSWORD, Walk};

/// How a flow comes to stand in each status.
pub(super) async fn stand<'a>(tenant: &'a Tenant, table: &'a mut String, status: &str) -> Walk<'a> {
    let (policy, steps): (_, Vec<(&str, Value)>) = match status {
        "USERNAME_PASSWORD_REQUIRED" => ("Login", vec![]),
        "SIGN_ON_REQUIRED" => ("Identifier", vec![]),
        "PASSWORD_REQUIRED" => (
            "Identifier",
            vec![("user.lookup", json!({ "username": "ok" }))],
        ),
        "PASSWORD_EXPIRED" => ("Login", vec![checked("expired", EXPIRED)]),
        "MUST_CHANGE_PASSWORD" => ("Login", vec![checked("temporary", PASSWORD)]),
        "PROFILE_DATA_REQUIRED" => ("Profile", vec![checked("asked", PASSWORD)]),
        "COMPLETED" => ("Login", vec![checked("ok", PASSWORD)]),
        _ => ("Factor", vec![checked("ok", PASSWORD)]),
    };
    let mut walk = Walk::start(tenant, table, "", &[("acr_values", policy)]).await;
    for (action, body) in steps {
        walk.act("", action, body).await;
    }
    assert_eq!(walk.status, status);
    walk
}

fn checked(username: &str, password: &str) -> (&'static str, Value) {
    let body = json!({ "username": username, "password": password });
    ("usernamePassword.check", body)
}

pub(super) const STATUSES: [&str; 8] = [
    "USERNAME_PASSWORD_REQUIRED",
    "SIGN_ON_REQUIRED",
    "PASSWORD_REQUIRED",
    "PASSWORD_EXPIRED",
    "MUST_CHANGE_PASSWORD",
    "PROFILE_DATA_REQUIRED",
    "COMPLETED",
    "FAILED",
];

/// Every action of the sheet; `session.reset` last, for it moves the flow.
const ACTIONS: [&str; 19] = [
    "usernamePassword.check",
    "user.lookup",
    "password.reset",
    "user.update",
    "password.forgot",
    "password.sendRecoveryCode",
    "password.recover",
    "user.register",
    "user.verify",
    "user.sendVerificationCode",
    "user.confirm",
    "user.consent",
    "device.select",
    "otp.check",
    "assertion.check",
    "cancel.push.authentication",
    "deviceAuthGrant.userCode.verify",
    "deviceAuthGrant.consent",
    "session.reset",
];

pub(super) async fn matrix(tenant: &Tenant) -> String {
    let mut columns = Vec::new();
    for status in STATUSES {
        let mut noted = String::new();
        let walk = stand(tenant, &mut noted, status).await;
        let mut column = Vec::new();
        for action in ACTIONS {
            let read = walk.browser.get(tenant.flow(&walk.flow)).send().await;
            let is_advertised = read.json()["_links"].get(action).is_some();
            let answer = tenant
                .act(&walk.browser, &walk.flow, action, &json!({}))
                .await;
            let is_refused = answer.status == 400 && answer.text("/code") == "REQUEST_FAILED";
            column.push(match (answer.status, is_advertised, is_refused) {
                (415, false, _) => "415",
                (_, true, false) => "link",
                (_, false, false) => "yes",
                (_, false, true) => "-",
                (_, true, _) => "advertised, and refused",
            });
        }
        columns.push(column);
    }
    let mut matrix = String::new();
    for (number, status) in STATUSES.iter().enumerate() {
        writeln!(matrix, "{} = {status}", number + 1).unwrap();
    }
    write!(matrix, "\n{:32}", "").unwrap();
    for number in 1..=STATUSES.len() {
        write!(matrix, "{number:<6}").unwrap();
    }
    for (row, action) in ACTIONS.iter().enumerate() {
        write!(matrix, "\n{action:32}").unwrap();
        for column in &columns {
            write!(matrix, "{:<6}", column[row]).unwrap();
        }
    }
    let lines: Vec<&str> = matrix.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}
