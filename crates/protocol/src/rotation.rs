//! Key rotation (`reference/oidc.md` 13): the next key, published since it was made, becomes the
//! current one, and a new next key is published. The former one stays in the key set until its
//! certificate ends, which is long after the last token it signed.
//!
//! A rotation can be asked for as well, once the next key has been published for as long as anybody
//! may keep an older key set.
//!
//! Environments rotate while somebody uses them: the server asks for what is due among the
//! snapshots it holds, so that ten thousand idle environments cost nothing.

use std::time::Duration;

use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::{EnvId, KeyId, KeyRotationPolicyId};
use countersign_domain::key::{KeyRotationPolicy, SigningKey};
use countersign_domain::ports::{Ports, Store};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;

use crate::audit::{self, Activity, Party, kinds};
use crate::configuration::ConfigurationCache;
use crate::cx::Cx;
use crate::defaults::key_pair::KeyPair;
use crate::defaults::{Maker, certified_key};
use crate::refusal::Failure;

/// How long a key set may be kept: `max-age` of its answer.
pub const KEY_SET_AGE: Duration = Duration::from_mins(1);

/// One rotation of a policy: the policy and the keys that it has.
pub struct Turn {
    policy: Stored<KeyRotationPolicy>,
    former: Option<Stored<SigningKey>>,
    /// The next one, unless its certificate ended because nobody signed on for so long.
    promoted: Option<Stored<SigningKey>>,
}

impl Turn {
    /// Reads the keys of a policy.
    pub async fn of(
        store: &dyn Store,
        env: EnvId,
        policy: Stored<KeyRotationPolicy>,
        now: Time,
    ) -> Result<Self, Fault> {
        let load = |id: KeyId| entity::load::<SigningKey>(store, env, id.to_string(), now);
        let former = load(policy.current_key_id).await?;
        let promoted = load(policy.next_key_id).await?;
        Ok(Self {
            policy,
            former,
            promoted: promoted.filter(|key| now < key.expires_at),
        })
    }

    /// From when on it can be asked for: by then everybody who keeps a key set knows the next key.
    pub fn can_be_asked_for_at(&self) -> Option<Time> {
        let published = self.promoted.as_ref().map(|key| key.created_at);
        published.map(|at| at.plus(KEY_SET_AGE))
    }

    /// The keys that become of these pairs.
    pub fn keys(
        &self,
        maker: Maker<'_>,
        env: EnvId,
        pairs: &[KeyPair; 2],
    ) -> Result<[SigningKey; 2], Fault> {
        let policy = &self.policy;
        let make = |pair: &KeyPair| {
            if !pair.can_sign(policy.signature_algorithm) {
                return Err(Fault::Crypto(
                    "the new keys are not what the policy asks for",
                ));
            }
            let id = KeyId::random(maker.entropy);
            let mut key = certified_key(maker, env, id, &policy.dn, pair, policy.validity_period)?;
            key.signature_algorithm = policy.signature_algorithm;
            Ok(key)
        };
        let [spare, next] = pairs;
        Ok([make(spare)?, make(next)?])
    }

    /// The policy as it is from now on, and what makes it so. The first of the `fresh` keys is for
    /// when there is no next one.
    pub fn decide(
        self,
        env: EnvId,
        fresh: [SigningKey; 2],
        now: Time,
    ) -> Result<(KeyRotationPolicy, Batch), Fault> {
        let [mut spare, next] = fresh;
        let mut batch = Batch::new().create(env, &next)?;
        let is_default = self.former.as_ref().is_some_and(|key| key.default);
        if let Some(mut former) = self.former {
            former.value.default = false;
            batch = batch.update(env, &former.value, former.version)?;
        }
        let current = if let Some(mut promoted) = self.promoted {
            promoted.value.default = is_default;
            batch = batch.update(env, &promoted.value, promoted.version)?;
            promoted.value.id
        } else {
            spare.default = is_default;
            batch = batch.create(env, &spare)?;
            spare.id
        };
        let Stored {
            value: mut policy,
            version,
        } = self.policy;
        policy.current_key_id = current;
        policy.next_key_id = next.id;
        policy.rotated_at = now;
        policy.updated_at = now;
        let batch = batch.update(env, &policy, version)?.changed(env);
        Ok((policy, batch))
    }

    fn turned(
        self,
        ports: &Ports,
        api_url: &str,
        env: EnvId,
        pairs: &[KeyPair; 2],
        now: Time,
    ) -> Result<(KeyRotationPolicy, Batch), Fault> {
        let maker = Maker {
            api_url,
            vault: &ports.vault,
            entropy: &*ports.entropy,
            now,
        };
        let fresh = self.keys(maker, env, pairs)?;
        self.decide(env, fresh, now)
    }
}

/// Rotates the keys of one policy, if that is due, and tells of it. Slow (it makes one or two RSA
/// keys): call it off the request path and off the async threads. Two processes may try at once; one
/// of them does it, the other gets a conflict.
pub async fn rotate(
    cache: &ConfigurationCache,
    env: EnvId,
    policy: KeyRotationPolicyId,
    fresh: [KeyPair; 2],
    now: Time,
) -> Result<bool, Fault> {
    let ports = cache.ports();
    let store = &*ports.store;
    let id = policy.to_string();
    let Some(policy) = entity::load::<KeyRotationPolicy>(store, env, id, now).await? else {
        return Ok(false);
    };
    if now < policy.rotates_at() {
        return Ok(false);
    }
    let snapshot = match cache.current(env, now).await {
        Ok(snapshot) => snapshot,
        // The environment is gone.
        Err(Failure::Refused(_)) => return Ok(false),
        Err(Failure::Fault(fault)) => return Err(fault),
    };
    let turn = Turn::of(store, env, policy, now).await?;
    let (policy, batch) = turn.turned(ports, cache.urls().api(), env, &fresh, now)?;
    let cx = Cx {
        now,
        ..Cx::own(snapshot, ports.clone())
    };
    let party = Party::new(env, "KRP", policy.id).named(policy.name.clone());
    let rotated = Activity::new(&cx, &kinds::KEYS_ROTATED, vec![party]);
    let batch = audit::attend(&cx, batch.record(rotated.to_event(env)?))?;
    store.commit(batch, now).await?;
    Ok(true)
}

/// How a rotation ended that was asked for.
#[derive(Debug)]
pub enum Asked {
    /// The keys rotated; the policy as it is now.
    Done(Box<KeyRotationPolicy>),
    /// The next key is too new: not before this time.
    NotBefore(Time),
}

/// Rotates the keys of one policy because somebody asks for it.
pub async fn rotate_now(
    ports: &Ports,
    api_url: &str,
    env: EnvId,
    policy: Stored<KeyRotationPolicy>,
    fresh: &[KeyPair; 2],
    now: Time,
) -> Result<Asked, Fault> {
    let turn = Turn::of(&*ports.store, env, policy, now).await?;
    match turn.can_be_asked_for_at() {
        Some(at) if now < at => Ok(Asked::NotBefore(at)),
        _ => {
            let (policy, batch) = turn.turned(ports, api_url, env, fresh, now)?;
            ports.store.commit(batch, now).await?;
            Ok(Asked::Done(Box::new(policy)))
        }
    }
}
