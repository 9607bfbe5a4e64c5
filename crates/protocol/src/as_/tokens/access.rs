//! Access tokens (`reference/oidc.md` 7.2, 7.4).

use countersign_domain::environment::Environment;
use countersign_domain::ids::TokenId;
use countersign_domain::resource::ResourceType;
use serde_json::{Map, Value, json};

use super::{SignOn, claims};
use crate::as_::checks::scope::GrantedScope;
use crate::configuration::{ApplicationView, ResourceView};
use crate::cx::Cx;
use crate::refusal::Refused;

/// Media type of an access token, in its header.
///
/// Spec: RFC 9068 2.1.
pub const TYP: &str = "at+jwt";

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
    let custom = custom_resource(cx, scope);
    let (mut token, lifetime) = common(cx, view, custom, jti);
    token.insert("scope".into(), json!(scope.to_text()));
    token.insert("sub".into(), json!(sign_on.user.id));
    token.insert("sid".into(), json!(sign_on.session));
    token.insert("auth_time".into(), json!(sign_on.auth_time.seconds()));
    token.insert("acr".into(), json!(sign_on.acr));
    if let Some(resource) = custom {
        token.insert("p1.userId".into(), json!(sign_on.user.id));
        claims::add_resource_claims(&mut token, resource, user)?;
    }
    Ok((token, lifetime))
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
    let custom = custom_resource(cx, scope);
    let (mut token, lifetime) = common(cx, view, custom, jti);
    token.insert("p1.rid".into(), json!(jti));
    if !scope.names.is_empty() {
        token.insert("scope".into(), json!(scope.to_text()));
    }
    if let Some(resource) = custom {
        claims::add_resource_claims(&mut token, resource, &Value::Null)?;
    }
    Ok((token, lifetime))
}

/// What every access token says, and its lifetime in seconds.
fn common(
    cx: &Cx,
    view: &ApplicationView,
    custom: Option<&ResourceView>,
    jti: TokenId,
) -> (Map<String, Value>, u64) {
    let (audience, lifetime) = audience(cx, custom);
    let expires_at = cx.now.seconds().saturating_add_unsigned(lifetime);
    let mut token = Map::new();
    token.insert("client_id".into(), json!(view.application.id));
    token.insert("iss".into(), json!(cx.env.issuer));
    token.insert("jti".into(), json!(jti));
    token.insert("iat".into(), json!(cx.now.seconds()));
    token.insert("exp".into(), json!(expires_at));
    token.insert("aud".into(), json!([audience]));
    token.insert("env".into(), json!(cx.env_id()));
    token.insert("org".into(), json!(cx.env.environment.organization.id));
    (token, lifetime)
}

fn custom_resource<'a>(cx: &'a Cx, scope: &GrantedScope) -> Option<&'a ResourceView> {
    let view = cx.env.resource(scope.resource?)?;
    (view.resource.type_ == ResourceType::Custom).then_some(view)
}

/// The audience is the custom resource's; without one it is the PingOne API
/// (`reference/oidc.md` 19.5).
fn audience(cx: &Cx, custom: Option<&ResourceView>) -> (String, u64) {
    if let Some(view) = custom {
        let lifetime = view.resource.access_token_validity_seconds();
        return (view.resource.audience().to_owned(), u64::from(lifetime));
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
    (audience, 3600)
}
