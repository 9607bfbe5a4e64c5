//! `/v1/environments/{e}/brandingSettings` (`reference/platform.md` 4): one for each environment.

use countersign_domain::branding::BrandingSettings;
use countersign_domain::entity::Stored;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use serde_json::json;

use super::themes::is_missing;
use crate::cx::Cx;
use crate::misfit::Misfit;
use crate::refusal::Outcome;
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Check};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};
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
        let is_missing = is_missing(call, settings.logo.as_ref()).await?;
        check.expect(!is_missing, || {
            Misfit::invalid("logo.id", "no image has this id")
        });
        check.finish()?;
        shown(call, &run(call.cx, &Replace { call, settings }).await?)
    })
}

struct Replace<'a> {
    call: &'a Call<'a>,
    settings: BrandingSettings,
}

impl Operation for Replace<'_> {
    type Facts = Option<Stored<BrandingSettings>>;
    type Reply = BrandingSettings;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        self.call.load(self.call.env).await
    }

    fn decide(&self, _cx: &Cx, before: Self::Facts) -> Result<Verdict<BrandingSettings>, Fault> {
        let (env, settings) = (self.call.env, &self.settings);
        let batch = match before {
            Some(before) => Batch::new().update(env, settings, before.version)?,
            None => Batch::new().create(env, settings)?,
        };
        Ok(Verdict::reply(settings.clone()).writing(batch.changed(env)))
    }
}
