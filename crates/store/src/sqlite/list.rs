//! Pages of documents.

use countersign_domain::store::{Cursor, Entries, Page, Query};
use countersign_domain::time::Time;
use rusqlite::{Connection, params};

use super::rows;
use crate::range::Interval;

/// One page. Asks for one document more than wanted, to know whether it is the last page.
pub(super) fn list(db: &Connection, query: &Query, now: Time) -> rusqlite::Result<Page> {
    let interval = Interval::of(query);
    if interval.is_empty() {
        return Ok(Page {
            docs: Vec::new(),
            next: None,
        });
    }
    let limit = query.limit.max(1);
    let has_end = interval.end.is_some();
    let (end_value, end_id) = interval.end.unwrap_or_default();
    let mut statement = db.prepare_cached(&text(query, has_end))?;
    let found = statement.query_map(
        params![
            rows::env(query.env),
            query.kind.number,
            query.index.unwrap_or_default(),
            interval.start.0,
            interval.start.1,
            end_value,
            end_id,
            now.millis(),
            i64::from(limit) + 1
        ],
        |row| {
            let value: String = row.get(0)?;
            Ok((value, rows::doc(row, 1, query.kind, query.env)?))
        },
    )?;
    let mut found: Vec<_> = found.collect::<Result<_, _>>()?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > wanted;
    found.truncate(wanted);
    let next = found.last().filter(|_| more).map(|(value, doc)| Cursor {
        value: value.clone(),
        id: doc.key.id.clone(),
    });
    let docs = found.into_iter().map(|(_, doc)| doc).collect();
    Ok(Page { docs, next })
}

/// How many documents a query finds, from the index alone.
pub(super) fn count(db: &Connection, query: &Query) -> rusqlite::Result<u32> {
    let interval = Interval::of(query);
    if interval.is_empty() {
        return Ok(0);
    }
    let text = count_text(query, interval.end.is_some());
    let (end_value, end_id) = interval.end.unwrap_or_default();
    db.prepare_cached(&text)?.query_row(
        params![
            rows::env(query.env),
            query.kind.number,
            query.index.unwrap_or_default(),
            interval.start.0,
            interval.start.1,
            end_value,
            end_id,
            query.limit
        ],
        |row| row.get(0),
    )
}

/// Ids of the first live documents that are filed there, each once.
pub(super) fn filed(
    db: &Connection,
    entries: &Entries,
    most: usize,
    now: Time,
) -> rusqlite::Result<Vec<String>> {
    let interval = Interval::of(&entries.query(1));
    if interval.is_empty() {
        return Ok(Vec::new());
    }
    let text = filed_text(interval.end.is_some());
    let mut statement = db.prepare_cached(&text)?;
    let found = statement.query_map(
        params![
            rows::env(entries.env),
            entries.kind.number,
            entries.index,
            interval.start.0,
            interval.end.unwrap_or_default().0,
            now.millis(),
            i64::try_from(most).unwrap_or(i64::MAX)
        ],
        |row| row.get(0),
    )?;
    found.collect()
}

/// One of two statements, both with the same seven parameters.
fn filed_text(has_end: bool) -> String {
    let end = if has_end { "AND e.value < ?5" } else { "" };
    format!(
        "SELECT DISTINCT e.id
         FROM entries e CROSS JOIN docs d ON d.env = e.env AND d.kind = e.kind AND d.id = e.id
         WHERE e.env = ?1 AND e.kind = ?2 AND e.name = ?3 AND e.value >= ?4 {end}
           AND (d.expires_at IS NULL OR d.expires_at > ?6) LIMIT ?7"
    )
}

/// One of four statements. Those of an index have eight parameters, the others leave some out.
fn count_text(query: &Query, has_end: bool) -> String {
    let (table, start, end) = match query.index {
        Some(_) => (
            "entries",
            "name = ?3 AND (value, id) >= (?4, ?5)",
            "AND (value, id) < (?6, ?7)",
        ),
        None => ("docs", "id >= ?4", "AND id < ?6"),
    };
    let end = if has_end { end } else { "" };
    format!(
        "SELECT COUNT(*) FROM (
             SELECT 1 FROM {table} WHERE env = ?1 AND kind = ?2 AND {start} {end} LIMIT ?8)"
    )
}

/// One of eight statements, all with the same nine parameters.
fn text(query: &Query, has_end: bool) -> String {
    let direction = if query.descending { "DESC" } else { "ASC" };
    if query.index.is_some() {
        let end = if has_end {
            "AND (e.value, e.id) < (?6, ?7)"
        } else {
            ""
        };
        // CROSS JOIN fixes the order: walk the index, look each document up.
        format!(
            "SELECT e.value, d.id, d.version, d.schema, d.expires_at, d.body
             FROM entries e CROSS JOIN docs d ON d.env = e.env AND d.kind = e.kind AND d.id = e.id
             WHERE e.env = ?1 AND e.kind = ?2 AND e.name = ?3
               AND (e.value, e.id) >= (?4, ?5) {end}
               AND (d.expires_at IS NULL OR d.expires_at > ?8)
             ORDER BY e.value {direction}, e.id {direction} LIMIT ?9"
        )
    } else {
        let end = if has_end { "AND d.id < ?6" } else { "" };
        format!(
            "SELECT '', d.id, d.version, d.schema, d.expires_at, d.body
             FROM docs d
             WHERE d.env = ?1 AND d.kind = ?2 AND d.id >= ?4 {end}
               AND (d.expires_at IS NULL OR d.expires_at > ?8)
             ORDER BY d.id {direction} LIMIT ?9"
        )
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::entity::kinds;
    use countersign_domain::ids::EnvId;

    use super::*;
    use crate::migrations;

    #[test]
    fn every_list_walks_an_index_and_sorts_nothing() {
        let db = Connection::open_in_memory().unwrap();
        for migration in migrations::SQLITE {
            db.execute_batch(migration.sql).unwrap();
        }
        for index in [None, Some("name")] {
            for descending in [false, true] {
                for has_end in [false, true] {
                    let mut query = Query::all(kinds::USER, EnvId::PLATFORM, 1);
                    query.index = index;
                    query.descending = descending;
                    let counts = explain(&db, &count_text(&query, has_end));
                    let plan = explain(&db, &text(&query, has_end));
                    assert!(!plan.contains("SCAN"), "{plan}");
                    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
                    let walk = if index.is_some() {
                        "(env=? AND kind=? AND name=? AND (value,id)>(?,?)"
                    } else {
                        "(env=? AND kind=? AND id>?"
                    };
                    assert!(plan.contains(walk), "{plan}");
                    assert!(counts.contains(walk), "{counts}");
                    let filed = explain(&db, &filed_text(has_end));
                    let walk = "(env=? AND kind=? AND name=? AND value>?";
                    assert!(!filed.contains("SCAN") && filed.contains(walk), "{filed}");
                }
            }
        }
    }

    fn explain(db: &Connection, text: &str) -> String {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
        // The plan does not depend on the values.
        let parameters = vec![0; statement.parameter_count()];
        let parameters = rusqlite::params_from_iter(parameters);
        let rows = statement.query_map(parameters, |row| row.get(3)).unwrap();
        let lines: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
        lines.join("\n")
    }
}
