//! Tokens that travel in the authorization response itself: implicit and hybrid
//! (`reference/oidc.md` 5.2).

use countersign_domain::application::Application;
use countersign_domain::ids::TokenId;
use countersign_domain::store::Fault;
use serde_json::{Map, Value};

use super::{SignOn, access, claims, id, sign_access, sign_id};
use crate::as_::checks::response_type::ResponseType;
use crate::as_::checks::scope::{self, GrantedScope};
use crate::as_::response_modes::Parameters;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::refusal::Refused;

/// Their claims, decided but not signed: signing waits until the answer is committed.
#[derive(Debug)]
pub struct FrontTokens {
    access: Option<(Map<String, Value>, u64)>,
    id: Option<Map<String, Value>>,
    scope: GrantedScope,
}

/// Decides the tokens that a response type names beside the code.
pub fn decide(
    cx: &Cx,
    view: &ApplicationView,
    response_type: ResponseType,
    scope: &GrantedScope,
    sign_on: &SignOn<'_>,
    jti: TokenId,
) -> Result<FrontTokens, Refused> {
    let scope = &scope::of_person(scope, sign_on.user)?;
    let user = claims::user_value(sign_on.user, sign_on.groups);
    let access = response_type
        .token
        .then(|| access::claims(cx, view, scope, sign_on, &user, jti))
        .transpose()?;
    let id = response_type
        .id_token
        .then(|| id::claims(cx, view, scope, sign_on, &user))
        .transpose()?;
    Ok(FrontTokens {
        access,
        id,
        scope: scope.clone(),
    })
}

/// Signs them, the ID token last: it names the access token and the code that go with it.
///
/// Spec: OAuth 2.0 Multiple Response Types 5; OIDC Core 3.2.2.10.
pub fn sign(
    cx: &Cx,
    application: &Application,
    tokens: FrontTokens,
    code: Option<&str>,
) -> Result<Parameters, Fault> {
    let mut parameters = Parameters::new();
    let mut access_token = None;
    if let Some((claims, expires_in)) = tokens.access {
        let token = sign_access(cx, application, &claims)?;
        parameters.push(("access_token", token.clone()));
        parameters.push(("token_type", "Bearer".to_owned()));
        parameters.push(("expires_in", expires_in.to_string()));
        parameters.push(("scope", tokens.scope.to_text()));
        access_token = Some(token);
    }
    if let Some(mut claims) = tokens.id {
        let key = cx.env.signing_key(application)?;
        if let Some(token) = &access_token {
            id::bind_access_token(&mut claims, token, key);
        }
        if let Some(code) = code {
            id::bind_code(&mut claims, code, key);
        }
        parameters.push(("id_token", sign_id(cx, application, &claims)?));
    }
    Ok(parameters)
}
