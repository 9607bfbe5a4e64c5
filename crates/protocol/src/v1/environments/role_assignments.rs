//! `/v1/environments/{e}/{applications|users|groups|gateways}/{id}/roleAssignments`
//! (`reference/platform.md` 3.11).

use countersign_domain::application::Application;
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::environment::Environment;
use countersign_domain::gateway::Gateway;
use countersign_domain::group::Group;
use countersign_domain::ids::{
    ApplicationId, EnvId, GatewayId, GroupId, OrganizationId, PopulationId, RoleAssignmentId,
    RoleId, UserId, random_uuid,
};
use countersign_domain::organization::Organization;
use countersign_domain::population::Population;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleScope, RoleScopeType, RoleSubject};
use countersign_domain::store::{Batch, Entries, Fault, Precondition, Unique};
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::groups;
use crate::cx::Cx;
use crate::misfit::{Hint, Misfit};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::belongings::Belongings;
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::privilege;
use crate::v1::roles;
use crate::v1::route::{Endpoint, Resource};

const READ: &str = "roleAssignments:read";
const CREATE: &str = "roleAssignments:create";
const DELETE: &str = "roleAssignments:delete";
const OF_APPLICATION: &str =
    "/environments/{environment}/applications/{application}/roleAssignments";
const ONE_OF_APPLICATION: &str =
    "/environments/{environment}/applications/{application}/roleAssignments/{assignment}";
const OF_USER: &str = "/environments/{environment}/users/{user}/roleAssignments";
const ONE_OF_USER: &str = "/environments/{environment}/users/{user}/roleAssignments/{assignment}";
const OF_GROUP: &str = "/environments/{environment}/groups/{group}/roleAssignments";
const ONE_OF_GROUP: &str =
    "/environments/{environment}/groups/{group}/roleAssignments/{assignment}";
const OF_GATEWAY: &str = "/environments/{environment}/gateways/{gateway}/roleAssignments";
const ONE_OF_GATEWAY: &str =
    "/environments/{environment}/gateways/{gateway}/roleAssignments/{assignment}";

/// `roleAssignments`
pub const RESOURCE: Resource = Resource {
    name: "roleAssignments",
    endpoints: &[
        Endpoint::get(OF_APPLICATION, READ, list),
        Endpoint::post(OF_APPLICATION, CREATE, create),
        Endpoint::get(ONE_OF_APPLICATION, READ, read),
        Endpoint::delete(ONE_OF_APPLICATION, DELETE, remove),
        Endpoint::get(OF_USER, READ, list),
        Endpoint::post(OF_USER, CREATE, create),
        Endpoint::get(ONE_OF_USER, READ, read),
        Endpoint::delete(ONE_OF_USER, DELETE, remove),
        Endpoint::get(OF_GROUP, READ, list),
        Endpoint::post(OF_GROUP, CREATE, create),
        Endpoint::get(ONE_OF_GROUP, READ, read),
        Endpoint::delete(ONE_OF_GROUP, DELETE, remove),
        Endpoint::get(OF_GATEWAY, READ, list),
        Endpoint::post(OF_GATEWAY, CREATE, create),
        Endpoint::get(ONE_OF_GATEWAY, READ, read),
        Endpoint::delete(ONE_OF_GATEWAY, DELETE, remove),
    ],
};

/// Whose roles the path is about.
async fn subject(call: &Call<'_>) -> Outcome<RoleSubject> {
    let (subject, is_there) = if !call.text("application").is_empty() {
        let id: ApplicationId = call.id("application")?;
        let is_there = call.load::<Application>(id).await?.is_some();
        (RoleSubject::Application(Ref::to(id)), is_there)
    } else if !call.text("group").is_empty() {
        let id: GroupId = call.id("group")?;
        let is_there = call.load::<Group>(id).await?.is_some();
        (RoleSubject::Group(Ref::to(id)), is_there)
    } else if !call.text("gateway").is_empty() {
        let id: GatewayId = call.id("gateway")?;
        let is_there = call.load::<Gateway>(id).await?.is_some();
        (RoleSubject::Gateway(Ref::to(id)), is_there)
    } else {
        let id: UserId = call.id("user")?;
        let is_there = call.load::<User>(id).await?.is_some();
        (RoleSubject::User(Ref::to(id)), is_there)
    };
    if is_there {
        Ok(subject)
    } else {
        let why = "whose roles they would be is not there";
        Err(Refusal::NotFound.because(why).into())
    }
}

async fn named(call: &Call<'_>) -> Outcome<Stored<RoleAssignment>> {
    let subject = subject(call).await?;
    let id: RoleAssignmentId = call.id("assignment")?;
    let found = call.load::<RoleAssignment>(id).await?;
    let found = found.filter(|it| it.subject == subject);
    found.ok_or_else(|| Refusal::NotFound.because("no such assignment").into())
}

fn shown(call: &Call<'_>, assignment: &RoleAssignment) -> Body {
    let path = call.own_path();
    let path = if call.text("assignment").is_empty() {
        format!("{path}/{}", assignment.id)
    } else {
        path
    };
    let links = Links::to(call, &call.url(&path));
    let mut object = Object::new();
    object.insert("id".into(), json!(assignment.id));
    object.insert("role".into(), json!(assignment.role));
    object.insert("scope".into(), json!(assignment.scope));
    object.insert("readOnly".into(), json!(assignment.read_only));
    object.insert("environment".into(), json!({ "id": call.env }));
    hal::resource(links, object)
}

/// `GET` of the list
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = privilege::assignments(call, subject(call).await?).await?;
        let items: Vec<Body> = found.iter().map(|it| shown(call, it)).collect();
        let list = List::whole("roleAssignments", items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// `GET` of one
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move { Ok(Reply::ok(shown(call, &named(call).await?.value))) })
}

/// `POST`
fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let subject = subject(call).await?;
        let given = body::writable(body::without_nulls(body::object(call.body)?), &[]);
        let given: Given = body::read(given).map_err(wrong)?;
        let id = random_uuid(&*call.cx.ports.entropy);
        let operation = Create {
            call,
            subject,
            given,
            id: RoleAssignmentId::from_uuid(id),
        };
        let made = run(call.cx, &operation).await?;
        Ok(Reply::created(shown(call, &made)))
    })
}

#[derive(Deserialize)]
struct Given {
    role: Ref<RoleId>,
    scope: RoleScope,
}

fn wrong(misfit: Misfit) -> Refused {
    let why = format!("{}: {}", misfit.target, misfit.message);
    Refusal::Unfit(vec![misfit]).because(why)
}

struct Create<'a> {
    call: &'a Call<'a>,
    subject: RoleSubject,
    given: Given,
    id: RoleAssignmentId,
}

impl Operation for Create<'_> {
    /// What else must be as it was found.
    type Facts = Result<Batch, Refused>;
    type Reply = RoleAssignment;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let (call, Given { role, scope }) = (self.call, &self.given);
        let Some(applicable) = roles::applicable_to(call.cx, role.id).await? else {
            return Ok(Err(wrong(Misfit::invalid(
                "role.id",
                "no role has this id",
            ))));
        };
        if !applicable.contains(&scope.type_) {
            let allowed = applicable.iter().filter_map(|it| {
                let json = serde_json::to_value(it).ok()?;
                json.as_str().map(str::to_owned)
            });
            let misfit = Misfit::invalid("scope", "The role cannot be given at this type of scope")
                .hinting(Hint::Values(allowed.collect()));
            return Ok(Err(wrong(misfit)));
        }
        if !exists(call, *scope).await? {
            let misfit = Misfit::invalid("scope", "The scope names nothing that exists");
            return Ok(Err(wrong(misfit)));
        }
        let may_give = privilege::may_give(call, role.id, *scope).await?;
        if !(may_give && privilege::covers(call, role.id, *scope).await?) {
            // Source: `reference/platform.md` 1.8: clients wait and try again when they read this.
            let message = "Must have role at the same or broader scope";
            return Ok(Err(wrong(Misfit::invalid("scope", message))));
        }
        let mut as_found = Batch::new();
        let subject = self.subject.key(call.env);
        let Some(doc) = call.store().get(&subject, call.now()).await? else {
            return Ok(Err(Refusal::NotFound.because("the subject is gone")));
        };
        if let RoleSubject::Group(_) = self.subject {
            if Group::from_doc(&doc)?.user_filter.is_some() {
                return Ok(Err(wrong(Misfit::constraint("", groups::ROLES_OR_FILTER))));
            }
            as_found = as_found.require(Precondition::Version(subject, doc.version));
        }
        for (rule, value) in self.assignment().uniques() {
            let unique = Unique::new(RoleAssignment::KIND, call.env, rule, value);
            if call.store().get_by(&unique, call.now()).await?.is_some() {
                return Ok(Err(wrong(Misfit::taken("role"))));
            }
        }
        Ok(Ok(as_found))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<RoleAssignment>, Fault> {
        let as_found = match facts {
            Ok(as_found) => as_found,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let (env, assignment) = (self.call.env, self.assignment());
        let batch = as_found.create(env, &assignment)?.changed(env);
        Ok(Verdict::reply(assignment).writing(batch))
    }
}

impl Create<'_> {
    fn assignment(&self) -> RoleAssignment {
        RoleAssignment {
            id: self.id,
            role: self.given.role,
            scope: self.given.scope,
            subject: self.subject,
            read_only: false,
            created_at: self.call.now(),
        }
    }
}

/// Whether what a scope names is there. Populations and applications are those of the subject's
/// environment, where alone such roles count.
async fn exists(call: &Call<'_>, scope: RoleScope) -> Outcome<bool> {
    let (store, now, id) = (call.store(), call.now(), scope.id);
    Ok(match scope.type_ {
        RoleScopeType::Organization => {
            let id = OrganizationId::from_uuid(id).to_string();
            let found = entity::load::<Organization>(store, EnvId::PLATFORM, id, now);
            found.await?.is_some()
        }
        RoleScopeType::Environment => {
            let id = EnvId::from_uuid(id).to_string();
            let found = entity::load::<Environment>(store, EnvId::PLATFORM, id, now);
            found.await?.is_some()
        }
        RoleScopeType::Population => {
            let id = PopulationId::from_uuid(id);
            call.load::<Population>(id).await?.is_some()
        }
        RoleScopeType::Application => {
            let id = ApplicationId::from_uuid(id);
            call.load::<Application>(id).await?.is_some()
        }
    })
}

/// Adds the roles that end with what their scope names, a population or an application: they count
/// in its environment alone.
pub(super) async fn end_within(call: &Call<'_>, scope: Uuid, void: &mut Belongings) -> Outcome<()> {
    let (kind, index) = (RoleAssignment::KIND, RoleAssignment::BY_SCOPE);
    let entries = Entries::equal(kind, call.env, index, scope.to_string());
    void.take(call, entries, u32::MAX).await?;
    Ok(())
}

/// `DELETE`
fn remove<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        run(call.cx, &Remove { call }).await?;
        Ok(Reply::gone())
    })
}

struct Remove<'a> {
    call: &'a Call<'a>,
}

impl Operation for Remove<'_> {
    type Facts = (Stored<RoleAssignment>, bool);
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let found = named(self.call).await?;
        let covers = privilege::covers(self.call, found.role.id, found.scope).await?;
        Ok((found, covers))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<()>, Fault> {
        let (found, covers) = facts;
        let env = self.call.env;
        if found.read_only {
            let message = format!(
                "Role assignment {} cannot be deleted as it is read only",
                found.id
            );
            let refusal = Refusal::NotNow(Some(message.into()), Vec::new());
            return Ok(Verdict::refuse(refusal.because("read only")));
        }
        if !covers {
            let message = "Must have role at the same or broader scope";
            return Ok(Verdict::refuse(wrong(Misfit::invalid("scope", message))));
        }
        let key = found.key(env);
        let batch = Batch::new()
            .require(Precondition::Version(key.clone(), found.version))
            .delete(key)
            .changed(env);
        Ok(Verdict::reply(()).writing(batch))
    }
}
