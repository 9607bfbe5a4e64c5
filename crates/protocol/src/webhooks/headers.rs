//! The headers that a subscription adds to its deliveries: credentials more often than not, so they
//! are stored sealed.

use std::collections::BTreeMap;

use countersign_domain::entity::kinds;
use countersign_domain::ids::{EnvId, SubscriptionId};
use countersign_domain::ports::Entropy;
use countersign_domain::store::{Fault, Key};
use countersign_domain::subscription::Subscription;
use countersign_domain::vault::{Sealed, Vault};
use secrecy::SecretString;

/// Most headers of a subscription, and the most bytes of a value.
pub const MAX_HEADERS: usize = 20;
/// See [`MAX_HEADERS`].
pub const MAX_VALUE: usize = 4 * 1024;

/// Headers that are ours or the connection's to set.
const RESERVED: [&str; 8] = [
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

/// What is wrong with a header, if anything.
pub fn fault(name: &str, value: &str) -> Option<&'static str> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || name.len() > 100 || !name.bytes().all(is_token) {
        return Some("is not the name of a header");
    }
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        return Some("is set by the server");
    }
    let is_text = |b: u8| (b' '..=b'~').contains(&b);
    if value.len() > MAX_VALUE || !value.bytes().all(is_text) {
        return Some("must have a value of at most 4096 visible characters");
    }
    None
}

fn owner(env: EnvId, id: SubscriptionId) -> Key {
    Key::new(kinds::SUBSCRIPTION, env, id.to_string())
}

/// Seals one value.
pub fn seal(
    vault: &Vault,
    env: EnvId,
    id: SubscriptionId,
    value: &str,
    entropy: &dyn Entropy,
) -> Result<Sealed, Fault> {
    vault.seal(&owner(env, id), value.as_bytes(), entropy)
}

/// The headers of a subscription in the clear.
pub fn open(
    vault: &Vault,
    env: EnvId,
    subscription: &Subscription,
) -> Result<BTreeMap<String, SecretString>, Fault> {
    let owner = owner(env, subscription.id);
    let sealed = subscription.http_endpoint.headers.iter();
    sealed
        .map(|(name, value)| {
            let plain = vault.open(&owner, value)?;
            let text = String::from_utf8_lossy(&plain).into_owned();
            Ok((name.clone(), text.into()))
        })
        .collect()
}
