//! Which rows a batch is about, and how each is locked.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::store::{Batch, Entries, Key, Postcondition, Precondition, Unique, Write};

/// Statements that lock rows at most; where shared locks and others alternate more often, all are
/// taken as if they were written.
const MAX_RUNS: usize = 8;

/// How a row is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    /// Against everybody: it is written, or known by its version.
    Alone,
    /// Against whoever writes it: others may rest on it at the same time.
    Shared,
}

/// What a batch touches.
#[derive(Debug, Default)]
pub(super) struct Touched<'b> {
    /// Keys in the order of the table, as many at a time as are locked alike.
    pub runs: Vec<(Lock, Vec<&'b Key>)>,
    pub uniques: BTreeSet<Unique>,
    /// Each once.
    pub filed: Vec<&'b Entries>,
    most: usize,
}

impl<'b> Touched<'b> {
    pub(super) fn by(batch: &'b Batch) -> Self {
        let mut touched = Self::default();
        let mut locks = BTreeMap::new();
        for postcondition in &batch.postconditions {
            match postcondition {
                Postcondition::Present(key) => _ = locks.insert(in_order(key), Lock::Shared),
                Postcondition::AtMost(entries, most) => {
                    let most = usize::try_from(*most).unwrap_or(usize::MAX);
                    touched.most = touched.most.max(most);
                    if !touched.filed.contains(&entries) {
                        touched.filed.push(entries);
                    }
                }
            }
        }
        for precondition in &batch.preconditions {
            match precondition {
                Precondition::Absent(key)
                | Precondition::Version(key, _)
                | Precondition::Present(key) => _ = locks.insert(in_order(key), Lock::Alone),
            }
        }
        for write in &batch.writes {
            match write {
                Write::Put(doc) => {
                    locks.insert(in_order(&doc.key), Lock::Alone);
                    for (name, value) in &doc.uniques {
                        let (kind, env) = (doc.key.kind, doc.key.env);
                        let unique = Unique::new(kind, env, name, value.clone());
                        touched.uniques.insert(unique);
                    }
                }
                Write::Delete(key) => _ = locks.insert(in_order(key), Lock::Alone),
                Write::DeleteEnvironment(_) => {}
            }
        }
        touched.runs = runs(locks.into_iter().map(|((.., key), lock)| (lock, key)));
        touched
    }

    /// As many ids of what is filed somewhere as the plan may want: all that the batch touches may
    /// be among them, and count no more.
    pub(super) fn enough(&self) -> usize {
        let keys: usize = self.runs.iter().map(|(_, keys)| keys.len()).sum();
        let touched = keys + self.uniques.len();
        self.most.saturating_add(touched).saturating_add(1)
    }
}

/// A key behind what orders it, as the table does.
fn in_order(key: &Key) -> (uuid::Uuid, u16, &Key) {
    (key.env.uuid(), key.kind.number, key)
}

fn runs<'b>(keys: impl Iterator<Item = (Lock, &'b Key)>) -> Vec<(Lock, Vec<&'b Key>)> {
    let mut runs: Vec<(Lock, Vec<&'b Key>)> = Vec::new();
    for (lock, key) in keys {
        match runs.last_mut() {
            Some((of, run)) if *of == lock => run.push(key),
            _ => runs.push((lock, vec![key])),
        }
    }
    if runs.len() > MAX_RUNS {
        let all = runs.into_iter().flat_map(|(_, keys)| keys).collect();
        return vec![(Lock::Alone, all)];
    }
    runs
}

#[cfg(test)]
mod tests {
    use countersign_domain::entity::kinds;
    use countersign_domain::ids::EnvId;
    use countersign_domain::store::Doc;

    use super::*;

    fn key(kind: countersign_domain::store::Kind, id: &str) -> Key {
        Key::new(kind, EnvId::PLATFORM, id)
    }

    #[test]
    fn what_is_written_is_locked_alone_and_what_it_rests_on_shared() {
        let population = key(kinds::POPULATION, "p");
        let users = ["a", "b"].map(|id| key(kinds::USER, id));
        let mut batch = Batch::new();
        for user in &users {
            batch = batch
                .put(Doc::new(user.clone(), "{}".to_owned()))
                .ensure(Postcondition::Present(population.clone()))
                .ensure(Postcondition::Present(user.clone()));
        }
        let expected = vec![
            (Lock::Shared, vec![&population]),
            (Lock::Alone, users.iter().collect()),
        ];
        assert_eq!(Touched::by(&batch).runs, expected);
    }

    #[test]
    fn the_number_of_statements_does_not_grow_with_the_batch() {
        let batch = (0..100).fold(Batch::new(), |batch, number| {
            let key = key(kinds::USER, &format!("{number:03}"));
            if number % 2 == 0 {
                batch.delete(key)
            } else {
                batch.ensure(Postcondition::Present(key))
            }
        });
        let touched = Touched::by(&batch);
        let [(Lock::Alone, keys)] = touched.runs.as_slice() else {
            panic!("{:?}", touched.runs);
        };
        assert_eq!(keys.len(), 100);
        assert!(keys.is_sorted());
    }
}
