//! What hangs on an application: its secret, grants, claim mappings and policies.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{
    ApplicationId, AssignmentId, AttributeId, EnvId, GrantId, ResourceId, ScopeId, SignOnPolicyId,
};
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;
use crate::vault::Sealed;

fn by_application(name: IndexName, application: Ref<ApplicationId>) -> Vec<IndexEntry> {
    vec![IndexEntry {
        name,
        value: application.id.to_string(),
    }]
}

/// A secret that was replaced and is still accepted for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviousSecret {
    /// The secret, sealed for the document it is in.
    pub secret: Sealed,
    /// Until when it is accepted.
    pub expires_at: Time,
    /// When it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Time>,
}

/// An application's secret, stored under the application's id. Every application has one
/// (ruling 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationSecret {
    /// Whose it is.
    pub application: Ref<ApplicationId>,
    /// The secret, sealed for this document.
    pub secret: Sealed,
    /// The one before, while it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousSecret>,
}

impl ApplicationSecret {
    /// The sealed secrets that are accepted at `now`, newest first.
    pub fn accepted(&self, now: Time) -> impl Iterator<Item = &Sealed> {
        let previous = self.previous.iter().filter(move |it| now < it.expires_at);
        std::iter::once(&self.secret).chain(previous.map(|it| &it.secret))
    }
}

impl Entity for ApplicationSecret {
    const KIND: Kind = kinds::APPLICATION_SECRET;
    fn id(&self) -> String {
        self.application.id.to_string()
    }
}

/// The scopes of one resource that an application may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who may ask.
    pub application: Ref<ApplicationId>,
    /// The resource; one grant per application and resource.
    pub resource: Ref<ResourceId>,
    /// The scopes.
    pub scopes: Vec<Ref<ScopeId>>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Grant {
    /// Index: grants of an application, by its id.
    pub const BY_APPLICATION: IndexName = "application";
    /// Unique: application id, `/`, resource id.
    pub const UNIQUE_RESOURCE: IndexName = "resource";
}

impl Entity for Grant {
    const KIND: Kind = kinds::GRANT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        by_application(Self::BY_APPLICATION, self.application)
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_RESOURCE,
            format!("{}/{}", self.application.id, self.resource.id),
        )]
    }
}

/// Where a claim mapping of an application comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MappingType {
    /// `sub`: can be changed, not removed.
    Core,
    /// Comes with a scope.
    Scope,
    /// Made by an administrator.
    #[default]
    Custom,
}

/// A claim mapping of an application, for ID token and userinfo (`oidc.md` 21.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationAttribute {
    /// Its id.
    pub id: AttributeId,
    /// Whose it is.
    pub application: Ref<ApplicationId>,
    /// Name of the claim, unique in the application.
    pub name: String,
    /// A constant, or an expression such as `${user.email}`.
    pub value: String,
    /// Whether no token is issued when the value is empty.
    #[serde(default)]
    pub required: bool,
    /// Where it comes from.
    #[serde(default)]
    pub mapping_type: MappingType,
    /// Whether it goes into ID tokens; absent means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<bool>,
    /// Whether it goes into userinfo; absent means yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info: Option<bool>,
    /// Scopes that bring it; absent: it comes with `openid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc_scopes: Option<Vec<ScopeId>>,
    /// Format of the name. SAML only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_format: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl ApplicationAttribute {
    /// Index: attributes of an application, by its id.
    pub const BY_APPLICATION: IndexName = "application";
    /// Unique: application id, `/`, name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// The mapping every OIDC application begins with: `sub` = `${user.id}`.
    pub fn core_sub(id: AttributeId, application: ApplicationId, now: Time) -> Self {
        Self {
            id,
            application: Ref::to(application),
            name: "sub".to_owned(),
            value: "${user.id}".to_owned(),
            required: true,
            mapping_type: MappingType::Core,
            id_token: None,
            user_info: None,
            oidc_scopes: None,
            name_format: None,
            created_at: now,
            updated_at: now,
        }
    }
}

impl Entity for ApplicationAttribute {
    const KIND: Kind = kinds::APPLICATION_ATTRIBUTE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        by_application(Self::BY_APPLICATION, self.application)
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_NAME,
            format!("{}/{}", self.application.id, self.name),
        )]
    }
}

/// A sign-on policy that an application uses; the lowest priority is tried first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignOnPolicyAssignment {
    /// Its id.
    pub id: AssignmentId,
    /// Whose it is.
    pub application: Ref<ApplicationId>,
    /// The policy.
    pub sign_on_policy: Ref<SignOnPolicyId>,
    /// 1 is tried first.
    pub priority: u32,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl SignOnPolicyAssignment {
    /// Index: assignments of an application, by its id.
    pub const BY_APPLICATION: IndexName = "application";
    /// Index: assignments of a policy, by its id.
    pub const BY_POLICY: IndexName = "policy";
    /// Unique: application id, `/`, policy id.
    pub const UNIQUE_POLICY: IndexName = "policy";
}

impl Entity for SignOnPolicyAssignment {
    const KIND: Kind = kinds::SIGN_ON_POLICY_ASSIGNMENT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let mut entries = by_application(Self::BY_APPLICATION, self.application);
        entries.push(IndexEntry {
            name: Self::BY_POLICY,
            value: self.sign_on_policy.id.to_string(),
        });
        entries
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let application = self.application.id.to_string();
        let policy = self.sign_on_policy.id.to_string();
        vec![
            Key::new(kinds::APPLICATION, env, application),
            Key::new(kinds::SIGN_ON_POLICY, env, policy),
        ]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_POLICY,
            format!("{}/{}", self.application.id, self.sign_on_policy.id),
        )]
    }
}
