//! npm `oidc-provider`, as the identity provider of an environment

use std::process::Stdio;

use countersign_domain::entity;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Clock;
use countersign_domain::user::User;
use countersign_testkit::{Adapter, Browser, TestServer, code_of, run_in_real_time};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The provider and where it is. It ends when it is dropped.
async fn start(server: &TestServer, auth_method: &str) -> (Child, String) {
    let node = std::env::var("COUNTERSIGN_TEST_NODE");
    let node = node.unwrap_or_else(|_| panic!("no node: run `cargo xtask test --only clients`"));
    let tenant = &server.tenant;
    let case = json!({
        "clientId": "countersign", "clientSecret": "a secret: of ours & theirs",
        "tokenEndpointAuthMethod": auth_method,
        "redirectUri": format!("{}/{}/rp/callback/openid_connect", tenant.base, tenant.id),
    });
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/node");
    let mut child = Command::new(node)
        .arg(format!("{folder}/provider.mjs"))
        .env("COUNTERSIGN_CLIENT_CASE", case.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    // It must be able to go on writing.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let said: Value = serde_json::from_str(&line).unwrap();
    (child, said["issuer"].as_str().unwrap().to_owned())
}

/// Configures it from its own discovery document.
async fn register(server: &TestServer, browser: &Browser, issuer: &str, auth_method: &str) {
    let discovery = format!("{issuer}/.well-known/openid-configuration");
    let found = browser
        .get(&discovery)
        .send()
        .await
        .expect_status(200)
        .json();
    let provider = json!({
        "name": "Foreign", "type": "OPENID_CONNECT",
        "clientId": "countersign", "clientSecret": "a secret: of ours & theirs",
        "issuer": found["issuer"],
        "authorizationEndpoint": found["authorization_endpoint"],
        "tokenEndpoint": found["token_endpoint"],
        "tokenEndpointAuthMethod": auth_method,
        "jwksEndpoint": found["jwks_uri"],
        "userInfoEndpoint": found["userinfo_endpoint"],
        "discoveryEndpoint": discovery,
        "scopes": ["openid", "profile", "email"],
        "registration": { "population": "Default" },
        "attributes": [
            { "name": "username", "value": "${providerAttributes.preferred_username}" },
            { "name": "email", "value": "${providerAttributes.email}" },
            { "name": "name.given", "value": "${providerAttributes.given_name}" },
        ],
    });
    let policy = json!({ "name": "Foreign", "default": true, "actions": [
        { "type": "IDENTITY_PROVIDER", "priority": 1, "identityProvider": "Foreign" } ] });
    server
        .import(
            &json!({ "environments": [ { "id": server.tenant.id, "name": "First",
            "identityProviders": [provider], "signOnPolicies": [policy] } ] }),
        )
        .await;
}

fn signs_on(auth_method: &'static str) {
    run_in_real_time(Adapter::Sqlite, move |server| async move {
        let (_child, issuer) = start(&server, auth_method).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        register(&server, &browser, &issuer, auth_method).await;
        let ids = [
            whole_way(&server, &browser, true).await,
            whole_way(&server, &browser, false).await,
        ];
        assert_eq!(ids[0], ids[1], "the second time it is the same user");
        let env: EnvId = tenant.id.parse().unwrap();
        let store = &*server.ports.store;
        let now = server.clock.now();
        let fay = entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, "fay", now).await;
        let fay = fay.unwrap().unwrap().value;
        assert_eq!(fay.id.to_string(), ids[0]);
        assert_eq!(fay.email.as_deref(), Some("fay@provider.example"));
        assert!(fay.email_verified);
        assert_eq!(fay.name.unwrap().given.as_deref(), Some("Fay"));
    });
}

/// Signs fay on over there; answers with who that is here.
async fn whole_way(server: &TestServer, browser: &Browser, asks: bool) -> String {
    let tenant = &server.tenant;
    let mut answer = tenant.authorize(&tenant.web).send(browser).await;
    // Each page of the provider has one form: who it is, and whether we may know.
    let mut pages = 0;
    for _ in 0..30 {
        answer = match answer.location() {
            Some(next) if next.as_str().starts_with("https://client.example/") => break,
            Some(next) => browser.get(next).send().await,
            None => {
                pages += 1;
                let mut form = answer.expect_status(200).form();
                for name in ["login", "password"] {
                    if form.value(name).is_some() {
                        form = form.fill(name, "fay");
                    }
                }
                browser.post(&form.action).form(form.fields).send().await
            }
        };
    }
    assert_eq!(pages > 0, asks, "pages of the provider: {pages}");
    let code = code_of(&answer.redirect());
    let tokens = tenant.redeem(&tenant.web, &code).send(browser).await;
    let id = tenant
        .verify(&tokens.expect_status(200).json()["id_token"])
        .await;
    id.text("sub").to_owned()
}

#[test]
fn oidc_provider_signs_a_person_on_with_a_secret_in_the_header() {
    signs_on("CLIENT_SECRET_BASIC");
}

#[test]
fn oidc_provider_signs_a_person_on_with_a_secret_in_the_body() {
    signs_on("CLIENT_SECRET_POST");
}
