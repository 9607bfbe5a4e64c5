//! `/v1/environments/{e}/groups` (`reference/platform.md` 3.8).

pub mod member_of_groups;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::environment::Environment;
use countersign_domain::filter::{Filterable, Operator};
use countersign_domain::group::{Group, GroupMembership, GroupNesting, GroupRemoval};
use countersign_domain::ids::{EnvId, PopulationId};
use countersign_domain::population::Population;
use countersign_domain::reference::{Ref, fold};
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::store::{Batch, Entries, IndexName, Key, Kind, Precondition, Query};
use serde_json::json;

use super::users;
use crate::groups;
use crate::leftovers;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::belongings::Belongings;
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::page::{self, Indexed, PageSize};
use crate::v1::privilege;
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/groups";
const ONE: &str = "/environments/{environment}/groups/{group}";
/// Direct members that are counted; where there are more, the count is left out.
const MAX_COUNTED_DIRECT: u32 = 10_000;
/// The same of all members, who are read one by one.
const MAX_COUNTED: u32 = 1_000;
/// Groups and roles that go with a group, of each at most.
const MAX_OWNED: u32 = 10_000;
/// Most groups of an environment, those of its populations among them.
///
/// Source: `reference/platform.md` 3.8.
/// Decision: one more is refused as what is not possible now; PingOne's answer is not documented.
/// Several at one time may pass the last place together, and the import file is not counted.
const MAX_GROUPS: u32 = 100_000;
/// Largest `customData`, as JSON.
const MAX_CUSTOM_DATA: usize = 16 * 1024;

/// Source: docs.pingidentity.com, "Group roles": a group has roles or a filter, never both.
pub(super) const ROLES_OR_FILTER: &str = "A group with a userFilter cannot have roles";

/// `/environments/{e}/groups`
pub const RESOURCE: Resource = Resource {
    name: "groups",
    endpoints: &[
        Endpoint::get(ALL, "groups:read", noun::list::<Group>).narrow(Narrow::Population),
        Endpoint::post(ALL, "groups:create", noun::create::<Group>).narrow(Narrow::Population),
        Endpoint::get(ONE, "groups:read", noun::read::<Group>).narrow(Narrow::Population),
        Endpoint::put(ONE, "groups:update", noun::replace::<Group>).narrow(Narrow::Population),
        Endpoint::delete(ONE, "groups:delete", noun::remove::<Group>).narrow(Narrow::Population),
    ],
};

/// What is a group's.
#[derive(Default)]
struct Owned {
    belongings: Belongings,
    /// Whether memberships are left that go later, in slices.
    leaves_members: bool,
    /// Whether there is more than goes at once, and not of memberships.
    is_too_large: bool,
}

/// What judging a change takes.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts {
    has_population: bool,
    /// Whether a group on the other side, of the environment or of a population, has the name.
    clashes: bool,
    /// What goes with a group that goes.
    owned: Owned,
    /// Whether there is no place for one more.
    is_full: bool,
    /// Whether there is no place for one more with a filter.
    is_dynamic_full: bool,
    /// Whether it has roles.
    has_roles: bool,
}

impl Noun for Group {
    const PLURAL: &'static str = "groups";
    const PARAMETER: &'static str = "group";
    const READ_ONLY: &'static [&'static str] = &[
        "displayName",
        "directMemberCounts",
        "totalMemberCounts",
        "sourceId",
        "sourceType",
    ];
    const FIXED: &'static [&'static str] = &["population"];
    const IS_CONFIGURATION: bool = false;
    const PAGE: Option<PageSize> = Some(PageSize::of(1_000));
    const INDEXED: &'static [Indexed] = &[Indexed {
        attribute: "name",
        index: Self::BY_NAME,
        then: None,
    }];
    type Facts = Facts;

    fn filterable(_call: &Call<'_>) -> Vec<Filterable> {
        const EQ: &[Operator] = &[Operator::Eq];
        const TEXT: &[Operator] = &[Operator::Eq, Operator::Sw];
        vec![
            Filterable::new("id", EQ),
            Filterable::new("name", TEXT),
            Filterable::new("population.id", EQ),
            Filterable::new("externalId", EQ),
        ]
    }

    /// Decision: a role for a population reaches the groups of that population.
    fn is_visible(&self, call: &Call<'_>) -> bool {
        match self.population {
            Some(population) => call.reach.has_population(population.id),
            None => call.reach.everywhere,
        }
    }

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        // A group never moves; one of the environment cannot be put into a population either.
        if before.is_some_and(|it| it.population.is_none()) {
            body.remove("population");
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts::default();
        if let Some(before) = change.before() {
            privilege::over_group(call, before.id).await?;
            let subject = RoleSubject::Group(Ref::to(before.id));
            facts.has_roles = !privilege::assignments(call, subject).await?.is_empty();
        }
        if let Some(after) = change.after() {
            facts.has_population = match after.population {
                Some(population) => call.load::<Population>(population.id).await?.is_some(),
                None => true,
            };
            facts.clashes = clashes(call, after).await?;
            let had_filter = change.before().is_some_and(|it| it.user_filter.is_some());
            if after.user_filter.is_some() && !had_filter {
                let filed = Self::dynamic(after.population.map(|it| it.id));
                let most = groups::MOST_DYNAMIC;
                let all = Query::equal(Self::KIND, call.env, Self::BY_FILTER, filed, most);
                facts.is_dynamic_full = call.store().count(&all).await? >= most;
            }
        }
        if let Change::Create(_) = change {
            let all = Query::all(Self::KIND, call.env, MAX_GROUPS);
            facts.is_full = call.store().count(&all).await? >= MAX_GROUPS;
        }
        if let Change::Remove(before) = change {
            facts.owned = owned(call, before).await?;
        }
        Ok(facts)
    }

    fn judge(call: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        if facts.owned.is_too_large {
            let message = "The group has too many groups to be deleted at once";
            let misfit = Misfit::constraint("", message);
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        if let Some(after) = change.after() {
            let before = change.before().and_then(|it| it.user_filter.as_ref());
            check(call, after, before, &facts)?;
            if facts.has_roles && after.user_filter.is_some() && before.is_none() {
                let misfit = Misfit::constraint("userFilter", ROLES_OR_FILTER);
                return Err(Refusal::Unfit(vec![misfit]).because(ROLES_OR_FILTER).into());
            }
        }
        if facts.is_dynamic_full {
            let most = groups::MOST_DYNAMIC;
            let message = format!("an environment or population may have {most} dynamic groups");
            let misfit = Misfit::constraint("userFilter", message.clone());
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        if facts.is_full {
            let message = format!("an environment may have {MAX_GROUPS} groups");
            let misfit = Misfit::constraint("", message.clone());
            return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
        }
        let mut batch = facts.owned.belongings.go(Batch::new());
        if let Some(after) = change.after() {
            batch = batch.and(alone(call, after, change.before().map(|it| &it.value)));
        }
        if let (Change::Remove(before), true) = (&change, facts.owned.leaves_members) {
            let removal = GroupRemoval {
                environment: Ref::to(call.env),
                group: Ref::to(before.id),
            };
            batch = batch.put(removal.to_doc(EnvId::PLATFORM)?);
        }
        Ok(batch)
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        object.insert("displayName".into(), json!(self.name));
        if !call.text("group").is_empty() {
            let index = GroupMembership::BY_GROUP;
            let id = self.id.to_string();
            let most = MAX_COUNTED_DIRECT + 1;
            let query = Query::equal(GroupMembership::KIND, call.env, index, id, most);
            let count = call.store().count(&query).await?;
            if count <= MAX_COUNTED_DIRECT {
                object.insert("directMemberCounts".into(), json!({ "users": count }));
            }
            if call.asks_for("include", "totalMemberCounts")
                && let Some(count) = groups::count(call.cx, self, MAX_COUNTED).await?
            {
                object.insert("totalMemberCounts".into(), json!({ "users": count }));
            }
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("memberOfGroups", format!("{own}/memberOfGroups"));
        links.add("roleAssignments", format!("{own}/roleAssignments"));
    }
}

fn check(
    call: &Call<'_>,
    group: &Group,
    former_filter: Option<&String>,
    facts: &Facts,
) -> Result<(), Refused> {
    let mut check = Check::new();
    check.length("name", &group.name, 1, 256);
    check.length_of("description", group.description.as_ref(), 0, 2_048);
    check.length_of("externalId", group.external_id.as_ref(), 1, 1_024);
    check.expect(facts.has_population, || {
        Misfit::invalid("population.id", "no population has this id")
    });
    check.expect(!facts.clashes, || Misfit::taken("name"));
    let data = group.custom_data.as_ref();
    let size = data.map_or(0, |it| json!(it).to_string().len());
    check.expect(size <= MAX_CUSTOM_DATA, || {
        Misfit::new(
            crate::misfit::Fit::TooLong,
            "customData",
            "is larger than 16 KB",
        )
    });
    check.finish()?;
    // What it asks for may be gone, and then nobody has it: see `pointing.rs`.
    let changed = group.user_filter.as_ref();
    if let Some(filter) = changed.filter(|it| former_filter != Some(*it)) {
        page::parse_filter(filter, &users::filterable(call), "userFilter")?;
    }
    Ok(())
}

/// Source: `reference/platform.md` 3.8: groups of populations may not clash with those of the
/// environment.
async fn clashes(call: &Call<'_>, group: &Group) -> Outcome<bool> {
    let name = fold(&group.name);
    let query = Query::equal(Group::KIND, call.env, Group::BY_NAME, name, 1_000);
    let docs = call.store().list(&query, call.now()).await?.docs;
    let is_of = |other: &Group| -> Option<PopulationId> { other.population.map(|it| it.id) };
    for doc in &docs {
        let other = Group::from_doc(doc)?;
        let on_one_side = is_of(&other).is_none() != is_of(group).is_none();
        if other.id != group.id && on_one_side {
            return Ok(true);
        }
    }
    Ok(false)
}

/// That nobody takes the name on the other side at the same moment, and nobody gives a role to a
/// group that gets a filter. Names of the environment and of populations are told apart by the
/// environment's document: whoever takes one of the environment's has it for themselves, others share
/// it.
fn alone(call: &Call<'_>, after: &Group, before: Option<&Group>) -> Batch {
    let mut batch = Batch::new();
    if before.is_none_or(|it| fold(&it.name) != fold(&after.name)) {
        let is_of_population = after.population.is_some();
        let taken = Group::side_entry(!is_of_population, &after.name);
        batch = batch.leaves_none(Entries::equal(Group::KIND, call.env, Group::BY_SIDE, taken));
        let environment = Key::new(Environment::KIND, EnvId::PLATFORM, call.env.to_string());
        batch = if is_of_population {
            batch.resting_on([environment])
        } else {
            batch.require(Precondition::Present(environment))
        };
    }
    if after.user_filter.is_some() && before.is_some_and(|it| it.user_filter.is_none()) {
        let subject = RoleSubject::Group(Ref::to(after.id)).index_value();
        let (kind, index) = (RoleAssignment::KIND, RoleAssignment::BY_SUBJECT);
        batch = batch.leaves_none(Entries::equal(kind, call.env, index, subject));
    }
    batch
}

/// Memberships, nestings and roles of a group.
async fn owned(call: &Call<'_>, group: &Stored<Group>) -> Outcome<Owned> {
    let id = group.id.to_string();
    let subject = RoleSubject::Group(Ref::to(group.id)).index_value();
    let mut owned = Owned::default();
    let filed: [(Kind, IndexName, &str); 3] = [
        (GroupNesting::KIND, GroupNesting::BY_CHILD, &id),
        (GroupNesting::KIND, GroupNesting::BY_PARENT, &id),
        (RoleAssignment::KIND, RoleAssignment::BY_SUBJECT, &subject),
    ];
    for (kind, index, value) in filed {
        let entries = Entries::equal(kind, call.env, index, value);
        let is_all = owned.belongings.take(call, entries, MAX_OWNED).await?;
        owned.is_too_large |= !is_all;
    }
    let (kind, index) = (GroupMembership::KIND, GroupMembership::BY_GROUP);
    let entries = Entries::equal(kind, call.env, index, id);
    let is_all = owned
        .belongings
        .take(call, entries, leftovers::SLICE)
        .await?;
    owned.leaves_members = !is_all;
    Ok(owned)
}
