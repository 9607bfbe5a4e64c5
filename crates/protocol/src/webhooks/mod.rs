//! Webhooks: audit events on their way to those who subscribed to them
//! (`docs/decisions/0014-audit-events.md`).
//!
//! A delivery is a document in the batch that its events ride on: nothing is lost between the two,
//! whoever is killed when. What happens to it afterwards is [`courier`].

pub mod courier;
pub mod delivery;
mod format;
pub mod headers;
pub mod signature;

use countersign_domain::entity::Entity;
use countersign_domain::ids::EnvId;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::subscription::{Subscription, SubscriptionProtocol};

use url::Url;

use crate::audit::Activity;
use crate::cx::Cx;
use delivery::Delivery;

/// Most bytes of a receiver's URL.
const MAX_URL: usize = 2_048;

/// Adds to a batch the deliveries of its events.
pub fn enlist(cx: &Cx, mut batch: Batch) -> Result<Batch, Fault> {
    let subscriptions = &cx.env.subscriptions;
    if subscriptions.is_empty() || batch.events.is_empty() {
        return Ok(batch);
    }
    let activities: Vec<Activity> = batch
        .events
        .iter()
        .filter(|event| event.env == cx.env_id())
        .filter_map(Activity::from_event)
        .collect();
    for subscription in subscriptions {
        let wanted: Vec<Activity> = activities
            .iter()
            .filter(|activity| wants(subscription, activity))
            .cloned()
            .collect();
        if let Some(delivery) = Delivery::new(cx.env_id(), subscription.id, wanted, cx.now) {
            batch = batch.put(delivery.to_doc(EnvId::PLATFORM)?);
        }
    }
    Ok(batch)
}

/// Whether the URL of a subscription is one that its protocol can use.
pub fn is_endpoint(subscription: &Subscription) -> bool {
    let endpoint = &subscription.http_endpoint;
    let scheme = subscription.protocol.scheme();
    let fits = |url: &Url| {
        (url.scheme() == scheme || scheme == "https" && url.scheme() == "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    endpoint.url.len() <= MAX_URL && Url::parse(&endpoint.url).is_ok_and(|url| fits(&url))
}

/// Whether a subscription is about an event.
fn wants(subscription: &Subscription, activity: &Activity) -> bool {
    // Compat: what would go over TCP is not delivered, and so not kept either.
    if subscription.protocol == SubscriptionProtocol::TcpIp {
        return false;
    }
    let options = &subscription.filter_options;
    let types = &options.included_action_types;
    if !types.contains(&activity.action.type_) {
        return false;
    }
    let client = activity.actors.client.as_ref().map(|client| &client.id);
    let through = options
        .included_applications
        .iter()
        .any(|it| Some(&it.id.to_string()) == client);
    let about = activity
        .resources
        .iter()
        .filter_map(|resource| resource.population)
        .any(|population| options.included_populations.contains(&population));
    (options.included_applications.is_empty() || through)
        && (options.included_populations.is_empty() || about)
}
