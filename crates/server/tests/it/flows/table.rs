//! The state machine as the wire shows it: every transition that is served, and which action is
//! legal in which status. `table.txt` is what a reviewer holds against `reference/flows.md` 14.

mod devices;
mod matrix;
mod policies;
mod refusals;
mod resources;
mod transitions;

use std::fmt::Write as _;
use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, on_every_adapter};
use serde_json::{Value, json};

use matrix::{STATUSES, matrix, stand};
use policies::{import, namesake};
use transitions::{agreements, codes, entries, identifiers, links, passwords, profiles, providers};

use crate::rp;

/// Of everybody but one.
const PASSWORD: &str = "Right-Password-1";
const NEW: &str = "Quite-Another-2!";

/// One flow in one browser, and the lines it adds to the table.
struct Walk<'a> {
    server: &'a TestServer,
    browser: Browser,
    flow: String,
    status: String,
    table: &'a mut String,
}

fn line(table: &mut String, from: &str, event: &str, to: &str) {
    writeln!(table, "{from:32} | {event:56} | {to}").unwrap();
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
        server: &'a TestServer,
        table: &'a mut String,
        event: &str,
        parameters: &[(&str, &str)],
    ) -> Self {
        let browser = server.tenant.browser();
        Self::again(server, table, browser, event, parameters).await
    }

    async fn again(
        server: &'a TestServer,
        table: &'a mut String,
        browser: Browser,
        event: &str,
        parameters: &[(&str, &str)],
    ) -> Self {
        let tenant = &server.tenant;
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
            server,
            browser,
            flow: text("id"),
            status: text("status"),
            table,
        }
    }

    /// Acts, and notes what came of it; a refusal must leave the status as it was.
    async fn act(&mut self, event: &str, action: &str, body: Value) {
        let from = self.status.clone();
        let tenant = &self.server.tenant;
        let answer = tenant.act(&self.browser, &self.flow, action, &body).await;
        self.status = self.stands().await;
        if answer.status != 200 {
            assert_eq!(self.status, from, "{event}");
        }
        if !event.is_empty() {
            line(self.table, &from, event, &outcome(&answer));
        }
    }

    async fn stands(&self) -> String {
        let flow = self.server.tenant.flow(&self.flow);
        let read = self.browser.get(flow).send().await;
        read.expect_status(200).text("/status")
    }

    /// Goes to the provider and comes back as its carol.
    async fn come_back(&mut self, event: &str) {
        let from = self.status.clone();
        let _ = rp::come_back(self.server, &self.browser, &self.flow).await;
        self.status = self.stands().await;
        if !event.is_empty() {
            let flow = self.server.tenant.flow(&self.flow);
            let read = self.browser.get(flow).send().await;
            line(self.table, &from, event, &outcome(&read));
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

async fn anywhere(server: &TestServer, table: &mut String) {
    let living = STATUSES.len() - 2;
    for status in STATUSES.iter().take(living) {
        let mut noted = String::new();
        stand(server, &mut noted, status, true)
            .await
            .act("session.reset", "session.reset", json!({}))
            .await;
        table.push_str(&noted);
    }
    let mut left = Vec::new();
    for status in STATUSES {
        let mut noted = String::new();
        let Walk { browser, flow, .. } = stand(server, &mut noted, status, true).await;
        left.push((status, browser, flow));
    }
    server.clock.advance(Duration::from_mins(15));
    for (status, browser, flow) in left {
        let gone = browser.get(server.tenant.flow(&flow)).send().await;
        line(table, status, "15 minutes idle", &outcome(&gone));
    }
}

on_every_adapter! {
    async fn the_state_machine_is_the_one_of_the_sheet(server: TestServer) {
        import(&server).await;
        let mut first = String::new();
        // While nobody here has the name of the provider's person.
        providers(&server, &mut first).await;
        namesake(&server).await;
        let matrix = matrix(&server).await;
        let mut table = String::new();
        anywhere(&server, &mut table).await;
        let mut noted = String::new();
        entries(&server, &mut noted).await;
        passwords(&server, &mut noted).await;
        identifiers(&server, &mut noted).await;
        codes(&server, &mut noted).await;
        profiles(&server, &mut noted).await;
        agreements(&server, &mut noted).await;
        links(&server, &mut first).await;
        devices::devices(&server, &mut first).await;
        let seen = format!(
            "Transitions; \"x\" is a refusal that leaves the status as it was\n\n{noted}{first}\
             {table}\n\
             Actions by status: \"link\" is advertised and accepted, \"c\" the same where it is \
             configured, \"yes\" is accepted, \"-\" is refused with REQUEST_FAILED, 415 is not \
             served\n\n{matrix}"
        );
        assert!(seen == include_str!("table.txt"), "table.txt should read:\n{seen}");
    }

    async fn the_resource_of_each_status_has_the_keys_of_the_sheet(server: TestServer) {
        import(&server).await;
        namesake(&server).await;
        let seen = resources::resources(&server).await;
        assert!(seen == include_str!("resources.txt"), "resources.txt should read:\n{seen}");
    }

    async fn each_refusal_has_the_codes_and_words_of_the_sheet(server: TestServer) {
        import(&server).await;
        namesake(&server).await;
        let seen = refusals::refusals(&server).await;
        assert!(seen == include_str!("refusals.txt"), "refusals.txt should read:\n{seen}");
    }
}
