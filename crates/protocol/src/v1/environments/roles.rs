//! `/v1/environments/{e}/roles`: custom roles beside the built-in ones (`reference/platform.md` 1.5,
//! 3.11).

use countersign_domain::entity::Entity;
use countersign_domain::filter::{self, Filterable, Operator};
use countersign_domain::ids::RoleId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::role::{self, CustomRole, RoleAssignment, RoleScope, RoleScopeType};
use countersign_domain::store::{Batch, Entries};
use serde_json::{Value, json};

use crate::configuration;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::actor::permits;
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::page;
use crate::v1::privilege;
use crate::v1::roles;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/roles";
const ONE: &str = "/environments/{environment}/roles/{role}";
/// Most permissions of one role.
const MAX_PERMISSIONS: usize = 1_000;

/// `/environments/{e}/roles`
pub const RESOURCE: Resource = Resource {
    name: "roles",
    endpoints: &[
        Endpoint::get(ALL, "roles:read", list),
        Endpoint::post(ALL, "roles:create", noun::create::<CustomRole>),
        Endpoint::get(ONE, "roles:read", read),
        Endpoint::put(ONE, "roles:update", noun::replace::<CustomRole>),
        Endpoint::delete(ONE, "roles:delete", noun::remove::<CustomRole>),
    ],
};

/// What judging a change takes.
pub struct Facts {
    /// Ids of roles that exist, or were named before.
    known: Vec<RoleId>,
    /// Whether somebody has it.
    is_assigned: bool,
    /// Whether it would permit more somewhere else than who changes it may.
    exceeds_elsewhere: bool,
}

impl Noun for CustomRole {
    const PLURAL: &'static str = "roles";
    const PARAMETER: &'static str = "role";
    const READ_ONLY: &'static [&'static str] = &["type", "canAssign"];
    type Facts = Facts;

    /// Source: Ping's Terraform provider, whose tests look for this text.
    fn absent(_call: &Call<'_>, id: &str) -> Refused {
        let id: String = id.chars().take(64).collect();
        let message = format!("There is no role with id {id}");
        Refusal::Absent(message.into()).because("no such role")
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let customs = noun::all::<Self>(call).await?;
        let built_in = role::BUILT_IN.iter().map(|it| it.id);
        let mut known: Vec<RoleId> = built_in.chain(customs.iter().map(|it| it.id)).collect();
        // Those that it names may be gone: see `pointing.rs`.
        let before = change.before().map(|it| &it.can_be_assigned_by);
        known.extend(before.into_iter().flatten().map(|it| it.id));
        let mut exceeds_elsewhere = false;
        if let Change::Replace { before, after } = &change {
            let added = added(before, after);
            exceeds_elsewhere =
                !privilege::holds_wherever_assigned(call, before.id, &added).await?;
        }
        let mut is_assigned = false;
        if let Change::Remove(before) = &change {
            let all = configuration::all::<RoleAssignment>(call.store(), call.env, call.now());
            is_assigned = all.await?.iter().any(|it| it.role.id == before.id);
        }
        Ok(Facts {
            known,
            is_assigned,
            exceeds_elsewhere,
        })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            if facts.is_assigned {
                let message = "The role must not be assigned";
                let misfit = Misfit::constraint("", message);
                return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
            }
            let (kind, index) = (RoleAssignment::KIND, RoleAssignment::BY_ROLE);
            let id = change.before().map(|it| it.id.to_string());
            let assigned = Entries::equal(kind, call.env, index, id.unwrap_or_default());
            return Ok(Batch::new().leaves_none(assigned));
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 2_048);
        check.expect(!after.applicable_to.is_empty(), || {
            Misfit::invalid("applicableTo", "must not be empty")
        });
        let count = after.permissions.len();
        check.expect((1..=MAX_PERMISSIONS).contains(&count), || {
            Misfit::invalid("permissions", "must have 1 to 1000 entries")
        });
        let is_word = |it: &str| {
            let is_plain = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
            it.len() <= 256
                && it.contains(':')
                && it
                    .split(':')
                    .all(|step| !step.is_empty() && (step == "*" || step.chars().all(is_plain)))
        };
        check.expect(after.permissions.iter().all(|it| is_word(&it.id)), || {
            Misfit::invalid("permissions.id", "must be of the form classifier:action")
        });
        let mut assigners = after.can_be_assigned_by.iter();
        check.expect(assigners.all(|it| facts.known.contains(&it.id)), || {
            Misfit::invalid("canBeAssignedBy.id", "no role has this id")
        });
        // Whoever could make a role of more than they have would give it to themselves.
        let here = RoleScope {
            id: call.env.uuid(),
            type_: RoleScopeType::Environment,
        };
        let is_held = |permission: &str| {
            call.actor.roles.iter().any(|held| {
                let is_here = held.scope == here
                    || held.scope.type_ == RoleScopeType::Organization
                        && held.scope.id == call.cx.env.environment.organization.id.uuid();
                is_here && held.permissions.iter().any(|it| permits(it, permission))
            })
        };
        let excess = after.permissions.iter().map(|it| it.id.as_str());
        let excess = excess
            .filter(|it| roles::is_known(it))
            .find(|it| !is_held(it));
        check.expect(excess.is_none() && !facts.exceeds_elsewhere, || {
            Misfit::invalid("permissions", "Must have role at the same or broader scope")
        });
        check.finish()?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let customs = noun::all::<Self>(call).await?;
        let customs = customs.into_iter().map(|it| it.value).collect::<Vec<_>>();
        Ok(body_of(self, &customs))
    }
}

/// What a role permits after a change and did not before.
fn added<'a>(before: &CustomRole, after: &'a CustomRole) -> Vec<&'a str> {
    let had = |it: &&str| before.permissions.iter().any(|had| permits(&had.id, it));
    let all = after.permissions.iter().map(|it| it.id.as_str());
    all.filter(|it| !had(it)).collect()
}

/// A custom role as it is answered; `customs` are those of the environment.
fn body_of(role: &CustomRole, customs: &[CustomRole]) -> Object {
    let permissions: Vec<Value> = role
        .permissions
        .iter()
        .map(|permission| {
            let (classifier, action) = permission
                .id
                .split_once(':')
                .unwrap_or((&permission.id, ""));
            json!({ "id": permission.id, "classifier": classifier, "description": action })
        })
        .collect();
    let mut object = noun::object_of(role).unwrap_or_default();
    object.insert("type".into(), json!("CUSTOM"));
    object.insert("permissions".into(), json!(permissions));
    object.insert("canAssign".into(), can_assign(role.id, customs));
    object
}

/// What a role may give: the custom roles that say so.
fn can_assign(id: RoleId, customs: &[CustomRole]) -> Value {
    let names_it = |it: &&CustomRole| it.can_be_assigned_by.iter().any(|by| by.id == id);
    let given = customs.iter().filter(names_it);
    given.map(|it| json!({ "id": it.id })).collect()
}

/// `GET` of the list: built-in roles first.
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    const EQ: &[Operator] = &[Operator::Eq];
    Box::pin(async move {
        let known = [Filterable::new("type", EQ), Filterable::new("name", EQ)];
        let wanted = page::filter_of(call, &known)?;
        let customs = noun::all::<CustomRole>(call).await?;
        let customs: Vec<CustomRole> = customs.into_iter().map(|it| it.value).collect();
        let bodies = role::BUILT_IN.iter().map(roles::body_of);
        let bodies = bodies.chain(customs.iter().map(|it| body_of(it, &customs)));
        let items: Vec<Body> = bodies
            .filter(|body| {
                let json = Value::Object(body.clone());
                wanted.as_ref().is_none_or(|it| filter::matches(it, &json))
            })
            .map(|body| shown(call, body))
            .collect();
        let list = List::whole("roles", items).filtered();
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn shown(call: &Call<'_>, mut body: Object) -> Body {
    let all = call.fill(ALL);
    let id = body.get("id").and_then(Value::as_str).unwrap_or_default();
    let own = call.url(&format!("{all}/{id}"));
    body.insert("environment".into(), json!({ "id": call.env }));
    hal::resource(Links::to(call, &own), body)
}

/// `GET` of one, of either kind.
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id: RoleId = call.id("role")?;
        let body = match role::built_in_by_id(id) {
            Some(role) => roles::body_of(role),
            None => {
                noun::named::<CustomRole>(call)
                    .await?
                    .value
                    .show(call)
                    .await?
            }
        };
        Ok(Reply::ok(shown(call, body)))
    })
}
