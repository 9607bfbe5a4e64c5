//! Signatures of deliveries, by which a receiver tells ours from others'.
//!
//! Decision: PingOne does not sign its webhooks. Ours carry the headers of Standard Webhooks
//! (standardwebhooks.com): `webhook-id`, `webhook-timestamp`, `webhook-signature`, HMAC-SHA256
//! under a secret of the subscription, so that receivers can use its libraries. The secret follows
//! from the master key: nothing is stored that could leak, and a rotation counts one number up.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::ids::EnvId;
use countersign_domain::store::Fault;
use countersign_domain::subscription::Subscription;
use countersign_domain::time::Time;
use countersign_domain::vault::Vault;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// How secrets begin, for people and for libraries.
const PREFIX: &str = "whsec_";

fn key_bytes(
    vault: &Vault,
    env: EnvId,
    subscription: &Subscription,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let key = vault.mac_key("webhook signature", env)?;
    let name = format!("{}/{}", subscription.id, subscription.secret_version);
    let tag = hmac::sign(&key, name.as_bytes());
    Ok(Zeroizing::new(tag.as_ref().to_vec()))
}

/// The secret of a subscription, as its receiver is told it.
pub fn secret(
    vault: &Vault,
    env: EnvId,
    subscription: &Subscription,
) -> Result<SecretString, Fault> {
    let bytes = key_bytes(vault, env, subscription)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(&*bytes)).into())
}

/// `webhook-signature` of a delivery.
pub fn sign(
    vault: &Vault,
    env: EnvId,
    subscription: &Subscription,
    id: &str,
    at: Time,
    body: &str,
) -> Result<String, Fault> {
    let bytes = key_bytes(vault, env, subscription)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
    let signed = format!("{id}.{}.{body}", at.seconds());
    let tag = hmac::sign(&key, signed.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(tag)))
}
