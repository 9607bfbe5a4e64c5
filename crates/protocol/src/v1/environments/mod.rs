//! `/v1/environments` (`reference/platform.md` 3.1).

pub mod activities;
pub mod admin_config;
pub mod agreements;
pub mod applications;
pub mod branding_settings;
pub mod certificates;
pub mod custom_domains;
pub mod device_authentication_policies;
pub mod email_domains;
pub mod explanations;
pub mod fido2_policies;
pub mod gateways;
pub mod groups;
pub mod identity_providers;
pub mod images;
pub mod key_rotation_policies;
pub mod keys;
pub mod languages;
pub mod mfa_settings;
pub mod notifications_policies;
pub mod notifications_settings;
pub mod password_policies;
pub mod populations;
pub mod resources;
pub mod role_assignments;
pub mod roles;
pub mod schemas;
pub mod sessions;
pub mod sign_on_policies;
pub mod sso_cookie_settings;
pub mod subscriptions;
pub mod templates;
pub mod themes;
pub mod translations;
pub mod users;

pub(super) mod bill_of_materials;
mod creation;
mod removal;

use std::time::Duration;

use countersign_domain::entity::{self, Entity};
use countersign_domain::environment::{
    Environment, EnvironmentSettings, EnvironmentStatus, EnvironmentType,
};
use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::ids::EnvId;
use countersign_domain::organization::License;
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Query};
use serde_json::{Value, json};

use super::body::{self, Check, Object};
use super::call::{Call, Reply};
use super::hal::{Body, Links};
use super::noun::{self, Change, Noun};
use super::page::{Indexed, PageSize};
use super::route::{Endpoint, Narrow, Resource};
use crate::misfit::{Hint, Misfit};
use crate::refusal::{Failure, Outcome, Refusal, Refused};

/// Regions in PingOne's words. Nothing depends on them.
pub const REGIONS: [&str; 6] = ["AP", "AU", "CA", "EU", "NA", "SG"];
/// How long an environment waits at least before it may be deleted for good.
const SOFT_DELETION: Duration = Duration::from_hours(30 * 24);
/// Most environments of an organization that wait for their deletion.
///
/// Source: `reference/platform.md` 3.1; PingOne standard platform limits: per organization.
/// Decision: one more is refused as what is not possible now; PingOne's answer is not documented.
const MAX_WAITING: u32 = 100;

const ALL: &str = "/environments";
const ONE: &str = "/environments/{environment}";

/// `/environments`
pub const RESOURCE: Resource = Resource {
    name: "environments",
    endpoints: &[
        Endpoint::get(ALL, "environments:read", noun::list::<Environment>),
        Endpoint::post(ALL, "environments:create", creation::create),
        Endpoint::get(ONE, "environments:read", noun::read::<Environment>)
            .narrow(Narrow::Either)
            .dormant(),
        Endpoint::put(ONE, "environments:update", noun::replace::<Environment>).dormant(),
        Endpoint::delete(ONE, "environments:delete", removal::remove).dormant(),
        Endpoint::put(
            "/environments/{environment}/type",
            "environments:update",
            set_type,
        )
        .told("environment.type")
        .dormant(),
        Endpoint::put(
            "/environments/{environment}/status",
            "environments:update",
            set_status,
        )
        .dormant(),
        Endpoint::get(
            "/environments/{environment}/billOfMaterials",
            "environments:read",
            bill_of_materials::read,
        )
        .dormant(),
        Endpoint::put(
            "/environments/{environment}/billOfMaterials",
            "environments:update",
            bill_of_materials::replace,
        )
        .dormant(),
        Endpoint::get(
            "/environments/{environment}/capabilities",
            "environments:read",
            capabilities,
        )
        .dormant(),
    ],
};

/// What judging a change takes.
pub struct Facts {
    /// Whether its licence exists.
    has_license: bool,
    /// Whether it begins to wait for its deletion where as many wait as may.
    is_one_too_many: bool,
}

impl Noun for Environment {
    const PLURAL: &'static str = "environments";
    const PARAMETER: &'static str = "environment";
    const READ_ONLY: &'static [&'static str] = &[
        "organization",
        "status",
        "softDeletedAt",
        "hardDeletedAllowedAt",
    ];
    const FIXED: &'static [&'static str] = &["region"];
    const KEPT: &'static [&'static str] = &["countersign", "license"];
    const PAGE: Option<PageSize> = Some(PageSize {
        usual: 1_000,
        most: 5_000,
    });
    const INDEXED: &'static [Indexed] = &[Indexed {
        attribute: "organization.id",
        index: Self::BY_ORGANIZATION,
        then: None,
    }];
    type Facts = Facts;

    fn place(_call: &Call<'_>) -> EnvId {
        EnvId::PLATFORM
    }

    fn filterable(_call: &Call<'_>) -> Vec<Filterable> {
        const EQ: &[Operator] = &[Operator::Eq];
        vec![
            Filterable::new("name", &[Operator::Sw, Operator::Eq]),
            Filterable::new("id", EQ),
            Filterable::new("organization.id", EQ),
            Filterable::new("license.id", EQ),
            Filterable::new("status", EQ),
        ]
    }

    fn is_visible(&self, call: &Call<'_>) -> bool {
        let permission = call.endpoint.permission;
        !call.actor.reach(permission, self).is_nowhere()
    }

    /// What it is for, and how it can be deleted, is never a default.
    fn prepare(_call: &Call<'_>, body: &mut Object, _: Option<&Self>) -> Result<(), Refused> {
        given(body, "type").map(|_| ())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let has_license = match change.after().and_then(|after| after.license) {
            Some(license) => {
                let (store, id) = (call.store(), license.id.to_string());
                let found = entity::load::<License>(store, EnvId::PLATFORM, id, call.now()).await?;
                found.is_some()
            }
            None => true,
        };
        let is_one_too_many = match change {
            Change::Replace { before, after } if before.is_active() && !after.is_active() => {
                let organization = after.organization.id.to_string();
                let (kind, index) = (Self::KIND, Self::WAITING);
                let waiting = Query::equal(kind, EnvId::PLATFORM, index, organization, MAX_WAITING);
                call.store().count(&waiting).await? >= MAX_WAITING
            }
            Change::Create(_) | Change::Replace { .. } | Change::Remove(_) => false,
        };
        Ok(Facts {
            has_license,
            is_one_too_many,
        })
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Err(Refusal::MethodNotAllowed.into());
        };
        check(after, facts.has_license)?;
        if !after.is_active() && after.type_ == EnvironmentType::Sandbox {
            let message = "only PRODUCTION environments wait for their deletion";
            let misfit = Misfit::constraint("status", message);
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        if facts.is_one_too_many {
            let message = format!("{MAX_WAITING} environments wait for their deletion already");
            let misfit = Misfit::constraint("status", message.clone());
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        // Its snapshot lives under its own id, not where it is stored.
        let _ = call;
        Ok(Batch::new().changed(after.id))
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        // Ours; PingOne's clients need not see it as long as it says nothing.
        if self.settings == EnvironmentSettings::default() {
            object.remove("countersign");
        }
        if call.asks_for("expand", "billOfMaterials") {
            let bill = bill_of_materials::of(call, self.id).await?;
            object.insert("billOfMaterials".into(), json!(bill));
        }
        Ok(object)
    }

    fn link(&self, call: &Call<'_>, _own: &str, links: &mut Links) {
        let own = call.url(&format!("/environments/{}", self.id));
        links.add("self", own.clone());
        links.add("environment", own.clone());
        let organization = format!("/organizations/{}", self.organization.id);
        links.add("organization", call.url(&organization));
        if let Some(license) = &self.license {
            let license = format!("{organization}/licenses/{}", license.id);
            links.add("license", call.url(&license));
        }
        for child in [
            "activities",
            "applications",
            "billOfMaterials",
            "capabilities",
            "groups",
            "identityProviders",
            "keys",
            "passwordPolicies",
            "populations",
            "resources",
            "schemas",
            "signOnPolicies",
            "users",
        ] {
            links.add(child, format!("{own}/{child}"));
        }
    }
}

/// What an environment must be like.
fn check(environment: &Environment, has_license: bool) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &environment.name, 1, 255);
    check.length_of("description", environment.description.as_ref(), 0, 2_048);
    check.length_of("icon", environment.icon.as_ref(), 1, 2_048);
    let icon = environment.icon.as_deref().map(url::Url::parse);
    let is_web = |it: &url::Url| matches!(it.scheme(), "http" | "https");
    check.expect(icon.is_none_or(|it| it.is_ok_and(|it| is_web(&it))), || {
        Misfit::invalid("icon", "must be an http or https URL")
    });
    check.expect(REGIONS.contains(&environment.region.as_str()), || {
        let allowed: Vec<String> = REGIONS.iter().map(|it| (*it).to_owned()).collect();
        let message = format!("must be one of: {}", allowed.join(", "));
        Misfit::invalid("region", message).hinting(Hint::Values(allowed))
    });
    check.expect(has_license, || {
        Misfit::invalid("license.id", "no licence of the organization has this id")
    });
    check.finish()
}

/// A member of the body that must be there.
fn given(body: &Object, name: &'static str) -> Result<Value, Refused> {
    let value = body.get(name).filter(|it| !it.is_null()).cloned();
    value.ok_or_else(|| {
        let why = format!("{name} is missing");
        Refusal::Unfit(vec![Misfit::required(name)]).because(why)
    })
}

/// `PUT /environments/{e}/type`
fn set_type<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let body = body::object(call.body)?;
        let type_ = given(&body, "type")?;
        let before = noun::named::<Environment>(call).await?;
        if json!(before.type_) == type_ {
            return Ok(Reply::ok(shown(call, &before).await?));
        }
        let mut patch = Object::new();
        patch.insert("type".into(), type_);
        let changed = noun::change_with::<Environment>(call, patch).await?;
        Ok(Reply::ok(shown(call, &changed).await?))
    })
}

/// `PUT /environments/{e}/status`
fn set_status<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    #[derive(serde::Deserialize)]
    struct Input {
        status: EnvironmentStatus,
    }
    Box::pin(async move {
        let status = given(&body::object(call.body)?, "status")?;
        let mut one = Object::new();
        one.insert("status".into(), status);
        let input: Input = body::read(one).map_err(|misfit| {
            let why = misfit.message.clone();
            Refusal::Unfit(vec![misfit]).because(why)
        })?;
        let changed = noun::edit::<Environment>(call, |environment| {
            if environment.status == input.status {
                return Ok(());
            }
            environment.status = input.status;
            let is_waiting = input.status == EnvironmentStatus::DeletePending;
            environment.soft_deleted_at = is_waiting.then_some(call.now());
            environment.hard_deleted_allowed_at =
                is_waiting.then(|| call.now().plus(SOFT_DELETION));
            environment.updated_at = call.now();
            Ok(())
        })
        .await?;
        Ok(Reply::ok(shown(call, &changed).await?))
    })
}

async fn shown(call: &Call<'_>, environment: &Environment) -> Outcome<Body> {
    let own = call.url(&format!("/environments/{}", environment.id));
    noun::shown_at(call, environment, &own).await
}

/// `GET /environments/{e}/capabilities`
///
/// Decision: the shape is documented as a map of switches and no further; these are the ones that
/// mean something here.
fn capabilities<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let _ = noun::named::<Environment>(call).await?;
        let own = call.url(&call.own_path());
        let mut object = Object::new();
        for name in [
            "canUseIdentityProviders",
            "canUseMFA",
            "canUseMyAccount",
            "canUsePasswordPolicies",
            "canUsePushedAuthorizationRequests",
            "canUseWebhooks",
        ] {
            object.insert(name.into(), Value::Bool(true));
        }
        Ok(Reply::ok(super::hal::resource(
            Links::to(call, &own),
            object,
        )))
    })
}
