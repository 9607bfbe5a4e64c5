//! `/v1/environments/{e}/ssoCookieSettings`: whether the browser keeps the `ST` cookie when it is
//! closed (`reference/flows.md` 8.1).

use countersign_domain::environment::Environment;
use countersign_domain::ports::BoxFuture;
use serde::Deserialize;
use serde_json::json;

use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Resource};

const PATH: &str = "/environments/{environment}/ssoCookieSettings";
const MEMBER: &str = "useNonPersistentSessionTokenCookie";

/// `/environments/{e}/ssoCookieSettings`
pub const RESOURCE: Resource = Resource {
    name: "ssoCookieSettings",
    endpoints: &[
        Endpoint::get(PATH, "ssoCookieSettings:read", read),
        Endpoint::post(PATH, "ssoCookieSettings:update", set).told("ssoCookieSettings"),
    ],
};

fn shown(call: &Call<'_>, environment: &Environment) -> Reply {
    let mut object = Object::new();
    object.insert("environment".into(), json!({ "id": environment.id }));
    let is_non_persistent = environment.settings.non_persistent_session_cookie;
    object.insert(MEMBER.into(), json!(is_non_persistent));
    Reply::ok(hal::resource(
        Links::to(call, &call.url(&call.own_path())),
        object,
    ))
}

/// `GET`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move { Ok(shown(call, &*noun::named::<Environment>(call).await?)) })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    use_non_persistent_session_token_cookie: Option<bool>,
}

/// `POST`
fn set<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let unfit = |misfit: Misfit| {
            let why = misfit.message.clone();
            Refusal::Unfit(vec![misfit]).because(why)
        };
        let given: Given = body::read(body::object(call.body)?).map_err(unfit)?;
        let given = given.use_non_persistent_session_token_cookie;
        let given = given.ok_or_else(|| unfit(Misfit::required(MEMBER)))?;
        let environment = noun::edit::<Environment>(call, |environment| {
            environment.settings.non_persistent_session_cookie = given;
            Ok(())
        });
        Ok(shown(call, &environment.await?))
    })
}
