//! npm `oauth4webapi`

use std::time::Duration;

use countersign_testkit::{Adapter, App, REDIRECT_URI, Tenant, TestServer, jwt, run_in_real_time};
use serde_json::{Value, json};

/// Lets an application use every grant, authenticating in one way, and the environment be as strict
/// as it can.
async fn configure(server: &TestServer, app: &App, method: &str) {
    let mut grants = vec![
        "AUTHORIZATION_CODE",
        "IMPLICIT",
        "REFRESH_TOKEN",
        "DEVICE_CODE",
    ];
    let mut resources =
        vec![json!({ "resource": "openid", "scopes": ["openid", "profile", "email"] })];
    if method != "NONE" {
        grants.push("CLIENT_CREDENTIALS");
        resources.push(json!({ "resource": "Orders", "scopes": ["orders:read"] }));
    }
    let application = json!({
        "id": app.id, "name": "Everything",
        "grantTypes": grants, "responseTypes": ["CODE", "ID_TOKEN"], "grants": resources,
        "tokenEndpointAuthMethod": method, "jwks": jwt::client_jwks().to_string(),
    });
    let settings = json!({
        "authorizationResponseIss": true, "nonceRequired": true, "clientAssertionsStrict": true,
    });
    let environment = json!({
        "id": server.tenant.id, "name": "First", "countersign": settings,
        "resources": [{ "name": "Orders", "scopes": ["orders:read"] }],
        "applications": [application],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    server.poll_changes().await;
    // The client's clock goes on while the server's stands: it must not be ahead.
    server.clock.advance(Duration::from_secs(12));
}

fn learn(tenant: &Tenant, app: &App, method: &str) -> Value {
    let mut case = json!({
        "issuer": tenant.issuer(),
        "clientId": app.id,
        "clientKey": jwt::CLIENT_KEY,
        "tokenEndpointAuthMethod": method,
        "redirectUri": REDIRECT_URI,
        "audience": tenant.base,
        "scope": "openid profile email",
        "username": tenant.person.username,
        "password": tenant.person.password,
        "ways": ["plain", "par", "jar"],
        "hybrid": true,
    });
    if method != "NONE" {
        case["clientSecret"] = json!(app.secret);
        case["resource"] = json!({ "scope": "orders:read" });
    }
    // The child process is waited for, and the server needs its threads meanwhile.
    std::thread::scope(|scope| {
        let run = || super::learn("COUNTERSIGN_TEST_NODE", "node/grants.mjs", &case);
        scope.spawn(run).join()
    })
    .unwrap()
}

async fn takes_every_grant(server: &TestServer, app: &App, method: &str) {
    configure(server, app, method).await;
    let person = &server.tenant.person;
    let learned = learn(&server.tenant, app, method);
    for way in ["plain", "par", "jar", "subject", "refreshed", "device"] {
        assert_eq!(learned[way], json!(person.id), "{way} {method}: {learned}");
    }
    assert_eq!(learned["userinfo"], json!(person.username));
    assert_eq!(learned["resourceServer"], json!([person.id, app.id]));
    assert_eq!(learned["afterRevocation"], "invalid_grant");
    if method != "NONE" {
        assert_eq!(learned["introspected"], json!([true, person.id, app.id]));
        assert_eq!(learned["own"], json!([true, app.id, "orders:read"]));
    }
}

#[test]
fn oauth4webapi_uses_every_grant_with_a_secret_or_a_key() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        for method in [
            "CLIENT_SECRET_BASIC",
            "CLIENT_SECRET_POST",
            "CLIENT_SECRET_JWT",
            "PRIVATE_KEY_JWT",
        ] {
            takes_every_grant(&server, &server.tenant.web, method).await;
        }
    });
}

#[test]
fn oauth4webapi_uses_every_grant_of_a_public_client() {
    run_in_real_time(Adapter::Sqlite, |server| async move {
        takes_every_grant(&server, &server.tenant.native, "NONE").await;
    });
}
