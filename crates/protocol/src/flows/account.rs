//! The account of whoever takes a step of a flow, from how it was read to how it is written: once,
//! whatever of the step wants it written.

use countersign_domain::entity::Stored;
use countersign_domain::ids::{EnvId, UserId};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, UserSignOn};

/// An account after a step.
pub struct AccountAfter {
    account: Account,
    /// The version that the step was judged on; none of an account that nobody has yet.
    version: Option<u64>,
    is_written: bool,
}

impl AccountAfter {
    /// One that the step itself changes.
    pub const fn changed(account: Account, version: Option<u64>) -> Self {
        Self {
            account,
            version,
            is_written: true,
        }
    }

    /// One that the step leaves as it was read: written only if the flow completes with it.
    pub fn unchanged(user: UserId, stored: Option<Stored<Account>>) -> Self {
        Self {
            version: stored.as_ref().map(|stored| stored.version),
            account: stored.map_or_else(|| Account::new(user), |stored| stored.value),
            is_written: false,
        }
    }

    /// As it stands.
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The user signed on.
    pub fn signed_on(&mut self, sign_on: UserSignOn) {
        self.account.last_sign_on = Some(sign_on);
        self.is_written = true;
    }

    /// Writes it on the version that was judged, if anything wants it written.
    pub fn writes(&self, env: EnvId) -> Result<Batch, Fault> {
        match self.version {
            _ if !self.is_written => Ok(Batch::new()),
            Some(version) => Batch::new().update(env, &self.account, version),
            None => Batch::new().create(env, &self.account),
        }
    }
}
