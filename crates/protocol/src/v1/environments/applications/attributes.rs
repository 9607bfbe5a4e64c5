//! `/v1/environments/{e}/applications/{a}/attributes` (`reference/platform.md` 3.2, `oidc.md` 21.1).

use countersign_domain::application::{Application, ApplicationAttribute, MappingType, Protocol};
use countersign_domain::ids::{AttributeId, ScopeId};
use countersign_domain::resource::{Resource as ApiResource, ResourceType, Scope};
use countersign_domain::store::Batch;
use serde_json::json;

use super::grants;
use crate::expression;
use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/applications/{application}/attributes";
const ONE: &str = "/environments/{environment}/applications/{application}/attributes/{attribute}";
const READ: &str = "applications:read";
const UPDATE: &str = "applications:update";
/// Most scopes of one mapping.
const MOST_SCOPES: usize = 100;

/// Claims that say what the token is. No mapping may write them.
///
/// Source: `reference/platform.md` 3.2.
pub(in crate::v1) const RESERVED: &[&str] = &[
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "client_id",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "org",
    "scope",
    "sid",
];

/// `/environments/{e}/applications/{a}/attributes`
pub const RESOURCE: Resource = Resource {
    name: "applicationAttributes",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<ApplicationAttribute>).narrow(Narrow::Application),
        Endpoint::post(ALL, UPDATE, noun::create::<ApplicationAttribute>)
            .narrow(Narrow::Application),
        Endpoint::get(ONE, READ, noun::read::<ApplicationAttribute>).narrow(Narrow::Application),
        Endpoint::put(ONE, UPDATE, noun::replace::<ApplicationAttribute>)
            .narrow(Narrow::Application),
        Endpoint::delete(ONE, UPDATE, noun::remove::<ApplicationAttribute>)
            .narrow(Narrow::Application),
    ],
};

/// The mapping that an application begins with.
pub(super) fn core(
    call: &Call<'_>,
    application: &Application,
    id: AttributeId,
) -> Option<ApplicationAttribute> {
    let core = ApplicationAttribute::core_sub(id, application.id, call.now());
    match application.protocol {
        Protocol::OpenidConnect => Some(core),
        Protocol::Saml => Some(ApplicationAttribute {
            name: "saml_subject".to_owned(),
            ..core
        }),
        Protocol::WsFed | Protocol::ExternalLink => None,
    }
}

/// What else a change concerns.
pub struct Facts {
    protocol: Option<Protocol>,
    /// What each of its scopes is.
    scopes: Vec<Named>,
}

/// What a scope that a mapping names is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// None of the OpenID Connect resource.
    Nothing,
    /// One that the application may not ask for.
    NotGranted,
    /// One that it may ask for.
    Granted,
}

impl Noun for ApplicationAttribute {
    const PLURAL: &'static str = "attributes";
    const PARAMETER: &'static str = "attribute";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const READ_ONLY: &'static [&'static str] = &["mappingType"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "application",
        member: "application",
        index: Self::BY_APPLICATION,
    });
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Application>(call).await.map(|_| ())
    }

    fn prepare(_: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_some_and(|it| it.mapping_type == MappingType::Core) {
            // Source: `reference/platform.md` 3.2: `sub` stands in every token.
            for name in ["idToken", "userInfo", "oidcScopes"] {
                body.remove(name);
            }
        }
        if before.is_none() {
            body.insert("mappingType".into(), json!("CUSTOM"));
        }
        if body.contains_key("required") {
            return Ok(());
        }
        let misfit = Misfit::required("required");
        Err(Refusal::Unfit(vec![misfit]).because("required is missing"))
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts {
            protocol: None,
            scopes: Vec::new(),
        };
        let Some(after) = change.after() else {
            return Ok(facts);
        };
        let application = call.load::<Application>(after.application.id).await?;
        facts.protocol = application.map(|it| it.protocol);
        let Some(wanted) = &after.oidc_scopes else {
            return Ok(facts);
        };
        let grants = grants::of_application(call, &after.application.id.to_string()).await?;
        let mut granted: Vec<ScopeId> = openid_scope(call).into_iter().collect();
        granted.extend(grants.iter().flat_map(|it| &it.scopes).map(|it| it.id));
        let before = change.before().and_then(|it| it.oidc_scopes.as_ref());
        for id in wanted.iter().take(MOST_SCOPES) {
            // It was granted, or was there at all, when it was named; as `v1/pointing.rs` has it.
            if before.is_some_and(|it| it.contains(id)) {
                facts.scopes.push(Named::Granted);
                continue;
            }
            let resource = match call.load::<Scope>(id).await? {
                Some(scope) => call.load::<ApiResource>(scope.resource.id).await?,
                None => None,
            };
            let is_openid = resource.is_some_and(|it| it.type_ == ResourceType::OpenidConnect);
            facts.scopes.push(match (is_openid, granted.contains(id)) {
                (false, _) => Named::Nothing,
                (true, false) => Named::NotGranted,
                (true, true) => Named::Granted,
            });
        }
        Ok(facts)
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let before = change.before().map(|it| &it.value);
        let core = before.filter(|it| it.mapping_type == MappingType::Core);
        let Some(after) = change.after() else {
            if core.is_some() {
                let why = "a core attribute cannot be deleted";
                let misfit = Misfit::constraint("", why);
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length("value", &after.value, 1, 4_096);
        if let Err(why) = expression::check(&after.value, expression::NAMES) {
            check.note(Misfit::invalid("value", why));
        }
        check.expect(core.is_none_or(|it| it.name == after.name), || {
            Misfit::constraint("name", "the name of a core attribute cannot be changed")
        });
        match facts.protocol {
            Some(Protocol::OpenidConnect) => {
                let before = change.before().map(|it| &it.value);
                openid(&mut check, after, before, &facts.scopes);
            }
            Some(Protocol::Saml | Protocol::WsFed) => {
                // Compat: Ping's Terraform provider sends idToken and userInfo all the same.
                check.expect(after.oidc_scopes.is_none(), || {
                    Misfit::constraint("oidcScopes", "is for OpenID Connect")
                });
            }
            Some(Protocol::ExternalLink) | None => {
                check.note(Misfit::constraint("application", "has no attributes"));
            }
        }
        check.finish()?;
        Ok(Batch::new())
    }

    /// Source: `reference/platform.md` 3.2: without `oidcScopes`, with `openid`.
    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        if self.mapping_type == MappingType::Core {
            return Ok(object);
        }
        let application = call.load::<Application>(self.application.id).await?;
        if application.is_some_and(|it| it.protocol == Protocol::OpenidConnect) {
            if self.oidc_scopes.is_none()
                && let Some(scope) = openid_scope(call)
            {
                object.insert("oidcScopes".into(), json!([scope]));
            }
        } else {
            object.remove("idToken");
            object.remove("userInfo");
        }
        Ok(object)
    }
}

/// The scope that every sign-on with OpenID Connect has, granted or not.
fn openid_scope(call: &Call<'_>) -> Option<ScopeId> {
    let mut views = call.cx.env.resources.iter();
    let openid = views.find(|it| it.resource.type_ == ResourceType::OpenidConnect)?;
    let mut scopes = openid.scopes.iter();
    scopes.find(|it| it.name == "openid").map(|it| it.id)
}

fn openid(
    check: &mut Check,
    after: &ApplicationAttribute,
    before: Option<&ApplicationAttribute>,
    scopes: &[Named],
) {
    check.expect(!RESERVED.contains(&after.name.as_str()), || {
        // Source: Ping's Terraform provider, whose tests look for this text.
        let name = &after.name;
        let why =
            format!("Attribute name '{name}' is not valid for the 'OPENID_CONNECT' application");
        Misfit::invalid("name", why)
    });
    let nowhere = after.id_token == Some(false) && after.user_info == Some(false);
    check.expect(!nowhere, || {
        Misfit::constraint("userInfo", "idToken and userInfo must not both be false")
    });
    check.expect(after.name_format.is_none(), || {
        Misfit::constraint("nameFormat", "is for SAML")
    });
    if let Some(wanted) = &after.oidc_scopes {
        // The last of them may be gone: it can be written as it is read.
        let had = before.and_then(|it| it.oidc_scopes.as_ref());
        let is_empty = wanted.is_empty() && had != Some(wanted);
        check.expect(!is_empty, || {
            Misfit::new(Fit::Empty, "oidcScopes", "must not be empty")
        });
        check.expect(wanted.len() <= MOST_SCOPES, || {
            Misfit::new(Fit::TooLong, "oidcScopes", "must have at most 100 entries")
        });
    }
    for (at, named) in scopes.iter().enumerate() {
        let why = match named {
            Named::Granted => continue,
            Named::NotGranted => "is not granted to the application",
            Named::Nothing => "no scope of the OpenID Connect resource has this id",
        };
        check.note(Misfit::invalid(format!("oidcScopes[{at}]"), why));
    }
}
