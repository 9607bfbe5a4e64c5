//! Access tokens presented to this server: believed only when everything about them holds.

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{ApplicationId, SessionId, TokenId, UserId};
use countersign_domain::session::Session;
use countersign_domain::store::Key;
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::revoked::RevokedToken;
use super::{access, id};
use crate::cx::Cx;
use crate::jose::verify::verify;
use crate::refusal::{Outcome, Refusal};

/// Claims of an access token that decisions rest on. All but `sid` and `scope` are required: a
/// token that lacks one is not believed (`threats.md` 20).
#[derive(Debug, Clone, Deserialize)]
pub struct AccessClaims {
    /// The issuer: this environment's, at whichever of its addresses.
    pub iss: String,
    /// Expiry in seconds.
    pub exp: i64,
    /// Issue time in seconds.
    pub iat: i64,
    /// Id of the token.
    pub jti: TokenId,
    /// The client it was issued to.
    pub client_id: ApplicationId,
    /// The user, unless the resource that the token is for maps something else there.
    #[serde(default)]
    pub sub: Value,
    /// The session; absent when no user is behind the token.
    pub sid: Option<SessionId>,
    /// Granted scopes.
    #[serde(default)]
    pub scope: String,
}

impl AccessClaims {
    /// Whom the token seems to speak for. The session knows.
    fn user(&self) -> Option<UserId> {
        self.sid.and(self.sub.as_str())?.parse().ok()
    }

    /// Whether a scope is granted.
    pub fn has_scope(&self, name: &str) -> bool {
        self.scope.split(' ').any(|granted| granted == name)
    }
}

/// An access token that is alive: signed here, not expired, not revoked, its application enabled;
/// if a user is behind it, their session alive and they themselves enabled
/// (`reference/rulings.md` 1).
pub struct Alive {
    /// The claims that decisions rest on.
    pub claims: AccessClaims,
    /// All of them.
    pub all: Map<String, Value>,
    /// Session and user; none for a client that acts for itself.
    pub sign_on: Option<(Session, User)>,
}

/// A user's access token that is alive.
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
    let Alive {
        claims, sign_on, ..
    } = access_token(cx, token).await?;
    let (session, user) = sign_on.ok_or_else(|| {
        let why = "the token has no sid";
        Refusal::TokenWithoutUser.because(why)
    })?;
    Ok(Presented {
        claims,
        session,
        user,
    })
}

/// Checks an access token of any client.
pub async fn access_token(cx: &Cx, token: &str) -> Outcome<Alive> {
    let invalid = |why: String| Refusal::TokenInvalid.because(why);
    let verified =
        verify::<Map<String, Value>>(token, &cx.env.keys, &cx.env.known_signatures, cx.now)
            .map_err(|why| invalid(why.to_string()))?;
    // An ID token is signed with the same key; its `typ` keeps it from passing for this.
    if verified.typ().is_some_and(|typ| typ != access::TYP) {
        return Err(invalid(format!("typ is {:?}", verified.typ())).into());
    }
    let all = verified.into_claims();
    let claims = AccessClaims::deserialize(&all)
        .map_err(|_| invalid("a claim that every access token has is missing".to_owned()))?;
    if !cx.env.is_issuer(&claims.iss) {
        return Err(invalid("another issuer".to_owned()).into());
    }
    if cx.now.seconds() >= claims.exp {
        return Err(invalid(format!("expired at {}", claims.exp)).into());
    }
    let client = cx.env.application(&cx.ports, claims.client_id, cx.now);
    if client.await?.is_none_or(|view| !view.application.enabled) {
        let why = "the application it was issued to is gone or disabled";
        return Err(invalid(why.to_owned()).into());
    }
    // All that is known about it in one read.
    let env = cx.env_id();
    let mut keys = vec![Key::new(RevokedToken::KIND, env, claims.jti.to_string())];
    if let Some(sid) = claims.sid {
        keys.push(Key::new(Session::KIND, env, sid.to_string()));
    }
    keys.extend(
        claims
            .user()
            .map(|id| Key::new(User::KIND, env, id.to_string())),
    );
    let mut docs = cx.ports.store.get_all(&keys, cx.now).await?.into_iter();
    let mut next = || docs.next().flatten();
    if next().is_some() {
        return Err(invalid(format!("token {} is revoked", claims.jti)).into());
    }
    let sign_on = match claims.sid {
        Some(_) => {
            let (session, user) = (entity::read(next())?, entity::read(next())?);
            Some(sign_on_of(cx, session, user).await?)
        }
        None => None,
    };
    Ok(Alive {
        claims,
        all,
        sign_on,
    })
}

/// An ID token that is alive: signed here for a client that is still there, not expired, its
/// session alive and its user enabled.
pub struct AliveId {
    /// All its claims.
    pub all: Map<String, Value>,
    /// The client it was issued to.
    pub client: ApplicationId,
    /// Its session.
    pub session: Session,
    /// Its user.
    pub user: User,
}

/// Claims of an ID token that decisions rest on.
#[derive(Debug, Clone, Deserialize)]
struct IdClaims {
    iss: String,
    aud: ApplicationId,
    exp: i64,
    sid: SessionId,
}

/// Checks an ID token that is traded in. It is no access token, and never passes for one.
pub async fn id_token(cx: &Cx, token: &str) -> Outcome<AliveId> {
    let invalid = |why: String| Refusal::TokenInvalid.because(why);
    let verified =
        verify::<Map<String, Value>>(token, &cx.env.keys, &cx.env.known_signatures, cx.now)
            .map_err(|why| invalid(why.to_string()))?;
    if verified.typ() != Some(id::TYP) {
        return Err(invalid(format!("typ is {:?}", verified.typ())).into());
    }
    let all = verified.into_claims();
    let claims: IdClaims = serde_json::from_value(Value::Object(all.clone()))
        .map_err(|_| invalid("a claim that every ID token has is missing".to_owned()))?;
    if !cx.env.is_issuer(&claims.iss) {
        return Err(invalid("another issuer".to_owned()).into());
    }
    if cx.now.seconds() >= claims.exp {
        return Err(invalid(format!("expired at {}", claims.exp)).into());
    }
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let session = entity::load(store, env, claims.sid.to_string(), cx.now).await?;
    let (session, user) = sign_on_of(cx, session, None).await?;
    Ok(AliveId {
        all,
        client: claims.aud,
        session,
        user,
    })
}

/// The session of a token and its user, if both are still good. `user` may be somebody else: the
/// session says who it is.
async fn sign_on_of(
    cx: &Cx,
    session: Option<Stored<Session>>,
    user: Option<Stored<User>>,
) -> Outcome<(Session, User)> {
    let invalid = |why: &'static str| Refusal::TokenInvalid.because(why);
    let session = session.ok_or_else(|| invalid("its session is over"))?.value;
    let of_session = session.user.as_ref();
    let id = of_session
        .ok_or_else(|| invalid("its session is anonymous"))?
        .id;
    let user = match user.filter(|user| user.id == id) {
        None => entity::load::<User>(&*cx.ports.store, cx.env_id(), id.to_string(), cx.now).await?,
        known => known,
    };
    let user = user
        .filter(|user| user.enabled)
        .ok_or_else(|| invalid("its user is gone or disabled"))?
        .value;
    Ok((session, user))
}
