//! `/v1/environments/{e}/signOnPolicies/{s}/actions` (`reference/platform.md` 3.10).

use countersign_domain::agreement::Agreement;
use countersign_domain::entity::Stored;
use countersign_domain::gateway::{Gateway, GatewayType};
use countersign_domain::identity_provider::IdentityProvider;
use countersign_domain::ids::{GatewayId, IdentityProviderId};
use countersign_domain::policy::mfa::DeviceAuthenticationPolicy;
use countersign_domain::policy::sign_on::{
    ActionStep, Login, Registration, SignOnAction, SignOnPolicy,
};
use countersign_domain::population::Population;
use countersign_domain::store::Batch;
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::conditions;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Number, Object};
use crate::v1::call::Call;
use crate::v1::environments::agreements::readable::Readable;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::part::Part;
use crate::v1::pointing;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/signOnPolicies/{signOnPolicy}/actions";
const ONE: &str = "/environments/{environment}/signOnPolicies/{signOnPolicy}/actions/{action}";
const READ: &str = "signOnPolicies:read";
const UPDATE: &str = "signOnPolicies:update";

/// Most actions of a policy.
///
/// Decision: documented nowhere; a flow walks all of them.
const MAX_ACTIONS: usize = 50;
/// Source: `reference/platform.md` 3.10.
const MAX_RULES: usize = 100;
/// Largest priority and number of seconds: PingOne's numbers have 32 bits and a sign.
const MOST: i64 = i32::MAX as i64;

/// `/environments/{e}/signOnPolicies/{s}/actions`
pub const RESOURCE: Resource = Resource {
    name: "actions",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<SignOnAction>),
        Endpoint::post(ALL, UPDATE, noun::create::<SignOnAction>),
        Endpoint::get(ONE, READ, noun::read::<SignOnAction>),
        Endpoint::put(ONE, UPDATE, noun::replace::<SignOnAction>),
        Endpoint::delete(ONE, UPDATE, noun::remove::<SignOnAction>),
    ],
};

/// What else a change concerns.
pub struct Facts {
    /// Whose action it is.
    policy: Stored<SignOnPolicy>,
    /// How many other actions the policy has.
    others: usize,
    /// What the action refers to and is not there, or cannot be used.
    dangling: Vec<Misfit>,
}

impl Noun for SignOnAction {
    const PLURAL: &'static str = "actions";
    const PARAMETER: &'static str = "action";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "signOnPolicy",
        member: "signOnPolicy",
        index: Self::BY_POLICY,
    });
    const NUMBERS: &'static [Number] = &[
        ("priority", 1..=MOST),
        ("promptIntervalSeconds", 1..=MOST),
        ("condition.greater", 1..=MOST),
    ];
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<SignOnPolicy>(call).await.map(|_| ())
    }

    fn prepare(_call: &Call<'_>, body: &mut Object, _: Option<&Self>) -> Result<(), Refused> {
        let mut check = Check::new();
        for name in needed(body.get("type").and_then(Value::as_str).unwrap_or_default()) {
            check.expect(body.contains_key(*name), || Misfit::required(*name));
        }
        check.finish()
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let policy = noun::named::<SignOnPolicy>(call).await?;
        let (index, owner) = (Self::BY_POLICY, policy.id.to_string());
        let siblings = noun::all_by::<Self>(call, index, owner).await?;
        let id = change.before().map(|it| it.id);
        let others = siblings.iter().filter(|it| Some(it.id) != id).count();
        let dangling = match change.after() {
            Some(after) => {
                let before = change.before().map(|it| &it.value);
                dangling(call, after, before).await?
            }
            None => Vec::new(),
        };
        Ok(Facts {
            policy,
            others,
            dangling,
        })
    }

    /// Decision: several actions may have one priority: Ping's Terraform provider adds an action of
    /// priority 1 beside the last one before it deletes that, and swaps priorities one by one.
    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Facts {
            policy,
            others,
            dangling,
        } = facts;
        if let Some(after) = change.after() {
            let mut check = Check::new();
            for misfit in dangling {
                check.note(misfit);
            }
            check.expect(others < MAX_ACTIONS, || {
                Misfit::constraint("", "a policy has at most 50 actions")
            });
            if let Some(condition) = &after.condition {
                conditions::check(&mut check, "condition".to_owned(), condition);
            }
            step(&mut check, &after.step);
            check.finish()?;
        } else if others == 0 {
            let message = "Cannot delete last action from the policy";
            let misfit = Misfit::constraint("", message);
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        // The policy is written as well, so that of two who take the last two actions away at the
        // same time one comes too late, and nothing is added to what is just being deleted.
        let mut changed = policy.value;
        changed.updated_at = call.now();
        Ok(Batch::new().update(call.env, &changed, policy.version)?)
    }
}

/// Members without which an action of a type means nothing.
fn needed(type_: &str) -> &'static [&'static str] {
    match type_ {
        "IDENTITY_PROVIDER" => &["identityProvider"],
        "AGREEMENT" => &["agreement"],
        "PROGRESSIVE_PROFILING" => &[
            "attributes",
            "promptIntervalSeconds",
            "promptText",
            "preventMultiplePromptsPerFlow",
        ],
        _ => &[],
    }
}

/// What the action itself may say.
fn step(check: &mut Check, step: &ActionStep) {
    match step {
        ActionStep::Login(login) => login_form(check, login),
        ActionStep::IdentifierFirst {
            login,
            discovery_rules,
        } => {
            login_form(check, login);
            check.expect(discovery_rules.len() <= MAX_RULES, || {
                Misfit::new(
                    Fit::TooLong,
                    "discoveryRules",
                    "must have at most 100 entries",
                )
            });
            let is_rule = |value: &str, contains: &str| {
                value == "${identifier}" && (1..=256).contains(&contains.chars().count())
            };
            let are_rules = discovery_rules
                .iter()
                .all(|it| is_rule(&it.condition.value, &it.condition.contains));
            check.expect(are_rules, || {
                let why = "must be {contains, value: \"${identifier}\"}";
                Misfit::invalid("discoveryRules.condition", why)
            });
        }
        ActionStep::IdentityProvider {
            acr_values,
            registration: given,
            ..
        } => {
            check.length_of("acrValues", acr_values.as_ref(), 1, 1_024);
            if let Some(given) = given {
                registration(check, given);
            }
        }
        ActionStep::ProgressiveProfiling {
            attributes,
            prompt_text,
            ..
        } => {
            let names = attributes.iter().map(|it| it.name.as_str());
            let are_names = names.clone().all(|it| (1..=256).contains(&it.len()));
            check.expect((1..=100).contains(&attributes.len()) && are_names, || {
                Misfit::invalid("attributes", "must be 1 to 100 names of attributes")
            });
            check.length("promptText", prompt_text, 1, 1_024);
        }
        ActionStep::MultiFactorAuthentication { .. } | ActionStep::Agreement { .. } => {}
    }
}

fn login_form(check: &mut Check, login: &Login) {
    registration(check, &login.registration);
    check.expect(login.social_providers.len() <= 100, || {
        Misfit::new(
            Fit::TooLong,
            "socialProviders",
            "must have at most 100 entries",
        )
    });
    if let Some(given) = &login.new_user_provisioning {
        provisioning(check, given);
    }
}

/// `newUserProvisioning`, which is kept as it was written.
fn provisioning(check: &mut Check, given: &Value) {
    let name = "newUserProvisioning";
    let Value::Object(members) = given else {
        return check.note(Misfit::invalid(name, "must be an object"));
    };
    let part = Part::member(name.to_owned(), members);
    let target = part.path_of("gateways");
    if part.get("gateways").is_none() {
        return check.note(Misfit::required(target));
    }
    let gateways = part.parts(check, "gateways");
    check.expect(gateways.len() <= MAX_RULES, || {
        Misfit::new(Fit::TooLong, target, "must have at most 100 entries")
    });
    for gateway in gateways {
        gateway.choice(check, "type", &["LDAP"]);
    }
}

/// `newUserProvisioning.gateways`
fn gateways(provisioning: Option<&Value>) -> &[Value] {
    let listed = provisioning.and_then(|it| it.get("gateways"));
    listed.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn registration(check: &mut Check, registration: &Registration) {
    if let Some(external) = &registration.external {
        // Source: `reference/flows.md` 9.3: who registers elsewhere does not register here.
        check.expect(!registration.enabled, || {
            let why = "is for registration that is not enabled";
            Misfit::constraint("registration.external", why)
        });
        let is_page = external.href.len() <= 2_048
            && Url::parse(&external.href).is_ok_and(|it| matches!(it.scheme(), "https" | "http"));
        check.expect(is_page, || {
            Misfit::invalid(
                "registration.external.href",
                "must be the address of a page",
            )
        });
    }
}

/// What an action refers to and cannot.
async fn dangling(
    call: &Call<'_>,
    action: &SignOnAction,
    before: Option<&SignOnAction>,
) -> Outcome<Vec<Misfit>> {
    let mut found = Vec::new();
    let mut providers: Vec<(&'static str, IdentityProviderId)> = Vec::new();
    let mut registration = None;
    match &action.step {
        ActionStep::Login(login) | ActionStep::IdentifierFirst { login, .. } => {
            registration = Some(&login.registration);
            if let Some(provisioning) = &login.new_user_provisioning {
                found.extend(unfit_gateways(call, provisioning, before).await?);
            }
            let social = login.social_providers.iter().take(MAX_RULES);
            providers.extend(social.map(|it| ("socialProviders.id", it.id)));
        }
        ActionStep::IdentityProvider {
            identity_provider,
            registration: given,
            ..
        } => {
            registration = given.as_ref();
            providers.push(("identityProvider.id", identity_provider.id));
        }
        ActionStep::MultiFactorAuthentication {
            device_authentication_policy: Some(policy),
            ..
        } => {
            if call
                .load::<DeviceAuthenticationPolicy>(policy.id)
                .await?
                .is_none()
            {
                let why = "no device authentication policy has this id";
                found.push(Misfit::invalid("deviceAuthenticationPolicy.id", why));
            }
        }
        ActionStep::Agreement { agreement, .. } => {
            let id = agreement.id.to_string();
            if !before.is_some_and(|it| pointing::points_at(it, &id)) {
                found.extend(unfit_agreement(call, agreement.id).await?);
            }
        }
        ActionStep::MultiFactorAuthentication { .. } | ActionStep::ProgressiveProfiling { .. } => {}
    }
    if let ActionStep::IdentifierFirst {
        discovery_rules, ..
    } = &action.step
    {
        let rules = discovery_rules.iter().take(MAX_RULES);
        let target = "discoveryRules.identityProvider.id";
        providers.extend(rules.map(|it| (target, it.identity_provider.id)));
    }
    for (target, id) in providers {
        if call.load::<IdentityProvider>(id).await?.is_none() {
            found.push(Misfit::invalid(target, "no identity provider has this id"));
        }
    }
    if let Some(population) = registration.and_then(|it| it.population)
        && !pointing::holds::<Population, _>(call, before, population.id).await?
    {
        let target = "registration.population.id";
        found.push(Misfit::invalid(target, "no population has this id"));
    }
    Ok(found)
}

/// What is wrong with the directories that unknown users would be looked up in.
///
/// Source: Ping's Terraform provider looks for both texts that begin with a capital.
async fn unfit_gateways(
    call: &Call<'_>,
    provisioning: &Value,
    before: Option<&SignOnAction>,
) -> Outcome<Vec<Misfit>> {
    let mut found = Vec::new();
    for listed in gateways(Some(provisioning)).iter().take(MAX_RULES) {
        let text = |at: &str| listed.pointer(at).and_then(Value::as_str);
        let id = text("/id").and_then(|it| it.parse::<GatewayId>().ok());
        let gateway = match id {
            Some(id) => call.load::<Gateway>(id).await?,
            None => None,
        };
        let Some(gateway) = gateway else {
            let is_named_by =
                |it: &SignOnAction| id.is_some_and(|id| pointing::points_at(it, &id.to_string()));
            if before.is_some_and(is_named_by) {
                continue;
            }
            let target = "newUserProvisioning.gateways.id";
            found.push(Misfit::invalid(target, "no gateway has this id"));
            continue;
        };
        let target = "newUserProvisioning.gateways";
        if gateway.type_ != GatewayType::Ldap {
            let why = "Only 'LDAP' type gateways are supported for newUserProvisioning";
            found.push(Misfit::invalid(target, why));
            continue;
        }
        let wanted: Option<Uuid> = text("/userType/id").and_then(|it| it.parse().ok());
        let mut there = gateway.user_types.iter().flatten();
        match there.find(|it| Some(it.id) == wanted) {
            Some(it) if it.new_user_lookup.is_some() => {}
            Some(_) => {
                let why = "All user types must have newUserLookup configuration to support \
                           provisioning";
                found.push(Misfit::invalid(target, why));
            }
            None => {
                let target = "newUserProvisioning.gateways.userType.id";
                found.push(Misfit::invalid(target, "the gateway has no such user type"));
            }
        }
    }
    Ok(found)
}

/// An agreement must be on and speak the default language before an action may use it.
async fn unfit_agreement(call: &Call<'_>, id: Uuid) -> Outcome<Option<Misfit>> {
    let misfit = |why| Ok(Some(Misfit::invalid("agreement.id", why)));
    let Some(agreement) = call.load::<Agreement>(id).await? else {
        return misfit("no agreement has this id");
    };
    if !agreement.enabled || !Readable::of(call, agreement.id).await?.is_readable() {
        return misfit("the agreement must be enabled and have a text in the default language");
    }
    Ok(None)
}
