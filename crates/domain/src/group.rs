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
use crate::store::{IndexEntry, IndexName, Kind};
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
}

impl Entity for Group {
    const KIND: Kind = kinds::GROUP;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let mut entries = vec![IndexEntry {
            name: Self::BY_NAME,
            value: fold(&self.name),
        }];
        if self.user_filter.is_some() {
            entries.push(IndexEntry {
                name: Self::BY_FILTER,
                value: Self::dynamic(self.population.map(|it| it.id)),
            });
        }
        entries
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
}

impl GroupMembership {
    /// Index: user id.
    pub const BY_USER: IndexName = "user";
    /// Index: group id.
    pub const BY_GROUP: IndexName = "group";
}

impl Entity for GroupMembership {
    const KIND: Kind = kinds::GROUP_MEMBERSHIP;
    fn id(&self) -> String {
        format!("{}/{}", self.user.id, self.group.id)
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![
            IndexEntry {
                name: Self::BY_USER,
                value: self.user.id.to_string(),
            },
            IndexEntry {
                name: Self::BY_GROUP,
                value: self.group.id.to_string(),
            },
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
}
