//! `/v1/environments/{e}/users` (`reference/platform.md` 3.7).

pub mod agreement_consents;
pub mod custom;
pub mod devices;
pub mod linked_accounts;
pub mod mass;
pub mod mfa_enabled;
pub mod oauth_consents;
pub mod password;
pub mod population;

mod account;
mod attributes;
mod beside;
mod creation;
mod own;
mod recovery;
mod removal;
mod verification;

use std::borrow::Cow;

use countersign_domain::entity::Entity;
use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::lockout;
use countersign_domain::population::Population;
use countersign_domain::store::{Batch, IndexName, Kind};
use countersign_domain::time::Time;
use countersign_domain::user::{Account, Credential, User, VerifyStatus};
use serde_json::{Value, json};

use crate::flows::codes::Issue;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refused};
use crate::v1::belongings::Belongings;
use crate::v1::body::Object;
use crate::v1::call::Call;
use crate::v1::hal::{Body, Links};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::page::{Indexed, PageSize};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/users";
const ONE: &str = "/environments/{environment}/users/{user}";
const ENABLED: &str = "/environments/{environment}/users/{user}/enabled";

/// `/environments/{e}/users`
pub const RESOURCE: Resource = Resource {
    name: "users",
    endpoints: &[
        Endpoint::get(ALL, "users:read", noun::list::<User>).narrow(Narrow::Population),
        Endpoint::post(ALL, "users:create", creation::create).narrow(Narrow::Population),
        Endpoint::post(ALL, "users:create", creation::import)
            .media("user.import")
            .narrow(Narrow::Population),
        Endpoint::get(ONE, "users:read", noun::read::<User>)
            .narrow(Narrow::Population)
            .own(own::READ),
        Endpoint::put(ONE, "users:update", own::replace)
            .narrow(Narrow::Population)
            .own(own::UPDATE),
        Endpoint::patch(ONE, "users:update", own::change)
            .narrow(Narrow::Population)
            .own(own::UPDATE),
        Endpoint::delete(ONE, "users:delete", noun::remove::<User>).narrow(Narrow::Population),
        Endpoint::post(ONE, "users:update", account::lock)
            .media("account.lock")
            .narrow(Narrow::Population),
        Endpoint::post(ONE, "users:unlock", account::unlock)
            .media("account.unlock")
            .narrow(Narrow::Population),
        Endpoint::post(ONE, "users:update", verification::send)
            .media("user.sendVerificationCode")
            .narrow(Narrow::Population)
            .own("p1:verify:user"),
        Endpoint::post(ONE, "users:update", verification::verify)
            .media("user.verify")
            .narrow(Narrow::Population)
            .own("p1:verify:user"),
        Endpoint::get(ENABLED, "users:read", account::enabled).narrow(Narrow::Population),
        Endpoint::put(ENABLED, "users:update", account::set_enabled).narrow(Narrow::Population),
    ],
};

/// What judging a change of a user takes.
#[derive(Default)]
pub struct Facts {
    /// Whether the population exists.
    has_population: bool,
    /// The password of somebody imported with one.
    credential: Option<Credential>,
    /// What is wrong with that password.
    unacceptable: Option<Refused>,
    /// The code for the address of somebody imported who is to verify it.
    verification: Option<Issue>,
    /// What goes with somebody who goes, or is disabled.
    owned: Belongings,
}

impl Noun for User {
    const PLURAL: &'static str = "users";
    const PARAMETER: &'static str = "user";
    const READ_ONLY: &'static [&'static str] = &[
        "account",
        "uniqueCustom",
        "emailVerified",
        "enabled",
        "identityProvider",
        "lastSignOn",
        "lifecycle",
        "memberOfGroupIDs",
        "memberOfGroupNames",
        "password",
    ];
    const FIXED: &'static [&'static str] = &["population", "mfaEnabled"];
    const IS_CONFIGURATION: bool = false;
    const PAGE: Option<PageSize> = Some(PageSize::of(1_000));
    const BESIDE: &'static [Kind] = &[Account::KIND];
    const INDEXED: &'static [Indexed] = &[
        Indexed {
            attribute: "username",
            index: Self::BY_USERNAME,
            then: None,
        },
        Indexed {
            attribute: "email",
            index: Self::BY_EMAIL,
            then: None,
        },
        Indexed {
            attribute: "externalId",
            index: Self::BY_EXTERNAL_ID,
            then: None,
        },
        Indexed {
            attribute: "population.id",
            index: Self::BY_POPULATION,
            then: Some("username"),
        },
    ];
    type Facts = Facts;

    fn filterable(call: &Call<'_>) -> Vec<Filterable> {
        filterable(call)
    }

    fn is_visible(&self, call: &Call<'_>) -> bool {
        call.reach.has_population(self.population.id)
    }

    fn arrive(call: &Call<'_>, body: &mut Object) {
        custom::collect(call, body);
    }

    fn prepare(call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        custom::mark_unique(call, body);
        if call.endpoint.path == ALL {
            creation::complete(call, body)?;
        }
        // An address that nobody has proven yet.
        if let Some(before) = before
            && body.get("email").and_then(Value::as_str) != before.email.as_deref()
        {
            body.insert("emailVerified".into(), json!(false));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts::default();
        match change {
            Change::Create(after) | Change::Replace { after, .. } => {
                let population = after.population.id;
                facts.has_population = call.load::<Population>(population).await?.is_some();
            }
            Change::Remove(before) => {
                privilege::over_user(call, before.id).await?;
                facts.owned = removal::owned(call, before.id).await?;
            }
        }
        // Somebody who moves leaves the groups of the former population.
        if let Change::Replace { before, after } = &change
            && before.population != after.population
        {
            removal::leave_groups(call, before, &mut facts.owned).await?;
        }
        if let Change::Replace { before, after } = &change
            && !call.own
            && concerns_sign_on(before, after)
        {
            privilege::over_user(call, after.id).await?;
        }
        if let Change::Replace { before, after } = &change
            && before.enabled
            && !after.enabled
        {
            facts.owned.add(removal::sessions(call, after.id).await?);
        }
        if let Change::Create(after) = change {
            creation::password(call, after, &mut facts).await?;
            facts.verification = creation::verification(call, after).await?;
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        if let Some(after) = change.after() {
            let before = change.before().map(|it| &it.value);
            attributes::check(call, after, before, facts.has_population)?;
        }
        if let Some(refused) = facts.unacceptable {
            return Err(refused.into());
        }
        let mut batch = Batch::new();
        if let Some(credential) = &facts.credential {
            batch = batch.create(call.env, credential)?;
        }
        if let Some(issue) = &facts.verification {
            batch = batch.and(issue.writes(call.env)?);
        }
        Ok(facts.owned.go(batch))
    }

    async fn body<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Body> {
        let account = call.load::<Account>(self.id).await?;
        let mut body = noun::body_of(&*without_custom(self))?;
        body.members = custom::visible(call, self.custom.clone());
        describe(self, account.as_deref(), call.now(), &mut body.members);
        beside::add(call, self, &mut body.members).await?;
        Ok(if call.own {
            own::limited(call, own::READ, &body)
        } else {
            body
        })
    }

    fn unique_member(rule: IndexName, value: &str) -> String {
        match value.split_once('/') {
            Some((name, _)) if rule == Self::UNIQUE_CUSTOM => name.to_owned(),
            _ => rule.to_owned(),
        }
    }

    fn link(&self, _call: &Call<'_>, _own: &str, links: &mut Links) {
        let places = [
            ("password", "/password"),
            ("password.set", "/password"),
            ("password.reset", "/password"),
            ("password.check", "/password"),
            ("password.recover", "/password"),
            ("account.sendVerificationCode", ""),
            ("account.lock", ""),
            ("account.unlock", ""),
            ("user.verify", ""),
            ("user.sendVerificationCode", ""),
            ("enabled", "/enabled"),
            ("mfaEnabled", "/mfaEnabled"),
            ("linkedAccounts", "/linkedAccounts"),
            ("oauthConsents", "/oauthConsents"),
            ("agreementConsents", "/agreementConsents"),
            ("memberOfGroups", "/memberOfGroups"),
            ("devices", "/devices"),
            ("sessions", "/sessions"),
            ("roleAssignments", "/roleAssignments"),
        ];
        links.add_below(&places);
    }
}

/// Whether a change may let somebody else be the user, or keep the user from being themselves:
/// whoever moves the address of an administrator recovers their password, whoever gives them another
/// name is found under it at a provider.
fn concerns_sign_on(before: &User, after: &User) -> bool {
    before.email != after.email
        || before.mfa_enabled != after.mfa_enabled
        || before.username != after.username
        || before.enabled != after.enabled
        || before.population != after.population
}

/// What is shown of a user as it is kept. Attributes of the environment's own are members like all
/// others on the wire.
fn without_custom(user: &User) -> Cow<'_, User> {
    if user.custom.is_empty() && user.unique_custom.is_empty() {
        return Cow::Borrowed(user);
    }
    Cow::Owned(User {
        custom: Object::new(),
        unique_custom: Vec::new(),
        ..user.clone()
    })
}

/// What the user's document does not hold.
///
/// Decision: an account with a locked password is locked, too, until that lock ends, without a
/// `lockedAt`: PingOne's page on accounts says that it may be missing after failed passwords, and only
/// so "can authenticate or has a locked password" in `reference/flows.md` 6.7 makes sense.
///
/// Source: `reference/platform.md` 3.7.
fn describe(user: &User, account: Option<&Account>, now: Time, object: &mut Object) {
    let is_locked_by_admin = account.is_some_and(|it| it.locked_by_admin);
    let password_lock = account.and_then(|it| lockout::locked_for(it, now));
    let is_locked = is_locked_by_admin || password_lock.is_some();
    let mut state = Object::new();
    state.insert("canAuthenticate".into(), json!(user.enabled && !is_locked));
    let status = if is_locked { "LOCKED" } else { "OK" };
    state.insert("status".into(), json!(status));
    if is_locked_by_admin {
        if let Some(at) = account.and_then(|it| it.locked_at) {
            state.insert("lockedAt".into(), json!(at));
        }
    } else if let Some(left) = password_lock {
        let seconds = left.as_millis().div_ceil(1_000);
        state.insert("secondsUntilUnlock".into(), json!(seconds));
        state.insert("unlockAt".into(), json!(now.plus(left)));
    }
    object.insert("account".into(), Value::Object(state));
    if user.verify_status == VerifyStatus::NotInitiated {
        object.insert("verifyStatus".into(), json!(user.verify_status));
    }
    if let Some(last) = account.and_then(|it| it.last_sign_on.as_ref()) {
        object.insert("lastSignOn".into(), json!(last));
    }
}

/// What users can be filtered by (`reference/platform.md` 1.5).
pub fn filterable(call: &Call<'_>) -> Vec<Filterable> {
    const EQ: &[Operator] = &[Operator::Eq];
    /// Decision: `ew` and `co` are documented for some attributes, without a list; all of them.
    const TEXT: &[Operator] = &[Operator::Eq, Operator::Sw, Operator::Ew, Operator::Co];
    let texts = attributes::TEXTS.iter();
    let texts = texts.map(|name| Filterable::new(name, TEXT));
    let exact = ["id", "population.id", "enabled", "memberOfGroups[id]"];
    texts
        .chain(exact.into_iter().map(|name| Filterable::new(name, EQ)))
        .chain(custom::filterable(call))
        .collect()
}

/// The password of somebody new.
fn credential_of(
    user: &User,
    hash: PasswordHash,
    force_change: bool,
    call: &Call<'_>,
) -> Credential {
    let mut credential = Credential::new(user.id, hash, call.now());
    credential.force_change = force_change;
    debug_assert_eq!(credential.id(), user.id());
    credential
}

/// A member of the body that is wrong.
fn wrong(misfit: Misfit) -> Refused {
    let why = format!("{}: {}", misfit.target, misfit.message);
    crate::refusal::Refusal::Unfit(vec![misfit]).because(why)
}
