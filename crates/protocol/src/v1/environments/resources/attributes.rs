//! `/v1/environments/{e}/resources/{r}/attributes` (`reference/platform.md` 3.4, `oidc.md` 21.2).

use countersign_domain::entity::Stored;
use countersign_domain::resource::{
    Resource as ApiResource, ResourceAttribute, ResourceAttributeType, ResourceType, Scope,
};
use countersign_domain::store::{Batch, IndexName};
use serde_json::json;

use crate::expression;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/resources/{resource}/attributes";
const ONE: &str = "/environments/{environment}/resources/{resource}/attributes/{attribute}";

/// Claims that say what the token is. No mapping may write them.
///
/// Source: `reference/platform.md` 3.4.
const RESERVED: &[&str] = &[
    "acr",
    "amr",
    "aud",
    "auth_time",
    "client_id",
    "env",
    "exp",
    "iat",
    "iss",
    "jti",
    "org",
    "scope",
    "sid",
    "sub",
];

/// `/environments/{e}/resources/{r}/attributes`
pub const RESOURCE: Resource = Resource {
    name: "resourceAttributes",
    endpoints: &[
        Endpoint::get(ALL, "resources:read", noun::list::<ResourceAttribute>),
        Endpoint::post(ALL, "resources:update", noun::create::<ResourceAttribute>),
        Endpoint::get(ONE, "resources:read", noun::read::<ResourceAttribute>),
        Endpoint::put(ONE, "resources:update", noun::replace::<ResourceAttribute>),
        Endpoint::delete(ONE, "resources:update", noun::remove::<ResourceAttribute>),
    ],
};

/// What else a change concerns.
pub struct Facts {
    type_: Option<ResourceType>,
    /// Scopes that bring one that goes.
    scopes: Vec<Stored<Scope>>,
}

impl Noun for ResourceAttribute {
    const PLURAL: &'static str = "attributes";
    const PARAMETER: &'static str = "attribute";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const READ_ONLY: &'static [&'static str] = &["type"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "resource",
        member: "resource",
        index: Self::BY_RESOURCE,
    });
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<ApiResource>(call).await.map(|_| ())
    }

    fn prepare(_: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_none() {
            body.insert("type".into(), json!("CUSTOM"));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts {
            type_: None,
            scopes: Vec::new(),
        };
        if let Some(after) = change.after() {
            let resource = call.load::<ApiResource>(after.resource.id).await?;
            facts.type_ = resource.map(|it| it.value.type_);
        } else if let Some(before) = change.before() {
            let brings = |it: &Stored<Scope>| {
                let mut claims = it.mapped_claims.iter().flatten();
                claims.any(|id| *id == before.id)
            };
            facts.scopes = noun::all::<Scope>(call).await?;
            facts.scopes.retain(brings);
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let before = change.before().map(|it| &it.value);
        let given = before.filter(|it| it.type_ != ResourceAttributeType::Custom);
        let Some(after) = change.after() else {
            if given.is_some() {
                let why = "a core or predefined attribute cannot be deleted";
                let misfit = Misfit::constraint("", why);
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return without(call, facts.scopes, before);
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        let least = usize::from(given.is_none());
        check.length("value", &after.value, least, 4_096);
        if let Err(why) = expression::check(&after.value, expression::NAMES) {
            check.note(Misfit::invalid("value", why));
        }
        match given {
            Some(given) => check.expect(given.name == after.name, || {
                let why = "the name of a core or predefined attribute cannot be changed";
                Misfit::constraint("name", why)
            }),
            None => check.expect(!is_reserved(&after.name), || {
                Misfit::invalid("name", "is reserved")
            }),
        }
        match facts.type_ {
            Some(ResourceType::OpenidConnect) => {
                let nowhere = after.id_token == Some(false) && after.user_info == Some(false);
                check.expect(!nowhere, || {
                    Misfit::constraint("userInfo", "idToken and userInfo must not both be false")
                });
            }
            Some(ResourceType::Custom) => {
                let has_own = after.id_token.is_some() || after.user_info.is_some();
                check.expect(!has_own, || {
                    let why = "idToken and userInfo are for the OpenID Connect resource";
                    Misfit::constraint("idToken", why)
                });
            }
            // Source: `reference/oidc.md` 21.2.
            Some(ResourceType::PingoneApi) | None => {
                check.note(Misfit::constraint("resource", "has no attributes"));
            }
        }
        check.finish()?;
        Ok(Batch::new())
    }

    /// Those of the OpenID Connect resource say where they go.
    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        let is_openid = match self.type_ {
            ResourceAttributeType::Predefined => true,
            ResourceAttributeType::Core => false,
            ResourceAttributeType::Custom => {
                let resource = call.load::<ApiResource>(self.resource.id).await?;
                resource.is_some_and(|it| it.type_ == ResourceType::OpenidConnect)
            }
        };
        if is_openid {
            for (name, value) in [("idToken", self.id_token), ("userInfo", self.user_info)] {
                object.insert(name.into(), json!(value.unwrap_or(true)));
            }
        }
        Ok(object)
    }

    fn unique_member(_: IndexName, _: &str) -> String {
        "name".to_owned()
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("p1.")
}

/// Scopes without the claim that goes.
fn without(
    call: &Call<'_>,
    scopes: Vec<Stored<Scope>>,
    gone: Option<&ResourceAttribute>,
) -> Result<Batch, Failure> {
    let mut batch = Batch::new();
    for Stored { mut value, version } in scopes {
        if let (Some(claims), Some(gone)) = (&mut value.mapped_claims, gone) {
            claims.retain(|id| *id != gone.id);
        }
        value.updated_at = call.now();
        batch = batch.update(call.env, &value, version)?;
    }
    Ok(batch)
}
