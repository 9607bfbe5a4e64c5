//! What is left of environments and groups that were deleted: of those that were too large for one
//! transaction it goes in slices, so that nobody else waits for it, and what requests wrote into an
//! environment that were under way goes when they have ended
//! (`docs/decisions/0032-deletion-in-slices.md`).

pub mod attributes;
pub mod groups;

use std::time::Duration;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::EnvironmentRemoval;
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Doc, Fault, Key, Precondition, Query};
use countersign_domain::time::Time;

/// Documents that are removed at once: some ten milliseconds of the database's writer.
pub const SLICE: u32 = 1_000;

/// How long after its deletion an environment is looked at for the last time. Requests have an end long
/// before that.
const LAST_LOOK_AFTER: Duration = Duration::from_mins(5);

/// When an environment is looked at for the last time that is empty now.
pub fn last_look(now: Time) -> Time {
    now.plus(LAST_LOOK_AFTER)
}

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
///
/// `is_last`: whether the note of it goes with the rest; else it stays for the last look.
async fn remove_slice(
    store: &dyn Store,
    env: EnvId,
    is_last: bool,
    now: Time,
) -> Result<bool, Fault> {
    let found = slice(store, env, now).await?;
    let has_more = found.is_some();
    // Without the note an environment of this id is a new one.
    let batch = Batch::new().require(Precondition::Present(removal(env)));
    let batch = match found {
        Some(docs) => docs
            .into_iter()
            .fold(batch, |batch, doc| batch.delete(doc.key)),
        // The rest goes at once.
        None if is_last => batch.delete_environment(env).delete(removal(env)),
        None => {
            let note = EnvironmentRemoval {
                environment: Ref::to(env),
                last_at: Some(last_look(now)),
            };
            let note = note.to_doc(EnvId::PLATFORM)?;
            batch.delete_environment(env).put(note)
        }
    };
    match store.commit(batch, now).await {
        Ok(_) => Ok(has_more),
        Err(Fault::Conflict(_)) => Ok(true),
        Err(fault) => Err(fault),
    }
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
    let query = Query {
        index: Some(EnvironmentRemoval::BY_DUE),
        ..Query::all(EnvironmentRemoval::KIND, EnvId::PLATFORM, 2)
    };
    let page = store.list(&query, now).await?;
    let notes = page.docs.iter().map(EnvironmentRemoval::from_doc);
    let mut due: Vec<_> = notes.collect::<Result<_, _>>()?;
    due.retain(|it| it.last_at.is_none_or(|at| at <= now));
    let Some(first) = due.first() else {
        return Ok(false);
    };
    let is_last = first.last_at.is_some();
    let has_more = remove_slice(store, first.environment.id, is_last, now).await?;
    Ok(has_more || due.len() > 1)
}

/// Removes all that is left of an environment, if it was deleted before: for whoever makes one of
/// the same id.
pub async fn clear(store: &dyn Store, env: EnvId, now: Time) -> Result<(), Fault> {
    while store.get(&removal(env), now).await?.is_some() {
        remove_slice(store, env, true, now).await?;
    }
    Ok(())
}

fn removal(env: EnvId) -> Key {
    Key::new(EnvironmentRemoval::KIND, EnvId::PLATFORM, env.to_string())
}
