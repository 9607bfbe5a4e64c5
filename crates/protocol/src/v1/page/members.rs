//! Users of a group: found by their memberships, not by asking every user.

use countersign_domain::entity::Entity;
use countersign_domain::filter::{Filter, Operator};
use countersign_domain::group::{Group, GroupMembership, GroupNesting};
use countersign_domain::ids::GroupId;
use countersign_domain::store::{Cursor, Doc, Key, Query};
use countersign_domain::user::User;

use crate::refusal::Outcome;
use crate::v1::call::Call;

/// The walk over the members of the group that a filter asks for, where all of them are direct ones.
/// Who is in it by a `userFilter`, or by another group, has no membership to be found by.
pub(super) async fn walk(call: &Call<'_>, filter: &Filter) -> Outcome<Option<Query>> {
    let Some(group) = demanded(filter) else {
        return Ok(None);
    };
    let stored = call.load::<Group>(group).await?;
    if stored.is_some_and(|it| it.user_filter.is_some()) {
        return Ok(None);
    }
    let (env, id) = (call.env, group.to_string());
    let nested = Query::equal(GroupNesting::KIND, env, GroupNesting::BY_PARENT, &*id, 1);
    if !call
        .store()
        .list(&nested, call.now())
        .await?
        .docs
        .is_empty()
    {
        return Ok(None);
    }
    let members = Query::equal(GroupMembership::KIND, env, GroupMembership::BY_GROUP, id, 1);
    Ok(Some(members))
}

/// The group of which everybody is a member who fits.
fn demanded(filter: &Filter) -> Option<GroupId> {
    match filter {
        Filter::And(parts) => parts.iter().find_map(demanded),
        Filter::Member { attribute, filter } if attribute == "memberOfGroups" => {
            let Filter::Compare(it) = &**filter else {
                return None;
            };
            let is_one = it.attribute == "id" && it.operator == Operator::Eq;
            it.value.as_str().filter(|_| is_one)?.parse().ok()
        }
        Filter::Or(_) | Filter::Not(_) | Filter::Compare(_) | Filter::Member { .. } => None,
    }
}

/// The users of memberships, each with its position on the walk.
pub(super) async fn users(
    call: &Call<'_>,
    memberships: Vec<Doc>,
) -> Outcome<Vec<(Option<Cursor>, Doc)>> {
    let mut users = Vec::with_capacity(memberships.len());
    for doc in memberships {
        let membership = GroupMembership::from_doc(&doc)?;
        let key = Key::new(User::KIND, call.env, membership.user.id.to_string());
        if let Some(user) = call.store().get(&key, call.now()).await? {
            let position = Cursor {
                value: membership.group.id.to_string(),
                id: doc.key.id,
            };
            users.push((Some(position), user));
        }
    }
    Ok(users)
}
