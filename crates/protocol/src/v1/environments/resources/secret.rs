//! `/v1/environments/{e}/resources/{r}/secret` (`reference/platform.md` 3.3).

use countersign_domain::ids::ResourceId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::resource::{Resource as ApiResource, ResourceType};

use crate::audit;
use crate::refusal::{Outcome, Refusal};
use crate::secrets;
use crate::v1::call::{Call, Reply};
use crate::v1::environments::applications::secret::{keep_until, rendered};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};

const ONE: &str = "/environments/{environment}/resources/{resource}/secret";

/// `/environments/{e}/resources/{r}/secret`
pub const RESOURCE: Resource = Resource {
    name: "resourceSecrets",
    endpoints: &[
        Endpoint::get(ONE, "secrets:read", read),
        Endpoint::post(ONE, "secrets:update", rotate),
        Endpoint::delete(ONE, "secrets:update", end_previous),
    ],
};

/// Whose secret the path is about. Only custom resources have one.
async fn owner(call: &Call<'_>) -> Outcome<ResourceId> {
    let found = noun::named::<ApiResource>(call).await?;
    if found.type_ == ResourceType::Custom {
        Ok(found.id)
    } else {
        Err(Refusal::NotFound.because("it has no secret").into())
    }
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = owner(call).await?;
        let shown = secrets::of_resource(call.cx, id).await?;
        audit::secret_read(call.cx, id)?;
        Ok(Reply::ok(rendered(call, &shown, "resource")))
    })
}

fn rotate<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = owner(call).await?;
        let shown = secrets::rotate_resource(call.cx, id, keep_until(call)?).await?;
        Ok(Reply::ok(rendered(call, &shown, "resource")))
    })
}

fn end_previous<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = owner(call).await?;
        secrets::end_previous_of_resource(call.cx, id).await?;
        Ok(Reply::gone())
    })
}
