//! `/v1/environments/{e}/applications/{a}/secret` (`reference/platform.md` 3.2).

use countersign_domain::application::{Application, Protocol};
use countersign_domain::ids::ApplicationId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::role::RoleSubject;
use countersign_domain::time::Time;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;

use crate::audit;
use crate::refusal::{Outcome, Refusal};
use crate::secrets::{self, Shown};
use crate::v1::actor::Who;
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun::Noun;
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ONE: &str = "/environments/{environment}/applications/{application}/secret";

/// `/environments/{e}/applications/{a}/secret`
pub const RESOURCE: Resource = Resource {
    name: "applicationSecrets",
    endpoints: &[
        Endpoint::get(ONE, "secrets:read", read).narrow(Narrow::Application),
        Endpoint::post(ONE, "secrets:update", rotate).narrow(Narrow::Application),
        Endpoint::delete(ONE, "secrets:update", end_previous).narrow(Narrow::Application),
    ],
};

/// Whose secret the path is about, if the caller may have it: whoever knows the secret of a worker
/// has its roles (`threats.md` 39).
async fn owner(call: &Call<'_>) -> Outcome<ApplicationId> {
    // Compat: the plain words here, unlike at the application itself; Ping's Terraform provider looks
    // for both.
    let found = call
        .load::<Application>(call.id::<ApplicationId>("application")?)
        .await?;
    let found = found.filter(|it| it.is_visible(call));
    let found = found.ok_or_else(|| Refusal::NotFound.because("no such application"))?;
    if found.protocol != Protocol::OpenidConnect || found.type_.is_system() {
        return Err(Refusal::NotFound.because("it has no secret").into());
    }
    privilege::over(call, RoleSubject::Application(Ref::to(found.id))).await?;
    Ok(found.id)
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = owner(call).await?;
        // Source: `reference/platform.md` 1.2: not even to itself.
        if call.actor.who == Who::Worker && call.actor.client == id {
            let why = "a worker does not read its own secret";
            return Err(Refusal::Forbidden.because(why).into());
        }
        let shown = secrets::of_application(call.cx, id).await?;
        audit::secret_read(call.cx, id)?;
        Ok(Reply::ok(rendered(call, &shown, "application")))
    })
}

fn rotate<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = owner(call).await?;
        let shown = secrets::rotate_application(call.cx, id, keep_until(call)?).await?;
        Ok(Reply::ok(rendered(call, &shown, "application")))
    })
}

fn end_previous<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = owner(call).await?;
        secrets::end_previous_of_application(call.cx, id).await?;
        Ok(Reply::gone())
    })
}

/// Until when the secret that is replaced shall be accepted, as the body says.
pub(in crate::v1) fn keep_until(call: &Call<'_>) -> Outcome<Option<Time>> {
    #[derive(Deserialize)]
    struct Given {
        previous: Option<Previous>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Previous {
        expires_at: Option<Time>,
    }
    let body = body::without_nulls(body::object(call.body)?);
    let given: Given = body::read(body).map_err(|misfit| {
        let why = format!("{}: {}", misfit.target, misfit.message);
        Refusal::Unfit(vec![misfit]).because(why)
    })?;
    Ok(given.previous.and_then(|it| it.expires_at))
}

/// The secret of what a parameter of the path names.
pub(in crate::v1) fn rendered(call: &Call<'_>, shown: &Shown, owner: &'static str) -> Body {
    let own = call.own_path();
    let mut links = Links::to(call, &call.url(&own));
    let parent = own.trim_end_matches("/secret");
    links.add(owner, call.url(parent));
    let mut object = Object::new();
    object.insert("environment".into(), json!({ "id": call.env }));
    object.insert("secret".into(), json!(shown.secret.expose_secret()));
    if let Some(it) = &shown.previous {
        let mut previous = Object::new();
        previous.insert("secret".into(), json!(it.secret.expose_secret()));
        previous.insert("expiresAt".into(), json!(it.expires_at));
        if let Some(last_used) = it.last_used {
            previous.insert("lastUsed".into(), json!(last_used));
        }
        object.insert("previous".into(), previous.into());
    }
    hal::resource(links, object)
}
