//! The lock after wrong passwords (`reference/flows.md` 10; ruling 9). Pure: the caller holds the
//! account's turn, writes what comes out under a version precondition, and answers after that.

use std::time::Duration;

use crate::password::policy::PasswordPolicy;
use crate::time::Time;
use crate::user::Account;

/// Whether the password is locked at `now`, and for how long still.
pub fn locked_for(account: &Account, now: Time) -> Option<Duration> {
    let until = account.locked_until?;
    (now < until).then(|| until.since(now))
}

/// Whether the password is locked at `now`.
pub fn is_locked(account: &Account, now: Time) -> bool {
    locked_for(account, now).is_some()
}

/// Whether there was a lock that has run out. It took its failures with it.
fn has_run_out(account: &Account, now: Time) -> bool {
    account.locked_until.is_some_and(|until| until <= now)
}

/// Wrong passwords that count at `now`.
pub fn failures(account: &Account, now: Time) -> u32 {
    if has_run_out(account, now) {
        0
    } else {
        account.failures
    }
}

/// The account after a wrong password. `digest` is a keyed digest of it: the same wrong password
/// again is no further failure. Whether this failure locked the account is told by [`is_locked`].
///
/// A policy without `lockout` counts and never locks.
#[must_use]
pub fn after_failure(
    account: &Account,
    policy: &PasswordPolicy,
    now: Time,
    digest: &str,
) -> Account {
    // What is tried while it is locked is not looked at, so it neither counts nor prolongs.
    if is_locked(account, now) {
        return account.clone();
    }
    let mut after = account.clone();
    if has_run_out(account, now) {
        after.failures = 0;
        after.locked_until = None;
        after.last_failure_digest = None;
    }
    if after.last_failure_digest.as_deref() == Some(digest) {
        return after;
    }
    after.failures = after.failures.saturating_add(1);
    after.last_failure_digest = Some(digest.to_owned());
    if let Some(lockout) = policy.lockout
        && after.failures >= lockout.failure_count
    {
        let duration = Duration::from_secs(u64::from(lockout.duration_seconds));
        after.locked_until = Some(now.plus(duration));
    }
    after
}

/// The account after too many wrong recovery codes: locked as after too many wrong passwords. A policy
/// without `lockout` does not lock.
///
/// Source: `reference/flows.md` 6.7.
#[must_use]
pub fn locked(account: &Account, policy: &PasswordPolicy, now: Time) -> Account {
    let mut after = account.clone();
    if let Some(lockout) = policy.lockout
        && !is_locked(account, now)
    {
        let duration = Duration::from_secs(u64::from(lockout.duration_seconds));
        after.locked_until = Some(now.plus(duration));
    }
    after
}

/// The account after the right password, or after an administrator unlocked it: nothing is held
/// against it any more.
#[must_use]
pub fn after_success(account: &Account) -> Account {
    Account {
        failures: 0,
        last_failure_digest: None,
        locked_until: None,
        ..account.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::UserId;
    use crate::password::policy::Lockout;

    fn policy() -> PasswordPolicy {
        let mut policy = PasswordPolicy::basic(
            crate::ids::PasswordPolicyId::from_uuid(uuid::Uuid::nil()),
            Time::EPOCH,
        );
        policy.lockout = Some(Lockout {
            failure_count: 3,
            duration_seconds: 900,
        });
        policy
    }

    fn fresh() -> Account {
        Account::new(UserId::from_uuid(uuid::Uuid::nil()))
    }

    fn fail(account: &Account, now: i64, digest: &str) -> Account {
        after_failure(account, &policy(), Time::from_seconds(now), digest)
    }

    #[test]
    fn the_last_allowed_failure_locks() {
        let two = fail(&fail(&fresh(), 0, "a"), 0, "b");
        assert!(!is_locked(&two, Time::EPOCH));
        let three = fail(&two, 1, "c");
        assert_eq!(
            locked_for(&three, Time::from_seconds(1)),
            Some(Duration::from_mins(15))
        );
        assert!(is_locked(&three, Time::from_seconds(900)));
        assert!(!is_locked(&three, Time::from_seconds(901)));
        assert_eq!(fail(&three, 500, "d"), three, "a lock is not prolonged");
    }

    #[test]
    fn the_same_wrong_password_counts_once() {
        let mut account = fresh();
        for _ in 0..10 {
            account = fail(&account, 0, "a");
        }
        assert_eq!(account.failures, 1);
    }

    #[test]
    fn after_a_lock_the_count_begins_again() {
        let mut account = fresh();
        for digest in ["a", "b", "c"] {
            account = fail(&account, 0, digest);
        }
        account = fail(&account, 1000, "d");
        assert_eq!(account.failures, 1);
        assert!(!is_locked(&account, Time::from_seconds(1000)));
    }

    #[test]
    fn the_right_password_clears_the_count() {
        let account = after_success(&fail(&fresh(), 0, "a"));
        assert_eq!(account, fresh());
    }

    #[test]
    fn a_policy_without_lockout_never_locks() {
        let mut open = policy();
        open.lockout = None;
        let mut account = fresh();
        for turn in 0..100 {
            account = after_failure(&account, &open, Time::EPOCH, &turn.to_string());
        }
        assert!(!is_locked(&account, Time::EPOCH));
    }
}
