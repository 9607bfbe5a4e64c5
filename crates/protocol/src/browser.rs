//! What a browser carries: the `ST` cookie (`reference/flows.md` 8.1, `oidc.md` 14.4).
//!
//! Before a person is known the cookie holds an *anonymous token*: random bytes and a MAC by this
//! server, so that several tabs share one and a planted value is recognised, all without a write.
//! When a session begins the cookie gets a *session token*, of which the store knows only the hash.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::{Entropy, Ports};
use countersign_domain::store::Fault;

/// Value of the `ST` cookie. Its text goes to the browser and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserToken(String);

impl std::fmt::Debug for BrowserToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserToken(..)")
    }
}

const ANONYMOUS: &str = "a.";
const SESSION: &str = "s.";
/// Longest cookie value that is looked at.
const MAX_LEN: usize = 256;

impl BrowserToken {
    /// A cookie value as it came, if it can be one of ours at all.
    pub fn from_cookie(value: &str) -> Option<Self> {
        (value.len() <= MAX_LEN && (value.starts_with(ANONYMOUS) || value.starts_with(SESSION)))
            .then(|| Self(value.to_owned()))
    }

    /// A fresh session token.
    pub fn new_session(entropy: &dyn Entropy) -> Self {
        Self(format!("{SESSION}{}", secret(entropy)))
    }

    /// A fresh anonymous token for a browser in `env`.
    pub fn new_anonymous(ports: &Ports, env: EnvId) -> Result<Self, Fault> {
        let random = secret(&*ports.entropy);
        let tag = hmac::sign(
            &ports.vault.mac_key("anonymous browser", env)?,
            random.as_bytes(),
        );
        Ok(Self(format!(
            "{ANONYMOUS}{random}.{}",
            URL_SAFE_NO_PAD.encode(tag)
        )))
    }

    /// Whether this is an anonymous token that this server gave out for `env`. A planted cookie is
    /// not, and is ignored (`threats.md` 25).
    pub fn is_our_anonymous(&self, ports: &Ports, env: EnvId) -> Result<bool, Fault> {
        let Some((random, tag)) = self
            .0
            .strip_prefix(ANONYMOUS)
            .and_then(|t| t.split_once('.'))
        else {
            return Ok(false);
        };
        let Ok(tag) = URL_SAFE_NO_PAD.decode(tag) else {
            return Ok(false);
        };
        let key = ports.vault.mac_key("anonymous browser", env)?;
        Ok(hmac::verify(&key, random.as_bytes(), &tag).is_ok())
    }

    /// Whether it claims to be a session token; only a look-up of its hash tells.
    pub fn is_session(&self) -> bool {
        self.0.starts_with(SESSION)
    }

    /// What is stored of it.
    pub fn hash(&self) -> String {
        hash(&self.0)
    }

    /// What scripts of this origin may know of it: changes whenever the token does, and leads back
    /// to nothing (`reference/oidc.md` 14.5).
    pub fn browser_state(&self) -> String {
        hash(&format!("browser state of {}", self.0))
    }

    /// The text for the cookie.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// 256 random bits in base64url: for codes, tokens and cookies.
pub fn secret(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256 in base64url: what the store keeps of a bearer secret. Looking up by it needs no
/// constant-time comparison, and a stolen database holds nothing to present.
pub fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}
