//! Delivers what waits for webhooks: in order, at least once, several processes sharing the work by
//! receiver.
//!
//! Whoever works for a receiver leases it first, under the version it read. A process that is
//! killed loses the lease with time, and the events that it had not yet taken off are sent again.

use std::time::Duration;

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{EnvId, SubscriptionId};
use countersign_domain::ports::{FetchError, Outgoing, Ports};
use countersign_domain::store::{Batch, Doc, Fault, Query, Range};
use countersign_domain::subscription::Subscription;
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use url::Url;

use super::delivery::{Dead, Delivery, Receiver, line};
use super::{format, headers, signature};
use crate::audit::Activity;
use crate::configuration::{ConfigurationCache, Snapshot};
use crate::refusal::{Failure, Refusal};

/// Most events of one request.
///
/// Source: PingOne's admin guide, on webhooks.
const MAX_EVENTS: usize = 500;
/// How long a lease lasts: longer than a call may take.
pub const LEASE: Duration = Duration::from_mins(1);
/// Requests to one receiver before the others have their turn.
const REQUESTS: usize = 10;
/// Receivers looked at in a round, and served at the same time.
const RECEIVERS: usize = 256;
const AT_ONCE: usize = 8;
/// Wait after the first failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_mins(15);
/// Events that a receiver did not take for so long are given up.
///
/// Source: PingOne's page on subscriptions: after seven days events are lost.
pub const GIVEN_UP_AFTER: Duration = Duration::from_hours(7 * 24);
/// Refusals (4xx) of the same events before they are given up, so that what a receiver will never
/// take does not hold up the rest.
///
/// Decision: PingOne tries the same events until they are seven days old, whatever the answer.
pub const REFUSALS: u32 = 10;
/// Most of an answer that is read, so that the connection can be used again; nothing in it matters.
const MAX_ANSWER: usize = 64 * 1024;

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Events delivered.
    pub delivered: usize,
    /// Requests that failed.
    pub failed: usize,
    /// Events given up.
    pub given_up: usize,
}

impl Round {
    fn add(&mut self, other: Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.given_up += other.given_up;
    }
}

/// Delivers what waits and is due.
pub async fn deliver(cache: &ConfigurationCache) -> Result<Round, Fault> {
    let lines = waiting(cache.ports()).await?;
    let mut round = Round::default();
    for lines in lines.chunks(AT_ONCE) {
        let work = lines.iter().map(|(env, id)| serve(cache, *env, *id));
        for served in join_all(work).await {
            match served {
                Ok(served) => round.add(served),
                Err(fault) => tracing::warn!(%fault, "cannot deliver to a webhook"),
            }
        }
    }
    Ok(round)
}

/// Receivers for whom something waits.
async fn waiting(ports: &Ports) -> Result<Vec<(EnvId, SubscriptionId)>, Fault> {
    let mut lines = Vec::new();
    let mut from = None;
    while lines.len() < RECEIVERS {
        let query = Query {
            index: Some(Delivery::WAITING),
            range: Range::Between(from, None),
            ..Query::all(Delivery::KIND, EnvId::PLATFORM, 1)
        };
        let page = ports.store.list(&query, ports.clock.now()).await?;
        let Some(doc) = page.docs.first() else { break };
        let first = Delivery::from_doc(doc)?;
        lines.push((first.env, first.subscription));
        // The character after the slash that ends the line.
        from = Some(format!("{}/{}0", first.env, first.subscription));
    }
    Ok(lines)
}

async fn serve(cache: &ConfigurationCache, env: EnvId, id: SubscriptionId) -> Result<Round, Fault> {
    let ports = cache.ports();
    let now = ports.clock.now();
    let snapshot = match cache.current(env, now).await {
        Ok(snapshot) => Some(snapshot),
        Err(Failure::Refused(refused)) if refused.refusal == Refusal::EnvironmentNotFound => None,
        Err(Failure::Refused(_)) => return Ok(Round::default()),
        Err(Failure::Fault(fault)) => return Err(fault),
    };
    let subscription = snapshot.as_ref().and_then(|snapshot| {
        let mut all = snapshot.subscriptions.iter();
        all.find(|subscription| subscription.id == id)
    });
    let (Some(snapshot), Some(subscription)) = (&snapshot, subscription) else {
        discard(ports, env, id).await?;
        return Ok(Round::default());
    };
    if !subscription.enabled {
        return Ok(Round::default());
    }
    let Some(lease) = Lease::take(ports, env, id).await? else {
        return Ok(Round::default());
    };
    let work = Work {
        ports,
        snapshot,
        subscription,
    };
    work.run(lease).await
}

/// The subscription is gone, and what waited for it goes.
async fn discard(ports: &Ports, env: EnvId, id: SubscriptionId) -> Result<(), Fault> {
    let docs = next(ports, env, id).await?;
    let batch = docs
        .iter()
        .fold(Batch::new(), |batch, doc| batch.delete(doc.key.clone()));
    ports.store.commit(batch, ports.clock.now()).await?;
    Ok(())
}

async fn next(ports: &Ports, env: EnvId, id: SubscriptionId) -> Result<Vec<Doc>, Fault> {
    let query = Query {
        index: Some(Delivery::WAITING),
        range: Range::Prefix(line(env, id)),
        ..Query::all(Delivery::KIND, EnvId::PLATFORM, 200)
    };
    Ok(ports.store.list(&query, ports.clock.now()).await?.docs)
}

/// A receiver that this process has for itself.
struct Lease {
    receiver: Receiver,
    version: u64,
}

impl Lease {
    /// Takes a receiver on, if it is due and nobody else has it.
    async fn take(ports: &Ports, env: EnvId, id: SubscriptionId) -> Result<Option<Self>, Fault> {
        let now = ports.clock.now();
        let key = Receiver::id_of(env, id);
        let found = entity::load::<Receiver>(&*ports.store, EnvId::PLATFORM, key, now).await?;
        let (receiver, version) = match found {
            Some(Stored { value, version }) => (value, version),
            None => (Receiver::new(env, id, now), 0),
        };
        if now < receiver.leased_until || now < receiver.next_at {
            return Ok(None);
        }
        let mut lease = Self { receiver, version };
        lease.receiver.leased_until = now.plus(LEASE);
        let taken = lease.write(ports, Batch::new()).await?;
        Ok(taken.then_some(lease))
    }

    /// Writes what is known of the receiver with what else became true. False when the lease was
    /// lost to somebody else.
    async fn write(&mut self, ports: &Ports, batch: Batch) -> Result<bool, Fault> {
        let now = ports.clock.now();
        self.receiver.expires_at = now.plus(super::delivery::KEPT);
        let batch = match self.version {
            0 => batch.create(EnvId::PLATFORM, &self.receiver)?,
            version => batch.update(EnvId::PLATFORM, &self.receiver, version)?,
        };
        match ports.store.commit(batch, now).await {
            Ok(_) => {
                self.version += 1;
                Ok(true)
            }
            Err(Fault::Conflict(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

struct Work<'a> {
    ports: &'a Ports,
    snapshot: &'a Snapshot,
    subscription: &'a Subscription,
}

impl Work<'_> {
    async fn run(&self, mut lease: Lease) -> Result<Round, Fault> {
        let mut round = Round::default();
        for request in 1..=REQUESTS {
            let docs = next(self.ports, self.snapshot.id, self.subscription.id).await?;
            let parcel = parcel(docs, self.subscription)?;
            if parcel.is_empty() {
                break;
            }
            let sent = self.send(&parcel).await?;
            let is_last = request == REQUESTS || sent.is_err();
            let count = parcel
                .iter()
                .map(|delivery| delivery.events.len())
                .sum::<usize>();
            let after = match sent {
                Ok(()) => {
                    round.delivered += count;
                    self.delivered(&mut lease.receiver, &parcel)
                }
                Err(why) => {
                    round.failed += 1;
                    let (given_up, after) = self.failed(&mut lease.receiver, parcel, &why)?;
                    round.given_up += given_up;
                    after
                }
            };
            let now = self.ports.clock.now();
            lease.receiver.leased_until = if is_last { now } else { now.plus(LEASE) };
            if !lease.write(self.ports, after).await? || is_last {
                return Ok(round);
            }
        }
        lease.receiver.leased_until = self.ports.clock.now();
        lease.write(self.ports, Batch::new()).await?;
        Ok(round)
    }

    /// Makes the call. The outer fault is ours, the inner one the receiver's.
    async fn send(&self, parcel: &[Delivery]) -> Result<Result<(), Undelivered>, Fault> {
        let events: Vec<Activity> = parcel.iter().flat_map(|it| it.events.clone()).collect();
        let body = format::body(self.snapshot.urls.api(), self.subscription, &events);
        let id = parcel.first().map(|it| it.id.clone()).unwrap_or_default();
        let now = self.ports.clock.now();
        let (vault, env) = (&self.ports.vault, self.snapshot.id);
        let signature = signature::sign(vault, env, self.subscription, &id, now, &body)?;
        let Ok(url) = Url::parse(&self.subscription.http_endpoint.url) else {
            return Ok(Err(Undelivered::Never("the URL cannot be read".to_owned())));
        };
        let own = headers::open(vault, env, self.subscription)?;
        let (content_types, own): (Vec<_>, Vec<_>) = own
            .iter()
            .partition(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let media = content_types
            .first()
            .map(|(_, value)| value.expose_secret());
        let mut call = Outgoing::post(&url, media.unwrap_or("application/json"), body, MAX_ANSWER)
            .header("webhook-id", id)
            .header("webhook-timestamp", now.seconds().to_string())
            .header("webhook-signature", signature)
            .for_the_status();
        for (name, value) in own {
            call = call.header(name, value.expose_secret());
        }
        if !self.subscription.verify_tls_certificates {
            call = call.trusting_any_certificate();
        }
        Ok(match self.ports.fetch.send(call).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(Undelivered::of_status(answer.status)),
            Err(FetchError::Refused(why)) => Err(Undelivered::Never(why.to_owned())),
            Err(error) => Err(Undelivered::Later(error.to_string())),
        })
    }

    fn delivered(&self, receiver: &mut Receiver, parcel: &[Delivery]) -> Batch {
        receiver.failures = 0;
        receiver.last_error = None;
        receiver.last_success_at = Some(self.ports.clock.now());
        let keys = parcel.iter().map(|it| it.key(EnvId::PLATFORM));
        keys.fold(Batch::new(), Batch::delete)
    }

    fn failed(
        &self,
        receiver: &mut Receiver,
        parcel: Vec<Delivery>,
        why: &Undelivered,
    ) -> Result<(usize, Batch), Fault> {
        let now = self.ports.clock.now();
        let reason: String = why.text().chars().take(300).collect();
        receiver.failures = receiver.failures.saturating_add(1);
        receiver.next_at = now.plus(pause(receiver.failures));
        receiver.last_error = Some(reason.clone());
        tracing::warn!(env = %self.snapshot.id, subscription = %self.subscription.id, %reason,
            failures = receiver.failures, "webhook not delivered");
        let is_refused = matches!(why, Undelivered::Never(_)) && receiver.failures >= REFUSALS;
        let (mut given_up, mut batch) = (0, Batch::new());
        for mut delivery in parcel {
            if is_refused || now.since(delivery.created_at) >= GIVEN_UP_AFTER {
                given_up += delivery.events.len();
                let reason = reason.clone();
                delivery.dead = Some(Dead { at: now, reason });
                batch = batch.put(delivery.to_doc(EnvId::PLATFORM)?);
            }
        }
        if given_up > 0 {
            receiver.failures = 0;
            receiver.next_at = now;
            tracing::error!(env = %self.snapshot.id, subscription = %self.subscription.id,
                events = given_up, "events for a webhook given up");
        }
        Ok((given_up, batch))
    }
}

/// As many deliveries as fit one request, in order; at least one.
///
/// Decision: events of one commit stay together, so that there may be a few more than asked for.
fn parcel(docs: Vec<Doc>, subscription: &Subscription) -> Result<Vec<Delivery>, Fault> {
    let asked = subscription.most_events().map(|it| it as usize);
    let most = asked.map_or(MAX_EVENTS, |it| it.min(MAX_EVENTS));
    let (mut parcel, mut events) = (Vec::new(), 0);
    for doc in docs {
        let delivery = Delivery::from_doc(&doc)?;
        events += delivery.events.len();
        if events > most && !parcel.is_empty() {
            break;
        }
        parcel.push(delivery);
    }
    Ok(parcel)
}

/// Why a receiver has not taken something.
enum Undelivered {
    /// It may take it another time.
    Later(String),
    /// It refuses what it is sent.
    Never(String),
}

impl Undelivered {
    fn of_status(status: u16) -> Self {
        let text = format!("the receiver answered {status}");
        // Timeout, too early, too many requests: these pass.
        if (400..500).contains(&status) && ![408, 425, 429].contains(&status) {
            Self::Never(text)
        } else {
            Self::Later(text)
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Later(text) | Self::Never(text) => text,
        }
    }
}

/// How long to wait after so many failures in a row.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_RETRY
        .saturating_mul(1 << doublings)
        .min(LONGEST_RETRY)
}

/// Events that were given up, the oldest first.
pub async fn dead(
    ports: &Ports,
    env: EnvId,
    id: SubscriptionId,
    limit: u32,
) -> Result<Vec<Stored<Delivery>>, Fault> {
    let query = Query {
        index: Some(Delivery::DEAD),
        range: Range::Prefix(line(env, id)),
        ..Query::all(Delivery::KIND, EnvId::PLATFORM, limit)
    };
    let page = ports.store.list(&query, ports.clock.now()).await?;
    let read = |doc: &Doc| {
        Ok(Stored {
            value: Delivery::from_doc(doc)?,
            version: doc.version,
        })
    };
    page.docs.iter().map(read).collect()
}

/// Sends what was given up once more; says how many deliveries wait again.
pub async fn revive(ports: &Ports, env: EnvId, id: SubscriptionId) -> Result<usize, Fault> {
    let now = ports.clock.now();
    let dead = dead(ports, env, id, 200).await?;
    let mut batch = Batch::new();
    let count = dead.len();
    for Stored { mut value, version } in dead {
        value.dead = None;
        value.created_at = now;
        batch = batch.update(EnvId::PLATFORM, &value, version)?;
    }
    if count > 0 {
        ports.store.commit(batch, now).await?;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        assert_eq!(pause(1), Duration::from_secs(5));
        assert_eq!(pause(2), Duration::from_secs(10));
        assert_eq!(pause(40), LONGEST_RETRY);
    }

    #[test]
    fn the_next_line_begins_behind_the_slash_of_this_one() {
        let env = EnvId::from_uuid(uuid::Uuid::from_u128(1));
        let id = SubscriptionId::from_uuid(uuid::Uuid::from_u128(2));
        let next = format!("{env}/{id}0");
        assert!(line(env, id) < next && format!("{}zzz", line(env, id)) < next);
    }
}
