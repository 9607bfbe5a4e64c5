//! Entities: typed nouns that are stored as documents.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::EnvId;
use crate::ports::Store;
use crate::store::{
    Batch, Doc, Fault, IndexEntry, IndexName, Key, Kind, Postcondition, Precondition, Reading,
    Unique,
};
use crate::time::Time;

/// A noun that is stored. Declares how it is filed; knows nothing of adapters.
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its kind, from [`kinds`].
    const KIND: Kind;
    /// Layout of the body. Raise it when an old body no longer parses, and upgrade in
    /// [`Entity::from_doc`].
    const SCHEMA: u16 = 1;
    /// Whether it is read again and again right after it was written.
    const IS_READ_SOON: bool = false;

    /// Its id within kind and environment.
    fn id(&self) -> String;

    /// Entries by which it can be listed.
    fn indexes(&self) -> Vec<IndexEntry> {
        Vec::new()
    }

    /// Values that no other of its kind in the environment may have, as (rule, value).
    fn uniques(&self) -> Vec<(IndexName, String)> {
        Vec::new()
    }

    /// Documents that it cannot be without. It is only created, and only made to point at them, while
    /// they are there; whoever removes one of them sees to it that nothing is left that rests on it
    /// (`docs/decisions/0044-what-rests-on-what.md`).
    fn rests_on(&self, _env: EnvId) -> Vec<Key> {
        Vec::new()
    }

    /// When it ceases to exist by itself.
    fn expires_at(&self) -> Option<Time> {
        None
    }

    /// Its key in an environment.
    fn key(&self, env: EnvId) -> Key {
        Key::new(Self::KIND, env, self.id())
    }

    /// As a document to put.
    fn to_doc(&self, env: EnvId) -> Result<Doc, Fault> {
        let key = self.key(env);
        let body = serde_json::to_string(self).map_err(|error| Fault::Corrupt {
            key: key.clone(),
            reason: error.to_string(),
        })?;
        let mut reading = Reading::default();
        if Self::IS_READ_SOON {
            reading = Reading::shared();
            reading.leave(self);
        }
        Ok(Doc {
            key,
            version: 0,
            schema: Self::SCHEMA,
            expires_at: self.expires_at(),
            body,
            indexes: self.indexes(),
            uniques: self.uniques(),
            reading,
        })
    }

    /// From a document that was read.
    fn from_doc(doc: &Doc) -> Result<Self, Fault> {
        if let Some(read) = doc.reading.get::<Self>() {
            return Ok(read.clone());
        }
        let read = serde_json::from_str(&doc.body).map_err(|error| Fault::Corrupt {
            key: doc.key.clone(),
            // serde_json's text may quote a value; line and column are enough to find it.
            reason: format!(
                "{:?} at {}:{}",
                error.classify(),
                error.line(),
                error.column()
            ),
        })?;
        doc.reading.leave(&read);
        Ok(read)
    }
}

/// An entity as it was read, with the version that a write must build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<E> {
    /// The entity.
    pub value: E,
    /// Its version in the store.
    pub version: u64,
}

impl<E> std::ops::Deref for Stored<E> {
    type Target = E;
    fn deref(&self) -> &E {
        &self.value
    }
}

/// Reads the live entity under an id.
pub async fn load<E: Entity>(
    store: &dyn Store,
    env: EnvId,
    id: impl Into<String>,
    now: Time,
) -> Result<Option<Stored<E>>, Fault> {
    read(store.get(&Key::new(E::KIND, env, id), now).await?)
}

/// Reads the live entity that holds a unique value.
pub async fn load_by<E: Entity>(
    store: &dyn Store,
    env: EnvId,
    rule: IndexName,
    value: impl Into<String>,
    now: Time,
) -> Result<Option<Stored<E>>, Fault> {
    read(
        store
            .get_by(&Unique::new(E::KIND, env, rule, value), now)
            .await?,
    )
}

/// The entity of a document that was read.
pub fn read<E: Entity>(doc: Option<Doc>) -> Result<Option<Stored<E>>, Fault> {
    doc.map(|doc| {
        Ok(Stored {
            value: E::from_doc(&doc)?,
            version: doc.version,
        })
    })
    .transpose()
}

impl Batch {
    /// Adds a new entity: its key must be free, and what it rests on must be there.
    pub fn create<E: Entity>(self, env: EnvId, entity: &E) -> Result<Self, Fault> {
        let batch = self
            .require(Precondition::Absent(entity.key(env)))
            .put(entity.to_doc(env)?);
        Ok(batch.resting_on(entity.rests_on(env)))
    }

    /// Adds that these are there.
    #[must_use]
    pub fn resting_on(self, keys: impl IntoIterator<Item = Key>) -> Self {
        let present = keys.into_iter().map(Postcondition::Present);
        present.fold(self, Self::ensure)
    }

    /// Adds a change of an entity that was read at `version`.
    pub fn update<E: Entity>(self, env: EnvId, entity: &E, version: u64) -> Result<Self, Fault> {
        Ok(self
            .require(Precondition::Version(entity.key(env), version))
            .put(entity.to_doc(env)?))
    }
}

/// Every kind of document there is. Numbers are stored: add at the end, never reuse one.
pub mod kinds {
    use crate::store::Kind;

    macro_rules! kinds {
        ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
            $($(#[$doc])* pub const $name: Kind = Kind { number: $number, name: stringify!($name) };)*
            /// All of them, in the order of their numbers.
            pub const ALL: &[Kind] = &[$($name),*];
        };
    }

    kinds! {
        /// [`crate::organization::Organization`]
        ORGANIZATION = 1;
        /// [`crate::organization::License`]
        LICENSE = 2;
        /// [`crate::environment::Environment`]
        ENVIRONMENT = 3;
        /// [`crate::population::Population`]
        POPULATION = 4;
        /// [`crate::user::User`]
        USER = 5;
        /// [`crate::user::Credential`]
        CREDENTIAL = 6;
        /// [`crate::user::Account`]
        ACCOUNT = 7;
        /// [`crate::application::Application`]
        APPLICATION = 8;
        /// [`crate::application::ApplicationSecret`]
        APPLICATION_SECRET = 9;
        /// [`crate::application::Grant`]
        GRANT = 10;
        /// [`crate::application::ApplicationAttribute`]
        APPLICATION_ATTRIBUTE = 11;
        /// [`crate::application::SignOnPolicyAssignment`]
        SIGN_ON_POLICY_ASSIGNMENT = 12;
        /// [`crate::resource::Resource`]
        RESOURCE = 13;
        /// [`crate::resource::Scope`]
        SCOPE = 14;
        /// [`crate::resource::ResourceAttribute`]
        RESOURCE_ATTRIBUTE = 15;
        /// [`crate::policy::sign_on::SignOnPolicy`]
        SIGN_ON_POLICY = 16;
        /// [`crate::policy::sign_on::SignOnAction`]
        SIGN_ON_ACTION = 17;
        /// [`crate::password::policy::PasswordPolicy`]
        PASSWORD_POLICY = 18;
        /// [`crate::key::SigningKey`]
        KEY = 19;
        /// [`crate::key::KeyRotationPolicy`]
        KEY_ROTATION_POLICY = 20;
        /// [`crate::role::RoleAssignment`]
        ROLE_ASSIGNMENT = 21;
        /// [`crate::session::Session`]
        SESSION = 22;
        /// A flow (protocol).
        FLOW = 23;
        /// An authorization code (protocol).
        AUTHORIZATION_CODE = 24;
        /// A token revoked before its time (protocol).
        REVOKED_TOKEN = 25;
        /// A role, built in or custom.
        ROLE = 26;
        /// A resource secret.
        RESOURCE_SECRET = 27;
        /// What the right master key opens: tells a wrong one at start (server).
        MASTER_KEY_CHECK = 28;
        /// A write that `countersign doctor` tries and takes back (server).
        PROBE = 29;
        /// A family of refresh tokens (protocol).
        REFRESH_FAMILY = 30;
        /// A pushed authorization request (protocol).
        PUSHED_REQUEST = 31;
        /// [`crate::notice::Notice`]
        NOTICE = 32;
        /// [`crate::notification::NotificationContent`]
        NOTIFICATION_CONTENT = 33;
        /// [`crate::user::UserCode`]
        USER_CODE = 34;
        /// [`crate::agreement::Agreement`]
        AGREEMENT = 35;
        /// [`crate::agreement::AgreementLanguage`]
        AGREEMENT_LANGUAGE = 36;
        /// [`crate::agreement::AgreementRevision`]
        AGREEMENT_REVISION = 37;
        /// [`crate::agreement::AgreementConsent`]
        AGREEMENT_CONSENT = 38;
        /// [`crate::identity_provider::IdentityProvider`]
        IDENTITY_PROVIDER = 40;
        /// [`crate::identity_provider::IdentityProviderSecret`]
        IDENTITY_PROVIDER_SECRET = 41;
        /// [`crate::identity_provider::IdentityProviderAttribute`]
        IDENTITY_PROVIDER_ATTRIBUTE = 42;
        /// [`crate::identity_provider::LinkedAccount`]
        LINKED_ACCOUNT = 43;
        /// [`crate::language::Language`]
        LANGUAGE = 45;
        /// [`crate::branding::Theme`]
        THEME = 46;
        /// [`crate::branding::BrandingSettings`]
        BRANDING_SETTINGS = 47;
        /// [`crate::branding::Image`]
        IMAGE = 48;
        /// A client assertion that was used (protocol).
        USED_ASSERTION = 50;
        /// [`crate::consent::OauthConsent`]
        OAUTH_CONSENT = 52;
        /// A device that waits for a sign-on (protocol).
        DEVICE_AUTHORIZATION = 53;
        /// When a waiting device asked last (protocol).
        DEVICE_POLL = 54;
        /// Wrong user codes that a user typed (protocol).
        DEVICE_GUESSES = 55;
        /// [`crate::subscription::Subscription`]
        SUBSCRIPTION = 56;
        /// Events on their way to a webhook (protocol).
        DELIVERY = 57;
        /// Why a request was refused (protocol).
        EXPLANATION = 58;
        /// What is known of a webhook's receiver (protocol).
        RECEIVER = 59;
        /// [`crate::group::Group`]
        GROUP = 60;
        /// [`crate::group::GroupMembership`]
        GROUP_MEMBERSHIP = 61;
        /// [`crate::group::GroupNesting`]
        GROUP_NESTING = 62;
        /// [`crate::environment::BillOfMaterials`]
        BILL_OF_MATERIALS = 63;
        /// An attribute of users.
        SCHEMA_ATTRIBUTE = 64;
        /// Settings of second factors.
        MFA_SETTINGS = 65;
        /// A policy of second factors.
        DEVICE_AUTHENTICATION_POLICY = 66;
        /// A policy of FIDO2 devices.
        FIDO2_POLICY = 67;
        /// [`crate::device::Device`]
        DEVICE = 68;
        /// [`crate::key::Certificate`]
        CERTIFICATE = 80;
        /// [`crate::notification::policy::NotificationsPolicy`]
        NOTIFICATIONS_POLICY = 81;
        /// [`crate::notification::settings::NotificationsSettings`]
        NOTIFICATIONS_SETTINGS = 82;
        /// [`crate::notification::settings::EmailDeliverySettings`]
        EMAIL_DELIVERY_SETTINGS = 83;
        /// [`crate::notification::settings::PhoneDeliverySettings`]
        PHONE_DELIVERY_SETTINGS = 84;
        /// [`crate::trusted_email::EmailDomain`]
        EMAIL_DOMAIN = 85;
        /// [`crate::trusted_email::TrustedEmail`]
        TRUSTED_EMAIL = 86;
        /// [`crate::translation::Translations`]
        TRANSLATIONS = 87;
        /// [`crate::custom_domain::CustomDomain`]
        CUSTOM_DOMAIN = 90;
        /// [`crate::custom_domain::CustomDomainCertificate`]
        CUSTOM_DOMAIN_CERTIFICATE = 91;
        /// [`crate::custom_domain::DomainClaim`]
        DOMAIN_CLAIM = 92;
        /// [`crate::admin_config::AdminConfig`]
        ADMIN_CONFIG = 93;
        /// [`crate::environment::EnvironmentRemoval`]
        ENVIRONMENT_REMOVAL = 100;
        /// [`crate::schema::StandardAttribute`]
        STANDARD_ATTRIBUTE = 115;
        /// [`crate::application::push_credential::PushCredential`]
        PUSH_CREDENTIAL = 116;
        /// [`crate::gateway::Gateway`]
        GATEWAY = 120;
        /// [`crate::gateway::GatewayCredential`]
        GATEWAY_CREDENTIAL = 121;
        /// [`crate::schema::AttributeRemoval`]
        ATTRIBUTE_REMOVAL = 125;
        /// [`crate::group::GroupRemoval`]
        GROUP_REMOVAL = 128;
    }
}

#[cfg(test)]
mod tests {
    use super::kinds;

    #[test]
    fn no_two_kinds_share_a_number() {
        let numbers: Vec<u16> = kinds::ALL.iter().map(|kind| kind.number).collect();
        let mut unique = numbers.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(numbers, unique);
    }
}
