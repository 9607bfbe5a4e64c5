//! Registration: somebody becomes a user during a sign-on (`reference/flows.md` 6.9). What a policy
//! offers, what may be said of oneself, and what is written.

use std::collections::BTreeSet;

use countersign_domain::entity;
use countersign_domain::ids::{PasswordPolicyId, PopulationId, UserId};
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::policy::{ProfileData, Requirement, check};
use countersign_domain::policy::sign_on::Registration;
use countersign_domain::reference::{Ref, fold};
use countersign_domain::schema::SchemaAttribute;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use countersign_domain::user::{
    Credential, Lifecycle, LifecycleStatus, User, UserIdentityProvider, VerifyStatus,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::flows::external::ExternalIdentity;
use crate::flows::guess::MAX_LEN;
use crate::flows::profile;
use crate::misfit::Misfit;
use crate::own_attributes;
use crate::refusal::{Outcome, Refusal, Refused};

/// How an action lets people register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RegistrationOffer {
    /// In the flow: `user.register`. New users come into this population, else into the default one.
    Here(Option<PopulationId>),
    /// On a page elsewhere: `registration.external`.
    Elsewhere(String),
}

impl RegistrationOffer {
    /// Source: `reference/flows.md` 4, 9.3.
    pub fn of(settings: &Registration) -> Option<Self> {
        if settings.enabled {
            return Some(Self::Here(settings.population.map(|it| it.id)));
        }
        let external = settings.external.as_ref();
        let is_web = |href: &str| href.starts_with("https://") || href.starts_with("http://");
        external
            .filter(|it| is_web(&it.href))
            .map(|it| Self::Elsewhere(it.href.clone()))
    }
}

/// Longest username, in characters.
/// Source: `reference/platform.md` 3.7.
const LONGEST_USERNAME: usize = 128;

/// A username as it was typed, if it can be one: letters, marks, numbers, symbols, punctuation and
/// spaces. Space around it is cut.
///
/// Decision: characters that nobody sees are refused, so that no name looks like another.
pub fn username(typed: Option<&str>) -> Result<String, Refused> {
    const UNSEEN: [std::ops::RangeInclusive<char>; 7] = [
        '\u{ad}'..='\u{ad}',
        '\u{61c}'..='\u{61c}',
        '\u{180e}'..='\u{180e}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
    ];
    let name = typed.map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or(Refusal::ValueRequired("username"))?;
    let is_seen = |it: char| !it.is_control() && !UNSEEN.iter().any(|unseen| unseen.contains(&it));
    if name.chars().count() > LONGEST_USERNAME || !name.chars().all(is_seen) {
        let why = "longer than 128 characters, or with characters that nobody sees";
        return Err(Refusal::ValueInvalid("username").because(why));
    }
    Ok(name.to_owned())
}

/// A member of a body that is text, if it is there.
pub fn typed<'a>(
    body: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, Refused> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(Refusal::ValueInvalid(name).because("not text")),
    }
}

/// Somebody who wants to be a user, as they describe themselves.
pub struct Applicant {
    /// The user they would be.
    pub user: User,
    /// The password they chose.
    pub password: Option<SecretString>,
}

impl Applicant {
    /// From the body of a request. What decides over access (`enabled`, `population` and the like)
    /// is not for them to say and ignored like everything unknown.
    ///
    /// Compat: attributes of the environment's `own` are for them to say, as in PingOne
    /// (`reference/flows.md` 6.9): an environment in which they decide over access must not offer
    /// registration, or check them afterwards.
    pub fn read(
        body: &Map<String, Value>,
        own: &[SchemaAttribute],
        id: UserId,
        population: PopulationId,
        now: Time,
    ) -> Result<Self, Refused> {
        let name = username(typed(body, "username")?)?;
        let mut user = serde_json::to_value(blank(id, name, population, now)).unwrap_or_default();
        for attribute in profile::ATTRIBUTES {
            match profile::answered(attribute, body)? {
                Some(value) => profile::put(&mut user, attribute.name, value),
                None if attribute.name == "email" => {
                    return Err(Refusal::ValueRequired("email").into());
                }
                None => {}
            }
        }
        let mut user: User = serde_json::from_value(user)
            .map_err(|_| Refusal::MalformedBody.because("not a user with these attributes"))?;
        add_own(&mut user, body, own)?;
        let password = typed(body, "password")?.filter(|it| !it.is_empty());
        if password.is_some_and(|it| it.len() > MAX_LEN) {
            return Err(Refusal::ValueInvalid("password").because("longer than 1 KiB"));
        }
        Ok(Self {
            user,
            password: password.map(SecretString::from),
        })
    }
}

impl Applicant {
    /// With what an identity provider says of them. An address that it verified need not be verified
    /// again, as long as they kept it.
    pub fn vouched_for(&mut self, cx: &Cx, identity: &ExternalIdentity) -> Result<(), Fault> {
        self.user = identity.told(cx, &self.user)?;
        let kept = identity.get("email").map(fold) == self.user.email.as_deref().map(fold);
        if identity.email_verified && kept {
            self.user.email_verified = true;
            self.user.lifecycle.status = LifecycleStatus::AccountOk;
        }
        Ok(())
    }
}

/// Adds what they say of the environment's own attributes.
fn add_own(
    user: &mut User,
    body: &Map<String, Value>,
    own: &[SchemaAttribute],
) -> Result<(), Refused> {
    let mut misfits = Vec::new();
    for attribute in own_attributes::enabled(own) {
        let value = own_attributes::answered(attribute, body);
        misfits.extend(own_attributes::fault(attribute, value.as_ref(), None));
        if let Some(value) = value {
            user.custom.insert(attribute.name.clone(), value);
        }
    }
    if !misfits.is_empty() {
        return Err(Refusal::Unfit(misfits).because("attributes of the environment's own"));
    }
    own_attributes::mark_unique(own, user);
    Ok(())
}

fn blank(id: UserId, username: String, population: PopulationId, now: Time) -> User {
    User {
        id,
        username,
        email: None,
        email_verified: false,
        enabled: true,
        mfa_enabled: false,
        verify_status: VerifyStatus::default(),
        lifecycle: Lifecycle {
            status: LifecycleStatus::VerificationRequired,
        },
        population: Ref::to(population),
        identity_provider: UserIdentityProvider::default(),
        name: None,
        address: None,
        nickname: None,
        title: None,
        type_: None,
        locale: None,
        preferred_language: None,
        timezone: None,
        mobile_phone: None,
        primary_phone: None,
        external_id: None,
        photo: None,
        account_id: None,
        custom: Map::new(),
        unique_custom: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

/// What a password lacks, and the policy that says so.
type Lacking = (BTreeSet<Requirement>, PasswordPolicyId);

/// What a registration needs to know. Slow hashes are facts.
pub struct Registrant {
    /// The user to be.
    pub user: User,
    /// The password, hashed, or what it lacks; none where none is needed.
    outcome: Option<Result<PasswordHash, Lacking>>,
    /// Somebody has the username.
    is_taken: bool,
    /// Values that somebody has, and no two may have.
    taken: Vec<Misfit>,
}

impl Registrant {
    /// Reads and hashes, whether the username is free or not: the time tells nothing.
    pub async fn gather(cx: &Cx, applicant: Applicant) -> Outcome<Self> {
        let Applicant { user, password } = applicant;
        let store = &*cx.ports.store;
        let name = fold(&user.username);
        let (rule, env) = (User::UNIQUE_USERNAME, cx.env_id());
        let holder = entity::load_by::<User>(store, env, rule, name, cx.now).await?;
        let outcome = match password {
            Some(password) => Some(judge(cx, &user, password).await?),
            None => None,
        };
        Ok(Self {
            outcome,
            is_taken: holder.is_some(),
            taken: own_attributes::taken(cx, &user).await?,
            user,
        })
    }

    /// Why they cannot become a user. That a name is taken is said last, when all else is right.
    pub fn refusal(&self) -> Option<Refused> {
        if let Some(Err((lacking, policy))) = &self.outcome {
            let why = format!("the password lacks {lacking:?}");
            let refusal = Refusal::PasswordUnacceptable {
                target: "password",
                lacking: lacking.iter().copied().collect(),
                policy: *policy,
            };
            return Some(refusal.because(why));
        }
        if self.is_taken {
            return Some(Refusal::UsernameTaken.because("another user has this username"));
        }
        let is_free = self.taken.is_empty();
        (!is_free)
            .then(|| Refusal::Unfit(self.taken.clone()).because("another user has this value"))
    }

    /// The new user with their password.
    pub fn writes(&self, cx: &Cx) -> Result<Batch, Fault> {
        let env = cx.env_id();
        let batch = Batch::new().create(env, &self.user)?;
        match &self.outcome {
            Some(Ok(hash)) => {
                batch.create(env, &Credential::new(self.user.id, hash.clone(), cx.now))
            }
            _ => Ok(batch),
        }
    }
}

async fn judge(
    cx: &Cx,
    user: &User,
    password: SecretString,
) -> Outcome<Result<PasswordHash, Lacking>> {
    let population = cx.env.registering(Some(user.population.id));
    let policy = population.and_then(|it| it.password_policy.as_ref().map(|it| it.id));
    let policy = cx.env.password_policy(policy).ok_or(Fault::Misconfigured(
        "the environment has no password policy",
    ))?;
    let profile = ProfileData::of(user);
    let lacking = check(policy, password.expose_secret(), None, &profile);
    if !lacking.is_empty() {
        return Ok(Err((lacking, policy.id)));
    }
    let mut salt = [0; 16];
    cx.ports.entropy.fill(&mut salt);
    Ok(Ok(cx.ports.heavy.hash_password(password, salt).await?))
}

/// Where new users go: the population of the settings, while it is there, else the default one.
pub fn population(cx: &Cx, named: Option<PopulationId>) -> Outcome<PopulationId> {
    let found = cx.env.registering(named).map(|it| it.id);
    Ok(found.ok_or(Fault::Misconfigured(
        "the environment has no default population",
    ))?)
}

#[cfg(test)]
mod tests;
