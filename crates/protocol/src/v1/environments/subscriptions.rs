//! `/v1/environments/{e}/subscriptions`: webhooks (`reference/platform.md` 4).
//!
//! Ours, not PingOne's: `.../secret` for the secret that signs deliveries, `.../deliveries` for how
//! the receiver does and what was given up.

use std::collections::BTreeMap;

use countersign_domain::entity;
use countersign_domain::ids::SubscriptionId;
use countersign_domain::key::{KeyUsageType, SigningKey};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::Batch;
use countersign_domain::subscription::{
    MAX_SUBSCRIPTIONS, PayloadLimitType, Subscription, SubscriptionProtocol,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::audit::kinds::is_well_formed;
use crate::audit::show;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};
use crate::webhooks::delivery::Receiver;
use crate::webhooks::{courier, headers, is_endpoint, signature};

const ALL: &str = "/environments/{environment}/subscriptions";
const ONE: &str = "/environments/{environment}/subscriptions/{subscription}";
const SECRET: &str = "/environments/{environment}/subscriptions/{subscription}/secret";
const DELIVERIES: &str = "/environments/{environment}/subscriptions/{subscription}/deliveries";
const READ: &str = "subscriptions:read";
const UPDATE: &str = "subscriptions:update";
/// Applications and populations that a filter may name.
const MAX_NAMED: usize = 10;
const MAX_TYPES: usize = 1_000;
/// Given-up deliveries that are shown.
const MAX_DEAD: u32 = 200;

/// `/environments/{e}/subscriptions`
pub const RESOURCE: Resource = Resource {
    name: "subscriptions",
    endpoints: &[
        Endpoint::get(ALL, READ, noun::list::<Subscription>),
        Endpoint::post(ALL, "subscriptions:create", noun::create::<Subscription>),
        Endpoint::get(ONE, READ, noun::read::<Subscription>),
        Endpoint::put(ONE, UPDATE, noun::replace::<Subscription>),
        Endpoint::delete(ONE, "subscriptions:delete", noun::remove::<Subscription>),
        // Whoever may change where events go may see what they are signed with.
        Endpoint::get(SECRET, UPDATE, secret),
        Endpoint::post(SECRET, UPDATE, rotate),
        Endpoint::get(DELIVERIES, READ, deliveries),
        Endpoint::post(DELIVERIES, UPDATE, retry).media("deliveries.retry"),
    ],
};

/// What else a change concerns.
pub struct Facts {
    others: usize,
    /// Whether the key that it is to be known by exists and is for that, or was named before.
    has_key: bool,
}

impl Noun for Subscription {
    const PLURAL: &'static str = "subscriptions";
    const PARAMETER: &'static str = "subscription";
    const READ_ONLY: &'static [&'static str] = &["secretVersion"];
    type Facts = Facts;

    /// Values of headers are credentials more often than not: sealed before anything sees them.
    fn prepare(call: &Call<'_>, body: &mut Object, _before: Option<&Self>) -> Result<(), Refused> {
        // Compat: clients of today say connectionDetails for what others call httpEndpoint.
        if let Some(details) = body.remove("connectionDetails") {
            body.entry("httpEndpoint").or_insert(details);
        }
        let id: Option<SubscriptionId> = body
            .get("id")
            .and_then(Value::as_str)
            .and_then(|id| id.parse().ok());
        let given = body
            .get_mut("httpEndpoint")
            .and_then(|it| it.get_mut("headers"));
        let (Some(id), Some(given)) = (id, given) else {
            return Ok(());
        };
        let misfit = |name: &str, why: &'static str| {
            let target = format!("httpEndpoint.headers.{name}");
            let target = target.trim_end_matches('.').to_owned();
            Refusal::Unfit(vec![Misfit::invalid(target, why)]).because(why)
        };
        let Value::Object(given) = given else {
            return Err(misfit("", "must be an object of texts"));
        };
        if given.len() > headers::MAX_HEADERS {
            return Err(misfit("", "must have at most 20 members"));
        }
        let ports = &call.cx.ports;
        for (name, value) in given.iter_mut() {
            let Some(text) = value.as_str() else {
                return Err(misfit(name, "must be a text"));
            };
            if let Some(why) = headers::fault(name, text) {
                return Err(misfit(name, why));
            }
            let sealed = headers::seal(&ports.vault, call.env, id, text, &*ports.entropy);
            let sealed = sealed.map_err(|_| misfit(name, "cannot be sealed"))?;
            *value = json!(sealed);
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let others = match &change {
            Change::Create(_) => noun::all::<Self>(call).await?.len(),
            Change::Replace { .. } | Change::Remove(_) => 0,
        };
        let key = change.after().and_then(|it| it.tls_client_auth_key_pair);
        let before = change.before().map(|it| &it.value);
        let had = before.and_then(|it| it.tls_client_auth_key_pair);
        let has_key = match key {
            Some(key) if had == Some(key) => true,
            Some(key) => {
                let found = call.load::<SigningKey>(key.id).await?;
                found.is_some_and(|it| it.usage_type == KeyUsageType::OutboundMtls)
            }
            None => true,
        };
        Ok(Facts { others, has_key })
    }

    fn judge(_call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            return Ok(Batch::new());
        };
        // Source: PingOne's page on creating subscriptions: 403 beyond fifty.
        if facts.others >= MAX_SUBSCRIPTIONS {
            let why = "the environment has 50 subscriptions";
            return Err(Refusal::Forbidden.because(why).into());
        }
        check(after, facts.has_key)?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.remove("secretVersion");
        // Compat: shown, for Ping's Terraform provider compares them, but only to whoever may change
        // where they go: like the secrets of gateways.
        let reach = call.actor.reach(UPDATE, &call.cx.env.environment);
        let headers = if reach.is_nowhere() {
            BTreeMap::new()
        } else {
            headers::open(&call.cx.ports.vault, call.env, self)?
        };
        let headers: BTreeMap<&String, &str> = headers
            .iter()
            .map(|(name, value)| (name, value.expose_secret()))
            .collect();
        // Compat: Ping's Terraform provider takes an empty object for one that somebody wrote.
        if let Some(Value::Object(endpoint)) = object.get_mut("httpEndpoint")
            && !headers.is_empty()
        {
            endpoint.insert("headers".into(), json!(headers));
        }
        let endpoint = match self.protocol {
            SubscriptionProtocol::Https => object.get("httpEndpoint").cloned(),
            SubscriptionProtocol::TcpIp => object.remove("httpEndpoint"),
        };
        if let Some(endpoint) = endpoint {
            object.insert("connectionDetails".into(), endpoint);
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("secret", format!("{own}/secret"));
        links.add("deliveries", format!("{own}/deliveries"));
    }
}

fn check(after: &Subscription, has_key: bool) -> Result<(), Refused> {
    let options = &after.filter_options;
    let mut check = Check::new();
    check.length("name", &after.name, 1, 256);
    check.expect(has_key, || {
        Misfit::invalid(
            "tlsClientAuthKeyPair.id",
            "no key of the usage OUTBOUND_MTLS has this id",
        )
    });
    check.expect(is_endpoint(after), || match after.protocol {
        SubscriptionProtocol::Https => {
            let why = "must be an http or https URL without credentials";
            Misfit::invalid("httpEndpoint.url", why)
        }
        SubscriptionProtocol::TcpIp => Misfit::invalid(
            "connectionDetails.url",
            "must be a tcp URL without credentials",
        ),
    });
    let options_of_payload = after.payload_options.as_ref();
    let limit = options_of_payload.and_then(|it| it.maximum_payload_limit.as_ref());
    if let Some(size) = limit.and_then(|it| it.size) {
        // Source: PingOne's Go SDK, SubscriptionPayloadOptionsMaximumPayloadLimit.
        let most = match limit.and_then(|it| it.type_) {
            Some(PayloadLimitType::KbPerPayload) => 4_096,
            Some(PayloadLimitType::EventsPerPayload) | None => 500,
        };
        check.range("payloadOptions.maximumPayloadLimit.size", size, 1..=most);
    }
    let types = &options.included_action_types;
    check.expect(!types.is_empty(), || {
        Misfit::required("filterOptions.includedActionTypes")
    });
    check.expect(
        types.len() <= MAX_TYPES && types.iter().all(|it| is_well_formed(it)),
        || {
            let why = "must be action types such as USER.CREATED";
            Misfit::invalid("filterOptions.includedActionTypes", why)
        },
    );
    for (target, count) in [
        (
            "filterOptions.includedApplications",
            options.included_applications.len(),
        ),
        (
            "filterOptions.includedPopulations",
            options.included_populations.len(),
        ),
        ("filterOptions.includedTags", options.included_tags.len()),
    ] {
        check.expect(count <= MAX_NAMED, || {
            Misfit::invalid(target, "must have at most 10 entries")
        });
    }
    // Source: PingOne's Go SDK, EnumSubscriptionFilterIncludedTags.
    let mut tags = options.included_tags.iter();
    check.expect(tags.all(|it| it == "adminIdentityEvent"), || {
        let target = "filterOptions.includedTags";
        Misfit::invalid(target, "must be one of: adminIdentityEvent")
    });
    check.expect(
        after.verify_tls_certificates || after.tls_client_auth_key_pair.is_none(),
        || {
            let why = "must not be set while verifyTlsCertificates is false";
            Misfit::constraint("tlsClientAuthKeyPair", why)
        },
    );
    check.finish()
}

fn secret<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = noun::named::<Subscription>(call).await?;
        secret_of(call, &found.value)
    })
}

/// A new secret takes the place of the old one at once.
fn rotate<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let next = |subscription: &mut Subscription| {
            subscription.secret_version = subscription.secret_version.saturating_add(1);
            Ok(())
        };
        let rotated = noun::edit::<Subscription>(call, next).await?;
        secret_of(call, &rotated)
    })
}

fn secret_of(call: &Call<'_>, subscription: &Subscription) -> Outcome<Reply> {
    let secret = signature::secret(&call.cx.ports.vault, call.env, subscription)?;
    let mut body = Object::new();
    body.insert("secret".into(), json!(secret.expose_secret()));
    let own = call.url(&call.fill(SECRET));
    Ok(Reply::ok(hal::resource(Links::to(call, &own), body)))
}

fn deliveries<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = noun::named::<Subscription>(call).await?;
        let (store, id) = (call.store(), found.value.id);
        let platform = countersign_domain::ids::EnvId::PLATFORM;
        let key = Receiver::id_of(call.env, id);
        let receiver = entity::load::<Receiver>(store, platform, key, call.now()).await?;
        let dead = courier::dead(&call.cx.ports, call.env, id, MAX_DEAD).await?;
        let api = call.cx.env.urls.api();
        let items = dead.iter().map(|delivery| {
            let events = delivery.events.iter();
            let events: Vec<Value> = events.map(|it| show::activity(api, it)).collect();
            let mut item = Object::new();
            item.insert("id".into(), json!(delivery.id));
            item.insert("createdAt".into(), json!(delivery.created_at));
            item.insert("givenUp".into(), json!(delivery.dead));
            item.insert("events".into(), json!(events));
            Body::from(item)
        });
        let items: Vec<Body> = items.collect();
        let list = List::page("deadLetters", items, None, false);
        let mut body = hal::list(call, list)?;
        if let Some(receiver) = receiver {
            let receiver = &receiver.value;
            let shown = json!({
                "failures": receiver.failures,
                "lastError": receiver.last_error,
                "lastSuccessAt": receiver.last_success_at,
                "nextAttemptAt": (receiver.failures > 0).then_some(receiver.next_at),
            });
            body.members.insert("receiver".into(), shown);
        }
        Ok(Reply::ok(body))
    })
}

/// What was given up is tried once more.
fn retry<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let found = noun::named::<Subscription>(call).await?;
        courier::revive(&call.cx.ports, call.env, found.value.id).await?;
        deliveries(call).await
    })
}
