//! What is left of environments and groups that were deleted and were too large for one transaction:
//! it goes in slices, so that nobody else waits for it (`docs/decisions/0032-deletion-in-slices.md`).

pub mod attributes;
pub mod groups;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::EnvironmentRemoval;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Doc, Fault, Key, Query};
use countersign_domain::time::Time;

/// Documents that are removed at once: some ten milliseconds of the database's writer.
pub const SLICE: u32 = 1_000;

/// Whether an environment has more than should go at once.
pub async fn is_large(store: &dyn Store, env: EnvId, now: Time) -> Result<bool, Fault> {
    Ok(slice(store, env, now).await?.is_some())
}

/// Documents of the first kind of which there is more than a slice.
async fn slice(store: &dyn Store, env: EnvId, now: Time) -> Result<Option<Vec<Doc>>, Fault> {
    for kind in kinds::ALL {
        let page = store.list(&Query::all(*kind, env, SLICE), now).await?;
        if page.next.is_some() {
            return Ok(Some(page.docs));
        }
    }
    Ok(None)
}

/// Removes one slice of what is left of a deleted environment; says whether there is more.
pub async fn remove_slice(store: &dyn Store, env: EnvId, now: Time) -> Result<bool, Fault> {
    let found = slice(store, env, now).await?;
    let has_more = found.is_some();
    let batch = match found {
        Some(docs) => docs
            .into_iter()
            .fold(Batch::new(), |batch, doc| batch.delete(doc.key)),
        // The rest goes at once, and with it the note of it.
        None => Batch::new().delete_environment(env).delete(removal(env)),
    };
    store.commit(batch, now).await?;
    Ok(has_more)
}

/// Removes one slice of what anybody deleted; says whether there is more. What cannot be removed of
/// the one does not hold up the other.
pub async fn remove_any(store: &dyn Store, now: Time) -> Result<bool, Fault> {
    let values = attributes::remove_any(store, now).await;
    let memberships = groups::remove_any(store, now).await;
    let environments = remove_any_environment(store, now).await;
    Ok(values? | memberships? | environments?)
}

async fn remove_any_environment(store: &dyn Store, now: Time) -> Result<bool, Fault> {
    let query = Query::all(EnvironmentRemoval::KIND, EnvId::PLATFORM, 1);
    let page = store.list(&query, now).await?;
    let Some(doc) = page.docs.first() else {
        return Ok(false);
    };
    let env = EnvironmentRemoval::from_doc(doc)?.environment.id;
    let has_more = remove_slice(store, env, now).await?;
    Ok(has_more || page.next.is_some())
}

/// Removes all that is left of an environment, if it was deleted before: for whoever makes one of
/// the same id.
pub async fn clear(store: &dyn Store, env: EnvId, now: Time) -> Result<(), Fault> {
    if store.get(&removal(env), now).await?.is_some() {
        while remove_slice(store, env, now).await? {}
    }
    Ok(())
}

fn removal(env: EnvId) -> Key {
    Key::new(EnvironmentRemoval::KIND, EnvId::PLATFORM, env.to_string())
}
