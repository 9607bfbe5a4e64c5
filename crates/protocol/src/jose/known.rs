//! Tokens of ours whose signature is known to hold: checking one costs more than everything else
//! that is asked about a token (`docs/performance.md`).
//!
//! Only that is remembered. Whether a token is over or revoked, and whether its key, application,
//! session and user are still good, is looked up with every request.

use std::collections::HashSet;

use aws_lc_rs::digest;
use parking_lot::Mutex;

use super::keys::KeyMaterial;

/// Most tokens of one generation. Two generations are kept, some 5 MiB in all.
const GENERATION: usize = 32 * 1024;

/// SHA-256 of environment, key and token.
type Mark = [u8; 32];

/// Signatures that this process made or checked of late, of all environments.
#[derive(Debug, Default)]
pub struct KnownSignatures(Mutex<Generations>);

/// What is not asked about for a whole generation is forgotten with it.
#[derive(Debug, Default)]
struct Generations {
    young: HashSet<Mark>,
    old: HashSet<Mark>,
}

impl KnownSignatures {
    /// Whether the signature of `token` under `key` is known to hold.
    pub(super) fn has(&self, key: &KeyMaterial, token: &str) -> bool {
        let mark = mark(key, token);
        let mut known = self.0.lock();
        if known.young.contains(&mark) {
            return true;
        }
        if known.old.contains(&mark) {
            known.insert(mark);
            return true;
        }
        false
    }

    /// Notes that it holds.
    pub(super) fn note(&self, key: &KeyMaterial, token: &str) {
        let mark = mark(key, token);
        self.0.lock().insert(mark);
    }
}

impl Generations {
    fn insert(&mut self, mark: Mark) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(mark);
    }
}

/// The whole token: a signature alone could be put below other claims.
fn mark(key: &KeyMaterial, token: &str) -> Mark {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(key.env().uuid().as_bytes());
    context.update(key.fingerprint());
    context.update(token.as_bytes());
    let digest = context.finish();
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(number: usize) -> Mark {
        let mut mark = Mark::default();
        mark[..8].copy_from_slice(&number.to_be_bytes());
        mark
    }

    #[test]
    fn no_more_than_two_generations_are_kept() {
        let mut known = Generations::default();
        for number in 0..=GENERATION * 3 {
            known.insert(numbered(number));
        }
        assert_eq!((known.young.len(), known.old.len()), (1, GENERATION));
        assert!(!known.old.contains(&numbered(0)));
    }
}
