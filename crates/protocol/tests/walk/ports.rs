//! Ports without a real clock, real randomness or real work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::password::hash::{PasswordHash, Scratch};
use countersign_domain::ports::{BoxFuture, Clock, Entropy, Heavy, Ports};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::vault::Vault;
use countersign_store::MemoryStore;
use secrecy::{ExposeSecret, SecretString};

/// Stands until it is set.
pub struct Standing(pub AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed);
            // Whole chunks never repeat; of single bytes, as codes are drawn from, all must come.
            let next = match chunk.len() {
                8 => next,
                _ => next.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            };
            chunk.copy_from_slice(&next.to_be_bytes()[..chunk.len()]);
        }
    }
}

/// Hashes that cost nothing: salted SHA-1, which the server takes from imports.
struct Cheap;

impl Heavy for Cheap {
    fn verify_password(
        &self,
        hash: Option<PasswordHash>,
        password: SecretString,
    ) -> BoxFuture<'_, Result<bool, Fault>> {
        Box::pin(
            async move { Ok(hash.is_some_and(|it| it.verify(&password, &mut Scratch::new()))) },
        )
    }

    fn hash_password(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> BoxFuture<'_, Result<PasswordHash, Fault>> {
        let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        context.update(password.expose_secret().as_bytes());
        context.update(&salt);
        let bytes = [context.finish().as_ref(), &salt[..]].concat();
        let text = format!("{{SSHA}}{}", STANDARD.encode(bytes));
        Box::pin(async move { Ok(text.parse().unwrap()) })
    }
}

/// The ports, and the clock to set.
pub fn ports() -> (Ports, Arc<Standing>) {
    let clock = Arc::new(Standing(AtomicI64::new(1_700_000_000_000)));
    let ports = Ports {
        store: Arc::new(MemoryStore::new()),
        clock: clock.clone(),
        entropy: Arc::new(Counter(AtomicU64::new(1))),
        heavy: Arc::new(Cheap),
        vault: Arc::new(Vault::new([7; 32])),
        fetch: Arc::new(countersign_domain::ports::NoFetch),
        names: Arc::new(countersign_domain::ports::NoNames),
    };
    (ports, clock)
}
