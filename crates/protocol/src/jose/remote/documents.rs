//! Documents that others publish, fetched when they are needed and kept for a while.

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::{BoxFuture, Fetch, Ports};
use countersign_domain::time::Time;
use futures_util::FutureExt;
use futures_util::future::Shared;
use parking_lot::Mutex;
use url::Url;

/// A kind of document.
pub trait Document: Send + Sync + Sized + 'static {
    /// What it is called when it is not there.
    const NAME: &'static str;

    /// Reads one.
    fn parse(text: &str) -> Option<Self>;
}

/// Largest document that is taken, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Documents of a kind kept in one process.
const MAX_DOCUMENTS: u64 = 4_000;
/// How long a document is used without asking for it again.
const FRESH: Duration = Duration::from_hours(1);
/// How long it is used while its server does not answer.
const STALE: Duration = Duration::from_hours(6);
/// Between two calls for the same document.
const PAUSE: Duration = Duration::from_mins(1);
/// Between two calls when there is no document at all.
const RETRY: Duration = Duration::from_secs(10);
/// A call that nobody has waited for that long is given up for a new one.
const ABANDONED: Duration = Duration::from_secs(10);

/// The documents of a kind that were fetched, by environment and URL.
pub struct Documents<T>(moka::sync::Cache<(EnvId, Url), Arc<Mutex<Entry<T>>>>);

impl<T: Document> Default for Documents<T> {
    fn default() -> Self {
        Self(moka::sync::Cache::new(MAX_DOCUMENTS))
    }
}

type Outcome<T> = Result<Arc<T>, Arc<str>>;
type Call<T> = Shared<BoxFuture<'static, Outcome<T>>>;

struct Entry<T> {
    have: Option<(Arc<T>, Time)>,
    /// The call under way and its beginning.
    pending: Option<(Call<T>, Time)>,
    /// When the last call began, and why it brought nothing.
    tried: Option<Time>,
    failure: Option<Arc<str>>,
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self {
            have: None,
            pending: None,
            tried: None,
            failure: None,
        }
    }
}

enum Step<T> {
    Take(Arc<T>, Time),
    Give(Arc<str>),
    Wait(Call<T>, Time),
}

impl<T: Document> Entry<T> {
    /// What to do for somebody who needs the document, one from after `newer_than` if possible.
    fn step(
        &mut self,
        fetch: &Arc<dyn Fetch>,
        url: &Url,
        newer_than: Option<Time>,
        now: Time,
    ) -> Step<T> {
        let newer = |at: Time| newer_than.is_none_or(|limit| at > limit);
        if let Some((have, at)) = &self.have
            && newer(*at)
            && now.since(*at) < FRESH
        {
            return Step::Take(Arc::clone(have), *at);
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
    fn at_hand(&self, now: Time) -> Step<T> {
        match (&self.have, &self.failure) {
            (Some((have, at)), _) if now.since(*at) < STALE => Step::Take(Arc::clone(have), *at),
            (_, Some(why)) => Step::Give(Arc::clone(why)),
            (_, None) => Step::Give(format!("the {} was asked for a moment ago", T::NAME).into()),
        }
    }

    fn answered(&mut self, outcome: Outcome<T>, began: Time) {
        if self.pending.as_ref().is_none_or(|(_, at)| *at != began) {
            return;
        }
        self.pending = None;
        match outcome {
            Ok(document) => {
                self.have = Some((document, began));
                self.failure = None;
            }
            Err(why) => self.failure = Some(why),
        }
    }
}

impl<T: Document> Documents<T> {
    /// The document at `url` and from when it is, or why there is none.
    pub async fn get(
        &self,
        ports: &Ports,
        env: EnvId,
        url: &Url,
        newer_than: Option<Time>,
        now: Time,
    ) -> Result<(Arc<T>, Time), Arc<str>> {
        let entry = self
            .0
            .get_with((env, url.clone()), Arc::<Mutex<Entry<T>>>::default);
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
            Step::Take(document, at) => Ok((document, at)),
            Step::Give(why) => Err(why),
            Step::Wait(..) => Err(format!("the {} is being fetched", T::NAME).into()),
        }
    }
}

async fn call<T: Document>(fetch: Arc<dyn Fetch>, url: Url) -> Outcome<T> {
    let fetched = fetch
        .get(&url, MAX_BYTES)
        .await
        .map_err(|error| Arc::from(format!("the {} cannot be fetched: {error}", T::NAME)))?;
    if fetched.status != 200 {
        let why = format!("the server of the {} answered {}", T::NAME, fetched.status);
        return Err(why.into());
    }
    let text = std::str::from_utf8(&fetched.body).unwrap_or_default();
    let read = T::parse(text).map(Arc::new);
    read.ok_or_else(|| format!("what was fetched is not a {}", T::NAME).into())
}
