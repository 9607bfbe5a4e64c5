//! From a request to a call that is allowed: permissions are checked here, for every route alike.

use std::borrow::Cow;
use std::sync::Arc;

use countersign_domain::entity;
use countersign_domain::environment::Environment;
use countersign_domain::ids::{ApplicationId, EnvId, PopulationId, UserId};
use countersign_domain::user::User;

use super::actor::Actor;
use super::call::{self, Ahead, Call, Path, Reply};
use super::reach::Reach;
use super::route::{Endpoint, Narrow};
use crate::as_::params::Params;
use crate::audit::Caller;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// A request whose bearer is known and whose endpoint exists.
pub struct Request<'a> {
    /// What is called.
    pub endpoint: &'static Endpoint,
    /// The parameters of the path.
    pub path: Path<'a>,
    /// The parameters of the query.
    pub query: Params,
    /// The body.
    pub body: &'a [u8],
    /// Its type.
    pub content_type: &'a str,
    /// The `Accept` header.
    pub accept: &'a str,
    /// Hash of the `ST` cookie that came along.
    pub browser: Option<String>,
}

/// The environment that a path names. What is no id names none.
pub fn environment_of(path: Path<'_>) -> Outcome<EnvId> {
    let env = call::parameter(path, "environment").parse().ok();
    let env = env.filter(|env| *env != EnvId::PLATFORM);
    env.ok_or_else(|| {
        Refusal::EnvironmentNotFound
            .because("the path names no environment")
            .into()
    })
}

/// Checks that the actor may make the call, and makes it. `cx` is the context of the environment in
/// the path; of the actor's own for endpoints that name none or serve dormant ones.
pub async fn perform(cx: &Cx, actor: &Actor, request: &Request<'_>) -> Outcome<Reply> {
    let endpoint = request.endpoint;
    // Whatever is written is told of in the audit log, with who did it.
    let cx = &Cx {
        caller: Some(Arc::new(Caller {
            actors: actor.actors.clone(),
            operation: endpoint.operation(),
        })),
        ..cx.clone()
    };
    let mut call = Call {
        cx,
        env: EnvId::PLATFORM,
        actor,
        reach: Reach::default(),
        own: false,
        endpoint,
        path: request.path,
        query: &request.query,
        body: request.body,
        content_type: request.content_type,
        accept: request.accept,
        browser: request.browser.as_deref(),
        ahead: Ahead::default(),
    };
    if endpoint.is_in_environment() {
        call.env = environment_of(request.path)?;
        let environment = environment(cx, call.env).await?;
        call.own = is_own(actor, endpoint, &call);
        call.reach = if call.own {
            Reach::everywhere()
        } else {
            actor.reach(endpoint.permission, &environment)
        };
        permit(&call).await?;
    } else if !actor.may_somewhere(endpoint.permission) {
        return Err(forbidden(&call).into());
    }
    (endpoint.handler)(&call).await
}

async fn environment(cx: &Cx, env: EnvId) -> Outcome<Cow<'_, Environment>> {
    if cx.env_id() == env {
        return Ok(Cow::Borrowed(&cx.env.environment));
    }
    let store = &*cx.ports.store;
    let found = entity::load::<Environment>(store, EnvId::PLATFORM, env.to_string(), cx.now);
    let found = found.await?.ok_or_else(|| {
        // Source: Ping's Terraform provider, whose tests look for this text.
        let message = format!("Unable to find environment with ID: '{env}'");
        Refusal::Absent(message.into()).because("no such environment")
    })?;
    Ok(Cow::Owned(found.value))
}

/// People do this to themselves: their own environment, their own id, the scope for it.
fn is_own(actor: &Actor, endpoint: &Endpoint, call: &Call<'_>) -> bool {
    let (Some(user), Some(scope)) = (actor.user(), endpoint.own) else {
        return false;
    };
    call.env == actor.home
        && call.text("user").parse() == Ok(user)
        && actor.scopes_like(scope).next().is_some()
}

async fn permit(call: &Call<'_>) -> Outcome<()> {
    if call.reach.everywhere {
        return Ok(());
    }
    let is_within = match call.endpoint.narrow {
        Narrow::No => false,
        Narrow::Population => within_population(call).await?,
        Narrow::Application => within_application(call)?,
        Narrow::Either => within_population(call).await? || within_application(call)?,
    };
    if is_within {
        Ok(())
    } else {
        Err(forbidden(call).into())
    }
}

/// Decision: what lies outside the populations or applications that a role reaches is not found,
/// exactly as what does not exist.
async fn within_population(call: &Call<'_>) -> Outcome<bool> {
    if call.reach.populations.is_empty() {
        return Ok(false);
    }
    let outside = || Refusal::NotFound.because("outside the populations of the actor's roles");
    if !call.text("user").is_empty() {
        let user: UserId = call.id("user")?;
        let user = call.load::<User>(user).await?.ok_or_else(outside)?;
        if !call.reach.has_population(user.population.id) {
            return Err(outside().into());
        }
    }
    if !call.text("population").is_empty() {
        let population: PopulationId = call.id("population")?;
        if !call.reach.has_population(population) {
            return Err(outside().into());
        }
    }
    Ok(true)
}

fn within_application(call: &Call<'_>) -> Outcome<bool> {
    if call.reach.applications.is_empty() {
        return Ok(false);
    }
    if !call.text("application").is_empty() {
        let application: ApplicationId = call.id("application")?;
        if !call.reach.has_application(application) {
            let why = "outside the applications of the actor's roles";
            return Err(Refusal::NotFound.because(why).into());
        }
    }
    Ok(true)
}

/// Source: `reference/platform.md` 1.8: both texts make clients try again.
fn forbidden(call: &Call<'_>) -> crate::refusal::Refused {
    let refusal = if call.endpoint.path == "/environments/{environment}" {
        Refusal::NoAccess
    } else {
        Refusal::Forbidden
    };
    refusal.because(format!(
        "application {} lacks {} here",
        call.actor.client, call.endpoint.permission
    ))
}
