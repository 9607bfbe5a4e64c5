//! What a delivery looks like on the wire.

use countersign_domain::subscription::{Subscription, SubscriptionFormat};
use serde_json::{Value, json};

use crate::audit::{Activity, Source, show};

/// The body of a delivery of events.
///
/// Source: PingOne's admin guide: one JSON document with an array of at most 500 events.
/// Decision: the documents for Splunk and New Relic follow those products' own event and log APIs.
pub(super) fn body(api: &str, subscription: &Subscription, events: &[Activity]) -> String {
    let options = &subscription.filter_options;
    let shown = events.iter().map(|event| {
        let mut event = event.clone();
        event.source = Source {
            ip_address: event
                .source
                .ip_address
                .filter(|_| options.ip_address_exposed),
            user_agent: event
                .source
                .user_agent
                .filter(|_| options.user_agent_exposed),
        };
        let at = event.recorded_at;
        (at, show::activity(api, &event))
    });
    let body: Value = match subscription.format {
        SubscriptionFormat::Activity => shown.map(|(_, event)| event).collect(),
        SubscriptionFormat::Splunk => shown
            .map(|(at, event)| {
                let seconds = format!("{}.{:03}", at.seconds(), at.millis().rem_euclid(1000));
                json!({ "time": seconds, "source": "countersign", "sourcetype": "_json", "event": event })
            })
            .collect(),
        SubscriptionFormat::NewRelic => {
            let logs: Vec<Value> = shown
                .map(|(at, event)| {
                    let message = event.pointer("/action/description").cloned();
                    json!({ "timestamp": at.millis(), "message": message, "attributes": event })
                })
                .collect();
            json!([{ "common": { "attributes": { "logtype": "countersign" } }, "logs": logs }])
        }
    };
    body.to_string()
}
