//! Mappings to attributes that an environment adds to its users. What a provider says obeys the same
//! rules as what anybody else says (`own_attributes.rs`).

use countersign_domain::ids::UserId;
use countersign_domain::schema::{SchemaAttribute, SchemaAttributeType};
use serde_json::{Map, Value};

use super::{Mapped, evaluate, find, only_claim, text};
use crate::cx::Cx;
use crate::own_attributes;
use crate::refusal::Outcome;

/// The value that a mapping makes of claims; none, where the attribute cannot have it.
///
/// Source: PingOne's page on identity provider management, "Attribute mapping rules": of several
/// values an attribute with one has the first, and one with several has a list, also of one.
pub(super) fn value(
    attribute: &SchemaAttribute,
    template: &str,
    claims: &Map<String, Value>,
) -> Option<Value> {
    let said = match only_claim(template) {
        Some(path) => find(path, claims)?.clone(),
        None => Value::from(evaluate(template, claims)?),
    };
    let values = match said {
        Value::Array(values) => values,
        one => vec![one],
    };
    let mut values = values.into_iter().filter_map(|it| one(attribute, it));
    let value = if attribute.multi_valued {
        let values: Vec<Value> = values.collect();
        (!values.is_empty()).then_some(Value::Array(values))
    } else {
        values.next()
    };
    value.filter(|it| own_attributes::fault(attribute, Some(it), None).is_none())
}

/// One value in the type of the attribute.
fn one(attribute: &SchemaAttribute, said: Value) -> Option<Value> {
    match attribute.type_ {
        SchemaAttributeType::Json => (!said.is_null()).then_some(said),
        SchemaAttributeType::Boolean => match &said {
            Value::Bool(it) => Some(Value::Bool(*it)),
            // Some providers write it as text.
            Value::String(it) => it.parse().ok().map(Value::Bool),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        },
        SchemaAttributeType::String => {
            let text = text(&said)?;
            let text = text.trim();
            (!text.is_empty()).then(|| Value::from(text))
        }
        SchemaAttributeType::Complex => None,
    }
}

/// What a user may have of it: values that no two may have, and somebody else has, are left out.
///
/// Decision: they hinder no sign-on. A race is decided by the store's own rule; it leads back here.
pub async fn free(cx: &Cx, mapped: &[Mapped], user: UserId) -> Outcome<Vec<Mapped>> {
    let mut free = Vec::with_capacity(mapped.len());
    for one in mapped {
        let mut own = own_attributes::enabled(&cx.env.user_attributes);
        let is_taken = match own.find(|it| it.unique && it.name == one.name) {
            Some(_) => own_attributes::is_taken(cx, user, &one.name, &one.value).await?,
            None => false,
        };
        if !is_taken {
            free.push(one.clone());
        }
    }
    Ok(free)
}
