//! `/v1/environments/{e}/users/{u}/password` (`reference/platform.md` 3.7).

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_domain::entity::Stored;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::lockout;
use countersign_domain::password::policy::{PasswordPolicy, Requirement};
use countersign_domain::password::state;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, Credential, User};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{creation, credential_of, recovery, removal, wrong};
use crate::audit::{self, Party};
use crate::cx::Cx;
use crate::flows::actions::password_reset::{judge, renewed};
use crate::flows::actions::username_password_check::{rehash, rewrite};
use crate::flows::guess::{Guess, MAX_LEN};
use crate::flows::turns::Turn;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun;
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const PATH: &str = "/environments/{environment}/users/{user}/password";
const UPDATE: &str = "passwords:update";

/// `/environments/{e}/users/{u}/password`
pub const RESOURCE: Resource = Resource {
    name: "passwords",
    endpoints: &[
        Endpoint::get(PATH, "passwords:read", read)
            .narrow(Narrow::Population)
            .own("p1:read:userPassword"),
        Endpoint::put(PATH, UPDATE, set)
            .media("password.set")
            .narrow(Narrow::Population),
        Endpoint::put(PATH, UPDATE, set_value)
            .media("password.setValue")
            .narrow(Narrow::Population),
        Endpoint::put(PATH, UPDATE, reset)
            .media("password.reset")
            .narrow(Narrow::Population)
            .own("p1:reset:userPassword"),
        Endpoint::post(PATH, UPDATE, check)
            .media("password.check")
            .narrow(Narrow::Population)
            .own("p1:validate:userPassword"),
        Endpoint::post(PATH, UPDATE, recovery::send)
            .media("password.sendRecoveryCode")
            .narrow(Narrow::Population),
        Endpoint::post(PATH, UPDATE, recovery::recover)
            .media("password.recover")
            .narrow(Narrow::Population),
        Endpoint::post(PATH, UPDATE, force_change)
            .media("password.forceChange")
            .narrow(Narrow::Population),
        Endpoint::post(PATH, UPDATE, unlock)
            .media("password.unlock")
            .narrow(Narrow::Population),
    ],
};

/// Days before its end from which on a password warns of it.
/// Source: `reference/platform.md` 3.7.
const WARNING: Duration = Duration::from_hours(21 * 24);
/// Decision: wrong passwords left before the lock at which the state warns of it; the sheet says
/// "close".
const FAILURES_LEFT: u32 = 2;

/// A user with their password.
struct Facts {
    user: User,
    credential: Option<Stored<Credential>>,
    account: Option<Stored<Account>>,
    policy: PasswordPolicy,
}

/// The policy for a user's password.
pub(super) async fn policy_of(call: &Call<'_>, user: &User) -> Outcome<PasswordPolicy> {
    let (env, store) = (&call.cx.env, call.store());
    let population = env
        .population(store, user.population.id, call.now())
        .await?;
    let id = population.and_then(|it| it.password_policy.map(|policy| policy.id));
    let policy = env.password_policy(id).cloned();
    Ok(policy.ok_or(Fault::Misconfigured(
        "the environment has no password policy",
    ))?)
}

async fn facts(call: &Call<'_>) -> Outcome<Facts> {
    let user = noun::named::<User>(call).await?.value;
    Ok(Facts {
        credential: call.load(user.id).await?,
        account: call.load(user.id).await?,
        policy: policy_of(call, &user).await?,
        user,
    })
}

pub(super) fn input<T: DeserializeOwned>(call: &Call<'_>) -> Result<T, Refused> {
    body::read(body::without_nulls(body::object(call.body)?)).map_err(wrong)
}

/// The state as it is answered.
fn shown(call: &Call<'_>, facts: &Facts) -> Body {
    let now = call.now();
    let credential = facts.credential.as_ref().map(|it| &it.value);
    let account = facts.account.as_ref().map(|it| &it.value);
    let status = state::status(&facts.user, credential, account, &facts.policy, now);
    let own = call.url(&call.own_path());
    let mut links = Links::to(call, &own);
    let user = call.fill("/environments/{environment}/users/{user}");
    links.add("user", call.url(&user));
    let policies = call.fill("/environments/{environment}/passwordPolicies");
    let policy = call.url(&format!("{policies}/{}", facts.policy.id));
    links.add("passwordPolicy", policy);
    for operation in [
        "password.check",
        "password.reset",
        "password.set",
        "password.setValue",
        "password.recover",
        "password.forceChange",
    ] {
        links.add(operation, own.clone());
    }
    let mut object = Object::new();
    object.insert("environment".into(), json!({ "id": call.env }));
    object.insert("user".into(), json!({ "id": facts.user.id }));
    object.insert("passwordPolicy".into(), json!({ "id": facts.policy.id }));
    object.insert("status".into(), json!(status));
    let has_password = credential.is_some_and(|it| it.password_hash.is_some());
    if let Some(credential) = credential.filter(|_| has_password) {
        let at = credential.last_changed_at;
        object.insert("lastChangedAt".into(), json!(at));
    }
    if let Some(left) = account.and_then(|it| lockout::locked_for(it, now)) {
        let seconds = left.as_millis().div_ceil(1_000);
        object.insert("secondsUntilUnlock".into(), json!(seconds));
    }
    let warnings = warnings(call, facts, credential, account);
    if !warnings.is_empty() {
        object.insert("warnings".into(), json!(warnings));
    }
    if call.asks_for("expand", "passwordPolicy") {
        let policy = json!({ "passwordPolicy": facts.policy });
        object.insert("_embedded".into(), policy);
    }
    hal::resource(links, object)
}

fn warnings(
    call: &Call<'_>,
    facts: &Facts,
    credential: Option<&Credential>,
    account: Option<&Account>,
) -> Vec<serde_json::Value> {
    let mut warnings = Vec::new();
    if let (Some(days), Some(credential)) = (facts.policy.max_age_days, credential) {
        let lifetime = Duration::from_secs(u64::from(days).saturating_mul(86_400));
        let ends = credential.last_changed_at.plus(lifetime);
        if call.now() < ends && ends.since(call.now()) <= WARNING {
            warnings.push(json!({ "type": "PASSWORD_EXPIRATION", "expiresAt": ends }));
        }
    }
    if let (Some(lockout), Some(account)) = (facts.policy.lockout, account) {
        let failures = lockout::failures(account, call.now());
        let left = lockout.failure_count.saturating_sub(failures);
        let is_locked = lockout::is_locked(account, call.now());
        if failures > 0 && left <= FAILURES_LEFT && !is_locked {
            warnings.push(json!({ "type": "PASSWORD_LOCKOUT", "attemptsRemaining": left }));
        }
    }
    warnings
}

/// The state as it is now.
pub(super) async fn state(call: &Call<'_>) -> Outcome<Reply> {
    Ok(Reply::ok(shown(call, &facts(call).await?)))
}

/// `GET`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move { Ok(Reply::ok(shown(call, &facts(call).await?))) })
}

/// What becomes of the password and of what counts failures.
enum Edit {
    /// This one is set.
    Set {
        hash: PasswordHash,
        force_change: bool,
    },
    /// There is none any more.
    Remove,
    /// It must be changed at the next sign-on.
    ForceChange,
    /// The lock of wrong passwords is lifted.
    Unlock,
}

/// Answers the state as it is after the change.
async fn edit(call: &Call<'_>, edit: Edit) -> Outcome<Reply> {
    run(call.cx, &Change { call, edit }).await?;
    Ok(Reply::ok(shown(call, &facts(call).await?)))
}

struct Change<'a> {
    call: &'a Call<'a>,
    edit: Edit,
}

impl Operation for Change<'_> {
    type Facts = (Facts, Vec<countersign_domain::store::Key>);
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let facts = facts(self.call).await?;
        if matches!(self.edit, Edit::Set { .. } | Edit::Remove) {
            privilege::over_user(self.call, facts.user.id).await?;
        }
        let sessions = match self.edit {
            Edit::Set { .. } | Edit::Remove => removal::sessions(self.call, facts.user.id).await?,
            Edit::ForceChange | Edit::Unlock => Vec::new(),
        };
        Ok((facts, sessions))
    }

    /// Decision: whoever is signed on with a password that an administrator replaces is signed off.
    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (facts, sessions) = facts;
        let env = self.call.env;
        let before = facts.credential.as_ref();
        let has_password = before.is_some_and(|it| it.password_hash.is_some());
        let mut credential = before.map(|it| it.value.clone());
        match &self.edit {
            Edit::Set { hash, force_change } => {
                let mut after = match &credential {
                    Some(old) => renewed(old, hash.clone(), &facts.policy, cx.now),
                    None => credential_of(&facts.user, hash.clone(), false, self.call),
                };
                after.force_change = *force_change;
                credential = Some(after);
            }
            Edit::Remove => {
                if let Some(credential) = &mut credential {
                    credential.password_hash = None;
                    credential.force_change = false;
                }
            }
            Edit::ForceChange if !has_password => {
                let misfit = Misfit::new(Fit::NoPassword, "", "The user has no password");
                let refusal = Refusal::NotNow(None, vec![misfit]);
                return Ok(Verdict::refuse(refusal.because("no password")));
            }
            Edit::ForceChange => {
                if let Some(credential) = &mut credential {
                    credential.force_change = true;
                }
            }
            Edit::Unlock => {}
        }
        let mut batch = Batch::new();
        if let Some(after) = &credential {
            batch = match before {
                Some(before) if before.value == *after => batch,
                Some(before) => batch.update(env, after, before.version)?,
                None => batch.create(env, after)?,
            };
        }
        let unlocks = !matches!(self.edit, Edit::ForceChange);
        if let (true, Some(before)) = (unlocks, &facts.account) {
            let account = lockout::after_success(&before.value);
            batch = batch.update(env, &account, before.version)?;
        }
        let batch = sessions.into_iter().fold(batch, Batch::delete);
        Ok(Verdict::reply(()).writing(batch))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewValue {
    value: Option<SecretString>,
    #[serde(default)]
    force_change: bool,
    #[serde(default)]
    bypass_policy: bool,
}

async fn new_value(call: &Call<'_>, given: &NewValue, value: &SecretString) -> Outcome<Edit> {
    let user = noun::named::<User>(call).await?.value;
    let before: Option<Stored<Credential>> = call.load(user.id).await?;
    let before = before.as_ref().map(|it| &it.value);
    let bypass = given.bypass_policy;
    let hash = creation::new_hash(call, &user, before, value, bypass, "value").await??;
    Ok(Edit::Set {
        hash,
        force_change: given.force_change,
    })
}

/// `password.set`: an administrator sets a password.
fn set<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given: NewValue = input(call)?;
        let value = given.value.as_ref();
        let value = value.ok_or_else(|| wrong(Misfit::required("value")))?;
        edit(call, new_value(call, &given, value).await?).await
    })
}

/// `password.setValue`: the same; an empty body takes the password away.
fn set_value<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given: NewValue = input(call)?;
        let change = match &given.value {
            Some(value) => new_value(call, &given, value).await?,
            None => Edit::Remove,
        };
        edit(call, change).await
    })
}

/// `password.forceChange`
fn force_change<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(edit(call, Edit::ForceChange))
}

/// `password.unlock`
fn unlock<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(edit(call, Edit::Unlock))
}

/// A password of the body that must be there, at a bearable length.
pub(super) fn given<'a>(
    value: Option<&'a SecretString>,
    name: &'static str,
) -> Result<&'a SecretString, Refused> {
    let value = value.filter(|it| !it.expose_secret().is_empty());
    let value = value.ok_or_else(|| wrong(Misfit::required(name)))?;
    if value.expose_secret().len() > MAX_LEN {
        return Err(wrong(Misfit::invalid(name, "is too long")));
    }
    Ok(value)
}

/// Refuses what an external provider's user cannot do to a password that is not here.
/// Source: `reference/platform.md` 3.7.
pub(super) fn at_home(user: &User) -> Result<(), Refused> {
    if user.is_external() {
        let message = "The user's password is at another provider";
        let misfit = Misfit::new(Fit::Invalid, "password", message);
        return Err(Refusal::NotNow(None, vec![misfit]).because(message));
    }
    Ok(())
}

/// The same, and what cannot be checked.
fn checkable(user: &User, credential: Option<&Stored<Credential>>) -> Result<(), Refused> {
    let refuse = |fit, message: &'static str| {
        let misfit = Misfit::new(fit, "password", message);
        Err(Refusal::NotNow(None, vec![misfit]).because(message))
    };
    at_home(user)?;
    if credential.is_none_or(|it| it.password_hash.is_none()) {
        return refuse(Fit::NoPassword, "The user has no password");
    }
    Ok(())
}

#[derive(Deserialize)]
struct ToCheck {
    password: Option<SecretString>,
}

/// `password.check`: counts like any other guess (`threats.md` 31).
fn check<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let input: ToCheck = input(call)?;
        let password = given(input.password.as_ref(), "password")?;
        let turn = Turn::default();
        let operation = CheckPassword {
            call,
            password,
            turn,
        };
        run(call.cx, &operation).await?;
        Ok(Reply::ok(shown(call, &facts(call).await?)))
    })
}

/// Refuses a guess, and tells of one at a locked password: nothing that is written does.
fn refused(cx: &Cx, guess: &Guess, target: &'static str) -> Result<Verdict<()>, Fault> {
    let verdict = guess.refuse(cx, |_| Refusal::ValueInvalid(target))?;
    if let Some(user) = guess.user.as_ref().filter(|_| verdict.writes.is_empty()) {
        audit::locked_out(cx, Party::user(cx.env_id(), user))?;
    }
    Ok(verdict)
}

struct CheckPassword<'a> {
    call: &'a Call<'a>,
    password: &'a SecretString,
    turn: Turn,
}

impl Operation for CheckPassword<'_> {
    type Facts = (Guess, Option<PasswordHash>);
    type Reply = ();

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let user = noun::named::<User>(self.call).await?;
        checkable(&user, self.call.load(user.id).await?.as_ref())?;
        let guess = Guess::gather(cx, &user.username, self.password, &self.turn).await?;
        let rehashed = match guess.proven() {
            Some(proven) => rehash(cx, proven.credential, self.password).await,
            None => None,
        };
        Ok((guess, rehashed))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (guess, rehashed) = facts;
        let Some(proven) = guess.proven() else {
            return refused(cx, &guess, "password");
        };
        let writes = guess.account_after().writes(cx.env_id())?;
        let rewritten = rewrite(cx, proven.credential, rehashed)?;
        Ok(Verdict::reply(()).writing(writes.and(rewritten)))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToReset {
    current_password: Option<SecretString>,
    new_password: Option<SecretString>,
}

/// `password.reset`: somebody changes their own password, with the old one.
fn reset<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let input: ToReset = input(call)?;
        let operation = Reset {
            call,
            current: given(input.current_password.as_ref(), "currentPassword")?,
            new: given(input.new_password.as_ref(), "newPassword")?,
            turn: Turn::default(),
        };
        run(call.cx, &operation).await?;
        Ok(Reply::ok(shown(call, &facts(call).await?)))
    })
}

struct Reset<'a> {
    call: &'a Call<'a>,
    current: &'a SecretString,
    new: &'a SecretString,
    turn: Turn,
}

/// The new password, judged; none when the old one was wrong.
type Judged = Option<Result<PasswordHash, BTreeSet<Requirement>>>;

impl Operation for Reset<'_> {
    type Facts = (Guess, Judged);
    type Reply = ();

    async fn gather(&self, cx: &Cx) -> Outcome<Self::Facts> {
        let user = noun::named::<User>(self.call).await?;
        checkable(&user, self.call.load(user.id).await?.as_ref())?;
        let guess = Guess::gather(cx, &user.username, self.current, &self.turn).await?;
        let judged = match guess.proven() {
            Some(proven) => {
                let (user, credential) = (&proven.user.value, &proven.credential.value);
                let current = Some(self.current);
                Some(judge(cx, &guess.policy, user, credential, current, self.new).await?)
            }
            None => None,
        };
        Ok((guess, judged))
    }

    fn decide(&self, cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (guess, judged) = facts;
        let (Some(proven), Some(judged)) = (guess.proven(), judged) else {
            return refused(cx, &guess, "currentPassword");
        };
        let writes = guess.account_after().writes(cx.env_id())?;
        match judged {
            Ok(hash) => {
                let after = renewed(proven.credential, hash, &guess.policy, cx.now);
                let version = proven.credential.version;
                Ok(Verdict::reply(()).writing(writes.update(cx.env_id(), &after, version)?))
            }
            Err(lacking) => {
                let why = format!("the new password lacks {lacking:?}");
                let refusal = Refusal::PasswordUnacceptable {
                    target: "newPassword",
                    lacking: lacking.into_iter().collect(),
                    policy: guess.policy.id,
                };
                Ok(Verdict::refuse(refusal.because(why)).writing(writes))
            }
        }
    }
}
