//! Keys that somebody else publishes: `jwksUrl` of an application, `jwksEndpoint` of an identity
//! provider.
//!
//! A set is fetched once and kept for an hour. A token that names a key which is not in it has it
//! fetched anew, but not more than once a minute, so that made-up key ids do not become calls to
//! somebody's server. However many requests want a set, one call is under way; it goes on from
//! where it was when the request that began it is gone.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Fetch, Ports};
use countersign_domain::time::Time;
use futures_util::FutureExt;
use futures_util::future::Shared;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::client::{KeySet, verify_with_keys};
use super::verify::{Untrusted, Verified};

/// Largest document that is taken, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Sets kept in one process.
const MAX_SETS: u64 = 4_000;
/// How long a set is used without asking for it again.
const FRESH: Duration = Duration::from_hours(1);
/// How long it is used while its server does not answer.
const STALE: Duration = Duration::from_hours(6);
/// Between two calls for the same set.
const PAUSE: Duration = Duration::from_mins(1);
/// Between two calls when there is no set at all.
const RETRY: Duration = Duration::from_secs(10);
/// A call that nobody has waited for that long is given up for a new one.
const ABANDONED: Duration = Duration::from_secs(10);

/// The sets that were fetched, by environment and URL.
pub struct RemoteKeys {
    sets: moka::sync::Cache<(EnvId, Url), Arc<Mutex<Entry>>>,
}

impl Default for RemoteKeys {
    fn default() -> Self {
        Self {
            sets: moka::sync::Cache::new(MAX_SETS),
        }
    }
}

type Outcome = Result<Arc<KeySet>, Arc<str>>;
type Call = Shared<BoxFuture<'static, Outcome>>;

#[derive(Default)]
struct Entry {
    have: Option<(Arc<KeySet>, Time)>,
    /// The call under way and its beginning.
    pending: Option<(Call, Time)>,
    /// When the last call began, and why it brought nothing.
    tried: Option<Time>,
    failure: Option<Arc<str>>,
}

enum Step {
    Take(Arc<KeySet>, Time),
    Give(Arc<str>),
    Wait(Call, Time),
}

impl Entry {
    /// What to do for somebody who needs a set, one from after `newer_than` if possible.
    fn step(
        &mut self,
        fetch: &Arc<dyn Fetch>,
        url: &Url,
        newer_than: Option<Time>,
        now: Time,
    ) -> Step {
        let newer = |at: Time| newer_than.is_none_or(|limit| at > limit);
        if let Some((keys, at)) = &self.have
            && newer(*at)
            && now.since(*at) < FRESH
        {
            return Step::Take(Arc::clone(keys), *at);
        }
        if let Some((call, began)) = &self.pending
            && now.since(*began) < ABANDONED
        {
            return Step::Wait(call.clone(), *began);
        }
        let pause = if self.have.is_some() { PAUSE } else { RETRY };
        if self.tried.is_some_and(|tried| now.since(tried) < pause) {
            return self.at_hand(now);
        }
        let call = call(Arc::clone(fetch), url.clone()).boxed().shared();
        self.pending = Some((call.clone(), now));
        self.tried = Some(now);
        Step::Wait(call, now)
    }

    /// What there is without a call.
    fn at_hand(&self, now: Time) -> Step {
        match (&self.have, &self.failure) {
            (Some((keys, at)), _) if now.since(*at) < STALE => Step::Take(Arc::clone(keys), *at),
            (_, Some(why)) => Step::Give(Arc::clone(why)),
            (_, None) => Step::Give("the key set was asked for a moment ago".into()),
        }
    }

    fn answered(&mut self, outcome: Outcome, began: Time) {
        if self.pending.as_ref().is_none_or(|(_, at)| *at != began) {
            return;
        }
        self.pending = None;
        match outcome {
            Ok(keys) => {
                self.have = Some((keys, began));
                self.failure = None;
            }
            Err(why) => self.failure = Some(why),
        }
    }
}

impl RemoteKeys {
    /// The set at `url`, and from when it is.
    async fn get(
        &self,
        ports: &Ports,
        env: EnvId,
        url: &Url,
        newer_than: Option<Time>,
        now: Time,
    ) -> Result<(Arc<KeySet>, Time), Untrusted> {
        let entry = self
            .sets
            .get_with((env, url.clone()), Arc::<Mutex<Entry>>::default);
        let step = entry.lock().step(&ports.fetch, url, newer_than, now);
        let step = match step {
            Step::Wait(call, began) => {
                let outcome = call.await;
                let mut entry = entry.lock();
                entry.answered(outcome, began);
                entry.at_hand(now)
            }
            other => other,
        };
        match step {
            Step::Take(keys, at) => Ok((keys, at)),
            Step::Give(why) => Err(Untrusted::KeysUnavailable(why.to_string())),
            Step::Wait(..) => Err(Untrusted::UnknownKey),
        }
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
        let (keys, at) = self.get(ports, env, &url, None, now).await?;
        let found = verify(&keys);
        if !matches!(found, Err(Untrusted::UnknownKey)) {
            return found;
        }
        match self.get(ports, env, &url, Some(at), now).await {
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

async fn call(fetch: Arc<dyn Fetch>, url: Url) -> Outcome {
    let fetched = fetch
        .get(&url, MAX_BYTES)
        .await
        .map_err(|error| Arc::from(format!("the key set cannot be fetched: {error}")))?;
    if fetched.status != 200 {
        let why = format!("the server of the key set answered {}", fetched.status);
        return Err(why.into());
    }
    let text = std::str::from_utf8(&fetched.body).unwrap_or_default();
    let keys = KeySet::parse(text).ok_or("what was fetched is not a key set")?;
    Ok(Arc::new(keys))
}

#[cfg(test)]
mod tests;
