//! `POST /users`: plain, and the import of somebody with a password.

use countersign_domain::ids::PopulationId;
use countersign_domain::password::hash::PasswordHash;
use countersign_domain::password::policy::{ProfileData, check};
use countersign_domain::population::Population;
use countersign_domain::ports::BoxFuture;
use countersign_domain::user::{Credential, LifecycleStatus, User};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Facts, credential_of, password, wrong};
use crate::flows::actions::password_reset::used_before;
use crate::flows::codes::{self, Issue};
use crate::flows::guess::MAX_LEN;
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::noun;
use crate::v1::route::Media;

/// `POST`, `application/json`
pub(super) fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(make(call))
}

/// `POST`, `application/vnd.pingidentity.user.import+json`
pub(super) fn import<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(make(call))
}

async fn make(call: &Call<'_>) -> Outcome<Reply> {
    let mut body = body::object(call.body)?;
    if is_placed_nowhere(&body) {
        let population = default_population(call).await?;
        place(&mut body, population);
    }
    let user = noun::create_from::<User>(call, body).await?;
    Ok(Reply::created(noun::shown(call, &user).await?))
}

pub(super) fn is_placed_nowhere(body: &Object) -> bool {
    body.get("population").is_none_or(Value::is_null)
}

pub(super) fn place(body: &mut Object, population: PopulationId) {
    body.insert("population".into(), json!({ "id": population }));
}

/// Where somebody goes who is put nowhere.
/// Source: `reference/platform.md` 3.7.
pub(super) async fn default_population(call: &Call<'_>) -> Outcome<PopulationId> {
    let populations = noun::all::<Population>(call).await?;
    let found = populations.iter().find(|it| it.default).map(|it| it.id);
    let found = found.or_else(|| match populations.as_slice() {
        [only] => Some(only.id),
        _ => None,
    });
    found.ok_or_else(|| wrong(Misfit::required("population")).into())
}

fn is_import(call: &Call<'_>) -> bool {
    call.endpoint.media == Media::Custom("user.import")
}

/// What the environment says of new users, and members that only an import may set; they were dropped
/// with the other read-only ones.
/// Source: `reference/platform.md` 1.7, 3.7.
pub(super) fn complete(call: &Call<'_>, made: &mut Object) -> Result<(), Refused> {
    made.entry("mfaEnabled")
        .or_insert_with(|| json!(call.cx.env.new_users_have_mfa));
    if !is_import(call) {
        return Ok(());
    }
    let given = body::without_nulls(body::object(call.body)?);
    for name in ["emailVerified", "lifecycle", "identityProvider"] {
        if let Some(value) = given.get(name) {
            made.insert(name.to_owned(), value.clone());
        }
    }
    // The type follows from the provider.
    let id = made.get("identityProvider").and_then(|it| it.get("id"));
    match id.cloned() {
        None => _ = made.remove("identityProvider"),
        Some(id) => {
            let mut known = call.cx.env.providers.iter().map(|it| &it.provider);
            let found = known.find(|it| id == json!(it.id));
            let found = found.ok_or_else(|| {
                let why = "no identity provider has this id";
                wrong(Misfit::invalid("identityProvider.id", why))
            })?;
            let provider = json!({ "id": id, "type": found.type_.name() });
            made.insert("identityProvider".into(), provider);
        }
    }
    Ok(())
}

/// The code for an address that is to be verified.
///
/// Source: `reference/platform.md` 3.7, `lifecycle`.
pub(super) async fn verification(call: &Call<'_>, user: &User) -> Outcome<Option<Issue>> {
    let waits = user.lifecycle.status == LifecycleStatus::VerificationRequired;
    if !waits || user.email.is_none() {
        return Ok(None);
    }
    let body = body::object(call.body)?;
    let lifecycle = body.get("lifecycle");
    let suppressed = lifecycle.and_then(|it| it.get("suppressVerificationCode"));
    if suppressed == Some(&Value::Bool(true)) {
        return Ok(None);
    }
    Ok(codes::for_verification(call.cx, user).await?)
}

/// The password of an import.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    value: Option<SecretString>,
    #[serde(default)]
    force_change: bool,
    #[serde(default)]
    bypass_policy: bool,
}

/// The member of an import's body that has it.
#[derive(Deserialize)]
struct Body {
    password: Given,
}

/// Hashes the password that comes with an import, or says what is wrong with it. Clear text is held
/// against the policy, a hash is taken as it is.
pub(super) async fn password(call: &Call<'_>, user: &User, facts: &mut Facts) -> Outcome<()> {
    if !is_import(call) {
        return Ok(());
    }
    let body = body::without_nulls(body::object(call.body)?);
    let Some(given) = body.get("password").cloned() else {
        return Ok(());
    };
    let mut wrapped = Object::new();
    wrapped.insert("password".into(), given);
    let Body { password: given } = body::read(wrapped).map_err(wrong)?;
    let Some(value) = given.value else {
        return Ok(());
    };
    let made = new_hash(
        call,
        user,
        None,
        &value,
        given.bypass_policy,
        "password.value",
    )
    .await?;
    match made {
        Ok(hash) => facts.credential = Some(credential_of(user, hash, given.force_change, call)),
        Err(refused) => facts.unacceptable = Some(refused),
    }
    Ok(())
}

/// A hash for a password that an administrator sets, in place of the one that the user has in
/// `before`.
///
/// Decision: a password set by an administrator is held against the former ones and the current one
/// as everybody's is, and is never too soon.
pub(super) async fn new_hash(
    call: &Call<'_>,
    user: &User,
    before: Option<&Credential>,
    value: &SecretString,
    bypass_policy: bool,
    target: &'static str,
) -> Outcome<Result<PasswordHash, Refused>> {
    let text = value.expose_secret();
    if text.is_empty() || text.len() > MAX_LEN {
        let message = "must have 1 to 1024 bytes";
        return Ok(Err(wrong(Misfit::invalid(target, message))));
    }
    if let Some(encoded) = PasswordHash::of_value(text) {
        return Ok(encoded.map_err(|error| wrong(Misfit::invalid(target, error.to_string()))));
    }
    if !bypass_policy {
        let policy = password::policy_of(call, user).await?;
        let mut lacking = check(&policy, text, None, &ProfileData::of(user));
        if let Some(before) = before {
            lacking.extend(used_before(call.cx, &policy, before, None, value).await?);
        }
        if !lacking.is_empty() {
            let why = format!("the new password lacks {lacking:?}");
            let refusal = Refusal::PasswordUnacceptable {
                target,
                lacking: lacking.into_iter().collect(),
                policy: policy.id,
            };
            return Ok(Err(refusal.because(why)));
        }
    }
    let mut salt = [0; 16];
    call.cx.ports.entropy.fill(&mut salt);
    let hash = call
        .cx
        .ports
        .heavy
        .hash_password(value.clone(), salt)
        .await?;
    Ok(Ok(hash))
}
