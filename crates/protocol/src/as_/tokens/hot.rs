//! Access tokens that were presented of late, taken apart: clients ask about the same token again
//! and again, and reading its claims, its session and its user is most of what an answer costs
//! (`docs/performance.md`).
//!
//! Whether the token is over or revoked, and whether its key, application, session and user are still
//! there, is looked up with every request; documents that differ from those that were read are read
//! again. Only then an answer that was made before is given again: introspection's, which says what
//! the token says, and userinfo's, which follows from the token, the user and the configuration.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;
use countersign_domain::ids::EnvId;
use countersign_domain::session::Session;
use countersign_domain::store::{Doc, Seq};
use countersign_domain::user::User;
use parking_lot::Mutex;
use serde_json::{Map, Value};

use super::claims::user_value;
use super::presented::AccessClaims;
use crate::jose::keys::Fingerprint;

/// Most tokens that are kept: some 16 MiB with large users. Those that come often stay.
const MOST: u64 = 4 * 1024;

/// Longest token that is kept, in bytes: few are longer, and they would make much of so little.
const LONGEST: usize = 16 * 1024;

/// SHA-256 of a token.
type Mark = [u8; 32];

/// A token as it came. Nothing is known of it but, perhaps, that it was believed before.
pub struct Bearer<'a> {
    /// The token.
    pub text: &'a str,
    /// What it is known by: the whole of it, since a signature alone could be put below other claims.
    mark: Mark,
}

/// Tokens of all environments of the process.
pub struct HotTokens(moka::sync::Cache<Mark, Arc<Seen>>);

/// A token whose signature holds.
pub struct Seen {
    /// The environment whose key it is.
    pub env: EnvId,
    /// The key that signed it.
    pub signer: Fingerprint,
    /// The claims that decisions rest on.
    pub claims: AccessClaims,
    /// All of them.
    pub all: Map<String, Value>,
    /// What introspection answers while the token is alive.
    introspection: OnceLock<Arc<str>>,
    /// What userinfo answered, and to what.
    userinfo: Mutex<Option<Told>>,
    /// Session and user as they were at the last look.
    signed_on: Mutex<Option<Arc<SignedOn>>>,
}

/// An answer of userinfo.
struct Told {
    signed_on: Arc<SignedOn>,
    configuration: Seq,
    text: Arc<str>,
}

/// A living session and its user, who is enabled.
pub struct SignedOn {
    session_doc: Doc,
    user_doc: Doc,
    /// The session.
    pub session: Session,
    /// The user.
    pub user: User,
    json: OnceLock<Value>,
}

impl Default for HotTokens {
    fn default() -> Self {
        Self(moka::sync::Cache::new(MOST))
    }
}

impl HotTokens {
    /// What is known of a token.
    pub fn get(&self, token: &Bearer<'_>) -> Option<Arc<Seen>> {
        self.0.get(&token.mark)
    }

    /// Remembers a token, unless it is a long one.
    pub fn put(&self, token: &Bearer<'_>, seen: &Arc<Seen>) {
        if token.text.len() <= LONGEST {
            self.0.insert(token.mark, Arc::clone(seen));
        }
    }
}

impl<'a> Bearer<'a> {
    /// Of a token.
    pub fn of(text: &'a str) -> Self {
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let mark = digest.as_ref().first_chunk().copied().unwrap_or_default();
        Self { text, mark }
    }
}

impl Seen {
    /// Of a token whose signature was just checked.
    pub fn new(
        env: EnvId,
        signer: Fingerprint,
        claims: AccessClaims,
        all: Map<String, Value>,
    ) -> Self {
        Self {
            env,
            signer,
            claims,
            all,
            introspection: OnceLock::new(),
            userinfo: Mutex::new(None),
            signed_on: Mutex::new(None),
        }
    }

    /// What introspection answers while the token is alive. JSON.
    pub fn introspection(&self, made: impl FnOnce() -> String) -> Arc<str> {
        Arc::clone(self.introspection.get_or_init(|| made().into()))
    }

    /// What userinfo answered before, if user and configuration are still what they were. JSON.
    pub fn userinfo(&self, signed_on: &Arc<SignedOn>, configuration: Seq) -> Option<Arc<str>> {
        let told = self.userinfo.lock();
        let told = told.as_ref()?;
        let is_same =
            Arc::ptr_eq(&told.signed_on, signed_on) && told.configuration == configuration;
        is_same.then(|| Arc::clone(&told.text))
    }

    /// Remembers what userinfo answers.
    pub fn tell(&self, signed_on: &Arc<SignedOn>, configuration: Seq, text: &Arc<str>) {
        *self.userinfo.lock() = Some(Told {
            signed_on: Arc::clone(signed_on),
            configuration,
            text: Arc::clone(text),
        });
    }

    /// Session and user as they were at the last look.
    pub fn last(&self) -> Option<Arc<SignedOn>> {
        self.signed_on.lock().clone()
    }

    /// Remembers session and user for the next look.
    pub fn remember(&self, signed_on: &Arc<SignedOn>) {
        *self.signed_on.lock() = Some(Arc::clone(signed_on));
    }
}

impl SignedOn {
    /// Of two documents and what they say.
    pub fn new(session: (Doc, Session), user: (Doc, User)) -> Self {
        Self {
            session_doc: session.0,
            session: session.1,
            user_doc: user.0,
            user: user.1,
            json: OnceLock::new(),
        }
    }

    /// Whether these are the documents that it was read from.
    pub fn is_of(&self, session: &Doc, user: &Doc) -> bool {
        self.session_doc == *session && self.user_doc == *user
    }

    /// The user as mappings see them, without groups.
    pub fn user_json(&self) -> &Value {
        self.json.get_or_init(|| user_value(&self.user, None))
    }
}
