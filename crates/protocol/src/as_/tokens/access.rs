//! Access tokens (`reference/oidc.md` 7.2, 7.4).

use countersign_domain::environment::Environment;
use countersign_domain::ids::TokenId;
use countersign_domain::resource::ResourceType;
use serde_json::{Map, Value, json};

use super::{SignOn, claims};
use crate::as_::checks::scope::GrantedScope;
use crate::configuration::{ApplicationView, ResourceView};
use crate::cx::Cx;
use crate::expression;
use crate::refusal::{Refusal, Refused};

/// Media type of an access token, in its header.
///
/// Spec: RFC 9068 2.1.
pub const TYP: &str = "at+jwt";

/// The claim of users' tokens that are for custom resources: whatever becomes of those, it says that
/// the token never was for the PingOne API.
///
/// Source: `reference/oidc.md` 7.2.
pub const USER_OF_CUSTOM: &str = "p1.userId";

/// The header's `typ`, if the environment sends one (`reference/rulings.md` 23).
pub fn typ(environment: &Environment) -> Option<&'static str> {
    environment.settings.access_token_typ.then_some(TYP)
}

/// Claims and lifetime in seconds of a user's access token.
pub fn claims(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    sign_on: &SignOn<'_>,
    user: &Value,
    jti: TokenId,
) -> Result<(Map<String, Value>, u64), Refused> {
    claims_in(cx, view, scope, sign_on, user, jti, None)
}

/// The same for a request that expressions may look at, as `context`.
pub fn claims_in(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    sign_on: &SignOn<'_>,
    user: &Value,
    jti: TokenId,
    context: Option<&Value>,
) -> Result<(Map<String, Value>, u64), Refused> {
    let custom = custom_resources(cx, scope)?;
    let (mut token, lifetime) = common(cx, view, &custom, jti);
    token.insert("scope".into(), json!(scope.to_text()));
    token.insert("sub".into(), json!(sign_on.user.id));
    token.insert("sid".into(), json!(sign_on.session));
    token.insert("auth_time".into(), json!(sign_on.auth_time.seconds()));
    token.insert("acr".into(), json!(sign_on.acr));
    if !custom.is_empty() {
        token.insert(USER_OF_CUSTOM.into(), json!(sign_on.user.id));
    }
    let see = expression::Scope {
        user: Some(user),
        application: Some(&view.json),
        context,
        more: &[],
    };
    claims::add_resource_claims(&mut token, &custom, &see)?;
    Ok((claims::fitting("access token", token)?, lifetime))
}

/// Claims and lifetime in seconds of a token that speaks for the client itself: nobody's `sub`, no
/// `sid`.
///
/// Source: `reference/oidc.md` 6.5, 7.2.
pub fn client_claims(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    jti: TokenId,
) -> Result<(Map<String, Value>, u64), Refused> {
    let custom = custom_resources(cx, scope)?;
    let (mut token, lifetime) = common(cx, view, &custom, jti);
    token.insert("p1.rid".into(), json!(jti));
    if !scope.names.is_empty() {
        token.insert("scope".into(), json!(scope.to_text()));
    }
    let see = expression::Scope {
        application: Some(&view.json),
        ..expression::Scope::default()
    };
    claims::add_resource_claims(&mut token, &custom, &see)?;
    Ok((claims::fitting("access token", token)?, lifetime))
}

/// What every access token says, and its lifetime in seconds.
fn common(
    cx: &Cx,
    view: &ApplicationView,
    custom: &[&ResourceView],
    jti: TokenId,
) -> (Map<String, Value>, u64) {
    let (audiences, lifetime) = audiences(cx, custom);
    let expires_at = cx.now.seconds().saturating_add_unsigned(lifetime);
    let mut token = Map::new();
    token.insert("client_id".into(), json!(view.application.id));
    token.insert("iss".into(), json!(cx.env.issuer));
    token.insert("jti".into(), json!(jti));
    token.insert("iat".into(), json!(cx.now.seconds()));
    token.insert("exp".into(), json!(expires_at));
    token.insert("aud".into(), json!(audiences));
    token.insert("env".into(), json!(cx.env_id()));
    token.insert("org".into(), json!(cx.env.environment.organization.id));
    (token, lifetime)
}

/// A token for a resource that is gone would be one for another.
fn custom_resources<'a>(
    cx: &'a Cx,
    scope: &GrantedScope,
) -> Result<Vec<&'a ResourceView>, Refused> {
    let is_custom = |view: &&ResourceView| view.resource.type_ == ResourceType::Custom;
    let gone = || Refusal::NoScopeGranted.because("the resource of its scopes is gone");
    let views: Result<Vec<_>, _> = scope
        .resources()
        .map(|id| cx.env.resource(id).ok_or_else(gone))
        .collect();
    Ok(views?.into_iter().filter(is_custom).collect())
}

/// The audiences are the custom resources'; without one it is the PingOne API
/// (`reference/oidc.md` 19.5).
///
/// Decision: a token for several lives as long as the most careful of them allows
/// (`reference/oidc.md` 7.4).
fn audiences(cx: &Cx, custom: &[&ResourceView]) -> (Vec<String>, u64) {
    let lifetimes = custom
        .iter()
        .map(|view| view.resource.access_token_validity_seconds());
    if let Some(shortest) = lifetimes.min() {
        let audiences = custom
            .iter()
            .map(|view| view.resource.audience().to_owned());
        return (audiences.collect(), u64::from(shortest));
    }
    let api = cx
        .env
        .resources
        .iter()
        .find(|view| view.resource.type_ == ResourceType::PingoneApi);
    let audience = api.map_or_else(
        || cx.env.urls.api().to_owned(),
        |api| api.resource.audience().to_owned(),
    );
    (vec![audience], 3600)
}
