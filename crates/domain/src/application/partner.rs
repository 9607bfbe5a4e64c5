//! What applications have that speak SAML or WS-Federation. This server speaks neither; it keeps
//! their configuration, so that environments can be moved with all that is in them.
//!
//! In PingOne's JSON these members stand beside `name`. Here they are one member, `saml` or `wsFed`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ids::{GatewayId, KeyId};
use crate::reference::Ref;

/// A SAML service provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Saml {
    /// Where assertions go.
    pub acs_urls: Vec<String>,
    /// Life of an assertion in seconds.
    pub assertion_duration: u32,
    /// Whether assertions are signed.
    #[serde(default = "crate::reference::yes")]
    pub assertion_signed: bool,
    /// Where people go who come without a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_target_url: Option<String>,
    /// Whether the policy may be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_requested_authn_context: Option<bool>,
    /// Whether signed requests may name any address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_always_accept_acs_url_in_signed_authn_request: Option<bool>,
    /// What signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idp_signing: Option<PartnerSigning>,
    /// Format of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_id_format: Option<String>,
    /// Whether responses are signed.
    #[serde(default)]
    pub response_signed: bool,
    /// Life of the session there, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_not_on_or_after_duration: Option<u32>,
    /// How single logout travels.
    #[serde(default)]
    pub slo_binding: SloBinding,
    /// Where single logout goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_endpoint: Option<String>,
    /// Where its answer goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_response_endpoint: Option<String>,
    /// Hours during which it is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_window: Option<u32>,
    /// What encrypts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_encryption: Option<SpEncryption>,
    /// Its name.
    pub sp_entity_id: String,
    /// What its requests are verified with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sp_verification: Option<SpVerification>,
    /// Other names of ours that it knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_server_id_settings: Option<VirtualServerIds>,
}

/// `sloBinding`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SloBinding {
    /// In the query.
    HttpRedirect,
    /// In a form.
    #[default]
    HttpPost,
}

/// `idpSigning`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerSigning {
    /// The key.
    pub key: Ref<KeyId>,
    /// How it signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
}

/// `spEncryption`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpEncryption {
    /// How.
    pub algorithm: SpEncryptionAlgorithm,
    /// For whom.
    pub certificate: Ref<Uuid>,
}

/// `spEncryption.algorithm`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpEncryptionAlgorithm {
    /// AES with 128 bits.
    #[serde(rename = "AES_128")]
    Aes128,
    /// AES with 256 bits.
    #[serde(rename = "AES_256")]
    Aes256,
    /// Triple DES.
    #[serde(rename = "TRIPLEDES")]
    TripleDes,
}

/// `spVerification`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpVerification {
    /// Whether its requests must be signed.
    #[serde(default)]
    pub authn_request_signed: bool,
    /// With one of these.
    pub certificates: Vec<Ref<Uuid>>,
}

/// `virtualServerIdSettings`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualServerIds {
    /// Whether they count.
    #[serde(default)]
    pub enabled: bool,
    /// The names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub virtual_server_ids: Vec<VirtualServerId>,
}

/// `virtualServerIdSettings.virtualServerIds[]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualServerId {
    /// The name.
    pub vs_id: String,
    /// Whether it is used when none is asked for.
    #[serde(default)]
    pub default: bool,
}

/// A WS-Federation relying party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WsFed {
    /// Life of an assertion in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assertion_duration: Option<u32>,
    /// For whom assertions are.
    #[serde(default = "microsoft")]
    pub audience_restriction: String,
    /// Its domain.
    pub domain_name: String,
    /// What signs.
    pub idp_signing: PartnerSigning,
    /// By which directories Windows signs people on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kerberos: Option<WsFedKerberos>,
    /// Where assertions go.
    pub reply_url: String,
    /// Where single logout goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo_endpoint: Option<String>,
    /// Format of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_name_identifier_format: Option<String>,
}

/// `kerberos`
///
/// Source: Ping's Terraform provider, `wsfed_options.kerberos`.
/// Decision: nothing looks whether the gateways are there; nobody signs on through them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WsFedKerberos {
    /// The gateways.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<KerberosGateway>,
}

/// `kerberos.gateways[]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KerberosGateway {
    /// The gateway.
    pub id: GatewayId,
    /// Its type.
    #[serde(rename = "type")]
    pub type_: KerberosGatewayType,
    /// Which of the people there.
    pub user_type: KerberosUserType,
}

/// `kerberos.gateways[].type`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KerberosGatewayType {
    /// A directory.
    Ldap,
}

/// `kerberos.gateways[].userType`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KerberosUserType {
    /// One of the gateway's `userTypes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
}

fn microsoft() -> String {
    "urn:federation:MicrosoftOnline".to_owned()
}
