//! `POST /{envID}/as/revoke` (`reference/oidc.md` 9).

use countersign_domain::entity::{self, Entity};
use countersign_domain::ids::{ApplicationId, TokenId};
use countersign_domain::store::Batch;
use countersign_domain::time::Time;

use crate::as_::client_auth;
use crate::as_::params::Params;
use crate::as_::tokens::presented::access_token;
use crate::as_::tokens::refresh::{self, RefreshFamily};
use crate::as_::tokens::revoked::RevokedToken;
use crate::cx::Cx;
use crate::refusal::{Failure, Outcome};

/// Ends a token of the application that asks. What cannot be revoked (tokens of the PingOne
/// API, tokens without a session), what is not its own, and what is no token at all is answered
/// alike and left as it is.
///
/// Spec: RFC 7009 2.2; `reference/oidc.md` 9, S8.
pub async fn revoke(cx: &Cx, authorization: Option<&str>, params: &Params) -> Outcome<()> {
    let client = client_auth::authenticate(cx, "revoke", authorization, params).await?;
    let token = params.require("token")?;
    if let Some((family, _)) = refresh::parse(&cx.ports.vault, cx.env_id(), token)? {
        return end_family(cx, client.id(), family).await;
    }
    let alive = match access_token(cx, token).await {
        Ok(alive) => alive,
        Err(Failure::Refused(refused)) => {
            tracing::info!(because = %refused.because, "nothing to revoke");
            return Ok(());
        }
        Err(fault @ Failure::Fault(_)) => return Err(fault),
    };
    if alive.token.claims.client_id != client.id() || !alive.is_of_custom_resources() {
        tracing::info!("not revoked: not the application's own, or of a kind that cannot be");
        return Ok(());
    }
    let revoked = RevokedToken {
        jti: alive.token.claims.jti,
        expires_at: Time::from_seconds(alive.token.claims.exp),
    };
    let batch = Batch::new().put(revoked.to_doc(cx.env_id())?);
    cx.ports.store.commit(batch, cx.now).await?;
    Ok(())
}

/// A refresh token takes its whole family with it, also one that was exchanged already; the session
/// stays (`reference/oidc.md` C13).
async fn end_family(cx: &Cx, client: ApplicationId, family: TokenId) -> Outcome<()> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let found = entity::load::<RefreshFamily>(store, env, family.to_string(), cx.now).await?;
    if let Some(family) = found.filter(|family| family.client == client) {
        let batch = Batch::new().delete(family.key(env));
        store.commit(batch, cx.now).await?;
    }
    Ok(())
}
