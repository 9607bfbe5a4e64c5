//! A guess at a password: the one way in which actions check one, so that all of them count
//! failures in the same place and wait for the same turn (`threats.md` 31, 32).

use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::UserId;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::lockout;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::reference::fold;
use countersign_domain::store::{Fault, Query, Range};
use countersign_domain::time::Time;
use countersign_domain::user::{Account, Credential, User};
use secrecy::{ExposeSecret, SecretString};

use crate::audit::Party;
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::turns::Turn;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::Verdict;

/// Longest username or password that is looked at, in bytes. Hashing cost does not grow with it;
/// the cap is for what is kept in memory.
pub const MAX_LEN: usize = 1024;

/// A password that was tried on a username. A username that nobody has looks the same up to the
/// answer.
pub struct Guess {
    /// Whom the name finds, enabled or not.
    pub user: Option<Stored<User>>,
    /// Their password.
    pub credential: Option<Stored<Credential>>,
    /// What counts failures.
    pub account: Account,
    account_version: Option<u64>,
    /// The policy for the user's password.
    pub policy: PasswordPolicy,
    /// The outcome of the hash; `None` when it was not computed because the password is locked.
    right: Option<bool>,
    /// Keyed digest of the password given.
    attempt: String,
}

/// Whose password it was, once it was right.
pub struct Proven<'a> {
    /// The user.
    pub user: &'a Stored<User>,
    /// Their password.
    pub credential: &'a Stored<Credential>,
}

impl Guess {
    /// Waits for the turn on the account and tries the password.
    pub async fn gather(
        cx: &Cx,
        username: &str,
        password: &SecretString,
        turn: &Turn,
    ) -> Outcome<Self> {
        let (store, env, username) = (&*cx.ports.store, cx.env_id(), fold(username));
        cx.turns.take(env, &username, turn).await;
        let user =
            entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, &username, cx.now).await?;
        let account_id = match &user {
            Some(user) => user.id,
            None => stand_in(cx, &username)?,
        };
        let id = account_id.to_string();
        let stored = entity::load::<Account>(store, env, &id, cx.now).await?;
        let account_version = stored.as_ref().map(|stored| stored.version);
        let account = stored.map_or_else(|| Account::new(account_id), |stored| stored.value);
        let (mut credential, mut population) = (None, None);
        if let Some(user) = &user {
            credential = entity::load::<Credential>(store, env, &id, cx.now).await?;
            population = cx.env.population(store, user.population.id, cx.now).await?;
        }
        let policy_id = population.and_then(|found| found.password_policy.as_ref().map(|p| p.id));
        let policy = cx
            .env
            .password_policy(policy_id)
            .cloned()
            .ok_or(Fault::Misconfigured(
                "the environment has no password policy",
            ))?;
        let right = if lockout::is_locked(&account, cx.now) {
            None
        } else {
            let own = credential
                .as_ref()
                .and_then(|found| found.password_hash.clone());
            let is_own = own.is_some();
            let hash = match own {
                Some(own) => Some(own),
                None => somebodys(cx, &id).await?,
            };
            let fits = cx.ports.heavy.verify_password(hash, password.clone());
            Some(fits.await? && is_own)
        };
        Ok(Self {
            user,
            credential,
            account,
            account_version,
            policy,
            right,
            attempt: attempt_digest(cx, account_id, password)?,
        })
    }

    /// Whose password it was; nobody's, unless it was right.
    pub fn proven(&self) -> Option<Proven<'_>> {
        match (self.right, &self.user, &self.credential) {
            (Some(true), Some(user), Some(credential)) => Some(Proven { user, credential }),
            _ => None,
        }
    }

    /// The answer to a guess that proved nothing: a wrong password counts, whoever it was for, and
    /// the attempt that locks says so. `wrong` is what a wrong password is answered with, given how
    /// many more wrong ones are looked at.
    ///
    /// Decision: `failuresRemaining` is told where the flow already says who it is about: of a
    /// password to a session or a token, of the current password, of a code. To a name that was typed
    /// it is not: failures of an unknown name are forgotten after a while, those of a user are not,
    /// and a population may have another limit, so the number would tell who exists
    /// (`threats.md` 34).
    ///
    /// Source: `reference/rulings.md` 9; `flows.md` 10.1; `oidc.md` 23.2.
    pub fn refuse<T>(
        &self,
        cx: &Cx,
        wrong: impl FnOnce(Option<u32>) -> Refusal,
    ) -> Result<Verdict<T>, Fault> {
        if self.right.is_none() {
            return Ok(Verdict::refuse(
                self.about(cx, locked(&self.account, cx.now).into()),
            ));
        }
        let mut account =
            lockout::after_failure(&self.account, &self.policy, cx.now, &self.attempt);
        if self.user.is_none() {
            account.forget_at = Some(forgotten_at(&self.policy, cx.now));
        }
        let refusal = if lockout::is_locked(&account, cx.now) {
            locked(&account, cx.now).into()
        } else {
            let limit = self.policy.lockout.map(|lockout| lockout.failure_count);
            let remaining = limit.map(|limit| limit.saturating_sub(account.failures));
            wrong(remaining).because(match (&self.user, &self.credential) {
                (None, _) => "no user has this username".to_owned(),
                (Some(user), None) => format!("user {} has no password", user.id),
                (Some(user), Some(_)) => format!(
                    "wrong password for user {}, failure {}",
                    user.id, account.failures
                ),
            })
        };
        let writes = AccountAfter::changed(account, self.account_version).writes(cx.env_id())?;
        Ok(Verdict::refuse(self.about(cx, refusal)).writing(writes))
    }

    /// Names the user to administrators: in the explanation and in the audit log.
    fn about(&self, cx: &Cx, refused: Refused) -> Refused {
        match &self.user {
            Some(user) => refused.about(Party::user(cx.env_id(), user)),
            None => refused,
        }
    }

    /// The account after the right password. Written even when nothing else changed: the version
    /// is what keeps a success from slipping past a lock that another process commits at the same
    /// moment.
    pub fn account_after(&self) -> AccountAfter {
        AccountAfter::changed(lockout::after_success(&self.account), self.account_version)
    }
}

impl Proven<'_> {
    /// The refusal of somebody who may not sign on. Told only here: the password was right, so
    /// saying that the account is not usable tells nothing to a guesser.
    pub fn check_usable(&self, account: &Account) -> Result<(), Refusal> {
        let usable = self.user.enabled && !account.locked_by_admin && !self.user.is_external();
        usable.then_some(()).ok_or(Refusal::AccountNotUsable)
    }
}

/// A hash to spend the time on that a password takes, for a name that has none: that of whoever
/// comes next. What fits it proves nothing.
///
/// Imported hashes take more time than ours, or less, until their users sign on. So unknown names
/// take as long as known ones only if their hashes are of the same kinds, in the same proportion
/// (`threats.md` 22, 34).
async fn somebodys(cx: &Cx, id: &str) -> Result<Option<PasswordHash>, Fault> {
    let query = Query {
        range: Range::Between(Some(id.to_owned()), None),
        ..Query::all(Credential::KIND, cx.env_id(), 1)
    };
    let page = cx.ports.store.list(&query, cx.now).await?;
    let found = page.docs.first().map(Credential::from_doc).transpose()?;
    Ok(found.and_then(|it| it.password_hash))
}

/// When the account of an unknown username is forgotten: once its lock has run out.
pub(crate) fn forgotten_at(policy: &PasswordPolicy, now: Time) -> Time {
    let kept = policy.lockout.map_or(0, |lockout| lockout.duration_seconds);
    now.plus(Duration::from_secs(u64::from(kept) + 60))
}

/// Under this id an unknown username counts its failures.
pub(crate) fn stand_in(cx: &Cx, username: &str) -> Result<UserId, Fault> {
    let key = cx.ports.vault.mac_key("unknown username", cx.env_id())?;
    let tag = hmac::sign(&key, username.as_bytes());
    let bytes = tag
        .as_ref()
        .first_chunk::<16>()
        .copied()
        .unwrap_or_default();
    Ok(UserId::from_uuid(
        uuid::Builder::from_random_bytes(bytes).into_uuid(),
    ))
}

/// Tells the same wrong password from another one, and helps nobody to guess either.
fn attempt_digest(cx: &Cx, account: UserId, password: &SecretString) -> Result<String, Fault> {
    let key = cx.ports.vault.mac_key("wrong password", cx.env_id())?;
    let mut context = hmac::Context::with_key(&key);
    context.update(account.uuid().as_bytes());
    let hashed = digest::digest(&digest::SHA256, password.expose_secret().as_bytes());
    context.update(hashed.as_ref());
    Ok(URL_SAFE_NO_PAD.encode(context.sign()))
}

fn locked(account: &Account, now: Time) -> Refusal {
    let seconds = lockout::locked_for(account, now).map(|left| left.as_millis().div_ceil(1000));
    Refusal::PasswordLocked {
        seconds_until_unlock: seconds.and_then(|seconds| u64::try_from(seconds).ok()),
    }
}
