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

/// What judging a change takes.
pub struct Facts {
    others: Vec<Stored<Fido2Policy>>,
    is_used: bool,
}

impl Noun for Fido2Policy {
    const PLURAL: &'static str = "fido2Policies";
    const PARAMETER: &'static str = "fido2Policy";
    const READ_ONLY: &'static [&'static str] = &["deviceAuthenticationPolicies"];
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
        let mut is_used = false;
        if let (Change::Remove(_), Some(id)) = (&change, id) {
            let policies = noun::all::<DeviceAuthenticationPolicy>(call).await?;
            let uses = |fido2: &Object| fido2.get("fido2PolicyId") == Some(&json!(id));
            is_used = policies.iter().filter_map(|it| it.fido2.as_ref()).any(uses);
        }
        Ok(Facts { others, is_used })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(removed(change.before(), &facts)?);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 2_048);
        check.length("deviceDisplayName", &after.device_display_name, 1, 100);
        let id = &after.relying_party_id;
        let is_domain = !id.is_empty()
            && id.len() <= 253
            && id
                .chars()
                .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || ".-".contains(it));
        check.expect(is_domain, || {
            Misfit::invalid("relyingPartyId", "must be a domain in lower case")
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
}

/// Source: `reference/platform.md` 1.8.
fn removed(before: Option<&Stored<Fido2Policy>>, facts: &Facts) -> Result<Batch, Refused> {
    if before.is_some_and(|it| it.default) {
        let message = "You cannot delete the default policy";
        let misfit = Misfit::constraint("", message);
        return Err(Refusal::NotNow(None, vec![misfit]).because(message));
    }
    if facts.is_used {
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
        let listed = names.get("attributes").and_then(Value::as_array);
        let listed = listed.map(Vec::as_slice).unwrap_or_default();
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
