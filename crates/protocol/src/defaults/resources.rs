//! The two built-in resources with their scopes and claim mappings
//! (`reference/platform.md` 2, 3.4, 3.5; `oidc.md` 19.3).

use countersign_domain::entity::kinds;
use countersign_domain::ids::{AttributeId, EnvId, ResourceId, ScopeId, derived_uuid};
use countersign_domain::reference::Ref;
use countersign_domain::resource::{
    Resource, ResourceAttribute, ResourceAttributeType, ResourceType, Scope,
};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;

use super::{Documents, Maker};

/// Name of the OpenID Connect resource.
const OPENID: &str = "openid";
/// Name of the management API's resource.
const PINGONE_API: &str = "PingOne API";

/// Scopes of `openid`. `offline_access` is not among them: it may be added (ruling 7).
const OPENID_SCOPES: &[(&str, &str)] = &[
    ("openid", "Sign on and learn the user's id."),
    ("profile", "Names, picture, locale and time zone."),
    ("email", "E-mail address."),
    ("address", "Postal address."),
    ("phone", "Telephone number."),
];

/// Self-management scopes, for the signed-on user's own record.
const PINGONE_API_SCOPES: &[(&str, &str)] = &[
    ("p1:read:user", "Read the user."),
    ("p1:update:user", "Change the user."),
    ("p1:verify:user", "Verify the user's identity."),
    (
        "p1:update:userMfaEnabled",
        "Switch second factors on or off.",
    ),
    ("p1:create:device", "Add a device."),
    ("p1:read:device", "Read devices."),
    ("p1:update:device", "Change a device."),
    ("p1:delete:device", "Remove a device."),
    ("p1:create:pairingKey", "Make a pairing key."),
    ("p1:read:pairingKey", "Read pairing keys."),
    ("p1:delete:pairingKey", "Remove a pairing key."),
    ("p1:read:userPassword", "Read the state of the password."),
    ("p1:reset:userPassword", "Change the password."),
    ("p1:validate:userPassword", "Check the password."),
    ("p1:read:userLinkedAccounts", "Read linked accounts."),
    ("p1:delete:userLinkedAccounts", "Remove a linked account."),
    ("p1:read:sessions", "Read sessions."),
    ("p1:delete:sessions", "End sessions."),
    ("p1:read:userConsent", "Read consents to agreements."),
    ("p1:read:oauthConsent", "Read consents to applications."),
    (
        "p1:update:oauthConsent",
        "Withdraw consents to applications.",
    ),
];

/// Predefined claim mappings of `openid`.
const OPENID_ATTRIBUTES: &[(&str, &str)] = &[
    ("address.country", "${user.address.countryCode}"),
    ("address.formatted", ""),
    ("address.locality", "${user.address.locality}"),
    ("address.postal_code", "${user.address.postalCode}"),
    ("address.region", "${user.address.region}"),
    ("address.street_address", "${user.address.streetAddress}"),
    ("birthdate", ""),
    ("email", "${user.email}"),
    ("email_verified", ""),
    ("family_name", "${user.name.family}"),
    ("gender", ""),
    ("given_name", "${user.name.given}"),
    ("locale", "${user.locale}"),
    ("middle_name", "${user.name.middle}"),
    ("name", "${user.name.formatted}"),
    ("nickname", "${user.nickname}"),
    ("phone_number", "${user.primaryPhone}"),
    ("phone_number_verified", ""),
    ("picture", "${user.photo.href}"),
    ("preferred_username", "${user.username}"),
    ("profile", ""),
    ("updated_at", "${#datetime.toUnixTimestamp(user.updatedAt)}"),
    ("website", ""),
    ("zoneinfo", "${user.timezone}"),
];

/// Whether a scope is one that every environment has: it is not deleted, and keeps its name.
pub fn is_predefined_scope(type_: ResourceType, name: &str) -> bool {
    let scopes = match type_ {
        ResourceType::OpenidConnect => OPENID_SCOPES,
        ResourceType::PingoneApi => PINGONE_API_SCOPES,
        ResourceType::Custom => return false,
    };
    scopes.iter().any(|(known, _)| *known == name)
}

/// Id of a resource by name.
pub(super) fn resource_id(env: EnvId, name: &str) -> ResourceId {
    ResourceId::from_uuid(derived_uuid(env, kinds::RESOURCE, name))
}

fn resource(env: EnvId, name: &str, type_: ResourceType, now: Time) -> Resource {
    Resource {
        id: resource_id(env, name),
        name: name.to_owned(),
        description: None,
        type_,
        audience: None,
        access_token_validity_seconds: None,
        introspect_endpoint_auth_method: None,
        application_permissions_settings: None,
        created_at: now,
        updated_at: now,
    }
}

pub(super) fn add(documents: &mut Documents, maker: Maker<'_>) -> Result<(), Fault> {
    let (env, now) = (documents.1, maker.now);
    let openid = Resource {
        description: Some("OpenID Connect.".to_owned()),
        ..resource(env, OPENID, ResourceType::OpenidConnect, now)
    };
    let api = Resource {
        description: Some("The user's own record.".to_owned()),
        audience: Some(maker.api_url.trim_end_matches('/').to_owned()),
        ..resource(env, PINGONE_API, ResourceType::PingoneApi, now)
    };
    for (resource, scopes) in [(&openid, OPENID_SCOPES), (&api, PINGONE_API_SCOPES)] {
        documents.add(resource)?;
        for (name, description) in scopes {
            documents.add(&scope(env, resource, name, description, now))?;
        }
    }
    for (name, value) in OPENID_ATTRIBUTES {
        let label = format!("{OPENID}/{name}");
        let id = derived_uuid(env, kinds::RESOURCE_ATTRIBUTE, &label);
        documents.add(&ResourceAttribute {
            id: AttributeId::from_uuid(id),
            name: (*name).to_owned(),
            value: (*value).to_owned(),
            resource: Ref::to(openid.id),
            type_: ResourceAttributeType::Predefined,
            required: false,
            id_token: None,
            user_info: None,
            created_at: now,
            updated_at: now,
        })?;
    }
    Ok(())
}

fn scope(env: EnvId, resource: &Resource, name: &str, description: &str, now: Time) -> Scope {
    let label = format!("{}/{name}", resource.name);
    // The two scopes that can be narrowed begin wide open.
    let has_attributes = matches!(name, "p1:read:user" | "p1:update:user");
    Scope {
        id: ScopeId::from_uuid(derived_uuid(env, kinds::SCOPE, &label)),
        name: name.to_owned(),
        description: Some(description.to_owned()),
        resource: Ref::to(resource.id),
        schema_attributes: has_attributes.then(|| vec!["*".to_owned()]),
        mapped_claims: None,
        created_at: now,
        updated_at: now,
    }
}
