//! Who calls the management API: a worker application or a person, by an access token of any
//! environment of this installation (`reference/platform.md` 1.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::application::ApplicationType;
use countersign_domain::environment::Environment;
use countersign_domain::ids::{
    ApplicationId, EnvId, OrganizationId, PopulationId, RoleId, SessionId, UserId,
};
use countersign_domain::reference::Ref;
use countersign_domain::resource::ResourceType;
use countersign_domain::role::{RoleAssignment, RoleScope, RoleScopeType, RoleSubject};
use countersign_domain::store::Query;
use serde::Deserialize;

use super::reach::Reach;
use super::roles::{self, Permissions};
use crate::as_::tokens::hot::{Bearer, HotTokens};
use crate::as_::tokens::presented::{Alive, bearer};
use crate::audit::{Actors, Party};
use crate::cx::Cx;
use crate::groups;
use crate::jose::header::MAX_TOKEN;
use crate::refusal::{Outcome, Refusal};

/// Most roles of one actor that are read.
const MAX_ROLES: u32 = 500;

/// Whose word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The application itself.
    Worker,
    /// A person, through the application.
    User(UserId, SessionId),
}

/// A role that somebody has, resolved to what it permits.
#[derive(Debug, Clone)]
pub struct Held {
    /// The role.
    pub role: RoleId,
    /// What it permits.
    pub permissions: Permissions,
    /// Where.
    pub scope: RoleScope,
}

/// Somebody whose token is good.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The environment whose token it is.
    pub home: EnvId,
    /// The organization of that environment.
    pub organization: OrganizationId,
    /// The application the token was issued to.
    pub client: ApplicationId,
    /// For whom it speaks.
    pub who: Who,
    /// The roles.
    pub roles: Vec<Held>,
    /// The granted scopes.
    pub scopes: Vec<String>,
    /// As the audit log names them.
    pub actors: Actors,
}

/// The environment that a token comes from, or says that it does: whose keys to try, and nothing more.
/// It is not believed before [`authenticate`] has verified it.
pub fn home_of(hot: &HotTokens, token: &Bearer<'_>) -> Option<EnvId> {
    hot.get(token)
        .map_or_else(|| said_by(token.text), |seen| Some(seen.env))
}

fn said_by(token: &str) -> Option<EnvId> {
    #[derive(Deserialize)]
    struct Claims {
        env: String,
    }
    if token.len() > MAX_TOKEN {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let env = claims.env.parse().ok();
    env.filter(|env| *env != EnvId::PLATFORM)
}

/// Verifies a token of the environment of `cx` and finds out what its bearer may do.
///
/// A token for another API is refused: whoever runs that API holds tokens of its users, and must
/// not be able to use them here (`threats.md` 20).
pub async fn authenticate(cx: &Cx, token: &Bearer<'_>) -> Outcome<Actor> {
    let invalid = |why: &'static str| Refusal::TokenInvalid.because(why);
    let alive = bearer(cx, token).await?;
    let is_foreign = alive.is_of_custom_resources();
    let Alive { token, signed_on } = alive;
    let claims = &token.claims;
    let api = cx.env.resources.iter();
    let mut api = api.filter(|view| view.resource.type_ == ResourceType::PingoneApi);
    let audience = token.all.get("aud");
    let is_for = |name: &str| match audience {
        Some(serde_json::Value::Array(names)) => names.iter().any(|it| it == name),
        Some(other) => other == name,
        None => false,
    };
    if is_foreign || !api.any(|view| is_for(view.resource.audience())) {
        return Err(invalid("the token is for another API").into());
    }
    let view = cx
        .env
        .application(&cx.ports, claims.client_id, cx.now)
        .await?
        .filter(|view| view.application.enabled)
        .ok_or_else(|| invalid("its application is gone or disabled"))?;
    let actors = Actors {
        client: Some(Party::client(cx.env_id(), &view.application)),
        user: signed_on
            .as_ref()
            .map(|it| Party::user(cx.env_id(), &it.user)),
    };
    let mut held = Vec::new();
    let who = match signed_on {
        None => {
            // Decision: a program that is not a worker has no roles, whatever is assigned to it.
            if view.application.type_ == ApplicationType::Worker {
                hold(cx, &view.roles, &mut held).await?;
            }
            Who::Worker
        }
        Some(signed_on) => {
            let (session, user) = (&signed_on.session, &signed_on.user);
            for subject in subjects_of(cx, user.id, view.application.type_).await? {
                roles_of(cx, subject, &mut held).await?;
            }
            Who::User(user.id, session.id)
        }
    };
    Ok(Actor {
        home: cx.env_id(),
        organization: cx.env.environment.organization.id,
        client: claims.client_id,
        who,
        roles: held,
        scopes: claims.scope.split(' ').map(str::to_owned).collect(),
        actors,
    })
}

/// Whose assignments count for a person.
///
/// Decision: the roles of a person count in programs made for administration (workers and the
/// console) alone. Any other application that an administrator signs on to would hold the keys to
/// the installation without anybody having said so.
async fn subjects_of(
    cx: &Cx,
    user: UserId,
    application: ApplicationType,
) -> Outcome<Vec<RoleSubject>> {
    let is_for_administration = matches!(
        application,
        ApplicationType::Worker | ApplicationType::PingOneAdminConsole
    );
    if !is_for_administration {
        return Ok(Vec::new());
    }
    let groups = groups::with_roles(cx, user).await?.groups.into_iter();
    let groups = groups.map(|id| RoleSubject::Group(Ref::to(id)));
    let mut subjects = vec![RoleSubject::User(Ref::to(user))];
    subjects.extend(groups);
    Ok(subjects)
}

async fn roles_of(cx: &Cx, subject: RoleSubject, held: &mut Vec<Held>) -> Outcome<()> {
    use countersign_domain::entity::Entity;
    let query = Query::equal(
        RoleAssignment::KIND,
        cx.env_id(),
        RoleAssignment::BY_SUBJECT,
        subject.index_value(),
        MAX_ROLES,
    );
    let docs = cx.ports.store.list(&query, cx.now).await?.docs;
    let assignments = docs.iter().map(RoleAssignment::from_doc);
    hold(cx, &assignments.collect::<Result<Vec<_>, _>>()?, held).await
}

async fn hold(cx: &Cx, assignments: &[RoleAssignment], held: &mut Vec<Held>) -> Outcome<()> {
    for assignment in assignments {
        if let Some(permissions) = roles::permissions(cx, assignment.role.id).await? {
            held.push(Held {
                role: assignment.role.id,
                permissions,
                scope: assignment.scope,
            });
        }
    }
    Ok(())
}

/// Whether `held` stands for `asked`: the same, or all of the kind.
pub fn permits(held: &str, asked: &str) -> bool {
    match held.as_bytes() {
        [start @ .., b'*'] => asked.as_bytes().starts_with(start),
        whole => whole == asked.as_bytes(),
    }
}

impl Held {
    /// Whether it permits something, somewhere.
    pub fn permits(&self, permission: &str) -> bool {
        self.permissions.iter().any(|it| permits(it, permission))
    }
}

impl Actor {
    /// Whoever runs a command on the database itself. There is no token behind it and no role: how
    /// far it reaches is for the command to say.
    pub fn operator(environment: &Environment) -> Self {
        Self {
            home: environment.id,
            organization: environment.organization.id,
            client: ApplicationId::from_uuid(uuid::Uuid::nil()),
            who: Who::Worker,
            roles: Vec::new(),
            scopes: Vec::new(),
            actors: Actors::default(),
        }
    }

    /// The person, if one is behind the token.
    pub fn user(&self) -> Option<UserId> {
        match self.who {
            Who::Worker => None,
            Who::User(user, _) => Some(user),
        }
    }

    /// Where in an environment the roles permit something.
    ///
    /// Decision: roles for a population or an application count in the environment of their
    /// holder: their ids alone do not say which environment is meant (`threats.md` 42).
    pub fn reach(&self, permission: &str, environment: &Environment) -> Reach {
        let mut reach = Reach::default();
        for held in self.roles.iter().filter(|held| held.permits(permission)) {
            let RoleScope { id, type_ } = held.scope;
            match type_ {
                RoleScopeType::Organization => {
                    reach.everywhere |= id == environment.organization.id.uuid();
                }
                RoleScopeType::Environment => reach.everywhere |= id == environment.id.uuid(),
                RoleScopeType::Population if environment.id == self.home => {
                    reach.populations.insert(PopulationId::from_uuid(id));
                }
                RoleScopeType::Application if environment.id == self.home => {
                    reach.applications.insert(ApplicationId::from_uuid(id));
                }
                RoleScopeType::Population | RoleScopeType::Application => {}
            }
        }
        reach
    }

    /// Whether the roles permit something in a whole organization.
    pub fn may_in(&self, permission: &str, organization: OrganizationId) -> bool {
        self.roles.iter().any(|held| {
            held.permits(permission)
                && held.scope.type_ == RoleScopeType::Organization
                && held.scope.id == organization.uuid()
        })
    }

    /// Whether the roles permit something anywhere at all.
    pub fn may_somewhere(&self, permission: &str) -> bool {
        self.roles.iter().any(|held| held.permits(permission))
    }

    /// The granted scopes that are `scope` or one of its variants with a suffix.
    ///
    /// Source: `reference/platform.md` 3.5.
    pub fn scopes_like<'a>(&'a self, scope: &'a str) -> impl Iterator<Item = &'a str> {
        let is_like = move |it: &&str| {
            it.strip_prefix(scope)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        self.scopes.iter().map(String::as_str).filter(is_like)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_all_of_a_kind_and_no_other() {
        assert!(permits("users:*", "users:read"));
        assert!(permits("users:read", "users:read"));
        assert!(!permits("users:read", "users:update"));
        assert!(!permits("users:*", "userSecrets:read"));
    }

    #[test]
    fn a_token_says_where_it_comes_from_and_garbage_does_not() {
        let payload = |json: &str| format!("x.{}.y", URL_SAFE_NO_PAD.encode(json));
        let env = "00000000-0000-4000-8000-000000000001";
        assert_eq!(
            said_by(&payload(&format!(r#"{{"env":"{env}"}}"#))),
            env.parse().ok()
        );
        let platform = format!(r#"{{"env":"{}"}}"#, EnvId::PLATFORM);
        for bad in ["", "x", "x.y.z", &payload("{}"), &payload(&platform)] {
            assert_eq!(said_by(bad), None, "{bad}");
        }
    }
}
