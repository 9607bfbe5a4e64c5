//! `application/vnd.pingidentity.password.reset+json`

use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, code_of, on_every_adapter};
use serde_json::{Value, json};

const TEMPORARY: &str = "Temporary-Word-1";
const NEW: &str = "Quite-Another-2!";

/// Half a year and a day: older than the standard policy allows.
const TOO_OLD: Duration = Duration::from_hours(183 * 24);

async fn import_user(server: &TestServer, user: Value) {
    let environment = json!({ "id": server.tenant.id, "name": "First", "users": [user] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// Somebody with a password for one use.
async fn temporary(server: &TestServer) {
    import_user(
        server,
        json!({
            "username": "grace",
            "name": { "given": "Grace", "family": "Hopper" },
            "password": { "value": TEMPORARY, "forceChange": true },
        }),
    )
    .await;
}

async fn sign_on(server: &TestServer, browser: &Browser, password: &str) -> (String, Answer) {
    let tenant = &server.tenant;
    let flow = tenant.authorize(&tenant.native).start_flow(browser).await;
    let answer = tenant
        .check_password(browser, &flow, "grace", password)
        .await;
    (flow, answer)
}

async fn reset(server: &TestServer, browser: &Browser, flow: &str, from: &str, to: &str) -> Answer {
    let body = json!({ "currentPassword": from, "newPassword": to });
    server
        .tenant
        .act(browser, flow, "password.reset", &body)
        .await
}

fn lacking(answer: Answer) -> Vec<String> {
    let error = answer.expect_status(400).json();
    assert_eq!(error["code"], "INVALID_DATA");
    assert_eq!(error["details"][0]["code"], "INVALID_VALUE");
    assert_eq!(error["details"][0]["target"], "newPassword");
    let lacking = error["details"][0]["innerError"]["unsatisfiedRequirements"].clone();
    serde_json::from_value(lacking).unwrap()
}

on_every_adapter! {
    async fn a_temporary_password_gives_way_to_a_new_one(server: TestServer) {
        temporary(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, answer) = sign_on(&server, &browser, TEMPORARY).await;
        let stands = answer.expect_status(200).json();
        assert_eq!(stands["status"], "MUST_CHANGE_PASSWORD");
        assert!(stands["_links"]["password.reset"]["href"].is_string());
        assert!(stands["_links"].get("usernamePassword.check").is_none());
        assert_eq!(stands["_embedded"]["user"]["name"]["given"], "Grace");
        assert_eq!(stands["_embedded"]["passwordPolicy"]["name"], "Standard");
        assert_eq!(stands["_embedded"]["passwordPolicy"]["length"]["min"], 8);
        assert!(stands.get("session").is_none());
        // Nothing comes out of it yet.
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let early = browser.get(&resume).send().await.expect_status(200).json();
        assert!(early.get("authorizeResponse").is_none());

        let done = reset(&server, &browser, &flow, TEMPORARY, NEW).await.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["authenticators"], json!(["pwd"]));
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());

        let (_, old) = sign_on(&server, &tenant.browser(), TEMPORARY).await;
        let _ = old.expect_status(400);
        let (_, new) = sign_on(&server, &tenant.browser(), NEW).await;
        assert_eq!(new.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn an_expired_password_is_changed_in_the_flow(server: TestServer) {
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        server.clock.advance(TOO_OLD);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let old = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(old.expect_status(200).text("/status"), "PASSWORD_EXPIRED");
        let done = reset(&server, &browser, &flow, &person.password, NEW).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn a_new_password_is_told_what_it_lacks(server: TestServer) {
        temporary(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser, TEMPORARY).await;
        for (new, expected) in [
            ("shorts", vec!["length", "minCharacters"]),
            ("Hopper-And-1", vec!["excludesProfileData"]),
            ("P@ssw0rd1", vec!["excludesCommonlyUsed"]),
            ("Temporary-Word-2!", vec!["notSimilarToCurrent"]),
            (TEMPORARY, vec!["notSimilarToCurrent"]),
        ] {
            let mut told = lacking(reset(&server, &browser, &flow, TEMPORARY, new).await);
            let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            told.sort();
            expected.sort();
            assert_eq!(told, expected, "{new}");
        }
        let read = browser.get(server.tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "MUST_CHANGE_PASSWORD");
    }

    async fn a_former_password_does_not_come_again(server: TestServer) {
        temporary(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser, TEMPORARY).await;
        let _ = reset(&server, &browser, &flow, TEMPORARY, NEW).await.expect_status(200);
        server.clock.advance(TOO_OLD);
        let browser = server.tenant.browser();
        let (flow, expired) = sign_on(&server, &browser, NEW).await;
        assert_eq!(expired.expect_status(200).text("/status"), "PASSWORD_EXPIRED");
        let again = reset(&server, &browser, &flow, NEW, TEMPORARY).await;
        assert_eq!(lacking(again), ["history"]);
        let third = reset(&server, &browser, &flow, NEW, "And-A-Third-One-3?").await;
        assert_eq!(third.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn a_password_of_one_day_is_not_changed_again(server: TestServer) {
        temporary(&server).await;
        // Two tabs stand at the change; one of them does it.
        let (one, other) = (server.tenant.browser(), server.tenant.browser());
        let (flow, _) = sign_on(&server, &one, TEMPORARY).await;
        let (late, _) = sign_on(&server, &other, TEMPORARY).await;
        let _ = reset(&server, &one, &flow, TEMPORARY, NEW).await.expect_status(200);
        let again = reset(&server, &other, &late, NEW, "And-A-Third-One-3?").await;
        assert_eq!(lacking(again), ["minAgeDays"]);
    }

    async fn threat_31_wrong_current_passwords_count_with_the_others(server: TestServer) {
        temporary(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, _) = sign_on(&server, &browser, TEMPORARY).await;
        let guesser = tenant.browser();
        let other = tenant.authorize(&tenant.native).start_flow(&guesser).await;
        for attempt in 0..2 {
            let guess = format!("wrong {attempt}");
            let wrong = reset(&server, &browser, &flow, &guess, NEW).await.expect_status(400);
            assert_eq!(wrong.text("/details/0/code"), "INVALID_VALUE");
            assert_eq!(wrong.text("/details/0/target"), "currentPassword");
            let guess = format!("wrong too {attempt}");
            let wrong = tenant.check_password(&guesser, &other, "grace", &guess).await;
            assert_eq!(wrong.expect_status(400).text("/details/0/code"), "INVALID_VALUE");
        }
        let fifth = reset(&server, &browser, &flow, "wrong 5", NEW).await.expect_status(400).json();
        assert_eq!(fifth["details"][0]["code"], "PASSWORD_LOCKED_OUT");
        assert_eq!(fifth["details"][0]["innerError"], json!({ "secondsUntilUnlock": 900 }));
        let right = reset(&server, &browser, &flow, TEMPORARY, NEW).await.expect_status(400);
        assert_eq!(right.text("/details/0/code"), "PASSWORD_LOCKED_OUT");
        let right = tenant.check_password(&guesser, &other, "grace", TEMPORARY).await;
        assert_eq!(right.expect_status(400).text("/details/0/code"), "PASSWORD_LOCKED_OUT");
    }

    async fn it_is_offered_only_where_a_change_is_due(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let person = &tenant.person;
        let early = reset(&server, &browser, &flow, &person.password, NEW).await;
        assert_eq!(early.expect_status(400).text("/code"), "REQUEST_FAILED");
    }

    async fn a_body_without_both_passwords_is_refused(server: TestServer) {
        temporary(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser, TEMPORARY).await;
        for (body, target) in [
            (json!({}), "currentPassword"),
            (json!({ "currentPassword": "", "newPassword": NEW }), "currentPassword"),
            (json!({ "currentPassword": TEMPORARY }), "newPassword"),
        ] {
            let answer = server.tenant.act(&browser, &flow, "password.reset", &body).await;
            let error = answer.expect_status(400).json();
            assert_eq!(error["details"][0]["code"], "REQUIRED_VALUE");
            assert_eq!(error["details"][0]["target"], target);
        }
    }

    async fn somebody_disabled_meanwhile_changes_nothing(server: TestServer) {
        temporary(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser, TEMPORARY).await;
        import_user(&server, json!({ "username": "grace", "enabled": false })).await;
        let answer = reset(&server, &browser, &flow, TEMPORARY, NEW).await.expect_status(400);
        assert_eq!(answer.text("/details/0/code"), "ACCOUNT_NOT_USABLE");
    }

    async fn an_imported_hash_is_replaced_at_the_first_sign_on(server: TestServer) {
        use countersign_domain::entity;
        use countersign_domain::user::{Credential, User};

        let hash = "{BCRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        import_user(&server, json!({ "username": "grace", "password": { "hash": hash } })).await;
        let (store, now) = (&*server.ports.store, server.ports.clock.now());
        let env = server.tenant.id.parse().unwrap();
        let user = entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, "grace", now).await;
        let id = user.unwrap().unwrap().id.to_string();
        let credential = async || {
            let found = entity::load::<Credential>(store, env, &id, now).await;
            found.unwrap().unwrap().value
        };
        let before = credential().await;
        for _ in 0..2 {
            let (_, answer) = sign_on(&server, &server.tenant.browser(), "U*U").await;
            assert_eq!(answer.expect_status(200).text("/status"), "COMPLETED");
            let after = credential().await;
            assert!(!after.password_hash.unwrap().is_outdated());
            assert_eq!(after.last_changed_at, before.last_changed_at);
            assert_eq!(after.history, before.history);
        }
        // Right is right, even if it is only good for a change.
        let temporary = json!({ "hash": hash, "forceChange": true });
        import_user(&server, json!({ "username": "grace", "password": temporary })).await;
        let (_, answer) = sign_on(&server, &server.tenant.browser(), "U*U").await;
        assert_eq!(answer.expect_status(200).text("/status"), "MUST_CHANGE_PASSWORD");
        assert!(!credential().await.password_hash.unwrap().is_outdated());
    }

    async fn the_sign_on_goes_on_in_a_browser(server: TestServer) {
        temporary(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = countersign_testkit::submit(tenant, &browser, &page, "grace", TEMPORARY).await;
        let form = page.form().fill("currentPassword", TEMPORARY);
        let form = form.fill("newPassword", NEW).fill("confirmPassword", NEW);
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        let tokens = tenant.redeem(&tenant.web, &code_of(&answer.redirect())).send(&browser).await;
        let id = tenant.verify(&tokens.expect_status(200).json()["id_token"]).await;
        assert_eq!(id.claims["amr"], json!(["pwd"]));
    }
}
