//! Access tokens presented to this server: believed only when everything about them holds.

use countersign_domain::entity;
use countersign_domain::ids::{ApplicationId, SessionId, TokenId};
use countersign_domain::session::Session;
use countersign_domain::user::User;
use serde::Deserialize;

use super::{access, revoked::RevokedToken};
use crate::cx::Cx;
use crate::jose::verify::verify;
use crate::refusal::{Outcome, Refusal};

/// Claims of an access token that decisions rest on. All but `sid` and `scope` are required: a
/// token that lacks one is not believed (`threats.md` 20).
#[derive(Debug, Clone, Deserialize)]
pub struct AccessClaims {
    /// The issuer: this environment's.
    pub iss: String,
    /// Expiry in seconds.
    pub exp: i64,
    /// Issue time in seconds.
    pub iat: i64,
    /// Id of the token.
    pub jti: TokenId,
    /// The client it was issued to.
    pub client_id: ApplicationId,
    /// The session; absent when no user is behind the token.
    pub sid: Option<SessionId>,
    /// Granted scopes.
    #[serde(default)]
    pub scope: String,
}

impl AccessClaims {
    /// Whether a scope is granted.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == name)
    }
}

/// A user's access token that is alive: signed here, not expired, not revoked, its session alive
/// and its user enabled (`reference/rulings.md` 1).
pub struct Presented {
    /// Its claims.
    pub claims: AccessClaims,
    /// Its session.
    pub session: Session,
    /// Its user.
    pub user: User,
}

/// Checks a bearer token that must speak for a user.
pub async fn user_token(cx: &Cx, token: &str) -> Outcome<Presented> {
    let invalid = |why: String| Refusal::TokenInvalid.because(why);
    let verified = verify::<AccessClaims>(token, &cx.env.keys, cx.now)
        .map_err(|why| invalid(why.to_string()))?;
    // An ID token is signed with the same key; its `typ` keeps it from passing for this.
    if verified.typ().is_some_and(|typ| typ != access::TYP) {
        return Err(invalid(format!("typ is {:?}", verified.typ())).into());
    }
    let claims = verified.into_claims();
    if claims.iss != cx.env.issuer {
        return Err(invalid("another issuer".to_owned()).into());
    }
    if cx.now.seconds() >= claims.exp {
        return Err(invalid(format!("expired at {}", claims.exp)).into());
    }
    let Some(sid) = claims.sid else {
        return Err(Refusal::TokenWithoutUser
            .because("the token has no sid")
            .into());
    };
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let (session, revoked) = futures_util::try_join!(
        entity::load::<Session>(store, env, sid.to_string(), cx.now),
        entity::load::<RevokedToken>(store, env, claims.jti.to_string(), cx.now),
    )?;
    if revoked.is_some() {
        return Err(invalid(format!("token {} is revoked", claims.jti)).into());
    }
    let session = session
        .ok_or_else(|| invalid(format!("session {sid} is over")))?
        .value;
    let user = session
        .user
        .as_ref()
        .ok_or_else(|| invalid("anonymous session".to_owned()))?
        .id;
    let user = entity::load::<User>(store, env, user.to_string(), cx.now)
        .await?
        .filter(|user| user.enabled)
        .ok_or_else(|| invalid("the user is gone or disabled".to_owned()))?
        .value;
    Ok(Presented {
        claims,
        session,
        user,
    })
}
