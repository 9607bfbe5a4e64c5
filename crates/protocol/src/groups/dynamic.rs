//! Groups whose members a `userFilter` decides.
//!
//! Decision: a filter on `memberOfGroups` sees nothing here: groups that depend on groups by
//! filters could depend on themselves.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use countersign_domain::entity::Entity;
use countersign_domain::filter::{self, Filter};
use countersign_domain::group::Group;
use countersign_domain::ids::{GroupId, PopulationId};
use countersign_domain::store::Query;
use serde_json::Value;

use crate::cx::Cx;
use crate::refusal::Outcome;

/// Most groups with a `userFilter` of an environment, and of each of its populations: every sign-on
/// that groups matter to asks all of them.
pub const MOST_DYNAMIC: u32 = 1_000;

/// Most bytes of text whose filters are kept: those of a thousand long ones.
const MOST_TEXT: u64 = 8 * 1024 * 1024;

/// Filters of all environments of the process by their text: parsing one costs more than answering it.
pub struct ParsedFilters(moka::sync::Cache<String, Arc<Filter>>);

impl Default for ParsedFilters {
    fn default() -> Self {
        let weigh = |text: &String, _: &Arc<Filter>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let cache = moka::sync::Cache::builder().weigher(weigh);
        Self(cache.max_capacity(MOST_TEXT).build())
    }
}

impl ParsedFilters {
    /// The filter of a text, if it is one.
    fn of(&self, text: &str) -> Option<Arc<Filter>> {
        if let Some(known) = self.0.get(text) {
            return Some(known);
        }
        let parsed = Arc::new(filter::parse(text).ok()?);
        self.0.insert(text.to_owned(), Arc::clone(&parsed));
        Some(parsed)
    }
}

type Filters = Vec<(GroupId, Arc<Filter>)>;

/// The groups with filters of an environment and of its populations, read at first use: for one
/// request, however many users it looks at.
#[derive(Default)]
pub struct Dynamic(HashMap<Option<PopulationId>, Filters>);

impl Dynamic {
    /// The groups whose filter a user passes, as filters see them
    /// ([`as_filtered`](super::as_filtered)).
    pub async fn fitting(&mut self, cx: &Cx, user: &Value) -> Outcome<Vec<GroupId>> {
        let mut found = Vec::new();
        for place in places(user) {
            let fits = |it: &&(GroupId, Arc<Filter>)| filter::matches(&it.1, user);
            let filters = self.of(cx, place).await?;
            found.extend(filters.iter().filter(fits).map(|(group, _)| *group));
        }
        Ok(found)
    }

    /// How many comparisons that took at most.
    pub fn comparisons(&self, user: &Value) -> usize {
        let places = places(user).into_iter();
        let filters = places.filter_map(|place| self.0.get(&place)).flatten();
        filters.map(|(_, filter)| filter.comparisons()).sum()
    }

    async fn of(&mut self, cx: &Cx, place: Option<PopulationId>) -> Outcome<&Filters> {
        Ok(match self.0.entry(place) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(read(cx, place).await?),
        })
    }
}

/// Where the groups are that somebody may be in: in the environment, and in their population.
fn places(user: &Value) -> [Option<PopulationId>; 2] {
    let population = user.pointer("/population/id").and_then(Value::as_str);
    [None, population.and_then(|it| it.parse().ok())]
}

async fn read(cx: &Cx, place: Option<PopulationId>) -> Outcome<Filters> {
    let filed = Group::dynamic(place);
    let env = cx.env_id();
    let query = Query::equal(Group::KIND, env, Group::BY_FILTER, filed, MOST_DYNAMIC);
    let mut filters = Vec::new();
    for doc in &cx.ports.store.list(&query, cx.now).await?.docs {
        let group = Group::from_doc(doc)?;
        // Its members are in its population, wherever it is filed.
        if group.population.map(|it| it.id) != place {
            continue;
        }
        let text = group.user_filter.as_deref();
        let filter = text.and_then(|text| cx.env.parsed_filters.of(text));
        filters.extend(filter.map(|filter| (group.id, filter)));
    }
    Ok(filters)
}
