//! How many sessions a user has at once.

use countersign_domain::entity::Entity;
use countersign_domain::ids::UserId;
use countersign_domain::session::Session;
use countersign_domain::store::{Fault, Key, Query, Range};

use crate::cx::Cx;

/// Most sessions of a user that live at once.
/// Source: `reference/flows.md` 16.
const MAX_SESSIONS: usize = 10;

/// Most sessions of a user that are looked at. More than [`MAX_SESSIONS`] live only when several
/// began at the same moment.
const MAX_SESSIONS_READ: u32 = 100;

/// A user's sessions, newest first.
pub async fn of_user(cx: &Cx, user: UserId) -> Result<Vec<Key>, Fault> {
    let query = Query {
        index: Some(Session::BY_USER),
        range: Range::Prefix(Session::of_user(user)),
        ..Query::all(Session::KIND, cx.env_id(), MAX_SESSIONS_READ)
    };
    let page = cx.ports.store.list(&query, cx.now).await?;
    Ok(page.docs.into_iter().map(|doc| doc.key).collect())
}

/// The oldest sessions, when there are too many beside the one that is written. Their tokens end
/// with them.
///
/// Source: `reference/rulings.md` 8.
pub fn surplus<'a>(sessions: &'a [Key], written: &'a Key) -> impl Iterator<Item = &'a Key> {
    let others = sessions.iter().filter(move |key| *key != written);
    others.skip(MAX_SESSIONS - 1)
}
