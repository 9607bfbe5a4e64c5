//! `GET /{envID}/as/jwks` (`reference/oidc.md` 13, `rulings.md` 24).

use crate::jose::keys::{Jwk, KeyMaterial};

#[derive(serde::Serialize)]
struct Jwks<'a> {
    keys: Vec<&'a Jwk>,
}

/// Renders the key set: every key that may have signed a token still alive, and the next one, so
/// that a rotation never makes a live token unverifiable.
pub fn render(keys: &[KeyMaterial]) -> String {
    let jwks = Jwks {
        keys: keys.iter().map(|key| &key.jwk).collect(),
    };
    serde_json::to_string(&jwks).unwrap_or_default()
}
