//! Which indexes answer a filter, so that it costs as much among a million as among a thousand.

use countersign_domain::filter::{self, Filter, Operator};
use countersign_domain::reference::fold;
use countersign_domain::store::{IndexEntry, IndexName, Query, Range};
use serde_json::Value;

/// An attribute that an index finds. The index holds folded text; ids are that as they are.
#[derive(Debug, Clone, Copy)]
pub struct Indexed {
    /// The attribute in filters.
    pub attribute: &'static str,
    /// The index.
    pub index: IndexName,
    /// Where very many share a value: the attribute by which they are told apart. The index holds
    /// both, with `/` between them.
    pub then: Option<&'static str>,
}

/// A part of a list: one stretch of one index. Several of them answer "either of".
pub(super) struct Walk<'f> {
    pub query: Query,
    /// Whether it is shorter than the list by far, however long that is.
    pub is_narrow: bool,
    /// What was on the walks before: documents that fit one of these.
    before: &'f [Filter],
}

impl Walk<'_> {
    /// A walk that is all there is.
    pub(super) fn only(query: Query, is_narrow: bool) -> Vec<Self> {
        vec![Self {
            query,
            is_narrow,
            before: &[],
        }]
    }

    /// Whether a document was on a walk before this one.
    pub(super) fn repeats(&self, json: &Value) -> bool {
        self.before.iter().any(|it| filter::matches(it, json))
    }
}

/// How well an index narrows, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Telling {
    /// A value that few have.
    Equal,
    /// The beginning of a value, among those who share another one.
    BeginningAmong,
    /// The beginning of a value.
    Beginning,
    /// A value that many share.
    Shared,
}

/// The narrowest walks that a filter allows.
pub(super) fn walks<'f>(
    base: Query,
    filter: Option<&'f Filter>,
    indexed: &[Indexed],
) -> Vec<Walk<'f>> {
    let Some(filter) = filter else {
        return Walk::only(base, false);
    };
    match (
        narrowed(&base, filter, indexed),
        either(&base, filter, indexed),
    ) {
        (Some((Telling::Shared, _)) | None, Some(walks)) => walks,
        (Some((telling, query)), _) => Walk::only(query, telling != Telling::Shared),
        (None, None) => Walk::only(base, false),
    }
}

/// Walks for an "or" each of whose parts an index answers.
fn either<'f>(base: &Query, filter: &'f Filter, indexed: &[Indexed]) -> Option<Vec<Walk<'f>>> {
    match filter {
        Filter::Or(parts) => {
            let walks = parts.iter().enumerate().map(|(at, part)| {
                let (_, query) = narrowed(base, part, indexed)?;
                let before = parts.get(..at)?;
                Some(Walk {
                    query,
                    is_narrow: true,
                    before,
                })
            });
            walks.collect()
        }
        Filter::And(parts) => parts.iter().find_map(|part| either(base, part, indexed)),
        Filter::Not(_) | Filter::Compare(_) | Filter::Member { .. } => None,
    }
}

fn narrowed(base: &Query, filter: &Filter, indexed: &[Indexed]) -> Option<(Telling, Query)> {
    let walk = |index, (telling, range)| {
        let query = Query {
            index,
            range,
            ..base.clone()
        };
        (telling, query)
    };
    let found = indexed.iter().filter_map(|one| {
        let range = range(filter, one.attribute, one.then)?;
        Some(walk(Some(one.index), range))
    });
    // What is listed by id is found by id.
    let is_by_id = base.index.is_none() && base.range == Range::All;
    let by_id = is_by_id.then(|| range(filter, "id", None)).flatten();
    let by_id = by_id.map(|range| walk(None, range));
    found.chain(by_id).min_by_key(|(telling, _)| *telling)
}

/// The stretch of an index in which everything is that fits the filter.
fn range(filter: &Filter, attribute: &str, then: Option<&str>) -> Option<(Telling, Range)> {
    let (operator, text) = filter.demands(attribute)?;
    let text = fold(text);
    let (telling, range) = match (then, operator) {
        (Some(then), Operator::Eq) => match filter.demands(then) {
            Some((_, then)) => {
                let prefix = format!("{text}/{}", fold(then));
                (Telling::BeginningAmong, Range::Prefix(prefix))
            }
            None => (Telling::Shared, Range::Prefix(format!("{text}/"))),
        },
        (None, Operator::Eq) => (Telling::Equal, Range::Equal(text)),
        _ => (Telling::Beginning, Range::Prefix(text)),
    };
    // What is longer than an index entry may be is not in the index.
    let (Range::Equal(value) | Range::Prefix(value)) = &range else {
        return None;
    };
    (value.len() <= IndexEntry::MAX_VALUE).then_some((telling, range))
}

#[cfg(test)]
mod tests {
    use countersign_domain::entity::Entity;
    use countersign_domain::ids::EnvId;
    use countersign_domain::user::User;

    use super::*;
    use crate::v1::noun::Noun;

    /// The stretches that a filter of users walks.
    fn of(text: &str) -> Vec<(Option<IndexName>, Range)> {
        let filter = filter::parse(text).unwrap();
        let base = Query::all(User::KIND, EnvId::PLATFORM, 1);
        let walks = walks(base, Some(&filter), User::INDEXED);
        walks
            .into_iter()
            .map(|it| (it.query.index, it.query.range))
            .collect()
    }

    fn equal(index: IndexName, value: &str) -> (Option<IndexName>, Range) {
        (Some(index), Range::Equal(value.to_owned()))
    }

    fn prefix(index: IndexName, value: &str) -> (Option<IndexName>, Range) {
        (Some(index), Range::Prefix(value.to_owned()))
    }

    #[test]
    fn the_most_telling_index_is_walked() {
        for (filter, walked) in [
            (r#"username eq "Ada""#, equal("username", "ada")),
            (
                r#"email sw "A" and externalId eq "7""#,
                equal("external", "7"),
            ),
            (r#"population.id eq "p""#, prefix("population", "p/")),
            (
                r#"population.id eq "p" and username sw "A""#,
                prefix("population", "p/a"),
            ),
            (
                r#"population.id eq "p" and email sw "A""#,
                prefix("email", "a"),
            ),
            (
                r#"population.id eq "p" and username eq "A""#,
                equal("username", "a"),
            ),
            (r#"name.given eq "Ada""#, (None, Range::All)),
        ] {
            assert_eq!(of(filter), [walked], "{filter}");
        }
    }

    #[test]
    fn either_of_two_is_two_walks_where_both_have_an_index() {
        let both = [prefix("username", "a"), prefix("email", "a")];
        for filter in [
            r#"username sw "a" or email sw "a""#,
            r#"population.id eq "p" and (username sw "a" or email sw "a")"#,
        ] {
            assert_eq!(of(filter), both, "{filter}");
        }
        let one_has_none = r#"username sw "a" or name.given sw "a""#;
        assert_eq!(of(one_has_none), [(None, Range::All)]);
        let a_better_one = r#"externalId eq "7" and (username sw "a" or email sw "a")"#;
        assert_eq!(of(a_better_one), [equal("external", "7")]);
    }
}
