//! `/v1/roles`: the built-in roles (`reference/platform.md` 3.11).

use countersign_domain::entity;
use countersign_domain::ids::RoleId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::role::{self, BuiltInRole, CustomRole, RoleScopeType};
use serde_json::{Value, json};

use super::body::Object;
use super::call::{Call, Reply};
use super::hal::{self, Body, Links, List};
use super::route::{self, Endpoint, Resource};
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// `/roles`
pub const RESOURCE: Resource = Resource {
    name: "roles",
    endpoints: &[
        Endpoint::get("/roles", "environments:read", list),
        Endpoint::get("/roles/{role}", "environments:read", read),
    ],
};

/// What a role permits, each as `classifier:action`; `*` for all of a kind.
#[derive(Debug, Clone)]
pub enum Permissions {
    /// Those of a built-in role.
    BuiltIn(&'static [&'static str]),
    /// Those of a custom one.
    Custom(Vec<String>),
}

impl Permissions {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let (built_in, custom) = match self {
            Self::BuiltIn(all) => (*all, [].as_slice()),
            Self::Custom(all) => ([].as_slice(), all.as_slice()),
        };
        let custom = custom.iter().map(String::as_str);
        built_in.iter().copied().chain(custom)
    }
}

/// What a role permits; `None` when there is no such role. Custom roles are those of the
/// environment of `cx`.
pub async fn permissions(cx: &Cx, id: RoleId) -> Outcome<Option<Permissions>> {
    if let Some(role) = role::built_in_by_id(id) {
        return Ok(Some(Permissions::BuiltIn(role.permissions)));
    }
    let role = custom(cx, id).await?;
    let ids = |role: CustomRole| role.permissions.into_iter().map(|it| it.id);
    Ok(role.map(|role| Permissions::Custom(ids(role).collect())))
}

/// The types of scope at which a role can be given; `None` when there is no such role.
pub async fn applicable_to(cx: &Cx, id: RoleId) -> Outcome<Option<Vec<RoleScopeType>>> {
    if let Some(role) = role::built_in_by_id(id) {
        return Ok(Some(role.applicable_to.to_vec()));
    }
    Ok(custom(cx, id).await?.map(|role| role.applicable_to))
}

/// The custom role with that id.
pub async fn custom(cx: &Cx, id: RoleId) -> Outcome<Option<CustomRole>> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let found = entity::load::<CustomRole>(store, env, id.to_string(), cx.now).await?;
    Ok(found.map(|it| it.value))
}

/// Whether a permission opens anything here; PingOne has many that do not.
pub fn is_known(permission: &str) -> bool {
    permission.contains('*') || route::endpoints().any(|it| it.permission == permission)
}

fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let items: Vec<Body> = role::BUILT_IN.iter().map(|it| shown(call, it)).collect();
        let list = List::whole("roles", items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let role = role::built_in_by_id(call.id("role")?);
        let role = role.ok_or_else(|| Refusal::NotFound.because("no such role"))?;
        Ok(Reply::ok(shown(call, role)))
    })
}

fn shown(call: &Call<'_>, role: &BuiltInRole) -> Body {
    let own = call.url(&format!("/roles/{}", role.id));
    hal::resource(Links::to(call, &own), body_of(role))
}

/// A built-in role as it is answered, without links.
pub fn body_of(role: &BuiltInRole) -> Object {
    let permissions: Vec<Value> = role
        .permissions
        .iter()
        .map(|permission| {
            let (classifier, action) = permission.split_once(':').unwrap_or((permission, ""));
            json!({ "id": permission, "classifier": classifier, "description": action })
        })
        .collect();
    let mut object = Object::new();
    object.insert("id".into(), json!(role.id));
    object.insert("name".into(), json!(role.name));
    object.insert("description".into(), json!(role.description));
    object.insert("applicableTo".into(), json!(role.applicable_to));
    object.insert("type".into(), json!("PLATFORM"));
    object.insert("permissions".into(), json!(permissions));
    object
}
