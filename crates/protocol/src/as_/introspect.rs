//! `POST /{envID}/as/introspect` (`reference/oidc.md` 8).

use serde_json::{Map, Value, json};

use crate::as_::client_auth;
use crate::as_::params::Params;
use crate::as_::tokens::presented::access_token;
use crate::cx::Cx;
use crate::refusal::{Failure, Outcome};

/// Says whether an access token is alive, to the application it was issued to, with all its claims
/// (`reference/oidc.md` C6). Everything else about a token is `active: false` and no more.
///
/// Spec: RFC 7662 2.2; `reference/oidc.md` 8.
pub async fn introspect(
    cx: &Cx,
    authorization: Option<&str>,
    params: &Params,
) -> Outcome<Map<String, Value>> {
    let client = client_auth::authenticate(cx, "introspect", authorization, params).await?;
    let token = params.require("token")?;
    let mut answer = Map::new();
    match access_token(cx, token).await {
        Ok(alive) if alive.claims.client_id == client.id() => {
            answer = alive.all;
            answer.insert("active".into(), json!(true));
            answer.insert("token_type".into(), json!("Bearer"));
        }
        Ok(alive) => {
            let (issued_to, asked_by) = (alive.claims.client_id, client.id());
            tracing::info!(%issued_to, %asked_by, "inactive: another application's token");
            answer.insert("active".into(), json!(false));
        }
        Err(Failure::Refused(refused)) => {
            tracing::info!(because = %refused.because, "inactive");
            answer.insert("active".into(), json!(false));
        }
        Err(fault @ Failure::Fault(_)) => return Err(fault),
    }
    Ok(answer)
}
