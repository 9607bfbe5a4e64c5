//! OpenID Connect libraries that nobody here wrote (`clients/` holds those of other languages)

mod aiosmtpd;
mod authlib;
mod oidc_provider;
mod openid_client;
mod openidconnect;

use countersign_testkit::{App, REDIRECT_URI, Tenant};
use serde_json::{Value, json};

/// Runs a client in another language and judges what it learned.
fn run(variable: &str, script: &str, tenant: &Tenant, app: &App) {
    let mut case = json!({
        "issuer": tenant.issuer(),
        "clientId": app.id,
        "tokenEndpointAuthMethod": app.auth_method,
        "redirectUri": REDIRECT_URI,
        "scope": "openid profile email",
        "username": tenant.person.username,
        "password": tenant.person.password,
    });
    if app.auth_method != "NONE" {
        case["clientSecret"] = json!(app.secret);
    }
    let learned = learn(variable, script, &case);
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
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{printed}\n{complaint}");
    serde_json::from_str(printed.trim()).unwrap()
}

/// Runs it for each way of client authentication, with a server that keeps real time.
fn run_for_every_app(variable: &'static str, script: &'static str) {
    countersign_testkit::run_in_real_time(
        countersign_testkit::Adapter::Sqlite,
        move |server| async move {
            let tenant = server.tenant.clone();
            let judge = move || {
                for app in [&tenant.web, &tenant.post, &tenant.spa] {
                    run(variable, script, &tenant, app);
                }
            };
            // The child process is waited for, and the server needs its threads meanwhile.
            std::thread::scope(|scope| scope.spawn(judge).join()).unwrap();
        },
    );
}
