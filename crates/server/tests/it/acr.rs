//! `acr`, `amr` and `auth_time` of ID tokens (`reference/flows.md` 12), as a table.

use std::time::Duration;

use countersign_testkit::{Browser, TestServer, code_of, on_every_adapter};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_hours(1);

/// One sign-on after the other in one browser: how long after the one before, what the client
/// asks for, which policy completes, and whether the person had to prove themselves.
type SignOn = (
    Duration,
    &'static [(&'static str, &'static str)],
    &'static str,
    bool,
);
const TABLE: [SignOn; 12] = [
    (Duration::ZERO, &[], "Eight_Hours", true),
    (HOUR, &[], "Eight_Hours", false),
    (HOUR, &[("acr_values", "Always")], "Always", true),
    (HOUR, &[("acr_values", "Eight_Hours")], "Eight_Hours", false),
    // The names count in the order asked for, and the one that completes is told.
    (
        HOUR,
        &[("acr_values", "Eight_Hours Always")],
        "Eight_Hours",
        false,
    ),
    // Nothing was done for a policy that asks for nothing, whoever has a session.
    (
        HOUR,
        &[("acr_values", "Empty Eight_Hours")],
        "Eight_Hours",
        false,
    ),
    (
        HOUR,
        &[("acr_values", "Blocked Eight_Hours")],
        "Eight_Hours",
        true,
    ),
    (HOUR, &[("max_age", "7200")], "Eight_Hours", false),
    (HOUR, &[("max_age", "60")], "Eight_Hours", true),
    (HOUR, &[("prompt", "login")], "Eight_Hours", true),
    (HOUR, &[("prompt", "none")], "Eight_Hours", false),
    (Duration::from_hours(9), &[], "Eight_Hours", true),
];

async fn import(server: &TestServer) {
    let after_eight_hours = json!({
        "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}", "greater": 28_800,
    });
    let login = json!({ "type": "LOGIN", "priority": 1 });
    let mut seldom = login.clone();
    seldom["condition"] = after_eight_hours;
    let factor = json!({
        "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 2, "noDevicesMode": "BLOCK",
    });
    let assigned = ["Eight_Hours", "Always", "Blocked", "Empty"]
        .into_iter()
        .zip(1..);
    let assigned: Vec<Value> = assigned
        .map(|(name, priority)| json!({ "signOnPolicy": name, "priority": priority }))
        .collect();
    let environment = json!({
        "id": server.tenant.id, "name": "First",
        "signOnPolicies": [
            { "name": "Eight_Hours", "actions": [seldom] },
            { "name": "Always", "actions": [login] },
            { "name": "Blocked", "actions": [login, factor] },
            { "name": "Empty" },
        ],
        "applications": [{
            "id": server.tenant.web.id, "name": "Web", "signOnPolicyAssignments": assigned,
        }],
        "users": [{ "id": server.tenant.person.id, "username": server.tenant.person.username,
                    "mfaEnabled": true }],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn id_token(server: &TestServer, browser: &Browser, asked: &[(&str, &str)]) -> Value {
    let tenant = &server.tenant;
    let mut request = tenant.authorize(&tenant.web);
    for (name, value) in asked {
        request = request.set(name, value);
    }
    let answer = request.sign_on(browser).await;
    let answer = browser.follow(answer, &tenant.base).await;
    let code = code_of(&answer.redirect());
    let tokens = tenant
        .redeem(&tenant.web, &code)
        .send(browser)
        .await
        .expect_status(200)
        .json();
    tenant.verify(&tokens["id_token"]).await.claims
}

on_every_adapter! {
    async fn acr_amr_and_auth_time_say_what_was_done_and_when(server: TestServer) {
        import(&server).await;
        let browser = server.tenant.browser();
        let (mut auth_time, mut sid) = (0, None);
        for (row, (later, asked, acr, proves)) in TABLE.into_iter().enumerate() {
            server.clock.advance(later);
            let now = server.ports.clock.now().seconds();
            let token = id_token(&server, &browser, asked).await;
            if proves {
                auth_time = now;
            }
            assert_eq!(token["acr"], acr, "row {row}: {asked:?}");
            assert_eq!(token["amr"], json!(["pwd"]), "row {row}: {asked:?}");
            assert_eq!(token["auth_time"], auth_time, "row {row}: {asked:?}");
            // One browser, one person, one session.
            let first = sid.get_or_insert_with(|| token["sid"].clone());
            assert_eq!(token["sid"], *first, "row {row}: {asked:?}");
        }
    }
}
