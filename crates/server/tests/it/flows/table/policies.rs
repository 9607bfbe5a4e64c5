//! What the walks of the table go through, and who goes

use countersign_testkit::TestServer;
use serde_json::{Value, json};

use super::PASSWORD;
use crate::rp;

/// bcrypt, cost 5, of `U*U`.
const EXPIRED_HASH: &str = "{BCRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
pub(super) const EXPIRED: &str = "U*U";

/// Policies, each by the name of what is special about it. A login asks once in eight hours.
pub(super) async fn import(server: &TestServer) {
    let login = json!({
        "type": "LOGIN",
        "priority": 1,
        "condition": {
            "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}",
            "greater": 28800,
        },
    });
    let second = |step: Value| {
        let mut step = step;
        step["priority"] = json!(2);
        json!([login, step])
    };
    let first = |kind: &str| json!([{ "type": kind, "priority": 1 }]);
    let profiling = json!({
        "type": "PROGRESSIVE_PROFILING",
        "attributes": [{ "name": "mobilePhone", "required": true }],
        "promptText": "",
        "promptIntervalSeconds": 1,
        "preventMultiplePromptsPerFlow": true,
    });
    let factor =
        |mode: &str| json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "noDevicesMode": mode });
    rp::provider(server, &json!({})).await;
    let everything = |kind: &str| {
        json!([{
            "type": kind,
            "priority": 1,
            "recovery": { "enabled": true },
            "registration": { "enabled": true },
            "socialProviders": [{ "id": rp::PROVIDER }],
        }])
    };
    let provider = |registration: Value| {
        json!([{
            "type": "IDENTITY_PROVIDER",
            "priority": 1,
            "identityProvider": rp::PROVIDER,
            "registration": registration,
        }])
    };
    let confirmed = json!({ "enabled": true, "confirmIdentityProviderAttributes": true });
    let policies = [
        ("Login", json!([login])),
        ("Always", first("LOGIN")),
        ("Identifier", first("IDENTIFIER_FIRST")),
        ("Profile", second(profiling)),
        ("Factor", second(factor("BLOCK"))),
        ("Bypass", second(factor("BYPASS"))),
        ("Factor_First", first("MULTI_FACTOR_AUTHENTICATION")),
        (
            "Agreement",
            second(json!({ "type": "AGREEMENT", "agreement": "Terms" })),
        ),
        ("Provider", provider(json!({ "enabled": false }))),
        ("Open_Provider", provider(json!({ "enabled": true }))),
        ("Confirm", provider(confirmed)),
        ("Open", everything("LOGIN")),
        ("Open_Identifier", everything("IDENTIFIER_FIRST")),
    ];
    let assigned: Vec<Value> = policies
        .iter()
        .zip(1..)
        .map(|((name, _), priority)| json!({ "signOnPolicy": name, "priority": priority }))
        .collect();
    let policies: Vec<Value> = policies
        .into_iter()
        .map(|(name, actions)| json!({ "name": name, "actions": actions }))
        .collect();
    let user = |name: &str, password: Value| json!({ "username": name, "password": password });
    let mut disabled = user("disabled", json!({ "value": PASSWORD }));
    disabled["enabled"] = json!(false);
    let expired = json!({ "hash": EXPIRED_HASH, "lastChangedAt": "2000-01-01T00:00:00.000Z" });
    let mut unverified = user("unverified", json!({ "value": PASSWORD }));
    unverified["email"] = json!("unverified@client.example");
    unverified["lifecycle"] = json!({ "status": "VERIFICATION_REQUIRED" });
    let mut forgetful = user("forgetful", json!({ "value": PASSWORD }));
    forgetful["email"] = json!("forgetful@client.example");
    let language = json!({
        "locale": "en",
        "displayName": "Terms",
        "revisions": [{ "effectiveAt": "2020-01-01T00:00:00.000Z", "text": "Be kind." }],
    });
    let environment = json!({
        "id": server.tenant.id,
        "name": "First",
        "agreements": [{ "name": "Terms", "enabled": true, "languages": [language] }],
        "signOnPolicies": policies,
        "applications": [{
            "id": server.tenant.native.id,
            "name": "Native",
            "grantTypes": ["AUTHORIZATION_CODE", "DEVICE_CODE", "REFRESH_TOKEN"],
            "signOnPolicyAssignments": assigned,
        }],
        "users": [
            user("ok", json!({ "value": PASSWORD })),
            user("asked", json!({ "value": PASSWORD })),
            user("locked", json!({ "value": PASSWORD })),
            user("temporary", json!({ "value": PASSWORD, "forceChange": true })),
            user("temporary too", json!({ "value": PASSWORD, "forceChange": true })),
            user("expired", expired),
            user("linked", json!({ "value": PASSWORD })),
            disabled,
            unverified,
            forgetful,
        ],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// Somebody gets the name of the provider's person, who is nobody's any more.
pub(super) async fn namesake(server: &TestServer) {
    let carol = json!({ "username": rp::CAROL, "password": { "value": PASSWORD } });
    let environment = json!({ "id": server.tenant.id, "name": "First", "users": [carol] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}
