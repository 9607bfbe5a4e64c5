//! `assignActorRoles`: a new worker gets the roles of whoever makes it.

use countersign_domain::application::{Application, ApplicationType};
use countersign_domain::ids::RoleId;
use countersign_domain::ids::{RoleAssignmentId, random_uuid};
use countersign_domain::reference::Ref;
use countersign_domain::role::{
    RoleAssignment, RoleScope, RoleScopeType, RoleSubject, built_in_by_id,
};

use crate::v1::call::Call;

/// Most roles that are copied.
const MOST: usize = 100;

/// The assignments of a new application. Custom roles, and those for a population or an
/// application, mean something only where the actor is at home.
///
/// Source: `reference/oidc.md` 20.3.
pub(super) fn of_actor(call: &Call<'_>, application: &Application) -> Vec<RoleAssignment> {
    if !application.assign_actor_roles || application.type_ != ApplicationType::Worker {
        return Vec::new();
    }
    let is_home = call.actor.home == call.env;
    let mut roles: Vec<(RoleId, RoleScope)> = Vec::new();
    for held in &call.actor.roles {
        let is_wide = match held.scope.type_ {
            RoleScopeType::Organization | RoleScopeType::Environment => true,
            RoleScopeType::Population | RoleScopeType::Application => false,
        };
        let travels = is_wide && built_in_by_id(held.role).is_some();
        let role = (held.role, held.scope);
        if (is_home || travels) && roles.len() < MOST && !roles.contains(&role) {
            roles.push(role);
        }
    }
    let entropy = &*call.cx.ports.entropy;
    let copied = roles.into_iter().map(|(role, scope)| RoleAssignment {
        id: RoleAssignmentId::from_uuid(random_uuid(entropy)),
        role: Ref::to(role),
        scope,
        subject: RoleSubject::Application(Ref::to(application.id)),
        read_only: false,
        created_at: call.now(),
    });
    copied.collect()
}
