//! `/v1/environments/{e}/users/{u}/linkedAccounts` and `identityProvider` (`reference/platform.md` 4).

use countersign_domain::entity::Entity;
use countersign_domain::identity_provider::{IdentityProvider, LinkedAccount};
use countersign_domain::ids::IdentityProviderId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Batch;
use countersign_domain::user::{User, UserIdentityProvider};
use serde_json::json;

use super::wrong;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{self, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links};
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/users/{user}/linkedAccounts";
const ONE: &str = "/environments/{environment}/users/{user}/linkedAccounts/{linkedAccount}";
const PROVIDER: &str = "/environments/{environment}/users/{user}/identityProvider";

/// `/environments/{e}/users/{u}/linkedAccounts`
pub const RESOURCE: Resource = Resource {
    name: "linkedAccounts",
    endpoints: &[
        Endpoint::get(ALL, "users:read", noun::list::<LinkedAccount>)
            .narrow(Narrow::Population)
            .own("p1:read:userLinkedAccounts"),
        Endpoint::get(ONE, "users:read", noun::read::<LinkedAccount>)
            .narrow(Narrow::Population)
            .own("p1:read:userLinkedAccounts"),
        Endpoint::delete(ONE, "users:update", noun::remove::<LinkedAccount>)
            .narrow(Narrow::Population)
            .own("p1:delete:userLinkedAccounts"),
        Endpoint::get(PROVIDER, "users:read", provider).narrow(Narrow::Population),
        Endpoint::put(PROVIDER, "users:update", set_provider).narrow(Narrow::Population),
    ],
};

impl Noun for LinkedAccount {
    const PLURAL: &'static str = "linkedAccounts";
    const PARAMETER: &'static str = "linkedAccount";
    const IS_CONFIGURATION: bool = false;
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "user",
        member: "user",
        index: Self::BY_USER,
    });
    type Facts = ();

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<User>(call).await.map(|_| ())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<()> {
        // Without a link the next one with the user's name there is the user.
        if let (Some(linked), false) = (change.before(), call.own) {
            privilege::over_user(call, linked.user.id).await?;
        }
        Ok(())
    }

    /// Links are made by signing on, and taken away here.
    fn judge(_: &Call<'_>, change: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        match change {
            Change::Remove(_) => Ok(Batch::new()),
            Change::Create(_) | Change::Replace { .. } => Err(Refusal::MethodNotAllowed.into()),
        }
    }
}

fn shown(call: &Call<'_>, user: &User) -> Body {
    let links = Links::to(call, &call.url(&call.own_path()));
    let mut object = Object::new();
    if let Some(id) = user.identity_provider.id {
        object.insert("id".into(), json!(id));
    }
    object.insert("type".into(), json!(user.identity_provider.type_));
    hal::resource(links, object)
}

/// `GET /users/{u}/identityProvider`
fn provider<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}

/// `PUT /users/{u}/identityProvider`: `{id}`; without one, passwords are checked here again.
fn set_provider<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let given = body::without_nulls(body::object(call.body)?);
        let bad = || wrong(Misfit::invalid("id", "no identity provider has this id"));
        let before = noun::named::<User>(call).await?;
        let chosen = match given.get("id") {
            None => UserIdentityProvider::default(),
            // It may be gone: see `pointing.rs`.
            Some(id) if *id == json!(before.identity_provider.id) => {
                before.identity_provider.clone()
            }
            Some(id) => {
                let id = id.as_str().and_then(|id| id.parse().ok()).ok_or_else(bad)?;
                let found = call.load::<IdentityProvider>(IdentityProviderId::from_uuid(id));
                let found = found.await?.ok_or_else(bad)?;
                debug_assert_eq!(found.id(), id.to_string());
                UserIdentityProvider {
                    id: Some(id),
                    type_: found.type_.name().to_owned(),
                }
            }
        };
        // Whoever runs that provider would be the user.
        privilege::over_user(call, before.id).await?;
        let user = noun::edit::<User>(call, |user| {
            if user.identity_provider != chosen {
                user.identity_provider = chosen.clone();
                user.updated_at = call.now();
            }
            Ok(())
        })
        .await?;
        Ok(Reply::ok(shown(call, &user)))
    })
}
