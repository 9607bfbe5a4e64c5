//! The hashing pool, with a count: equal effort is shown by counting, not by timing.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_domain::password::hash::PasswordHash;
use countersign_domain::ports::{BoxFuture, Heavy};
use countersign_domain::store::Fault;
use countersign_server::heavy::HeavyPool;
use secrecy::SecretString;

/// Counts what it passes on.
#[derive(Default)]
pub struct CountingHeavy {
    pool: HeavyPool,
    verified: AtomicU64,
    imported: AtomicU64,
    hashed: AtomicU64,
}

impl CountingHeavy {
    /// Passwords verified so far, those of unknown people included.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::SeqCst)
    }

    /// Those of them that were compared with a hash of another make than ours.
    pub fn imported(&self) -> u64 {
        self.imported.load(Ordering::SeqCst)
    }

    /// Passwords hashed so far.
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::SeqCst)
    }
}

impl Heavy for CountingHeavy {
    fn verify_password(
        &self,
        hash: Option<PasswordHash>,
        password: SecretString,
    ) -> BoxFuture<'_, Result<bool, Fault>> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        let is_imported = hash.as_ref().is_some_and(PasswordHash::is_outdated);
        self.imported
            .fetch_add(u64::from(is_imported), Ordering::SeqCst);
        self.pool.verify_password(hash, password)
    }

    fn hash_password(
        &self,
        password: SecretString,
        salt: [u8; 16],
    ) -> BoxFuture<'_, Result<PasswordHash, Fault>> {
        self.hashed.fetch_add(1, Ordering::SeqCst);
        self.pool.hash_password(password, salt)
    }
}
