//! `GET /{envID}/as/.well-known/openid-configuration`, and the same document as RFC 8414 metadata
//! at `/.well-known/oauth-authorization-server/{envID}/as` (`reference/oidc.md` 12, `rulings.md` 18).
//!
//! Only what is served is listed: an endpoint, grant or method appears here when it works.

use countersign_domain::environment::EnvironmentSettings;
use serde_json::json;

use crate::as_::checks::response_type;
use crate::as_::{client_auth, grants, request_object, response_modes};
use crate::jose::keys::KeyMaterial;

/// Renders the document for an issuer with these signing keys.
pub fn render(issuer: &str, settings: &EnvironmentSettings, keys: &[KeyMaterial]) -> String {
    // Always there (OIDC Discovery 3), first; the others as there are keys for them.
    let mut signing = vec!["RS256"];
    for key in keys {
        if !signing.contains(&key.jwk.alg) {
            signing.push(key.jwk.alg);
        }
    }
    let mut grant_types: Vec<&str> = grants::GRANTS
        .iter()
        .map(|grant| grant.grant_type())
        .collect();
    // A grant of the authorization endpoint alone.
    grant_types.insert(1, "implicit");
    let methods: Vec<&str> = client_auth::METHODS
        .iter()
        .map(|method| method.metadata_name())
        .collect();
    let modes: Vec<&str> = response_modes::ALL
        .iter()
        .map(|mode| mode.as_str())
        .collect();
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "pushed_authorization_request_endpoint": format!("{issuer}/par"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "device_authorization_endpoint": format!("{issuer}/device_authorization"),
        "end_session_endpoint": format!("{issuer}/signoff"),
        "ping_end_idp_session_endpoint": format!("{issuer}/idpSignoff"),
        "check_session_iframe": format!("{issuer}/checksession"),
        "claims_parameter_supported": false,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "require_pushed_authorization_requests": false,
        "scopes_supported": ["openid", "profile", "email", "address", "phone"],
        "response_types_supported": response_type::SUPPORTED,
        "response_modes_supported": modes,
        "grant_types_supported": grant_types,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": signing,
        "userinfo_signing_alg_values_supported": ["none"],
        "request_object_signing_alg_values_supported": request_object::ALGORITHMS,
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported":
            ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512"],
        "claim_types_supported": ["normal"],
        "claims_supported": [
            "sub", "iss", "auth_time", "acr", "name", "given_name", "family_name", "middle_name",
            "preferred_username", "profile", "picture", "zoneinfo", "phone_number", "updated_at",
            "address", "email", "locale"
        ],
        "code_challenge_methods_supported": ["plain", "S256"],
        "authorization_response_iss_parameter_supported": settings.authorization_response_iss,
    })
    .to_string()
}
