//! `/v1/environments/{e}/applications/{a}/flowPolicyAssignments`: DaVinci's policies
//! (`reference/platform.md` 3.2). There are none here, so none can be assigned.

use countersign_domain::application::Application;
use countersign_domain::ports::BoxFuture;

use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, List};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/applications/{application}/flowPolicyAssignments";
const ONE: &str =
    "/environments/{environment}/applications/{application}/flowPolicyAssignments/{assignment}";

/// `/environments/{e}/applications/{a}/flowPolicyAssignments`
pub const RESOURCE: Resource = Resource {
    name: "flowPolicyAssignments",
    endpoints: &[
        Endpoint::get(ALL, "applications:read", list).narrow(Narrow::Application),
        Endpoint::post(ALL, "applications:update", create).narrow(Narrow::Application),
        Endpoint::get(ONE, "applications:read", absent).narrow(Narrow::Application),
        Endpoint::put(ONE, "applications:update", absent).narrow(Narrow::Application),
        Endpoint::delete(ONE, "applications:update", absent).narrow(Narrow::Application),
    ],
};

fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        noun::named::<Application>(call).await?;
        let list = List::whole("flowPolicyAssignments", Vec::new());
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        noun::named::<Application>(call).await?;
        let why = "no flow policy has this id";
        let misfit = Misfit::invalid("flowPolicy.id", why);
        Err(Refusal::Unfit(vec![misfit]).because(why).into())
    })
}

fn absent<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        noun::named::<Application>(call).await?;
        Err(Refusal::NotFound.because("no such assignment").into())
    })
}
