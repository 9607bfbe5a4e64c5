//! OpenID Connect libraries that nobody here wrote (`clients/` holds those of other languages)

mod aiosmtpd;
mod authlib;
mod mod_auth_openidc;
mod oauth4webapi;
mod oidc_provider;
mod openid_client;
mod openidconnect;
mod schemathesis;

use countersign_testkit::{Adapter, App, REDIRECT_URI, Tenant, TestServer, jwt, run_in_real_time};
use serde_json::{Value, json};

/// The methods by which an application proves who it is.
const PROOFS: [&str; 4] = [
    "CLIENT_SECRET_BASIC",
    "CLIENT_SECRET_POST",
    "CLIENT_SECRET_JWT",
    "PRIVATE_KEY_JWT",
];
/// Where applications are sent after a sign-off.
const SIGNED_OFF: &str = "https://client.example/signed-off";

/// What a client in another language is told.
fn case(tenant: &Tenant, app: &App, method: &str) -> Value {
    let mut case = json!({
        "issuer": tenant.issuer(),
        "clientId": app.id,
        "clientKey": jwt::CLIENT_KEY,
        "tokenEndpointAuthMethod": method,
        "redirectUri": REDIRECT_URI,
        "postLogoutRedirectUri": SIGNED_OFF,
        "scope": "openid profile email",
        "username": tenant.person.username,
        "password": tenant.person.password,
    });
    if method != "NONE" {
        case["clientSecret"] = json!(app.secret);
        case["ownScope"] = json!("orders:read");
    }
    case
}

/// An application that may use every response type and every grant, by one method.
fn everything(app: &App, method: &str) -> Value {
    let mut grant_types = vec![
        "AUTHORIZATION_CODE",
        "IMPLICIT",
        "REFRESH_TOKEN",
        "DEVICE_CODE",
    ];
    let mut grants = vec![json!({ "resource": "openid", "scopes": ["profile", "email"] })];
    if method != "NONE" {
        grant_types.push("CLIENT_CREDENTIALS");
        grants.push(json!({ "resource": "Orders", "scopes": ["orders:read"] }));
    }
    json!({
        "id": app.id, "name": "Everything",
        "grantTypes": grant_types, "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"], "grants": grants,
        "tokenEndpointAuthMethod": method, "jwks": jwt::client_jwks().to_string(),
        "postLogoutRedirectUris": [SIGNED_OFF],
        // Libraries wait for this long before they ask for the first time.
        "devicePollingInterval": 1,
    })
}

/// An environment as strict as can be.
fn strict() -> Value {
    json!({
        "authorizationResponseIss": true, "nonceRequired": true, "clientAssertionsStrict": true,
    })
}

/// Sets an application and the settings of its environment.
async fn set(server: &TestServer, application: Value, settings: Value) {
    let environment = json!({
        "id": server.tenant.id, "name": "First", "countersign": settings,
        "resources": [{ "name": "Orders", "scopes": ["orders:read"] }],
        "applications": [application],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    server.poll_changes().await;
}

/// Runs a client in another language and judges what it learned.
fn run(variable: &str, script: &str, tenant: &Tenant, app: &App) {
    let learned = learn(variable, script, &case(tenant, app, app.auth_method));
    assert_eq!(learned["claims"]["sub"], json!(tenant.person.id));
    assert_eq!(learned["claims"]["iss"], json!(tenant.issuer()));
    assert_eq!(learned["userinfo"]["sub"], json!(tenant.person.id));
    assert_eq!(
        learned["userinfo"]["preferred_username"],
        json!(tenant.person.username)
    );
    assert_eq!(learned["access"]["client_id"], json!(app.id));
    assert_eq!(learned["scope"], "openid profile email");
    assert_eq!(learned["replay"], "invalid_grant");
}

/// Runs a script on a case; what it learned.
fn learn(variable: &str, script: &str, case: &Value) -> Value {
    let program = std::env::var(variable)
        .unwrap_or_else(|_| panic!("no {variable}: run `cargo xtask test --only clients`"));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/");
    let output = std::process::Command::new(program)
        .arg(format!("{folder}{script}"))
        .env("COUNTERSIGN_CLIENT_CASE", case.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{printed}\n{complaint}");
    serde_json::from_str(printed.trim()).unwrap()
}

/// The same from async code: the child process is waited for, and the server needs its threads
/// meanwhile.
fn learn_beside(variable: &str, script: &str, case: &Value) -> Value {
    std::thread::scope(|scope| scope.spawn(|| learn(variable, script, case)).join()).unwrap()
}

/// Runs it for each way of client authentication, with a server that keeps real time.
fn run_for_every_app(variable: &'static str, script: &'static str) {
    run_in_real_time(Adapter::Sqlite, move |server| async move {
        let tenant = server.tenant.clone();
        let judge = move || {
            for app in [&tenant.web, &tenant.post, &tenant.spa] {
                run(variable, script, &tenant, app);
            }
        };
        std::thread::scope(|scope| scope.spawn(judge).join()).unwrap();
    });
}
