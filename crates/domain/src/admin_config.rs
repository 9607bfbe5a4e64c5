//! `/v1/environments/{e}/adminConfig` (`reference/platform.md` 4): how administrators sign on to
//! PingOne's console. Stored: there is no such console here.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::IdentityProviderId;
use crate::reference::Ref;
use crate::store::Kind;
use crate::time::Time;

/// With what administrators sign on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdminAuthenticationMethod {
    /// A password and a second factor here.
    Pingone,
    /// An identity provider.
    External,
    /// Either.
    Hybrid,
}

/// Whether a second factor is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdminMfaStatus {
    /// Always: there is no other value.
    Enforce,
}

/// Second factors of administrators, each as the text `{"enabled":true}` or `{"enabled":false}`.
///
/// Source: Ping's Go SDK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct AllowedMethods {
    /// Codes by mail.
    pub email: String,
    /// FIDO2.
    pub fido2: String,
    /// Codes of an application.
    pub totp: String,
}

/// What a method's text is when it is on.
const ON: &str = r#"{"enabled":true}"#;
/// What it is when it is off.
const OFF: &str = r#"{"enabled":false}"#;

impl Default for AllowedMethods {
    fn default() -> Self {
        let [email, fido2, totp] = [ON; 3].map(str::to_owned);
        Self { email, fido2, totp }
    }
}

impl AllowedMethods {
    /// The names of those whose text is none of the two.
    pub fn misspelt(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("allowedMethods.EMAIL", &self.email),
            ("allowedMethods.FIDO2", &self.fido2),
            ("allowedMethods.TOTP", &self.totp),
        ];
        let wrong = all
            .into_iter()
            .filter(|(_, text)| ![ON, OFF].contains(&text.as_str()));
        wrong.map(|(name, _)| name)
    }
}

/// How administrators sign on. One for each environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdminConfig {
    /// With what.
    pub authentication_method: AdminAuthenticationMethod,
    /// Which second factors.
    #[serde(default)]
    pub allowed_methods: AllowedMethods,
    /// Whether they are asked for.
    pub mfa_status: AdminMfaStatus,
    /// The identity provider, where one is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Ref<IdentityProviderId>>,
    /// Whether forgotten passwords can be recovered.
    pub recovery: bool,
    /// When it was first set.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl AdminConfig {
    /// The id of the one document.
    pub const ID: &'static str = "adminConfig";

    /// What holds until somebody sets something else.
    ///
    /// Source: what Ping's Terraform provider resets it to.
    pub fn fresh(at: Time) -> Self {
        Self {
            authentication_method: AdminAuthenticationMethod::Pingone,
            allowed_methods: AllowedMethods::default(),
            mfa_status: AdminMfaStatus::Enforce,
            provider: None,
            recovery: true,
            created_at: at,
            updated_at: at,
        }
    }
}

impl Entity for AdminConfig {
    const KIND: Kind = kinds::ADMIN_CONFIG;
    fn id(&self) -> String {
        Self::ID.to_owned()
    }
}
