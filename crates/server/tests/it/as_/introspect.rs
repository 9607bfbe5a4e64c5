//! `POST /{envID}/as/introspect` and `POST /{envID}/as/revoke`

use std::time::Duration;

use countersign_testkit::{Answer, App, TestServer, on_every_adapter};
use serde_json::{Value, json};

/// Calls an endpoint for a token as an application that authenticates by post.
async fn ask(server: &TestServer, endpoint: &str, app: &App, token: &str) -> Answer {
    let form = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("token", token),
    ];
    let url = server.tenant.endpoint(endpoint);
    server.tenant.browser().post(url).form(form).send().await
}

#[track_caller]
fn is_inactive(answer: Answer) {
    assert_eq!(answer.expect_status(200).json(), json!({ "active": false }));
}

/// Lets the application ask for a scope of a resource of its own.
async fn grant_orders(server: &TestServer) {
    let application = json!({
        "id": server.tenant.post.id, "name": "Web with post",
        "grants": [
            { "resource": "openid", "scopes": ["openid", "profile", "email"] },
            { "resource": "Orders", "scopes": ["orders:read"] },
        ],
    });
    let resource = json!({ "name": "Orders", "scopes": ["orders:read"] });
    server
        .import(&json!({ "environments": [ {
            "id": server.tenant.id, "name": "First",
            "resources": [resource], "applications": [application],
        } ] }))
        .await;
}

async fn tokens(server: &TestServer, scope: &str) -> Value {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let code = tenant
        .authorize(&tenant.post)
        .set("scope", scope)
        .code(&browser)
        .await;
    let answer = tenant.redeem(&tenant.post, &code).send(&browser).await;
    answer.expect_status(200).json()
}

on_every_adapter! {
    async fn the_application_sees_all_claims_of_its_token(server: TestServer) {
        let tokens = tokens(&server, "openid profile").await;
        let access = tokens["access_token"].as_str().unwrap();
        let answer = ask(&server, "introspect", &server.tenant.post, access).await.expect_status(200).json();
        assert_eq!(answer["active"], true);
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["scope"], "openid profile");
        assert_eq!(answer["sub"], json!(server.tenant.person.id));
        assert_eq!(answer["iss"], json!(server.tenant.issuer()));
        for claim in ["client_id", "exp", "iat", "aud", "jti", "sid", "env", "org", "acr", "auth_time"] {
            assert!(answer.get(claim).is_some(), "{claim}");
        }
    }

    async fn whatever_is_not_a_living_token_of_the_application_is_inactive(server: TestServer) {
        let tenant = &server.tenant;
        let mine = tokens(&server, "openid").await;
        let others = tenant.tokens(&tenant.web).await;
        let access = mine["access_token"].as_str().unwrap().to_owned();
        for token in [
            others["access_token"].as_str().unwrap(),
            mine["id_token"].as_str().unwrap(),
            "x.y.z",
            &access[..access.len() - 1],
            &format!("{access}A"),
        ] {
            is_inactive(ask(&server, "introspect", &tenant.post, token).await);
        }
        server.clock.advance(Duration::from_hours(1));
        is_inactive(ask(&server, "introspect", &tenant.post, &access).await);
    }

    async fn who_asks_must_be_known(server: TestServer) {
        let wrong = App { secret: "wrong".into(), ..server.tenant.post.clone() };
        for endpoint in ["introspect", "revoke"] {
            let answer = ask(&server, endpoint, &wrong, "x").await.expect_status(401);
            assert_eq!(answer.text("/error"), "invalid_client");
            let missing = ask(&server, endpoint, &server.tenant.post, "").await.expect_status(400);
            assert_eq!(missing.text("/error"), "invalid_request");
        }
    }

    async fn the_end_of_the_session_ends_its_tokens(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.post).code(&browser).await;
        let tokens = tenant.redeem(&tenant.post, &code).send(&browser).await.expect_status(200);
        let access = tokens.text("/access_token");
        let _ = browser.get(tenant.endpoint("signoff")).send().await.expect_status(200);
        is_inactive(ask(&server, "introspect", &tenant.post, &access).await);
    }

    async fn a_token_of_a_custom_resource_is_revoked_and_the_session_stays(server: TestServer) {
        grant_orders(&server).await;
        let tokens = tokens(&server, "openid orders:read").await;
        let access = tokens["access_token"].as_str().unwrap();
        // Somebody else's word counts for nothing.
        let other = &server.tenant.web;
        let browser = server.tenant.browser();
        let request = browser.post(server.tenant.endpoint("revoke"));
        let answer = request.basic(&other.id, &other.secret).form([("token", access)]).send().await;
        let _ = answer.expect_status(200);
        let active = ask(&server, "introspect", &server.tenant.post, access).await;
        assert_eq!(active.expect_status(200).json()["active"], true);

        let answer = ask(&server, "revoke", &server.tenant.post, access).await.expect_status(200);
        assert_eq!((answer.body.as_str(), answer.header("content-type")), ("", None));
        is_inactive(ask(&server, "introspect", &server.tenant.post, access).await);
        let _ = server.tenant.userinfo(access).await.expect_status(401);
        let _ = ask(&server, "revoke", &server.tenant.post, access).await.expect_status(200);
    }

    /// Compat: as PingOne has it.
    async fn a_token_of_the_api_cannot_be_revoked(server: TestServer) {
        let tokens = tokens(&server, "openid").await;
        let access = tokens["access_token"].as_str().unwrap();
        let _ = ask(&server, "revoke", &server.tenant.post, access).await.expect_status(200);
        let active = ask(&server, "introspect", &server.tenant.post, access).await;
        assert_eq!(active.expect_status(200).json()["active"], true);
    }
}
