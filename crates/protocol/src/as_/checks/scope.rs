//! `scope`: what of it the application is granted (`threats.md` 14).

use countersign_domain::ids::ResourceId;
use countersign_domain::resource::ResourceType;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};

use crate::as_::params::Params;
use crate::configuration::{ApplicationView, ResourceView, Snapshot};
use crate::refusal::{Refusal, Refused};

/// The granted scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedScope {
    /// Names, in the order asked for (`reference/rulings.md` 22).
    pub names: Vec<String>,
    /// The resource, other than OpenID Connect, that the access token is for.
    pub resource: Option<ResourceId>,
    /// Further custom resources, where the application may ask for several at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<ResourceId>,
}

impl GrantedScope {
    /// Whether a scope is granted.
    pub fn contains(&self, name: &str) -> bool {
        self.names.iter().any(|granted| granted == name)
    }

    /// Whether a scope of a resource can be among them: of OpenID Connect always, of another if it
    /// was granted of that very one, whatever is called the same today.
    fn is_of(&self, view: &ResourceView) -> bool {
        let is_own = view.resource.type_ == ResourceType::OpenidConnect;
        is_own || self.resources().any(|id| id == view.resource.id)
    }

    /// Every resource, other than OpenID Connect, that the access token is for.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> {
        self.resource.into_iter().chain(self.more.iter().copied())
    }

    /// Adds a scope, if its resource may be in one token with those of the others.
    ///
    /// Source: `reference/oidc.md` 19.5: several custom resources where the application is set to
    /// it, the PingOne API and a custom resource never.
    fn add(
        &mut self,
        env: &Snapshot,
        view: &ApplicationView,
        name: &str,
        resource: &ResourceView,
    ) -> Result<(), Refused> {
        let id = resource.resource.id;
        let is_own = resource.resource.type_ == ResourceType::OpenidConnect;
        if !is_own && !self.resources().any(|known| known == id) {
            let is_custom = |id: ResourceId| {
                env.resource(id)
                    .is_some_and(|view| view.resource.type_ == ResourceType::Custom)
            };
            let several = view
                .application
                .request_scopes_for_multiple_resources_enabled
                && self.resources().all(is_custom)
                && is_custom(id);
            match self.resource {
                None => self.resource = Some(id),
                Some(_) if several => self.more.push(id),
                Some(_) => {
                    return Err(Refusal::ScopesOfSeveralResources
                        .because("scopes of two resources other than openid"));
                }
            }
        }
        if !self.contains(name) {
            self.names.push(name.to_owned());
        }
        Ok(())
    }

    /// As the parameter and claim have it.
    pub fn to_text(&self) -> String {
        self.names.join(" ")
    }
}

/// Most scopes of one request that are looked at.
const MAX_SCOPES: usize = 1_000;

/// Grants what is asked for and allowed; the rest is left out without a word.
///
/// Spec: `reference/oidc.md` 3.5, 19.4, 19.5; `rulings.md` 7, 13. Every OpenID Connect application
/// may ask for `openid` without a grant (`platform.md` 3.2).
pub fn check(
    params: &Params,
    env: &Snapshot,
    view: &ApplicationView,
) -> Result<GrantedScope, Refused> {
    let requested: Vec<&str> = match params.get("scope") {
        Some(text) => text.split(' ').filter(|name| !name.is_empty()).collect(),
        None if only_openid_grants(env, view) => vec!["openid"],
        None => return Err(Refusal::NoScopeGranted.because("scope is missing")),
    };
    if requested.len() > MAX_SCOPES {
        return Err(Refusal::TooLarge.because(format!("{} scopes", requested.len())));
    }
    let grantable = grantable(env, view);
    let mut granted = GrantedScope::default();
    for name in requested {
        if granted.contains(name) {
            continue;
        }
        let Some((_, resource)) = grantable.iter().find(|(scope, _)| *scope == name) else {
            continue;
        };
        granted.add(env, view, name, resource)?;
    }
    if granted.names.is_empty() {
        let names: Vec<&str> = grantable.iter().map(|(name, _)| *name).collect();
        return Err(Refusal::NoScopeGranted
            .because(format!("nothing asked for is among the grants {names:?}"))
            .expected(names.join(" "))
            .arrived(params.get("scope").unwrap_or_default()));
    }
    Ok(granted)
}

/// Scopes of a client that acts for itself: those asked for of one custom resource, or all of them
/// when nothing is asked for. Never `openid`, never self-management scopes.
///
/// Source: `reference/oidc.md` 6.5.
pub fn of_client(
    params: &Params,
    env: &Snapshot,
    view: &ApplicationView,
) -> Result<GrantedScope, Refused> {
    let granted = of_custom_resources(params, env, view)?;
    if granted.names.is_empty() {
        let why = "no scope of a custom resource is asked for and granted";
        return Err(Refusal::NoScopeGranted.because(why));
    }
    Ok(granted)
}

/// Scopes of a worker: its roles say what it may do at the PingOne API, so none are needed. Asked
/// for scopes of a custom resource, it is a client like any other.
///
/// Source: `reference/oidc.md` 6.5.
pub fn of_worker(
    params: &Params,
    env: &Snapshot,
    view: &ApplicationView,
) -> Result<GrantedScope, Refused> {
    match params.get("scope") {
        None => Ok(GrantedScope::default()),
        Some(_) => of_custom_resources(params, env, view),
    }
}

/// Scopes of a traded token: of a custom resource, and asked for. `openid` and the PingOne API
/// cannot be had this way.
///
/// Source: `reference/oidc.md` 17.2, C19.
pub fn of_exchange(
    params: &Params,
    env: &Snapshot,
    view: &ApplicationView,
) -> Result<GrantedScope, Refused> {
    let Some(asked_for) = params.get("scope") else {
        return Err(Refusal::NoScopeGranted.because("scope is missing"));
    };
    let not_custom = |name: &str| {
        let mut owners = env.resources.iter().filter(|view| {
            let mut scopes = view.scopes.iter();
            scopes.any(|scope| scope.name == name)
        });
        name == "openid" || owners.any(|it| it.resource.type_ != ResourceType::Custom)
    };
    if asked_for.split(' ').take(MAX_SCOPES).any(not_custom) {
        let why = "a scope of a built-in resource cannot be exchanged for";
        return Err(Refusal::NoScopeGranted.because(why));
    }
    of_client(params, env, view)
}

fn of_custom_resources(
    params: &Params,
    env: &Snapshot,
    view: &ApplicationView,
) -> Result<GrantedScope, Refused> {
    let requested: Option<Vec<&str>> = params
        .get("scope")
        .map(|text| text.split(' ').filter(|name| !name.is_empty()).collect());
    if requested
        .as_ref()
        .is_some_and(|names| names.len() > MAX_SCOPES)
    {
        return Err(Refusal::TooLarge.because("too many scopes"));
    }
    let mut granted = GrantedScope::default();
    for (name, resource) in grantable(env, view) {
        let asked = requested.as_ref().is_none_or(|names| names.contains(&name));
        if !asked || resource.resource.type_ != ResourceType::Custom {
            continue;
        }
        granted.add(env, view, name, resource)?;
    }
    match requested {
        Some(asked) => granted
            .names
            .sort_by_key(|name| asked.iter().position(|it| it == name)),
        None => granted.names.sort(),
    }
    Ok(granted)
}

/// Whether the application may ask for a scope.
pub fn is_grantable(env: &Snapshot, view: &ApplicationView, name: &str) -> bool {
    grantable(env, view).iter().any(|(scope, _)| *scope == name)
}

/// What is left of a scope that was granted once: what the application still may, of the resources
/// that it was granted of, and no more than is asked for now. Asking for more than was granted is
/// refused.
///
/// Source: RFC 6749 6; `reference/oidc.md` 6.6.
pub fn narrowed(
    env: &Snapshot,
    view: &ApplicationView,
    granted: &GrantedScope,
    asked_for: Option<&str>,
) -> Result<GrantedScope, Refused> {
    let mut grantable = grantable(env, view);
    grantable.retain(|(_, resource)| granted.is_of(resource));
    let mut left = granted.clone();
    left.names
        .retain(|name| grantable.iter().any(|(scope, _)| scope == name));
    if let Some(asked_for) = asked_for {
        let asked_for: Vec<&str> = asked_for
            .split(' ')
            .filter(|name| !name.is_empty())
            .collect();
        if let Some(more) = asked_for.iter().find(|name| !granted.contains(name)) {
            let why = format!("{more:?} was not granted at the sign-on");
            return Err(Refusal::NoScopeGranted.because(why));
        }
        left.names.retain(|name| asked_for.contains(&name.as_str()));
    }
    if left.names.is_empty() {
        return Err(Refusal::NoScopeGranted.because("nothing is left of the granted scope"));
    }
    // A token is for the resources whose scopes it has, and for no other.
    let mut resources = granted.resources().filter(|id| {
        let mut scopes = grantable.iter().filter(|(_, it)| it.resource.id == *id);
        scopes.any(|(name, _)| left.contains(name))
    });
    (left.resource, left.more) = (resources.next(), resources.collect());
    Ok(left)
}

/// What of a scope a person may give away: users of an external identity provider cannot let an
/// application change what that provider says.
///
/// Source: `reference/oidc.md` 19.3.
pub fn of_person(scope: &GrantedScope, user: &User) -> Result<GrantedScope, Refused> {
    let mut left = scope.clone();
    if user.is_external() {
        left.names.retain(|name| {
            let updates = name == "p1:update:user" || name.starts_with("p1:update:user:");
            !updates && !EXTERNAL_NEVER.contains(&name.as_str())
        });
    }
    if left.names.is_empty() {
        let why = "nothing is left for a user of an external identity provider";
        return Err(Refusal::NoScopeGranted.because(why));
    }
    Ok(left)
}

/// Scopes of the PingOne API that mean nothing for users whose password is elsewhere.
const EXTERNAL_NEVER: [&str; 2] = ["p1:read:userPassword", "p1:reset:userPassword"];

/// Scopes the application may ask for, each with its resource.
fn grantable<'a>(env: &'a Snapshot, view: &ApplicationView) -> Vec<(&'a str, &'a ResourceView)> {
    let mut found = Vec::new();
    for resource in &env.resources {
        let grant = view
            .grants
            .iter()
            .find(|grant| grant.resource.id == resource.resource.id);
        let type_ = resource.resource.type_;
        for scope in &resource.scopes {
            if !type_.may_name_scope(&scope.name) {
                continue;
            }
            let granted =
                grant.is_some_and(|grant| grant.scopes.iter().any(|named| named.id == scope.id));
            let implied = type_ == ResourceType::OpenidConnect && scope.name == "openid";
            if granted || implied {
                found.push((scope.name.as_str(), resource));
            }
        }
    }
    found
}

fn only_openid_grants(env: &Snapshot, view: &ApplicationView) -> bool {
    view.grants.iter().all(|grant| {
        env.resource(grant.resource.id)
            .is_some_and(|view| view.resource.type_ == ResourceType::OpenidConnect)
    })
}
