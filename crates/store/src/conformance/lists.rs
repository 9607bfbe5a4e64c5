//! Pages.

use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Cursor, Fault, Query, Range};

use super::{INDEX, KIND, NOW, Outcome, With, env, ids, key, put, user};

/// Every document of a query, page by page, as (cursor value, id).
async fn walk(store: &dyn Store, mut query: Query) -> Result<Vec<String>, Fault> {
    let mut all = Vec::new();
    loop {
        let page = store.list(&query, NOW).await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        assert!(page.docs.len() <= limit, "a page longer than asked for");
        assert!(
            page.next.is_none() || page.docs.len() == limit,
            "a short page that is not the last: {query:?}"
        );
        let last = page.docs.last().map(|doc| doc.key.id.clone());
        all.extend(page.docs.into_iter().map(|doc| doc.key.id));
        let Some(next) = page.next else {
            return Ok(all);
        };
        assert_eq!(Some(&next.id), last.as_ref());
        query.after = Some(next);
    }
}

fn contains(range: &Range, value: &str) -> bool {
    match range {
        Range::All => true,
        Range::Equal(wanted) => value == wanted,
        Range::Prefix(prefix) => value.starts_with(prefix.as_str()),
        Range::Between(from, to) => {
            from.as_deref().is_none_or(|from| value >= from)
                && to.as_deref().is_none_or(|to| value < to)
        }
    }
}

const VALUES: &[&str] = &[
    "",
    "a",
    "a",
    "a",
    "ab",
    "ab\u{10ffff}",
    "ab\u{10ffff}x",
    "abc",
    "ac",
    "b",
    "b",
    "\u{e4}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{10ffff}\u{10ffff}",
];

fn ranges() -> Vec<Range> {
    let text = |text: &str| text.to_owned();
    let mut ranges = vec![Range::All, Range::Between(None, None)];
    for value in [
        "",
        "a",
        "ab",
        "ab\u{10ffff}",
        "b",
        "c",
        "\u{d7ff}",
        "\u{10ffff}",
    ] {
        ranges.push(Range::Equal(text(value)));
        ranges.push(Range::Prefix(text(value)));
        ranges.push(Range::Between(Some(text(value)), None));
        ranges.push(Range::Between(None, Some(text(value))));
        ranges.push(Range::Between(Some(text(value)), Some(text("b"))));
    }
    ranges
}

/// All ranges, directions and page sizes; ties are ordered by id.
pub async fn pages_cover_every_range_in_both_directions(store: &dyn Store) -> Outcome {
    let mut filed: Vec<(String, String)> = Vec::new();
    for (number, value) in VALUES.iter().enumerate() {
        // Ids against the order of the values, so that neither can stand in for the other.
        filed.push(((*value).to_owned(), format!("id-{:02}", 99 - number)));
    }
    put(store, filed.iter().map(|(value, id)| user(id).index(value))).await?;
    put(store, [user("without"), user("id-50")]).await?;
    filed.sort();
    for range in ranges() {
        for descending in [false, true] {
            let matching = filed.iter().filter(|(value, _)| contains(&range, value));
            let mut expected: Vec<String> = matching.map(|(_, id)| id.clone()).collect();
            if descending {
                expected.reverse();
            }
            for limit in [1, 2, 3, 100] {
                let query = Query {
                    index: Some(INDEX),
                    range: range.clone(),
                    descending,
                    ..Query::all(KIND, env(1), limit)
                };
                assert_eq!(walk(store, query.clone()).await?, expected, "{query:?}");
            }
        }
    }
    Ok(())
}

/// The same by id.
pub async fn pages_by_id_cover_every_range_in_both_directions(store: &dyn Store) -> Outcome {
    let mut all: Vec<String> = VALUES
        .iter()
        .filter(|id| !id.is_empty())
        .map(|id| (*id).to_owned())
        .collect();
    put(store, all.iter().map(|id| user(id).index("x"))).await?;
    all.sort();
    all.dedup();
    for range in ranges() {
        for descending in [false, true] {
            let matching = all.iter().filter(|id| contains(&range, id));
            let mut expected: Vec<String> = matching.cloned().collect();
            if descending {
                expected.reverse();
            }
            for limit in [1, 2, 100] {
                let query = Query {
                    range: range.clone(),
                    descending,
                    ..Query::all(KIND, env(1), limit)
                };
                assert_eq!(walk(store, query.clone()).await?, expected, "{query:?}");
            }
        }
    }
    Ok(())
}

/// Counting finds what listing finds.
pub async fn a_query_is_counted_as_far_as_its_limit(store: &dyn Store) -> Outcome {
    let ids: Vec<String> = (0..12).map(|number| format!("c{number:02}")).collect();
    let value = |id: &str| format!("{}/{id}", &id[..2]);
    put(store, ids.iter().map(|id| user(id).index(&value(id)))).await?;
    let all = Query::all(KIND, env(1), 50);
    let indexed = |range: Range, limit: u32| Query {
        index: Some(INDEX),
        range,
        limit,
        ..all.clone()
    };
    let behind = Cursor {
        value: value("c03"),
        id: "c03".to_owned(),
    };
    for (query, expected) in [
        (all.clone(), 12),
        (indexed(Range::All, 50), 12),
        (indexed(Range::All, 5), 5),
        (indexed(Range::Prefix("c0/".to_owned()), 50), 10),
        (indexed(Range::Prefix("c2/".to_owned()), 50), 0),
        (indexed(Range::Equal(value("c11")), 50), 1),
        (
            indexed(Range::Between(Some(value("c02")), Some(value("c05"))), 50),
            3,
        ),
        (
            indexed(
                Range::Between(Some("z".to_owned()), Some("a".to_owned())),
                50,
            ),
            0,
        ),
        (
            Query {
                after: Some(behind),
                ..indexed(Range::All, 50)
            },
            8,
        ),
        (
            Query {
                env: env(2),
                ..indexed(Range::All, 50)
            },
            0,
        ),
    ] {
        assert_eq!(store.count(&query).await?, expected, "{query:?}");
        let listed = store.list(&query, NOW).await?.docs.len();
        assert_eq!(listed, expected as usize, "{query:?}");
    }
    Ok(())
}

/// What was there from the beginning appears exactly once, whatever is added on the way.
pub async fn a_list_is_stable_under_insert(store: &dyn Store) -> Outcome {
    let first: Vec<String> = (0..20).map(|number| format!("n{number:02}5")).collect();
    put(store, first.iter().map(|id| user(id).index(id))).await?;
    for descending in [false, true] {
        let mut query = Query {
            index: Some(INDEX),
            descending,
            ..Query::all(KIND, env(1), 3)
        };
        let mut seen = Vec::new();
        for round in 0.. {
            let page = store.list(&query, NOW).await?;
            seen.extend(page.docs.into_iter().map(|doc| doc.key.id));
            let Some(next) = page.next else { break };
            query.after = Some(next);
            if round >= 5 {
                continue;
            }
            let side = if descending { 'd' } else { 'a' };
            for place in 0..20 {
                let id = format!("n{place:02}{}-{side}{round}", round % 10);
                put(store, [user(&id).index(&id)]).await?;
            }
        }
        let once = |id: &String| seen.iter().filter(|seen| *seen == id).count() == 1;
        assert!(first.iter().all(once), "{seen:?}");
        let mut sorted = seen.clone();
        sorted.sort();
        if descending {
            sorted.reverse();
        }
        sorted.dedup();
        assert_eq!(seen, sorted);
    }
    Ok(())
}

/// A page goes on behind a document that is gone by then.
pub async fn a_cursor_outlives_its_document(store: &dyn Store) -> Outcome {
    put(store, ["a", "b", "c"].map(|id| user(id).index("same"))).await?;
    let mut query = Query::equal(KIND, env(1), INDEX, "same", 2);
    query.after = store.list(&query, NOW).await?.next;
    let expected = Cursor {
        value: "same".to_owned(),
        id: "b".to_owned(),
    };
    assert_eq!(query.after, Some(expected));
    store.commit(Batch::new().delete(key("b")), NOW).await?;
    assert_eq!(ids(store, &query, NOW).await?, ["c"]);
    Ok(())
}

/// Under each value once, even when it was given twice.
pub async fn a_document_is_listed_for_each_of_its_values(store: &dyn Store) -> Outcome {
    let group = user("g").index("m1").index("m2").index("m2");
    put(store, [group, user("h").index("m2")]).await?;
    let query = Query {
        index: Some(INDEX),
        ..Query::all(KIND, env(1), 9)
    };
    assert_eq!(ids(store, &query, NOW).await?, ["g", "g", "h"]);
    let query = Query::equal(KIND, env(1), INDEX, "m2", 9);
    assert_eq!(ids(store, &query, NOW).await?, ["g", "h"]);
    let query = Query::equal(KIND, env(1), "other", "m2", 9);
    assert!(ids(store, &query, NOW).await?.is_empty());
    Ok(())
}

/// No collation, no folding, no normalisation.
pub async fn values_are_compared_bytewise(store: &dyn Store) -> Outcome {
    let values = [
        "a\0b", "a", "A", "a\0", "\u{e4}", "a\u{308}", "_", "%", "Z", "b",
    ];
    put(store, values.map(|value| user(value).index(value))).await?;
    let mut sorted = values;
    sorted.sort_unstable();
    let query = Query {
        index: Some(INDEX),
        ..Query::all(KIND, env(1), 99)
    };
    assert_eq!(ids(store, &query, NOW).await?, sorted);
    assert_eq!(
        ids(store, &Query::all(KIND, env(1), 99), NOW).await?,
        sorted
    );
    Ok(())
}
