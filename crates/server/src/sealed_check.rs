//! Recognises a wrong master key at start, before the first secret fails to open.
//!
//! The first start seals a known text into the database; every later start opens it.

use anyhow::{Context, bail};
use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_domain::store::{Batch, Doc, Fault, Key, Precondition};
use countersign_domain::vault::Sealed;

const TEXT: &[u8] = b"countersign";

fn key() -> Key {
    Key::new(kinds::MASTER_KEY_CHECK, EnvId::PLATFORM, "check")
}

/// Fails if the database was sealed with another master key; seals it if it never was.
pub async fn check_master_key(ports: &Ports) -> anyhow::Result<()> {
    if let Some(sealed) = find(ports).await? {
        return open(ports, &sealed);
    }
    let key = key();
    let sealed = ports.vault.seal(&key, TEXT, &*ports.entropy)?;
    let doc = Doc::new(key.clone(), serde_json::to_string(&sealed)?);
    let batch = Batch::new().require(Precondition::Absent(key)).put(doc);
    match ports.store.commit(batch, ports.clock.now()).await {
        Ok(_) => Ok(()),
        Err(Fault::Conflict(_)) => {
            // Another process was first.
            let sealed = find(ports).await?.context("the master key check is gone")?;
            open(ports, &sealed)
        }
        Err(fault) => Err(fault).context("cannot write to the database"),
    }
}

async fn find(ports: &Ports) -> anyhow::Result<Option<Sealed>> {
    let doc = ports
        .store
        .get(&key(), ports.clock.now())
        .await
        .context("cannot read the database")?;
    doc.map(|doc| serde_json::from_str(&doc.body).context("the master key check is damaged"))
        .transpose()
}

fn open(ports: &Ports, sealed: &Sealed) -> anyhow::Result<()> {
    if ports.vault.open(&key(), sealed).is_err() {
        bail!(
            "this is not the master key that the database was sealed with: name the file or key \
             that was used when the database was made"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use countersign_domain::vault::Vault;
    use countersign_store::MemoryStore;

    use super::*;
    use crate::heavy::HeavyPool;
    use crate::ports::{SystemClock, SystemEntropy};

    #[tokio::test]
    async fn a_wrong_master_key_is_recognised() {
        let mut ports = Ports {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            heavy: Arc::new(HeavyPool::default()),
            vault: Arc::new(Vault::new([1; 32])),
            fetch: Arc::new(countersign_domain::ports::NoFetch),
            names: Arc::new(countersign_domain::ports::NoNames),
        };
        check_master_key(&ports).await.unwrap();
        check_master_key(&ports).await.unwrap();
        ports.vault = Arc::new(Vault::new([2; 32]));
        assert!(check_master_key(&ports).await.is_err());
    }
}
