//! `accessControl` of an application (`reference/oidc.md` 22.1): who of those who can sign on may
//! sign on to it.

use countersign_domain::application::{AccessControl, Application, GroupAccessType};
use countersign_domain::entity::Entity;
use countersign_domain::reference::Ref;
use countersign_domain::role::{self, RoleAssignment, RoleSubject};
use countersign_domain::store::Query;
use countersign_domain::user::User;

use crate::cx::Cx;
use crate::groups;
use crate::refusal::{Outcome, Refusal, Refused};

/// Roles that make somebody an administrator here.
/// Source: `reference/oidc.md` 22.1.
const ADMIN_ROLES: [&str; 4] = [
    "Organization Admin",
    "Environment Admin",
    "Identity Data Admin",
    "Client Application Developer",
];

/// Most role assignments of one user that are looked at.
const MOST_ROLES: u32 = 500;

/// Whether an application lets a user in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Allowed,
    /// It does not, for this reason.
    Refused(&'static str),
}

impl Standing {
    /// The refusal, if it is one.
    ///
    /// Decision: PingOne's answer for OpenID Connect is not documented (`reference/oidc.md` S10).
    pub fn check(self) -> Result<(), Refused> {
        match self {
            Self::Allowed => Ok(()),
            Self::Refused(why) => Err(Refusal::AccessDenied.because(why)),
        }
    }
}

/// Looks up where a user stands with an application. Reads nothing when the application lets
/// everybody in.
pub async fn standing(cx: &Cx, application: &Application, user: &User) -> Outcome<Standing> {
    let Some(control) = &application.access_control else {
        return Ok(Standing::Allowed);
    };
    if control.role.is_some() && !is_administrator(cx, user).await? {
        return Ok(Standing::Refused("the user has no administrator role"));
    }
    if control.group.is_some() && !is_in_groups(cx, control, user).await? {
        return Ok(Standing::Refused("the user is not in the groups asked for"));
    }
    Ok(Standing::Allowed)
}

async fn is_administrator(cx: &Cx, user: &User) -> Outcome<bool> {
    let mut subjects = vec![RoleSubject::User(Ref::to(user.id))];
    let groups = groups::with_roles(cx, user.id).await?.groups;
    subjects.extend(groups.into_iter().map(|id| RoleSubject::Group(Ref::to(id))));
    let admin: Vec<_> = role::BUILT_IN
        .iter()
        .filter(|role| ADMIN_ROLES.contains(&role.name))
        .map(|role| role.id)
        .collect();
    for subject in subjects {
        let by_subject = RoleAssignment::BY_SUBJECT;
        let value = subject.index_value();
        let kind = RoleAssignment::KIND;
        let query = Query::equal(kind, cx.env_id(), by_subject, value, MOST_ROLES);
        for doc in &cx.ports.store.list(&query, cx.now).await?.docs {
            if admin.contains(&RoleAssignment::from_doc(doc)?.role.id) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

async fn is_in_groups(cx: &Cx, control: &AccessControl, user: &User) -> Outcome<bool> {
    let Some(access) = &control.group else {
        return Ok(true);
    };
    let mine = groups::of_user(cx, user.id).await?;
    let mut wanted = access.groups.iter().map(|group| mine.contains(&group.id));
    Ok(match access.type_ {
        GroupAccessType::AnyGroup => wanted.any(|is_member| is_member),
        GroupAccessType::AllGroups => wanted.all(|is_member| is_member),
    })
}
