//! What a delivery looks like on the wire.

use countersign_domain::subscription::{HttpsFormat, Subscription, SubscriptionFormat};
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
    let body: Value = match subscription.format.unwrap_or(SubscriptionFormat::Activity) {
        SubscriptionFormat::Activity => {
            let shown: Vec<Value> = shown.map(|(_, event)| event).collect();
            return activities(subscription, shown);
        }
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

/// Events as `/activities` shows them, put together as the subscription asks for.
fn activities(subscription: &Subscription, events: Vec<Value>) -> String {
    let payload = subscription.https_payload();
    let is = |format| payload.and_then(|it| it.format) == Some(format);
    if is(HttpsFormat::NdJson) {
        let lines = events
            .iter()
            .flat_map(|event| [event.to_string(), "\n".to_owned()]);
        return lines.collect();
    }
    let array = Value::Array(events);
    if payload.and_then(|it| it.pretty_print) == Some(true) {
        format!("{array:#}")
    } else {
        array.to_string()
    }
}
