//! Ranges and cursors as one half-open interval, the only form that adapters walk.

use countersign_domain::store::{Cursor, Query, Range};

/// A position in an index: (value, id), compared bytewise. In a walk by id: (id, "").
pub(crate) type Position = (String, String);

/// What is left of a query's range behind its cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interval {
    /// The first position that belongs to it.
    pub start: Position,
    /// The first position behind it; `None` is open.
    pub end: Option<Position>,
}

impl Interval {
    /// The interval that a query walks, upwards or downwards.
    pub(crate) fn of(query: &Query) -> Self {
        let (from, to) = bounds(&query.range);
        let mut start = (from, String::new());
        let mut end = to.map(|value| (value, String::new()));
        if let Some(cursor) = &query.after {
            if query.descending {
                let at = position(query, cursor);
                end = Some(end.map_or(at.clone(), |end| end.min(at)));
            } else {
                start = start.max(behind(query, cursor));
            }
        }
        Self { start, end }
    }

    /// Whether nothing can lie in it. Ordered maps refuse such a range.
    pub(crate) fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

fn position(query: &Query, cursor: &Cursor) -> Position {
    if query.index.is_some() {
        (cursor.value.clone(), cursor.id.clone())
    } else {
        (cursor.id.clone(), String::new())
    }
}

/// The first position behind the cursor's.
fn behind(query: &Query, cursor: &Cursor) -> Position {
    let (value, id) = position(query, cursor);
    if query.index.is_some() {
        (value, successor(&id))
    } else {
        (successor(&value), id)
    }
}

/// Values from the first (included) to the second (excluded).
fn bounds(range: &Range) -> (String, Option<String>) {
    match range {
        Range::All => (String::new(), None),
        Range::Equal(value) => (value.clone(), Some(successor(value))),
        Range::Prefix(prefix) => (prefix.clone(), behind_prefix(prefix)),
        Range::Between(from, to) => (from.clone().unwrap_or_default(), to.clone()),
    }
}

/// The least text greater than this one.
fn successor(text: &str) -> String {
    format!("{text}\0")
}

/// The least text greater than every text with this prefix; `None` when there is none.
fn behind_prefix(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // UTF-8 sorts like code points, and the range of `char` steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_right_behind_it() {
        assert_eq!(behind_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(behind_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(behind_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(behind_prefix("\u{10ffff}"), None);
        assert_eq!(behind_prefix(""), None);
    }
}
