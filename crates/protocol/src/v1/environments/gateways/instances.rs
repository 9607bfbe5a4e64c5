//! `/v1/environments/{e}/gateways/{g}/instances`: programs that connected. None can, so there are
//! none.

use countersign_domain::gateway::Gateway;
use countersign_domain::ports::BoxFuture;

use crate::refusal::{Outcome, Refusal};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, List};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/gateways/{gateway}/instances";
const ONE: &str = "/environments/{environment}/gateways/{gateway}/instances/{instance}";

/// `/environments/{e}/gateways/{g}/instances`
pub const RESOURCE: Resource = Resource {
    name: "gatewayInstances",
    endpoints: &[
        Endpoint::get(ALL, "gateways:read", list),
        Endpoint::get(ONE, "gateways:read", absent),
    ],
};

fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        noun::named::<Gateway>(call).await?;
        let list = List::whole("instances", Vec::new());
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

fn absent<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        noun::named::<Gateway>(call).await?;
        Err(Refusal::NotFound.because("no such instance").into())
    })
}
