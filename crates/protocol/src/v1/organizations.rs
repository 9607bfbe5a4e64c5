//! `/v1/organizations` and their licences: enough for clients that look one up before they make an
//! environment (`reference/platform.md` 4). Made by the import file; nothing is limited by them.

use std::time::Duration;

use countersign_domain::entity::Entity;
use countersign_domain::environment::Environment;
use countersign_domain::filter::{self, Filterable, Operator};
use countersign_domain::ids::{EnvId, OrganizationId};
use countersign_domain::organization::{License, Organization};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Query};
use serde_json::{Value, json};

use super::body::Object;
use super::call::{Call, Reply};
use super::hal::{self, Links, List};
use super::noun::{self, Change, Noun, Parent};
use super::page;
use super::route::{Endpoint, Resource};
use crate::refusal::{Failure, Outcome, Refusal, Refused};

const ONE: &str = "/organizations/{organization}";
const LICENSES: &str = "/organizations/{organization}/licenses";

/// How long a licence runs.
const LIFETIME: Duration = Duration::from_hours(24 * 365 * 100);
/// Environments that are counted; where there are more, the count is left out.
const MAX_COUNTED: u32 = 1_000;
/// Where PingOne has a number that a licence is limited to: the most that clients can read.
const MANY: i32 = i32::MAX;

/// `/organizations`
pub const RESOURCE: Resource = Resource {
    name: "organizations",
    endpoints: &[
        Endpoint::get(
            "/organizations",
            "environments:read",
            noun::list::<Organization>,
        ),
        Endpoint::get(ONE, "environments:read", noun::read::<Organization>),
        Endpoint::get(LICENSES, "environments:read", licenses),
        Endpoint::get(
            "/organizations/{organization}/licenses/{license}",
            "environments:read",
            noun::read::<License>,
        ),
    ],
};

/// Decision: whoever may read an environment may read its organization and licences: clients need a
/// licence's id and cannot know it otherwise.
fn is_own(call: &Call<'_>, organization: OrganizationId) -> bool {
    call.actor.organization == organization || call.actor.may_in("environments:read", organization)
}

impl Noun for Organization {
    const PLURAL: &'static str = "organizations";
    const PARAMETER: &'static str = "organization";
    type Facts = ();

    fn place(_call: &Call<'_>) -> EnvId {
        EnvId::PLATFORM
    }

    fn is_visible(&self, call: &Call<'_>) -> bool {
        is_own(call, self.id)
    }

    /// Compat: the words for one that does not exist are those for one of somebody else; Ping's
    /// Terraform provider looks for them.
    fn absent(_call: &Call<'_>, _id: &str) -> Refused {
        let message =
            "The request could not be completed. You do not have access to this resource.";
        Refusal::Absent(message.into()).because("no such organization")
    }

    async fn gather<'a>(_: &'a Call<'a>, _: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    fn judge(_: &Call<'_>, _: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        Err(Refusal::MethodNotAllowed.into())
    }

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("type".into(), json!("INTERNAL"));
        // Compat: there is always one account that is billed. Nobody is, so it is named after the
        // organization; PingOne's ids of these are letters and digits.
        let account = self.id.uuid().simple().to_string();
        object.insert("billingConnections".into(), json!([{ "id": account }]));
        Ok(object)
    }

    fn link(&self, call: &Call<'_>, _own: &str, links: &mut Links) {
        let own = call.url(&format!("/organizations/{}", self.id));
        links.add("licenses", format!("{own}/licenses"));
        links.add("environments", call.url("/environments"));
    }
}

impl Noun for License {
    const PLURAL: &'static str = "licenses";
    const PARAMETER: &'static str = "license";
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "organization",
        member: "organization",
        index: Self::BY_ORGANIZATION,
    });
    type Facts = ();

    fn place(_call: &Call<'_>) -> EnvId {
        EnvId::PLATFORM
    }

    fn filterable(_call: &Call<'_>) -> Vec<Filterable> {
        const EQ: &[Operator] = &[Operator::Eq];
        let mut known: Vec<_> = ["name", "package", "status"]
            .into_iter()
            .map(|name| Filterable::new(name, EQ))
            .collect();
        known.push(Filterable::new("beginsAt", &[Operator::Lt]));
        known
    }

    fn is_visible(&self, call: &Call<'_>) -> bool {
        is_own(call, self.organization.id)
    }

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Organization>(call).await.map(|_| ())
    }

    async fn gather<'a>(_: &'a Call<'a>, _: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    fn judge(_: &Call<'_>, _: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        Err(Refusal::MethodNotAllowed.into())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("beginsAt".into(), json!(self.created_at));
        object.insert("expiresAt".into(), json!(self.created_at.plus(LIFETIME)));
        let id = self.organization.id.to_string();
        let index = Environment::BY_ORGANIZATION;
        let kind = Environment::KIND;
        let query = Query::equal(kind, EnvId::PLATFORM, index, id, MAX_COUNTED);
        let page = call.store().list(&query, call.now()).await?;
        if page.next.is_none() {
            let environments: Result<Vec<Environment>, _> =
                page.docs.iter().map(Environment::from_doc).collect();
            let mut assigned = environments?;
            assigned.retain(|it| it.license.is_some_and(|license| license.id == self.id));
            object.insert("assignedEnvironmentsCount".into(), json!(assigned.len()));
        }
        object.extend(allowances());
        Ok(object)
    }
}

/// `GET /organizations/{organization}/licenses`: filtered by what is shown, which is more than what
/// is stored.
fn licenses<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        License::enter(call).await?;
        let filter = page::filter_of(call, &License::filterable(call))?;
        let organization = call.text("organization");
        let mut items = Vec::new();
        for license in noun::all_by::<License>(call, License::BY_ORGANIZATION, organization).await?
        {
            let shown = noun::shown(call, &license.value).await?;
            let json = shown.to_value();
            let fits = filter.as_ref().is_none_or(|it| filter::matches(it, &json));
            if fits && license.is_visible(call) {
                items.push(shown);
            }
        }
        let list = List::whole(License::PLURAL, items).filtered();
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// What a licence allows: everything that PingOne knows licences to allow.
///
/// Decision: nothing here is limited or unlocked by a licence. Clients look before they configure
/// something, whether or not it is acted on (`docs/compatibility.md`), so they are told to go on.
fn allowances() -> Object {
    let all = |names: &[&str]| -> Object {
        let on = |name: &&str| ((*name).to_owned(), json!(true));
        names.iter().map(on).collect()
    };
    let mut environments = all(&[
        "allowAddResources",
        "allowConnections",
        "allowCustomDomain",
        "allowCustomSchema",
        "allowProduction",
    ]);
    environments.insert("max".into(), json!(MANY));
    environments.insert("regions".into(), json!(super::environments::REGIONS));
    let mut users = all(&[
        "allowPasswordManagementNotifications",
        "allowIdentityProviders",
        "allowMyAccount",
        "allowPasswordManagement",
        "allowPasswordOnlyAuthentication",
        "allowPasswordPolicy",
        "allowProvisioning",
        "allowInboundProvisioning",
        "allowRoleAssignment",
        "allowVerificationFlow",
        "allowUpdateSelf",
        "entitledToSupport",
    ]);
    for name in ["max", "hardLimitMax", "annualActiveIncluded"] {
        users.insert(name.into(), json!(MANY));
    }
    let mut verify = all(&[
        "allowPushNotifications",
        "allowDocumentMatch",
        "allowFaceMatch",
    ]);
    verify.insert("allowManualIdInspection".into(), json!(false));
    let whole = json!({
        "advancedServices": { "pingId": { "included": true, "type": "FULL" } },
        "authorize": all(&["allowApiAccessManagement", "allowDynamicAuthorization"]),
        "credentials": all(&["allowCredentials"]),
        "environments": environments,
        "fraud": all(&["allowBotMaliciousDeviceDetection", "allowAccountProtection"]),
        "gateways": all(&["allowLdapGateway", "allowKerberosGateway", "allowRadiusGateway"]),
        "intelligence": all(&[
            "allowGeoVelocity", "allowAnonymousNetworkDetection", "allowReputation",
            "allowDataConsent", "allowRisk", "allowAdvancedPredictors",
        ]),
        "mfa": all(&[
            "allowPushNotification", "allowNotificationOutsideWhitelist", "allowFido2Devices",
            "allowVoiceOtp", "allowEmailOtp", "allowSmsOtp", "allowTotp",
        ]),
        "orchestrate": all(&["allowOrchestration"]),
        "users": users,
        "verify": verify,
    });
    match whole {
        Value::Object(whole) => whole,
        _ => Object::new(),
    }
}
