//! Values of attributes that an environment had and deleted. Users know attributes by name alone,
//! so an attribute of the same name waits until the values of the former one are gone: it would
//! inherit them.

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::EnvId;
use countersign_domain::ports::Store;
use countersign_domain::schema::AttributeRemoval;
use countersign_domain::store::{Batch, Cursor, Fault, Key, Precondition, Query};
use countersign_domain::time::Time;
use countersign_domain::user::User;

/// Users who are looked at at once. Writing one takes longer than removing one.
pub const SLICE: u32 = 500;
/// Slices that whoever makes an attribute of the name removes at most: some 10,000 users.
const SLICES: usize = 20;

/// The note that says that values are left.
pub fn note(env: EnvId, name: &str) -> Key {
    AttributeRemoval::new(env, name).key(EnvId::PLATFORM)
}

/// Removes one slice of the values of any deleted attribute; says whether there is more.
pub async fn remove_any(store: &dyn Store, now: Time) -> Result<bool, Fault> {
    let query = Query::all(AttributeRemoval::KIND, EnvId::PLATFORM, 1);
    let page = store.list(&query, now).await?;
    let Some(removal) = entity::read::<AttributeRemoval>(page.docs.into_iter().next())? else {
        return Ok(false);
    };
    let has_more = remove_slice(store, removal, now).await?;
    Ok(has_more || page.next.is_some())
}

/// Removes what is left of the values of an attribute, for whoever makes one of the same name; says
/// whether nothing is left. Where there are very many users, the rest is left to the job.
pub async fn clear(store: &dyn Store, env: EnvId, name: &str, now: Time) -> Result<bool, Fault> {
    for _ in 0..SLICES {
        let id = AttributeRemoval::new(env, name).id();
        let Some(removal) = entity::load(store, EnvId::PLATFORM, id, now).await? else {
            return Ok(true);
        };
        if !remove_slice(store, removal, now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One slice; says whether there is more. Where somebody else wrote meanwhile, there is.
async fn remove_slice(
    store: &dyn Store,
    removal: Stored<AttributeRemoval>,
    now: Time,
) -> Result<bool, Fault> {
    let Stored {
        value: mut removal,
        version,
    } = removal;
    let env = removal.environment.id;
    let mut query = Query::all(User::KIND, env, SLICE);
    query.after = removal.after.take().map(|id| Cursor {
        value: String::new(),
        id,
    });
    let page = store.list(&query, now).await?;
    let mut batch = Batch::new();
    for doc in &page.docs {
        let mut user = User::from_doc(doc)?;
        if user.custom.remove(&removal.name).is_some() {
            user.unique_custom.retain(|name| *name != removal.name);
            batch = batch.update(env, &user, doc.version)?;
        }
    }
    let has_more = page.next.is_some();
    let batch = if let Some(next) = page.next {
        removal.after = Some(next.id);
        batch.update(EnvId::PLATFORM, &removal, version)?
    } else {
        let key = removal.key(EnvId::PLATFORM);
        let require = Precondition::Version(key.clone(), version);
        batch.require(require).delete(key)
    };
    match store.commit(batch, now).await {
        Ok(_) => Ok(has_more),
        Err(Fault::Conflict(_)) => Ok(true),
        Err(fault) => Err(fault),
    }
}
