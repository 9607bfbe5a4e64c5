//! What the rules need from outside: storage, time, randomness, slow hashing, outgoing calls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use secrecy::SecretString;

use crate::ids::EnvId;
use crate::password::hash::PasswordHash;
use crate::store::{
    Batch, Changes, Committed, Doc, Event, Fault, Health, Key, Page, Query, Seq, Unique,
};
use crate::time::Time;

/// A boxed future, so that ports can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Storage (style 6.3). Reads take `now`: what has expired is invisible before it is swept.
pub trait Store: Send + Sync + 'static {
    /// The live document under a key.
    fn get<'a>(&'a self, key: &'a Key, now: Time) -> BoxFuture<'a, Result<Option<Doc>, Fault>>;

    /// The live documents under several keys, in their order, for what one document would cost and
    /// a little more.
    fn get_all<'a>(
        &'a self,
        keys: &'a [Key],
        now: Time,
    ) -> BoxFuture<'a, Result<Vec<Option<Doc>>, Fault>>;

    /// The live document that holds a unique value.
    fn get_by<'a>(
        &'a self,
        unique: &'a Unique,
        now: Time,
    ) -> BoxFuture<'a, Result<Option<Doc>, Fault>>;

    /// One page of live documents.
    fn list<'a>(&'a self, query: &'a Query, now: Time) -> BoxFuture<'a, Result<Page, Fault>>;

    /// How many documents a query finds, as far as its limit: for what a walk along the index costs,
    /// without reading a document. One that has expired counts until it is swept.
    fn count<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<u32, Fault>>;

    /// Writes a batch: all of it, durably, or nothing.
    fn commit(&self, batch: Batch, now: Time) -> BoxFuture<'_, Result<Committed, Fault>>;

    /// Removes at most `max` expired documents; says which.
    fn sweep(&self, now: Time, max: u32) -> BoxFuture<'_, Result<Vec<Key>, Fault>>;

    /// Configuration changes after `since`: of all environments, or of `env` alone (one lookup by
    /// key, cheap enough for every request).
    fn changes(&self, since: Seq, env: Option<EnvId>) -> BoxFuture<'_, Result<Changes, Fault>>;

    /// Removes at most `max` events of an environment that are older than `before`; says how many it
    /// removed.
    fn forget(&self, env: EnvId, before: Time, max: u32) -> BoxFuture<'_, Result<u32, Fault>>;

    /// Appends audit events; durable once it returns.
    fn append(&self, events: Vec<Event>) -> BoxFuture<'_, Result<(), Fault>>;

    /// A page of events of an environment with `from <= at < to`, oldest first, after `after`.
    fn events<'a>(
        &'a self,
        env: EnvId,
        from: Time,
        to: Time,
        after: Option<&'a str>,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Event>, Fault>>;

    /// Whether the database answers, and what it is.
    fn health(&self) -> BoxFuture<'_, Result<Health, Fault>>;
}

/// The wall clock. Read once per request; rules get `now` as an argument.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Time;
}

/// The only source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the slice with unpredictable bytes.
    fn fill(&self, out: &mut [u8]);
}

/// Work too slow for an async thread, on a bounded pool with a bounded queue.
pub trait Heavy: Send + Sync + 'static {
    /// Checks a password. With `None` it spends the same effort on nothing and answers `false`, so
    /// that an unknown user takes as long as a known one (`threats.md` 22, 34).
    /// Fails with [`Fault::Overloaded`] when the queue is full.
    fn verify_password(
        &self,
        hash: Option<PasswordHash>,
        password: SecretString,
    ) -> BoxFuture<'_, Result<bool, Fault>>;

    /// Runs a slow piece of work, such as making a key. Same fault. Whoever has no pool works on
    /// the spot.
    fn work(&self, job: Box<dyn FnOnce() + Send>) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(async move {
            job();
            Ok(())
        })
    }

    /// Hashes a new password with the current parameters. Same fault.
    fn hash_password(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> BoxFuture<'_, Result<PasswordHash, Fault>>;
}

/// The ports, as handed to everything that gathers facts.
#[derive(Clone)]
pub struct Ports {
    /// Where documents live.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Slow hashing.
    pub heavy: Arc<dyn Heavy>,
    /// Secrets at rest.
    pub vault: Arc<crate::vault::Vault>,
    /// Calls to URLs that someone outside chose.
    pub fetch: Arc<dyn Fetch>,
    /// What the DNS says.
    pub names: Arc<dyn Names>,
}

/// The DNS, as far as a custom domain is proved with it.
pub trait Names: Send + Sync + 'static {
    /// What a name is an alias for (its CNAME record): in small letters, without a last dot.
    fn alias<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<String>, NamesError>>;
}

/// Why the DNS did not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// There is no such name.
    #[error("no such name")]
    NoSuchName,
    /// Nobody answered, or not in a way that can be read. Inward text only.
    #[error("{0}")]
    Failed(String),
}

/// The DNS where nobody asks: for commands that work on the database alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNames;

impl Names for NoNames {
    fn alias<'a>(&'a self, _name: &'a str) -> BoxFuture<'a, Result<Option<String>, NamesError>> {
        let nobody = NamesError::Failed("names are not looked up here".to_owned());
        Box::pin(std::future::ready(Err(nobody)))
    }
}

/// Calls to URLs that someone outside chose. Whoever implements it decides which addresses may be
/// reached and connects to exactly the address it checked (`threats.md` 35).
pub trait Fetch: Send + Sync + 'static {
    /// Makes one call. Redirects are answers, not followed.
    fn send<'a>(&'a self, call: Outgoing<'a>) -> BoxFuture<'a, Result<Fetched, FetchError>>;

    /// Gets a document of at most `max_bytes` bytes.
    fn get<'a>(
        &'a self,
        url: &'a url::Url,
        max_bytes: usize,
    ) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        self.send(Outgoing::get(url, max_bytes))
    }
}

/// A call to somebody else's server.
pub struct Outgoing<'a> {
    /// Where to.
    pub url: &'a url::Url,
    /// Headers besides those of HTTP itself. Values may be credentials, so they are never shown.
    pub headers: Vec<(&'a str, SecretString)>,
    /// The body and its type; with one the call is a POST, without a GET.
    pub body: Option<(&'a str, SecretString)>,
    /// Most bytes of an answer that are taken.
    pub max_bytes: usize,
    /// Whether the status is all that matters: however the body ends, the call was answered.
    pub is_for_the_status: bool,
    /// Whether the other side may have any certificate. An administrator said so.
    pub trusts_any_certificate: bool,
}

impl<'a> Outgoing<'a> {
    /// A GET.
    pub const fn get(url: &'a url::Url, max_bytes: usize) -> Self {
        Self {
            url,
            headers: Vec::new(),
            body: None,
            max_bytes,
            is_for_the_status: false,
            trusts_any_certificate: false,
        }
    }

    /// A POST of a body that is text.
    pub fn post(
        url: &'a url::Url,
        content_type: &'a str,
        body: impl Into<SecretString>,
        max_bytes: usize,
    ) -> Self {
        Self {
            body: Some((content_type, body.into())),
            ..Self::get(url, max_bytes)
        }
    }

    /// The status is all that matters.
    #[must_use]
    pub const fn for_the_status(mut self) -> Self {
        self.is_for_the_status = true;
        self
    }

    /// Whoever answers is believed to be the one that was called.
    #[must_use]
    pub const fn trusting_any_certificate(mut self) -> Self {
        self.trusts_any_certificate = true;
        self
    }

    /// With another header.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: impl Into<SecretString>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// The way out where there is none: for commands that work on the database alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFetch;

impl Fetch for NoFetch {
    fn send<'a>(&'a self, _call: Outgoing<'a>) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        Box::pin(std::future::ready(Err(FetchError::Refused(
            "nothing is fetched here",
        ))))
    }
}

/// What came back, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The HTTP status code.
    pub status: u16,
    /// The `Content-Type`, if it is readable text.
    pub content_type: Option<String>,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL or every address behind it is off limits.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// It took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The body is larger than the caller wants.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// Name resolution, connection, TLS or HTTP failed. Inward text only.
    #[error("{0}")]
    Failed(String),
}
