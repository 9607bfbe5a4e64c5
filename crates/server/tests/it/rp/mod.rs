//! `/{envID}/rp/*`: the second environment of the same server is the identity provider of the
//! first.

mod callback;
mod discovery;
mod linking;
mod own_attributes;
mod registration;
mod threats;

use countersign_domain::entity;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Clock;
use countersign_domain::user::User;
use countersign_testkit::{Answer, Browser, Tenant, TestServer, submit};
use serde_json::{Value, json};

/// The id that every test gives the provider.
pub const PROVIDER: &str = "00000001-0000-4000-8000-000000000901";
/// Who the provider's carol is there.
pub const CAROL: &str = "carol";

/// The other environment as the provider of this one, with changes to its settings.
pub async fn provider(server: &TestServer, changes: &Value) {
    let (tenant, other) = (&server.tenant, &server.other);
    let mut provider = json!({
        "id": PROVIDER,
        "name": "Elsewhere",
        "type": "OPENID_CONNECT",
        "clientId": other.web.id,
        "clientSecret": other.web.secret,
        "issuer": other.issuer(),
        "authorizationEndpoint": other.endpoint("authorize"),
        "tokenEndpoint": other.endpoint("token"),
        "jwksEndpoint": other.endpoint("jwks"),
        "userInfoEndpoint": other.endpoint("userinfo"),
        "scopes": ["openid", "profile", "email"],
        "attributes": [
            { "name": "username", "value": "${providerAttributes.preferred_username}", "mappingType": "CORE" },
            { "name": "email", "value": "${providerAttributes.email}" },
            { "name": "name.given", "value": "${providerAttributes.given_name}", "update": "ALWAYS" },
            { "name": "name.family", "value": "${providerAttributes.family_name}" },
        ],
    });
    for (name, value) in changes.as_object().unwrap() {
        provider[name] = value.clone();
    }
    let callback = callback_of(tenant);
    let there = json!({ "id": other.web.id, "name": "Web",
        "redirectUris": ["https://client.example/callback", callback] });
    server
        .import(&json!({ "environments": [
            { "id": tenant.id, "name": "First", "identityProviders": [provider] },
            { "id": other.id, "name": "Second", "applications": [there] },
        ] }))
        .await;
}

/// Our redirect URI at the provider.
pub fn callback_of(tenant: &Tenant) -> String {
    format!("{}/{}/rp/callback/openid_connect", tenant.base, tenant.id)
}

/// Makes one policy with these actions the default.
pub async fn policy(server: &TestServer, actions: Value) {
    let policy = json!({ "name": "Federated", "default": true, "actions": actions });
    server
        .import(&json!({ "environments": [
            { "id": server.tenant.id, "name": "First", "signOnPolicies": [policy] }
        ] }))
        .await;
}

/// A policy of nothing but the provider.
pub async fn provider_first(server: &TestServer, registration: Value) {
    policy(
        server,
        json!([{ "type": "IDENTITY_PROVIDER", "priority": 1,
            "identityProvider": PROVIDER, "registration": registration }]),
    )
    .await;
}

/// A policy of a password, or the provider.
pub async fn login_or_provider(server: &TestServer, registration: Value) {
    policy(
        server,
        json!([{ "type": "LOGIN", "priority": 1,
            "socialProviders": [{ "id": PROVIDER }], "registration": registration }]),
    )
    .await;
}

/// Where the browser is sent off to the provider.
pub fn off(tenant: &Tenant, flow: &str) -> String {
    format!(
        "{}/{}/rp/authenticate?providerId={PROVIDER}&flowId={flow}",
        tenant.base, tenant.id
    )
}

/// Begins a `pi.flow`, signs the provider's person on over there and comes back. The answer is the
/// one of the callback.
pub async fn come_back(server: &TestServer, browser: &Browser, flow: &str) -> Answer {
    let callback = callback_answer_url(server, browser, flow).await;
    browser.get(callback).send().await.expect_status(302)
}

/// The URL with which the provider sends the browser back.
pub async fn callback_answer_url(server: &TestServer, browser: &Browser, flow: &str) -> url::Url {
    let (tenant, other) = (&server.tenant, &server.other);
    let there = format!("{}/{}", other.base, other.id);
    let left = browser
        .get(off(tenant, flow))
        .send()
        .await
        .expect_status(302);
    let page = browser.follow(left, &there).await;
    let back = if page.status == 200 {
        let person = &other.person;
        let mut there = other.clone();
        there.base = format!("{}/{}", other.base, other.id);
        submit(&there, browser, &page, &person.username, &person.password).await
    } else {
        page
    };
    let back = back.redirect();
    assert!(back.as_str().starts_with(&callback_of(tenant)), "{back}");
    back
}

/// Reads a flow.
pub async fn read(server: &TestServer, browser: &Browser, flow: &str) -> Value {
    let answer = browser.get(server.tenant.flow(flow)).send().await;
    answer.expect_status(200).json()
}

/// The names of a flow's links.
pub fn links(flow: &Value) -> Vec<String> {
    flow["_links"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// A user of the first environment, by name.
pub async fn user(server: &TestServer, name: &str) -> Option<User> {
    let env: EnvId = server.tenant.id.parse().unwrap();
    let store = &*server.ports.store;
    let now = server.clock.now();
    let found = entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, name, now).await;
    found.unwrap().map(|stored| stored.value)
}
