//! `application/vnd.pingidentity.user.update+json`

use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, code_of, on_every_adapter, submit};
use serde_json::{Value, json};

/// A password every eight hours, then what is missing of the profile.
async fn profiling(server: &TestServer, profiling: Value) {
    let mut ask = json!({
        "type": "PROGRESSIVE_PROFILING",
        "priority": 2,
        "attributes": [
            { "name": "mobilePhone", "required": true },
            { "name": "address.countryCode", "required": false },
            { "name": "name.given", "required": true },
        ],
        "promptText": "How can we <reach> you?",
        "promptIntervalSeconds": 3600,
        "preventMultiplePromptsPerFlow": true,
    });
    for (name, value) in profiling.as_object().unwrap() {
        ask[name] = value.clone();
    }
    let login = json!({
        "type": "LOGIN",
        "priority": 1,
        "condition": {
            "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}",
            "greater": 28800,
        },
    });
    let policy = json!({ "name": "Profiling", "default": true, "actions": [login, ask] });
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "signOnPolicies": [policy] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// The flow after the password.
async fn signed_on(server: &TestServer, browser: &Browser) -> (String, Value) {
    let tenant = &server.tenant;
    let person = &tenant.person;
    let flow = tenant.authorize(&tenant.native).start_flow(browser).await;
    let answer = tenant
        .check_password(browser, &flow, &person.username, &person.password)
        .await;
    (flow, answer.expect_status(200).json())
}

async fn update(server: &TestServer, browser: &Browser, flow: &str, body: &Value) -> Answer {
    server.tenant.act(browser, flow, "user.update", body).await
}

async fn user(server: &TestServer) -> Value {
    use countersign_domain::entity;
    use countersign_domain::user::User;

    let env = server.tenant.id.parse().unwrap();
    let (id, now) = (&server.tenant.person.id, server.ports.clock.now());
    let user = entity::load::<User>(&*server.ports.store, env, id, now).await;
    serde_json::to_value(&user.unwrap().unwrap().value).unwrap()
}

on_every_adapter! {
    async fn what_is_missing_is_asked_for_and_kept(server: TestServer) {
        profiling(&server, json!({})).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, asked) = signed_on(&server, &browser).await;
        assert_eq!(asked["status"], "PROFILE_DATA_REQUIRED");
        assert_eq!(asked["_embedded"]["promptText"], "How can we <reach> you?");
        // The given name is there already.
        assert_eq!(asked["_embedded"]["attributes"], json!([
            { "name": "mobilePhone", "displayName": "Mobile Phone", "required": true },
            { "name": "address.countryCode", "displayName": "Country Code", "required": false },
        ]));
        let links: Vec<&String> = asked["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["self", "user.update"]);
        assert!(asked.get("session").is_none());
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let early = browser.get(&resume).send().await.expect_status(200).json();
        assert!(early.get("authorizeResponse").is_none());

        let body = json!({ "mobilePhone": "+1.5125551111", "address": { "countryCode": "CH" } });
        let done = update(&server, &browser, &flow, &body).await.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        let kept = user(&server).await;
        assert_eq!(kept["mobilePhone"], "+1.5125551111");
        assert_eq!(kept["address"]["countryCode"], "CH");
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());

        let (_, next) = signed_on(&server, &tenant.browser()).await;
        assert_eq!(next["status"], "COMPLETED");
    }

    async fn required_ones_must_be_given_and_all_must_fit(server: TestServer) {
        profiling(&server, json!({})).await;
        let browser = server.tenant.browser();
        let (flow, _) = signed_on(&server, &browser).await;
        let before = user(&server).await;
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "mobilePhone"),
            (json!({ "mobilePhone": " " }), "REQUIRED_VALUE", "mobilePhone"),
            (json!({ "mobilePhone": null }), "REQUIRED_VALUE", "mobilePhone"),
            (json!({ "mobilePhone": 5 }), "INVALID_VALUE", "mobilePhone"),
            (json!({ "mobilePhone": "call me" }), "INVALID_VALUE", "mobilePhone"),
            (json!({ "mobilePhone": "1", "address": "CH" }), "INVALID_VALUE", "address.countryCode"),
            (
                json!({ "mobilePhone": "1", "address": { "countryCode": "Switzerland" } }),
                "INVALID_VALUE",
                "address.countryCode",
            ),
        ] {
            let answer = update(&server, &browser, &flow, &body).await.expect_status(400).json();
            assert_eq!(answer["code"], "INVALID_DATA", "{body}");
            assert_eq!(answer["details"][0]["code"], code, "{body}");
            assert_eq!(answer["details"][0]["target"], target, "{body}");
        }
        let _ = update(&server, &browser, &flow, &json!([])).await.expect_status(400);
        assert_eq!(user(&server).await, before);
        let read = browser.get(server.tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "PROFILE_DATA_REQUIRED");
    }

    async fn what_was_not_asked_for_does_not_change(server: TestServer) {
        let attributes = json!([
            { "name": "mobilePhone", "required": true },
            // Whatever an administrator lists, these are not for the person to say.
            { "name": "enabled", "required": true },
            { "name": "username", "required": true },
            { "name": "externalId", "required": true },
        ]);
        profiling(&server, json!({ "attributes": attributes })).await;
        let browser = server.tenant.browser();
        let (flow, asked) = signed_on(&server, &browser).await;
        assert_eq!(asked["_embedded"]["attributes"].as_array().unwrap().len(), 1);
        let before = user(&server).await;
        let body = json!({
            "mobilePhone": "1",
            "username": "root",
            "externalId": "0",
            "enabled": false,
            "mfaEnabled": true,
            "emailVerified": true,
            "population": { "id": server.tenant.id },
            "title": "Queen",
            "name": { "given": "Eve" },
        });
        let done = update(&server, &browser, &flow, &body).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
        let mut after = user(&server).await;
        assert_eq!(after["mobilePhone"], "1");
        after.as_object_mut().unwrap().remove("mobilePhone");
        after["updatedAt"] = before["updatedAt"].clone();
        assert_eq!(after, before);
    }

    async fn optional_ones_are_asked_for_again_after_a_while(server: TestServer) {
        let attributes = json!([{ "name": "nickname", "required": false }]);
        profiling(&server, json!({ "attributes": attributes })).await;
        let browser = server.tenant.browser();
        let (flow, asked) = signed_on(&server, &browser).await;
        assert_eq!(asked["status"], "PROFILE_DATA_REQUIRED");
        let left_out = update(&server, &browser, &flow, &json!({})).await;
        assert_eq!(left_out.expect_status(200).text("/status"), "COMPLETED");
        server.clock.advance(Duration::from_mins(59));
        let (_, soon) = signed_on(&server, &server.tenant.browser()).await;
        assert_eq!(soon["status"], "COMPLETED");
        server.clock.advance(Duration::from_mins(2));
        let (_, later) = signed_on(&server, &server.tenant.browser()).await;
        assert_eq!(later["status"], "PROFILE_DATA_REQUIRED");
    }

    async fn a_session_is_asked_too_and_stays_the_same(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let first = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        let first = tenant.verify(&first["id_token"]).await;
        server.clock.advance(Duration::from_mins(5));
        profiling(&server, json!({})).await;
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
        assert!(silent.redirect().query().unwrap().contains("login_required"));
        let started = tenant.authorize(&tenant.web).send(&browser).await.redirect();
        let page = browser.get(&started).send().await.expect_status(200);
        assert!(page.body.contains("How can we &#60;reach&#62; you?"), "{}", page.body);
        let form = page.form().fill("mobilePhone", "5");
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        let second = tenant.redeem(&tenant.web, &code_of(&answer.redirect())).send(&browser).await;
        let second = tenant.verify(&second.expect_status(200).json()["id_token"]).await;
        for same in ["sid", "auth_time", "amr"] {
            assert_eq!(first.claims[same], second.claims[same], "{same}");
        }
        assert_eq!(second.text("acr"), "Profiling");
    }

    async fn it_waits_for_somebody_to_be_known(server: TestServer) {
        // First in the policy it fails it, for it authenticates nobody.
        let ask = json!({
            "type": "PROGRESSIVE_PROFILING",
            "priority": 1,
            "attributes": [{ "name": "mobilePhone", "required": true }],
            "promptText": "",
            "promptIntervalSeconds": 1,
            "preventMultiplePromptsPerFlow": true,
        });
        let policy = json!({ "name": "Alone", "default": true, "actions": [ask] });
        let environment =
            json!({ "id": server.tenant.id, "name": "First", "signOnPolicies": [policy] });
        server.import(&json!({ "environments": [environment] })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let started = tenant.authorize(&tenant.native).pi_flow().send(&browser).await;
        assert_eq!(started.expect_status(200).text("/status"), "FAILED");
    }

    async fn somebody_disabled_meanwhile_gets_no_further(server: TestServer) {
        profiling(&server, json!({})).await;
        let browser = server.tenant.browser();
        let (flow, _) = signed_on(&server, &browser).await;
        let user = json!({ "username": server.tenant.person.username, "enabled": false });
        let environment = json!({ "id": server.tenant.id, "name": "First", "users": [user] });
        server.import(&json!({ "environments": [environment] })).await;
        let answer = update(&server, &browser, &flow, &json!({ "mobilePhone": "1" })).await;
        assert_eq!(answer.expect_status(400).text("/details/0/code"), "ACCOUNT_NOT_USABLE");
    }

    async fn a_browser_is_told_what_does_not_fit(server: TestServer) {
        profiling(&server, json!({})).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = submit(tenant, &browser, &page, &person.username, &person.password).await;
        assert!(page.body.contains("Country Code (optional)"), "{}", page.body);
        let form = page.form().fill("mobilePhone", "<call> me").fill("address.countryCode", "CH");
        let wrong = browser.submit(form).await.expect_status(200);
        assert!(wrong.body.contains("Mobile Phone cannot be what you entered."), "{}", wrong.body);
        assert_eq!(wrong.form().value("mobilePhone"), Some("<call> me"));
        assert_eq!(wrong.form().value("address.countryCode"), Some("CH"));
        let form = wrong.form().fill("mobilePhone", "+41 44 000 00 00");
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        assert!(!code_of(&answer.redirect()).is_empty());
        assert_eq!(user(&server).await["address"]["countryCode"], "CH");
    }
}
