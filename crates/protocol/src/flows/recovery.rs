//! Recovering a password: whom a name finds, and whether they may (`reference/flows.md` 6.5-6.7).
//! A name that nobody has goes the same ways and leaves the same traces (`threats.md` 34).

use std::collections::BTreeSet;

use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::UserId;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::lockout;
use countersign_domain::password::policy::{PasswordPolicy, Requirement};
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::code::{CodePurpose, Guessed, MAX_FAILURES, UserCode};
use countersign_domain::user::{Account, Credential, User};
use secrecy::SecretString;

use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::actions::password_reset::{judge, renewed};
use crate::flows::codes;
use crate::flows::guess::{self, MAX_LEN};
use crate::flows::turns::Turn;
use crate::notices::Recipient;
use crate::refusal::{Outcome, Refusal, Refused};

/// Whom a username finds.
pub struct Candidate {
    /// Their id, or one that stands in.
    pub id: UserId,
    /// The user, if there is one.
    pub user: Option<Stored<User>>,
    /// Their password.
    pub credential: Option<Stored<Credential>>,
    /// Their account.
    pub account: Account,
    account_version: Option<u64>,
}

impl Candidate {
    /// Waits for the turn on the name, and looks.
    pub async fn find(cx: &Cx, username: &str, turn: &Turn) -> Outcome<Self> {
        let (store, env, username) = (&*cx.ports.store, cx.env_id(), fold(username));
        cx.turns.take(env, &username, turn).await;
        let user =
            entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, &username, cx.now).await?;
        let stand_in = guess::stand_in(cx, &username)?;
        let id = user.as_ref().map_or(stand_in, |user| user.id);
        let account = entity::load::<Account>(store, env, id.to_string(), cx.now).await?;
        let credential = entity::load::<Credential>(store, env, id.to_string(), cx.now).await?;
        Ok(Self {
            id,
            user,
            credential,
            account_version: account.as_ref().map(|stored| stored.version),
            account: account.map_or_else(|| Account::new(id), |stored| stored.value),
        })
    }

    /// The user and their password, if it may be recovered: they may sign on but for the password,
    /// and have one here. A lock after wrong passwords is no obstacle, for this is the way out.
    ///
    /// Decision: a code is sent while the password is locked (`reference/flows.md` F18).
    pub fn usable(&self) -> Option<(&Stored<User>, &Stored<Credential>)> {
        let user = self.user.as_ref().filter(|user| user.enabled)?;
        let credential = self.credential.as_ref()?;
        let has_password = credential.password_hash.is_some() && !user.is_external();
        (has_password && !self.account.locked_by_admin).then_some((user, credential))
    }

    /// Whom a code is for.
    pub fn recipient(&self) -> Recipient<'_> {
        Recipient {
            id: self.id,
            user: self.usable().map(|(user, _)| &user.value),
        }
    }

    /// The policy for the user's password; the environment's default for nobody.
    pub async fn policy(&self, cx: &Cx) -> Outcome<PasswordPolicy> {
        let population = match &self.user {
            Some(user) => {
                let store = &*cx.ports.store;
                cx.env.population(store, user.population.id, cx.now).await?
            }
            None => None,
        };
        let id = population.and_then(|found| found.password_policy.as_ref().map(|it| it.id));
        let policy = cx.env.password_policy(id).cloned();
        Ok(policy.ok_or(Fault::Misconfigured(
            "the environment has no password policy",
        ))?)
    }

    /// The account as something changed it, on the version that was judged.
    const fn changed(&self, account: Account) -> AccountAfter {
        AccountAfter::changed(account, self.account_version)
    }
}

/// A try at recovering a password with a code.
pub struct Attempt {
    /// Whose.
    pub candidate: Candidate,
    policy: PasswordPolicy,
    code: Option<Stored<UserCode>>,
    guessed: Guessed,
    /// The new password, judged: only what the right code needs.
    outcome: Option<Result<PasswordHash, BTreeSet<Requirement>>>,
}

/// What became of it.
pub enum Judgement {
    /// There is a new password.
    Recovered {
        /// The account, without what was held against it; not in the writes yet.
        account: AccountAfter,
        /// The password, and the end of the code.
        writes: Batch,
    },
    /// There is not.
    Refused {
        /// Why.
        refused: Refused,
        /// What becomes true all the same: tries are counted.
        writes: Batch,
    },
}

const CODE: &str = "recoveryCode";

impl Attempt {
    /// Waits for the turn on the name and compares the code; hashes the password if it was right.
    pub async fn gather(
        cx: &Cx,
        username: &str,
        typed: Option<&str>,
        new: &SecretString,
        turn: &Turn,
    ) -> Outcome<Self> {
        let typed = given(typed, CODE)?;
        let candidate = Candidate::find(cx, username, turn).await?;
        let policy = candidate.policy(cx).await?;
        let code = codes::load(cx, CodePurpose::Recovery, candidate.id).await?;
        let digest = codes::digest(cx, CodePurpose::Recovery, candidate.id, typed)?;
        let guessed = code
            .as_ref()
            .map_or(Guessed::Void, |code| code.judge(&digest, cx.now));
        let outcome = match (&guessed, candidate.usable()) {
            (Guessed::Right, Some((user, credential))) => {
                Some(judge(cx, &policy, user, credential, None, new).await?)
            }
            _ => None,
        };
        Ok(Self {
            candidate,
            policy,
            code,
            guessed,
            outcome,
        })
    }

    /// Whose password it is, once the code was right.
    pub fn proven(&self) -> Option<&Stored<User>> {
        let (user, _) = self.candidate.usable()?;
        self.outcome.as_ref().map(|_| user)
    }

    /// Judges it.
    ///
    /// Source: `reference/flows.md` 6.7.
    pub fn judge(&self, cx: &Cx) -> Result<Judgement, Fault> {
        let refuse = |refused: Refused, writes| Ok(Judgement::Refused { refused, writes });
        let wrong = |why: &'static str| Refusal::ValueInvalid(CODE).because(why);
        let Some(code) = &self.code else {
            let why = "no code was sent, it was used, or it is long expired";
            return refuse(wrong(why), Batch::new());
        };
        match &self.guessed {
            Guessed::Right => {}
            Guessed::Wrong(after) => return self.missed(cx, code, after),
            Guessed::Void if code.failures >= MAX_FAILURES => {
                let why = "too many wrong codes: a new one must be asked for";
                let refused = Refusal::RecoveryFailuresExceeded.because(why);
                return refuse(refused, Batch::new());
            }
            Guessed::Void => return refuse(wrong("the code is expired"), Batch::new()),
        }
        let (Some((_, credential)), Some(outcome)) = (self.candidate.usable(), &self.outcome)
        else {
            let why = "disabled, locked or without a password since the code was sent";
            return refuse(wrong(why), Batch::new());
        };
        let hash = match outcome {
            Ok(hash) => hash.clone(),
            // The code stays good: whoever has it may try another password.
            Err(lacking) => {
                let why = format!("the new password lacks {lacking:?}");
                let refusal = Refusal::PasswordUnacceptable {
                    target: "newPassword",
                    lacking: lacking.iter().copied().collect(),
                    policy: self.policy.id,
                };
                return refuse(refusal.because(why), Batch::new());
            }
        };
        let env = cx.env_id();
        let changed = renewed(credential, hash, &self.policy, cx.now);
        Ok(Judgement::Recovered {
            account: self
                .candidate
                .changed(lockout::after_success(&self.candidate.account)),
            writes: codes::redeem(env, code).update(env, &changed, credential.version)?,
        })
    }

    /// A wrong code costs a try; the last one locks the password as well, whoever's it is.
    fn missed(
        &self,
        cx: &Cx,
        code: &Stored<UserCode>,
        after: &UserCode,
    ) -> Result<Judgement, Fault> {
        let writes = Batch::new().update(cx.env_id(), after, code.version)?;
        if after.failures < MAX_FAILURES {
            let why = format!("wrong recovery code, failure {}", after.failures);
            // Whoever has the name or not: a code has as many tries, and they count alike.
            let refused = Refusal::WrongSecret {
                target: CODE,
                failures_remaining: Some(MAX_FAILURES.saturating_sub(after.failures)),
            };
            let refused = refused.because(why);
            return Ok(Judgement::Refused { refused, writes });
        }
        let mut account = lockout::locked(&self.candidate.account, &self.policy, cx.now);
        if self.candidate.user.is_none() {
            account.forget_at = Some(guess::forgotten_at(&self.policy, cx.now));
        }
        let why = "the last try for this recovery code was wrong";
        Ok(Judgement::Refused {
            refused: Refusal::RecoveryFailuresExceeded.because(why),
            writes: writes.and(self.candidate.changed(account).writes(cx.env_id())?),
        })
    }
}

/// A member of the body that must be there, at a bearable length.
pub fn given<'a>(value: Option<&'a str>, name: &'static str) -> Outcome<&'a str> {
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    let value = value.ok_or(Refusal::ValueRequired(name))?;
    if value.len() > MAX_LEN {
        let long = Refusal::ValueInvalid(name).because("longer than 1 KiB");
        return Err(long.into());
    }
    Ok(value)
}
