//! Attributes that the environment adds to its users: where they are in the bodies of requests.

use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::schema::{SchemaAttribute, SchemaAttributeType};
use countersign_domain::user::User;
use serde_json::Value;

use crate::own_attributes;
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;

fn enabled<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a SchemaAttribute> {
    own_attributes::enabled(&call.cx.env.user_attributes)
}

/// Moves the environment's attributes from the members of a body to where they are kept. Nulls
/// stay, for they clear. What is no attribute at all is ignored, as PingOne does.
pub(super) fn collect(call: &Call<'_>, body: &mut Object) {
    body.remove("custom");
    let mut custom = Object::new();
    for attribute in enabled(call) {
        if let Some(value) = body.remove(&attribute.name) {
            custom.insert(attribute.name.clone(), value);
        }
    }
    if !custom.is_empty() {
        body.insert("custom".into(), Value::Object(custom));
    }
}

/// Writes down which of the values no other user may have.
pub(super) fn mark_unique(call: &Call<'_>, user: &mut Object) {
    let custom = user.get("custom").and_then(Value::as_object);
    let has = |name: &String| custom.is_some_and(|it| it.contains_key(name));
    let names: Vec<Value> = enabled(call)
        .filter(|it| it.unique && has(&it.name))
        .map(|it| Value::from(it.name.clone()))
        .collect();
    user.insert("uniqueCustom".into(), Value::Array(names));
}

/// Leaves out the values of attributes that are disabled.
pub(super) fn visible(call: &Call<'_>, mut custom: Object) -> Object {
    custom.retain(|name, _| enabled(call).any(|it| it.name == *name));
    custom
}

/// What can be filtered by.
pub(super) fn filterable(call: &Call<'_>) -> Vec<Filterable> {
    const TEXT: &[Operator] = &[Operator::Eq, Operator::Sw, Operator::Ew, Operator::Co];
    const EQ: &[Operator] = &[Operator::Eq];
    let operators = |it: &SchemaAttribute| match it.type_ {
        SchemaAttributeType::String => Some(TEXT),
        SchemaAttributeType::Boolean => Some(EQ),
        SchemaAttributeType::Json | SchemaAttributeType::Complex => None,
    };
    enabled(call)
        .filter_map(|it| {
            Some(Filterable {
                name: it.name.clone().into(),
                operators: operators(it)?,
            })
        })
        .collect()
}

/// Checks a user's values. `before` keeps its archived ones.
pub(super) fn check(call: &Call<'_>, user: &User, before: Option<&User>, check: &mut Check) {
    for attribute in enabled(call) {
        let value = user.custom.get(&attribute.name);
        let old = before.and_then(|it| it.custom.get(&attribute.name));
        if let Some(misfit) = own_attributes::fault(attribute, value, old) {
            check.note(misfit);
        }
    }
}
