//! The environment that is measured, as an import file.

use serde_json::{Value, json};

use super::world::{ENVIRONMENT, FAST, OFFLINE, SECRET, SERVICE, WEB, WORKER, user};

/// [`PASSWORD`](super::world::PASSWORD), hashed as the server would: hashing it for each user takes
/// time.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$mjSNJG0UUpF/Ho71vp7xLQ\
    $XRxeENWlT4fK2V1p+cgZ6m9y3ozXQLVDl0ROOTzmPZo";

/// An environment with the applications that are measured, more that nothing is asked of, and users.
pub fn document(users: usize, more_applications: usize) -> Value {
    let users: Vec<Value> = (0..users)
        .map(|number| {
            json!({
                "username": user(number),
                "email": format!("{}@example.com", user(number)),
                "name": {"given": "Ben", "family": "Chmark"},
                "password": {"hash": HASH},
            })
        })
        .collect();
    let mut applications = vec![
        web(WEB, "Bench", &["AUTHORIZATION_CODE"]),
        web(
            OFFLINE,
            "Bench offline",
            &["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
        ),
        service(SERVICE, "Bench service"),
        fast(),
        worker(),
    ];
    applications.extend((0..more_applications).map(|number| {
        let id = format!("b0000000-0000-4000-8000-{:012}", 100 + number);
        web(&id, &format!("Bench {number}"), &["AUTHORIZATION_CODE"])
    }));
    json!({
        "organization": {"name": "Bench"},
        "licenses": [{"name": "Bench"}],
        "environments": [{
            "id": ENVIRONMENT,
            "name": "Bench",
            "type": "SANDBOX",
            "license": "Bench",
            "keyRotationPolicies": [{
                "name": "Fast",
                "algorithm": "EC",
                "keyLength": 256,
                "signatureAlgorithm": "SHA256withECDSA",
            }],
            "resources": [{
                "name": "Orders",
                "audience": "https://orders.example.com",
                "scopes": ["orders"],
            }],
            "applications": applications,
            "users": users,
        }],
    })
}

fn web(id: &str, name: &str, grants: &[&str]) -> Value {
    json!({
        "id": id,
        "name": name,
        "enabled": true,
        "type": "WEB_APP",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_POST",
        "clientSecret": SECRET,
        "grantTypes": grants,
        "responseTypes": ["CODE"],
        "redirectUris": ["http://localhost/callback"],
        "grants": [
            {"resource": "openid", "scopes": ["openid", "profile", "email"]},
            {"resource": "Orders", "scopes": ["orders"]},
        ],
    })
}

fn service(id: &str, name: &str) -> Value {
    json!({
        "id": id,
        "name": name,
        "enabled": true,
        "type": "SERVICE",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_POST",
        "clientSecret": SECRET,
        "grantTypes": ["CLIENT_CREDENTIALS"],
        "grants": [{"resource": "Orders", "scopes": ["orders"]}],
    })
}

/// Signs with P-256.
fn fast() -> Value {
    let mut application = service(FAST, "Bench fast");
    let signing = json!({"keyRotationPolicy": "Fast"});
    if let Some(members) = application.as_object_mut() {
        members.insert("signing".to_owned(), signing);
    }
    application
}

/// May do everything.
fn worker() -> Value {
    let roles = [
        "Organization Admin",
        "Environment Admin",
        "Identity Data Admin",
        "Client Application Developer",
    ];
    let everywhere = roles.map(|role| json!({"role": role, "scope": {"type": "ORGANIZATION"}}));
    json!({
        "id": WORKER,
        "name": "Bench worker",
        "enabled": true,
        "type": "WORKER",
        "tokenEndpointAuthMethod": "CLIENT_SECRET_POST",
        "clientSecret": SECRET,
        "grantTypes": ["CLIENT_CREDENTIALS"],
        "roleAssignments": everywhere,
    })
}
