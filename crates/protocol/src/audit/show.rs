//! Events as `/activities` and webhooks show them.

use countersign_domain::ids::EnvId;
use serde_json::{Map, Value, json};

use super::{Activity, Party};

/// Where what an event names is found below its environment. What belongs to something else has no
/// address that follows from its id.
const PLACES: &[(&str, &str)] = &[
    ("USER", "users"),
    ("CLIENT", "applications"),
    ("APPLICATION", "applications"),
    ("POPULATION", "populations"),
    ("GROUP", "groups"),
    ("RESOURCE", "resources"),
    ("SIGN_ON_POLICY", "signOnPolicies"),
    ("PASSWORD_POLICY", "passwordPolicies"),
    ("KEY", "keys"),
    ("CERTIFICATE", "certificates"),
    ("KRP", "keyRotationPolicies"),
    ("AGREEMENT", "agreements"),
    ("IDENTITY_PROVIDER", "identityProviders"),
    ("SUBSCRIPTION", "subscriptions"),
    ("SESSION", "sessions"),
    ("CUSTOM_DOMAIN", "customDomains"),
    ("GATEWAY", "gateways"),
    ("THEME", "themes"),
    ("IMAGE", "images"),
    ("EMAIL_DOMAIN", "emailDomains"),
    ("NOTIFICATION_POLICY", "notificationsPolicies"),
    (
        "DEVICE_AUTHENTICATION_POLICY",
        "deviceAuthenticationPolicies",
    ),
    ("FIDO_POLICY", "fido2Policies"),
];

/// An event with the addresses of what it names.
pub fn activity(api: &str, activity: &Activity) -> Value {
    let mut shown = Map::new();
    shown.insert("id".into(), json!(activity.id));
    shown.insert("recordedAt".into(), json!(activity.recorded_at));
    if let Some(id) = &activity.correlation_id {
        shown.insert("correlationId".into(), json!(id));
    }
    shown.insert("action".into(), json!(activity.action));
    let mut actors = Map::new();
    for (name, actor) in [
        ("client", &activity.actors.client),
        ("user", &activity.actors.user),
    ] {
        if let Some(actor) = actor {
            actors.insert(name.into(), party(api, actor));
        }
    }
    shown.insert("actors".into(), Value::Object(actors));
    let resources = activity.resources.iter();
    let resources: Vec<Value> = resources.map(|it| party(api, it)).collect();
    shown.insert("resources".into(), json!(resources));
    shown.insert("result".into(), json!(activity.result));
    if activity.source.ip_address.is_some() || activity.source.user_agent.is_some() {
        shown.insert("source".into(), json!(activity.source));
    }
    Value::Object(shown)
}

fn party(api: &str, party: &Party) -> Value {
    let mut shown = json!(party);
    let env = party.environment.map(|env| env.id);
    let href = env.and_then(|env| href(api, env, party));
    if let (Some(href), Some(shown)) = (href, shown.as_object_mut()) {
        shown.insert("href".into(), json!(href));
    }
    shown
}

fn href(api: &str, env: EnvId, party: &Party) -> Option<String> {
    let environment = format!("{api}/v1/environments/{env}");
    if party.type_ == "ENVIRONMENT" {
        return Some(format!("{api}/v1/environments/{}", party.id));
    }
    let (_, place) = PLACES.iter().find(|(type_, _)| *type_ == party.type_)?;
    Some(format!("{environment}/{place}/{}", party.id))
}
