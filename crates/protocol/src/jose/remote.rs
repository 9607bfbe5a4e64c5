//! What somebody else publishes: keys, by `jwksUrl` of an application and `jwksEndpoint` of an
//! identity provider, and the `discoveryEndpoint` of the latter.
//!
//! A document is fetched once and kept for an hour. A token that names a key which is not in its set
//! has it fetched anew, but not more than once a minute, so that made-up key ids do not become calls
//! to somebody's server. However many requests want a document, one call is under way; it goes on
//! from where it was when the request that began it is gone.

mod documents;

use std::sync::Arc;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_domain::time::Time;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use self::documents::{Document, Documents};
use super::client::{KeySet, verify_with_keys};
use super::verify::{Untrusted, Verified};

impl Document for KeySet {
    const NAME: &'static str = "key set";

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// What we take of a provider's discovery document; for the rest its settings count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    /// Whose it is.
    pub issuer: String,
    /// Whether every answer names its issuer.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Document for Metadata {
    const NAME: &'static str = "discovery document";

    fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// What others publish and this process has fetched.
#[derive(Default)]
pub struct Published {
    sets: Documents<KeySet>,
    metadata: Documents<Metadata>,
}

impl Published {
    /// The discovery document at `url`, or why there is none.
    pub async fn metadata(
        &self,
        ports: &Ports,
        env: EnvId,
        url: &str,
        now: Time,
    ) -> Result<Arc<Metadata>, Arc<str>> {
        let url = Url::parse(url).ok().filter(is_safe);
        let url = url.ok_or("the URL of the discovery document is not https")?;
        let found = self.metadata.get(ports, env, &url, None, now).await?;
        Ok(found.0)
    }

    /// The set at `url`, and from when it is.
    async fn keys(
        &self,
        ports: &Ports,
        env: EnvId,
        url: &Url,
        newer_than: Option<Time>,
        now: Time,
    ) -> Result<(Arc<KeySet>, Time), Untrusted> {
        let found = self.sets.get(ports, env, url, newer_than, now).await;
        found.map_err(|why| Untrusted::KeysUnavailable(why.to_string()))
    }

    /// Verifies a token with the keys at `url`, by `verify`; with newer ones if none of those that
    /// are at hand fits.
    pub async fn verify<C: DeserializeOwned + Clone>(
        &self,
        ports: &Ports,
        env: EnvId,
        url: &str,
        now: Time,
        verify: impl Fn(&KeySet) -> Result<Verified<C>, Untrusted> + Send,
    ) -> Result<Verified<C>, Untrusted> {
        let url = acceptable(url)?;
        let (keys, at) = self.keys(ports, env, &url, None, now).await?;
        let found = verify(&keys);
        if !matches!(found, Err(Untrusted::UnknownKey)) {
            return found;
        }
        match self.keys(ports, env, &url, Some(at), now).await {
            Ok((newer, since)) if since > at => verify(&newer),
            _ => found,
        }
    }

    /// Verifies a token that a client signed with a key of its set at `url`.
    pub async fn verify_of_client<C: DeserializeOwned + Clone>(
        &self,
        ports: &Ports,
        env: EnvId,
        url: &str,
        now: Time,
        token: &str,
    ) -> Result<Verified<C>, Untrusted> {
        self.verify(ports, env, url, now, |keys| verify_with_keys(token, keys))
            .await
    }
}

/// Decision: keys come over https alone; over plain http only from this very machine, which the
/// guarded way out reaches only when it is told to.
fn acceptable(url: &str) -> Result<Url, Untrusted> {
    let refused = || Untrusted::KeysUnavailable("the URL of the key set is not https".to_owned());
    let url = Url::parse(url).map_err(|_| refused())?;
    is_safe(&url).then_some(url).ok_or_else(refused)
}

/// Whether what is sent to a URL is not sent in the clear: https, or this very machine.
pub fn is_safe(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_local)
}

#[cfg(test)]
mod tests;
