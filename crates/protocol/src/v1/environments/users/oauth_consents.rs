//! `/v1/environments/{e}/users/{u}/oauthConsents`: the scopes that people let applications have
//! (`reference/platform.md` 3.7).

use countersign_domain::application::Application;
use countersign_domain::consent::{
    ConsentApplicationType, ConsentDevice, OauthConsent, OauthConsentStatus, Software,
};
use countersign_domain::filter::{self, Filterable, Operator};
use countersign_domain::ids::{ApplicationId, OauthConsentId, UserId};
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::store::Batch;
use countersign_domain::user::User;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wrong;
use crate::consents;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{self, Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Links, List};
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::page;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/users/{user}/oauthConsents";
const ONE: &str = "/environments/{environment}/users/{user}/oauthConsents/{oauthConsent}";
const READ: &str = "p1:read:oauthConsent";
/// What is told of an application to whoever agreed to it.
const EXPANDED: [&str; 8] = [
    "id",
    "name",
    "description",
    "enabled",
    "type",
    "protocol",
    "icon",
    "homePageUrl",
];

/// `/environments/{e}/users/{u}/oauthConsents`
pub const RESOURCE: Resource = Resource {
    name: "oauthConsents",
    endpoints: &[
        Endpoint::get(ALL, "consents:read", list)
            .narrow(Narrow::Population)
            .own(READ),
        Endpoint::post(ALL, "consents:update", record)
            .media("consent.accept")
            .narrow(Narrow::Population),
        Endpoint::get(ONE, "consents:read", noun::read::<OauthConsent>)
            .narrow(Narrow::Population)
            .own(READ),
        Endpoint::patch(ONE, "consents:update", revoke)
            .media("consent.revoke")
            .narrow(Narrow::Population)
            .own("p1:update:oauthConsent"),
    ],
};

impl Noun for OauthConsent {
    const PLURAL: &'static str = "oauthConsents";
    const PARAMETER: &'static str = "oauthConsent";
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

    async fn gather<'a>(_: &'a Call<'a>, _: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    /// Consents are given and taken back, never written.
    fn judge(_: &Call<'_>, _: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        Err(Refusal::MethodNotAllowed.into())
    }

    /// Decision: what `expand=applications` adds is not documented. Who it is that they agreed to, and
    /// nothing of how the application is set up: people read it, too.
    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        let Some(id) = self.application.map(|it| it.id) else {
            return Ok(object);
        };
        if call.asks_for("expand", "applications")
            && let Some(application) = call.load::<Application>(id).await?
        {
            let mut shown = noun::object_of(&application.value)?;
            shown.retain(|name, _| EXPANDED.contains(&name.as_str()));
            object.insert("_embedded".into(), json!({ "application": shown }));
        }
        Ok(object)
    }

    fn link(&self, call: &Call<'_>, _own: &str, links: &mut Links) {
        let user = call.fill("/environments/{environment}/users/{user}");
        links.add("user", call.url(&user));
        if let Some(application) = self.application {
            let all = call.fill("/environments/{environment}/applications");
            links.add(
                "application",
                call.url(&format!("{all}/{}", application.id)),
            );
        }
    }
}

/// `GET` of all of a person's.
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    const EQ: &[Operator] = &[Operator::Eq];
    Box::pin(async move {
        let user = noun::named::<User>(call).await?;
        let known = ["application.id", "application.name"].map(|it| Filterable::new(it, EQ));
        let filter = page::filter_of(call, &known)?;
        let mut items = Vec::new();
        for consent in consents::list(call.cx, user.id).await? {
            let seen = json!({ "application": { "name": consent.application_name,
                "id": consent.application.map(|it| it.id) } });
            if filter.as_ref().is_none_or(|it| filter::matches(it, &seen)) {
                items.push(noun::shown(call, &consent).await?);
            }
        }
        let list = List::whole(OauthConsent::PLURAL, items).filtered();
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// The body of a consent that was given elsewhere.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    #[serde(default)]
    application: GivenApplication,
    #[serde(default)]
    scope: Vec<String>,
    status: OauthConsentStatus,
    browser: Option<Software>,
    operating_system: Option<Software>,
    device: Option<ConsentDevice>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenApplication {
    id: Option<ApplicationId>,
    name: Option<String>,
}

/// `POST` `consent.accept`: notes what somebody agreed to elsewhere.
fn record<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user = noun::named::<User>(call).await?;
        let body = body::without_nulls(body::object(call.body)?);
        let given: Given = body::read(body).map_err(wrong)?;
        let consent = consent_of(call, user.id, given).await?;
        let made = consents::record(call.cx, user.id, consent).await?;
        Ok(Reply::created(noun::shown(call, &made).await?))
    })
}

async fn consent_of(call: &Call<'_>, user: UserId, given: Given) -> Outcome<OauthConsent> {
    let known = match given.application.id {
        None => None,
        Some(id) => {
            let found = call.load::<Application>(id).await?;
            let none = || Misfit::invalid("application.id", "no application has this id");
            Some(found.ok_or_else(|| wrong(none()))?.value)
        }
    };
    let name = match (&known, &given.application.name) {
        (Some(application), _) => application.name.clone(),
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(wrong(Misfit::required("application.name")).into()),
    };
    let mut check = Check::new();
    check.length("application.name", &name, 1, 256);
    let names = given.scope.iter();
    let is_fine = given.scope.len() <= OauthConsent::MAX_SCOPES
        && names.clone().all(|it| (1..=256).contains(&it.len()));
    check.expect(is_fine, || {
        Misfit::invalid("scope", "must be at most 100 names of scopes")
    });
    check.expect(given.status != OauthConsentStatus::Revoked, || {
        Misfit::invalid("status", "must be ACCEPTED or DECLINED")
    });
    check.expect(is_short(&given), || {
        Misfit::invalid(
            "browser",
            "what was used is told in at most 256 characters each",
        )
    });
    check.finish()?;
    Ok(OauthConsent {
        id: OauthConsentId::random(&*call.cx.ports.entropy),
        user: Ref::to(user),
        application_type: match known {
            Some(_) => ConsentApplicationType::Pingone,
            None => ConsentApplicationType::External,
        },
        application: known.map(|it| Ref::to(it.id)),
        application_name: name,
        scope: given.scope,
        status: given.status,
        browser: given.browser,
        operating_system: given.operating_system,
        device: given.device,
        consented_at: call.now(),
        updated_at: call.now(),
    })
}

/// Whether what was used is told in short words.
fn is_short(given: &Given) -> bool {
    let software = [&given.browser, &given.operating_system]
        .into_iter()
        .flatten();
    let mut texts = software.flat_map(|it| [Some(&it.name), it.version.as_ref()]);
    let device = given.device.as_ref().map(|it| &it.type_);
    texts.all(|it| it.is_none_or(|it| it.len() <= 256)) && device.is_none_or(|it| it.len() <= 256)
}

/// `PATCH` `consent.revoke`: `{"status": "REVOKED"}`.
fn revoke<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        OauthConsent::enter(call).await?;
        let before = noun::named::<OauthConsent>(call).await?;
        let body: Object = body::without_nulls(body::object(call.body)?);
        match body.get("status").and_then(Value::as_str) {
            Some("REVOKED") => {}
            Some(_) => return Err(wrong(Misfit::invalid("status", "must be REVOKED")).into()),
            None => return Err(wrong(Misfit::required("status")).into()),
        }
        let after = consents::revoke(call.cx, before.user.id, before.id).await?;
        Ok(Reply::ok(noun::shown(call, &after).await?))
    })
}
