//! Typed ids. On the wire every one is a lower-case hyphenated UUID; in the code none can be
//! mistaken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::Entropy;

/// The text given is not a UUID in the hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAnId;

/// Makes a random (version 4) UUID from the entropy port.
pub fn random_uuid(entropy: &dyn Entropy) -> Uuid {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Makes a UUID that sorts by the time it was made (version 7), random otherwise: who writes very
/// many documents writes them at the end of every index, and not all over it.
pub fn ordered_uuid(now: crate::time::Time, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// A UUID that follows from where a thing is, what it is and what it is called, so that making the
/// same thing again, here or on another machine, makes the same id. Version 8, from SHA-256. Ids
/// are no secrets: whoever knows the name can work out the id.
pub fn derived_uuid(env: EnvId, kind: crate::store::Kind, name: &str) -> Uuid {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(b"countersign id 1\0");
    context.update(env.uuid().as_bytes());
    context.update(&kind.number.to_be_bytes());
    context.update(name.as_bytes());
    let digest = context.finish();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Only the hyphenated form counts, so that one id has one spelling and no second key.
fn parse_hyphenated(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != 36 {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name this kind of thing.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// A new random id.
            pub fn random(entropy: &dyn Entropy) -> Self {
                Self(random_uuid(entropy))
            }

            /// The bare UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_hyphenated(text).map(Self)
            }
        }
    )*};
}

typed_ids! {
    /// An environment: the tenant. The first path segment of every URL, part of every key.
    EnvId;
    /// An organization, the owner of environments.
    OrganizationId;
    /// A licence of an organization.
    LicenseId;
    /// A population of users.
    PopulationId;
    /// A user.
    UserId;
    /// An application; also its OAuth client id.
    ApplicationId;
    /// A resource (an API that access tokens are for).
    ResourceId;
    /// A scope of a resource.
    ScopeId;
    /// An attribute (claim mapping) of a resource or application.
    AttributeId;
    /// A grant: the scopes of one resource that one application may ask for.
    GrantId;
    /// A sign-on policy.
    SignOnPolicyId;
    /// An action of a sign-on policy.
    ActionId;
    /// The assignment of a sign-on policy to an application.
    AssignmentId;
    /// A password policy.
    PasswordPolicyId;
    /// A key (and its certificate). Its text is the `kid` of tokens and JWKS entries.
    KeyId;
    /// A key rotation policy.
    KeyRotationPolicyId;
    /// A role.
    RoleId;
    /// The assignment of a role to an application, user or group.
    RoleAssignmentId;
    /// A group of users.
    GroupId;
    /// An agreement that people consent to.
    AgreementId;
    /// An agreement in one language.
    AgreementLanguageId;
    /// A revision of an agreement's text in one language.
    AgreementRevisionId;
    /// A theme of the pages.
    ThemeId;
    /// A picture.
    ImageId;
    /// A language of an environment.
    LanguageId;
    /// A custom domain.
    CustomDomainId;
    /// A device of a user.
    DeviceId;
    /// A flow: one run of the sign-on machine.
    FlowId;
    /// A session of a user in one browser; the `sid` claim.
    SessionId;
    /// One token (`jti`) or one family of tokens.
    TokenId;
    /// The record of a user's consent to scopes of an application.
    OauthConsentId;
    /// A notice: a mail on its way.
    NoticeId;
    /// The words of a notification in one language.
    ContentId;
    /// Another provider of identities.
    IdentityProviderId;
    /// An attribute mapping of an identity provider.
    ProviderAttributeId;
    /// A user's account at an identity provider.
    LinkedAccountId;
    /// A gateway to directories and servers elsewhere.
    GatewayId;
    /// A webhook.
    SubscriptionId;
    /// Correlates an answer with its log lines.
    CorrelationId;
}

impl EnvId {
    /// Home of what belongs to no environment: organizations, licences, the list of environments.
    pub const PLATFORM: Self = Self(Uuid::nil());
}
