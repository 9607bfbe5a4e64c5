//! Key rotation (`reference/oidc.md` 13): the next key, published since it was made, becomes the
//! current one, and a new next key is published. The former one stays in the key set until its
//! certificate ends, which is long after the last token it signed.
//!
//! Environments rotate while somebody uses them: the server asks for what is due among the
//! snapshots it holds, so that ten thousand idle environments cost nothing.

use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::{EnvId, KeyId, KeyRotationPolicyId};
use countersign_domain::key::{KeyRotationPolicy, SigningKey};
use countersign_domain::ports::Ports;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;

use crate::defaults::key_pair::KeyPair;
use crate::defaults::{Maker, certified_key};

/// Rotates the keys of one policy, if that is due. Slow (it makes one or two RSA keys): call it off
/// the request path and off the async threads. Two processes may try at once; one of them does it,
/// the other gets a conflict.
pub async fn rotate(
    ports: &Ports,
    api_url: &str,
    env: EnvId,
    policy: KeyRotationPolicyId,
    fresh: [KeyPair; 2],
    now: Time,
) -> Result<bool, Fault> {
    let store = &*ports.store;
    let Some(Stored {
        value: mut policy,
        version,
    }) = entity::load::<KeyRotationPolicy>(store, env, policy.to_string(), now).await?
    else {
        return Ok(false);
    };
    if now < policy.rotates_at() {
        return Ok(false);
    }
    let load = |id: KeyId| entity::load::<SigningKey>(store, env, id.to_string(), now);
    let former = load(policy.current_key_id).await?;
    let promoted = load(policy.next_key_id).await?;
    let maker = Maker {
        api_url,
        vault: &ports.vault,
        entropy: &*ports.entropy,
        now,
    };
    let (dn, days, signature) = (
        policy.dn.clone(),
        policy.validity_period,
        policy.signature_algorithm,
    );
    let make = |pair: &KeyPair| {
        if !pair.can_sign(signature) {
            return Err(Fault::Crypto(
                "the new keys are not what the policy asks for",
            ));
        }
        let id = KeyId::random(&*ports.entropy);
        let mut key = certified_key(maker, env, id, &dn, pair, days)?;
        key.signature_algorithm = signature;
        Ok(key)
    };
    let [spare, next] = fresh;
    let next = make(&next)?;
    let mut batch = Batch::new().create(env, &next)?;
    let is_default = former.as_ref().is_some_and(|key| key.default);
    if let Some(mut former) = former {
        former.value.default = false;
        batch = batch.update(env, &former.value, former.version)?;
    }
    // Nobody signed on for so long that the next key's certificate ended as well.
    let usable = promoted.filter(|key| now < key.expires_at);
    let current = if let Some(mut promoted) = usable {
        promoted.value.default = is_default;
        batch = batch.update(env, &promoted.value, promoted.version)?;
        promoted.value.id
    } else {
        let mut key = make(&spare)?;
        key.default = is_default;
        batch = batch.create(env, &key)?;
        key.id
    };
    policy.current_key_id = current;
    policy.next_key_id = next.id;
    policy.rotated_at = now;
    policy.updated_at = now;
    let batch = batch.update(env, &policy, version)?.changed(env);
    store.commit(batch, now).await?;
    Ok(true)
}
