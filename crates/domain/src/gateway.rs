//! `/v1/environments/{e}/gateways` (`reference/platform.md` 4): ways to directories and servers in
//! somebody's own network. Kept, not acted on.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::{GatewayId, PopulationId};
use crate::reference::{Ref, fold, is_false};
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GatewayType {
    /// A directory.
    Ldap,
    /// PingFederate.
    PingFederate,
    /// PingIntelligence.
    PingIntelligence,
    /// An API gateway.
    ApiGatewayIntegration,
    /// RADIUS servers.
    Radius,
}

/// How connections to a directory are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionSecurity {
    /// Not at all.
    None,
    /// TLS from the first byte.
    #[serde(rename = "TLS")]
    Tls,
    /// TLS once asked for.
    #[serde(rename = "StartTLS")]
    StartTls,
}

/// Whose directory it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DirectoryVendor {
    /// `PingDirectory`
    PingDirectory,
    /// `Microsoft Active Directory`
    #[serde(rename = "Microsoft Active Directory")]
    ActiveDirectory,
    /// `Oracle Directory Server Enterprise Edition`
    #[serde(rename = "Oracle Directory Server Enterprise Edition")]
    OracleEnterprise,
    /// `Oracle Unified Directory`
    #[serde(rename = "Oracle Unified Directory")]
    OracleUnified,
    /// `CA Directory`
    #[serde(rename = "CA Directory")]
    Ca,
    /// `OpenDJ Directory Server`
    #[serde(rename = "OpenDJ Directory Server")]
    OpenDj,
    /// `IBM (Tivoli) Security Directory Server`
    #[serde(rename = "IBM (Tivoli) Security Directory Server")]
    Ibm,
    /// `LDAPv3-compliant Directory Server`
    #[serde(rename = "LDAPv3-compliant Directory Server")]
    Other,
}

/// A gateway. Which of the members it has depends on its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Its id.
    pub id: GatewayId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is at the other end.
    #[serde(rename = "type")]
    pub type_: GatewayType,
    /// Whether it is on.
    pub enabled: bool,

    /// LDAP: as whom to bind.
    #[serde(default, rename = "bindDN", skip_serializing_if = "Option::is_none")]
    pub bind_dn: Option<String>,
    /// LDAP: with which password. Never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind_password: Option<Sealed>,
    /// LDAP: how connections are protected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_security: Option<ConnectionSecurity>,
    /// LDAP: whether other servers are asked that a server refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_referrals: Option<bool>,
    /// LDAP: single sign-on of Windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kerberos: Option<Kerberos>,
    /// LDAP: the servers, as `host:port`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers_host_and_port: Vec<String>,
    /// LDAP: which people are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_types: Option<Vec<GatewayUserType>>,
    /// LDAP: whether certificates are looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_tls_certificates: Option<bool>,
    /// LDAP: whose directory it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<DirectoryVendor>,

    /// RADIUS: which flow of DaVinci signs on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub davinci: Option<Davinci>,
    /// RADIUS: the secret of clients that have none of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_shared_secret: Option<Sealed>,
    /// RADIUS: who judges MS-CHAP v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_policy_server: Option<NetworkPolicyServer>,
    /// RADIUS: who may ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub radius_clients: Vec<RadiusClient>,

    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// The account by which tickets of Kerberos are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kerberos {
    /// Its principal.
    pub service_account_user_principal_name: String,
    /// Its password. Never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_password: Option<Sealed>,
    /// How long former ones are good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes_to_retain_previous_credentials: Option<i32>,
}

/// Who knows the password of people of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PasswordAuthority {
    /// This server, after the first sign-on.
    PingOne,
    /// The directory.
    Ldap,
}

/// Which people of a directory there are, and how they are found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayUserType {
    /// Its id.
    pub id: Uuid,
    /// Its name, unique in the gateway.
    pub name: String,
    /// Below which entry they are.
    pub search_base_dn: String,
    /// Who knows their passwords.
    pub password_authority: PasswordAuthority,
    /// By which attributes they are told apart, the best first.
    pub ordered_correlation_attributes: Vec<String>,
    /// Whether they can change their passwords there.
    #[serde(default)]
    pub allow_password_changes: bool,
    /// Whether a sign-on brings attributes along.
    #[serde(default)]
    pub update_user_on_successful_authentication: bool,
    /// How somebody unknown is looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_user_lookup: Option<NewUserLookup>,
}

/// How somebody unknown is looked up in a directory, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewUserLookup {
    /// The filter, with `${identifier}` in it.
    pub ldap_filter_pattern: String,
    /// Where users are made.
    pub population: Ref<PopulationId>,
    /// What is copied.
    pub attribute_mappings: Vec<DirectoryMapping>,
}

/// What attribute of a user comes from the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectoryMapping {
    /// The attribute of the user.
    pub name: String,
    /// Where it comes from, such as `${ldapAttributes.mail}`.
    pub value: String,
}

/// Which flow of DaVinci signs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Davinci {
    /// The policy.
    pub policy: DavinciPolicy,
}

/// A policy of DaVinci. Its ids are none of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DavinciPolicy {
    /// Its id.
    pub id: String,
}

/// A server that judges MS-CHAP v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPolicyServer {
    /// Its address.
    pub ip: IpAddr,
    /// Its port.
    pub port: u16,
}

/// Who may ask by RADIUS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RadiusClient {
    /// From where.
    pub ip: IpAddr,
    /// With which secret; without one the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_secret: Option<Sealed>,
    /// What is done about forged answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blast_radius_mitigation: Option<BlastRadiusMitigation>,
}

/// What is done about forged answers (CVE-2024-3596).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlastRadiusMitigation {
    /// Whether requests need a `Message-Authenticator`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_msg_auth: bool,
    /// Whether requests without one must not have a `Proxy-State`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub limit_proxy_state: bool,
}

impl Gateway {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for Gateway {
    const KIND: Kind = kinds::GATEWAY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}

/// With what one instance of a gateway proves itself. The credential itself is told once and kept
/// nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayCredential {
    /// Its id: `jti` of the credential.
    pub id: Uuid,
    /// Whose it is.
    pub gateway: Ref<GatewayId>,
    /// When it was made.
    pub created_at: Time,
}

impl GatewayCredential {
    /// Index: credentials of a gateway, by its id.
    pub const BY_GATEWAY: IndexName = "gateway";
}

impl Entity for GatewayCredential {
    const KIND: Kind = kinds::GATEWAY_CREDENTIAL;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_GATEWAY,
            value: self.gateway.id.to_string(),
        }]
    }
}
