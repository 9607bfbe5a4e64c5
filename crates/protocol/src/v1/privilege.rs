//! Nobody gives away, takes over, or takes away more than they have: giving a role, putting somebody
//! into a group with roles, setting the password of an administrator, reading the secret of a worker
//! or bringing a key that signs tokens all end in somebody's hands holding those roles; disabling
//! their holder ends them (`threats.md` 39).

use std::collections::BTreeSet;

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
use crate::groups::{self, Found};
use crate::refusal::{Outcome, Refusal};

/// Most assignments of one subject that are looked at.
const MOST: u32 = 500;

/// Most assignments of an environment that are looked at.
const MOST_OF_ALL: u32 = 5_000;

/// Most scopes that what somebody adds to a role is compared with.
const MOST_SCOPES: usize = 500;

/// The roles that a subject of the environment has by itself.
pub async fn assignments(call: &Call<'_>, subject: RoleSubject) -> Outcome<Vec<RoleAssignment>> {
    Ok(listed(call, of_subject(call, subject)).await?.0)
}

fn of_subject(call: &Call<'_>, subject: RoleSubject) -> Query {
    let index = RoleAssignment::BY_SUBJECT;
    let value = subject.index_value();
    Query::equal(RoleAssignment::KIND, call.env, index, value, MOST)
}

/// What a query finds, and whether that is all there is.
async fn listed(call: &Call<'_>, query: Query) -> Outcome<(Vec<RoleAssignment>, bool)> {
    let page = call.store().list(&query, call.now()).await?;
    let read = page.docs.iter().map(RoleAssignment::from_doc);
    Ok((read.collect::<Result<_, _>>()?, page.next.is_none()))
}

/// Whether the caller has everything that a role permits, at the same scope or a broader one.
pub async fn covers(call: &Call<'_>, role: RoleId, scope: RoleScope) -> Outcome<bool> {
    let Some(wanted) = roles::permissions(call.cx, role).await? else {
        // A role that is not there any more permits nothing.
        return Ok(true);
    };
    holds(call, wanted.iter(), scope).await
}

/// Whether the caller has these permissions at a scope or a broader one.
async fn holds(
    call: &Call<'_>,
    mut wanted: impl Iterator<Item = &str> + Send,
    scope: RoleScope,
) -> Outcome<bool> {
    let environment = environment_of(call, scope).await?;
    if environment.is_none() && scope.type_ != RoleScopeType::Organization {
        // Nor does a role in an environment that is not there any more.
        return Ok(true);
    }
    let there = held_at(call, scope, environment.as_ref());
    let is_held = |permission: &str| {
        let mut all = there.iter().flat_map(|held| held.permissions.iter());
        all.any(|it| permits(it, permission))
    };
    // What opens nothing here gives nothing away.
    Ok(wanted.all(|it| !roles::is_known(it) || is_held(it)))
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
    over_all(call, of_subject(call, subject)).await
}

/// The same for everybody who lives in the environment: for what makes its caller whom they like,
/// such as a key that signs its tokens.
pub async fn over_everybody(call: &Call<'_>) -> Outcome<()> {
    let everybody = Query::all(RoleAssignment::KIND, call.env, MOST_OF_ALL);
    over_all(call, everybody).await
}

/// Refuses unless the caller covers the roles that a query finds.
///
/// Decision: what is too much to look at is refused, roles and groups alike. They could be any:
/// whoever gives somebody a thousand of them hides the one that counts.
async fn over_all(call: &Call<'_>, query: Query) -> Outcome<()> {
    let (found, is_all) = listed(call, query).await?;
    insist(is_all, "there are more roles than are looked at")?;
    let distinct: BTreeSet<_> = found.iter().map(|it| (it.role.id, it.scope)).collect();
    for (role, scope) in distinct {
        let covers = covers(call, role, scope).await?;
        insist(covers, "there is a role that the actor has not")?;
    }
    Ok(())
}

fn insist(holds: bool, why: &'static str) -> Outcome<()> {
    if holds {
        return Ok(());
    }
    Err(Refusal::Forbidden.because(why).into())
}

/// Whether the caller has these permissions wherever a custom role is assigned: adding them to the
/// role gives them to all who have it.
///
/// Decision: where it is assigned too often to tell, they must be held in the whole organization.
pub async fn holds_wherever_assigned(
    call: &Call<'_>,
    role: RoleId,
    added: &[&str],
) -> Outcome<bool> {
    if added.is_empty() {
        return Ok(true);
    }
    let everything = Query::all(RoleAssignment::KIND, call.env, MOST_OF_ALL);
    let (found, is_all) = listed(call, everything).await?;
    let of_role = found.iter().filter(|it| it.role.id == role);
    let mut scopes: BTreeSet<RoleScope> = of_role.map(|it| it.scope).collect();
    if !is_all || scopes.len() > MOST_SCOPES {
        scopes = BTreeSet::from([RoleScope {
            id: call.cx.env.environment.organization.id.uuid(),
            type_: RoleScopeType::Organization,
        }]);
    }
    for scope in scopes {
        if !holds(call, added.iter().copied(), scope).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same for a user, whose groups may have roles, too.
pub async fn over_user(call: &Call<'_>, user: UserId) -> Outcome<()> {
    over(call, RoleSubject::User(Ref::to(user))).await?;
    over_groups(call, groups::with_roles(call.cx, user).await?).await
}

/// The same for the members of a group, which may be in others.
pub async fn over_group(call: &Call<'_>, group: GroupId) -> Outcome<()> {
    over(call, RoleSubject::Group(Ref::to(group))).await?;
    over_groups(call, groups::above(call.cx, [group]).await?).await
}

async fn over_groups(call: &Call<'_>, found: Found) -> Outcome<()> {
    insist(found.is_all, "there are more groups than are looked at")?;
    for group in found.groups {
        over(call, RoleSubject::Group(Ref::to(group))).await?;
    }
    Ok(())
}
