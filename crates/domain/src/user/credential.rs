//! The credential: what the user's password is checked against.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, UserId};
use crate::password::hash::PasswordHash;
use crate::reference::is_false;
use crate::store::{Key, Kind};
use crate::time::Time;

/// A password that the user may not take again for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerPassword {
    /// Its hash.
    pub hash: PasswordHash,
    /// When another took its place: the policy's `retentionDays` count from then.
    pub at: Time,
}

/// The password of a user. A user without one has no such document, or one without a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential {
    /// Whose it is.
    pub user_id: UserId,
    /// The password's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<PasswordHash>,
    /// When it was set last.
    pub last_changed_at: Time,
    /// Whether it must be changed at the next sign-on.
    #[serde(default, skip_serializing_if = "is_false")]
    pub force_change: bool,
    /// Former ones, newest first, as long as the policy remembers them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<FormerPassword>,
}

impl Credential {
    /// A password that was set at `now`.
    pub const fn new(user_id: UserId, hash: PasswordHash, now: Time) -> Self {
        Self {
            user_id,
            password_hash: Some(hash),
            last_changed_at: now,
            force_change: false,
            history: Vec::new(),
        }
    }
}

impl Entity for Credential {
    const KIND: Kind = kinds::CREDENTIAL;
    fn id(&self) -> String {
        self.user_id.to_string()
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![Key::new(kinds::USER, env, self.id())]
    }
}
