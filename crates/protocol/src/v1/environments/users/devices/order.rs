//! `POST /v1/environments/{e}/users/{u}/devices` as `devices.reorder`, and `POST` or `DELETE` as
//! `devices.order.remove`: which device comes first.

use countersign_domain::device::Device;
use countersign_domain::entity::Stored;
use countersign_domain::ids::DeviceId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Fault};
use serde::Deserialize;

use crate::cx::Cx;
use crate::misfit::Misfit;
use crate::refusal::Outcome;
use crate::run::{Operation, Verdict, run};
use crate::v1::body;
use crate::v1::call::{Call, Reply};
use crate::v1::noun::{self, Noun};
use crate::v1::upload::unfit;

/// Source: `reference/platform.md` 1.7.
#[derive(Deserialize)]
struct Input {
    order: Vec<Ref<DeviceId>>,
}

/// Puts the devices in an order; those that are not named come after.
pub(super) fn reorder<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        Device::enter(call).await?;
        let given = body::without_nulls(body::object(call.body)?);
        let input: Input = body::read(given).map_err(unfit)?;
        let order = input.order.into_iter().map(|it| it.id).collect();
        run(call.cx, &SetOrder { call, order }).await?;
        super::list(call).await
    })
}

/// Takes the order away: the oldest device is the first again.
pub(super) fn remove<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        Device::enter(call).await?;
        let order = Vec::new();
        run(call.cx, &SetOrder { call, order }).await?;
        Ok(Reply::gone())
    })
}

struct SetOrder<'a> {
    call: &'a Call<'a>,
    order: Vec<DeviceId>,
}

impl Operation for SetOrder<'_> {
    type Facts = Vec<Stored<Device>>;
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let user = self.call.text("user");
        noun::all_by(self.call, Device::BY_USER, user).await
    }

    fn decide(&self, _cx: &Cx, devices: Self::Facts) -> Result<Verdict<()>, Fault> {
        let is_theirs = |id: &DeviceId| devices.iter().any(|it| it.id == *id);
        if !self.order.iter().all(is_theirs) {
            let why = "the user has no device of one of these ids";
            return Ok(Verdict::refuse(unfit(Misfit::invalid("order", why))));
        }
        let mut batch = Batch::new();
        for stored in devices {
            let place = self.order.iter().position(|id| *id == stored.id);
            let position = place.and_then(|it| u32::try_from(it).ok());
            if stored.position != position {
                let mut device = stored.value.clone();
                device.position = position;
                batch = batch.update(self.call.env, &device, stored.version)?;
            }
        }
        Ok(Verdict::reply(()).writing(batch))
    }
}
