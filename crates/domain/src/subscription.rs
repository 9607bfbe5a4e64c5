//! Webhooks: `/v1/environments/{e}/subscriptions`. Audit events go to whoever subscribed to them.
//!
//! Source: PingOne's pages on subscriptions (webhooks) and its Go SDK's `Subscription`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{ApplicationId, KeyId, PopulationId, SubscriptionId};
use crate::reference::{Ref, fold};
use crate::store::{IndexName, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// Most subscriptions of an environment.
pub const MAX_SUBSCRIPTIONS: usize = 50;

/// What a delivery looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SubscriptionFormat {
    /// A JSON array of events as `/activities` shows them.
    #[serde(rename = "ACTIVITY")]
    Activity,
    /// For Splunk's HTTP event collector.
    #[serde(rename = "SPLUNK")]
    Splunk,
    /// For New Relic's log API.
    #[serde(rename = "NEWRELIC")]
    NewRelic,
}

/// How deliveries travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SubscriptionProtocol {
    /// They are posted.
    #[default]
    Https,
    /// They are written to a TCP connection. Stored and shown; nothing is delivered.
    TcpIp,
}

impl SubscriptionProtocol {
    /// The scheme that its URL may have, beside `http` for the first.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::TcpIp => "tcp",
        }
    }
}

/// Where deliveries go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpEndpoint {
    /// The URL that is posted to, or for TCP that is connected to.
    pub url: String,
    /// Headers of each delivery. Their values are credentials more often than not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Sealed>,
}

/// Which events are delivered, and what of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterOptions {
    /// Types of events; at least one.
    pub included_action_types: Vec<String>,
    /// Only events through these applications; empty: through any, or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_applications: Vec<Ref<ApplicationId>>,
    /// Only events about users of these populations; empty: about anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_populations: Vec<Ref<PopulationId>>,
    /// Only events with these tags. Stored and shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub included_tags: Vec<String>,
    /// Whether events show the caller's address.
    #[serde(default)]
    pub ip_address_exposed: bool,
    /// Whether events show the browser's name for itself.
    #[serde(default)]
    pub user_agent_exposed: bool,
}

/// What counts towards the size of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PayloadLimitType {
    /// Its events.
    EventsPerPayload,
    /// Its kilobytes. Stored and shown.
    KbPerPayload,
}

/// How much one delivery carries at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadLimit {
    /// What is counted.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_: Option<PayloadLimitType>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
}

/// How events of one delivery are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HttpsFormat {
    /// One JSON array.
    JsonArray,
    /// A line for each.
    NdJson,
}

/// Of deliveries that are posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpsPayload {
    /// How events are put together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<HttpsFormat>,
    /// Whether an array is indented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretty_print: Option<bool>,
}

/// How an event is written to a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TcpFormat {
    /// As JSON.
    JsonDoc,
    /// As a line of RFC 5424.
    RfcLogline,
}

/// Of deliveries over TCP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TcpPayload {
    /// How an event is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<TcpFormat>,
    /// What else a line says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_attributes: BTreeMap<String, String>,
}

/// The form of deliveries, by protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadFormat {
    /// For [`SubscriptionProtocol::Https`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub https: Option<HttpsPayload>,
    /// For [`SubscriptionProtocol::TcpIp`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpPayload>,
}

/// Size and form of deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PayloadOptions {
    /// How much one delivery carries at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_payload_limit: Option<PayloadLimit>,
    /// Their form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_format: Option<PayloadFormat>,
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Its name.
    pub name: String,
    /// Whether events are delivered. While it is off they are kept.
    pub enabled: bool,
    /// How deliveries travel.
    #[serde(default)]
    pub protocol: SubscriptionProtocol,
    /// What a delivery looks like; as [`SubscriptionFormat::Activity`] when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<SubscriptionFormat>,
    /// Where deliveries go.
    pub http_endpoint: HttpEndpoint,
    /// Which events are delivered.
    pub filter_options: FilterOptions,
    /// Size and form of deliveries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_options: Option<PayloadOptions>,
    /// Whether the receiver's certificate is verified.
    pub verify_tls_certificates: bool,
    /// The key that authenticates us to the receiver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_key_pair: Option<Ref<KeyId>>,
    /// Which signing secret is in use; one more each time it is rotated.
    #[serde(default)]
    pub secret_version: u32,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Subscription {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// The form of what is posted, where something is said of it.
    pub fn https_payload(&self) -> Option<&HttpsPayload> {
        let format = self.payload_options.as_ref()?.payload_format.as_ref()?;
        format.https.as_ref()
    }

    /// The most events of one delivery, where something is said of it.
    pub fn most_events(&self) -> Option<u32> {
        let options = self.payload_options.as_ref()?;
        let limit = options.maximum_payload_limit.as_ref()?;
        let counts_events = limit.type_ != Some(PayloadLimitType::KbPerPayload);
        limit.size.filter(|_| counts_events)
    }
}

impl Entity for Subscription {
    const KIND: Kind = kinds::SUBSCRIPTION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}
