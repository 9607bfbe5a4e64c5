//! `/v1/environments/{e}/populations/{p}/defaultIdentityProvider` (`reference/platform.md` 4): stored,
//! and not acted on.

use countersign_domain::identity_provider::IdentityProvider;
use countersign_domain::ids::IdentityProviderId;
use countersign_domain::population::Population;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use serde::Deserialize;
use serde_json::json;

use crate::misfit::Misfit;
use crate::refusal::Outcome;
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Narrow, Resource};
use crate::v1::upload::unfit;

const PATH: &str = "/environments/{environment}/populations/{population}/defaultIdentityProvider";

/// `/environments/{e}/populations/{p}/defaultIdentityProvider`
pub const RESOURCE: Resource = Resource {
    name: "defaultIdentityProvider",
    endpoints: &[
        Endpoint::get(PATH, "populations:read", read).narrow(Narrow::Population),
        Endpoint::put(PATH, "populations:update", replace).narrow(Narrow::Population),
    ],
};

/// The provider and its type; neither, where there is none or it is gone.
async fn shown(call: &Call<'_>, population: &Population) -> Outcome<Reply> {
    let links = Links::to(call, &call.url(&call.own_path()));
    let mut object = Object::new();
    object.insert("environment".into(), json!({ "id": call.env }));
    if let Some(named) = population.default_identity_provider
        && let Some(provider) = call.load::<IdentityProvider>(named.id).await?
    {
        object.insert("id".into(), json!(provider.id));
        object.insert("type".into(), json!(provider.type_));
    }
    Ok(Reply::ok(hal::resource(links, object)))
}

/// `GET`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let population = noun::named::<Population>(call).await?;
        shown(call, &population).await
    })
}

/// `PUT`: a body without an id takes the provider away.
fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    #[derive(Deserialize)]
    struct Input {
        #[serde(default)]
        id: Option<IdentityProviderId>,
    }
    Box::pin(async move {
        let body = body::without_nulls(body::object(call.body)?);
        let input: Input = body::read(body).map_err(unfit)?;
        if let Some(id) = input.id
            && call.load::<IdentityProvider>(id).await?.is_none()
        {
            let why = "no identity provider has this id";
            return Err(unfit(Misfit::invalid("id", why)).into());
        }
        let named = input.id.map(Ref::to);
        let population = noun::edit::<Population>(call, |population| {
            if population.default_identity_provider != named {
                population.default_identity_provider = named;
                population.updated_at = call.now();
            }
            Ok(())
        });
        shown(call, &population.await?).await
    })
}
