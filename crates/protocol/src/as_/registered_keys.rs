//! The keys an application signs with: `jwks`, or what `jwksUrl` leads to
//! (`reference/oidc.md` 4.1, 4.3). For client assertions and request objects.

use countersign_domain::application::Application;
use serde::de::DeserializeOwned;

use crate::cx::Cx;
use crate::jose::client::verify_with_jwks;
use crate::jose::verify::{Untrusted, Verified};

/// Verifies a token that the application signed with RS256, RS384 or RS512. Its claims are the
/// caller's to judge.
pub async fn verify<C: DeserializeOwned + Clone>(
    cx: &Cx,
    application: &Application,
    token: &str,
) -> Result<Verified<C>, Untrusted> {
    if let Some(jwks) = &application.jwks {
        return verify_with_jwks(token, jwks);
    }
    let Some(url) = &application.jwks_url else {
        let why = "the application has neither jwks nor jwksUrl";
        return Err(Untrusted::KeysUnavailable(why.to_owned()));
    };
    let keys = &cx.env.published;
    keys.verify_of_client(&cx.ports, cx.env_id(), url, cx.now, token)
        .await
}
