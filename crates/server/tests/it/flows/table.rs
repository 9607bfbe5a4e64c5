//! The state machine as the wire shows it: every transition that is served, and which action is
//! legal in which status. `table.txt` is what a reviewer holds against `reference/flows.md` 14.

mod matrix;
mod policies;

use std::fmt::Write as _;
use std::time::Duration;

use countersign_testkit::{Answer, Browser, Tenant, TestServer, on_every_adapter};
use serde_json::{Value, json};

use matrix::{STATUSES, matrix, stand};
use policies::{EXPIRED, import};

/// Of everybody but one.
const PASSWORD: &str = "Right-Password-1";
const NEW: &str = "Quite-Another-2!";

/// One flow in one browser, and the lines it adds to the table.
struct Walk<'a> {
    tenant: &'a Tenant,
    browser: Browser,
    flow: String,
    status: String,
    table: &'a mut String,
}

fn line(table: &mut String, from: &str, event: &str, to: &str) {
    writeln!(table, "{from:26} | {event:52} | {to}").unwrap();
}

/// A status with the error of a failed flow, or a refusal.
fn outcome(answer: &Answer) -> String {
    let json = answer.json();
    let text = |pointer: &str| {
        json.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("-")
            .to_owned()
    };
    if answer.status == 200 {
        let status = text("/status");
        return match status.as_str() {
            "FAILED" => format!("FAILED {}", text("/error/code")),
            _ => status,
        };
    }
    let mut told = format!("x {} {}", answer.status, text("/code"));
    for pointer in ["/details/0/code", "/details/0/target"] {
        let part = text(pointer);
        if part != "-" {
            told = format!("{told} {part}");
        }
    }
    told
}

impl<'a> Walk<'a> {
    /// Authorizes, and notes what that leads to, if there is something to note about it.
    async fn start(
        tenant: &'a Tenant,
        table: &'a mut String,
        event: &str,
        parameters: &[(&str, &str)],
    ) -> Self {
        Self::again(tenant, table, tenant.browser(), event, parameters).await
    }

    async fn again(
        tenant: &'a Tenant,
        table: &'a mut String,
        browser: Browser,
        event: &str,
        parameters: &[(&str, &str)],
    ) -> Self {
        let mut request = tenant.authorize(&tenant.native).pi_flow();
        for (name, value) in parameters {
            request = request.set(name, value);
        }
        let answer = request.send(&browser).await;
        if !event.is_empty() {
            line(table, "(authorize)", event, &outcome(&answer));
        }
        let json = answer.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self {
            tenant,
            browser,
            flow: text("id"),
            status: text("status"),
            table,
        }
    }

    /// Acts, and notes what came of it; a refusal must leave the status as it was.
    async fn act(&mut self, event: &str, action: &str, body: Value) {
        let from = self.status.clone();
        let answer = self
            .tenant
            .act(&self.browser, &self.flow, action, &body)
            .await;
        let read = self.browser.get(self.tenant.flow(&self.flow)).send().await;
        self.status = read.expect_status(200).text("/status");
        if answer.status != 200 {
            assert_eq!(self.status, from, "{event}");
        }
        if !event.is_empty() {
            line(self.table, &from, event, &outcome(&answer));
        }
    }

    async fn check(&mut self, event: &str, username: &str, password: &str) {
        let body = json!({ "username": username, "password": password });
        self.act(event, "usernamePassword.check", body).await;
    }

    async fn reset_password(&mut self, event: &str, current: &str, new: &str) {
        let body = json!({ "currentPassword": current, "newPassword": new });
        self.act(event, "password.reset", body).await;
    }
}

const LOGIN: &[(&str, &str)] = &[("acr_values", "Login")];
const IDENTIFIER: &[(&str, &str)] = &[("acr_values", "Identifier")];

async fn entries(tenant: &Tenant, table: &mut String) {
    let mut walk = Walk::start(tenant, table, "LOGIN first, nobody known", LOGIN).await;
    walk.check("", "ok", PASSWORD).await;
    let browser = walk.browser;
    let always = &[("acr_values", "Always")];
    let event = "LOGIN first, session user, always runs";
    let browser = Walk::again(tenant, table, browser, event, always)
        .await
        .browser;
    let event = "LOGIN first, session user, condition false";
    let browser = Walk::again(tenant, table, browser, event, LOGIN)
        .await
        .browser;
    let event = "LOGIN first, session user, prompt=login";
    let login = &[("acr_values", "Login"), ("prompt", "login")];
    let browser = Walk::again(tenant, table, browser, event, login)
        .await
        .browser;
    let event = "LOGIN first, session user, max_age=0";
    let zero = &[("acr_values", "Login"), ("max_age", "0")];
    let browser = Walk::again(tenant, table, browser, event, zero)
        .await
        .browser;
    let event = "IDENTIFIER_FIRST first, session user";
    let browser = Walk::again(tenant, table, browser, event, IDENTIFIER)
        .await
        .browser;
    let event = "PROGRESSIVE_PROFILING, session user lacks something";
    let profile = &[("acr_values", "Profile")];
    let _ = Walk::again(tenant, table, browser, event, profile).await;
    let _ = Walk::start(
        tenant,
        table,
        "IDENTIFIER_FIRST first, no login_hint",
        IDENTIFIER,
    )
    .await;
    let hint = &[("acr_values", "Identifier"), ("login_hint", "ok")];
    let _ = Walk::start(tenant, table, "IDENTIFIER_FIRST first, login_hint", hint).await;
    let none = &[("acr_values", "Login"), ("prompt", "none")];
    let _ = Walk::start(tenant, table, "prompt=none, nobody known", none).await;
    let factor = &[("acr_values", "Factor_First")];
    let event = "MULTI_FACTOR_AUTHENTICATION first (not served)";
    let _ = Walk::start(tenant, table, event, factor).await;
    let provider = &[("acr_values", "Provider")];
    let event = "IDENTITY_PROVIDER first (not served)";
    let _ = Walk::start(tenant, table, event, provider).await;
}

async fn passwords(tenant: &Tenant, table: &mut String) {
    let mut walk = Walk::start(tenant, table, "", LOGIN).await;
    walk.check("wrong password", "ok", "wrong").await;
    walk.check("unknown user", "nobody", "wrong").await;
    walk.check("right password, disabled", "disabled", PASSWORD)
        .await;
    for guess in 0..4 {
        walk.check("", "locked", &format!("wrong {guess}")).await;
    }
    walk.check("fifth wrong password", "locked", "wrong").await;
    walk.check("right password, locked", "locked", PASSWORD)
        .await;
    walk.check("right password", "ok", PASSWORD).await;
    for (policies, event) in [
        ("Profile", "right password, profile lacks something"),
        ("Factor", "right password, then MFA with BLOCK (no devices)"),
        (
            "Bypass",
            "right password, then MFA with BYPASS (no devices)",
        ),
        ("Agreement", "right password, then AGREEMENT (not served)"),
        (
            "Factor Login",
            "right password, policy fails, next one is content",
        ),
        (
            "Factor Always",
            "right password, policy fails, next one asks again",
        ),
    ] {
        let mut walk = Walk::start(tenant, table, "", &[("acr_values", policies)]).await;
        walk.check(event, "asked", PASSWORD).await;
    }
    let mut walk = Walk::start(tenant, table, "", LOGIN).await;
    walk.check("right password, temporary", "temporary", PASSWORD)
        .await;
    walk.reset_password("wrong current password", "wrong", NEW)
        .await;
    walk.reset_password("new password against the policy", PASSWORD, "short")
        .await;
    walk.reset_password("new password", PASSWORD, NEW).await;
    let mut walk = Walk::start(tenant, table, "", &[("acr_values", "Profile")]).await;
    walk.check("", "temporary too", PASSWORD).await;
    walk.reset_password("new password, profile lacks something", PASSWORD, NEW)
        .await;
    let mut walk = Walk::start(tenant, table, "", LOGIN).await;
    walk.check("right password, too old", "expired", EXPIRED)
        .await;
    walk.reset_password("wrong current password", "wrong", NEW)
        .await;
    walk.reset_password("new password", EXPIRED, NEW).await;
}

async fn identifiers(tenant: &Tenant, table: &mut String) {
    for (who, event) in [
        ("ok", "user.lookup, somebody's name"),
        ("nobody", "user.lookup, nobody's name"),
    ] {
        let mut walk = Walk::start(tenant, table, "", IDENTIFIER).await;
        walk.act(event, "user.lookup", json!({ "username": who }))
            .await;
        let event = format!("right password for the name \"{who}\"");
        walk.act(
            &event,
            "usernamePassword.check",
            json!({ "password": PASSWORD }),
        )
        .await;
    }
    let mut walk = Walk::start(tenant, table, "", IDENTIFIER).await;
    walk.act("user.lookup without a name", "user.lookup", json!({}))
        .await;
    walk.act("", "user.lookup", json!({ "username": "ok" }))
        .await;
    walk.check("another username", "asked", PASSWORD).await;
}

async fn profiles(tenant: &Tenant, table: &mut String) {
    let mut walk = Walk::start(tenant, table, "", &[("acr_values", "Profile")]).await;
    walk.check("", "asked", PASSWORD).await;
    walk.act(
        "user.update without what is required",
        "user.update",
        json!({}),
    )
    .await;
    walk.act(
        "user.update with a bad value",
        "user.update",
        json!({ "mobilePhone": "x" }),
    )
    .await;
    walk.act("user.update", "user.update", json!({ "mobilePhone": "1" }))
        .await;
    walk.act("session.reset", "session.reset", json!({})).await;
}

async fn anywhere(server: &TestServer, table: &mut String) {
    let tenant = &server.tenant;
    for status in STATUSES.iter().take(6) {
        let mut noted = String::new();
        stand(tenant, &mut noted, status)
            .await
            .act("session.reset", "session.reset", json!({}))
            .await;
        table.push_str(&noted);
    }
    let mut left = Vec::new();
    for status in STATUSES {
        let mut noted = String::new();
        let Walk { browser, flow, .. } = stand(tenant, &mut noted, status).await;
        left.push((status, browser, flow));
    }
    server.clock.advance(Duration::from_mins(15));
    for (status, browser, flow) in left {
        let gone = browser.get(tenant.flow(&flow)).send().await;
        line(table, status, "15 minutes idle", &outcome(&gone));
    }
}

on_every_adapter! {
    async fn the_state_machine_is_the_one_of_the_sheet(server: TestServer) {
        import(&server).await;
        let tenant = &server.tenant;
        let matrix = matrix(tenant).await;
        let mut table = String::new();
        anywhere(&server, &mut table).await;
        let mut first = String::new();
        entries(tenant, &mut first).await;
        passwords(tenant, &mut first).await;
        identifiers(tenant, &mut first).await;
        profiles(tenant, &mut first).await;
        let seen = format!(
            "Transitions; \"x\" is a refusal that leaves the status as it was\n\n{first}{table}\n\
             Actions by status: \"link\" is advertised and accepted, \"yes\" is accepted, \"-\" is \
             refused with REQUEST_FAILED, 415 is not served\n\n{matrix}"
        );
        assert!(seen == include_str!("table.txt"), "table.txt should read:\n{seen}");
    }
}
