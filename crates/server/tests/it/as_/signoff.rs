//! `GET|POST /{envID}/as/signoff`

use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, on_every_adapter, submit};
use serde_json::json;

const AFTER: &str = "https://client.example/signed-off";

/// Registers where the web application goes after a sign-off.
async fn register(server: &TestServer, enabled: bool) {
    let application = json!({
        "id": server.tenant.web.id, "name": "Web", "enabled": enabled,
        "postLogoutRedirectUris": [AFTER],
    });
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "applications": [application] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn sign_off(server: &TestServer, browser: &Browser, query: &[(&str, &str)]) -> Answer {
    let mut url = url::Url::parse(&server.tenant.endpoint("signoff")).unwrap();
    url.query_pairs_mut().extend_pairs(query);
    browser.get(&url).send().await
}

/// Whether the next application gets its code without asking.
async fn has_session(server: &TestServer, browser: &Browser) -> bool {
    let tenant = &server.tenant;
    let answer = tenant.authorize(&tenant.post).send(browser).await;
    let answer = answer.expect_status(302);
    !answer
        .header("location")
        .unwrap_or_default()
        .contains("/signon/")
}

on_every_adapter! {
    async fn the_session_ends_for_every_application(server: TestServer) {
        register(&server, true).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let access = tokens.text("/access_token");
        let hint = tokens.text("/id_token");
        assert!(has_session(&server, &browser).await);

        let query = [
            ("id_token_hint", hint.as_str()),
            ("post_logout_redirect_uri", AFTER),
            ("state", "a b&c"),
        ];
        let answer = sign_off(&server, &browser, &query).await.expect_status(302);
        assert_eq!(answer.header("location"), Some("https://client.example/signed-off?state=a+b%26c"));
        assert!(!has_session(&server, &browser).await);
        let _ = tenant.userinfo(&access).await.expect_status(401);

        // Once more is no error.
        let _ = sign_off(&server, &browser, &query).await.expect_status(302);
    }

    async fn where_it_leads_and_the_state_stay_below_8192_characters(server: TestServer) {
        register(&server, true).await;
        for (length, status) in [(8191 - AFTER.len(), 302), (8192 - AFTER.len(), 413)] {
            let browser = server.tenant.browser();
            let state = "s".repeat(length);
            let query = [("post_logout_redirect_uri", AFTER), ("state", &state)];
            assert_eq!(sign_off(&server, &browser, &query).await.status, status, "{length}");
        }
    }

    async fn without_parameters_there_is_a_page(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let answer = sign_off(&server, &browser, &[]).await.expect_status(200);
        assert!(answer.body.contains("You are signed off"));
        assert!(!has_session(&server, &browser).await);
    }

    async fn an_expired_id_token_is_a_good_hint(server: TestServer) {
        register(&server, true).await;
        let tokens = server.tenant.tokens(&server.tenant.web).await;
        server.clock.advance(Duration::from_hours(48));
        let hint = tokens["id_token"].as_str().unwrap();
        let query = [("id_token_hint", hint), ("post_logout_redirect_uri", AFTER)];
        let _ = sign_off(&server, &server.tenant.browser(), &query).await.expect_status(302);
    }

    async fn without_a_hint_any_enabled_application_may_have_registered_the_uri(server: TestServer) {
        let browser = server.tenant.browser();
        let query = [("post_logout_redirect_uri", AFTER)];
        let _ = sign_off(&server, &browser, &query).await.expect_status(400);
        register(&server, true).await;
        let answer = sign_off(&server, &browser, &query).await.expect_status(302);
        assert_eq!(answer.header("location"), Some(AFTER));
        register(&server, false).await;
        let _ = sign_off(&server, &browser, &query).await.expect_status(400);
    }

    async fn a_strict_environment_sends_nobody_on_without_a_hint(server: TestServer) {
        register(&server, true).await;
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let settings = json!({ "signOffHintRequired": true });
        let environment = json!({ "id": tenant.id, "name": "First", "countersign": settings });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = tenant.browser();
        let query = [("post_logout_redirect_uri", AFTER), ("client_id", tenant.web.id.as_str())];
        let answer = sign_off(&server, &browser, &query).await.expect_status(400);
        assert!(answer.header("location").is_none());
        let hint = tokens["id_token"].as_str().unwrap();
        let query = [("id_token_hint", hint), ("post_logout_redirect_uri", AFTER)];
        let _ = sign_off(&server, &browser, &query).await.expect_status(302);
    }

    async fn threat_5_nothing_unregistered_is_redirected_to_and_the_session_stays(server: TestServer) {
        register(&server, true).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        for query in [
            vec![("post_logout_redirect_uri", "https://evil.example/")],
            vec![("post_logout_redirect_uri", "https://client.example/signed-off/")],
            vec![("post_logout_redirect_uri", AFTER), ("client_id", tenant.post.id.as_str())],
            vec![("id_token_hint", "not.a.token")],
        ] {
            let answer = sign_off(&server, &browser, &query).await.expect_status(400);
            assert_eq!(answer.header("location"), None);
        }
        assert!(has_session(&server, &browser).await);
    }

    async fn threat_15_an_access_token_is_no_hint(server: TestServer) {
        let tokens = server.tenant.tokens(&server.tenant.web).await;
        let query = [("id_token_hint", tokens["access_token"].as_str().unwrap())];
        let _ = sign_off(&server, &server.tenant.browser(), &query).await.expect_status(400);
    }

    async fn the_hint_of_somebody_else_ends_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let elsewhere = tenant.tokens(&tenant.web).await;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let other = &tenant.other_person;
        let _ = submit(tenant, &browser, &page, &other.username, &other.password).await;
        assert!(has_session(&server, &browser).await);
        let query = [("id_token_hint", elsewhere["id_token"].as_str().unwrap())];
        let _ = sign_off(&server, &browser, &query).await.expect_status(400);
        assert!(has_session(&server, &browser).await);
    }
}
