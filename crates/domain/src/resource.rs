//! `/v1/environments/{e}/resources`, their scopes and attributes (`reference/platform.md` 3.3-3.5,
//! `oidc.md` 19, 21.2).

use serde::{Deserialize, Serialize};

use crate::application::PreviousSecret;
use crate::entity::{Entity, kinds};
use crate::ids::{AttributeId, ResourceId, ScopeId};
use crate::reference::{Ref, is_false};
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// Which of the three kinds a resource is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceType {
    /// Made by an administrator.
    #[default]
    Custom,
    /// The built-in `openid`.
    OpenidConnect,
    /// The built-in PingOne API with its `p1:` scopes.
    PingoneApi,
}

impl ResourceType {
    /// Whether a scope of such a resource may have a name: `openid` is OpenID Connect's alone, since
    /// every application may ask for it and it says what the request is.
    ///
    /// Source: `reference/platform.md` 3.2, `oidc.md` 6.5.
    pub fn may_name_scope(self, name: &str) -> bool {
        self == Self::OpenidConnect || name != "openid"
    }
}

/// How a resource proves who it is at introspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntrospectEndpointAuthMethod {
    /// Not at all.
    None,
    /// HTTP Basic.
    ClientSecretBasic,
    /// Form parameters.
    ClientSecretPost,
}

/// `applicationPermissionsSettings` of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApplicationPermissionsSettings {
    /// Adds the claim `p1.permissions`.
    pub claim_enabled: bool,
}

/// An API that access tokens are for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Its id; also its client id at introspection.
    pub id: ResourceId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which kind it is of.
    #[serde(rename = "type", default)]
    pub type_: ResourceType,
    /// The `aud` of its tokens; see [`Resource::audience`] for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Life of its access tokens in seconds, 300 to 2592000; see
    /// [`Resource::access_token_validity_seconds`] for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token_validity_seconds: Option<u32>,
    /// How it authenticates at introspection. The built-in resources have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspect_endpoint_auth_method: Option<IntrospectEndpointAuthMethod>,
    /// Whether tokens list the user's application permissions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_permissions_settings: Option<ApplicationPermissionsSettings>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Resource {
    /// Unique: name.
    pub const UNIQUE_NAME: IndexName = "name";
    /// Life of an access token whose resource sets none, in seconds.
    pub const DEFAULT_ACCESS_TOKEN_VALIDITY_SECONDS: u32 = 3600;
    /// Allowed lives of access tokens, in seconds.
    pub const ACCESS_TOKEN_VALIDITY_SECONDS: std::ops::RangeInclusive<i64> = 300..=2_592_000;

    /// The `aud` of its tokens: the name when none is set (`reference/platform.md` 3.3).
    pub fn audience(&self) -> &str {
        self.audience.as_deref().unwrap_or(&self.name)
    }

    /// Why a custom resource cannot have its audience, if so; with the member that says it. `apis` are
    /// audiences of the management API.
    ///
    /// Source: `reference/platform.md` 3.3, `oidc.md` 19.1. The default, which is the name, is held to it
    /// as well: a token for us must not come from somebody else's API.
    pub fn unfit_audience(&self, apis: &[&str]) -> Option<(&'static str, &'static str)> {
        let member = match &self.audience {
            Some(_) => "audience",
            None => "name",
        };
        let audience = self.audience().to_lowercase();
        let plain = |url: &str| url.trim_end_matches('/').to_lowercase();
        let why = if audience.contains("pingone") || audience.contains("pingidentity") {
            "must not contain pingone or pingidentity"
        } else if apis.iter().any(|api| plain(api) == plain(&audience)) {
            "must not be the audience of the management API"
        } else if audience.contains('#') {
            "must not have a fragment"
        } else {
            return None;
        };
        Some((member, why))
    }

    /// Life of its access tokens in seconds.
    pub fn access_token_validity_seconds(&self) -> u32 {
        self.access_token_validity_seconds
            .unwrap_or(Self::DEFAULT_ACCESS_TOKEN_VALIDITY_SECONDS)
    }
}

impl Entity for Resource {
    const KIND: Kind = kinds::RESOURCE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, self.name.clone())]
    }
}

/// A resource's secret, stored under the resource's id. Custom resources have one; it is what they
/// introspect tokens with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceSecret {
    /// Whose it is.
    pub resource: Ref<ResourceId>,
    /// The secret, sealed for this document.
    pub secret: Sealed,
    /// The one before, while it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousSecret>,
}

impl Entity for ResourceSecret {
    const KIND: Kind = kinds::RESOURCE_SECRET;
    fn id(&self) -> String {
        self.resource.id.to_string()
    }
}

/// A scope of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// Its id.
    pub id: ScopeId,
    /// The word clients ask for.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The resource it belongs to.
    pub resource: Ref<ResourceId>,
    /// Paths of user attributes it opens, or `*` alone. Only `p1:read:user`, `p1:update:user` and
    /// their suffixed variants have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema_attributes: Option<Vec<String>>,
    /// Custom attributes of the `openid` resource that it brings along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapped_claims: Option<Vec<AttributeId>>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Scope {
    /// Index: scopes of a resource, by its id.
    pub const BY_RESOURCE: IndexName = "resource";
    /// Unique: resource id, `/`, name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for Scope {
    const KIND: Kind = kinds::SCOPE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_RESOURCE,
            value: self.resource.id.to_string(),
        }]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_NAME,
            format!("{}/{}", self.resource.id, self.name),
        )]
    }
}

/// Where a claim mapping of a resource comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceAttributeType {
    /// `sub` of a custom resource: can be changed, not removed.
    Core,
    /// A standard claim of `openid`: can be changed, not removed.
    Predefined,
    /// Made by an administrator.
    #[default]
    Custom,
}

/// A claim mapping: of access tokens for a custom resource, of ID token and userinfo for `openid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceAttribute {
    /// Its id.
    pub id: AttributeId,
    /// Name of the claim; a dot nests (`address.locality`).
    pub name: String,
    /// A constant, or an expression such as `${user.email}`. Empty: no claim.
    pub value: String,
    /// The resource it belongs to.
    pub resource: Ref<ResourceId>,
    /// Where it comes from.
    #[serde(rename = "type", default)]
    pub type_: ResourceAttributeType,
    /// Whether no token is issued when the value is empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether it goes into ID tokens; absent means yes. `openid` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<bool>,
    /// Whether it goes into userinfo; absent means yes. `openid` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info: Option<bool>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl ResourceAttribute {
    /// Index: attributes of a resource, by its id.
    pub const BY_RESOURCE: IndexName = "resource";
    /// Unique: resource id, `/`, name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for ResourceAttribute {
    const KIND: Kind = kinds::RESOURCE_ATTRIBUTE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_RESOURCE,
            value: self.resource.id.to_string(),
        }]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_NAME,
            format!("{}/{}", self.resource.id, self.name),
        )]
    }
}
