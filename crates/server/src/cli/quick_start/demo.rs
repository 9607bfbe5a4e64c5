//! The demo environment as an import file.

use serde_json::{Value, json};

use super::facts::{Application, Facts};

/// Roles that together may do everything.
const ADMINISTRATOR_ROLES: [&str; 5] = [
    "Organization Admin",
    "Environment Admin",
    "Identity Data Admin",
    "Client Application Developer",
    "Custom Roles Admin",
];

/// Roles of the demo worker in its own environment: a worker without one gets no token.
const WORKER_ROLES: [&str; 3] = [
    "Environment Admin",
    "Identity Data Admin",
    "Client Application Developer",
];

/// The import document that makes what the facts describe.
pub fn document(facts: &Facts) -> Value {
    let roles: Vec<Value> = ADMINISTRATOR_ROLES
        .iter()
        .map(|role| json!({"role": role, "scope": {"type": "ORGANIZATION"}}))
        .collect();
    let applications: Vec<Value> = facts.applications.iter().map(application).collect();
    let users: Vec<Value> = facts
        .users
        .iter()
        .map(|user| {
            json!({
                "username": user.username,
                "email": format!("{}@example.com", user.username),
                "name": {"given": "Dana", "family": "Demo"},
                "password": {"value": user.password},
            })
        })
        .collect();
    json!({
        "organization": {"name": "Quick start"},
        "licenses": [{"name": "Quick start"}],
        "environments": [
            {
                "id": facts.admin.environment_id,
                "name": "Administrators",
                "type": "SANDBOX",
                "license": "Quick start",
                "applications": [{
                    "id": facts.admin.client_id,
                    "name": "Administration",
                    "description": "May do everything in this installation.",
                    "enabled": true,
                    "type": "WORKER",
                    "grantTypes": ["CLIENT_CREDENTIALS"],
                    "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
                    "clientSecret": facts.admin.client_secret,
                    "roleAssignments": roles,
                }],
            },
            {
                "id": facts.environment_id,
                "name": "Demo",
                "type": "SANDBOX",
                "license": "Quick start",
                "applications": applications,
                "users": users,
            },
        ],
    })
}

fn application(it: &Application) -> Value {
    let mut value = json!({
        "id": it.client_id,
        "name": it.name,
        "enabled": true,
        "type": it.type_,
        "tokenEndpointAuthMethod": it.token_endpoint_auth_method,
    });
    let more = match it.type_.as_str() {
        "WORKER" => json!({"grantTypes": ["CLIENT_CREDENTIALS"], "roleAssignments": WORKER_ROLES}),
        type_ => {
            let pkce = if type_ == "SINGLE_PAGE_APP" {
                "S256_REQUIRED"
            } else {
                "OPTIONAL"
            };
            json!({
                "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
                "responseTypes": ["CODE"],
                "pkceEnforcement": pkce,
                "redirectUris": it.redirect_uris,
                "grants": [{"resource": "openid", "scopes": ["openid", "profile", "email"]}],
            })
        }
    };
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
        if let Some(secret) = &it.client_secret {
            value.insert("clientSecret".to_owned(), json!(secret));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use countersign_domain::role::BUILT_IN;
    use countersign_protocol::v1::actor::permits;
    use countersign_protocol::v1::route;

    use super::*;

    #[test]
    fn the_administrator_may_do_everything() {
        let roles = BUILT_IN
            .iter()
            .filter(|it| ADMINISTRATOR_ROLES.contains(&it.name));
        let permissions: Vec<&str> = roles.flat_map(|it| it.permissions).copied().collect();
        for endpoint in route::endpoints() {
            let may = permissions
                .iter()
                .any(|it| permits(it, endpoint.permission));
            assert!(may, "{} {}", endpoint.method.name(), endpoint.path);
        }
    }
}
