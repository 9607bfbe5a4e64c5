//! Which groups a user is in: as a direct member, by a group's `userFilter`, and through nesting.

mod dynamic;

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::entity::{self, Entity};
use countersign_domain::group::{Group, GroupMembership, GroupNesting, Memberships};
use countersign_domain::ids::{GroupId, SignOnPolicyId, UserId};
use countersign_domain::policy::conditions::Condition;
use countersign_domain::store::{Fault, IndexName, Key, Query};
use countersign_domain::user::User;
use serde_json::Value;

use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::refusal::Outcome;

pub use dynamic::{Dynamic, MOST_DYNAMIC, ParsedFilters};

/// Most groups of one user that are looked at, at whatever level.
const MOST: usize = 1_000;

/// Groups that a walk found, and whether it found all there are.
pub struct Found {
    /// The groups.
    pub groups: BTreeSet<GroupId>,
    /// Whether there are no more.
    pub is_all: bool,
}

/// The groups of a user, direct, by filter and nested; bounded, so that no tangle of groups stalls a
/// sign-on.
pub async fn of_user(cx: &Cx, user: UserId) -> Outcome<BTreeSet<GroupId>> {
    let mut found = direct(cx, user).await?;
    found.groups.extend(by_filter(cx, user).await?);
    Ok(with_above(cx, found).await?.groups)
}

/// The same of one of several users, who is there as filters see them.
pub async fn of_one(
    cx: &Cx,
    user: UserId,
    json: &Value,
    dynamic: &mut Dynamic,
) -> Outcome<BTreeSet<GroupId>> {
    let mut found = direct(cx, user).await?;
    found.groups.extend(dynamic.fitting(cx, json).await?);
    Ok(with_above(cx, found).await?.groups)
}

/// The groups whose roles a user has: those that somebody put the user into, and those above them.
///
/// Decision: roles count for no member by filter, nor do those of what such a group is nested in.
/// Else whoever writes an attribute that a filter looks at would give roles, be it their own.
pub async fn with_roles(cx: &Cx, user: UserId) -> Outcome<Found> {
    let found = direct(cx, user).await?;
    with_above(cx, found).await
}

/// The groups that a user was put into and that are there: memberships outlive a large group for a
/// while (`leftovers/groups.rs`).
async fn direct(cx: &Cx, user: UserId) -> Outcome<Found> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
    let by_user = GroupMembership::BY_USER;
    let query = Query::equal(GroupMembership::KIND, env, by_user, user.to_string(), limit);
    let page = store.list(&query, cx.now).await?;
    let memberships = page.docs.iter().map(GroupMembership::from_doc);
    let ids = memberships.map(|it| Ok(it?.group.id));
    let ids = ids.collect::<Result<Vec<GroupId>, Fault>>()?;
    let keys = ids
        .iter()
        .map(|id| Key::new(Group::KIND, env, id.to_string()));
    let keys: Vec<Key> = keys.collect();
    let there = if keys.is_empty() {
        Vec::new()
    } else {
        store.get_all(&keys, cx.now).await?
    };
    let ids = ids.into_iter().zip(there);
    Ok(Found {
        groups: ids.filter_map(|(id, group)| group.map(|_| id)).collect(),
        is_all: page.next.is_none(),
    })
}

async fn with_above(cx: &Cx, mut found: Found) -> Outcome<Found> {
    let above = above(cx, found.groups.iter().copied()).await?;
    found.groups.extend(above.groups);
    found.is_all &= above.is_all;
    Ok(found)
}

/// The same with their names, by name; nothing is read unless it is wanted and somebody is there.
pub async fn named(cx: &Cx, is_wanted: bool, user: Option<UserId>) -> Outcome<Option<Memberships>> {
    let Some(user) = user.filter(|_| is_wanted) else {
        return Ok(None);
    };
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let mut all = Vec::new();
    for id in of_user(cx, user).await? {
        if let Some(group) = entity::load::<Group>(store, env, id.to_string(), cx.now).await? {
            all.push((id, group.value.name));
        }
    }
    all.sort_by(|(_, one), (_, other)| one.cmp(other));
    Ok(Some(Memberships(all)))
}

/// Whether tokens of an application may name groups: whether any mapping asks for them.
pub fn are_mapped(cx: &Cx, view: &ApplicationView) -> bool {
    let mut resources = cx.env.resources.iter().flat_map(|view| &view.attributes);
    view.attributes.iter().any(|it| it.asks_for_groups) || resources.any(|it| it.asks_for_groups)
}

/// Whether a walk over these policies may ask which groups somebody is in.
pub fn are_asked_for(cx: &Cx, policies: &[SignOnPolicyId]) -> bool {
    let views = policies.iter().filter_map(|id| cx.env.policy(*id));
    let mut rules = views.flat_map(|view| &view.actions);
    rules.any(|action| {
        let rule = action.condition.as_ref();
        rule.is_some_and(Condition::asks_for_groups)
    })
}

/// The groups that some groups are nested in, at any level; bounded likewise.
pub async fn above(cx: &Cx, groups: impl IntoIterator<Item = GroupId>) -> Outcome<Found> {
    let parent = |it: GroupNesting| it.parent.id;
    nested(cx, groups, GroupNesting::BY_CHILD, parent).await
}

/// Groups, and what each of them is nested in directly.
pub type Above = BTreeMap<GroupId, BTreeSet<GroupId>>;

/// A group and those that it is nested in, at any level; bounded likewise.
pub async fn steps_above(cx: &Cx, group: GroupId) -> Outcome<Above> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
    let mut found = Above::new();
    let mut next = vec![group];
    while let Some(group) = next.pop() {
        if found.contains_key(&group) || found.len() > MOST {
            continue;
        }
        let (kind, index) = (GroupNesting::KIND, GroupNesting::BY_CHILD);
        let query = Query::equal(kind, env, index, group.to_string(), limit);
        let mut parents = BTreeSet::new();
        for doc in &store.list(&query, cx.now).await?.docs {
            parents.insert(GroupNesting::from_doc(doc)?.parent.id);
        }
        next.extend(&parents);
        found.insert(group, parents);
    }
    Ok(found)
}

/// Groups that nestings lead to, level by level, however many levels there are.
async fn nested(
    cx: &Cx,
    groups: impl IntoIterator<Item = GroupId>,
    index: IndexName,
    end: impl Fn(GroupNesting) -> GroupId,
) -> Outcome<Found> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let limit = u32::try_from(MOST).unwrap_or(u32::MAX);
    let mut found = BTreeSet::new();
    let mut is_all = true;
    let mut level: Vec<GroupId> = groups.into_iter().collect();
    while !level.is_empty() {
        let mut next = Vec::new();
        for group in level {
            let query = Query::equal(GroupNesting::KIND, env, index, group.to_string(), limit);
            let page = store.list(&query, cx.now).await?;
            is_all &= page.next.is_none();
            for doc in &page.docs {
                let other = end(GroupNesting::from_doc(doc)?);
                if found.len() >= MOST {
                    is_all &= found.contains(&other);
                } else if found.insert(other) {
                    next.push(other);
                }
            }
        }
        level = next;
    }
    Ok(Found {
        groups: found,
        is_all,
    })
}

/// How many users are members of a group, directly or by a group in it, each counted once. `None`
/// where there are more than `most`, or where a filter decides: then everybody would be looked at.
pub async fn count(cx: &Cx, group: &Group, most: u32) -> Outcome<Option<usize>> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let child = |it: GroupNesting| it.child.id;
    let below = nested(cx, [group.id], GroupNesting::BY_PARENT, child).await?;
    let mut all = below.groups;
    all.insert(group.id);
    let mut users = BTreeSet::new();
    for id in all {
        let group = entity::load::<Group>(store, env, id.to_string(), cx.now).await?;
        if group.is_some_and(|it| it.user_filter.is_some()) {
            return Ok(None);
        }
        let by_group = GroupMembership::BY_GROUP;
        let query = Query::equal(GroupMembership::KIND, env, by_group, id.to_string(), most);
        let page = store.list(&query, cx.now).await?;
        for doc in &page.docs {
            users.insert(GroupMembership::from_doc(doc)?.user.id);
        }
        if page.next.is_some() || users.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            return Ok(None);
        }
    }
    Ok(Some(users.len()))
}

/// The groups whose `userFilter` a user passes.
async fn by_filter(cx: &Cx, user: UserId) -> Outcome<Vec<GroupId>> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let Some(user) = entity::load::<User>(store, env, user.to_string(), cx.now).await? else {
        return Ok(Vec::new());
    };
    let mut dynamic = Dynamic::default();
    dynamic.fitting(cx, &as_filtered(&user.value)).await
}

/// A user as filters see them: attributes that the environment adds are members among the others.
pub fn as_filtered(user: &User) -> Value {
    let mut json = serde_json::to_value(user).unwrap_or_default();
    lift_custom(&mut json);
    json
}

/// The same for a user's JSON as it is stored.
pub fn lift_custom(user: &mut Value) {
    if let Value::Object(object) = user
        && let Some(Value::Object(mut custom)) = object.remove("custom")
    {
        object.append(&mut custom);
    }
}
