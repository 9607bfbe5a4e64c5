//! `/v1/environments/{e}/users/{u}/population` (`reference/platform.md` 3.7): moving somebody.

use countersign_domain::ids::PopulationId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
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

const PATH: &str = "/environments/{environment}/users/{user}/population";

/// `/environments/{e}/users/{u}/population`
pub const RESOURCE: Resource = Resource {
    name: "population",
    endpoints: &[
        Endpoint::get(PATH, "users:read", read).narrow(Narrow::Population),
        Endpoint::put(PATH, "users:update", replace)
            .narrow(Narrow::Population)
            .told("user.move"),
    ],
};

fn shown(call: &Call<'_>, user: &User) -> Body {
    let mut links = Links::to(call, &call.url(&call.own_path()));
    let path = call.fill("/environments/{environment}/populations");
    links.add(
        "population",
        call.url(&format!("{path}/{}", user.population.id)),
    );
    let mut object = Object::new();
    object.insert("id".into(), json!(user.population.id));
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
    struct Input {
        id: PopulationId,
    }
    Box::pin(async move {
        let body = body::without_nulls(body::object(call.body)?);
        let input: Input = body::read(body).map_err(wrong)?;
        let user = noun::edit::<User>(call, |user| {
            if user.population.id != input.id {
                user.population = Ref::to(input.id);
                user.updated_at = call.now();
            }
            Ok(())
        })
        .await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}
