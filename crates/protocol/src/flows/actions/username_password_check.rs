//! `application/vnd.pingidentity.usernamePassword.check+json` (`reference/flows.md` 6.3, 7.2).

use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::{SessionId, UserId};
use countersign_domain::password::lockout;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::password::state::{self, PasswordStatus};
use countersign_domain::reference::fold;
use countersign_domain::session::{Session, SessionPolicy};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use countersign_domain::user::{Account, Credential, User, UserSignOn};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::browser::BrowserToken;
use crate::cx::Cx;
use crate::flows::complete::{Completion, complete};
use crate::flows::flow::FlowUser;
use crate::flows::next::{Known, Next, login_action, next};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Checks a username and password.
pub struct UsernamePasswordCheck;

/// The body. Unknown members are ignored, as PingOne does.
#[derive(Deserialize)]
pub struct Input {
    username: Option<String>,
    password: Option<SecretString>,
}

/// Longest username or password that is looked at, in bytes. Hashing cost does not grow with it;
/// the cap is for what is kept in memory.
const MAX_LEN: usize = 1024;

/// What the rule needs to know. A username that nobody has looks the same up to the answer.
pub struct Facts {
    /// The user that the flow has or the name finds, if enabled or not.
    user: Option<Stored<User>>,
    credential: Option<Stored<Credential>>,
    account: Account,
    account_version: Option<u64>,
    policy: PasswordPolicy,
    /// The outcome of the hash; `None` when it was not computed because the password is locked.
    right: Option<bool>,
    /// Keyed digest of the password given.
    attempt: String,
    prior: Option<Stored<Session>>,
    session_id: SessionId,
    token: BrowserToken,
    remote_ip: Option<String>,
    user_agent: Option<String>,
}

impl Action for UsernamePasswordCheck {
    const MEDIA: &'static str = "usernamePassword.check";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(
            flow.state,
            State::UsernamePasswordRequired | State::PasswordRequired(_)
        )
    }

    async fn gather(
        &self,
        cx: &Cx,
        call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let (username, password) = required(flow, input)?;
        let (store, env) = (&*cx.ports.store, cx.env_id());
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
        let credential = match &user {
            Some(_) => entity::load::<Credential>(store, env, &id, cx.now).await?,
            None => None,
        };
        let population = match &user {
            Some(user) => cx.env.population(store, user.population.id, cx.now).await?,
            None => None,
        };
        let policy_id = population.and_then(|found| found.password_policy.as_ref().map(|p| p.id));
        let policy = cx
            .env
            .password_policy(policy_id)
            .cloned()
            .ok_or(Fault::Crypto("the environment has no password policy"))?;
        let right = if lockout::is_locked(&account, cx.now) {
            None
        } else {
            let hash = credential
                .as_ref()
                .and_then(|found| found.password_hash.clone());
            Some(
                cx.ports
                    .heavy
                    .verify_password(hash, password.clone())
                    .await?,
            )
        };
        let prior = match flow.prior_session {
            Some(id) => entity::load::<Session>(store, env, id.to_string(), cx.now).await?,
            None => None,
        };
        Ok(Facts {
            user,
            credential,
            account,
            account_version,
            policy,
            right,
            attempt: attempt_digest(cx, account_id, password)?,
            prior,
            session_id: SessionId::random(&*cx.ports.entropy),
            token: BrowserToken::new_session(&*cx.ports.entropy),
            remote_ip: cx.remote_ip.map(|ip| ip.to_string()),
            user_agent: call.user_agent.map(|text| text.chars().take(512).collect()),
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        match facts.right {
            None => Ok(Verdict::refuse(locked(&facts.account, cx.now))),
            Some(false) => wrong(cx, &facts),
            Some(true) => right(cx, flow, facts),
        }
    }
}

/// Username (folded) and password of the request, against what the flow knows.
fn required<'a>(flow: &Flow, input: &'a Input) -> Outcome<(String, &'a SecretString)> {
    let password = input
        .password
        .as_ref()
        .ok_or(Refusal::ValueRequired("password"))?;
    if password.expose_secret().len() > MAX_LEN {
        return Err(Refusal::ValueInvalid("password")
            .because("longer than 1 KiB")
            .into());
    }
    let sent = input.username.as_deref().filter(|name| !name.is_empty());
    let username = match (&flow.state, sent) {
        (State::PasswordRequired(user), None) => user.username.clone(),
        (State::PasswordRequired(user), Some(name)) if fold(name) != fold(&user.username) => {
            return Err(Refusal::ValueInvalid("username")
                .because("another user than the flow's; session.reset switches accounts")
                .into());
        }
        (_, Some(name)) => name.to_owned(),
        (_, None) => return Err(Refusal::ValueRequired("username").into()),
    };
    if username.len() > MAX_LEN {
        return Err(Refusal::ValueInvalid("username")
            .because("longer than 1 KiB")
            .into());
    }
    Ok((fold(&username), password))
}

/// Under this id an unknown username counts its failures.
fn stand_in(cx: &Cx, username: &str) -> Result<UserId, Fault> {
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

/// A wrong password counts, whoever it was for, and the attempt that locks says so.
///
/// Source: `reference/rulings.md` 9; `flows.md` 10.1.
fn wrong(cx: &Cx, facts: &Facts) -> Result<Verdict<Reply>, Fault> {
    let mut account = lockout::after_failure(&facts.account, &facts.policy, cx.now, &facts.attempt);
    if facts.user.is_none() {
        let kept = facts
            .policy
            .lockout
            .map_or(0, |lockout| lockout.duration_seconds);
        account.forget_at = Some(cx.now.plus(Duration::from_secs(u64::from(kept) + 60)));
    }
    let refusal = if lockout::is_locked(&account, cx.now) {
        locked(&account, cx.now).into()
    } else {
        Refusal::WrongCredentials.because(match (&facts.user, &facts.credential) {
            (None, _) => "no user has this username".to_owned(),
            (Some(user), None) => format!("user {} has no password", user.id),
            (Some(user), Some(_)) => {
                format!(
                    "wrong password for user {}, failure {}",
                    user.id, account.failures
                )
            }
        })
    };
    let writes = write_account(cx, &account, facts.account_version)?;
    Ok(Verdict::refuse(refusal).writing(writes))
}

fn write_account(cx: &Cx, account: &Account, version: Option<u64>) -> Result<Batch, Fault> {
    match version {
        Some(version) => Batch::new().update(cx.env_id(), account, version),
        None => Batch::new().create(cx.env_id(), account),
    }
}

fn right(cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
    let Stored {
        value: mut flow,
        version,
    } = flow;
    let (Some(user), Some(credential)) = (&facts.user, &facts.credential) else {
        return wrong(cx, &facts);
    };
    // The password was right, so saying that the account is not usable tells nothing to a guesser.
    if !user.enabled || facts.account.locked_by_admin || user.is_external() {
        let why = format!("user {} is disabled, locked or external", user.id);
        return Ok(Verdict::refuse(Refusal::AccountNotUsable.because(why)));
    }
    let mut account = lockout::after_success(&facts.account);
    let shown = FlowUser::from(&user.value);
    let status = state::status(
        &user.value,
        Some(&credential.value),
        Some(&account),
        &facts.policy,
        cx.now,
    );
    let mut cookie = None;
    let mut writes = Batch::new();
    match status {
        PasswordStatus::PasswordExpired => flow.state = State::PasswordExpired(shown),
        PasswordStatus::MustChangePassword => flow.state = State::MustChangePassword(shown),
        PasswordStatus::Ok
        | PasswordStatus::NoPassword
        | PasswordStatus::PasswordLockedOut
        | PasswordStatus::External => {
            account.last_sign_on = Some(UserSignOn {
                at: cx.now,
                remote_ip: facts.remote_ip.clone(),
            });
            flow.progress.pwd_at = Some(cx.now);
            flow.progress.authenticators = vec!["pwd".to_owned()];
            let done = login_action(&cx.env, &flow.request.policies, &flow.progress);
            flow.progress.done.extend(done);
            let session = flow.session.clone();
            let known = Known {
                user: Some(&user.value),
                session: session.as_ref(),
                remote_ip: cx.remote_ip,
            };
            let policies = flow.request.policies.clone();
            match next(&cx.env, &policies, &mut flow.progress, known, cx.now) {
                Next::Password => flow.state = State::PasswordRequired(shown),
                Next::Fail(why) => flow.state = State::Failed(why),
                Next::Complete { policy } => {
                    let id = policies.get(flow.progress.policy).copied();
                    let policy = SessionPolicy {
                        id: id.ok_or(Fault::Crypto("a completed policy is not in its flow"))?,
                        name: Some(policy),
                    };
                    let completion = Completion {
                        user: shown,
                        policy,
                        prior: facts.prior.as_ref(),
                        session_id: facts.session_id,
                        token: &facts.token,
                        remote_ip: facts.remote_ip.clone(),
                        user_agent: facts.user_agent.clone(),
                    };
                    writes = complete(cx.env_id(), &mut flow, completion, cx.now)?;
                    cookie = Some(facts.token.clone());
                }
            }
        }
    }
    flow.touch(cx.now);
    // The account is written even when only `lastSignOn` changed: its version is what keeps a
    // success from slipping past a lock that another process commits at the same moment.
    let writes = writes
        .and(write_account(cx, &account, facts.account_version)?)
        .update(cx.env_id(), &flow, version)?;
    Ok(Verdict::reply(Reply { flow, cookie }).writing(writes))
}
