//! `/v1/environments/{e}/deviceAuthenticationPolicies` (`reference/platform.md` 3.17; `mfa.md` 9):
//! stored and checked.

use countersign_domain::entity::Stored;
use countersign_domain::policy::mfa::DeviceAuthenticationPolicy;
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction};
use countersign_domain::store::Batch;
use serde_json::{Value, json};

use crate::configuration;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::part::Part;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/deviceAuthenticationPolicies";
const ONE: &str =
    "/environments/{environment}/deviceAuthenticationPolicies/{deviceAuthenticationPolicy}";
type Policy = DeviceAuthenticationPolicy;

/// `/environments/{e}/deviceAuthenticationPolicies`
pub const RESOURCE: Resource = Resource {
    name: "deviceAuthenticationPolicies",
    endpoints: &[
        Endpoint::get(
            ALL,
            "deviceAuthenticationPolicies:read",
            noun::list::<Policy>,
        ),
        Endpoint::post(
            ALL,
            "deviceAuthenticationPolicies:create",
            noun::create::<Policy>,
        ),
        Endpoint::get(
            ONE,
            "deviceAuthenticationPolicies:read",
            noun::read::<Policy>,
        ),
        Endpoint::put(
            ONE,
            "deviceAuthenticationPolicies:update",
            noun::replace::<Policy>,
        ),
        Endpoint::delete(
            ONE,
            "deviceAuthenticationPolicies:delete",
            noun::remove::<Policy>,
        ),
    ],
};

/// What judging a change takes.
pub struct Facts {
    others: Vec<Stored<Policy>>,
    is_used: bool,
}

/// Methods that send a code.
const BY_MESSAGE: [&str; 4] = ["sms", "voice", "email", "whatsApp"];
/// Methods with a device that makes the code.
const BY_DEVICE: [&str; 3] = ["mobile", "totp", "oathToken"];
const SELECTIONS: [&str; 3] = [
    "DEFAULT_TO_FIRST",
    "PROMPT_TO_SELECT",
    "ALWAYS_DISPLAY_DEVICES",
];
const NOTIFICATIONS: [&str; 3] = ["NONE", "EMAIL_THEN_SMS", "SMS_THEN_EMAIL"];

impl Noun for Policy {
    const PLURAL: &'static str = "deviceAuthenticationPolicies";
    const PARAMETER: &'static str = "deviceAuthenticationPolicy";
    const READ_ONLY: &'static [&'static str] = &["forSignOnPolicy"];
    type Facts = Facts;

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        for old in ["securityKey", "platform"] {
            let is_on = body.get(old).and_then(|it| it.get("enabled"));
            if is_on == Some(&Value::Bool(true)) {
                let message = "Deprecated Fido Settings: use fido2";
                let misfit = Misfit::constraint(old, message);
                return Err(Refusal::Unfit(vec![misfit]).because(message));
            }
        }
        let text = |name: &str| Value::from(name);
        body.entry("newDeviceNotification")
            .or_insert_with(|| text("EMAIL_THEN_SMS"));
        body.entry("authentication")
            .or_insert_with(|| json!({ "deviceSelection": "DEFAULT_TO_FIRST" }));
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        complete(body);
        check(body)
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let id = change.before().map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        let others = others.into_iter().filter(|it| Some(it.id) != id).collect();
        let mut is_used = false;
        if let (Change::Remove(_), Some(id)) = (&change, id) {
            let (store, now) = (call.store(), call.now());
            let actions = configuration::all::<SignOnAction>(store, call.env, now).await?;
            is_used = actions.iter().any(|action| match &action.step {
                ActionStep::MultiFactorAuthentication {
                    device_authentication_policy: Some(policy),
                    ..
                } => json!(policy.id) == json!(id),
                _ => false,
            });
        }
        Ok(Facts { others, is_used })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(removed(change.before(), &facts)?);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
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

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove("createdAt");
        Ok(object)
    }
}

/// Source: `reference/platform.md` 1.8, 3.17.
fn removed(before: Option<&Stored<Policy>>, facts: &Facts) -> Result<Batch, Refused> {
    if before.is_some_and(|it| it.default) {
        let message = "You cannot remove default device authentication policy";
        let misfit = Misfit::constraint("", message);
        return Err(Refusal::NotNow(None, vec![misfit]).because(message));
    }
    if facts.is_used {
        let message = "The policy is used by a sign-on policy";
        let misfit = Misfit::invalid("signOnPolicies", message);
        return Err(Refusal::InUse(vec![misfit]).because(message));
    }
    Ok(Batch::new())
}

/// Fills in what a method leaves out.
fn complete(body: &mut Object) {
    let minutes = |duration: u32| json!({ "duration": duration, "timeUnit": "MINUTES" });
    for name in BY_MESSAGE {
        let otp = json!({ "lifeTime": minutes(30),
            "failure": { "count": 3, "coolDown": minutes(0) }, "otpLength": 6 });
        fill(body, name, &otp);
    }
    for name in BY_DEVICE {
        let otp = json!({ "failure": { "count": 3, "coolDown": minutes(2) } });
        fill(body, name, &otp);
    }
}

fn fill(body: &mut Object, name: &str, otp: &Value) {
    let Some(method) = body.get_mut(name).and_then(Value::as_object_mut) else {
        return;
    };
    let given = method.entry("otp").or_insert_with(|| otp.clone());
    let (Some(given), Some(otp)) = (given.as_object_mut(), otp.as_object()) else {
        return;
    };
    for (member, value) in otp {
        given.entry(member).or_insert_with(|| value.clone());
    }
}

/// Source: `reference/platform.md` 3.17.
fn check(body: &Object) -> Result<(), Refused> {
    const UNITS: [&str; 2] = ["MINUTES", "SECONDS"];
    let mut check = Check::new();
    let body = Part::body(body);
    for name in ["sms", "voice", "email", "mobile", "totp"] {
        if body.get(name).is_none() {
            check.note(Misfit::required(name));
        }
    }
    for name in BY_MESSAGE.into_iter().chain(BY_DEVICE).chain(["fido2"]) {
        let Some(method) = body.part(&mut check, name) else {
            continue;
        };
        method.switch(&mut check, "enabled");
        method.may_switch(&mut check, "pairingDisabled");
        let Some(otp) = method.part(&mut check, "otp") else {
            continue;
        };
        if otp.get("otpLength").is_some() {
            otp.number(&mut check, "otpLength", 6..=10);
        }
        if let Some(lifetime) = otp.part(&mut check, "lifeTime") {
            lifetime.number(&mut check, "duration", 1..=7_200);
            lifetime.choice(&mut check, "timeUnit", &UNITS);
        }
        if let Some(failure) = otp.part(&mut check, "failure") {
            failure.number(&mut check, "count", 1..=7);
            if let Some(rest) = failure.part(&mut check, "coolDown") {
                rest.number(&mut check, "duration", 0..=1_800);
                rest.choice(&mut check, "timeUnit", &UNITS);
            }
        }
    }
    remembered(&mut check, &body);
    if let Some(selection) = body.part(&mut check, "authentication") {
        selection.choice(&mut check, "deviceSelection", &SELECTIONS);
    }
    body.choice(&mut check, "newDeviceNotification", &NOTIFICATIONS);
    check.finish()
}

/// How long a browser is remembered: a minute at least, ninety days at most.
///
/// Source: Ping's Terraform provider, which writes 30 minutes when it is told nothing;
/// `reference/platform.md` 3.17 has an hour.
fn remembered(check: &mut Check, body: &Part<'_>) {
    const UNITS: [(&str, i64); 3] = [("MINUTES", 60), ("HOURS", 3_600), ("DAYS", 86_400)];
    let remembered = body.part(check, "rememberMe");
    let Some(web) = remembered.and_then(|it| it.part(check, "web")) else {
        return;
    };
    web.switch(check, "enabled");
    let Some(life) = web.part(check, "lifeTime") else {
        return;
    };
    life.choice(check, "timeUnit", &UNITS.map(|(name, _)| name));
    let unit = life.get("timeUnit").and_then(Value::as_str);
    if let Some((_, seconds)) = UNITS.iter().find(|(name, _)| Some(*name) == unit) {
        life.number(check, "duration", 1..=90 * 86_400 / seconds);
    }
}
