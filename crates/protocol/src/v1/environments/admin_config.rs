//! `/v1/environments/{e}/adminConfig` (`reference/platform.md` 4).

use countersign_domain::admin_config::{AdminAuthenticationMethod, AdminConfig};
use countersign_domain::entity::Stored;
use countersign_domain::identity_provider::IdentityProvider;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault};
use serde_json::json;

use crate::cx::Cx;
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::unfit;

const PATH: &str = "/environments/{environment}/adminConfig";
/// Made when shown: what the environment has to offer.
const READ_ONLY: &[&str] = &["hasFido2Capabilities", "isPingIDInBOM"];

/// `/environments/{e}/adminConfig`
pub const RESOURCE: Resource = Resource {
    name: "adminConfig",
    endpoints: &[
        Endpoint::get(PATH, "environments:read", read),
        Endpoint::put(PATH, "environments:update", replace),
    ],
};

fn shown(call: &Call<'_>, config: &AdminConfig) -> Outcome<Reply> {
    let links = Links::to(call, &call.url(&call.own_path()));
    let mut object = noun::object_of(config)?;
    object.insert("environment".into(), json!({ "id": call.env }));
    object.insert("hasFido2Capabilities".into(), json!(true));
    object.insert("isPingIDInBOM".into(), json!(false));
    Ok(Reply::ok(hal::resource(links, object)))
}

/// `GET`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        match call.load::<AdminConfig>(AdminConfig::ID).await? {
            Some(config) => shown(call, &config.value),
            None => shown(
                call,
                &AdminConfig::fresh(call.cx.env.environment.created_at),
            ),
        }
    })
}

/// `PUT`
fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let body = body::without_nulls(body::object(call.body)?);
        let body = body::writable(body, READ_ONLY);
        let config = run(call.cx, &Set { call, body }).await?;
        shown(call, &config)
    })
}

struct Set<'a> {
    call: &'a Call<'a>,
    body: Object,
}

impl Operation for Set<'_> {
    /// As it was, as it will be, and whether the identity provider is there.
    type Facts = (Option<Stored<AdminConfig>>, AdminConfig, bool);
    type Reply = AdminConfig;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let before = self.call.load::<AdminConfig>(AdminConfig::ID).await?;
        let mut body = self.body.clone();
        let since = before.as_ref().map_or(self.call.now(), |it| it.created_at);
        body.insert("createdAt".into(), json!(since));
        body.insert("updatedAt".into(), json!(self.call.now()));
        let after: AdminConfig = body::read(body).map_err(unfit)?;
        let is_there = match after.provider {
            Some(provider) => {
                let found = self.call.load::<IdentityProvider>(provider.id).await?;
                found.is_some()
            }
            None => true,
        };
        Ok((before, after, is_there))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<AdminConfig>, Fault> {
        let (before, after, is_there) = facts;
        if let Err(refused) = check(&after, is_there) {
            return Ok(Verdict::refuse(refused));
        }
        let env = self.call.env;
        let batch = match before {
            Some(before) => Batch::new().update(env, &after, before.version)?,
            None => Batch::new().create(env, &after)?,
        };
        Ok(Verdict::reply(after).writing(batch.changed(env)))
    }
}

/// Source: Ping's Terraform provider for when there is an identity provider.
fn check(config: &AdminConfig, is_there: bool) -> Result<(), Refused> {
    let mut check = Check::new();
    for name in config.allowed_methods.misspelt() {
        let why = r#"must be the text {"enabled":true} or {"enabled":false}"#;
        check.note(Misfit::invalid(name, why));
    }
    let is_external = config.authentication_method != AdminAuthenticationMethod::Pingone;
    match config.provider {
        None if is_external => check.note(Misfit::required("provider")),
        Some(_) if !is_external => {
            let why = "must not be set where administrators sign on here";
            check.note(Misfit::constraint("provider", why));
        }
        Some(_) if !is_there => {
            check.note(Misfit::invalid(
                "provider.id",
                "no identity provider has this id",
            ));
        }
        _ => {}
    }
    check.finish()
}
