//! `application/vnd.pingidentity.user.lookup+json`

use countersign_testkit::{TestServer, code_of, on_every_adapter};
use serde_json::{Value, json};

/// Makes the username come first, for every application.
async fn identifier_first(server: &TestServer) {
    let policy = json!({
        "name": "Identifier",
        "default": true,
        "actions": [{ "type": "IDENTIFIER_FIRST", "priority": 1 }],
    });
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "signOnPolicies": [policy] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// What of an answer may not tell one person from another.
fn shape(mut json: Value) -> Value {
    for own in ["id", "_links", "resumeUrl", "createdAt", "expiresAt"] {
        let links = own == "_links";
        let member = &mut json[own];
        *member = match member.as_object() {
            Some(object) if links => json!(object.keys().collect::<Vec<_>>()),
            _ => Value::Null,
        };
    }
    json
}

on_every_adapter! {
    async fn the_username_comes_first_and_the_password_second(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let started = tenant.authorize(&tenant.native).pi_flow().send(&browser).await;
        let started = started.expect_status(200).json();
        assert_eq!(started["status"], "SIGN_ON_REQUIRED");
        let links: Vec<&String> = started["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["self", "signOnPage", "user.lookup"]);
        let flow = started["id"].as_str().unwrap();

        let body = json!({ "username": person.username });
        let named = tenant.act(&browser, flow, "user.lookup", &body).await;
        let named = named.expect_status(200).json();
        assert_eq!(named["status"], "PASSWORD_REQUIRED");
        let links: Vec<&String> = named["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["self", "session.reset", "usernamePassword.check"]);
        assert!(named["_embedded"].get("user").is_none());
        assert!(named.get("session").is_none());

        let body = json!({ "password": person.password });
        let done = tenant.act(&browser, flow, "usernamePassword.check", &body).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["id"], json!(person.id));
    }

    async fn threat_34_unknown_people_look_the_same_up_to_the_password(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let mut seen = Vec::new();
        for name in [tenant.person.username.as_str(), "nobody"] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let body = json!({ "username": name });
            let named = tenant.act(&browser, &flow, "user.lookup", &body).await;
            let wrong = json!({ "password": "wrong" });
            let wrong = tenant.act(&browser, &flow, "usernamePassword.check", &wrong).await;
            let read = browser.get(tenant.flow(&flow)).send().await;
            let answers = [named.expect_status(200), wrong.expect_status(400), read];
            seen.push(answers.map(|answer| (answer.outside(), shape(answer.json()))));
        }
        assert_eq!(seen[0], seen[1]);
    }

    async fn a_hint_skips_the_question(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let hinted = tenant.authorize(&tenant.native).set("login_hint", &person.username);
        let started = hinted.pi_flow().send(&browser).await.expect_status(200).json();
        assert_eq!(started["status"], "PASSWORD_REQUIRED");
        assert!(started["_embedded"].get("user").is_none());
        let flow = started["id"].as_str().unwrap();
        let reset = tenant.act(&browser, flow, "session.reset", &json!({})).await;
        assert_eq!(reset.expect_status(200).text("/status"), "SIGN_ON_REQUIRED");
    }

    async fn the_name_given_first_holds_until_it_is_reset(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let (browser, other) = (tenant.browser(), &tenant.other_person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let body = json!({ "username": tenant.person.username });
        let _ = tenant.act(&browser, &flow, "user.lookup", &body).await.expect_status(200);
        let switched = tenant.check_password(&browser, &flow, &other.username, &other.password);
        assert_eq!(switched.await.expect_status(400).text("/details/0/target"), "username");
        let body = json!({ "username": other.username });
        let twice = tenant.act(&browser, &flow, "user.lookup", &body).await;
        assert_eq!(twice.expect_status(400).text("/code"), "REQUEST_FAILED");
    }

    async fn whom_the_session_knows_is_not_asked_for_a_name(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let body = json!({ "username": person.username });
        let _ = tenant.act(&browser, &flow, "user.lookup", &body).await;
        let _ = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let again = tenant.authorize(&tenant.native).pi_flow().send(&browser).await;
        let again = again.expect_status(200).json();
        assert_eq!(again["status"], "PASSWORD_REQUIRED");
        assert_eq!(again["_embedded"]["user"]["username"], json!(person.username));
    }

    async fn a_body_without_a_username_is_refused(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for (body, code) in [
            (json!({}), "REQUIRED_VALUE"),
            (json!({ "username": "" }), "REQUIRED_VALUE"),
            (json!({ "username": "x".repeat(2000) }), "INVALID_VALUE"),
        ] {
            let answer = tenant.act(&browser, &flow, "user.lookup", &body).await;
            let answer = answer.expect_status(400).json();
            assert_eq!(answer["details"][0]["code"], code);
            assert_eq!(answer["details"][0]["target"], "username");
        }
        let early = tenant.check_password(&browser, &flow, "alice", "x").await;
        assert_eq!(early.expect_status(400).text("/code"), "REQUEST_FAILED");
    }

    async fn a_browser_is_led_through_two_pages(server: TestServer) {
        identifier_first(&server).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        assert!(page.form().password.is_none());
        let empty = browser.submit(page.form()).await;
        assert!(empty.body.contains("Enter your username."), "{}", empty.body);
        let form = page.form().fill("username", &person.username);
        let next = browser.post(&form.action).form(form.fields).send().await;
        let next = browser.follow(next, &tenant.base).await.expect_status(200);
        assert!(next.body.contains(&person.username));
        assert!(next.body.contains("Use another account"));
        let form = next.form().fill("password", &person.password);
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        let tokens = tenant.redeem(&tenant.web, &code_of(&answer.redirect())).send(&browser).await;
        let id = tenant.verify(&tokens.expect_status(200).json()["id_token"]).await;
        assert_eq!(id.text("acr"), "Identifier");
        assert_eq!(id.text("sub"), person.id);
    }
}
