//! `/v1/environments/{e}/applications` and what hangs on them (`reference/platform.md` 3.2,
//! `oidc.md` 20).

#[expect(
    clippy::module_inception,
    reason = "the file is where style 4.2 says it is"
)]
mod application;
mod attached;
pub mod cors;
pub mod mobile;
pub mod partner;
pub mod push_credential;
pub mod redirect_uri;
mod types;

pub use application::Application;
pub use attached::{
    ApplicationAttribute, ApplicationSecret, Grant, MappingType, PreviousSecret,
    SignOnPolicyAssignment,
};
pub use types::{
    AccessControl, ApplicationType, CorsBehavior, CorsSettings, GrantType, GroupAccess,
    GroupAccessType, Kerberos, ParRequirement, PkceEnforcement, Protocol, RefreshTokenType,
    ResponseType, RoleAccess, RoleAccessType, Signing, TokenEndpointAuthMethod,
};
