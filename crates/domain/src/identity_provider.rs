//! `/v1/environments/{e}/identityProviders`, their attribute mappings, and the accounts that people
//! have there (`reference/platform.md` tier 2; `flows.md` 6.21).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::branding::ImageRef;
use crate::entity::{Entity, kinds};
use crate::ids::{
    EnvId, IdentityProviderId, LinkedAccountId, PopulationId, ProviderAttributeId, UserId,
};
use crate::reference::{Ref, fold};
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// `type` of an identity provider. [`ProviderType::OpenidConnect`] is acted on, the others are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProviderType {
    /// Any OpenID provider.
    OpenidConnect,
    /// Any SAML 2.0 identity provider.
    Saml,
    /// Facebook.
    Facebook,
    /// Google.
    Google,
    /// LinkedIn, the API of old.
    Linkedin,
    /// LinkedIn by OpenID Connect.
    LinkedinOidc,
    /// Apple.
    Apple,
    /// Twitter.
    Twitter,
    /// Amazon.
    Amazon,
    /// Yahoo.
    Yahoo,
    /// Microsoft.
    Microsoft,
    /// PayPal.
    Paypal,
    /// GitHub.
    Github,
}

impl ProviderType {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenidConnect => "OPENID_CONNECT",
            Self::Saml => "SAML",
            Self::Facebook => "FACEBOOK",
            Self::Google => "GOOGLE",
            Self::Linkedin => "LINKEDIN",
            Self::LinkedinOidc => "LINKEDIN_OIDC",
            Self::Apple => "APPLE",
            Self::Twitter => "TWITTER",
            Self::Amazon => "AMAZON",
            Self::Yahoo => "YAHOO",
            Self::Microsoft => "MICROSOFT",
            Self::Paypal => "PAYPAL",
            Self::Github => "GITHUB",
        }
    }
}

/// How we authenticate at a provider's token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProviderAuthMethod {
    /// `Authorization: Basic`.
    #[default]
    ClientSecretBasic,
    /// In the body.
    ClientSecretPost,
    /// Not at all.
    None,
}

/// `pkceMethod`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PkceMethod {
    /// Without.
    None,
    /// With SHA-256.
    S256,
}

/// `registration` of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProviderRegistration {
    /// Where people go whom the provider knows and we do not: it has the say over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<Ref<PopulationId>>,
}

/// Another provider of identities. Its secret is a document of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    /// Its id.
    pub id: IdentityProviderId,
    /// Its name, unique in the environment; on the button that leads there.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is used.
    #[serde(default)]
    pub enabled: bool,
    /// What it speaks.
    #[serde(rename = "type")]
    pub type_: ProviderType,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<ImageRef>,
    /// The picture on the button.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_button_icon: Option<ImageRef>,
    /// Whether it has the say over the people it brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<ProviderRegistration>,

    /// Our id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// OPENID_CONNECT: its issuer, as in its ID tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// OPENID_CONNECT: where people are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// OPENID_CONNECT: where codes are redeemed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// OPENID_CONNECT: how we authenticate there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<ProviderAuthMethod>,
    /// OPENID_CONNECT: the keys of its ID tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_endpoint: Option<String>,
    /// OPENID_CONNECT: more about people, if asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_info_endpoint: Option<String>,
    /// OPENID_CONNECT: its metadata; the endpoints above count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_endpoint: Option<String>,
    /// OPENID_CONNECT: what is asked for, besides `openid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// OPENID_CONNECT: whether with PKCE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pkce_method: Option<PkceMethod>,

    /// FACEBOOK: our id there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// APPLE
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// APPLE
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// PAYPAL
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_environment: Option<String>,
    /// MICROSOFT
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authn_request_signed: Option<bool>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_entity_id: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_verification: Option<Map<String, Value>>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_entity_id: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_signing: Option<Map<String, Value>>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_decryption: Option<Map<String, Value>>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_binding: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sso_endpoint: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_binding: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_endpoint: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_response_endpoint: Option<String>,
    /// SAML
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_window: Option<u32>,

    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl IdentityProvider {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// Whether people can be sent there now.
    pub fn is_usable(&self) -> bool {
        self.enabled && self.type_ == ProviderType::OpenidConnect
    }

    /// Where the people go over whom it has the say; none, if it has no say.
    pub fn authoritative_population(&self) -> Option<PopulationId> {
        let registration = self.registration.as_ref()?;
        registration.population.map(|population| population.id)
    }
}

impl Entity for IdentityProvider {
    const KIND: Kind = kinds::IDENTITY_PROVIDER;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}

/// The secret that we have at a provider (`clientSecret`; `appSecret`, `clientSecretSigningKey`),
/// stored under the provider's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderSecret {
    /// The provider.
    pub identity_provider: Ref<IdentityProviderId>,
    /// The secret, sealed for this document.
    pub secret: Sealed,
}

impl Entity for IdentityProviderSecret {
    const KIND: Kind = kinds::IDENTITY_PROVIDER_SECRET;
    fn id(&self) -> String {
        self.identity_provider.id.to_string()
    }
}

/// When a mapped attribute is written to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeUpdate {
    /// When the user has no value.
    #[default]
    EmptyOnly,
    /// At every sign-on.
    Always,
}

/// Whether a mapping can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProviderMappingType {
    /// `username`: can be changed, not removed.
    Core,
    /// Made by an administrator.
    #[default]
    Custom,
}

/// Which attribute of a user a provider's attribute becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProviderAttribute {
    /// Its id.
    pub id: ProviderAttributeId,
    /// Of which provider.
    pub identity_provider: Ref<IdentityProviderId>,
    /// The attribute of ours, dotted for a part of one; unique in the provider.
    pub name: String,
    /// A constant, or `${providerAttributes.<name>}`.
    pub value: String,
    /// When it is written.
    #[serde(default)]
    pub update: AttributeUpdate,
    /// Whether it can be removed.
    #[serde(default)]
    pub mapping_type: ProviderMappingType,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl IdentityProviderAttribute {
    /// Index: mappings of a provider, by its id.
    pub const BY_PROVIDER: IndexName = "provider";
    /// Unique: provider id, `/`, name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for IdentityProviderAttribute {
    const KIND: Kind = kinds::IDENTITY_PROVIDER_ATTRIBUTE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_PROVIDER,
            value: self.identity_provider.id.to_string(),
        }]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(
            Self::UNIQUE_NAME,
            format!("{}/{}", self.identity_provider.id, self.name),
        )]
    }
}

/// An account of a user at a provider: whoever signs on there with it is that user here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkedAccount {
    /// Its id.
    pub id: LinkedAccountId,
    /// Whose it is here.
    pub user: Ref<UserId>,
    /// The provider.
    pub identity_provider: Ref<IdentityProviderId>,
    /// Who it is there: `sub`.
    pub external_id: String,
    /// When it was linked.
    pub created_at: Time,
}

impl LinkedAccount {
    /// Index: accounts of a user, by their id.
    pub const BY_USER: IndexName = "user";
    /// Index: accounts at a provider, by its id.
    pub const BY_PROVIDER: IndexName = "provider";
    /// Unique: provider id, `/`, external id. One account elsewhere is one user here.
    pub const UNIQUE_EXTERNAL: IndexName = "external";

    /// The value of [`LinkedAccount::UNIQUE_EXTERNAL`]. Case counts (OIDC Core 2, `sub`).
    pub fn external_value(provider: IdentityProviderId, external_id: &str) -> String {
        format!("{provider}/{external_id}")
    }
}

impl Entity for LinkedAccount {
    const KIND: Kind = kinds::LINKED_ACCOUNT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let entry = |name, value| IndexEntry { name, value };
        vec![
            entry(Self::BY_USER, self.user.id.to_string()),
            entry(Self::BY_PROVIDER, self.identity_provider.id.to_string()),
        ]
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![Key::new(kinds::USER, env, self.user.id.to_string())]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let value = Self::external_value(self.identity_provider.id, &self.external_id);
        vec![(Self::UNIQUE_EXTERNAL, value)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: &str = r#""createdAt":"1970-01-01T00:00:00.000Z",
        "updatedAt":"1970-01-01T00:00:00.000Z""#;

    #[test]
    fn a_provider_reads_what_it_wrote() {
        for own in [
            r#""type":"OPENID_CONNECT","issuer":"https://op.example","scopes":["email"]"#,
            r#""type":"FACEBOOK","appId":"1""#,
        ] {
            let json = format!(
                r#"{{"id":"00000000-0000-0000-0000-000000000001","name":"Ours",{own},{TIMES}}}"#
            );
            let provider: IdentityProvider = serde_json::from_str(&json).unwrap();
            let again = serde_json::to_string(&provider).unwrap();
            assert_eq!(
                serde_json::from_str::<IdentityProvider>(&again).unwrap(),
                provider
            );
            assert!(!provider.is_usable(), "it is not enabled");
        }
    }

    #[test]
    fn case_tells_external_ids_apart() {
        let provider = IdentityProviderId::from_uuid(uuid::Uuid::nil());
        assert_ne!(
            LinkedAccount::external_value(provider, "a"),
            LinkedAccount::external_value(provider, "A")
        );
    }
}
