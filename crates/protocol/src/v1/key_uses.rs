//! Configuration that names a key, a certificate or a rotation policy, whatever it uses it for.

use countersign_domain::application::Application;
use countersign_domain::identity_provider::IdentityProvider;
use countersign_domain::ids::KeyId;
use countersign_domain::subscription::Subscription;
use serde_json::{Value, json};

use super::body::Object;
use super::call::{Call, Reply};
use super::hal::{self, Body, Links, List};
use super::noun::{self, Noun};
use crate::configuration;
use crate::refusal::Outcome;

/// Whether an application, an identity provider or a webhook names it, so that it must stay.
pub async fn is_in_use(call: &Call<'_>, id: KeyId) -> Outcome<bool> {
    let id = id.to_string();
    Ok(!naming::<Application>(call, &id).await?.is_empty()
        || !naming::<IdentityProvider>(call, &id).await?.is_empty()
        || !naming::<Subscription>(call, &id).await?.is_empty())
}

/// The applications that name it, as they are listed below it: enough to find them.
pub async fn applications(call: &Call<'_>, id: KeyId) -> Outcome<Reply> {
    let applications = naming::<Application>(call, &id.to_string()).await?;
    listed(call, &applications)
}

/// All of a kind that name this id somewhere.
pub async fn naming<N: Noun>(call: &Call<'_>, id: &str) -> Outcome<Vec<N>> {
    let mut found = Vec::new();
    for noun in configuration::all::<N>(call.store(), call.env, call.now()).await? {
        if names(&Value::Object(noun::object_of(&noun)?), id) {
            found.push(noun);
        }
    }
    Ok(found)
}

/// Whether a text is somewhere in a value.
fn names(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found == text,
        Value::Array(items) => items.iter().any(|it| names(it, text)),
        Value::Object(members) => members.values().any(|it| names(it, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn listed(call: &Call<'_>, applications: &[Application]) -> Outcome<Reply> {
    let items = applications.iter().map(|it| {
        let path = call.fill("/environments/{environment}/applications");
        let links = Links::to(call, &call.url(&format!("{path}/{}", it.id)));
        let mut object = Object::new();
        object.insert("id".into(), json!(it.id));
        object.insert("name".into(), json!(it.name));
        object.insert("environment".into(), json!({ "id": call.env }));
        if let Ok(Value::Object(whole)) = serde_json::to_value(it) {
            for name in ["type", "protocol", "enabled"] {
                let value = whole.get(name).cloned().unwrap_or(Value::Null);
                object.insert(name.into(), value);
            }
        }
        hal::resource(links, object)
    });
    let items: Vec<Body> = items.collect();
    let list = List::whole("applications", items);
    Ok(Reply::ok(hal::list(call, list)?))
}
