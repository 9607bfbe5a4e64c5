//! `/v1/environments/{e}/mfaSettings` (`reference/platform.md` 3.14).

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::policy::mfa::MfaSettings;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use serde_json::json;

use crate::cx::Cx;
use crate::defaults::mfa;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::part::Part;
use crate::v1::route::{Endpoint, Resource};

const PATH: &str = "/environments/{environment}/mfaSettings";

/// `/environments/{e}/mfaSettings`
pub const RESOURCE: Resource = Resource {
    name: "mfaSettings",
    endpoints: &[
        Endpoint::get(PATH, "mfaSettings:read", read),
        Endpoint::put(PATH, "mfaSettings:update", replace),
        Endpoint::delete(PATH, "mfaSettings:update", reset),
    ],
};

fn shown(call: &Call<'_>, settings: &MfaSettings) -> Outcome<Reply> {
    let links = Links::to(call, &call.url(&call.own_path()));
    let mut object = noun::object_of(settings)?;
    object.insert("environment".into(), json!({ "id": call.env }));
    Ok(Reply::ok(hal::resource(links, object)))
}

/// `GET`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        match call.load::<MfaSettings>(MfaSettings::ID).await? {
            Some(settings) => shown(call, &settings.value),
            None => shown(call, &mfa::settings(call.cx.env.environment.created_at)?),
        }
    })
}

/// `PUT`
fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let mut body = body::writable(body::without_nulls(body::object(call.body)?), &[]);
        check(&body)?;
        body.insert("updatedAt".into(), json!(call.now()));
        let settings: MfaSettings = body::read(body).map_err(|misfit| {
            let why = misfit.message.clone();
            Refusal::Unfit(vec![misfit]).because(why)
        })?;
        let settings = run(call.cx, &Set { call, settings }).await?;
        shown(call, &settings)
    })
}

/// `DELETE`: back to the defaults.
fn reset<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let settings = mfa::settings(call.now())?;
        run(call.cx, &Set { call, settings }).await?;
        Ok(Reply::gone())
    })
}

fn check(body: &Object) -> Result<(), crate::refusal::Refused> {
    let mut check = Check::new();
    let body = Part::body(body);
    if let Some(pairing) = body.needed(&mut check, "pairing") {
        pairing.number(&mut check, "maxAllowedDevices", 1..=15);
        let formats = ["NUMERIC", "ALPHANUMERIC"];
        pairing.choice(&mut check, "pairingKeyFormat", &formats);
    }
    if let Some(lockout) = body.part(&mut check, "lockout") {
        lockout.number(&mut check, "failureCount", 1..=99);
        if lockout.get("durationSeconds").is_some() {
            let most = i64::from(u32::MAX);
            lockout.number(&mut check, "durationSeconds", 1..=most);
        }
    }
    // Source: Ping's schemas; fewer words than a policy knows.
    if let Some(selection) = body.part(&mut check, "authentication") {
        let words = ["DEFAULT_TO_FIRST", "PROMPT_TO_SELECT"];
        selection.choice(&mut check, "deviceSelection", &words);
    }
    for (name, member) in [("phoneExtensions", "enabled"), ("users", "mfaEnabled")] {
        if let Some(part) = body.part(&mut check, name) {
            part.switch(&mut check, member);
        }
    }
    check.finish()
}

struct Set<'a> {
    call: &'a Call<'a>,
    settings: MfaSettings,
}

impl Operation for Set<'_> {
    type Facts = Option<Stored<MfaSettings>>;
    type Reply = MfaSettings;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        self.call.load::<MfaSettings>(MfaSettings::ID).await
    }

    fn decide(&self, _cx: &Cx, before: Self::Facts) -> Result<Verdict<MfaSettings>, Fault> {
        let env = self.call.env;
        let batch = match before {
            Some(before) => Batch::new().update(env, &self.settings, before.version)?,
            None => Batch::new().create(env, &self.settings)?,
        };
        debug_assert_eq!(self.settings.id(), MfaSettings::ID);
        Ok(Verdict::reply(self.settings.clone()).writing(batch.changed(env)))
    }
}
