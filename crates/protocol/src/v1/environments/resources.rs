//! `/v1/environments/{e}/resources` (`reference/platform.md` 3.3, `oidc.md` 19.1).

pub mod attributes;
pub mod scopes;
pub mod secret;

use countersign_domain::application::Grant;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::{AttributeId, ResourceId, random_uuid};
use countersign_domain::reference::Ref;
use countersign_domain::resource::{
    Resource as ApiResource, ResourceAttribute, ResourceAttributeType, ResourceSecret,
    ResourceType, Scope,
};
use countersign_domain::store::{Batch, Key, Query};
use countersign_domain::vault::Sealed;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::defaults::new_secret;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Number, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/resources";
const ONE: &str = "/environments/{environment}/resources/{resource}";
/// Documents of one resource that are deleted with it.
const MAX_OWNED: u32 = 5_000;

/// `/environments/{e}/resources`
pub const RESOURCE: Resource = Resource {
    name: "resources",
    endpoints: &[
        Endpoint::get(ALL, "resources:read", noun::list::<ApiResource>),
        Endpoint::post(ALL, "resources:create", noun::create::<ApiResource>),
        Endpoint::get(ONE, "resources:read", noun::read::<ApiResource>),
        Endpoint::put(ONE, "resources:update", noun::replace::<ApiResource>),
        Endpoint::delete(ONE, "resources:delete", noun::remove::<ApiResource>),
    ],
};

/// What else a change concerns.
#[derive(Default)]
pub struct Facts {
    /// The secret of a new one, sealed.
    secret: Option<Sealed>,
    /// Id of a new one's core attribute.
    core: Option<AttributeId>,
    /// What goes with it.
    owned: Vec<Key>,
}

impl Noun for ApiResource {
    const PLURAL: &'static str = "resources";
    const PARAMETER: &'static str = "resource";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const READ_ONLY: &'static [&'static str] = &["type", "clientId", "clientSecret"];
    const NUMBERS: &'static [Number] = &[(
        "accessTokenValiditySeconds",
        Self::ACCESS_TOKEN_VALIDITY_SECONDS,
    )];
    type Facts = Facts;

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        let before = before.filter(|it| it.type_ != ResourceType::Custom);
        if let Some(before) = before {
            // Decision: nothing of a built-in resource changes; a PUT of what was read is accepted.
            if let Ok(Value::Object(kept)) = serde_json::to_value(before) {
                *body = kept;
            }
            return Ok(());
        }
        body.insert("type".into(), json!("CUSTOM"));
        // Source: `reference/platform.md` 3.3 (defaults).
        body.entry("introspectEndpointAuthMethod")
            .or_insert(json!("CLIENT_SECRET_BASIC"));
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts::default();
        match change {
            Change::Create(after) => {
                let entropy = &*call.cx.ports.entropy;
                let key = Key::new(ResourceSecret::KIND, call.env, after.id.to_string());
                let secret = new_secret(entropy);
                let plain = secret.expose_secret().as_bytes();
                facts.secret = Some(call.cx.ports.vault.seal(&key, plain, entropy)?);
                facts.core = Some(AttributeId::from_uuid(random_uuid(entropy)));
            }
            Change::Replace { .. } => {}
            Change::Remove(before) => facts.owned = owned(call, before.id).await?,
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let is_built_in = |it: &Stored<ApiResource>| it.value.type_ != ResourceType::Custom;
        let Some(after) = change.after() else {
            if change.before().is_some_and(is_built_in) {
                let why = "a built-in resource cannot be deleted";
                let misfit = Misfit::constraint("", why);
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return Ok(facts.owned.into_iter().fold(Batch::new(), Batch::delete));
        };
        if change.before().is_some_and(is_built_in) {
            return Ok(Batch::new());
        }
        check(call, after)?;
        let mut batch = Batch::new();
        if let (Some(secret), Some(core)) = (facts.secret, facts.core) {
            let secret = ResourceSecret {
                resource: Ref::to(after.id),
                secret,
                previous: None,
            };
            batch = batch.create(call.env, &secret)?;
            batch = batch.create(call.env, &core_sub(call, after.id, core))?;
        }
        Ok(batch)
    }

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        if self.type_ == ResourceType::Custom {
            object.insert("audience".into(), json!(self.audience()));
            let seconds = self.access_token_validity_seconds();
            object.insert("accessTokenValiditySeconds".into(), json!(seconds));
            let settings = self.application_permissions_settings.unwrap_or_default();
            object.insert("applicationPermissionsSettings".into(), json!(settings));
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("scopes", format!("{own}/scopes"));
        links.add("attributes", format!("{own}/attributes"));
        if self.type_ == ResourceType::Custom {
            links.add("secret", format!("{own}/secret"));
        }
    }
}

fn check(call: &Call<'_>, after: &ApiResource) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &after.name, 1, 256);
    check.length_of("description", after.description.as_ref(), 0, 1_024);
    if let Some(audience) = &after.audience {
        check.length("audience", audience, 1, 1_024);
    }
    let built_in = call.cx.env.resources.iter().map(|it| &it.resource);
    let apis = built_in.filter(|it| it.type_ == ResourceType::PingoneApi);
    let mut apis: Vec<&str> = apis.map(ApiResource::audience).collect();
    apis.push(call.cx.env.urls.api());
    if let Some((target, why)) = after.unfit_audience(&apis) {
        check.note(Misfit::invalid(target, why));
    }
    check.finish()
}

/// The attribute that every custom resource begins with.
///
/// Source: `reference/platform.md` 3.3.
fn core_sub(call: &Call<'_>, resource: ResourceId, id: AttributeId) -> ResourceAttribute {
    ResourceAttribute {
        id,
        name: "sub".to_owned(),
        value: "${user.id}".to_owned(),
        resource: Ref::to(resource),
        type_: ResourceAttributeType::Core,
        required: false,
        id_token: None,
        user_info: None,
        created_at: call.now(),
        updated_at: call.now(),
    }
}

/// Its secret, scopes and attributes, and what applications were granted of it.
async fn owned(call: &Call<'_>, id: ResourceId) -> Outcome<Vec<Key>> {
    let text = id.to_string();
    let mut owned = vec![Key::new(ResourceSecret::KIND, call.env, text.clone())];
    for (kind, index) in [
        (Scope::KIND, Scope::BY_RESOURCE),
        (ResourceAttribute::KIND, ResourceAttribute::BY_RESOURCE),
    ] {
        let query = Query::equal(kind, call.env, index, text.clone(), MAX_OWNED);
        let page = call.store().list(&query, call.now()).await?;
        owned.extend(page.docs.into_iter().map(|doc| doc.key));
    }
    for grant in noun::all::<Grant>(call).await? {
        if grant.resource.id == id {
            owned.push(grant.key(call.env));
        }
    }
    Ok(owned)
}
