//! Attributes that an environment adds to its users (`reference/platform.md` 4): what they may hold,
//! whoever writes them, administrators or people about themselves.

use countersign_domain::entity::{self, Entity};
use countersign_domain::ids::UserId;
use countersign_domain::schema::{SchemaAttribute, SchemaAttributeType};
use countersign_domain::store::IndexEntry;
use countersign_domain::user::User;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use crate::cx::Cx;
use crate::misfit::{Fit, Misfit};
use crate::refusal::Outcome;

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

/// Those that users have: disabled ones are neither read nor written.
pub fn enabled(attributes: &[SchemaAttribute]) -> impl Iterator<Item = &SchemaAttribute> {
    attributes.iter().filter(|it| it.enabled)
}

/// What the body of a flow action says of an attribute. Nulls and empty text say nothing.
pub fn answered(attribute: &SchemaAttribute, body: &Map<String, Value>) -> Option<Value> {
    let said = match body.get(&attribute.name)? {
        Value::Null => return None,
        Value::String(text) => Value::from(text.trim()),
        said => said.clone(),
    };
    let is_empty = said.as_str().is_some_and(str::is_empty);
    (!is_empty).then_some(said)
}

/// Whether a user has a value.
pub fn has(user: &User, attribute: &SchemaAttribute) -> bool {
    match user.custom.get(&attribute.name) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => true,
    }
}

/// Writes down which of the values no other user may have.
pub fn mark_unique(attributes: &[SchemaAttribute], user: &mut User) {
    let unique = enabled(attributes).filter(|it| it.unique && user.custom.contains_key(&it.name));
    user.unique_custom = unique.map(|it| it.name.clone()).collect();
}

/// What is wrong with a user's value, if anything. One that stays as it was is not judged again: it
/// hinders no change of something else. An archived one may stay in a list that changes.
pub fn fault(
    attribute: &SchemaAttribute,
    value: Option<&Value>,
    old: Option<&Value>,
) -> Option<Misfit> {
    let name = attribute.name.clone();
    let Some(value) = value else {
        return attribute.required.then(|| Misfit::required(name));
    };
    if old == Some(value) {
        return None;
    }
    let (fit, message) = misfit(attribute, value, old)?;
    Some(Misfit::new(fit, name, message))
}

fn misfit(
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

/// Whether somebody else has a value of an attribute that no two may have, or no index can hold it.
pub async fn is_taken(cx: &Cx, user: UserId, name: &str, value: &Value) -> Outcome<bool> {
    let (store, env, rule) = (&*cx.ports.store, cx.env_id(), User::UNIQUE_CUSTOM);
    for entry in User::custom_entries(name, value) {
        if entry.len() > IndexEntry::MAX_VALUE {
            return Ok(true);
        }
        let holder = entity::load_by::<User>(store, env, rule, entry, cx.now).await?;
        if holder.is_some_and(|holder| holder.id != user) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which of a user's values others have already, and no two may have, or that no index can hold. A
/// race is decided by the store's own rule; it leads back here.
pub async fn taken(cx: &Cx, user: &User) -> Outcome<Vec<Misfit>> {
    let mut taken = Vec::new();
    for (rule, value) in user.uniques() {
        let Some((name, _)) = value
            .split_once('/')
            .filter(|_| rule == User::UNIQUE_CUSTOM)
        else {
            continue;
        };
        let name = name.to_owned();
        if value.len() > IndexEntry::MAX_VALUE {
            taken.push(Misfit::new(Fit::TooLong, name, "is too long"));
            continue;
        }
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let holder = entity::load_by::<User>(store, env, rule, value, cx.now).await?;
        if holder.is_some_and(|holder| holder.id != user.id) {
            taken.push(Misfit::taken(name));
        }
    }
    Ok(taken)
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

    #[test]
    fn what_stays_as_it_was_is_not_judged_again() {
        let attribute = serde_json::json!({ "id": "00000000-0000-0000-0000-000000000001",
            "name": "foo", "type": "BOOLEAN", "enabled": true,
            "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.000Z" });
        let attribute: SchemaAttribute = serde_json::from_value(attribute).unwrap();
        let (old, new) = (Value::from("old"), Value::from("new"));
        assert_eq!(fault(&attribute, Some(&old), Some(&old)), None);
        assert!(fault(&attribute, Some(&new), Some(&old)).is_some());
        assert!(fault(&attribute, Some(&new), None).is_some());
    }
}
