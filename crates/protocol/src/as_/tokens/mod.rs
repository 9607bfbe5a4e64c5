//! Tokens: what they say ([`access`], [`id`], [`claims`]), signing them, and believing them again
//! ([`presented`], [`hot`]).

pub mod access;
pub mod claims;
pub mod front;
pub mod hot;
pub mod id;
pub mod presented;
pub mod refresh;
pub mod revoked;

use countersign_domain::application::Application;
use countersign_domain::group::Memberships;
use countersign_domain::ids::{SessionId, TokenId};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde_json::{Map, Value};

use crate::as_::checks::scope::{self, GrantedScope};
use crate::as_::token::TokenResponse;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::jose::sign::{HeaderOptions, sign as sign_jws, sign_known};
use crate::refusal::Refused;

/// The sign-on that tokens speak of.
pub struct SignOn<'a> {
    /// Who.
    pub user: &'a User,
    /// The groups that they are in, where a mapping asks for them.
    pub groups: Option<&'a Memberships>,
    /// `sid`.
    pub session: SessionId,
    /// `auth_time`.
    pub auth_time: Time,
    /// `acr`.
    pub acr: &'a str,
    /// `amr`.
    pub amr: &'a [String],
    /// `nonce` of the request.
    pub nonce: Option<&'a str>,
}

/// Claims, decided but not signed: signing waits until the grant is committed.
#[derive(Debug)]
pub struct TokenClaims {
    access: Map<String, Value>,
    id: Option<Map<String, Value>>,
    scope: GrantedScope,
    expires_in: u64,
    refresh_token: Option<String>,
}

impl TokenClaims {
    /// With a refresh token beside them.
    #[must_use]
    pub fn with_refresh_token(mut self, token: String) -> Self {
        self.refresh_token = Some(token);
        self
    }

    /// When the access token is over.
    pub fn access_expires_at(&self, now: Time) -> Time {
        now.plus(std::time::Duration::from_secs(self.expires_in))
    }
}

/// Decides the tokens of a grant that has a user.
pub fn for_user(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    sign_on: &SignOn<'_>,
    jti: TokenId,
) -> Result<TokenClaims, Refused> {
    let scope = &scope::of_person(scope, sign_on.user)?;
    let user = claims::user_value(sign_on.user, sign_on.groups);
    let (access, expires_in) = access::claims(cx, view, scope, sign_on, &user, jti)?;
    let id = scope
        .contains("openid")
        .then(|| id::claims(cx, view, scope, sign_on, &user))
        .transpose()?;
    Ok(TokenClaims {
        access,
        id,
        scope: scope.clone(),
        expires_in,
        refresh_token: None,
    })
}

/// Decides the access token of a client that trades a user's token in. Expressions see both tokens
/// as `context`.
pub fn for_exchange(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    sign_on: &SignOn<'_>,
    jti: TokenId,
    context: &Value,
) -> Result<TokenClaims, Refused> {
    let user = claims::user_value(sign_on.user, sign_on.groups);
    let context = Some(context);
    let (access, expires_in) = access::claims_in(cx, view, scope, sign_on, &user, jti, context)?;
    Ok(TokenClaims {
        access,
        id: None,
        scope: scope.clone(),
        expires_in,
        refresh_token: None,
    })
}

/// Decides the token of a client that acts for itself.
pub fn for_client(
    cx: &Cx,
    view: &ApplicationView,
    scope: &GrantedScope,
    jti: TokenId,
) -> Result<TokenClaims, Refused> {
    let (access, expires_in) = access::client_claims(cx, view, scope, jti)?;
    Ok(TokenClaims {
        access,
        id: None,
        scope: scope.clone(),
        expires_in,
        refresh_token: None,
    })
}

/// Signs decided tokens with the application's key.
pub fn sign(
    cx: &Cx,
    application: &Application,
    claims: TokenClaims,
) -> Result<TokenResponse, Fault> {
    let access_token = sign_access(cx, application, &claims.access)?;
    let key = cx.env.signing_key(application)?;
    let id_token = claims
        .id
        .map(|mut id| {
            id::bind_access_token(&mut id, &access_token, key);
            sign_id(cx, application, &id)
        })
        .transpose()?;
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: claims.expires_in,
        scope: Some(claims.scope.to_text()).filter(|scope| !scope.is_empty()),
        id_token,
        refresh_token: claims.refresh_token,
        issued_token_type: None,
    })
}

/// Signs an access token.
fn sign_access(
    cx: &Cx,
    application: &Application,
    claims: &Map<String, Value>,
) -> Result<String, Fault> {
    let options = HeaderOptions {
        typ: access::typ(&cx.env.environment),
        x5t: application.include_x5t,
    };
    let key = cx.env.signing_key(application)?;
    let known = &cx.env.known_signatures;
    sign_known(key, &cx.ports.vault, options, claims, known)
}

/// Signs an ID token.
fn sign_id(
    cx: &Cx,
    application: &Application,
    claims: &Map<String, Value>,
) -> Result<String, Fault> {
    let options = HeaderOptions {
        typ: Some(id::TYP),
        x5t: application.include_x5t,
    };
    let key = cx.env.signing_key(application)?;
    sign_jws(key, &cx.ports.vault, options, claims)
}
