//! `/v1/environments/{e}/brandingSettings` (`reference/platform.md` 4): one for each environment.

use countersign_domain::branding::BrandingSettings;
use countersign_domain::ports::BoxFuture;
use serde_json::json;

use super::images;
use crate::refusal::Outcome;
use crate::v1::body::{self, Check};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};
use crate::v1::single;
use crate::v1::upload::unfit;

const ONE: &str = "/environments/{environment}/brandingSettings";

/// `/environments/{e}/brandingSettings`
pub const RESOURCE: Resource = Resource {
    name: "brandingSettings",
    endpoints: &[
        Endpoint::get(ONE, "branding:read", read),
        Endpoint::put(ONE, "branding:update", replace),
    ],
};

fn shown(call: &Call<'_>, settings: &BrandingSettings) -> Outcome<Reply> {
    let mut object = noun::object_of(settings)?;
    object.insert("id".into(), json!(call.env));
    object.insert("environment".into(), json!({ "id": call.env }));
    images::locate(call, &mut object, &["logo"]);
    let links = Links::to(call, &call.url(&call.own_path()));
    Ok(Reply::ok(hal::resource(links, object)))
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = call.load::<BrandingSettings>(call.env).await?;
        shown(call, &found.map(|it| it.value).unwrap_or_default())
    })
}

fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::without_nulls(body::object(call.body)?);
        let mut given = body::writable(given, &[]);
        given.insert("id".into(), json!(call.env));
        let settings: BrandingSettings = body::read(given).map_err(unfit)?;
        let mut check = Check::new();
        check.length_of("companyName", settings.company_name.as_ref(), 0, 256);
        let before = call.load::<BrandingSettings>(call.env).await?;
        let before = before.as_ref().map(|it| [("logo.id", it.logo.as_ref())]);
        let after = Some([("logo.id", settings.logo.as_ref())]);
        let missing = images::missing(call, after, before).await?;
        for misfit in missing {
            check.note(misfit);
        }
        check.finish()?;
        single::put(call, &settings).await?;
        shown(call, &settings)
    })
}
