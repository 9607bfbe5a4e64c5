//! What a flow refuses, as clients read it: status, codes, targets, words and numbers.

use std::fmt::Write as _;

use countersign_testkit::{Answer, TestServer, code_in};
use serde_json::{Value, json};

use super::matrix::stand;
use super::{NEW, PASSWORD, Walk, devices};

/// All of them.
pub(super) async fn refusals(server: &TestServer) -> String {
    let mut table = Table {
        server,
        lines: String::new(),
    };
    table.requests().await;
    table.passwords().await;
    table.codes().await;
    table.people().await;
    table.lines
}

struct Table<'a> {
    server: &'a TestServer,
    lines: String,
}

impl<'a> Table<'a> {
    fn note(&mut self, event: &str, answer: &Answer) {
        let body = answer.json();
        let mut body = body.as_object().unwrap().clone();
        let id = body.remove("id");
        assert_eq!(
            id.as_ref().and_then(Value::as_str),
            answer.header("correlation-id")
        );
        let text = |value: Option<Value>| value.map_or_else(String::new, |it| format!(" {it}"));
        let (code, message) = (text(body.remove("code")), text(body.remove("message")));
        writeln!(self.lines, "{event}\n  {}{code}{message}", answer.status).unwrap();
        let details = body.remove("details").unwrap_or(json!([]));
        for detail in details.as_array().unwrap() {
            writeln!(self.lines, "  {detail}").unwrap();
        }
        assert!(body.is_empty(), "{body:?}");
    }

    async fn stand(&self, status: &str) -> Walk<'a> {
        // What leads there is in the table of transitions.
        let lines = Box::leak(Box::default());
        stand(self.server, lines, status, true).await
    }

    async fn act(&mut self, walk: &Walk<'_>, event: &str, action: &str, body: Value) {
        let tenant = &self.server.tenant;
        let answer = tenant.act(&walk.browser, &walk.flow, action, &body).await;
        if !event.is_empty() {
            self.note(event, &answer);
        }
    }

    async fn requests(&mut self) {
        let tenant = &self.server.tenant;
        let walk = self.stand("USERNAME_PASSWORD_REQUIRED").await;
        let unknown = walk.browser.get(tenant.flow("x")).send().await;
        self.note("unknown flow", &unknown);
        let check = "application/vnd.pingidentity.usernamePassword.check+json";
        for (event, media, body) in [
            ("another media type", "application/json", "{}"),
            ("no JSON", check, "{"),
            ("no object", check, "[]"),
            ("a member of another type", check, "{\"username\": 1}"),
        ] {
            let request = walk.browser.post(tenant.flow(&walk.flow));
            let answer = request.body(media, body.as_bytes().to_vec()).send().await;
            self.note(event, &answer);
        }
        let event = "an action of another status";
        self.act(&walk, event, "user.verify", json!({})).await;
    }

    async fn passwords(&mut self) {
        let check = "usernamePassword.check";
        let walk = self.stand("USERNAME_PASSWORD_REQUIRED").await;
        let given = |name: &str, password: &str| json!({ "username": name, "password": password });
        for (event, body) in [
            (
                "usernamePassword.check without a password",
                json!({ "username": "ok" }),
            ),
            (
                "usernamePassword.check without a username",
                json!({ "password": "x" }),
            ),
            ("wrong password", given("ok", "wrong")),
            ("nobody's name", given("nobody", "wrong")),
            ("right password, disabled", given("disabled", PASSWORD)),
        ] {
            self.act(&walk, event, check, body).await;
        }
        for guess in 0..4 {
            self.act(&walk, "", check, given("locked", &format!("wrong {guess}")))
                .await;
        }
        self.act(
            &walk,
            "fifth wrong password",
            check,
            given("locked", "wrong"),
        )
        .await;
        let walk = self.stand("PASSWORD_REQUIRED").await;
        let event = "another name than the flow's";
        self.act(&walk, event, check, given("asked", PASSWORD))
            .await;
        let walk = self.stand("MUST_CHANGE_PASSWORD").await;
        let change =
            |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
        for (event, body) in [
            ("password.reset without a password", json!({})),
            ("wrong current password", change("wrong", NEW)),
            ("new password against the policy", change(PASSWORD, "aaaaa")),
        ] {
            self.act(&walk, event, "password.reset", body).await;
        }
    }

    async fn codes(&mut self) {
        let walk = self.stand("USERNAME_PASSWORD_REQUIRED").await;
        let event = "password.forgot without a username";
        self.act(&walk, event, "password.forgot", json!({})).await;
        let _ = self.server.mails().await;
        let forgetful = json!({ "username": "forgetful" });
        self.act(&walk, "", "password.forgot", forgetful).await;
        let code = code_in(&self.server.mail().await);
        let recover = |code: &str, new: &str| json!({ "recoveryCode": code, "newPassword": new });
        self.act(
            &walk,
            "password.recover without a code",
            "password.recover",
            json!({}),
        )
        .await;
        let event = "right code, new password against the policy";
        self.act(&walk, event, "password.recover", recover(&code, "aaaaa"))
            .await;
        self.act(
            &walk,
            "wrong code",
            "password.recover",
            recover("AAAAAAAA", NEW),
        )
        .await;
        for guess in ["AAAAAAAB", "AAAAAAAC", "AAAAAAAD"] {
            self.act(&walk, "", "password.recover", recover(guess, NEW))
                .await;
        }
        let event = "fifth wrong code";
        self.act(&walk, event, "password.recover", recover("AAAAAAAE", NEW))
            .await;
        for _ in 0..4 {
            self.act(&walk, "", "password.sendRecoveryCode", json!({}))
                .await;
        }
        let event = "the sixth code in half an hour";
        self.act(&walk, event, "password.sendRecoveryCode", json!({}))
            .await;
        let walk = self.stand("VERIFICATION_CODE_REQUIRED").await;
        self.act(
            &walk,
            "user.verify without a code",
            "user.verify",
            json!({}),
        )
        .await;
        let wrong = json!({ "verificationCode": "AAAAAAAA" });
        self.act(&walk, "wrong verification code", "user.verify", wrong)
            .await;
        let walk = self.stand("DAG_USER_CODE_REQUIRED").await;
        let wrong = json!({ "userCode": "AAAA-AAAA" });
        self.act(&walk, "wrong user code", devices::VERIFY, wrong)
            .await;
    }

    async fn people(&mut self) {
        let register = "user.register";
        let walk = self.stand("USERNAME_PASSWORD_REQUIRED").await;
        let full = json!({ "username": "new", "email": "new@client.example", "password": NEW });
        for (event, member, value) in [
            ("user.register without a username", "username", Value::Null),
            ("user.register without an address", "email", Value::Null),
            ("user.register, no address", "email", json!("nowhere")),
            ("user.register without a password", "password", Value::Null),
            (
                "user.register, password against the policy",
                "password",
                json!("aaaaa"),
            ),
            ("user.register, name taken", "username", json!("ok")),
        ] {
            let mut body = full.clone();
            body[member] = value;
            self.act(&walk, event, register, body).await;
        }
        let walk = self.stand("SIGN_ON_REQUIRED").await;
        self.act(
            &walk,
            "user.lookup without a username",
            "user.lookup",
            json!({}),
        )
        .await;
        let walk = self.stand("PROFILE_DATA_REQUIRED").await;
        self.act(
            &walk,
            "user.update without what is required",
            "user.update",
            json!({}),
        )
        .await;
        let phone = json!({ "mobilePhone": "x" });
        self.act(
            &walk,
            "user.update, no telephone number",
            "user.update",
            phone,
        )
        .await;
        let walk = self.stand("AGREEMENT_CONSENT_REQUIRED").await;
        self.act(
            &walk,
            "user.consent without a word",
            "user.consent",
            json!({}),
        )
        .await;
        let word = json!({ "accept": "perhaps" });
        self.act(&walk, "user.consent, another word", "user.consent", word)
            .await;
        let walk = self.stand("ACCOUNT_CONFIRMATION_REQUIRED").await;
        self.act(
            &walk,
            "user.confirm without a username",
            "user.confirm",
            json!({}),
        )
        .await;
    }
}
