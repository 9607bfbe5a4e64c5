//! `/v1/environments/{e}/groups` and memberships (`reference/platform.md` 3.8).
//!
//! The management API writes these; access control of applications and claims read them, through
//! `protocol/src/groups.rs`. A membership and a nesting are documents of their own, so that a group
//! of a million is never rewritten.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, GroupId, PopulationId, UserId};
use crate::reference::{Ref, fold};
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// The groups of somebody, direct, by filter and nested, with their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Memberships(pub Vec<(GroupId, String)>);

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique among the groups of the environment, or of its population.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The population whose users may be members; without one, all may. Never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Ref<PopulationId>>,
    /// Its id elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Whoever passes this filter is a member. Kept as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_filter: Option<String>,
    /// Whatever its administrators want to keep with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_data: Option<Map<String, Value>>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Group {
    /// Unique: population id or nothing, `/`, folded name.
    pub const UNIQUE_NAME: IndexName = "name";
    /// Index: folded name.
    pub const BY_NAME: IndexName = "name";
    /// Index: groups with a `userFilter`, see [`Group::dynamic`].
    pub const BY_FILTER: IndexName = "filter";
    /// Index: [`Group::side_entry`].
    pub const BY_SIDE: IndexName = "side";
    /// Index: population id; without one, nothing.
    pub const BY_POPULATION: IndexName = "population";

    /// Under what groups with a `userFilter` are filed: those of the environment together, and those of
    /// each population, whose members are in it.
    pub fn dynamic(population: Option<PopulationId>) -> String {
        match population {
            None => "dynamic".to_owned(),
            Some(population) => format!("dynamic/{population}"),
        }
    }

    /// The value of [`Group::UNIQUE_NAME`].
    pub fn name_entry(population: Option<PopulationId>, name: &str) -> String {
        let within = population.map(|id| id.to_string()).unwrap_or_default();
        format!("{within}/{}", fold(name))
    }

    /// The value of [`Group::BY_SIDE`]: whether it is one of the environment or of a population, which
    /// may not clash with each other, `/`, folded name.
    pub fn side_entry(is_of_population: bool, name: &str) -> String {
        let side = if is_of_population { "p" } else { "e" };
        format!("{side}/{}", fold(name))
    }
}

impl Entity for Group {
    const KIND: Kind = kinds::GROUP;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let entry = |name, value| IndexEntry { name, value };
        let side = Self::side_entry(self.population.is_some(), &self.name);
        let mut entries = vec![
            entry(Self::BY_NAME, fold(&self.name)),
            entry(Self::BY_SIDE, side),
        ];
        if self.user_filter.is_some() {
            let filed = Self::dynamic(self.population.map(|it| it.id));
            entries.push(entry(Self::BY_FILTER, filed));
        }
        if let Some(population) = self.population {
            entries.push(entry(Self::BY_POPULATION, population.id.to_string()));
        }
        entries
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let population = self.population.iter();
        let key = |it: &Ref<PopulationId>| Key::new(kinds::POPULATION, env, it.id.to_string());
        population.map(key).collect()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let population = self.population.map(|population| population.id);
        vec![(Self::UNIQUE_NAME, Self::name_entry(population, &self.name))]
    }
}

/// A user is a direct member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupMembership {
    /// Who.
    pub user: Ref<UserId>,
    /// Of which group.
    pub group: Ref<GroupId>,
    /// The population of the group, if it is of one: whoever leaves that leaves the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Ref<PopulationId>>,
}

impl GroupMembership {
    /// Index: user id.
    pub const BY_USER: IndexName = "user";
    /// Index: group id.
    pub const BY_GROUP: IndexName = "group";
    /// Index: [`GroupMembership::within`], in groups of a population.
    pub const BY_USER_WITHIN: IndexName = "within";

    /// That a user is in a group.
    pub const fn of(user: UserId, group: &Group) -> Self {
        Self {
            user: Ref::to(user),
            group: Ref::to(group.id),
            population: group.population,
        }
    }

    /// The id of a user's membership of a group.
    pub fn id_of(user: UserId, group: GroupId) -> String {
        format!("{user}/{group}")
    }

    /// The value of [`GroupMembership::BY_USER_WITHIN`].
    pub fn within(user: UserId, population: PopulationId) -> String {
        format!("{user}/{population}")
    }
}

impl Entity for GroupMembership {
    const KIND: Kind = kinds::GROUP_MEMBERSHIP;
    fn id(&self) -> String {
        Self::id_of(self.user.id, self.group.id)
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let entry = |name, value| IndexEntry { name, value };
        let mut entries = vec![
            entry(Self::BY_USER, self.user.id.to_string()),
            entry(Self::BY_GROUP, self.group.id.to_string()),
        ];
        if let Some(population) = self.population {
            let within = Self::within(self.user.id, population.id);
            entries.push(entry(Self::BY_USER_WITHIN, within));
        }
        entries
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![
            Key::new(kinds::USER, env, self.user.id.to_string()),
            Key::new(kinds::GROUP, env, self.group.id.to_string()),
        ]
    }
}

/// A group that was deleted. Memberships in it go slice by slice, and count nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRemoval {
    /// Where it was.
    pub environment: Ref<EnvId>,
    /// Which one it was.
    pub group: Ref<GroupId>,
}

impl Entity for GroupRemoval {
    const KIND: Kind = kinds::GROUP_REMOVAL;
    fn id(&self) -> String {
        format!("{}/{}", self.environment.id, self.group.id)
    }
}

/// Members of one group are members of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupNesting {
    /// Whose members.
    pub child: Ref<GroupId>,
    /// Where they are members, too.
    pub parent: Ref<GroupId>,
}

impl GroupNesting {
    /// Index: id of the child.
    pub const BY_CHILD: IndexName = "child";
    /// Index: id of the parent.
    pub const BY_PARENT: IndexName = "parent";
}

impl Entity for GroupNesting {
    const KIND: Kind = kinds::GROUP_NESTING;
    fn id(&self) -> String {
        format!("{}/{}", self.child.id, self.parent.id)
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![
            IndexEntry {
                name: Self::BY_CHILD,
                value: self.child.id.to_string(),
            },
            IndexEntry {
                name: Self::BY_PARENT,
                value: self.parent.id.to_string(),
            },
        ]
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let ends = [self.child.id, self.parent.id];
        let key = |id: GroupId| Key::new(kinds::GROUP, env, id.to_string());
        ends.map(key).to_vec()
    }
}
