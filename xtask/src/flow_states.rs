//! `docs/flow-states.md`: the state machine of flows, drawn from the table that the server is held
//! against (`crates/server/tests/it/flows/table.txt`). What is drawn is what was tested.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result};

use crate::shell;

/// Where the page is.
pub const PATH: &str = "docs/flow-states.md";

const TABLE: &str = "crates/server/tests/it/flows/table.txt";

/// The page.
pub fn page() -> Result<String> {
    let file = shell::root().join(TABLE);
    let table = std::fs::read_to_string(&file).with_context(|| format!("cannot read {TABLE}"))?;
    Ok(draw(&table))
}

struct Transition<'a> {
    from: &'a str,
    event: &'a str,
    to: &'a str,
}

fn transitions(table: &str) -> impl Iterator<Item = Transition<'_>> {
    table.lines().filter_map(|line| {
        let mut parts = line.split(" | ").map(str::trim);
        let (from, event, to) = (parts.next()?, parts.next()?, parts.next()?);
        // A failed flow is told with its error.
        let to = if to.starts_with("FAILED") {
            "FAILED"
        } else {
            to
        };
        Some(Transition { from, event, to })
    })
}

fn draw(table: &str) -> String {
    let mut edges: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut resets = BTreeSet::new();
    for Transition { from, event, to } in transitions(table) {
        if to.starts_with("x ") || from == to {
            continue;
        }
        if event == "session.reset" {
            resets.insert(from);
            continue;
        }
        if !edges.contains_key(&(from, to)) {
            order.push((from, to));
        }
        edges.entry((from, to)).or_default().insert(event);
    }
    let mut page = String::from(
        "# The states of a flow\n\n\
         Written by `cargo xtask gen` from `crates/server/tests/it/flows/table.txt`, which a test \
         compares with what a running server does on every kind of storage. That table also says \
         what is refused where, and which action each status offers. The statuses are those of \
         PingOne; where a flow comes to them differently than PingOne's documents say, \
         [compatibility.md](compatibility.md) tells.\n\n\
         ```mermaid\nstateDiagram-v2\n",
    );
    let node = |name: &str| match name {
        "(authorize)" | "(device page)" => "[*]".to_owned(),
        name => name.to_owned(),
    };
    let mut drawn = BTreeSet::new();
    for (from, to) in order.iter().map(|(from, to)| (node(from), node(to))) {
        let arrow = format!("    {from} --> {to}\n");
        if !drawn.contains(&arrow) {
            page.push_str(&arrow);
            drawn.insert(arrow);
        }
    }
    page.push_str("    COMPLETED --> [*]\n    FAILED --> [*]\n```\n\n");
    let _ = writeln!(
        page,
        "From {} `session.reset` leads back to where the policy begins with nobody known. After 15 \
         minutes without a call every flow is gone.\n",
        resets
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    );
    page.push_str("| from | to | when |\n|---|---|---|\n");
    for (from, to) in &order {
        let events = edges.get(&(*from, *to));
        let events: Vec<&str> = events.into_iter().flatten().copied().collect();
        let from = from.trim_matches(['(', ')']);
        let _ = writeln!(page, "| `{from}` | `{to}` | {} |", events.join("; "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn refusals_are_not_drawn_and_events_share_an_edge() {
        let page = draw(
            "Transitions\n\n\
             (authorize) | LOGIN | A\n\
             A | wrong | x 400 INVALID_DATA\n\
             A | right | B\n\
             A | also right | B\n\
             A | never | FAILED access_denied\n\
             B | session.reset | A\n",
        );
        assert!(page.contains("    [*] --> A\n"));
        assert_eq!(page.matches("    A --> B\n").count(), 1);
        assert!(page.contains("| `A` | `B` | also right; right |"));
        assert!(page.contains("    A --> FAILED\n"));
        assert!(!page.contains("INVALID_DATA") && !page.contains("B --> A"));
        assert!(page.contains("From `B` `session.reset`"));
    }
}
