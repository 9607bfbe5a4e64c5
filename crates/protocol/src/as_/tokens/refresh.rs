//! Refresh tokens (`reference/oidc.md` 6.4, 6.6): families in which one token is current.
//!
//! A token is `r.<family>.<generation>.<MAC>` and is stored nowhere: the MAC, under a key derived
//! from the master key for the environment, shows that we made it, and the family's document knows
//! which generation is current. So a token that was exchanged already is recognised however old it
//! is, and the same successor can be given again within the grace period.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::{Application, GrantType};
use countersign_domain::consent::OauthConsent;
use countersign_domain::entity::{self, Entity, kinds};
use countersign_domain::ids::{ApplicationId, EnvId, OauthConsentId, SessionId, TokenId, UserId};
use countersign_domain::store::{Batch, Fault, Key, Kind};
use countersign_domain::time::Time;
use countersign_domain::vault::Vault;
use serde::{Deserialize, Serialize};

use super::revoked::RevokedToken;
use crate::as_::checks::scope::{self, GrantedScope};
use crate::configuration::{ApplicationView, Snapshot};
use crate::cx::Cx;

/// The tokens that descend from one sign-on of one application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshFamily {
    /// Its id.
    pub id: TokenId,
    /// Whose tokens.
    pub client: ApplicationId,
    /// `sub`.
    pub user: UserId,
    /// `sid`; the family is worth nothing without its session.
    pub session: SessionId,
    /// What was granted.
    pub scope: GrantedScope,
    /// `auth_time`.
    pub auth_time: Time,
    /// `acr`.
    pub acr: String,
    /// `amr`.
    pub amr: Vec<String>,
    /// The consent it rests on, if the person was asked: when that is taken back it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<OauthConsentId>,
    /// When the first token was issued: the rolling duration counts from here.
    pub first_issued_at: Time,
    /// The generation of the current token; the first is 0.
    pub generation: u64,
    /// When the one before was exchanged: its grace period counts from here.
    pub exchanged_at: Time,
    /// When those before that one were exchanged, newest first, as far as their grace periods may
    /// still run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchanged_before: Vec<Time>,
    /// When the current token expires.
    pub expires_at: Time,
}

/// Most exchanged tokens of a family whose grace periods run at the same time. Further ones have
/// none: nobody loses so many answers in a row.
const MOST_IN_GRACE: usize = 16;

impl RefreshFamily {
    /// Whether a token of an older generation was exchanged so recently that its owner may not have
    /// got the answer.
    ///
    /// Source: `reference/oidc.md` 6.6 (`refreshTokenRollingGracePeriodDuration`).
    pub fn is_in_grace(&self, generation: u64, grace: Duration, now: Time) -> bool {
        let newer = self.generation.checked_sub(generation);
        let back = newer.and_then(|newer| usize::try_from(newer.checked_sub(1)?).ok());
        let exchanged = match back {
            Some(0) => Some(self.exchanged_at),
            Some(back) => self.exchanged_before.get(back - 1).copied(),
            None => None,
        };
        exchanged.is_some_and(|at| now < at.plus(grace))
    }

    /// Exchanges the current token for the next one.
    pub fn advance(&mut self, application: &Application, grace: Duration, now: Time) {
        if self.generation > 0 {
            self.exchanged_before.insert(0, self.exchanged_at);
        }
        let recent = self.exchanged_before.iter().take(MOST_IN_GRACE - 1);
        let recent = recent.take_while(|at| now < at.plus(grace)).count();
        self.exchanged_before.truncate(recent);
        self.generation += 1;
        self.exchanged_at = now;
        self.expires_at = expires_at(application, self.first_issued_at, now);
    }
}

impl Entity for RefreshFamily {
    const KIND: Kind = kinds::REFRESH_FAMILY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// Ends a family of which a token is in two hands, and every access token that was issued with it.
///
/// Source: `reference/oidc.md` 6.6 (`additionalRefreshTokenReplayProtectionEnabled`: "and all
/// descendants").
pub fn end(env: EnvId, family: TokenId, now: Time) -> Result<Batch, Fault> {
    let key = Key::new(RefreshFamily::KIND, env, family.to_string());
    let revoked = RevokedToken::all_of(family, now);
    Ok(Batch::new().delete(key).put(revoked.to_doc(env)?))
}

const PREFIX: &str = "r";

fn key(vault: &Vault, env: EnvId) -> Result<hmac::Key, Fault> {
    vault.mac_key("refresh token", env)
}

/// The token of a generation of a family.
pub fn token(vault: &Vault, env: EnvId, family: TokenId, generation: u64) -> Result<String, Fault> {
    let body = format!("{PREFIX}.{family}.{generation}");
    let tag = hmac::sign(&key(vault, env)?, body.as_bytes());
    Ok(format!("{body}.{}", URL_SAFE_NO_PAD.encode(tag)))
}

/// Family and generation of a token that this server made for `env`; `None` for any other text.
pub fn parse(vault: &Vault, env: EnvId, text: &str) -> Result<Option<(TokenId, u64)>, Fault> {
    // Most of what is asked about is an access token: not worth deriving the key.
    if !text.starts_with(PREFIX) {
        return Ok(None);
    }
    let key = key(vault, env)?;
    Ok(read(&key, text))
}

fn read(key: &hmac::Key, text: &str) -> Option<(TokenId, u64)> {
    if text.len() > 256 {
        return None;
    }
    let (body, tag) = text.rsplit_once('.')?;
    let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
    hmac::verify(key, body.as_bytes(), &tag).ok()?;
    let (family, generation) = body
        .strip_prefix(PREFIX)?
        .strip_prefix('.')?
        .split_once('.')?;
    Some((family.parse().ok()?, generation.parse().ok()?))
}

/// Whether the consent that a family rests on still holds, if it rests on one.
pub async fn is_consented(cx: &Cx, family: &RefreshFamily) -> Result<bool, Fault> {
    let Some(id) = family.consent else {
        return Ok(true);
    };
    let store = &*cx.ports.store;
    let consent = entity::load::<OauthConsent>(store, cx.env_id(), id.to_string(), cx.now).await?;
    Ok(consent.is_some_and(|consent| consent.holds()))
}

/// Whether a sign-on of this application with this scope comes with a refresh token: the table of
/// `reference/oidc.md` 6.4.
pub fn is_issued(env: &Snapshot, view: &ApplicationView, scope: &GrantedScope) -> bool {
    let asked_for = scope.contains("offline_access");
    let has_grant = view.application.allows_grant(GrantType::RefreshToken);
    if scope::is_grantable(env, view, "offline_access") {
        asked_for
    } else {
        has_grant
    }
}

/// When a token issued at `now` expires.
///
/// Source: `reference/oidc.md` 6.6.
pub fn expires_at(application: &Application, first_issued_at: Time, now: Time) -> Time {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let own = now.plus(seconds(application.refresh_token_duration()));
    match application.refresh_token_rolling_duration {
        Some(rolling) => own.min(first_issued_at.plus(seconds(rolling))),
        None => own,
    }
}
