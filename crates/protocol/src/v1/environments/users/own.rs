//! People and their own record: what `p1:read:user` and `p1:update:user` open is what the scopes'
//! `schemaAttributes` list (`reference/platform.md` 1.2, 3.5).

use std::collections::BTreeSet;

use countersign_domain::ports::BoxFuture;
use countersign_domain::resource::ResourceType;
use countersign_domain::user::User;
use serde_json::Value;

use super::attributes;
use crate::groups;
use crate::refusal::{Outcome, Refusal};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::Body;
use crate::v1::noun;

pub(super) const READ: &str = "p1:read:user";
pub(super) const UPDATE: &str = "p1:update:user";

/// What is shown whatever a scope lists: without it the answer could not be understood.
const ALWAYS: [&str; 4] = ["id", "_links", "environment", "population"];

/// What administrators alone say of a user, whatever a scope opens.
const NOT_THEIRS: &str = "verifyStatus";

/// What the scopes of a token open.
enum Opened {
    All,
    These(BTreeSet<String>),
}

impl Opened {
    /// Whether all of an attribute is open: it is listed, or what it is a part of, or each of its parts.
    fn has(&self, path: &str) -> bool {
        let Self::These(paths) = self else {
            return true;
        };
        let is_in = |whole: &str| whole == path || is_below(path, whole);
        let mut parts = attributes::TEXTS.iter().filter(|it| is_below(it, path));
        paths.iter().any(|it| is_in(it))
            || parts.next().is_some_and(|it| self.has(it)) && parts.all(|it| self.has(it))
    }

    /// Whether a part of an attribute is open.
    fn has_part_of(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(paths) => paths.iter().any(|it| is_below(it, path)),
        }
    }

    /// Whether something of an attribute's value is open, which is left.
    fn leaves(&self, path: &str, value: &mut Value) -> bool {
        if self.has(path) {
            return true;
        }
        let Value::Object(parts) = value else {
            return false;
        };
        parts.retain(|name, part| self.leaves(&below(path, name), part));
        !parts.is_empty()
    }

    /// The first member of a patch that is closed.
    fn closed(&self, whole: &str, given: &Object) -> Option<String> {
        given.iter().find_map(|(name, value)| {
            let path = below(whole, name);
            match value {
                _ if self.has(&path) => None,
                Value::Object(parts) if self.has_part_of(&path) => self.closed(&path, parts),
                _ => Some(path),
            }
        })
    }

    /// Adds what clears all that is open and that a patch does not mention.
    fn clear_rest(&self, whole: &str, before: &Object, given: &mut Object) {
        for (name, value) in before {
            let path = below(whole, name);
            match (value, given.get_mut(name)) {
                (Value::Object(before), Some(Value::Object(given))) => {
                    self.clear_rest(&path, before, given);
                }
                (_, Some(_)) => {}
                _ if self.has(&path) => {
                    given.insert(name.clone(), Value::Null);
                }
                (Value::Object(before), None) if self.has_part_of(&path) => {
                    let mut parts = Object::new();
                    self.clear_rest(&path, before, &mut parts);
                    given.insert(name.clone(), Value::Object(parts));
                }
                _ => {}
            }
        }
    }
}

fn below(whole: &str, name: &str) -> String {
    if whole.is_empty() {
        name.to_owned()
    } else {
        format!("{whole}.{name}")
    }
}

/// Whether a path leads to a part of what another one names, as `name.given` to one of `name`.
fn is_below(path: &str, whole: &str) -> bool {
    let rest = path.strip_prefix(whole);
    rest.is_some_and(|it| it.starts_with('.'))
}

fn opened(call: &Call<'_>, scope: &str) -> Opened {
    let granted: Vec<&str> = call.actor.scopes_like(scope).collect();
    let views = call.cx.env.resources.iter();
    let views = views.filter(|view| view.resource.type_ == ResourceType::PingoneApi);
    let mut paths = BTreeSet::new();
    for scope in views.flat_map(|view| &view.scopes) {
        if !granted.contains(&scope.name.as_str()) {
            continue;
        }
        match &scope.schema_attributes {
            None => return Opened::All,
            Some(listed) if listed.iter().any(|it| it == "*") => return Opened::All,
            Some(listed) => paths.extend(listed.iter().cloned()),
        }
    }
    Opened::These(paths)
}

/// What the scopes open of an answer.
pub(super) fn limited(call: &Call<'_>, scope: &str, body: &Body) -> Body {
    // An update answers what may be read, else nothing but the id.
    let opened = opened(call, scope);
    let Value::Object(mut object) = body.to_value() else {
        return Body::default();
    };
    object.retain(|name, value| ALWAYS.contains(&name.as_str()) || opened.leaves(name, value));
    Body::from(object)
}

/// `PUT`
pub(super) fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    if !call.own {
        return noun::replace::<User>(call);
    }
    Box::pin(async move {
        let opened = opened(call, UPDATE);
        let before = noun::named::<User>(call).await?;
        let mut patch = permitted(body::object(call.body)?, &opened)?;
        // What is open and not mentioned goes back to its default; what is closed stays.
        let mut before = Value::Object(noun::object_of(&before.value)?);
        groups::lift_custom(&mut before);
        if let Value::Object(mut before) = before {
            before.retain(|name, _| ![NOT_THEIRS, "username"].contains(&name.as_str()));
            opened.clear_rest("", &before, &mut patch);
        }
        answer(call, patch).await
    })
}

/// `PATCH`
pub(super) fn change<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    if !call.own {
        return noun::change::<User>(call);
    }
    Box::pin(async move {
        let opened = opened(call, UPDATE);
        let patch = permitted(body::object(call.body)?, &opened)?;
        answer(call, patch).await
    })
}

async fn answer(call: &Call<'_>, patch: Object) -> Outcome<Reply> {
    let changed = noun::change_with::<User>(call, patch).await?;
    Ok(Reply::ok(noun::shown(call, &changed).await?))
}

/// The body, if all of it may be changed with the token's scopes.
fn permitted(body: Object, opened: &Opened) -> Outcome<Object> {
    use crate::v1::noun::Noun;
    let mut body = body::writable(body, User::READ_ONLY);
    body.remove(NOT_THEIRS);
    let mut judged = body.clone();
    judged.retain(|name, _| !User::FIXED.contains(&name.as_str()));
    let closed = opened.closed("", &judged);
    match closed {
        None => Ok(body),
        Some(name) => {
            let why = format!("the token's scopes do not open {name}");
            Err(Refusal::Forbidden.because(why).into())
        }
    }
}
