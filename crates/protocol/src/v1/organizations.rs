//! `/v1/organizations` and their licences: enough for clients that look one up before they make an
//! environment (`reference/platform.md` 4). Made by the import file; nothing is limited by them.

use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::ids::{EnvId, OrganizationId};
use countersign_domain::organization::{License, Organization};
use countersign_domain::store::Batch;
use serde_json::json;

use super::body::Object;
use super::call::Call;
use super::hal::Links;
use super::noun::{self, Change, Noun, Parent};
use super::route::{Endpoint, Resource};
use crate::refusal::{Failure, Outcome, Refusal};

const ONE: &str = "/organizations/{organization}";
const LICENSES: &str = "/organizations/{organization}/licenses";

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
        Endpoint::get(LICENSES, "environments:read", noun::list::<License>),
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

    async fn gather<'a>(_: &'a Call<'a>, _: Change<'a, Self>) -> Outcome<()> {
        Ok(())
    }

    fn judge(_: &Call<'_>, _: Change<'_, Self>, (): ()) -> Result<Batch, Failure> {
        Err(Refusal::MethodNotAllowed.into())
    }

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("type".into(), json!("INTERNAL"));
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

    async fn show<'a>(&'a self, _call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("beginsAt".into(), json!(self.created_at));
        object.insert(
            "environments".into(),
            json!({ "allowAddResources": true, "allowCustomDomain": true, "allowProduction": true,
                    "allowConnections": true, "regions": super::environments::REGIONS }),
        );
        object.insert(
            "users".into(),
            json!({ "allowPasswordManagementNotifications": true, "allowIdentityProviders": true,
                    "allowMyAccount": true, "allowPasswordOnlyAuthentication": true,
                    "allowPasswordPolicy": true, "allowProvisioning": true }),
        );
        Ok(object)
    }
}
