//! Nobody gives away, or takes over, more than they have: giving a role, putting somebody into a
//! group with roles, setting the password of an administrator or reading the secret of a worker
//! all end in somebody's hands holding those roles (`threats.md` 39).

use countersign_domain::entity::{self, Entity};
use countersign_domain::environment::Environment;
use countersign_domain::ids::{EnvId, GroupId, OrganizationId, RoleId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleScope, RoleScopeType, RoleSubject};
use countersign_domain::store::Query;
use uuid::Uuid;

use super::actor::{Held, permits};
use super::call::Call;
use super::roles;
use crate::groups;
use crate::refusal::{Outcome, Refusal};

/// Most assignments of one subject that are looked at.
const MOST: u32 = 500;

/// The roles that a subject of the environment has by itself.
pub async fn assignments(call: &Call<'_>, subject: RoleSubject) -> Outcome<Vec<RoleAssignment>> {
    let index = RoleAssignment::BY_SUBJECT;
    let value = subject.index_value();
    let query = Query::equal(RoleAssignment::KIND, call.env, index, value, MOST);
    let docs = call.store().list(&query, call.now()).await?.docs;
    let read = docs.iter().map(RoleAssignment::from_doc);
    Ok(read.collect::<Result<_, _>>()?)
}

/// Whether the caller has everything that a role permits, at the same scope or a broader one.
pub async fn covers(call: &Call<'_>, role: RoleId, scope: RoleScope) -> Outcome<bool> {
    let Some(wanted) = roles::permissions(call.cx, role).await? else {
        // A role that is not there any more permits nothing.
        return Ok(true);
    };
    let environment = environment_of(call, scope).await?;
    if scope.type_ == RoleScopeType::Environment && environment.is_none() {
        // Nor does one for an environment that is not there any more.
        return Ok(true);
    }
    let there = held_at(call, scope, environment.as_ref());
    let is_held = |permission: &str| {
        let mut all = there.iter().flat_map(|held| held.permissions.iter());
        all.any(|it| permits(it, permission))
    };
    // What opens nothing here gives nothing away.
    let mut wanted = wanted.iter().filter(|it| roles::is_known(it));
    Ok(wanted.all(is_held))
}

/// Whether a role may be given by the caller, as far as the role says so itself: custom ones are
/// given by whoever has them, or a role that they name, at the same scope or a broader one.
///
/// Source: developer.pingidentity.com, "Custom Admin Roles".
pub async fn may_give(call: &Call<'_>, role: RoleId, scope: RoleScope) -> Outcome<bool> {
    let Some(custom) = roles::custom(call.cx, role).await? else {
        return Ok(true);
    };
    let environment = environment_of(call, scope).await?;
    let there = held_at(call, scope, environment.as_ref());
    let mut givers = there.iter().map(|held| held.role);
    Ok(givers.any(|it| it == role || custom.can_be_assigned_by.contains(&Ref::to(it))))
}

/// What the caller has at a scope, or at a broader one.
fn held_at<'a>(
    call: &'a Call<'_>,
    scope: RoleScope,
    environment: Option<&Environment>,
) -> Vec<&'a Held> {
    let organization = environment.map(|it| it.organization.id);
    let held = call.actor.roles.iter();
    held.filter(|held| is_broader(held, scope, organization, call.env))
        .collect()
}

/// The environment of what a scope names, if it is there.
async fn environment_of(call: &Call<'_>, scope: RoleScope) -> Outcome<Option<Environment>> {
    let env = match scope.type_ {
        RoleScopeType::Organization => return Ok(None),
        RoleScopeType::Environment => EnvId::from_uuid(scope.id),
        RoleScopeType::Population | RoleScopeType::Application => call.env,
    };
    let (store, id) = (call.store(), env.to_string());
    let found = entity::load::<Environment>(store, EnvId::PLATFORM, id, call.now()).await?;
    Ok(found.map(|it| it.value))
}

fn is_broader(
    held: &Held,
    wanted: RoleScope,
    organization: Option<OrganizationId>,
    here: EnvId,
) -> bool {
    if held.scope == wanted {
        return true;
    }
    let is_part_of = |env: Uuid| match wanted.type_ {
        RoleScopeType::Population | RoleScopeType::Application => here.uuid() == env,
        RoleScopeType::Organization | RoleScopeType::Environment => false,
    };
    match held.scope.type_ {
        RoleScopeType::Organization => organization.is_some_and(|it| it.uuid() == held.scope.id),
        RoleScopeType::Environment => is_part_of(held.scope.id),
        RoleScopeType::Population | RoleScopeType::Application => false,
    }
}

/// Refuses unless the caller covers all roles of a subject.
pub async fn over(call: &Call<'_>, subject: RoleSubject) -> Outcome<()> {
    for assignment in assignments(call, subject).await? {
        if !covers(call, assignment.role.id, assignment.scope).await? {
            let why = "the subject has a role that the actor has not";
            return Err(Refusal::Forbidden.because(why).into());
        }
    }
    Ok(())
}

/// The same for a user, whose groups may have roles, too.
pub async fn over_user(call: &Call<'_>, user: UserId) -> Outcome<()> {
    over(call, RoleSubject::User(Ref::to(user))).await?;
    for group in groups::with_roles(call.cx, user).await? {
        over(call, RoleSubject::Group(Ref::to(group))).await?;
    }
    Ok(())
}

/// The same for the members of a group, which may be in others.
pub async fn over_group(call: &Call<'_>, group: GroupId) -> Outcome<()> {
    over(call, RoleSubject::Group(Ref::to(group))).await?;
    for parent in groups::above(call.cx, [group]).await? {
        over(call, RoleSubject::Group(Ref::to(parent))).await?;
    }
    Ok(())
}
