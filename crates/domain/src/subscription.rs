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

/// Where deliveries go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpEndpoint {
    /// The URL that is posted to.
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
    /// What a delivery looks like.
    pub format: SubscriptionFormat,
    /// Where deliveries go.
    pub http_endpoint: HttpEndpoint,
    /// Which events are delivered.
    pub filter_options: FilterOptions,
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
