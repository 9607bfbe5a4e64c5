//! `GET /{envID}/as/idpSignoff`

use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, on_every_adapter};
use serde_json::{Value, json};

const AFTER: &str = "https://client.example/signed-off";

async fn set(server: &TestServer, changes: &Value) {
    let mut application = json!({
        "id": server.tenant.web.id, "name": "Web",
        "idpSignoff": true, "postLogoutRedirectUris": [AFTER],
    });
    for (name, value) in changes.as_object().unwrap() {
        application[name] = value.clone();
    }
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "applications": [application] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// Asked by a program that has none of the browser's cookies.
async fn ask(server: &TestServer, accept: &str, query: &[(&str, &str)]) -> Answer {
    let mut url = url::Url::parse(&server.tenant.endpoint("idpSignoff")).unwrap();
    url.query_pairs_mut().extend_pairs(query);
    let browser = server.tenant.browser();
    browser.get(&url).header("accept", accept).send().await
}

async fn has_session(server: &TestServer, browser: &Browser) -> bool {
    let tenant = &server.tenant;
    let silent = tenant
        .authorize(&tenant.post)
        .set("prompt", "none")
        .send(browser)
        .await;
    silent
        .redirect()
        .query()
        .unwrap_or_default()
        .contains("code=")
}

/// Signs on and returns the ID token.
async fn id_token(server: &TestServer, browser: &Browser) -> (String, String) {
    let tenant = &server.tenant;
    let code = tenant.authorize(&tenant.web).code(browser).await;
    let tokens = tenant
        .redeem(&tenant.web, &code)
        .send(browser)
        .await
        .expect_status(200);
    (tokens.text("/id_token"), tokens.text("/access_token"))
}

on_every_adapter! {
    async fn the_session_of_the_token_ends(server: TestServer) {
        set(&server, &json!({})).await;
        let tenant = &server.tenant;
        for (accept, query, status, location) in [
            ("application/json", vec![], 204, None),
            ("text/html", vec![], 302, Some(format!("{}/signon", tenant.issuer()))),
            ("application/json", vec![("post_logout_redirect_uri", AFTER)], 302, Some(AFTER.to_owned())),
            ("*/*", vec![("post_logout_redirect_uri", AFTER), ("state", "a b")], 302, Some(format!("{AFTER}?state=a+b"))),
            ("application/json", vec![("client_id", tenant.web.id.as_str())], 204, None),
        ] {
            let browser = tenant.browser();
            let bystander = tenant.browser();
            let _ = id_token(&server, &bystander).await;
            let (id, access) = id_token(&server, &browser).await;
            let mut query = query.clone();
            query.push(("id_token_hint", &id));
            let answer = ask(&server, accept, &query).await.expect_status(status);
            assert_eq!(answer.header("location"), location.as_deref());
            assert!(answer.body.is_empty());
            assert!(!has_session(&server, &browser).await);
            let _ = tenant.userinfo(&access).await.expect_status(401);
            assert!(has_session(&server, &bystander).await);
            // Once more is no error.
            let _ = ask(&server, accept, &query).await.expect_status(status);
        }
    }

    async fn the_page_it_leads_to_is_there(server: TestServer) {
        let page = server.tenant.browser().get(server.tenant.endpoint("signon")).send().await;
        assert!(page.expect_status(200).body.contains("signed off"));
    }

    async fn the_other_spelling_and_an_expired_token_do_as_well(server: TestServer) {
        set(&server, &json!({})).await;
        let browser = server.tenant.browser();
        let (id, _) = id_token(&server, &browser).await;
        server.clock.advance(Duration::from_hours(48));
        let url = format!("{}?id_token_hint={id}", server.tenant.endpoint("idp-signoff"));
        let request = server.tenant.browser();
        let answer = request.get(url).header("accept", "application/json").send().await;
        let _ = answer.expect_status(204);
        assert!(!has_session(&server, &browser).await);
    }

    async fn threat_19_and_42_nothing_else_ends_a_session(server: TestServer) {
        set(&server, &json!({})).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (id, access) = id_token(&server, &browser).await;
        let foreign = server.other.tokens(&server.other.web).await;
        for query in [
            vec![],
            vec![("id_token_hint", "x.y.z")],
            vec![("id_token_hint", access.as_str())],
            vec![("id_token_hint", foreign["id_token"].as_str().unwrap())],
            vec![("id_token_hint", id.as_str()), ("client_id", tenant.post.id.as_str())],
            vec![("id_token_hint", id.as_str()), ("post_logout_redirect_uri", "https://evil.example/")],
            vec![("id_token_hint", id.as_str()), ("post_logout_redirect_uri", "https://client.example/SIGNED-OFF")],
        ] {
            let answer = ask(&server, "application/json", &query).await.expect_status(400);
            assert!(answer.header("location").is_none());
        }
        for changes in [json!({ "idpSignoff": false }), json!({ "idpSignoff": true, "enabled": false })] {
            set(&server, &changes).await;
            let _ = ask(&server, "application/json", &[("id_token_hint", &id)]).await.expect_status(400);
        }
        set(&server, &json!({ "enabled": true })).await;
        assert!(has_session(&server, &browser).await);
    }

    async fn pages_of_listed_origins_can_read_the_answer(server: TestServer) {
        let origin = "https://app.example";
        set(&server, &json!({ "corsSettings": { "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": [origin] } })).await;
        let (id, _) = id_token(&server, &server.tenant.browser()).await;
        let url = format!("{}?id_token_hint={id}", server.tenant.endpoint("idpSignoff"));
        for (from, may) in [(origin, true), ("https://evil.example", false)] {
            let browser = server.tenant.browser();
            let request = browser.get(&url).header("accept", "application/json").header("origin", from);
            let answer = request.send().await.expect_status(204);
            assert_eq!(answer.header("access-control-allow-origin"), may.then_some(from));
            assert_eq!(answer.header("access-control-allow-credentials"), may.then_some("true"));
        }
    }
}
