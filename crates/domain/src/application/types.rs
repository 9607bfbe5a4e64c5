//! The words and small objects inside an application.

use serde::{Deserialize, Serialize};

use crate::ids::{GroupId, KeyId, KeyRotationPolicyId};
use crate::reference::Ref;

/// What kind of program it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplicationType {
    /// Runs on a server.
    WebApp,
    /// Runs on a device.
    NativeApp,
    /// Runs in a browser.
    SinglePageApp,
    /// An administrative program; what it may do comes from roles.
    Worker,
    /// A program without users.
    Service,
    /// Anything else; device authorization.
    CustomApp,
    /// From the catalogue.
    TemplateApp,
    /// A link in the portal.
    PortalLinkApp,
    /// Built in: self-service.
    PingOneSelfService,
    /// Built in: administration console.
    PingOneAdminConsole,
    /// Built in: application portal.
    PingOnePortal,
}

impl ApplicationType {
    /// Whether it is built in: it can be read and changed, neither made nor deleted.
    pub const fn is_system(self) -> bool {
        match self {
            Self::PingOneSelfService | Self::PingOneAdminConsole | Self::PingOnePortal => true,
            Self::WebApp
            | Self::NativeApp
            | Self::SinglePageApp
            | Self::Worker
            | Self::Service
            | Self::CustomApp
            | Self::TemplateApp
            | Self::PortalLinkApp => false,
        }
    }
}

/// What it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Protocol {
    /// OpenID Connect or OAuth 2.
    #[default]
    OpenidConnect,
    /// SAML 2.
    Saml,
    /// WS-Federation.
    WsFed,
    /// Nothing; a link.
    ExternalLink,
}

/// A grant that an application may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GrantType {
    /// `authorization_code`
    AuthorizationCode,
    /// Tokens from the authorization endpoint.
    Implicit,
    /// `refresh_token`
    RefreshToken,
    /// `client_credentials`
    ClientCredentials,
    /// `urn:ietf:params:oauth:grant-type:device_code`
    DeviceCode,
    /// `urn:ietf:params:oauth:grant-type:token-exchange`
    TokenExchange,
    /// `urn:openid:params:grant-type:ciba`
    Ciba,
}

/// A response type that an application may ask for; several make a hybrid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResponseType {
    /// `code`
    Code,
    /// `token`
    Token,
    /// `id_token`
    IdToken,
}

/// How an application proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TokenEndpointAuthMethod {
    /// Not at all: a public client.
    None,
    /// Secret in HTTP Basic.
    ClientSecretBasic,
    /// Secret in the form.
    ClientSecretPost,
    /// Assertion signed with the secret.
    ClientSecretJwt,
    /// Assertion signed with the application's key.
    PrivateKeyJwt,
}

/// Whether PKCE is asked of an application (`oidc.md` 3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PkceEnforcement {
    /// It may come without.
    #[default]
    Optional,
    /// A challenge must come, of either method.
    Required,
    /// A challenge must come, with S256.
    #[serde(rename = "S256_REQUIRED")]
    S256Required,
}

/// Whether requests must be pushed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParRequirement {
    /// They may be.
    #[default]
    Optional,
    /// They must be.
    Required,
}

/// What refresh tokens look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefreshTokenType {
    /// A signed JWT.
    JsonWebToken,
    /// Random characters.
    OpaqueToken,
}

/// Who may sign on to an application (`oidc.md` 22.1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessControl {
    /// Only holders of certain roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleAccess>,
    /// Only members of certain groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupAccess>,
}

/// `accessControl.role`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAccess {
    /// Which holders.
    #[serde(rename = "type")]
    pub type_: RoleAccessType,
}

/// `accessControl.role.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoleAccessType {
    /// Holders of an administrator role.
    AdminUsersOnly,
}

/// `accessControl.group`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupAccess {
    /// Whether one of the groups is enough.
    #[serde(rename = "type")]
    pub type_: GroupAccessType,
    /// The groups.
    pub groups: Vec<Ref<GroupId>>,
}

/// `accessControl.group.type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GroupAccessType {
    /// One is enough.
    AnyGroup,
    /// All are needed.
    AllGroups,
}

/// Which keys sign an application's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signing {
    /// Those of this rotation policy.
    pub key_rotation_policy: Ref<KeyRotationPolicyId>,
}

/// Certificate login: which key issues the certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kerberos {
    /// A key of usage `ISSUANCE`.
    pub key: Ref<KeyId>,
}

/// Which web origins may call (`oidc.md` 18.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorsSettings {
    /// None or some.
    pub behavior: CorsBehavior,
    /// Which, at most 20; `*` stands for subdomains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
}

/// `corsSettings.behavior`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CorsBehavior {
    /// No origin.
    AllowNoOrigins,
    /// Those listed.
    AllowSpecificOrigins,
}
