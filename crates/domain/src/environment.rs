//! `/v1/environments`: the tenants (`reference/platform.md` 3.1). The document of an environment
//! lives under [`EnvId::PLATFORM`]; everything in it lives under its own id.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, LicenseId, OrganizationId};
use crate::reference::{Ref, fold};
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;

/// What an environment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EnvironmentType {
    /// Cannot be deleted at once.
    Production,
    /// Can be deleted.
    #[default]
    Sandbox,
}

/// What an environment that is not in production is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EnvironmentSubtype {
    /// Development.
    Dev,
    /// Quality assurance.
    Qa,
    /// The stage before production.
    Staging,
    /// Tests.
    Testing,
    /// Tests by those who will use it.
    Uat,
}

/// Whether an environment serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EnvironmentStatus {
    /// It does.
    #[default]
    Active,
    /// Deleted softly: it serves nobody.
    DeletePending,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// Its id: the first path segment of every URL.
    pub id: EnvId,
    /// Its name, unique in the organization.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is for.
    #[serde(rename = "type", default)]
    pub type_: EnvironmentType,
    /// The same, more closely; nothing depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtype: Option<EnvironmentSubtype>,
    /// Where it is: `NA`, `EU` and so on. Any word; nothing depends on it.
    #[serde(default = "default_region")]
    pub region: String,
    /// Under which licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<Ref<LicenseId>>,
    /// Whose it is.
    pub organization: Ref<OrganizationId>,
    /// Whether it serves.
    #[serde(default)]
    pub status: EnvironmentStatus,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// When its deletion was asked for, while it waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soft_deleted_at: Option<Time>,
    /// From when on it may be deleted for good, while it waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hard_deleted_allowed_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Switches of our own, which PingOne has not.
    #[serde(rename = "countersign", default)]
    pub settings: EnvironmentSettings,
}

fn default_region() -> String {
    "NA".to_owned()
}

/// Switches that PingOne has not. Each default is what PingOne does, unless
/// `reference/rulings.md` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct EnvironmentSettings {
    /// Whether access tokens carry the header `typ: at+jwt` (RFC 9068 2.1). On by default
    /// (ruling 23); off, they carry `typ: JWT`.
    pub access_token_typ: bool,
    /// Whether authorization responses, errors among them, carry `iss` (RFC 9207), so that a client
    /// of several servers cannot mix them up (ruling 5).
    pub authorization_response_iss: bool,
    /// Whether a request for an ID token from the authorization endpoint must have a `nonce`, as
    /// OpenID Connect asks (ruling 14).
    pub nonce_required: bool,
    /// Whether assertions of clients must name the issuer, and nothing else, as their audience and
    /// have a `jti` that was not used before (ruling 5).
    pub client_assertions_strict: bool,
    /// Whether `accessControl` of an application is looked at again with every refresh, not only at
    /// sign-on (`reference/oidc.md` 22.1: PingOne does not).
    pub access_control_on_refresh: bool,
    /// Whether names in `acr_values` that no assigned policy has are passed over instead of refused:
    /// to OpenID Connect Core 3.1.2.1 they are wishes, to PingOne (`reference/oidc.md` 22.2) orders.
    pub unknown_acr_values_ignored: bool,
    /// Whether sign-off sends the browser on only with an `id_token_hint`, as OpenID Connect
    /// RP-Initiated Logout 1.0, 3 asks of servers that have no other proof of who asks.
    pub sign_off_hint_required: bool,
    /// Whether people who register prove their e-mail address before they are signed on.
    pub verify_registrations: bool,
    /// How long a session lives after the last sign-on, in minutes; at most thirty days, as in
    /// PingOne.
    pub session_lifetime_in_minutes: u32,
    /// How long a session may lie idle, in minutes; at most thirty days, as in PingOne.
    pub session_idle_timeout_in_minutes: u32,
    /// Whether the session cookie ends with the browser: `useNonPersistentSessionTokenCookie` of
    /// `/ssoCookieSettings` in PingOne (`reference/flows.md` 8.1).
    pub non_persistent_session_cookie: bool,
}

/// Longest life of a session in minutes, and what it may lie idle: thirty days.
/// Source: `reference/flows.md` 16, `oidc.md` 24.
const SESSION_MINUTES: u32 = 43_200;

impl EnvironmentSettings {
    /// How long a session lives after the last sign-on, used or not.
    pub fn session_lifetime(&self) -> Duration {
        Duration::from_mins(
            self.session_lifetime_in_minutes
                .clamp(1, SESSION_MINUTES)
                .into(),
        )
    }

    /// How long a session may lie idle.
    pub fn session_idle(&self) -> Duration {
        let minutes = self.session_idle_timeout_in_minutes;
        Duration::from_mins(minutes.clamp(1, SESSION_MINUTES).into())
    }

    /// Every switch on its strict side: what conformance profiles ask for, wherever PingOne's own
    /// behaviour is laxer.
    pub const STRICT: Self = Self {
        access_token_typ: true,
        authorization_response_iss: true,
        nonce_required: true,
        client_assertions_strict: true,
        access_control_on_refresh: true,
        unknown_acr_values_ignored: true,
        sign_off_hint_required: true,
        verify_registrations: true,
        session_lifetime_in_minutes: SESSION_MINUTES,
        session_idle_timeout_in_minutes: SESSION_MINUTES,
        non_persistent_session_cookie: false,
    };
}

impl Default for EnvironmentSettings {
    fn default() -> Self {
        Self {
            access_token_typ: true,
            authorization_response_iss: false,
            nonce_required: false,
            client_assertions_strict: false,
            access_control_on_refresh: false,
            unknown_acr_values_ignored: false,
            sign_off_hint_required: false,
            verify_registrations: true,
            session_lifetime_in_minutes: SESSION_MINUTES,
            session_idle_timeout_in_minutes: SESSION_MINUTES,
            non_persistent_session_cookie: false,
        }
    }
}

impl Environment {
    /// Index: environments of an organization, by its id.
    pub const BY_ORGANIZATION: IndexName = "organization";
    /// Index: environments that wait for their deletion, by the id of their organization.
    pub const WAITING: IndexName = "waiting";
    /// Unique: organization id, `/`, folded name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// Whether it serves requests.
    pub fn is_active(&self) -> bool {
        self.status == EnvironmentStatus::Active
    }
}

impl Entity for Environment {
    const KIND: Kind = kinds::ENVIRONMENT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let by_organization = |name| IndexEntry {
            name,
            value: self.organization.id.to_string(),
        };
        let mut entries = vec![by_organization(Self::BY_ORGANIZATION)];
        if self.status == EnvironmentStatus::DeletePending {
            entries.push(by_organization(Self::WAITING));
        }
        entries
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_NAME,
            format!("{}/{}", self.organization.id, fold(&self.name)),
        )]
    }
}

/// An environment that was deleted. Nobody reaches what is left of it; where it was too large to go at
/// once, it goes slice by slice. Requests that began before may write into it still, so it is looked
/// at once more when they have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentRemoval {
    /// The environment that is no more.
    pub environment: Ref<EnvId>,
    /// When it is looked at for the last time; not yet, while it goes slice by slice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Time>,
}

impl EnvironmentRemoval {
    /// Index: when something is to be done, in milliseconds of a fixed width.
    pub const BY_DUE: IndexName = "due";
}

impl Entity for EnvironmentRemoval {
    const KIND: Kind = kinds::ENVIRONMENT_REMOVAL;
    fn id(&self) -> String {
        self.environment.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let due = self.last_at.map_or(0, Time::millis);
        vec![IndexEntry {
            name: Self::BY_DUE,
            value: format!("{due:020}"),
        }]
    }
}

/// What an environment was made for: `billOfMaterials`. Stored in the environment; nothing here
/// depends on it, and clients read back what they wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillOfMaterials {
    /// `CUSTOMER`, `WORKFORCE` and so on; cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution_type: Option<String>,
    /// The services, in PingOne's words.
    #[serde(default)]
    pub products: Vec<Product>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// A service of a bill of materials. Members that are not here are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// Which one, in PingOne's words.
    #[serde(rename = "type")]
    pub type_: String,
    /// Where it is managed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<Console>,
    /// What else is said of it, in PingOne's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Deployment>,
    /// Pages about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bookmarks: Option<Vec<Bookmark>>,
}

/// Where a product is managed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Console {
    /// A page.
    pub href: String,
}

/// Where a product runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// A page about a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub href: String,
}

impl BillOfMaterials {
    /// Its id: there is one in an environment.
    pub const ID: &'static str = "billOfMaterials";
}

impl Entity for BillOfMaterials {
    const KIND: Kind = kinds::BILL_OF_MATERIALS;
    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}
