//! Whether a resource can be filtered so, and whether it fits.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Comparison, Filter, Operator};
use crate::reference::fold;

/// An attribute that lists can be filtered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filterable {
    /// Its name; `list[member]` for a member of a list.
    pub name: Cow<'static, str>,
    /// How it may be compared.
    pub operators: &'static [Operator],
}

impl Filterable {
    /// An attribute with a name known beforehand.
    pub const fn new(name: &'static str, operators: &'static [Operator]) -> Self {
        Self {
            name: Cow::Borrowed(name),
            operators,
        }
    }
}

/// What the filter asks for is not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsupported {
    /// The attribute cannot be filtered by; these can.
    Attribute(String, Vec<String>),
    /// The attribute cannot be compared so; these operators can be used with it.
    Operator(String, Operator, &'static [Operator]),
    /// Nothing can be negated; these operators can be used.
    Not(Vec<Operator>),
}

/// The filter with the attributes' names as they are written in JSON, if a resource that can be
/// filtered by `known` supports all of it. Names are compared without regard to case.
///
/// Spec: RFC 7644 3.4.2.2 ("attribute names and attribute operators [...] are case insensitive").
pub fn check(filter: Filter, known: &[Filterable]) -> Result<Filter, Unsupported> {
    checked(filter, known, None)
}

fn checked(
    filter: Filter,
    known: &[Filterable],
    list: Option<&str>,
) -> Result<Filter, Unsupported> {
    let all = |parts: Vec<Filter>| -> Result<Vec<Filter>, Unsupported> {
        let parts = parts.into_iter();
        parts.map(|part| checked(part, known, list)).collect()
    };
    Ok(match filter {
        Filter::And(parts) => Filter::And(all(parts)?),
        Filter::Or(parts) => Filter::Or(all(parts)?),
        // Source: `reference/platform.md` 1.5: `not` is no part of what lists take.
        Filter::Not(_) => {
            let mut all: Vec<_> = known.iter().flat_map(|it| it.operators).copied().collect();
            all.sort_unstable();
            all.dedup();
            return Err(Unsupported::Not(all));
        }
        Filter::Compare(comparison) => Filter::Compare(supported(comparison, known, list)?),
        Filter::Member { attribute, filter } => {
            let start = format!("{}[", fold(&attribute));
            let found = known.iter().find(|it| fold(&it.name).starts_with(&start));
            let (None, Some(found)) = (list, found) else {
                return Err(unknown(attribute, known));
            };
            let attribute = found.name.split('[').next().unwrap_or_default().to_owned();
            let filter = Box::new(checked(*filter, known, Some(&attribute))?);
            Filter::Member { attribute, filter }
        }
    })
}

fn supported(
    mut comparison: Comparison,
    known: &[Filterable],
    list: Option<&str>,
) -> Result<Comparison, Unsupported> {
    let full = match list {
        Some(list) => format!("{list}[{}]", comparison.attribute),
        None => comparison.attribute.clone(),
    };
    let folded = fold(&full);
    let Some(found) = known.iter().find(|it| fold(&it.name) == folded) else {
        return Err(unknown(full, known));
    };
    if !found.operators.contains(&comparison.operator) {
        let operators = found.operators;
        return Err(Unsupported::Operator(full, comparison.operator, operators));
    }
    comparison.attribute = match list {
        Some(list) => found
            .name
            .strip_prefix(list)
            .and_then(|it| it.strip_prefix('['))
            .and_then(|it| it.strip_suffix(']'))
            .unwrap_or_default()
            .to_owned(),
        None => found.name.clone().into_owned(),
    };
    Ok(comparison)
}

fn unknown(name: String, known: &[Filterable]) -> Unsupported {
    let names = known.iter().map(|it| it.name.clone().into_owned());
    Unsupported::Attribute(name, names.collect())
}

/// Whether a resource fits.
pub fn matches(filter: &Filter, resource: &Value) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| matches(part, resource)),
        Filter::Or(parts) => parts.iter().any(|part| matches(part, resource)),
        Filter::Not(part) => !matches(part, resource),
        Filter::Compare(comparison) => compares(comparison, resource),
        Filter::Member { attribute, filter } => match at(resource, attribute) {
            Some(Value::Array(members)) => members.iter().any(|member| matches(filter, member)),
            Some(member @ Value::Object(_)) => matches(filter, member),
            _ => false,
        },
    }
}

/// The value at a dotted path.
fn at<'a>(resource: &'a Value, path: &str) -> Option<&'a Value> {
    // A custom attribute may have a dot in its name.
    if let Some(value) = resource.get(path) {
        return Some(value);
    }
    path.split('.').try_fold(resource, |it, step| it.get(step))
}

fn compares(comparison: &Comparison, resource: &Value) -> bool {
    match at(resource, &comparison.attribute) {
        Some(Value::Array(values)) => {
            let one = |value| holds(comparison.operator, Some(value), &comparison.value);
            values.iter().any(one)
        }
        value => holds(comparison.operator, value, &comparison.value),
    }
}

/// Text is compared without regard to case (`reference/platform.md` 1.5).
fn holds(operator: Operator, value: Option<&Value>, with: &Value) -> bool {
    let value = value.filter(|it| !it.is_null());
    match operator {
        Operator::Pr => value.is_some(),
        Operator::Eq => is_equal(value, with),
        Operator::Ne => !is_equal(value, with),
        Operator::Co => texts(value, with).is_some_and(|(value, with)| value.contains(&with)),
        Operator::Sw => texts(value, with).is_some_and(|(value, with)| value.starts_with(&with)),
        Operator::Ew => texts(value, with).is_some_and(|(value, with)| value.ends_with(&with)),
        Operator::Gt => order(value, with).is_some_and(Ordering::is_gt),
        Operator::Ge => order(value, with).is_some_and(Ordering::is_ge),
        Operator::Lt => order(value, with).is_some_and(Ordering::is_lt),
        Operator::Le => order(value, with).is_some_and(Ordering::is_le),
    }
}

fn texts(value: Option<&Value>, with: &Value) -> Option<(String, String)> {
    Some((fold(value?.as_str()?), fold(with.as_str()?)))
}

fn is_equal(value: Option<&Value>, with: &Value) -> bool {
    match (value, with) {
        (None, Value::Null) => true,
        // `enabled eq "true"` is seen as often as `enabled eq true`.
        (Some(Value::Bool(value)), Value::String(with)) => {
            with.eq_ignore_ascii_case(if *value { "true" } else { "false" })
        }
        (Some(Value::String(value)), Value::String(with)) => fold(value) == fold(with),
        (Some(value), with) => value == with,
        (None, _) => false,
    }
}

fn order(value: Option<&Value>, with: &Value) -> Option<Ordering> {
    match (value?, with) {
        (Value::Number(value), Value::Number(with)) => value.as_f64()?.partial_cmp(&with.as_f64()?),
        (value, with) => {
            let (value, with) = texts(Some(value), with)?;
            Some(value.cmp(&with))
        }
    }
}
