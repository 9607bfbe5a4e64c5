//! From what a provider says of a person to attributes of ours
//! (`reference/platform.md` tier 2, `${providerAttributes.…}`).

use countersign_domain::identity_provider::{AttributeUpdate, IdentityProviderAttribute};
use countersign_domain::schema::SchemaAttribute;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::flows::profile::{self, Form};
use crate::flows::registration;
use crate::own_attributes;

mod own;

pub use own::free;

/// Longest `sub` that is taken, in bytes.
///
/// Spec: OIDC Core 2 (`sub`).
pub const MAX_EXTERNAL_ID: usize = 255;

/// Attributes that are text of one line and not among those that people are asked for.
const OTHERS: [&str; 3] = ["accountId", "externalId", "type"];
/// An attribute of ours with the value that a provider gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    /// Its name; dotted for a part of one.
    pub name: String,
    /// The value: text, but for attributes of the environment's own.
    pub value: Value,
    /// When it is written.
    pub update: AttributeUpdate,
}

/// Whether a provider can set an attribute: of those that every user has, and of the environment's
/// own. What decides over access (`enabled`, `population`, ...) it cannot.
///
/// Source: PingOne's Go SDK, IdentityProviderAttribute.
pub fn may_be_mapped(name: &str, own: &[SchemaAttribute]) -> bool {
    name == "username" || form(name).is_some() || own.iter().any(|it| it.name == name)
}

fn form(name: &str) -> Option<Form> {
    let known = profile::by_name(name).map(|attribute| attribute.form);
    known.or_else(|| OTHERS.contains(&name).then_some(Form::Line(1024)))
}

/// Whether a mapping's value can be understood.
pub fn is_readable(template: &str) -> bool {
    let mut rest = template;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((inner, tail)) = after.split_once('}') else {
            return false;
        };
        if path(inner).is_none() {
            return false;
        }
        rest = tail;
    }
    true
}

/// The attributes that the mappings make of claims. What has no value, or one that the attribute
/// cannot have, is left out.
pub fn map(
    mappings: &[IdentityProviderAttribute],
    own: &[SchemaAttribute],
    claims: &Map<String, Value>,
) -> Vec<Mapped> {
    let mapped = mappings.iter().filter_map(|mapping| {
        let mut own = own_attributes::enabled(own);
        let value = match own.find(|it| it.name == mapping.name) {
            Some(attribute) => own::value(attribute, &mapping.value, claims)?,
            None => Value::from(standard(mapping, claims)?),
        };
        Some(Mapped {
            name: mapping.name.clone(),
            value,
            update: mapping.update,
        })
    });
    mapped.collect()
}

/// The value of an attribute that every user has.
fn standard(mapping: &IdentityProviderAttribute, claims: &Map<String, Value>) -> Option<String> {
    let value = evaluate(&mapping.value, claims)?;
    let value = value.trim();
    let fits = match form(&mapping.name) {
        Some(form) => !value.is_empty() && form.fits(value),
        None => mapping.name == "username" && registration::username(Some(value)).is_ok(),
    };
    fits.then(|| value.to_owned())
}

/// The path of the one claim that a mapping names, if it adds nothing to it.
fn only_claim(template: &str) -> Option<Path<'_>> {
    let inner = template.trim().strip_prefix("${")?.strip_suffix('}')?;
    path(inner).filter(|_| !inner.contains('}'))
}

fn evaluate(template: &str, claims: &Map<String, Value>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let (inner, tail) = after.split_once('}')?;
        out.push_str(&text(find(path(inner)?, claims)?)?);
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}

/// A way to a claim: by its whole name, or from member to member.
enum Path<'a> {
    Whole(&'a str),
    Members(&'a str),
}

fn path(inner: &str) -> Option<Path<'_>> {
    let rest = inner.trim().strip_prefix("providerAttributes")?;
    if let Some(members) = rest.strip_prefix('.') {
        return (!members.is_empty()).then_some(Path::Members(members));
    }
    let quoted = rest.strip_prefix('[')?.strip_suffix(']')?;
    let single = quoted
        .strip_prefix('\'')
        .and_then(|it| it.strip_suffix('\''));
    let double = || quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    single.or_else(double).map(Path::Whole)
}

fn find<'a>(path: Path<'_>, claims: &'a Map<String, Value>) -> Option<&'a Value> {
    let members = match path {
        Path::Whole(name) => return claims.get(name),
        Path::Members(members) => members,
    };
    if let Some(whole) = claims.get(members) {
        return Some(whole);
    }
    let mut members = members.split('.');
    let mut value = claims.get(members.next()?)?;
    for member in members {
        value = value.get(member)?;
    }
    Some(value)
}

/// Of several values the first counts.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(it) => Some(it.to_string()),
        Value::Number(it) => Some(it.to_string()),
        Value::Array(values) => match values.first()? {
            Value::Array(_) => None,
            first => text(first),
        },
        Value::Null | Value::Object(_) => None,
    }
}

const UNREADABLE: Fault = Fault::Crypto("a user cannot be written as JSON and read again");

/// A user with what a provider says of them.
///
/// Decision: the username of somebody we know is never changed by a provider: it would pass from
/// one to another.
pub fn update(
    user: &User,
    mapped: &[Mapped],
    own: &[SchemaAttribute],
    email_verified: bool,
    now: Time,
) -> Result<User, Fault> {
    let mut after = serde_json::to_value(user).map_err(|_| UNREADABLE)?;
    let mut custom = user.custom.clone();
    for attribute in mapped.iter().filter(|it| it.name != "username") {
        let writes = attribute.update == AttributeUpdate::Always;
        if form(&attribute.name).is_some() {
            if writes || !profile::has(&after, &attribute.name) {
                profile::put(&mut after, &attribute.name, attribute.value.clone());
            }
            continue;
        }
        let mut own = own_attributes::enabled(own);
        let own = own.find(|it| it.name == attribute.name);
        if own.is_some_and(|own| writes || !own_attributes::has(user, own)) {
            custom.insert(attribute.name.clone(), attribute.value.clone());
        }
    }
    let mut after: User = serde_json::from_value(after).map_err(|_| UNREADABLE)?;
    if custom != user.custom {
        after.custom = custom;
        own_attributes::mark_unique(own, &mut after);
    }
    if after.email != user.email {
        after.email_verified = email_verified;
    }
    if after != *user {
        after.updated_at = now;
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapped(name: &str, value: &str, claims: Value) -> Option<String> {
        let mapping: IdentityProviderAttribute = serde_json::from_value(json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "identityProvider": { "id": "00000000-0000-0000-0000-000000000002" },
            "name": name, "value": value,
            "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.000Z",
        }))
        .unwrap();
        let Value::Object(claims) = claims else {
            return None;
        };
        let value = map(&[mapping], &[], &claims).pop()?.value;
        value.as_str().map(str::to_owned)
    }

    #[test]
    fn claims_become_attributes() {
        for (value, claims, expected) in [
            ("${providerAttributes.a}", json!({ "a": "x" }), Some("x")),
            (
                "${providerAttributes.a.b}",
                json!({ "a": { "b": "x" } }),
                Some("x"),
            ),
            (
                "${providerAttributes.a.b}",
                json!({ "a.b": "x" }),
                Some("x"),
            ),
            (
                "${providerAttributes['a:b']}",
                json!({ "a:b": "x" }),
                Some("x"),
            ),
            (
                "${providerAttributes[\"u/n\"]}",
                json!({ "u/n": "x" }),
                Some("x"),
            ),
            (
                "${providerAttributes.a}",
                json!({ "a": ["x", "y"] }),
                Some("x"),
            ),
            ("${providerAttributes.a}", json!({ "a": 7 }), Some("7")),
            (
                "${providerAttributes.a}-${providerAttributes.b}",
                json!({ "a": 1, "b": 2 }),
                Some("1-2"),
            ),
            ("constant", json!({}), Some("constant")),
            ("${providerAttributes.a}", json!({}), None),
            ("${providerAttributes.a}", json!({ "a": { "b": 1 } }), None),
            ("${providerAttributes.a}", json!({ "a": "  " }), None),
            (
                "${providerAttributes.a}",
                json!({ "a": "two\nlines" }),
                None,
            ),
            ("${user.id}", json!({ "a": 1 }), None),
        ] {
            assert_eq!(
                mapped("nickname", value, claims).as_deref(),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn a_value_that_the_attribute_cannot_have_is_left_out() {
        let claim = |value: &str| json!({ "a": value });
        let of = |name: &str, value: &str| mapped(name, "${providerAttributes.a}", claim(value));
        assert_eq!(of("email", "not an address"), None);
        assert_eq!(of("email", "a@b.example").as_deref(), Some("a@b.example"));
        assert_eq!(of("username", &"x".repeat(129)), None);
        assert_eq!(of("enabled", "true"), None);
        assert_eq!(of("population.id", "x"), None);
    }

    #[test]
    fn what_cannot_be_understood_is_told_apart() {
        for good in [
            "x",
            "${providerAttributes.a}",
            "a ${providerAttributes['b c']} d",
        ] {
            assert!(is_readable(good), "{good}");
        }
        for bad in [
            "${user.id}",
            "${providerAttributes}",
            "${providerAttributes.a",
            "${}",
        ] {
            assert!(!is_readable(bad), "{bad}");
        }
    }

    fn user() -> User {
        serde_json::from_str(
            r#"{"id":"00000000-0000-0000-0000-000000000001","username":"ada",
            "email":"ada@old.example","emailVerified":true,
            "population":{"id":"00000000-0000-0000-0000-000000000002"},
            "createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}"#,
        )
        .unwrap()
    }

    fn said(name: &str, value: &str, update: AttributeUpdate) -> Mapped {
        Mapped {
            name: name.to_owned(),
            value: Value::from(value),
            update,
        }
    }

    #[test]
    fn empty_only_fills_in_and_always_overwrites() {
        let says = [
            said("email", "ada@new.example", AttributeUpdate::EmptyOnly),
            said("name.given", "Ada", AttributeUpdate::EmptyOnly),
        ];
        let after = update(&user(), &says, &[], false, Time::from_seconds(9)).unwrap();
        assert_eq!(after.email.as_deref(), Some("ada@old.example"));
        assert_eq!(after.name.unwrap().given.as_deref(), Some("Ada"));
        let says = [
            said("email", "ada@new.example", AttributeUpdate::Always),
            said("username", "eve", AttributeUpdate::Always),
        ];
        let after = update(&user(), &says, &[], false, Time::from_seconds(9)).unwrap();
        assert_eq!(after.email.as_deref(), Some("ada@new.example"));
        assert!(
            !after.email_verified,
            "another address is not the one that was verified"
        );
        assert_eq!(after.username, "ada");
        assert_eq!(after.updated_at, Time::from_seconds(9));
        assert!(
            update(&user(), &says, &[], true, Time::EPOCH)
                .unwrap()
                .email_verified
        );
    }
}
