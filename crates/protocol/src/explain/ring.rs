//! The explanations that a process has in mind, and the few that it writes down.
//!
//! Refusals are free for whoever sends bad requests, so neither memory nor the disk may follow
//! their number (`docs/decisions/0012-explained-refusals.md`): a ring per environment, one commit
//! a second at most, and a budget for each hour.

use std::collections::{BTreeMap, VecDeque};

use countersign_domain::entity::Entity;
use countersign_domain::ids::{CorrelationId, EnvId};
use countersign_domain::ports::Store;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use parking_lot::Mutex;

use super::Explanation;

/// Explanations in mind, all environments together.
const MAX_TOTAL: usize = 2_048;
/// Explanations in mind of one environment: a noisy one does not displace the others.
const MAX_OF_ENVIRONMENT: usize = 256;
/// Explanations written in one go, of one environment.
const SAVED_AT_ONCE: usize = 16;
/// Explanations written in one go, all environments together.
const SAVED_TOTAL_AT_ONCE: usize = 64;
/// Explanations written within an hour: at about a kilobyte each and a day's keep, the most that
/// an attack can make of the disk is some fifty megabytes.
const SAVED_IN_AN_HOUR: usize = 2_000;
const HOUR: i64 = 3_600_000;

/// The recent explanations of one process.
#[derive(Debug, Default)]
pub struct Explanations(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    by_environment: BTreeMap<EnvId, VecDeque<Entry>>,
    total: usize,
    hour: i64,
    saved_in_hour: usize,
}

#[derive(Debug)]
struct Entry {
    explanation: Explanation,
    saved: bool,
}

impl Explanations {
    /// Keeps an explanation.
    pub fn record(&self, explanation: Explanation) {
        let mut ring = self.0.lock();
        let env = explanation.environment.id;
        let entries = ring.by_environment.entry(env).or_default();
        entries.push_back(Entry {
            explanation,
            saved: false,
        });
        if entries.len() > MAX_OF_ENVIRONMENT {
            entries.pop_front();
            return;
        }
        ring.total += 1;
        if ring.total > MAX_TOTAL {
            ring.drop_one();
        }
    }

    /// The explanation under an id, if it is still in mind.
    pub fn get(&self, env: EnvId, id: CorrelationId, now: Time) -> Option<Explanation> {
        let ring = self.0.lock();
        let mut entries = ring.by_environment.get(&env)?.iter().rev();
        let found = entries.find(|entry| entry.explanation.id == id)?;
        (now < found.explanation.expires_at).then(|| found.explanation.clone())
    }

    /// Writes down what is new, within the budget: one commit, or none when nothing is. Says how
    /// many it wrote.
    pub async fn save(&self, store: &dyn Store, now: Time) -> Result<usize, Fault> {
        let batch = self.0.lock().unsaved(now)?;
        let count = batch.writes.len();
        if count > 0 {
            store.commit(batch, now).await?;
        }
        Ok(count)
    }
}

impl Ring {
    /// The oldest entry of the environment that has the most goes.
    fn drop_one(&mut self) {
        let largest = self.by_environment.iter().max_by_key(|(_, e)| e.len());
        let Some(env) = largest.map(|(env, _)| *env) else {
            return;
        };
        if let Some(entries) = self.by_environment.get_mut(&env) {
            entries.pop_front();
            self.total -= 1;
            if entries.is_empty() {
                self.by_environment.remove(&env);
            }
        }
    }

    /// What to write now. It counts as written whatever becomes of the commit: it stays in mind.
    fn unsaved(&mut self, now: Time) -> Result<Batch, Fault> {
        let hour = now.millis().div_euclid(HOUR);
        if hour != self.hour {
            self.hour = hour;
            self.saved_in_hour = 0;
        }
        let mut left = SAVED_TOTAL_AT_ONCE.min(SAVED_IN_AN_HOUR - self.saved_in_hour);
        let mut batch = Batch::new();
        for (env, entries) in &mut self.by_environment {
            let fresh = entries.iter_mut().rev().take_while(|entry| !entry.saved);
            for entry in fresh.take(SAVED_AT_ONCE.min(left)) {
                entry.saved = true;
                batch = batch.put(entry.explanation.to_doc(*env)?);
                left -= 1;
                self.saved_in_hour += 1;
            }
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Refusal;

    fn env(number: u128) -> EnvId {
        EnvId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn explanation(of: u128, id: u128) -> Explanation {
        let id = CorrelationId::from_uuid(uuid::Uuid::from_u128(id));
        Explanation::of(env(of), id, Time::EPOCH, &Refusal::NotFound.into())
    }

    fn has(ring: &Explanations, of: u128, id: u128) -> bool {
        let id = CorrelationId::from_uuid(uuid::Uuid::from_u128(id));
        ring.get(env(of), id, Time::EPOCH).is_some()
    }

    #[test]
    fn a_noisy_environment_does_not_displace_another_ones() {
        let ring = Explanations::default();
        ring.record(explanation(1, 1));
        for id in 0..10_000 {
            ring.record(explanation(2, id));
        }
        assert!(has(&ring, 1, 1));
        assert!(has(&ring, 2, 9_999));
        assert!(!has(&ring, 2, 1));
    }

    #[test]
    fn many_environments_share_one_cap() {
        let ring = Explanations::default();
        for id in 0..(MAX_TOTAL as u128 * 3) {
            ring.record(explanation(id % 100, id));
        }
        assert_eq!(ring.0.lock().total, MAX_TOTAL);
    }

    #[test]
    fn what_is_written_follows_the_budget_and_not_the_refusals() {
        let ring = Explanations::default();
        let mut written = 0;
        for second in 0..600_i64 {
            for id in 0..1_000 {
                ring.record(explanation(id % 10, id));
            }
            let now = Time::from_seconds(second);
            let batch = ring.0.lock().unsaved(now).unwrap();
            assert!(batch.writes.len() <= SAVED_TOTAL_AT_ONCE);
            written += batch.writes.len();
        }
        assert_eq!(written, SAVED_IN_AN_HOUR);
        ring.record(explanation(1, 1));
        let later = ring.0.lock().unsaved(Time::from_seconds(3_600)).unwrap();
        assert!(!later.is_empty());
    }

    #[test]
    fn nothing_is_written_twice() {
        let ring = Explanations::default();
        ring.record(explanation(1, 1));
        assert_eq!(ring.0.lock().unsaved(Time::EPOCH).unwrap().writes.len(), 1);
        assert!(ring.0.lock().unsaved(Time::EPOCH).unwrap().is_empty());
    }
}
