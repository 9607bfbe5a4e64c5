//! `grant_type=client_credentials` (`reference/oidc.md` 6.5): a client acts for itself. Nothing is
//! written: the token is all there is.

use countersign_domain::application::{ApplicationType, GrantType, TokenEndpointAuthMethod};
use countersign_domain::ids::TokenId;
use countersign_domain::ports::BoxFuture;

use super::Grant;
use crate::as_::checks::scope;
use crate::as_::client_auth::Client;
use crate::as_::params::Params;
use crate::as_::token::TokenResponse;
use crate::as_::tokens;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// The grant.
pub struct ClientCredentials;

impl Grant for ClientCredentials {
    fn grant_type(&self) -> &'static str {
        "client_credentials"
    }

    fn setting(&self) -> GrantType {
        GrantType::ClientCredentials
    }

    fn redeem<'a>(
        &'a self,
        cx: &'a Cx,
        client: &'a Client,
        params: &'a Params,
    ) -> BoxFuture<'a, Outcome<TokenResponse>> {
        Box::pin(async move {
            let view = client.view();
            let application = &view.application;
            if application.token_endpoint_auth_method == TokenEndpointAuthMethod::None {
                let why = "a client that proves nothing cannot act for itself";
                return Err(Refusal::GrantTypeNotAllowed.because(why).into());
            }
            let scope = if application.type_ == ApplicationType::Worker {
                // What a worker may do is looked up in its roles with every call; without any it
                // could do nothing.
                if view.roles.is_empty() {
                    let why = format!("worker {} has no role", application.id);
                    return Err(Refusal::ClientWithoutRole.because(why).into());
                }
                scope::of_worker(params, &cx.env, view)?
            } else {
                scope::of_client(params, &cx.env, view)?
            };
            let jti = TokenId::random(&*cx.ports.entropy);
            let claims = tokens::for_client(cx, view, &scope, jti)?;
            Ok(tokens::sign(cx, application, claims)?)
        })
    }
}
