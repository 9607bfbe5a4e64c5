//! `/v1/environments/{e}/explanations/{correlationId}`: why a request was refused. Ours, not
//! PingOne's (`docs/compatibility.md`).

use countersign_domain::ports::BoxFuture;

use crate::explain;
use crate::refusal::{Outcome, Refusal};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};

const ONE: &str = "/environments/{environment}/explanations/{explanation}";

/// `/environments/{e}/explanations`
pub const RESOURCE: Resource = Resource {
    name: "explanations",
    endpoints: &[Endpoint::get(ONE, "explanations:read", read)],
};

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let id = call.id("explanation")?;
        let recent = Some(&*call.cx.explanations);
        let found = explain::find(recent, call.store(), call.env, id, call.now()).await?;
        let found = found.ok_or_else(|| Refusal::NotFound.because("no such explanation"))?;
        let own = call.url(&call.own_path());
        let body = noun::object_of(&found)?;
        Ok(Reply::ok(hal::resource(Links::to(call, &own), body)))
    })
}
