//! `/v1/environments/{e}/notificationsSettings` and what is below it: by whom and through whom an
//! environment sends.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::UserId;
use crate::notice::Mailbox;
use crate::reference::Ref;
use crate::store::Kind;
use crate::time::Time;
use crate::vault::Sealed;

/// Whom an environment writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryMode {
    /// Everybody.
    #[default]
    All,
}

/// Somebody who is always written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// Who.
    pub user: Ref<UserId>,
}

/// Settings of an environment's notifications: one document under the environment's id. `from` and
/// `replyTo` are acted on, the others are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsSettings {
    /// The environment's id.
    #[serde(default)]
    pub id: String,
    /// Whom it writes to.
    #[serde(default)]
    pub delivery_mode: DeliveryMode,
    /// From whom mails are, unless their content says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Who gets answers, unless the content says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// Providers of text messages in the order in which they are tried: ids, or `PINGONE_TWILIO`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sms_providers_fallback_chain: Vec<String>,
    /// Who is always written to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub whitelist: Vec<Allowed>,
    /// Deprecated; kept as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<Map<String, Value>>,
    /// When they last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Time>,
}

impl Entity for NotificationsSettings {
    const KIND: Kind = kinds::NOTIFICATIONS_SETTINGS;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// How mails leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EmailProtocol {
    /// To a mail server, TLS by STARTTLS.
    Smtp,
    /// To a mail server, TLS from the first byte.
    Smtps,
    /// To a web service.
    Http,
}

/// A mail server or web service of an environment's own: one document under the environment's id.
/// Mails leave through the server; a service is kept and not acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailDeliverySettings {
    /// The environment's id.
    #[serde(default)]
    pub id: String,
    /// How mails leave.
    pub protocol: EmailProtocol,
    /// The mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port; [`EmailDeliverySettings::PORT`] without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The name to sign on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// From whom mails are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Who gets answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// HTTP: what it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// HTTP: the kind of provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// HTTP: `method`, `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Map<String, Value>>,
    /// HTTP: what is asked of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Map<String, Value>>,
    /// The password or token. Never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// When they last changed.
    pub updated_at: Time,
}

impl EmailDeliverySettings {
    /// Source: `reference/mfa.md` 11.3.
    pub const PORT: u16 = 465;
}

impl Entity for EmailDeliverySettings {
    const KIND: Kind = kinds::EMAIL_DELIVERY_SETTINGS;
    fn id(&self) -> String {
        self.id.clone()
    }
}

/// Who sends text messages and calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PhoneProvider {
    /// Twilio.
    CustomTwilio,
    /// Syniverse.
    CustomSyniverse,
    /// A web service.
    CustomProvider,
}

/// A sender of text messages and calls. Kept, not acted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhoneDeliverySettings {
    /// Its id.
    pub id: Uuid,
    /// Who it is.
    pub provider: PhoneProvider,
    /// Twilio: the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// A web service: what it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A web service: `method`, `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Map<String, Value>>,
    /// A web service: what is asked of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<Map<String, Value>>,
    /// Numbers from which is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Map<String, Value>>,
    /// The password or token. Never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Entity for PhoneDeliverySettings {
    const KIND: Kind = kinds::PHONE_DELIVERY_SETTINGS;
    fn id(&self) -> String {
        self.id.to_string()
    }
}
