//! `/v1/roles` and role assignments (`reference/platform.md` 3.11): what administrators and worker
//! applications may do.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::{ApplicationId, EnvId, GatewayId, GroupId, RoleAssignmentId, RoleId, UserId};
use crate::reference::{Ref, is_false};
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// A built-in role. Its id is the same in every installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltInRole {
    /// Its id.
    pub id: RoleId,
    /// Its name, as PingOne has it.
    pub name: &'static str,
    /// For people.
    pub description: &'static str,
    /// Which scopes it can be given at.
    pub applicable_to: &'static [RoleScopeType],
    /// What it allows, as `classifier:action`; `*` stands for all of a kind.
    pub permissions: &'static [&'static str],
}

/// How far an assignment of a role reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RoleScopeType {
    /// A whole organization.
    Organization,
    /// One environment.
    Environment,
    /// One population.
    Population,
    /// One application.
    Application,
}

/// Where an assignment reaches: the organization, environment, population or application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RoleScope {
    /// Which one.
    pub id: Uuid,
    /// Of which kind.
    #[serde(rename = "type")]
    pub type_: RoleScopeType,
}

/// Who has a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RoleSubject {
    /// A worker application.
    Application(Ref<ApplicationId>),
    /// A user.
    User(Ref<UserId>),
    /// Every member of a group.
    Group(Ref<GroupId>),
    /// A gateway.
    Gateway(Ref<GatewayId>),
}

impl RoleSubject {
    /// The subject's entry in [`RoleAssignment::BY_SUBJECT`].
    pub fn index_value(self) -> String {
        match self {
            Self::Application(it) => format!("application/{}", it.id),
            Self::User(it) => format!("user/{}", it.id),
            Self::Group(it) => format!("group/{}", it.id),
            Self::Gateway(it) => format!("gateway/{}", it.id),
        }
    }

    /// The subject's document.
    pub fn key(self, env: EnvId) -> Key {
        match self {
            Self::Application(it) => Key::new(kinds::APPLICATION, env, it.id.to_string()),
            Self::User(it) => Key::new(kinds::USER, env, it.id.to_string()),
            Self::Group(it) => Key::new(kinds::GROUP, env, it.id.to_string()),
            Self::Gateway(it) => Key::new(kinds::GATEWAY, env, it.id.to_string()),
        }
    }
}

/// The assignment of a role, stored in the environment of its subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAssignment {
    /// Its id.
    pub id: RoleAssignmentId,
    /// Which role.
    pub role: Ref<RoleId>,
    /// Where it reaches.
    pub scope: RoleScope,
    /// Who has it.
    pub subject: RoleSubject,
    /// Whether it cannot be taken away.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// When it was made.
    pub created_at: Time,
}

impl RoleAssignment {
    /// Index: [`RoleSubject::index_value`].
    pub const BY_SUBJECT: IndexName = "subject";
    /// Index: id of the role.
    pub const BY_ROLE: IndexName = "role";
    /// Index: id of what the scope names.
    pub const BY_SCOPE: IndexName = "scope";
    /// Unique: subject, role and scope.
    pub const UNIQUE: IndexName = "assignment";
}

impl Entity for RoleAssignment {
    const KIND: Kind = kinds::ROLE_ASSIGNMENT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let entry = |name, value| IndexEntry { name, value };
        vec![
            entry(Self::BY_SUBJECT, self.subject.index_value()),
            entry(Self::BY_ROLE, self.role.id.to_string()),
            entry(Self::BY_SCOPE, self.scope.id.to_string()),
        ]
    }
    /// A whole organization or environment does not wait for the roles in it: those of its own go
    /// with it, and those of other environments reach nothing then.
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let mut keys = vec![self.subject.key(env)];
        if built_in_by_id(self.role.id).is_none() {
            keys.push(Key::new(kinds::ROLE, env, self.role.id.to_string()));
        }
        let scope = self.scope.id.to_string();
        match self.scope.type_ {
            Population => keys.push(Key::new(kinds::POPULATION, env, scope)),
            Application => keys.push(Key::new(kinds::APPLICATION, env, scope)),
            Organization | Environment => {}
        }
        keys
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let subject = self.subject.index_value();
        vec![(
            Self::UNIQUE,
            format!("{subject}/{}/{}", self.role.id, self.scope.id),
        )]
    }
}

/// A role that administrators make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomRole {
    /// Its id.
    pub id: RoleId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Which scopes it can be given at.
    pub applicable_to: Vec<RoleScopeType>,
    /// Holders of which roles may give it.
    #[serde(default)]
    pub can_be_assigned_by: Vec<Ref<RoleId>>,
    /// What it permits.
    pub permissions: Vec<RolePermission>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// One permission of a custom role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RolePermission {
    /// `classifier:action`. One that this program does not know permits nothing.
    pub id: String,
}

impl CustomRole {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for CustomRole {
    const KIND: Kind = kinds::ROLE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, crate::reference::fold(&self.name))]
    }
}

use RoleScopeType::{Application, Environment, Organization, Population};

const fn role_id(number: u128) -> RoleId {
    // A fixed block of our own: version 8 (custom) and the RFC 9562 variant.
    RoleId::from_uuid(Uuid::from_u128(
        0xc0c0_5160_0000_8000_8000_0000_0000_0000 + number,
    ))
}

/// A role for a product that is not here.
///
/// Compat: plans and scripts find these roles by name and give them all the same.
const fn of_another_product(number: u128, name: &'static str) -> BuiltInRole {
    BuiltInRole {
        id: role_id(number),
        name,
        description: "Reads environments; the product that it is for is not here.",
        applicable_to: &[Organization, Environment],
        permissions: &["environments:read"],
    }
}

/// The built-in roles, by all the names of `reference/platform.md` 3.11. Permissions are named by
/// the plural of what they are about. Whoever has a role in an environment may read the environment
/// itself.
pub const BUILT_IN: &[BuiltInRole] = &[
    BuiltInRole {
        id: role_id(1),
        name: "Organization Admin",
        description: "Manages the organization and makes environments.",
        applicable_to: &[Organization],
        permissions: &[
            "organizations:*",
            "environments:*",
            "licenses:*",
            "roles:read",
            "roleAssignments:*",
        ],
    },
    BuiltInRole {
        id: role_id(2),
        name: "Environment Admin",
        description: "Manages an environment: populations, policies, keys and schema.",
        applicable_to: &[Organization, Environment],
        permissions: &[
            "environments:read",
            "environments:update",
            "activities:read",
            "agreements:*",
            "applications:read",
            "branding:*",
            "certificates:*",
            "customDomains:*",
            "deviceAuthenticationPolicies:*",
            "explanations:read",
            "fido2Policies:*",
            "gateways:*",
            "groups:read",
            "identityProviders:*",
            "images:*",
            "keys:*",
            "keyRotationPolicies:*",
            "languages:*",
            "mfaSettings:*",
            "notifications:*",
            "passwordPolicies:*",
            "populations:*",
            "resources:read",
            "roleAssignments:*",
            "roles:read",
            "schemas:*",
            "signOnPolicies:*",
            "ssoCookieSettings:*",
            "subscriptions:*",
            "themes:*",
        ],
    },
    BuiltInRole {
        id: role_id(3),
        name: "Identity Data Admin",
        description: "Manages users, passwords, groups, sessions and consents.",
        applicable_to: &[Environment, Population],
        permissions: &[
            "environments:read",
            "users:*",
            "passwords:*",
            "groups:*",
            "sessions:*",
            "consents:*",
            "devices:*",
            "populations:read",
            "passwordPolicies:read",
            "schemas:read",
            "roles:read",
            "roleAssignments:*",
        ],
    },
    BuiltInRole {
        id: role_id(4),
        name: "Client Application Developer",
        description: "Manages applications, grants, resources, scopes and secrets.",
        applicable_to: &[Organization, Environment, Application],
        permissions: &[
            "environments:read",
            "applications:*",
            "grants:*",
            "resources:*",
            "scopes:*",
            "secrets:*",
            "signOnPolicies:read",
            "keys:read",
            "certificates:read",
            "keyRotationPolicies:read",
            "images:*",
            "groups:read",
            "populations:read",
            "schemas:read",
            "roles:read",
            "roleAssignments:*",
            "explanations:read",
        ],
    },
    BuiltInRole {
        id: role_id(5),
        name: "Identity Data Read Only",
        description: "Reads users, groups, sessions and consents.",
        applicable_to: &[Organization, Environment, Population],
        permissions: &[
            "environments:read",
            "users:read",
            "passwords:read",
            "groups:read",
            "sessions:read",
            "consents:read",
            "devices:read",
            "populations:read",
            "schemas:read",
            "roles:read",
            "roleAssignments:read",
        ],
    },
    BuiltInRole {
        id: role_id(6),
        name: "Configuration Read Only",
        description: "Reads the configuration of an environment, without secrets.",
        applicable_to: &[Organization, Environment],
        permissions: &[
            "environments:read",
            "activities:read",
            "agreements:read",
            "applications:read",
            "branding:read",
            "certificates:read",
            "customDomains:read",
            "deviceAuthenticationPolicies:read",
            "explanations:read",
            "fido2Policies:read",
            "gateways:read",
            "grants:read",
            "identityProviders:read",
            "images:read",
            "keys:read",
            "keyRotationPolicies:read",
            "languages:read",
            "mfaSettings:read",
            "notifications:read",
            "passwordPolicies:read",
            "populations:read",
            "resources:read",
            "roleAssignments:read",
            "roles:read",
            "schemas:read",
            "scopes:read",
            "signOnPolicies:read",
            "ssoCookieSettings:read",
            "subscriptions:read",
            "themes:read",
        ],
    },
    BuiltInRole {
        id: role_id(7),
        name: "Help Desk Admin",
        description: "Unlocks users and resets their passwords and devices.",
        applicable_to: &[Organization, Environment, Population],
        permissions: &[
            "environments:read",
            "populations:read",
            "users:read",
            "users:unlock",
            "passwords:*",
            "devices:*",
            "sessions:*",
        ],
    },
    BuiltInRole {
        id: role_id(8),
        name: "Application Owner",
        description: "Manages one application.",
        applicable_to: &[Environment, Application],
        permissions: &[
            "environments:read",
            "applications:read",
            "applications:update",
            "secrets:*",
        ],
    },
    BuiltInRole {
        id: role_id(9),
        name: "Custom Roles Admin",
        description: "Manages custom roles.",
        applicable_to: &[Organization, Environment],
        permissions: &["environments:read", "roles:*"],
    },
    of_another_product(10, "DaVinci Admin"),
    of_another_product(11, "DaVinci Admin Read Only"),
    of_another_product(12, "Authorize Gateway Policy Evaluator"),
    of_another_product(13, "Advanced Identity Cloud Super Admin"),
    of_another_product(14, "Advanced Identity Cloud Tenant Admin"),
    of_another_product(15, "PingFederate Administrator"),
    of_another_product(16, "PingFederate Auditor"),
    of_another_product(17, "PingFederate Crypto Administrator"),
    of_another_product(18, "PingFederate Expression Administrator"),
    of_another_product(19, "PingFederate User Administrator"),
];

/// The built-in role of that name.
pub fn built_in(name: &str) -> Option<&'static BuiltInRole> {
    BUILT_IN.iter().find(|role| role.name == name)
}

/// The built-in role with that id.
pub fn built_in_by_id(id: RoleId) -> Option<&'static BuiltInRole> {
    BUILT_IN.iter().find(|role| role.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_roles_are_found_by_name_and_id() {
        for role in BUILT_IN {
            assert_eq!(built_in(role.name), Some(role));
            assert_eq!(built_in_by_id(role.id), Some(role));
            assert_eq!(role.id.uuid().get_version_num(), 8);
        }
    }

    #[test]
    fn a_subject_is_one_key() {
        let subject = RoleSubject::User(Ref::to(UserId::from_uuid(Uuid::nil())));
        assert_eq!(
            serde_json::to_string(&subject).unwrap(),
            r#"{"user":{"id":"00000000-0000-0000-0000-000000000000"}}"#
        );
    }
}
