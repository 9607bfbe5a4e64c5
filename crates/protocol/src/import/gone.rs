//! `gone`: ids that something in an environment points at and that are not there any more
//! (`v1/pointing.rs`). An export lists them, for import to take what is so as it is, where it came
//! from and elsewhere; an id that a file does not list and nothing has is a mistake.

use std::collections::BTreeSet;

use countersign_domain::ids::EnvId;
use countersign_domain::store::{Fault, Kind};
use countersign_domain::time::Time;
use serde_json::Value;
use uuid::Uuid;

use super::draft::Draft;
use super::node::{Data, Node};
use super::plan::{Plan, parse_id};

/// What is known of ids under which there is nothing.
#[derive(Default)]
pub(super) struct Gone {
    /// Those that the file lists.
    listed: BTreeSet<(EnvId, Uuid)>,
    /// Those that something points at, where a file is checked alone.
    met: BTreeSet<(Kind, EnvId, Uuid)>,
}

impl Plan<'_> {
    /// Reads the list of an environment.
    pub(super) fn gone(&mut self, env: EnvId, node: &mut Node) -> Result<(), Fault> {
        self.each(node, "gone", |plan, item| {
            if let Some(id) = parse_id(&item) {
                plan.gone.listed.insert((env, id));
            } else {
                plan.note(item.line, "", "must be a UUID in its hyphenated form");
            }
            Ok(())
        })
    }

    /// Whether a file may point at an id.
    pub(super) fn may_point_at(&mut self, kind: Kind, env: EnvId, id: Uuid) -> bool {
        if self.draft.has(kind, env, id) || self.gone.listed.contains(&(env, id)) {
            return true;
        }
        // Whether the store has it is not known when a file is checked alone.
        let is_alone = self.tools.is_none();
        if is_alone {
            self.gone.met.insert((kind, env, id));
        }
        is_alone
    }
}

/// The ids that an environment, as it is exported, points at in vain: what import would look for.
pub(super) fn of_exported(environment: &Value) -> Result<Vec<Value>, Fault> {
    let mut plan = Plan::new(Draft::default(), None, Time::EPOCH);
    let environments = Node::from_json(Value::Array(vec![environment.clone()]), 0);
    let entries = vec![("environments".to_owned(), environments)];
    plan.file(Node {
        line: 0,
        data: Data::Map(entries),
    })?;
    let met = std::mem::take(&mut plan.gone.met).into_iter();
    let gone = met.filter(|(kind, env, id)| !plan.draft.has(*kind, *env, id));
    let ids: BTreeSet<Uuid> = gone.map(|(_, _, id)| id).collect();
    Ok(ids
        .into_iter()
        .map(|id| Value::from(id.to_string()))
        .collect())
}
