//! `POST /{envID}/as/revoke`

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::admin;

const ORDERS: &str = "00000000-0000-4000-8000-00000000a001";
const SERVICE: &str = "00000000-0000-4000-8000-00000000a002";
const SECRET: &str = "a-secret-of-a-service-of-the-tests";

/// An application of people, and one that acts for itself, with a scope of a custom resource.
async fn configure(server: &TestServer) {
    let tenant = &server.tenant;
    let orders = json!([{ "resource": "Orders", "scopes": ["orders:read"] }]);
    server
        .import(&json!({ "environments": [ {
        "id": tenant.id, "name": "First",
        "resources": [{ "id": ORDERS, "name": "Orders", "audience": "https://orders.example",
            "scopes": ["orders:read"] }],
        "applications": [
            { "id": tenant.post.id, "name": "Web with post", "grants": orders },
            { "id": SERVICE, "name": "Service", "type": "SERVICE", "enabled": true,
              "protocol": "OPENID_CONNECT", "grantTypes": ["CLIENT_CREDENTIALS"], "grants": orders,
              "tokenEndpointAuthMethod": "CLIENT_SECRET_POST", "clientSecret": SECRET },
        ],
    } ] }))
        .await;
}

async fn call(
    server: &TestServer,
    endpoint: &str,
    (id, secret): (&str, &str),
    field: (&str, &str),
) -> Answer {
    let browser = server.tenant.browser();
    let form = [("client_id", id), ("client_secret", secret), field];
    let request = browser.post(server.tenant.endpoint(endpoint)).form(form);
    request.send().await.expect_status(200)
}

/// Revokes a token; whether it counts before and after.
async fn revoked(server: &TestServer, app: (&str, &str), token: &str) -> [Value; 2] {
    let active = async || {
        let answer = call(server, "introspect", app, ("token", token)).await;
        answer.json()["active"].clone()
    };
    let before = active().await;
    let _ = call(server, "revoke", app, ("token", token)).await;
    [before, active().await]
}

on_every_adapter! {
    /// `reference/oidc.md` 9
    async fn a_token_of_a_custom_resource_ends_whatever_became_of_that(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let post = (tenant.post.id.as_str(), tenant.post.secret.as_str());
        let path = format!("/environments/{}/resources/{ORDERS}", tenant.id);
        configure(&server).await;
        let mut tokens = Vec::new();
        for _ in 0..4 {
            let browser = tenant.browser();
            let request = tenant.authorize(&tenant.post).set("scope", "openid orders:read");
            let code = request.code(&browser).await;
            let answer = tenant.redeem(&tenant.post, &code).send(&browser).await;
            tokens.push(answer.expect_status(200).text("/access_token"));
        }
        for (token, change) in tokens.iter().zip([
            None,
            Some(json!({ "name": "Orders", "audience": "https://new.example" })),
            Some(json!({ "name": "New orders" })),
            Some(Value::Null),
        ]) {
            let _ = match &change {
                None => continue,
                Some(Value::Null) => api.delete(&path).await.expect_status(204),
                Some(body) => api.put(&path, body.clone()).await.expect_status(200),
            };
            assert_eq!(revoked(&server, post, token).await, [json!(true), json!(false)], "{change:?}");
        }
        assert_eq!(revoked(&server, post, &tokens[0]).await, [json!(true), json!(false)]);
    }

    /// `reference/oidc.md` 9, C18
    async fn tokens_of_the_api_and_of_nobody_are_left_as_they_are(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server).await;
        let post = (tenant.post.id.as_str(), tenant.post.secret.as_str());
        let tokens = tenant.tokens(&tenant.post).await;
        let token = tokens["access_token"].as_str().unwrap();
        assert_eq!(revoked(&server, post, token).await, [json!(true), json!(true)]);
        let service = (SERVICE, SECRET);
        let grant = ("grant_type", "client_credentials");
        let token = call(&server, "token", service, grant).await.text("/access_token");
        assert_eq!(revoked(&server, service, &token).await, [json!(true), json!(true)]);
    }
}
