//! `/v1/environments/{e}/users/{u}/mfaEnabled` (`reference/platform.md` 3.15).

use countersign_domain::ports::BoxFuture;
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::json;

use super::wrong;
use crate::refusal::Outcome;
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun;
use crate::v1::route::{Endpoint, Narrow, Resource};

const PATH: &str = "/environments/{environment}/users/{user}/mfaEnabled";
/// Whoever has `p1:read:user` finds it in their record, if the scope's `schemaAttributes` list it.
const SCOPE: &str = "p1:update:userMfaEnabled";

/// `/environments/{e}/users/{u}/mfaEnabled`
pub const RESOURCE: Resource = Resource {
    name: "mfaEnabled",
    endpoints: &[
        Endpoint::get(PATH, "users:read", read)
            .narrow(Narrow::Population)
            .own(SCOPE),
        Endpoint::put(PATH, "users:update", replace)
            .narrow(Narrow::Population)
            .own(SCOPE),
    ],
};

fn shown(call: &Call<'_>, user: &User) -> Body {
    let links = Links::to(call, &call.url(&call.own_path()));
    let mut object = Object::new();
    object.insert("mfaEnabled".into(), json!(user.mfa_enabled));
    hal::resource(links, object)
}

/// `GET`
fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}

/// `PUT`
fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        mfa_enabled: bool,
    }
    Box::pin(async move {
        let body = body::without_nulls(body::object(call.body)?);
        let input: Input = body::read(body).map_err(wrong)?;
        let user = noun::edit::<User>(call, |user| {
            if user.mfa_enabled != input.mfa_enabled {
                user.mfa_enabled = input.mfa_enabled;
                user.updated_at = call.now();
            }
            Ok(())
        })
        .await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}
