//! Access tokens presented to this server: believed only when everything about them holds.

use std::sync::Arc;

use countersign_domain::entity::Entity;
use countersign_domain::ids::{ApplicationId, SessionId, TokenId, UserId};
use countersign_domain::session::Session;
use countersign_domain::store::{Doc, Key};
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::hot::{Bearer, Seen, SignedOn};
use super::revoked::RevokedToken;
use super::{access, id};
use crate::cx::Cx;
use crate::jose::verify::verify;
use crate::refusal::{Outcome, Refusal, Refused};

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
    /// What it says.
    pub token: Arc<Seen>,
    /// Session and user; none for a client that acts for itself.
    pub signed_on: Option<Arc<SignedOn>>,
}

impl Alive {
    /// Whether it is a user's, for custom resources, whatever their audience is now.
    pub fn is_of_custom_resources(&self) -> bool {
        self.signed_on.is_some() && self.token.all.contains_key(access::USER_OF_CUSTOM)
    }
}

/// A user's access token that is alive.
pub struct Presented {
    /// What it says.
    pub token: Arc<Seen>,
    /// Session and user.
    pub signed_on: Arc<SignedOn>,
}

/// Checks a bearer token that must speak for a user.
pub async fn user_token(cx: &Cx, token: &str) -> Outcome<Presented> {
    let Alive { token, signed_on } = access_token(cx, token).await?;
    let signed_on = signed_on.ok_or_else(|| {
        let why = "the token has no sid";
        Refusal::TokenWithoutUser.because(why)
    })?;
    Ok(Presented { token, signed_on })
}

/// Checks an access token of any client.
pub async fn access_token(cx: &Cx, token: &str) -> Outcome<Alive> {
    bearer(cx, &Bearer::of(token)).await
}

/// Checks a bearer token of any client.
pub async fn bearer(cx: &Cx, token: &Bearer<'_>) -> Outcome<Alive> {
    let invalid = |why: String| Refusal::TokenInvalid.because(why);
    let token = seen(cx, token)?;
    let claims = &token.claims;
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
    let last = token.last();
    let user = match &last {
        Some(last) => Some(last.user.id),
        None => claims.user(),
    };
    let env = cx.env_id();
    let mut keys = RevokedToken::keys(env, claims.jti).to_vec();
    if let Some(sid) = claims.sid {
        keys.push(Key::new(Session::KIND, env, sid.to_string()));
    }
    keys.extend(user.map(|id| Key::new(User::KIND, env, id.to_string())));
    let mut docs = cx.ports.store.get_all(&keys, cx.now).await?.into_iter();
    let mut next = || docs.next().flatten();
    if next().or_else(&mut next).is_some() {
        return Err(invalid(format!("token {} is revoked", claims.jti)).into());
    }
    if claims.sid.is_none() {
        let signed_on = None;
        return Ok(Alive { token, signed_on });
    }
    let signed_on = match (last, next(), next()) {
        (Some(last), Some(session), Some(user)) if last.is_of(&session, &user) => last,
        (_, session, user) => {
            let signed_on = Arc::new(signed_on(cx, session, user).await?);
            token.remember(&signed_on);
            signed_on
        }
    };
    Ok(Alive {
        signed_on: Some(signed_on),
        token,
    })
}

/// What a token of this environment says, if its signature holds: from memory while the key that
/// made it is still believed.
fn seen(cx: &Cx, token: &Bearer<'_>) -> Result<Arc<Seen>, Refused> {
    let is_believed = |seen: &Arc<Seen>| {
        let mut keys = cx.env.keys.iter();
        seen.env == cx.env_id()
            && keys.any(|key| *key.fingerprint() == seen.signer && key.is_believed(cx.now))
    };
    if let Some(seen) = cx.env.hot_tokens.get(token).filter(is_believed) {
        return Ok(seen);
    }
    let seen = Arc::new(read(cx, token.text)?);
    // Two environments may have been given one key: the token is of the one that it names.
    if cx.env.is_issuer(&seen.claims.iss) {
        cx.env.hot_tokens.put(token, &seen);
    }
    Ok(seen)
}

fn read(cx: &Cx, text: &str) -> Result<Seen, Refused> {
    let invalid = |why: String| Refusal::TokenInvalid.because(why);
    let known = &cx.env.known_signatures;
    let verified = verify::<Map<String, Value>>(text, &cx.env.keys, known, cx.now)
        .map_err(|why| invalid(why.to_string()))?;
    // An ID token is signed with the same key; its `typ` keeps it from passing for this.
    if verified.typ().is_some_and(|typ| typ != access::TYP) {
        return Err(invalid(format!("typ is {:?}", verified.typ())));
    }
    let signer = verified.signer().unwrap_or_default();
    let all = verified.into_claims();
    let claims = AccessClaims::deserialize(&all)
        .map_err(|_| invalid("a claim that every access token has is missing".to_owned()))?;
    Ok(Seen::new(cx.env_id(), signer, claims, all))
}

/// An ID token that is alive: signed here for a client that is still there, not expired, its
/// session alive and its user enabled.
pub struct AliveId {
    /// All its claims.
    pub all: Map<String, Value>,
    /// The client it was issued to.
    pub client: ApplicationId,
    /// Session and user.
    pub signed_on: Arc<SignedOn>,
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
    let key = Key::new(Session::KIND, cx.env_id(), claims.sid.to_string());
    let session = cx.ports.store.get(&key, cx.now).await?;
    Ok(AliveId {
        all,
        client: claims.aud,
        signed_on: Arc::new(signed_on(cx, session, None).await?),
    })
}

/// The session of a token and its user, if both are still good. `user` may be somebody else: the
/// session says who it is.
async fn signed_on(cx: &Cx, session: Option<Doc>, user: Option<Doc>) -> Outcome<SignedOn> {
    let invalid = |why: &'static str| Refusal::TokenInvalid.because(why);
    let session_doc = session.ok_or_else(|| invalid("its session is over"))?;
    let session = Session::from_doc(&session_doc)?;
    let of_session = session.user.as_ref();
    let id = of_session
        .ok_or_else(|| invalid("its session is anonymous"))?
        .id;
    let key = Key::new(User::KIND, cx.env_id(), id.to_string());
    let user = match user.filter(|user| user.key == key) {
        None => cx.ports.store.get(&key, cx.now).await?,
        known => known,
    };
    let gone = || invalid("its user is gone or disabled");
    let user_doc = user.ok_or_else(gone)?;
    let user = User::from_doc(&user_doc)?;
    if !user.enabled {
        return Err(gone().into());
    }
    Ok(SignedOn::new((session_doc, session), (user_doc, user)))
}
