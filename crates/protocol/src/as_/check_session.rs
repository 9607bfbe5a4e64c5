//! `session_state`, by which a client's page asks an iframe of ours whether the person is still
//! signed on (`reference/oidc.md` 14.5). The iframe is at `GET /{envID}/as/checksession`; its script
//! computes the same hash from a cookie that it can read.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::as_::authorize::AuthorizationRequest;
use crate::browser::BrowserToken;

/// The `session_state` of a response: none for an answer that has no web origin to go to, and none
/// without a session.
///
/// Spec: OpenID Connect Session Management 1.0, 2.
pub fn session_state(
    request: &AuthorizationRequest,
    token: Option<&BrowserToken>,
    salt: &str,
) -> Option<String> {
    let uri = request.destination.redirect_uri.as_ref()?;
    let origin = Url::parse(uri.as_str()).ok()?.origin();
    if !origin.is_tuple() {
        return None;
    }
    let state = token.filter(|token| token.is_session())?.browser_state();
    let client = request.client;
    let origin = origin.ascii_serialization();
    Some(hashed(&client.to_string(), &origin, &state, salt))
}

fn hashed(client: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let text = format!("{client} {origin} {browser_state} {salt}");
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    format!("{}.{salt}", URL_SAFE_NO_PAD.encode(hash))
}
