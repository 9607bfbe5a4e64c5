//! `POST /{envID}/as/token` (`reference/oidc.md` 6).

use serde::Serialize;

use crate::as_::client_auth;
use crate::as_::grants::{GRANTS, token_exchange};
use crate::as_::params::Params;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// The token response (`reference/oidc.md` 6.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Lifetime of the access token in seconds.
    pub expires_in: u64,
    /// The granted scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// With `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// As the application and the scope have it (`reference/oidc.md` 6.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What was issued, where a token was traded in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

/// Redeems a grant.
pub async fn token(
    cx: &Cx,
    authorization: Option<&str>,
    params: &Params,
) -> Outcome<TokenResponse> {
    let grant_type = params.require("grant_type")?;
    token_exchange::refuse_gateways(params)?;
    let client = client_auth::authenticate(cx, "token", authorization, params).await?;
    let Some(grant) = GRANTS.iter().find(|grant| grant.grant_type() == grant_type) else {
        let known: Vec<&str> = GRANTS.iter().map(|grant| grant.grant_type()).collect();
        return Err(Refusal::GrantTypeUnsupported
            .because("no such grant_type")
            .expected(known.join(" "))
            .arrived(grant_type)
            .into());
    };
    if !grant.is_allowed(&cx.env, client.view()) {
        let why = format!("grantTypes of application {} lacks it", client.id());
        return Err(Refusal::GrantTypeNotAllowed
            .because(why)
            .arrived(grant_type)
            .into());
    }
    grant.redeem(cx, &client, params).await
}
