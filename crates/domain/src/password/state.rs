//! The state of a user's password (`reference/flows.md` 10.2).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::password::lockout;
use crate::password::policy::PasswordPolicy;
use crate::time::Time;
use crate::user::{Account, Credential, User};

/// `status` of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PasswordStatus {
    /// It can be used.
    Ok,
    /// There is none.
    NoPassword,
    /// It is older than the policy allows.
    PasswordExpired,
    /// Too many wrong ones.
    PasswordLockedOut,
    /// It must be changed at the next sign-on.
    MustChangePassword,
    /// Another identity provider has it.
    External,
}

/// The state at `now`. A lock is told before everything else about the password, so that what a
/// guesser learns does not depend on it.
pub fn status(
    user: &User,
    credential: Option<&Credential>,
    account: Option<&Account>,
    policy: &PasswordPolicy,
    now: Time,
) -> PasswordStatus {
    // One that was left here is not asked for.
    if user.is_external() {
        return PasswordStatus::External;
    }
    let with_hash = credential.filter(|it| it.password_hash.is_some());
    let Some(credential) = with_hash else {
        return PasswordStatus::NoPassword;
    };
    if account.is_some_and(|account| lockout::is_locked(account, now)) {
        return PasswordStatus::PasswordLockedOut;
    }
    if credential.force_change {
        return PasswordStatus::MustChangePassword;
    }
    if let Some(days) = policy.max_age_days
        && now.since(credential.last_changed_at)
            >= Duration::from_secs(u64::from(days).saturating_mul(86_400))
    {
        return PasswordStatus::PasswordExpired;
    }
    PasswordStatus::Ok
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PasswordPolicyId;
    use crate::password::hash::PasswordHash;

    #[test]
    fn each_state_has_its_reason() {
        let user: User = serde_json::from_str(
            r#"{"id":"00000000-0000-0000-0000-000000000001","username":"ada",
            "population":{"id":"00000000-0000-0000-0000-000000000002"},
            "createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}"#,
        )
        .unwrap();
        let policy =
            PasswordPolicy::standard(PasswordPolicyId::from_uuid(uuid::Uuid::nil()), Time::EPOCH);
        let hash: PasswordHash = "{SSHA}iCAa27Unk6ka8fuYSNOo2+iBZvR1Fj6AYz1XmGKpIvoAAAAA"
            .parse()
            .unwrap();
        let mut credential = Credential::new(user.id, hash, Time::EPOCH);
        let mut account = Account::new(user.id);
        let at = |credential: Option<&Credential>, account: &Account, seconds| {
            status(
                &user,
                credential,
                Some(account),
                &policy,
                Time::from_seconds(seconds),
            )
        };
        assert_eq!(at(None, &account, 0), PasswordStatus::NoPassword);
        assert_eq!(at(Some(&credential), &account, 0), PasswordStatus::Ok);
        let expiry = 182 * 86_400;
        assert_eq!(
            at(Some(&credential), &account, expiry - 1),
            PasswordStatus::Ok
        );
        assert_eq!(
            at(Some(&credential), &account, expiry),
            PasswordStatus::PasswordExpired
        );
        credential.force_change = true;
        assert_eq!(
            at(Some(&credential), &account, 0),
            PasswordStatus::MustChangePassword
        );
        account.locked_until = Some(Time::from_seconds(10));
        assert_eq!(
            at(Some(&credential), &account, 9),
            PasswordStatus::PasswordLockedOut
        );
        let mut external = user.clone();
        external.identity_provider.id = Some(uuid::Uuid::nil());
        for credential in [None, Some(&credential)] {
            let state = status(&external, credential, None, &policy, Time::EPOCH);
            assert_eq!(state, PasswordStatus::External);
        }
    }
}
