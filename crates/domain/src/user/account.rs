//! The account: what signing on and failing to do so changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{ActionId, EnvId, UserId};
use crate::reference::is_false;
use crate::store::{Key, Kind};
use crate::time::Time;

/// The last successful sign-on of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserSignOn {
    /// When.
    pub at: Time,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
}

/// Counters and locks of a user. A user who never signed on has none: [`Account::new`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Whose it is.
    pub user_id: UserId,
    /// Different wrong passwords since the last right one or the last lock.
    #[serde(default)]
    pub failures: u32,
    /// Keyed digest of the last wrong password: the same one again does not count
    /// (`reference/flows.md` 10.1). Keyed, so that it helps nobody to guess the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure_digest: Option<String>,
    /// The password is locked until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Time>,
    /// An administrator locked the account; only an administrator unlocks it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub locked_by_admin: bool,
    /// When they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<Time>,
    /// The last successful sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_on: Option<UserSignOn>,
    /// When the user last answered each progressive profiling action, so that it does not ask again
    /// too soon.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub profiled: BTreeMap<ActionId, Time>,
    /// Set for a username that nobody has: such an account locks like any other, so that a lock
    /// tells nobody who exists (`reference/rulings.md` 9), and is forgotten at this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget_at: Option<Time>,
}

impl Account {
    /// The account of a user who has never tried.
    pub const fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            failures: 0,
            last_failure_digest: None,
            locked_until: None,
            locked_by_admin: false,
            locked_at: None,
            last_sign_on: None,
            profiled: BTreeMap::new(),
            forget_at: None,
        }
    }
}

impl Entity for Account {
    const KIND: Kind = kinds::ACCOUNT;
    fn id(&self) -> String {
        self.user_id.to_string()
    }
    /// That of an unknown username, which is forgotten, rests on nobody.
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let user = Key::new(kinds::USER, env, self.id());
        let user = self.forget_at.is_none().then_some(user);
        user.into_iter().collect()
    }
    fn expires_at(&self) -> Option<Time> {
        self.forget_at
    }
}
