//! ID tokens (`reference/oidc.md` 7.3, OIDC Core 2).

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::{SignOn, claims};
use crate::as_::checks::scope::GrantedScope;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::jose::keys::KeyMaterial;
use crate::refusal::Refused;

/// The header's `typ`: never that of an access token, so that neither passes for the other.
pub const TYP: &str = "JWT";

/// Lifetime in seconds, not configurable.
/// Source: `reference/oidc.md` 7.4.
const LIFETIME: i64 = 3600;

/// Claims of an ID token, without the hashes of what is issued with it.
///
/// Spec: OIDC Core 2; `reference/oidc.md` 7.3, 11.3.
pub fn claims(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    sign_on: &SignOn<'_>,
    user: &Value,
) -> Result<Map<String, Value>, Refused> {
    let mut token = claims::user_claims(cx, view, scope, user, claims::Target::IdToken)?;
    token.insert("iss".into(), json!(cx.env.issuer));
    token.insert("aud".into(), json!(view.application.id));
    token.insert("iat".into(), json!(cx.now.seconds()));
    token.insert(
        "exp".into(),
        json!(cx.now.seconds().saturating_add(LIFETIME)),
    );
    token.insert("auth_time".into(), json!(sign_on.auth_time.seconds()));
    token.insert("acr".into(), json!(sign_on.acr));
    token.insert("amr".into(), json!(sign_on.amr));
    token.insert("sid".into(), json!(sign_on.session));
    token.insert("env".into(), json!(cx.env_id()));
    token.insert("org".into(), json!(cx.env.environment.organization.id));
    if let Some(nonce) = sign_on.nonce {
        token.insert("nonce".into(), json!(nonce));
    }
    claims::fitting("ID token", token)
}

/// Adds `at_hash`.
pub fn bind_access_token(id: &mut Map<String, Value>, access_token: &str, key: &KeyMaterial) {
    id.insert("at_hash".into(), json!(half_hash(access_token, key)));
}

/// Adds `c_hash`.
///
/// Spec: OIDC Core 3.3.2.11.
pub fn bind_code(id: &mut Map<String, Value>, code: &str, key: &KeyMaterial) {
    id.insert("c_hash".into(), json!(half_hash(code, key)));
}

/// The left half of the hash that goes with the signing key, in base64url.
fn half_hash(token: &str, key: &KeyMaterial) -> String {
    let hash = digest::digest(key.digest(), token.as_bytes());
    let hash = hash.as_ref();
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}
