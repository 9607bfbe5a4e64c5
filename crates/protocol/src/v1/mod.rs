//! The management API, `/v1` (`reference/platform.md`). The path of a file is the path of its URL.
//!
//! [`RESOURCES`] is the one list: routing, permissions, media types and the tests of who may do
//! what come from it, so that a route cannot be served and forgotten (`docs/how-to/resource.md`).

pub mod actor;
pub mod belongings;
pub mod body;
pub mod call;
pub mod certified;
pub mod dispatch;
pub mod environments;
pub mod hal;
pub mod kept_answers;
pub mod key_uses;
pub mod noun;
pub mod openapi;
pub mod organizations;
pub mod page;
pub mod part;
pub mod pointing;
pub mod privilege;
pub mod reach;
pub mod roles;
pub mod route;
pub mod single;
pub mod upload;

use route::Resource;

/// Everything that is served under `/v1`.
pub static RESOURCES: &[&Resource] = &[
    &organizations::RESOURCE,
    &roles::RESOURCE,
    &environments::RESOURCE,
    &environments::activities::RESOURCE,
    &environments::explanations::RESOURCE,
    &environments::sessions::RESOURCE,
    &environments::subscriptions::RESOURCE,
    &environments::populations::RESOURCE,
    &environments::populations::default_identity_provider::RESOURCE,
    &environments::admin_config::RESOURCE,
    &environments::users::RESOURCE,
    &environments::users::password::RESOURCE,
    &environments::users::population::RESOURCE,
    &environments::users::mfa_enabled::RESOURCE,
    &environments::users::linked_accounts::RESOURCE,
    &environments::users::devices::RESOURCE,
    &environments::users::oauth_consents::RESOURCE,
    &environments::users::agreement_consents::RESOURCE,
    &environments::identity_providers::RESOURCE,
    &environments::identity_providers::attributes::RESOURCE,
    &environments::gateways::RESOURCE,
    &environments::gateways::credentials::RESOURCE,
    &environments::gateways::instances::RESOURCE,
    &environments::applications::RESOURCE,
    &environments::applications::secret::RESOURCE,
    &environments::applications::grants::RESOURCE,
    &environments::applications::attributes::RESOURCE,
    &environments::applications::sign_on_policy_assignments::RESOURCE,
    &environments::applications::flow_policy_assignments::RESOURCE,
    &environments::applications::push_credentials::RESOURCE,
    &environments::resources::RESOURCE,
    &environments::resources::attributes::RESOURCE,
    &environments::resources::scopes::RESOURCE,
    &environments::resources::secret::RESOURCE,
    &environments::groups::RESOURCE,
    &environments::groups::member_of_groups::RESOURCE,
    &environments::roles::RESOURCE,
    &environments::mfa_settings::RESOURCE,
    &environments::device_authentication_policies::RESOURCE,
    &environments::fido2_policies::RESOURCE,
    &environments::schemas::RESOURCE,
    &environments::role_assignments::RESOURCE,
    &environments::sign_on_policies::RESOURCE,
    &environments::sign_on_policies::actions::RESOURCE,
    &environments::password_policies::RESOURCE,
    &environments::keys::RESOURCE,
    &environments::certificates::RESOURCE,
    &environments::custom_domains::RESOURCE,
    &environments::key_rotation_policies::RESOURCE,
    &environments::sso_cookie_settings::RESOURCE,
    &environments::images::RESOURCE,
    &environments::themes::RESOURCE,
    &environments::branding_settings::RESOURCE,
    &environments::languages::RESOURCE,
    &environments::translations::RESOURCE,
    &environments::notifications_policies::RESOURCE,
    &environments::notifications_settings::RESOURCE,
    &environments::notifications_settings::email_delivery_settings::RESOURCE,
    &environments::notifications_settings::phone_delivery_settings::RESOURCE,
    &environments::templates::RESOURCE,
    &environments::templates::contents::RESOURCE,
    &environments::email_domains::RESOURCE,
    &environments::email_domains::trusted_emails::RESOURCE,
    &environments::agreements::RESOURCE,
    &environments::agreements::languages::RESOURCE,
    &environments::agreements::revisions::RESOURCE,
];

#[cfg(test)]
mod tests;
