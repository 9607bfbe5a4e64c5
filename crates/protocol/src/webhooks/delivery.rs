//! Events that wait for a receiver, and what is known of the receiver.
//!
//! Both are filed with the platform, under the names of environment and subscription, so that one
//! look tells whether anything waits anywhere: there may be ten thousand environments.

use std::time::Duration;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{EnvId, SubscriptionId};
use countersign_domain::store::{IndexEntry, IndexName, Kind};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use crate::audit::Activity;

/// How long a delivery is kept, delivered or not.
///
/// Source: PingOne's Go SDK, `Subscription.enabled`: events of a suspended one are kept two weeks.
pub const KEPT: Duration = Duration::from_hours(14 * 24);

/// Why a delivery was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// When.
    pub at: Time,
    /// What the receiver answered last.
    pub reason: String,
}

/// Events of one batch for one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Sorts by time: the id of its first event.
    pub id: String,
    /// The environment.
    pub env: EnvId,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// The events.
    pub events: Vec<Activity>,
    /// When they happened.
    pub created_at: Time,
    /// Set once it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<Dead>,
}

impl Delivery {
    /// Index: what waits, by [`line`] and id.
    pub const WAITING: IndexName = "waiting";
    /// Index: what was given up, by [`line`] and id.
    pub const DEAD: IndexName = "dead";

    /// A delivery of events, unless there are none.
    pub fn new(
        env: EnvId,
        subscription: SubscriptionId,
        events: Vec<Activity>,
        now: Time,
    ) -> Option<Self> {
        Some(Self {
            id: events.first()?.id.clone(),
            env,
            subscription,
            events,
            created_at: now,
            dead: None,
        })
    }
}

/// How index values of a subscription begin.
pub fn line(env: EnvId, subscription: SubscriptionId) -> String {
    format!("{env}/{subscription}/")
}

impl Entity for Delivery {
    const KIND: Kind = kinds::DELIVERY;
    fn id(&self) -> String {
        format!("{}/{}", self.subscription, self.id)
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let name = match self.dead {
            None => Self::WAITING,
            Some(_) => Self::DEAD,
        };
        vec![IndexEntry {
            name,
            value: format!("{}{}", line(self.env, self.subscription), self.id),
        }]
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.created_at.plus(KEPT))
    }
}

/// What is known of a receiver, and who is at work for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receiver {
    /// The environment.
    pub env: EnvId,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Until when a process has it for itself. A process that is killed loses it then.
    pub leased_until: Time,
    /// Failures in a row.
    pub failures: u32,
    /// Not before this.
    pub next_at: Time,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it last took something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Time>,
    /// When this is forgotten.
    pub expires_at: Time,
}

impl Receiver {
    /// Of whom nothing is known yet.
    pub fn new(env: EnvId, subscription: SubscriptionId, now: Time) -> Self {
        Self {
            env,
            subscription,
            leased_until: Time::EPOCH,
            failures: 0,
            next_at: Time::EPOCH,
            last_error: None,
            last_success_at: None,
            expires_at: now.plus(KEPT),
        }
    }

    /// Its id.
    pub fn id_of(env: EnvId, subscription: SubscriptionId) -> String {
        format!("{env}/{subscription}")
    }
}

impl Entity for Receiver {
    const KIND: Kind = kinds::RECEIVER;
    fn id(&self) -> String {
        Self::id_of(self.env, self.subscription)
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}
