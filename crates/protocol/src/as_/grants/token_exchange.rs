//! `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (`reference/oidc.md` 17): an
//! application trades a user's token for one that is for a custom resource of its own.

use std::sync::Arc;

use countersign_domain::application::{GrantType, TokenEndpointAuthMethod};
use countersign_domain::ids::TokenId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::time::Time;
use serde_json::{Map, Value, json};

use super::Grant;
use crate::as_::checks::scope;
use crate::as_::client_auth::Client;
use crate::as_::params::Params;
use crate::as_::token::TokenResponse;
use crate::as_::tokens::hot::SignedOn;
use crate::as_::tokens::presented::{self, Alive, AliveId};
use crate::as_::tokens::{self, SignOn};
use crate::cx::Cx;
use crate::groups;
use crate::refusal::{Failure, Outcome, Refusal, Refused};

/// The grant.
pub struct TokenExchange;

/// Types of tokens, as parameters name them.
///
/// Spec: RFC 8693 3.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What gateways of PingOne trade in.
const GATEWAY_CREDENTIAL: &str = "pingone_gateway_credential";

/// Refuses the credential of a gateway by its name: it comes without a client, so nobody would get
/// as far as to read its type.
///
/// Source: `reference/oidc.md` 17.4. Compat: there are no gateways here.
pub fn refuse_gateways(params: &Params) -> Result<(), Refused> {
    if params.get("subject_token_type") == Some(GATEWAY_CREDENTIAL) {
        let why = "there are no gateways here";
        return Err(Refusal::ParameterInvalid("subject_token_type").because(why));
    }
    Ok(())
}

impl Grant for TokenExchange {
    fn grant_type(&self) -> &'static str {
        "urn:ietf:params:oauth:grant-type:token-exchange"
    }

    fn setting(&self) -> GrantType {
        GrantType::TokenExchange
    }

    fn redeem<'a>(
        &'a self,
        cx: &'a Cx,
        client: &'a Client,
        params: &'a Params,
    ) -> BoxFuture<'a, Outcome<TokenResponse>> {
        Box::pin(exchange(cx, client, params))
    }
}

/// Trades the tokens. Nothing is written: the new token lives and dies with the session of the old.
///
/// Spec: RFC 8693 2.1, 2.2.1; `reference/oidc.md` 17.2. Whether the actor may act for the subject is
/// for the mappings of the resource to say: a required one without a value refuses.
async fn exchange(cx: &Cx, client: &Client, params: &Params) -> Outcome<TokenResponse> {
    let view = client.view();
    if view.application.token_endpoint_auth_method == TokenEndpointAuthMethod::None {
        let why = "a client that proves nothing cannot trade tokens";
        return Err(Refusal::GrantTypeNotAllowed.because(why).into());
    }
    let requested = params.get("requested_token_type");
    if requested.is_some_and(|requested| requested != ACCESS_TOKEN) {
        let why = "only access tokens are issued";
        return Err(Refusal::ParameterInvalid("requested_token_type")
            .because(why)
            .into());
    }
    let subject = token(cx, params, "subject_token", "subject_token_type").await?;
    let subject = subject.ok_or(Refusal::ParameterMissing("subject_token"))?;
    let actor = token(cx, params, "actor_token", "actor_token_type").await?;
    let scope = scope::of_exchange(params, &cx.env, view)?;
    let Some(signed_on) = &subject.signed_on else {
        let why = "nobody's session is behind it";
        return Err(Refusal::ParameterInvalid("subject_token")
            .because(why)
            .into());
    };
    let (session, user) = (&signed_on.session, &signed_on.user);
    let seconds = subject.all.get("auth_time").and_then(Value::as_i64);
    let acr = subject.all.get("acr").and_then(Value::as_str);
    let groups = groups::named(cx, groups::are_mapped(cx, view), Some(user.id)).await?;
    let sign_on = SignOn {
        user,
        groups: groups.as_ref(),
        session: session.id,
        auth_time: seconds.map_or(session.created_at, Time::from_seconds),
        acr: acr.unwrap_or_default(),
        amr: &[],
        nonce: None,
    };
    let context = json!({ "requestData": {
        "grantType": TokenExchange.grant_type(),
        "subjectToken": subject.all,
        "actorToken": actor.map(|actor| actor.all),
    } });
    let jti = TokenId::random(&*cx.ports.entropy);
    let claims = tokens::for_exchange(cx, view, &scope, &sign_on, jti, &context)?;
    let mut response = tokens::sign(cx, &view.application, claims)?;
    response.issued_token_type = Some(ACCESS_TOKEN);
    Ok(response)
}

/// A token that was traded in and is believed.
struct Traded {
    all: Map<String, Value>,
    signed_on: Option<Arc<SignedOn>>,
}

/// The token in one parameter, of the type that another names; believed when everything about it
/// holds: its session, and the application it was issued to.
async fn token(
    cx: &Cx,
    params: &Params,
    name: &'static str,
    type_name: &'static str,
) -> Outcome<Option<Traded>> {
    let (token, kind) = match (params.get(name), params.get(type_name)) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(Refusal::ParameterMissing(name).into()),
        (Some(_), None) => return Err(Refusal::ParameterMissing(type_name).into()),
        (Some(token), Some(kind)) => (token, kind),
    };
    let found = match kind {
        ACCESS_TOKEN => presented::access_token(cx, token).await.map(|alive| {
            let Alive { token, signed_on } = alive;
            let all = token.all.clone();
            (token.claims.client_id, Traded { all, signed_on })
        }),
        ID_TOKEN => presented::id_token(cx, token).await.map(|alive| {
            let AliveId {
                all,
                client,
                signed_on,
            } = alive;
            let signed_on = Some(signed_on);
            (client, Traded { all, signed_on })
        }),
        _ => {
            let why = "neither an access token nor an ID token";
            return Err(Refusal::ParameterInvalid(type_name).because(why).into());
        }
    };
    let (issued_to, traded) = match found {
        Ok(found) => found,
        // Spec: RFC 8693 2.2.2: an unacceptable token is an invalid request.
        Err(Failure::Refused(Refused { because, .. })) => {
            return Err(Refusal::ParameterInvalid(name).because(because).into());
        }
        Err(fault @ Failure::Fault(_)) => return Err(fault),
    };
    // Threat 19: nothing is made of what a disabled application was given.
    let view = cx.env.application(&cx.ports, issued_to, cx.now).await?;
    if view.is_none_or(|view| !view.application.enabled) {
        let why = "the application it was issued to is gone or disabled";
        return Err(Refusal::ParameterInvalid(name).because(why).into());
    }
    Ok(Some(traded))
}
