//! Attributes that the environment adds to its users: where they are kept, and what they may hold.

use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::schema::{SchemaAttribute, SchemaAttributeType};
use countersign_domain::user::User;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::misfit::{Fit, Misfit};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;

/// Most values of a list.
const MAX_VALUES: usize = 1_000;
/// Longest value, as JSON.
const MAX_VALUE: usize = 16 * 1024;
/// Most memory of a compiled pattern.
const MAX_PATTERN: usize = 256 * 1024;

/// A pattern, compiled; its time is linear in the text (`threats.md` 41).
pub fn pattern(text: &str) -> Option<Regex> {
    if text.len() > 1_024 {
        return None;
    }
    let whole = format!("^(?:{text})$");
    let mut builder = RegexBuilder::new(&whole);
    builder.size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN);
    builder.build().ok()
}

/// Whether all of the text matches.
pub fn is_whole_match(pattern: &Regex, text: &str) -> bool {
    pattern.is_match(text)
}

/// The attributes of the environment, disabled ones among them.
fn attributes<'a>(call: &'a Call<'_>) -> &'a [SchemaAttribute] {
    &call.cx.env.user_attributes
}

fn enabled<'a>(call: &'a Call<'_>) -> impl Iterator<Item = &'a SchemaAttribute> {
    attributes(call).iter().filter(|it| it.enabled)
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
        match user.custom.get(&attribute.name) {
            None if attribute.required => {
                check.note(Misfit::required(attribute.name.clone()));
            }
            None => {}
            Some(value) => {
                let old = before.and_then(|it| it.custom.get(&attribute.name));
                if let Some((fit, message)) = fault(attribute, value, old) {
                    check.note(Misfit::new(fit, attribute.name.clone(), message));
                }
            }
        }
    }
}

fn fault(
    attribute: &SchemaAttribute,
    value: &Value,
    old: Option<&Value>,
) -> Option<(Fit, &'static str)> {
    if value.to_string().len() > MAX_VALUE {
        return Some((Fit::TooLong, "is larger than 16 KB"));
    }
    let values: Vec<&Value> = match value {
        Value::Array(values) if attribute.multi_valued => values.iter().collect(),
        value => vec![value],
    };
    if values.len() > MAX_VALUES {
        return Some((Fit::TooLong, "has more than 1000 values"));
    }
    let looks = attribute.regex_validation.as_ref();
    let looks = looks.and_then(|it| pattern(&it.pattern));
    for value in values {
        let is_old = old.is_some_and(|old| match old {
            Value::Array(olds) => olds.contains(value),
            old => old == value,
        });
        match (attribute.type_, value) {
            (SchemaAttributeType::Boolean, Value::Bool(_)) | (SchemaAttributeType::Json, _) => {}
            (SchemaAttributeType::String, Value::String(text)) => {
                let mut listed = attribute.enumerated_values.iter();
                let is_listed = listed.any(|it| it.value == *text && (!it.archived || is_old));
                if !attribute.enumerated_values.is_empty() && !is_listed {
                    return Some((Fit::Invalid, "is none of the values to choose from"));
                }
                if looks.as_ref().is_some_and(|it| !is_whole_match(it, text)) {
                    return Some((Fit::Invalid, "does not match the attribute's pattern"));
                }
            }
            _ => return Some((Fit::Invalid, "has the wrong type")),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_values_and_stay_small() {
        let digits = pattern("[0-9]+").unwrap();
        assert!(is_whole_match(&digits, "123"));
        assert!(!is_whole_match(&digits, "123a"));
        let either = pattern("a|b").unwrap();
        assert!(!is_whole_match(&either, "ab"));
        for bad in ["(", "a{1000000}", &"a".repeat(2_000)] {
            assert!(pattern(bad).is_none(), "{bad}");
        }
    }
}
