//! `/v1/environments/{e}/applications/{a}/grants` (`reference/platform.md` 3.2, `oidc.md` 19.4).

use countersign_domain::application::{Application, ApplicationType, Grant, GrantType, Protocol};
use countersign_domain::entity::Entity;
use countersign_domain::ids::GrantId;
use countersign_domain::resource::{Resource as ApiResource, ResourceType, Scope};
use countersign_domain::store::{Batch, Entries, Key, Postcondition, Precondition, Query};

use crate::misfit::{Fit, Misfit};
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::Check;
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/applications/{application}/grants";
const ONE: &str = "/environments/{environment}/applications/{application}/grants/{grant}";
/// Most scopes of one grant.
const MOST_SCOPES: usize = 500;

/// `/environments/{e}/applications/{a}/grants`
pub const RESOURCE: Resource = Resource {
    name: "grants",
    endpoints: &[
        Endpoint::get(ALL, "grants:read", noun::list::<Grant>).narrow(Narrow::Application),
        Endpoint::post(ALL, "grants:create", noun::create::<Grant>).narrow(Narrow::Application),
        Endpoint::get(ONE, "grants:read", noun::read::<Grant>).narrow(Narrow::Application),
        Endpoint::put(ONE, "grants:update", noun::replace::<Grant>).narrow(Narrow::Application),
        Endpoint::delete(ONE, "grants:delete", noun::remove::<Grant>).narrow(Narrow::Application),
    ],
};

/// What else a change concerns.
pub struct Facts {
    application: Option<Application>,
    resource: Option<ApiResource>,
    /// Its scopes, where they exist and are the resource's.
    scopes: Vec<Option<Scope>>,
    /// Names of the scopes of the application's other grants.
    others: Vec<String>,
    /// Those grants, as they were read.
    unmoved: Vec<(GrantId, u64)>,
}

impl Noun for Grant {
    const PLURAL: &'static str = "grants";
    const PARAMETER: &'static str = "grant";
    const IS_SHOWN_FROM_CONFIGURATION: bool = true;
    const FIXED: &'static [&'static str] = &["resource"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "application",
        member: "application",
        index: Self::BY_APPLICATION,
    });
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        let application = noun::named::<Application>(call).await?;
        // Source: `reference/platform.md` 3.2.
        // Compat: Ping's Terraform provider grants scopes to the self-service application, which that
        // page has answer 404 as well.
        match application.type_ {
            ApplicationType::PingOneAdminConsole => {
                Err(Refusal::NotFound.because("it has no grants").into())
            }
            ApplicationType::WebApp
            | ApplicationType::NativeApp
            | ApplicationType::SinglePageApp
            | ApplicationType::Worker
            | ApplicationType::Service
            | ApplicationType::CustomApp
            | ApplicationType::TemplateApp
            | ApplicationType::PortalLinkApp
            | ApplicationType::PingOnePortal
            | ApplicationType::PingOneSelfService => Ok(()),
        }
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts {
            application: None,
            resource: None,
            scopes: Vec::new(),
            others: Vec::new(),
            unmoved: Vec::new(),
        };
        let Some(after) = change.after() else {
            return Ok(facts);
        };
        let application = call.load::<Application>(after.application.id).await?;
        facts.application = application.map(|it| it.value);
        let resource = call.load::<ApiResource>(after.resource.id).await?;
        facts.resource = resource.map(|it| it.value);
        let type_ = facts.resource.as_ref().map(|it| it.type_);
        if type_ != Some(ResourceType::OpenidConnect) {
            // Every application has it without a grant.
            facts.others.push("openid".to_owned());
        }
        for scope in after.scopes.iter().take(MOST_SCOPES) {
            let scope = call.load::<Scope>(scope.id).await?.map(|it| it.value);
            let scope = scope.filter(|it| it.resource.id == after.resource.id);
            facts.scopes.push(scope);
        }
        for grant in
            noun::all_by::<Grant>(call, Self::BY_APPLICATION, after.application.id.to_string())
                .await?
        {
            if grant.id == after.id {
                continue;
            }
            facts.unmoved.push((grant.id, grant.version));
            for scope in &grant.scopes {
                let scope = call.load::<Scope>(scope.id).await?;
                facts.others.extend(scope.map(|it| it.value.name));
            }
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        let target = "scopes";
        check.expect(!after.scopes.is_empty(), || {
            Misfit::new(Fit::Empty, target, "must not be empty")
        });
        check.expect(after.scopes.len() <= MOST_SCOPES, || {
            Misfit::new(Fit::TooLong, target, "must have at most 500 entries")
        });
        check.expect(facts.resource.is_some(), || {
            Misfit::invalid("resource.id", "no resource has this id")
        });
        let names: Vec<Option<&str>> = facts
            .scopes
            .iter()
            .map(|it| it.as_ref().map(|it| it.name.as_str()))
            .collect();
        for (at, name) in names.iter().enumerate() {
            let target = || format!("scopes[{at}].id");
            let Some(name) = name else {
                let why = "no scope of the resource has this id";
                check.note(Misfit::invalid(target(), why));
                continue;
            };
            let is_repeated = names.iter().take(at).any(|it| *it == Some(*name));
            check.expect(!is_repeated, || {
                Misfit::invalid(target(), "is there more than once")
            });
            check.expect(!facts.others.iter().any(|it| it == name), || {
                let why = "another grant of the application has a scope of this name";
                Misfit::constraint(target(), why)
            });
        }
        if let (Some(application), Some(resource)) = (&facts.application, &facts.resource) {
            suits(&mut check, application, resource);
        }
        check.finish()?;
        Ok(alone(call, after, &facts))
    }
}

/// That the other grants are as they were read: nobody grants a scope of the same name at the same
/// moment.
fn alone(call: &Call<'_>, after: &Grant, facts: &Facts) -> Batch {
    let application = after.application.id.to_string();
    let entries = Entries::equal(Grant::KIND, call.env, Grant::BY_APPLICATION, &*application);
    let most = u32::try_from(facts.unmoved.len() + 1).unwrap_or(u32::MAX);
    let application = Key::new(Application::KIND, call.env, application);
    let batch = Batch::new().require(Precondition::Present(application));
    let unmoved = facts.unmoved.iter().map(|(id, version)| {
        let key = Key::new(Grant::KIND, call.env, id.to_string());
        Precondition::Version(key, *version)
    });
    let batch = unmoved.fold(batch, Batch::require);
    batch.ensure(Postcondition::AtMost(entries, most))
}

/// Whether the application can make use of scopes of the resource at all.
///
/// Source: `reference/platform.md` 3.2 (grants), `oidc.md` 19.3, 19.4.
fn suits(check: &mut Check, application: &Application, resource: &ApiResource) {
    check.expect(application.protocol == Protocol::OpenidConnect, || {
        let why = "the application does not speak OpenID Connect";
        Misfit::constraint("application", why)
    });
    let grants = &application.grant_types;
    let has_users = grants.iter().any(|it| *it != GrantType::ClientCredentials);
    let is_alone = !grants.is_empty() && !has_users;
    let is_worker = application.type_ == ApplicationType::Worker;
    let why = match resource.type_ {
        ResourceType::OpenidConnect if is_alone && is_worker => {
            "OpenID Connect scopes need a grant type with users"
        }
        ResourceType::PingoneApi if is_alone => "PingOne API scopes need a grant type with users",
        ResourceType::PingoneApi if is_worker => "what a worker may do at the API are its roles",
        ResourceType::OpenidConnect | ResourceType::PingoneApi | ResourceType::Custom => return,
    };
    check.note(Misfit::constraint("resource", why));
}

/// What an application was granted.
pub(super) async fn of_application(call: &Call<'_>, id: &str) -> Outcome<Vec<Grant>> {
    let query = Query::equal(Grant::KIND, call.env, Grant::BY_APPLICATION, id, 500);
    let page = call.store().list(&query, call.now()).await?;
    let grants: Result<_, _> = page.docs.iter().map(Grant::from_doc).collect();
    Ok(grants?)
}
