//! `/v1/environments/{e}/deviceAuthenticationPolicies` (`reference/platform.md` 3.17; `mfa.md` 9):
//! stored and checked.

mod checks;
mod references;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::policy::mfa::DeviceAuthenticationPolicy;
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction};
use countersign_domain::store::{Batch, Entries};
use serde_json::{Value, json};

use crate::configuration;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
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
    /// What the policy refers to and is not there.
    dangling: Vec<Misfit>,
}

/// Methods that send a code.
const BY_MESSAGE: [&str; 4] = ["sms", "voice", "email", "whatsApp"];
/// Methods with a device that makes the code.
const BY_DEVICE: [&str; 3] = ["mobile", "totp", "oathToken"];

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
        checks::check(body)
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
        let dangling = match change.after() {
            Some(after) => {
                let before = change.before().map(|it| &it.value);
                references::dangling(call, after, before).await?
            }
            None => Vec::new(),
        };
        Ok(Facts {
            others,
            is_used,
            dangling,
        })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            let (kind, index) = (SignOnAction::KIND, SignOnAction::BY_DEVICE_POLICY);
            let id = change.before().map(|it| it.id.to_string());
            let users = Entries::equal(kind, call.env, index, id.unwrap_or_default());
            return Ok(removed(change.before(), &facts)?.leaves_none(users));
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        for misfit in facts.dangling {
            check.note(misfit);
        }
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

/// Fills in what a method leaves out. Null is absence in the list of applications, too.
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
    let passkeys = json!({ "coolDown": minutes(2) });
    fill_in(
        body.get_mut("fido2").and_then(|it| it.get_mut("failure")),
        &passkeys,
    );
    let applications = body
        .get_mut("mobile")
        .and_then(|it| it.get_mut("applications"));
    for application in applications
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Value::Object(given) = application {
            *given = body::without_nulls(std::mem::take(given));
        }
    }
}

fn fill(body: &mut Object, name: &str, otp: &Value) {
    let Some(method) = body.get_mut(name).and_then(Value::as_object_mut) else {
        return;
    };
    let given = method.entry("otp").or_insert_with(|| json!({}));
    fill_in(Some(given), otp);
    // How many failures are too many is for whoever names them to say.
    let cool_down = json!({ "coolDown": otp.pointer("/failure/coolDown") });
    fill_in(given.get_mut("failure"), &cool_down);
}

/// Adds the members that an object lacks.
fn fill_in(given: Option<&mut Value>, usual: &Value) {
    if let (Some(Value::Object(given)), Value::Object(usual)) = (given, usual) {
        for (member, value) in usual {
            given.entry(member).or_insert_with(|| value.clone());
        }
    }
}
