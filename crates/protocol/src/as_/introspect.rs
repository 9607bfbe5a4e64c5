//! `POST /{envID}/as/introspect` (`reference/oidc.md` 8).

use std::sync::Arc;

use countersign_domain::application::TokenEndpointAuthMethod;
use countersign_domain::entity;
use countersign_domain::ids::{ApplicationId, ResourceId};
use countersign_domain::resource::{IntrospectEndpointAuthMethod, ResourceType};
use serde_json::{Map, Value, json};

use crate::as_::client_auth::{self, Credentials, Proof};
use crate::as_::grants::living;
use crate::as_::params::Params;
use crate::as_::tokens::presented::{Alive, access_token};
use crate::as_::tokens::refresh::{self, RefreshFamily};
use crate::configuration::ResourceView;
use crate::cx::Cx;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::secrets;

/// Who asks about a token.
enum Caller {
    /// An application: about what was issued to it.
    Application(ApplicationId),
    /// The resource with this audience: about access tokens that are for it.
    Resource(String),
}

/// Says whether a token is alive, with all its claims (`reference/oidc.md` C6): to the application
/// it was issued to, and an access token to the resource it is for. Everything else about a token
/// is `active: false` and no more. JSON.
///
/// Spec: RFC 7662 2.2; `reference/oidc.md` 8.
pub async fn introspect(
    cx: &Cx,
    authorization: Option<&str>,
    params: &Params,
) -> Outcome<Arc<str>> {
    let caller = caller(cx, authorization, params).await?;
    let token = params.require("token")?;
    let found = match refresh::parse(&cx.ports.vault, cx.env_id(), token)? {
        Some((family, generation)) => {
            let claims = refresh_claims(cx, &caller, family.to_string(), generation).await?;
            claims.map(|claims| active(claims).into())
        }
        None => access_claims(cx, &caller, token).await?,
    };
    Ok(found.unwrap_or_else(|| Arc::from(r#"{"active":false}"#)))
}

/// The answer about a token that is alive and says this.
fn active(mut claims: Map<String, Value>) -> String {
    claims.insert("active".into(), json!(true));
    claims.insert("token_type".into(), json!("Bearer"));
    Value::Object(claims).to_string()
}

async fn caller(cx: &Cx, authorization: Option<&str>, params: &Params) -> Outcome<Caller> {
    let credentials = client_auth::credentials(authorization, params)?;
    if let Some(view) = resource(cx, &credentials) {
        authenticate_resource(cx, view, &credentials)?;
        return Ok(Caller::Resource(view.resource.audience().to_owned()));
    }
    let client = client_auth::verify(cx, "introspect", credentials).await?;
    Ok(Caller::Application(client.id()))
}

/// The custom resource that the request names as its client, if it names one.
fn resource<'a>(cx: &'a Cx, credentials: &Credentials) -> Option<&'a ResourceView> {
    let id = credentials.presented.client_id.parse::<ResourceId>().ok()?;
    let view = cx.env.resource(id)?;
    (view.resource.type_ == ResourceType::Custom).then_some(view)
}

/// A resource proves who it is by its own method and no other.
///
/// Source: `reference/oidc.md` 8.
fn authenticate_resource(
    cx: &Cx,
    view: &ResourceView,
    credentials: &Credentials,
) -> Result<(), Refused> {
    let set = match view.resource.introspect_endpoint_auth_method {
        Some(IntrospectEndpointAuthMethod::None) => TokenEndpointAuthMethod::None,
        Some(IntrospectEndpointAuthMethod::ClientSecretPost) => {
            TokenEndpointAuthMethod::ClientSecretPost
        }
        Some(IntrospectEndpointAuthMethod::ClientSecretBasic) | None => {
            TokenEndpointAuthMethod::ClientSecretBasic
        }
    };
    let method = credentials.method;
    if method != set {
        let why = format!("used {method:?}, the resource is set to {set:?}");
        return Err(Refusal::ClientAuthenticationMethod.because(why));
    }
    let id = view.resource.id;
    match &credentials.presented.proof {
        Proof::Nothing => Ok(()),
        Proof::Secret(secret) => {
            let which = secrets::matching(&view.secrets, secret, cx.now).ok_or_else(|| {
                let why = format!("wrong secret for resource {id}");
                Refusal::ClientAuthenticationFailed.because(why)
            })?;
            secrets::note_resource(cx, id, which);
            Ok(())
        }
        Proof::Assertion(_) => {
            let why = "a resource has no assertions";
            Err(Refusal::ClientAuthenticationMethod.because(why))
        }
    }
}

async fn access_claims(cx: &Cx, caller: &Caller, token: &str) -> Outcome<Option<Arc<str>>> {
    let alive = match access_token(cx, token).await {
        Ok(alive) => alive,
        Err(Failure::Refused(refused)) => {
            tracing::info!(because = %refused.because, "inactive");
            return Ok(None);
        }
        Err(fault @ Failure::Fault(_)) => return Err(fault),
    };
    if !concerns(&alive, caller) {
        tracing::info!(issued_to = %alive.token.claims.client_id, "inactive: not for whoever asks");
        return Ok(None);
    }
    let seen = &alive.token;
    Ok(Some(seen.introspection(|| active(seen.all.clone()))))
}

/// Whether an access token is the caller's business.
fn concerns(alive: &Alive, caller: &Caller) -> bool {
    match caller {
        Caller::Application(id) => alive.token.claims.client_id == *id,
        Caller::Resource(audience) => {
            let audiences = alive.token.all.get("aud").and_then(Value::as_array);
            audiences.is_some_and(|all| all.iter().any(|aud| aud.as_str() == Some(audience)))
        }
    }
}

/// What a refresh token is worth, to the client that has it and nobody else: the current one of a
/// living family whose session, user and consent still are. One that was exchanged counts as used
/// up, grace period or not: asking is not using.
///
/// Source: `reference/oidc.md` 8.
async fn refresh_claims(
    cx: &Cx,
    caller: &Caller,
    family: String,
    generation: u64,
) -> Outcome<Option<Map<String, Value>>> {
    let store = &*cx.ports.store;
    let found = entity::load::<RefreshFamily>(store, cx.env_id(), family, cx.now).await?;
    let Some(family) = found.map(|found| found.value) else {
        return Ok(None);
    };
    let is_own = matches!(caller, Caller::Application(id) if *id == family.client);
    if !is_own || family.generation != generation {
        return Ok(None);
    }
    let (session, user) = living(cx, family.session, family.user).await?;
    if session.is_none() || user.is_none() || !refresh::is_consented(cx, &family).await? {
        return Ok(None);
    }
    let claims = json!({
        "scope": family.scope.to_text(),
        "client_id": family.client,
        "iss": cx.env.issuer,
        "sub": family.user,
        "sid": family.session,
        "iat": family.exchanged_at.seconds(),
        "exp": family.expires_at.seconds(),
        "auth_time": family.auth_time.seconds(),
        "acr": family.acr,
        "env": cx.env_id(),
        "org": cx.env.environment.organization.id,
    });
    Ok(match claims {
        Value::Object(claims) => Some(claims),
        _ => None,
    })
}
