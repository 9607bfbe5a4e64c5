//! Which groups a user is in: as a direct member, and through nesting.

use std::collections::BTreeSet;

use countersign_domain::entity::Entity;
use countersign_domain::group::{GroupMembership, GroupNesting};
use countersign_domain::ids::{GroupId, UserId};
use countersign_domain::store::Query;

use crate::cx::Cx;
use crate::refusal::Outcome;

/// Most groups of one user that are looked at.
const MOST: usize = 1_000;
/// Most levels of nesting that are followed.
const DEEPEST: usize = 10;

/// The groups of a user, direct and nested; bounded, so that no tangle of groups stalls a sign-on.
///
/// Members by `userFilter` are not among them.
pub async fn of_user(cx: &Cx, user: UserId) -> Outcome<BTreeSet<GroupId>> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
    let by_user = GroupMembership::BY_USER;
    let query = Query::equal(GroupMembership::KIND, env, by_user, user.to_string(), limit);
    let mut found = BTreeSet::new();
    for doc in &store.list(&query, cx.now).await?.docs {
        found.insert(GroupMembership::from_doc(doc)?.group.id);
    }
    let mut level: Vec<GroupId> = found.iter().copied().collect();
    for _ in 0..DEEPEST {
        let mut above = Vec::new();
        for child in level {
            let by_child = GroupNesting::BY_CHILD;
            let query = Query::equal(GroupNesting::KIND, env, by_child, child.to_string(), limit);
            for doc in &store.list(&query, cx.now).await?.docs {
                let parent = GroupNesting::from_doc(doc)?.parent.id;
                if found.len() < MOST && found.insert(parent) {
                    above.push(parent);
                }
            }
        }
        if above.is_empty() {
            break;
        }
        level = above;
    }
    Ok(found)
}
