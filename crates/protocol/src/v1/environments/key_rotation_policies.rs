//! `/v1/environments/{e}/keyRotationPolicies` (`reference/platform.md` 3.9).
//!
//! Compat: PingOne rotates by the clock alone. Here a rotation can be asked for, by a POST of
//! `application/vnd.pingidentity.keyRotationPolicy.rotate+json`.

use countersign_domain::application::Application;
use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::KeyId;
use countersign_domain::key::{KeyRotationPolicy, KeyUsageType, SigningKey};
use countersign_domain::ports::BoxFuture;
use countersign_domain::store::{Batch, Fault, Key};
use serde_json::json;

use super::keys::generated;
use crate::cx::Cx;
use crate::defaults::key_pair::{self, KeyPair};
use crate::defaults::{Maker, certified_key};
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::rotation::Turn;
use crate::run::{Operation, Verdict, run};
use crate::v1::body::{self, Check, Number, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::key_uses;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};
use crate::v1::upload::unfit;

const ALL: &str = "/environments/{environment}/keyRotationPolicies";
const ONE: &str = "/environments/{environment}/keyRotationPolicies/{keyRotationPolicy}";
type Policy = KeyRotationPolicy;

/// `/environments/{e}/keyRotationPolicies`
pub const RESOURCE: Resource = Resource {
    name: "keyRotationPolicies",
    endpoints: &[
        Endpoint::get(ALL, "keyRotationPolicies:read", noun::list::<Policy>),
        Endpoint::post(ALL, "keyRotationPolicies:create", create),
        Endpoint::get(ONE, "keyRotationPolicies:read", noun::read::<Policy>),
        Endpoint::put(ONE, "keyRotationPolicies:update", noun::replace::<Policy>),
        Endpoint::post(ONE, "keyRotationPolicies:update", rotate).media("keyRotationPolicy.rotate"),
        Endpoint::delete(ONE, "keyRotationPolicies:delete", noun::remove::<Policy>),
    ],
};

/// Days that a certificate may be valid at most.
const MAX_DAYS: i64 = 36_500;

/// What else a change concerns.
pub struct Facts {
    others: Vec<Stored<Policy>>,
    is_used: bool,
    /// Its next key, which signed nothing yet and goes with it.
    key: Option<Key>,
}

impl Noun for Policy {
    const PLURAL: &'static str = "keyRotationPolicies";
    const PARAMETER: &'static str = "keyRotationPolicy";
    const READ_ONLY: &'static [&'static str] = &["currentKeyId", "nextKeyId", "rotatedAt"];
    const KEPT: &'static [&'static str] = &["default"];
    const NUMBERS: &'static [Number] = &[("validityPeriod", 31..=MAX_DAYS)];
    type Facts = Facts;

    /// What is made of other stuff than the keys that there are takes effect with the next
    /// rotation; PingOne says no more than that either.
    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let id = change.before().map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        let others = others.into_iter().filter(|it| Some(it.id) != id).collect();
        let mut facts = Facts {
            others,
            is_used: false,
            key: None,
        };
        if let Change::Remove(before) = change {
            let id = before.id.to_string();
            facts.is_used = !key_uses::naming::<Application>(call, &id).await?.is_empty();
            if let Some(key) = call.load::<SigningKey>(before.next_key_id).await?
                && !key.default
            {
                facts.key = Some(key.key(call.env));
            }
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            let is_default = change.before().is_some_and(|it| it.default);
            return Ok(removed(is_default, facts)?);
        };
        check(after)?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &facts.others, |it| {
            it.updated_at = call.now();
            std::mem::take(&mut it.default)
        })?)
    }
}

/// Source: `reference/platform.md` 3.9; the kinds of keys that PingOne has not are ours
/// (`docs/compatibility.md`).
fn check(policy: &Policy) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &policy.name, 1, 256);
    check.expect(
        policy.dn.len() <= 1_024 && key_pair::is_dn(&policy.dn),
        || Misfit::invalid("dn", "must look like CN=name, O=organization, C=country"),
    );
    check.expect(policy.usage_type == KeyUsageType::Signing, || {
        Misfit::invalid("usageType", "must be SIGNING")
    });
    check.expect(policy.key_spec().is_some(), || {
        let why = "must fit algorithm and keyLength, and sign tokens";
        Misfit::invalid("signatureAlgorithm", why)
    });
    let most = i64::from(policy.validity_period) - 1;
    check.range("rotationPeriod", policy.rotation_period, 30..=most.max(30));
    check.finish()
}

/// Decision: the current key stays in the key set until its certificate ends, as after a rotation:
/// what it signed is believed. It can be deleted by itself.
fn removed(is_default: bool, facts: Facts) -> Result<Batch, Refused> {
    let message = if is_default {
        "The default key rotation policy can not be deleted"
    } else if facts.is_used {
        "The key rotation policy must not be in use"
    } else {
        return Ok(facts.key.into_iter().fold(Batch::new(), Batch::delete));
    };
    let misfit = Misfit::constraint("", message);
    Err(Refusal::NotNow(Some(message.into()), vec![misfit]).because(message))
}

/// `POST`: a policy with the two keys that it begins with.
fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let entropy = &*call.cx.ports.entropy;
        let [current, next] = [KeyId::random(entropy), KeyId::random(entropy)];
        let given = body::writable(body::object(call.body)?, Policy::READ_ONLY);
        let mut draft = body::without_nulls(given);
        for (name, value) in [
            ("id", json!(current)),
            ("currentKeyId", json!(current)),
            ("nextKeyId", json!(next)),
            ("rotatedAt", json!(call.now())),
            ("createdAt", json!(call.now())),
            ("updatedAt", json!(call.now())),
        ] {
            draft.insert(name.to_owned(), value);
        }
        let mut bounds = Check::new();
        bounds.numbers(&draft, Policy::NUMBERS);
        bounds.finish()?;
        let draft: Policy = body::read(draft).map_err(unfit)?;
        check(&draft)?;
        let spec = draft.key_spec().ok_or_else(|| {
            let why = "must fit algorithm and keyLength";
            unfit(Misfit::invalid("signatureAlgorithm", why))
        })?;
        let mut keys = Vec::new();
        for id in [current, next] {
            keys.push(key(call, &draft, id, &generated(call, spec).await?)?);
        }
        let made = run(
            call.cx,
            &Add {
                call,
                policy: draft,
                keys,
            },
        )
        .await?;
        Ok(Reply::created(noun::shown(call, &made).await?))
    })
}

fn key(call: &Call<'_>, policy: &Policy, id: KeyId, pair: &KeyPair) -> Outcome<SigningKey> {
    let days = policy.validity_period;
    let mut key = certified_key(maker(call), call.env, id, &policy.dn, pair, days)?;
    key.signature_algorithm = policy.signature_algorithm;
    Ok(key)
}

fn maker<'a>(call: &'a Call<'_>) -> Maker<'a> {
    let ports = &call.cx.ports;
    Maker {
        api_url: call.cx.env.urls.api(),
        vault: &ports.vault,
        entropy: &*ports.entropy,
        now: call.now(),
    }
}

/// A policy that is there from now on, with its keys.
struct Add<'a> {
    call: &'a Call<'a>,
    policy: Policy,
    keys: Vec<SigningKey>,
}

impl Operation for Add<'_> {
    type Facts = (Vec<Misfit>, Vec<Stored<Policy>>);
    type Reply = Policy;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let taken = noun::taken(self.call, &self.policy).await?;
        Ok((taken, noun::all::<Policy>(self.call).await?))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<Policy>, Fault> {
        let (taken, others) = facts;
        let Self { call, policy, keys } = self;
        if !taken.is_empty() {
            let why = "the name is taken";
            return Ok(Verdict::refuse(Refusal::Unfit(taken).because(why)));
        }
        let mut batch = Batch::new().create(call.env, policy)?;
        for key in keys {
            batch = batch.create(call.env, key)?;
        }
        if policy.default {
            batch = batch.and(noun::taken_from(call, &others, |it| {
                it.updated_at = call.now();
                std::mem::take(&mut it.default)
            })?);
        }
        Ok(Verdict::reply(policy.clone()).writing(batch.changed(call.env)))
    }
}

/// `POST` of `keyRotationPolicy.rotate`: the next key signs from now on.
fn rotate<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let policy = noun::named::<Policy>(call).await?;
        let spec = policy
            .key_spec()
            .ok_or(Fault::Misconfigured("a policy of keys that cannot be made"))?;
        let pairs = [generated(call, spec).await?, generated(call, spec).await?];
        let rotated = run(call.cx, &Rotate { call, pairs }).await?;
        Ok(Reply::ok(noun::shown(call, &rotated).await?))
    })
}

/// A rotation that somebody asks for.
struct Rotate<'a> {
    call: &'a Call<'a>,
    pairs: [KeyPair; 2],
}

impl Operation for Rotate<'_> {
    type Facts = (Turn, [SigningKey; 2]);
    type Reply = Policy;

    async fn gather(&self, _cx: &Cx) -> Outcome<Self::Facts> {
        let call = self.call;
        let policy = noun::named::<Policy>(call).await?;
        let turn = Turn::of(call.store(), call.env, policy, call.now()).await?;
        let keys = turn.keys(maker(call), call.env, &self.pairs)?;
        Ok((turn, keys))
    }

    fn decide(&self, _cx: &Cx, facts: Self::Facts) -> Result<Verdict<Policy>, Fault> {
        let (turn, keys) = facts;
        let (env, now) = (self.call.env, self.call.now());
        if turn.can_be_asked_for_at().is_some_and(|at| now < at) {
            let message = "The next key has been published for less than a minute";
            let refusal = Refusal::NotNow(Some(message.into()), Vec::new());
            return Ok(Verdict::refuse(refusal.because(message)));
        }
        let (policy, batch) = turn.decide(env, keys, now)?;
        Ok(Verdict::reply(policy).writing(batch))
    }
}
