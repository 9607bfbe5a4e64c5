//! Which action is legal in which status

use std::fmt::Write as _;

use countersign_testkit::TestServer;
use serde_json::{Value, json};

use super::policies::EXPIRED;
use super::{PASSWORD, Walk, devices};

/// How a flow comes to stand in each status, through policies that offer everything, or nothing
/// beside what they ask for.
pub(super) async fn stand<'a>(
    server: &'a TestServer,
    table: &'a mut String,
    status: &str,
    open: bool,
) -> Walk<'a> {
    let (login, identifier, provider) = if open {
        ("Open", "Open_Identifier", "Open_Provider")
    } else {
        ("Login", "Identifier", "Provider")
    };
    let looked_up = ("user.lookup", json!({ "username": "ok" }));
    let (policy, steps): (_, Vec<(&str, Value)>) = match status {
        "USERNAME_PASSWORD_REQUIRED" => (login, vec![]),
        "SIGN_ON_REQUIRED" => (identifier, vec![]),
        "PASSWORD_REQUIRED" => (identifier, vec![looked_up]),
        "PASSWORD_EXPIRED" => (login, vec![checked("expired", EXPIRED)]),
        "MUST_CHANGE_PASSWORD" => (login, vec![checked("temporary", PASSWORD)]),
        "RECOVERY_CODE_REQUIRED" => ("Open", vec![]),
        "VERIFICATION_CODE_REQUIRED" => (login, vec![checked("unverified", PASSWORD)]),
        "ACCOUNT_LINKING_REQUIRED" if open => (login, vec![]),
        "ACCOUNT_LINKING_REQUIRED" | "EXTERNAL_AUTHENTICATION_REQUIRED" => (provider, vec![]),
        "ACCOUNT_CONFIRMATION_REQUIRED" => ("Confirm", vec![]),
        "PROFILE_DATA_REQUIRED" => ("Profile", vec![checked("asked", PASSWORD)]),
        "AGREEMENT_CONSENT_REQUIRED" => ("Agreement", vec![checked("ok", PASSWORD)]),
        "COMPLETED" => (login, vec![checked("ok", PASSWORD)]),
        "DAG_USER_CODE_REQUIRED" | "DAG_CONSENT_REQUIRED" => {
            let (mut walk, code) = devices::start(server, table, "").await;
            walk.check("", "ok", PASSWORD).await;
            if status == "DAG_CONSENT_REQUIRED" {
                walk.act("", devices::VERIFY, json!({ "userCode": code }))
                    .await;
            }
            assert_eq!(walk.status, status);
            return walk;
        }
        _ => ("Factor", vec![checked("ok", PASSWORD)]),
    };
    let mut walk = Walk::start(server, table, "", &[("acr_values", policy)]).await;
    if status.starts_with("ACCOUNT_") {
        walk.come_back("").await;
    }
    if status == "RECOVERY_CODE_REQUIRED" {
        // Another name each time: there are so many codes for each.
        let nobody = json!({ "username": walk.flow });
        walk.act("", "password.forgot", nobody).await;
    }
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

pub(super) const STATUSES: [&str; 16] = [
    "USERNAME_PASSWORD_REQUIRED",
    "SIGN_ON_REQUIRED",
    "PASSWORD_REQUIRED",
    "PASSWORD_EXPIRED",
    "MUST_CHANGE_PASSWORD",
    "RECOVERY_CODE_REQUIRED",
    "VERIFICATION_CODE_REQUIRED",
    "ACCOUNT_LINKING_REQUIRED",
    "ACCOUNT_CONFIRMATION_REQUIRED",
    "EXTERNAL_AUTHENTICATION_REQUIRED",
    "PROFILE_DATA_REQUIRED",
    "AGREEMENT_CONSENT_REQUIRED",
    "DAG_USER_CODE_REQUIRED",
    "DAG_CONSENT_REQUIRED",
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

/// What an action gets that must not move the flow.
fn nothing(action: &str, status: &str) -> Value {
    match (action, status) {
        // An identity provider may have said enough to register with.
        ("user.register", _) => json!({ "username": "" }),
        ("password.forgot", "PASSWORD_REQUIRED") => json!({ "username": "somebody else" }),
        _ => json!({}),
    }
}

async fn column(server: &TestServer, status: &str, open: bool) -> Vec<&'static str> {
    let tenant = &server.tenant;
    let mut noted = String::new();
    let walk = stand(server, &mut noted, status, open).await;
    let mut column = Vec::new();
    for action in ACTIONS {
        let read = walk.browser.get(tenant.flow(&walk.flow)).send().await;
        let is_advertised = read.json()["_links"].get(action).is_some();
        let body = nothing(action, status);
        let answer = tenant.act(&walk.browser, &walk.flow, action, &body).await;
        let is_refused = answer.status == 400 && answer.text("/code") == "REQUEST_FAILED";
        column.push(match (answer.status, is_advertised, is_refused) {
            (415, false, _) => "415",
            (_, true, false) => "link",
            (_, false, false) => "yes",
            (_, false, true) => "-",
            (_, true, _) => "advertised, and refused",
        });
    }
    // Where people can be sent to an identity provider from.
    let walk = stand(server, &mut noted, status, open).await;
    let read = walk
        .browser
        .get(tenant.flow(&walk.flow))
        .send()
        .await
        .json();
    let leads_away = read["_links"].get("authenticate").is_some()
        || read["_embedded"].get("socialProviders").is_some();
    column.push(if leads_away { "link" } else { "-" });
    column
}

pub(super) async fn matrix(server: &TestServer) -> String {
    let mut columns = Vec::new();
    for status in STATUSES {
        let (open, bare) = (
            column(server, status, true).await,
            column(server, status, false).await,
        );
        let both = open
            .into_iter()
            .zip(bare)
            .map(|(open, bare)| match (open, bare) {
                (open, bare) if open == bare => open,
                ("link", "-") => "c",
                _ => "differs",
            });
        columns.push(both.collect::<Vec<_>>());
    }
    let mut matrix = String::new();
    for (number, status) in STATUSES.iter().enumerate() {
        writeln!(matrix, "{} = {status}", number + 1).unwrap();
    }
    write!(matrix, "\n{:32}", "").unwrap();
    for number in 1..=STATUSES.len() {
        write!(matrix, "{number:<6}").unwrap();
    }
    for (row, action) in ACTIONS
        .iter()
        .chain(&["(to an identity provider)"])
        .enumerate()
    {
        write!(matrix, "\n{action:32}").unwrap();
        for column in &columns {
            write!(matrix, "{:<6}", column[row]).unwrap();
        }
    }
    let lines: Vec<&str> = matrix.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}
