//! People and their own record: what `p1:read:user` and `p1:update:user` open is what the scopes'
//! `schemaAttributes` list (`reference/platform.md` 1.2, 3.5).

use std::collections::BTreeSet;

use countersign_domain::ports::BoxFuture;
use countersign_domain::resource::ResourceType;
use countersign_domain::user::User;
use serde_json::Value;

use crate::groups;
use crate::refusal::{Outcome, Refusal};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
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
    fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            // `name` opens `name.given`, and `name.given` opens a part of `name`.
            Self::These(paths) => paths
                .iter()
                .any(|path| path == name || path.split('.').next() == Some(name)),
        }
    }
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

/// Leaves what the scopes open.
pub(super) fn limit(call: &Call<'_>, scope: &str, object: &mut Object) {
    // An update answers what may be read, else nothing but the id.
    if let Opened::These(paths) = opened(call, scope) {
        let opened = Opened::These(paths);
        object.retain(|name, _| ALWAYS.contains(&name.as_str()) || opened.has(name));
    }
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
        for name in before.as_object().into_iter().flat_map(Object::keys) {
            let is_kept = [NOT_THEIRS, "username"].contains(&name.as_str()) || !opened.has(name);
            if !is_kept && !patch.contains_key(name) {
                patch.insert(name.clone(), Value::Null);
            }
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
    let closed = body
        .keys()
        .find(|name| !opened.has(name) && !User::FIXED.contains(&name.as_str()));
    match closed {
        None => Ok(body),
        Some(name) => {
            let why = format!("the token's scopes do not open {name}");
            Err(Refusal::Forbidden.because(why).into())
        }
    }
}
