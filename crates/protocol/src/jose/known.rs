//! Tokens of ours whose signature is known to hold: checking one costs more than everything else
//! that is asked about a token (`docs/performance.md`).
//!
//! Only that is remembered. Whether a token is over or revoked, and whether its key, application,
//! session and user are still good, is looked up with every request.

use aws_lc_rs::digest;
use parking_lot::Mutex;

use super::keys::KeyMaterial;
use super::recent::{Mark, Recent};

/// Most tokens of one generation. Two generations are kept, some 5 MiB in all.
const GENERATION: usize = 32 * 1024;

/// Signatures that this process made or checked of late, of all environments.
#[derive(Debug)]
pub struct KnownSignatures(Mutex<Recent<()>>);

impl Default for KnownSignatures {
    fn default() -> Self {
        Self(Mutex::new(Recent::new(GENERATION)))
    }
}

impl KnownSignatures {
    /// Whether the signature of `token` under `key` is known to hold.
    pub(super) fn has(&self, key: &KeyMaterial, token: &str) -> bool {
        self.0.lock().get(&mark(key, token)).is_some()
    }

    /// Notes that it holds.
    pub(super) fn note(&self, key: &KeyMaterial, token: &str) {
        self.0.lock().put(mark(key, token), ());
    }
}

/// SHA-256 of environment, key and token. The whole token: a signature alone could be put below other claims.
fn mark(key: &KeyMaterial, token: &str) -> Mark {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(key.env().uuid().as_bytes());
    context.update(key.fingerprint());
    context.update(token.as_bytes());
    let digest = context.finish();
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}
