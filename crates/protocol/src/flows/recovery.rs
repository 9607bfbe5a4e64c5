//! Recovering a password: whom a name finds, and whether they may (`reference/flows.md` 6.5-6.7).
//! A name that nobody has goes the same ways and leaves the same traces (`threats.md` 34).

use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::UserId;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::reference::fold;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, Credential, User};

use crate::cx::Cx;
use crate::flows::guess::{self, MAX_LEN};
use crate::flows::turns::Turn;
use crate::notices::Recipient;
use crate::refusal::{Outcome, Refusal};

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

    /// Writes the account on the version that was judged.
    pub fn write_account(&self, cx: &Cx, account: &Account) -> Result<Batch, Fault> {
        match self.account_version {
            Some(version) => Batch::new().update(cx.env_id(), account, version),
            None => Batch::new().create(cx.env_id(), account),
        }
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
