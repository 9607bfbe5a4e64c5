//! Sessions: a user signed on in one browser (`reference/flows.md` 8, `oidc.md` 14.3).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{SessionId, SignOnPolicyId, UserId};
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;

/// The policy under which an authenticator was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPolicy {
    /// Its id.
    pub id: SignOnPolicyId,
    /// Its name, which `acr` repeats on later sign-ons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// When and under which policy an authenticator was used last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorUse {
    /// When.
    pub at: Time,
    /// Under which policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<SessionPolicy>,
}

/// The last sign-on of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionSignOn {
    /// When: `auth_time`.
    pub at: Time,
    /// The browser's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// What was used in that sign-on: `amr`.
    #[serde(default)]
    pub authenticators: Vec<String>,
    /// By authenticator (`pwd`, `mfa`, ...): when it was used last in this session.
    #[serde(default)]
    pub with_authenticator: BTreeMap<String, AuthenticatorUse>,
}

/// A session. Its token is known to the browser alone; here is only the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id, the `sid` claim. Never reused; survives a change of the token.
    pub id: SessionId,
    /// Who signed on; nobody yet in an anonymous session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Ref<UserId>>,
    /// SHA-256 of the session token in base64url.
    pub token_hash: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last used, give or take a minute.
    pub active_at: Time,
    /// When it ends if it is not used.
    pub expires_at: Time,
    /// When it ends even if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Time>,
    /// How long it may lie idle, where that is not what the environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_in_minutes: Option<u32>,
    /// The last sign-on; none in an anonymous session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_on: Option<SessionSignOn>,
    /// The browser's `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Hash of the anonymous browser token that it grew from: a flow begun under that token is
    /// still this browser's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grew_from: Option<String>,
    /// Where it was signed on from, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<SessionLocation>,
}

/// Where somebody signed on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionLocation {
    /// When.
    pub at: Time,
    /// The address.
    pub remote_ip: String,
}

/// Locations that a session remembers.
/// Source: `reference/flows.md` 16.
pub const MAX_LOCATIONS: usize = 5;

impl Session {
    /// Unique: hash of the token.
    pub const UNIQUE_TOKEN: IndexName = "token";
    /// Index: user id, `/`, inverted creation time. List the prefix [`Session::of_user`] for a
    /// user's sessions, newest first.
    pub const BY_USER: IndexName = "user";

    /// The prefix of a user's entries in [`Session::BY_USER`].
    pub fn of_user(user: UserId) -> String {
        format!("{user}/")
    }

    /// How long it may lie idle, where sessions of the environment may for `usual`.
    pub fn idle(&self, usual: Duration) -> Duration {
        let own = self.idle_timeout_in_minutes.map(u64::from);
        own.map_or(usual, Duration::from_mins)
    }

    /// It was used just now (`active_at`): its end moves on by what it may lie idle, and never
    /// beyond the end of all.
    pub fn slide(&mut self, usual: Duration) {
        let end = self.active_at.plus(self.idle(usual));
        self.expires_at = self.ends_at.map_or(end, |last| last.min(end));
    }

    /// When the named authenticator was used last.
    pub fn used_at(&self, authenticator: &str) -> Option<Time> {
        let sign_on = self.last_sign_on.as_ref()?;
        Some(sign_on.with_authenticator.get(authenticator)?.at)
    }
}

impl Entity for Session {
    const KIND: Kind = kinds::SESSION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let newest_first = i64::MAX.saturating_sub(self.created_at.millis().max(0));
        self.user
            .iter()
            .map(|user| IndexEntry {
                name: Self::BY_USER,
                value: format!("{}{newest_first:016x}", Self::of_user(user.id)),
            })
            .collect()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_TOKEN, self.token_hash.clone())]
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}
