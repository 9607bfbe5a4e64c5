//! Memberships in groups that were deleted. Whoever asks which groups somebody is in passes over
//! those that are not there; a group that comes back with its id would have its members again.

use countersign_domain::entity::{self, Entity};
use countersign_domain::group::{GroupMembership, GroupRemoval};
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Fault, Precondition, Query};
use countersign_domain::time::Time;

use super::SLICE;
use crate::configuration;

/// Removes one slice of the memberships of any deleted group; says whether there is more.
pub async fn remove_any(store: &dyn Store, now: Time) -> Result<bool, Fault> {
    let query = Query::all(GroupRemoval::KIND, EnvId::PLATFORM, 1);
    let page = store.list(&query, now).await?;
    let Some(removal) = entity::read::<GroupRemoval>(page.docs.into_iter().next())? else {
        return Ok(false);
    };
    let has_more = remove_slice(store, &removal, now).await?;
    Ok(has_more || page.next.is_some())
}

/// Removes all that is left of the deleted groups of an environment, for whoever may make one of
/// the same id.
pub async fn clear(store: &dyn Store, env: EnvId, now: Time) -> Result<(), Fault> {
    let all = configuration::all::<GroupRemoval>(store, EnvId::PLATFORM, now).await?;
    for removal in all.iter().filter(|it| it.environment.id == env) {
        while remove_slice(store, removal, now).await? {}
    }
    Ok(())
}

/// One slice; says whether there is more.
async fn remove_slice(store: &dyn Store, removal: &GroupRemoval, now: Time) -> Result<bool, Fault> {
    let (env, group) = (removal.environment.id, removal.group.id.to_string());
    let by_group = GroupMembership::BY_GROUP;
    let query = Query::equal(GroupMembership::KIND, env, by_group, group, SLICE);
    let page = store.list(&query, now).await?;
    let note = removal.key(EnvId::PLATFORM);
    let mut batch = Batch::new().require(Precondition::Present(note.clone()));
    for doc in page.docs {
        batch = batch.delete(doc.key);
    }
    if page.next.is_none() {
        batch = batch.delete(note);
    }
    match store.commit(batch, now).await {
        Ok(_) => Ok(page.next.is_some()),
        // Somebody else removed the rest, and the note; what is there now is another group's.
        Err(Fault::Conflict(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}
