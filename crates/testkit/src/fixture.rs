//! What every server under test starts with, made through the import file: two environments with
//! the same applications and people under other ids, secrets and keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign_domain::ports::Ports;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::import::{Format, ImportOptions, apply, parse};
use serde_json::{Value, json};

use crate::tenant::{App, Person, REDIRECT_URI, Tenant};
use crate::{VirtualClock, broken};

/// Private keys that were made once, so that tests need not wait for new ones.
const KEYS: [&str; 4] = [
    include_str!("../fixtures/rsa_1.pem"),
    include_str!("../fixtures/rsa_2.pem"),
    include_str!("../fixtures/rsa_3.pem"),
    include_str!("../fixtures/rsa_4.pem"),
];

const ALICE: &str = "Correct-Horse-9!";
const ALICE_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YXhyH+rvm1KLL0maOSaGhw$O4z58EE6rVDuoIAYPsb4tKTAJ4+eF4JEfGz/UF23SFY";
const BOB: &str = "Battery-Staple-7?";
const BOB_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$1D/y7sWIub58Gzyj/lFnUw$FQMX2iG+K6PsCnj/Q7NERaYl4tZqMxTFSz+wa36VPgQ";

/// Environment number `number` of a server.
pub(crate) fn tenant(number: u8, base: &str, clock: Arc<VirtualClock>) -> Tenant {
    let id = |what: u16| format!("{number:08}-0000-4000-8000-{what:012}");
    let app = |what, auth_method| App {
        id: id(what),
        // Every kind of character a secret may have, and long enough for any use.
        secret: format!("Secret.of_{number}~{what}-{}", "x".repeat(60)),
        auth_method,
    };
    let person = |what, name: &str, password: &str| Person {
        id: id(what),
        username: name.to_owned(),
        password: password.to_owned(),
    };
    // People have other names and passwords next door, so that nothing fits by chance.
    let (alice, bob) = if number == 1 {
        (person(301, "alice", ALICE), person(302, "bob", BOB))
    } else {
        (person(301, "carol", BOB), person(302, "dave", ALICE))
    };
    Tenant {
        id: id(1),
        base: base.to_owned(),
        root: format!("{base}/{}", id(1)),
        reaching: None,
        web: app(201, "CLIENT_SECRET_BASIC"),
        post: app(202, "CLIENT_SECRET_POST"),
        spa: app(203, "NONE"),
        native: app(204, "NONE"),
        person: alice,
        other_person: bob,
        clock,
    }
}

/// The origin that the native application's `corsSettings` list. The others have none.
pub const ORIGIN: &str = "https://app.example";

/// The import file of both environments.
pub(crate) fn document(first: &Tenant, second: &Tenant) -> Value {
    json!({
        "organization": { "name": "Tests" },
        "environments": [environment(first, "First"), environment(second, "Second")],
    })
}

fn environment(tenant: &Tenant, name: &str) -> Value {
    json!({
        "id": tenant.id,
        "name": name,
        "type": "SANDBOX",
        "region": "NA",
        "applications": [
            application(&tenant.web, "Web", "WEB_APP", "OPTIONAL"),
            application(&tenant.post, "Web with post", "WEB_APP", "OPTIONAL"),
            application(&tenant.spa, "Single page", "SINGLE_PAGE_APP", "S256_REQUIRED"),
            read_by(application(&tenant.native, "Native", "NATIVE_APP", "OPTIONAL")),
        ],
        "users": [
            user(&tenant.person, "Alice", "Archer"),
            user(&tenant.other_person, "Bob", "Baker"),
        ],
    })
}

fn application(app: &App, name: &str, kind: &str, pkce: &str) -> Value {
    json!({
        "id": app.id,
        "name": name,
        "type": kind,
        "protocol": "OPENID_CONNECT",
        "enabled": true,
        "grantTypes": ["AUTHORIZATION_CODE"],
        "responseTypes": ["CODE"],
        "redirectUris": [REDIRECT_URI],
        "tokenEndpointAuthMethod": app.auth_method,
        "pkceEnforcement": pkce,
        "clientSecret": app.secret,
        "grants": [{ "resource": "openid", "scopes": ["openid", "profile", "email"] }],
    })
}

/// With one origin whose pages may read codes and tokens.
fn read_by(mut application: Value) -> Value {
    if let Some(members) = application.as_object_mut() {
        let cors = json!({ "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": [ORIGIN] });
        members.insert("corsSettings".into(), cors);
    }
    application
}

fn user(person: &Person, given: &str, family: &str) -> Value {
    let hash = if person.password == ALICE {
        ALICE_HASH
    } else {
        BOB_HASH
    };
    json!({
        "id": person.id,
        "username": person.username,
        "email": format!("{}@client.example", person.username),
        "name": { "given": given, "family": family },
        "password": { "hash": hash },
    })
}

/// Imports a document; any problem fails the test.
pub(crate) async fn import(ports: &Ports, api_url: &str, document: &Value) {
    let parsed = parse("fixture", &document.to_string(), Format::Json);
    let parsed = parsed.unwrap_or_else(|errors| broken("the import file is wrong", errors));
    let next = AtomicUsize::new(0);
    let options = ImportOptions {
        api_url: api_url.to_owned(),
        make_key: Arc::new(move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            KeyPair::from_pem(KEYS[number % KEYS.len()])
        }),
    };
    let applied = apply(ports, &parsed, &options).await;
    applied.unwrap_or_else(|error| broken("the import failed", error));
}
