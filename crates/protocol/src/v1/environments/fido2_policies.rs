//! `/v1/environments/{e}/fido2Policies` (`reference/mfa.md` 10): stored and checked.

use countersign_domain::entity::Stored;
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy};
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use crate::misfit::{Hint, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::part::Part;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/fido2Policies";
const ONE: &str = "/environments/{environment}/fido2Policies/{fido2Policy}";

/// `/environments/{e}/fido2Policies`
pub const RESOURCE: Resource = Resource {
    name: "fido2Policies",
    endpoints: &[
        Endpoint::get(ALL, "fido2Policies:read", noun::list::<Fido2Policy>),
        Endpoint::post(ALL, "fido2Policies:create", noun::create::<Fido2Policy>),
        Endpoint::get(ONE, "fido2Policies:read", noun::read::<Fido2Policy>),
        Endpoint::put(ONE, "fido2Policies:update", noun::replace::<Fido2Policy>),
        Endpoint::delete(ONE, "fido2Policies:delete", noun::remove::<Fido2Policy>),
    ],
};

/// What `expand` adds, and whose ids and names it holds.
const EXPANDED: &str = "deviceAuthenticationPolicies";

/// What judging a change takes.
pub struct Facts {
    others: Vec<Stored<Fido2Policy>>,
    users: Vec<Stored<DeviceAuthenticationPolicy>>,
}

impl Noun for Fido2Policy {
    const PLURAL: &'static str = "fido2Policies";
    const PARAMETER: &'static str = "fido2Policy";
    const READ_ONLY: &'static [&'static str] = &[EXPANDED];
    type Facts = Facts;

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        check(body)
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let id = change.before().map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        let others = others.into_iter().filter(|it| Some(it.id) != id).collect();
        let users = match change {
            Change::Remove(before) => users_of(call, before).await?,
            Change::Create(_) | Change::Replace { .. } => Vec::new(),
        };
        Ok(Facts { others, users })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(removed(change.before(), &facts)?);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 2_048);
        check.length("deviceDisplayName", &after.device_display_name, 1, 100);
        check.expect(is_domain(&after.relying_party_id), || {
            Misfit::invalid("relyingPartyId", "must be a domain in lower case")
        });
        let attested = after.ea_unique_identifier_attribute.as_ref();
        check.expect(attested.is_none_or(|it| !it.name.is_empty()), || {
            Misfit::invalid("eaUniqueIdentifierAttribute.name", "must not be empty")
        });
        check.finish()?;
        let mut batch = Batch::new();
        if after.default {
            for other in facts.others.iter().filter(|it| it.default) {
                let mut former = other.value.clone();
                former.default = false;
                former.updated_at = call.now();
                batch = batch.update(call.env, &former, other.version)?;
            }
        }
        Ok(batch)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        if call.asks_for("expand", EXPANDED) {
            let users = users_of(call, self).await?;
            let users = users
                .iter()
                .map(|it| json!({ "id": it.id, "name": it.name }));
            object.insert(EXPANDED.into(), users.collect());
        }
        Ok(object)
    }
}

/// The device authentication policies that name a policy.
async fn users_of(
    call: &Call<'_>,
    policy: &Fido2Policy,
) -> Outcome<Vec<Stored<DeviceAuthenticationPolicy>>> {
    let mut all = noun::all::<DeviceAuthenticationPolicy>(call).await?;
    all.retain(|it| {
        let fido2 = it.fido2.as_ref();
        fido2.is_some_and(|it| it.fido2_policy_id == Some(policy.id))
    });
    Ok(all)
}

fn is_domain(text: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    let is_label = |it: &str| !it.is_empty() && it.chars().all(is_plain);
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Source: `reference/platform.md` 1.8.
fn removed(before: Option<&Stored<Fido2Policy>>, facts: &Facts) -> Result<Batch, Refused> {
    if before.is_some_and(|it| it.default) {
        let message = "You cannot delete the default policy";
        let misfit = Misfit::constraint("", message);
        return Err(Refusal::NotNow(None, vec![misfit]).because(message));
    }
    if !facts.users.is_empty() {
        let message = "The policy is used by a device authentication policy";
        let misfit = Misfit::invalid("deviceAuthenticationPolicies", message);
        return Err(Refusal::InUse(vec![misfit]).because(message));
    }
    Ok(Batch::new())
}

/// Source: `reference/mfa.md` 10.
fn check(body: &Object) -> Result<(), Refused> {
    const HINTS: [&str; 3] = ["SECURITY_KEY", "CLIENT_DEVICE", "HYBRID"];
    const STRENGTHS: [&str; 3] = ["REQUIRED", "PREFERRED", "DISCOURAGED"];
    let mut check = Check::new();
    let body = Part::body(body);
    for (name, allowed) in [
        ("attestationRequirements", ["NONE", "DIRECT", "ENTERPRISE"]),
        (
            "authenticatorAttachment",
            ["PLATFORM", "CROSS_PLATFORM", "BOTH"],
        ),
        ("discoverableCredentials", STRENGTHS),
    ] {
        body.choice(&mut check, name, &allowed);
    }
    if let Some(backup) = body.needed(&mut check, "backupEligibility") {
        backup.switch(&mut check, "allow");
        backup.switch(&mut check, "enforceDuringAuthentication");
    }
    if let Some(verification) = body.needed(&mut check, "userVerification") {
        verification.choice(&mut check, "option", &STRENGTHS);
        verification.switch(&mut check, "enforceDuringAuthentication");
    }
    if let Some(models) = body.needed(&mut check, "mdsAuthenticatorsRequirements") {
        let options = ["NONE", "AUDIT_ONLY", "GLOBAL", "CERTIFIED", "SPECIFIC"];
        models.choice(&mut check, "option", &options);
        models.may_switch(&mut check, "enforceDuringAuthentication");
    }
    if let Some(timeout) = body.part(&mut check, "userPresenceTimeout") {
        const UNITS: [(&str, i64); 2] = [("MINUTES", 1), ("SECONDS", 60)];
        timeout.choice(&mut check, "timeUnit", &UNITS.map(|(name, _)| name));
        let unit = timeout.get("timeUnit").and_then(Value::as_str);
        if let Some((_, minute)) = UNITS.iter().find(|(name, _)| Some(*name) == unit) {
            timeout.number(&mut check, "duration", *minute..=10 * minute);
        }
    }
    let hints = body
        .get("publicKeyCredentialHints")
        .and_then(Value::as_array);
    let is_hint = |it: &Value| it.as_str().is_none_or(|it| HINTS.contains(&it));
    check.expect(hints.is_none_or(|it| it.iter().all(is_hint)), || {
        let words = HINTS.map(str::to_owned).to_vec();
        let message = format!("must be of: {}", HINTS.join(", "));
        Misfit::invalid("publicKeyCredentialHints", message).hinting(Hint::Values(words))
    });
    if let Some(names) = body.needed(&mut check, "userDisplayNameAttributes") {
        if names.get("attributes").is_none() {
            check.note(Misfit::required(names.path_of("attributes")));
            return check.finish();
        }
        let listed = names.parts(&mut check, "attributes");
        let has_username = listed
            .iter()
            .any(|it| it.get("name") == Some(&json!("username")));
        check.expect((1..=6).contains(&listed.len()) && has_username, || {
            let why = "must have 1 to 6 entries, username among them";
            Misfit::invalid(names.path_of("attributes"), why)
        });
    }
    check.finish()
}
