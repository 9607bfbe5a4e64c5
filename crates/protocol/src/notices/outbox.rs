//! The outbox: notices that are due are claimed, delivered and forgotten.
//!
//! Several processes share the work. Whoever tries a notice first pushes its due time forward under
//! the version it read, so that nobody else finds it meanwhile; whoever dies at it loses the claim
//! with time, and the notice is tried again. So a mail may arrive twice, and none is lost.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::ids::EnvId;
use countersign_domain::notice::{Courier, Mail, Notice, Undelivered};
use countersign_domain::ports::{Ports, Store};
use countersign_domain::store::{Batch, Fault, Key, Query, Range};
use countersign_domain::time::Time;
use futures_util::StreamExt as _;

use super::own_server;

/// How long a claim lasts: longer than any delivery takes.
pub const CLAIM: Duration = Duration::from_mins(2);

/// Notices that one round takes on: few, for a process that is told to stop finishes its round.
const ROUND: u32 = 8;

/// Wait after the first failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(15);

/// Longest wait between two tries.
const LONGEST_RETRY: Duration = Duration::from_hours(1);

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Mails delivered.
    pub delivered: u32,
    /// Mails to be tried again later.
    pub postponed: u32,
    /// Mails given up.
    pub given_up: u32,
    /// Mails that were written for show.
    pub thrown_away: u32,
    /// Whether more may be due at once.
    pub more: bool,
}

impl Round {
    /// Whether the next round should begin at once. One that came to nothing should not: others are
    /// at what is due, or it cannot be read.
    pub const fn goes_on(&self) -> bool {
        self.more && self.delivered + self.postponed + self.given_up + self.thrown_away > 0
    }
}

/// Delivers what is due now, one round of it, so many mails at once: a mail server may be slow, and
/// a recovery code does not wait for long.
pub async fn deliver_due(
    ports: &Ports,
    courier: &dyn Courier,
    at_once: usize,
) -> Result<Round, Fault> {
    let now = ports.clock.now();
    let past_now = Time::from_millis(now.millis().saturating_add(1));
    let query = Query {
        index: Some(Notice::BY_DUE),
        range: Range::Between(None, Some(Notice::position(past_now))),
        ..Query::all(Notice::KIND, EnvId::PLATFORM, ROUND)
    };
    let page = ports.store.list(&query, now).await?;
    let mut round = Round {
        more: page.next.is_some(),
        ..Round::default()
    };
    // One that cannot be read must not stand in the way of the others.
    let mut notices = Vec::new();
    for doc in page.docs {
        match Notice::from_doc(&doc) {
            Ok(value) => notices.push(Stored {
                value,
                version: doc.version,
            }),
            Err(fault) => tracing::error!(%fault, "a notice cannot be read"),
        }
    }
    let people = by_person(ports, notices).into_values();
    let people = people.map(|notices| async {
        let mut steps = Vec::new();
        for notice in notices {
            steps.push(step(ports, courier, notice).await);
        }
        steps
    });
    let steps: Vec<Vec<Result<Step, Fault>>> = futures_util::stream::iter(people)
        .buffer_unordered(at_once)
        .collect()
        .await;
    for step in steps.into_iter().flatten() {
        match step? {
            Step::Delivered => round.delivered += 1,
            Step::Postponed => round.postponed += 1,
            Step::GivenUp => round.given_up += 1,
            Step::ThrownAway => round.thrown_away += 1,
            Step::NotOurs => {}
        }
    }
    Ok(round)
}

/// Notices for one address, in the order in which they are due: of several codes the last one to
/// arrive should be the one that counts. What cannot be opened, and what is for nobody, stands for
/// itself.
fn by_person(ports: &Ports, notices: Vec<Stored<Notice>>) -> BTreeMap<String, Vec<Stored<Notice>>> {
    let mut people: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for notice in notices {
        let to = open(ports, &notice).ok().and_then(|mail| mail.to);
        let person = to.map_or_else(|| notice.id(), |to| to.address);
        people.entry(person).or_default().push(notice);
    }
    people
}

async fn step(ports: &Ports, courier: &dyn Courier, notice: Stored<Notice>) -> Result<Step, Fault> {
    if matches!(open(ports, &notice), Ok(mail) if mail.to.is_none()) {
        forget(ports, &notice).await?;
        return Ok(Step::ThrownAway);
    }
    match claim(ports, notice).await? {
        Some(claimed) => deliver(ports, courier, claimed).await,
        None => Ok(Step::NotOurs),
    }
}

/// What became of one notice.
enum Step {
    Delivered,
    Postponed,
    GivenUp,
    /// Somebody else is at it.
    NotOurs,
    /// It was written for show.
    ThrownAway,
}

/// Notices that were given up, newest first.
pub async fn dead(store: &dyn Store, now: Time, limit: u32) -> Result<Vec<Notice>, Fault> {
    listed(store, now, Notice::BY_DEATH, true, limit).await
}

/// Notices that wait, the next one due first.
pub async fn waiting(store: &dyn Store, now: Time, limit: u32) -> Result<Vec<Notice>, Fault> {
    listed(store, now, Notice::BY_DUE, false, limit).await
}

async fn listed(
    store: &dyn Store,
    now: Time,
    index: &'static str,
    descending: bool,
    limit: u32,
) -> Result<Vec<Notice>, Fault> {
    let query = Query {
        index: Some(index),
        descending,
        ..Query::all(Notice::KIND, EnvId::PLATFORM, limit)
    };
    let page = store.list(&query, now).await?;
    page.docs.iter().map(Notice::from_doc).collect()
}

/// What is in a notice.
pub fn open(ports: &Ports, notice: &Notice) -> Result<Mail, Fault> {
    let owner = key(notice);
    let plain = ports.vault.open(&owner, &notice.mail)?;
    serde_json::from_slice(&plain).map_err(|error| Fault::Corrupt {
        key: owner,
        reason: format!("{:?}", error.classify()),
    })
}

fn key(notice: &Notice) -> Key {
    notice.key(EnvId::PLATFORM)
}

/// Takes a notice on, unless somebody else did.
async fn claim(ports: &Ports, notice: Stored<Notice>) -> Result<Option<Stored<Notice>>, Fault> {
    let now = ports.clock.now();
    let mut claimed = notice.value;
    claimed.attempts = claimed.attempts.saturating_add(1);
    claimed.due_at = now.plus(CLAIM);
    let batch = Batch::new().update(EnvId::PLATFORM, &claimed, notice.version)?;
    match ports.store.commit(batch, now).await {
        Ok(_) => {}
        Err(Fault::Conflict(_)) => return Ok(None),
        Err(fault) => return Err(fault),
    }
    // The version that the claim made is read, for the store alone knows how it counts.
    let doc = ports.store.get(&key(&claimed), now).await?;
    let Some(doc) = doc else { return Ok(None) };
    Ok(Some(Stored {
        value: claimed,
        version: doc.version,
    }))
}

async fn deliver(
    ports: &Ports,
    courier: &dyn Courier,
    claimed: Stored<Notice>,
) -> Result<Step, Fault> {
    let notice = &claimed.value;
    let now = ports.clock.now();
    let outcome = match open(ports, notice) {
        Err(fault) => Err(Undelivered::Never(fault.to_string())),
        Ok(_) if notice.void_at <= now => Err(Undelivered::Never(
            "it came too late to be of use".to_owned(),
        )),
        Ok(mail) => own_server::deliver(ports, courier, notice, mail).await,
    };
    match outcome {
        Ok(()) => {
            tracing::info!(notice = %notice.id, env = %notice.environment,
                template = notice.template, attempts = notice.attempts, "mail delivered");
            forget(ports, &claimed).await?;
            Ok(Step::Delivered)
        }
        Err(why) => postpone(ports, claimed, why).await,
    }
}

/// Delivered, or never meant to be.
async fn forget(ports: &Ports, claimed: &Stored<Notice>) -> Result<(), Fault> {
    let batch = Batch::new().delete(key(claimed));
    ports.store.commit(batch, ports.clock.now()).await?;
    Ok(())
}

/// Writes down what went wrong and when the next try is, if there is one.
async fn postpone(ports: &Ports, claimed: Stored<Notice>, why: Undelivered) -> Result<Step, Fault> {
    let now = ports.clock.now();
    let mut notice = claimed.value;
    let next = now.plus(wait(notice.attempts));
    let is_over = matches!(why, Undelivered::Never(_)) || next >= notice.void_at;
    let reason = why.to_string();
    notice.last_error = Some(reason.chars().take(500).collect());
    let step = if is_over {
        notice.dead_at = Some(now);
        tracing::error!(notice = %notice.id, env = %notice.environment, %reason,
            template = notice.template, attempts = notice.attempts, "mail given up");
        Step::GivenUp
    } else {
        notice.due_at = next;
        tracing::warn!(notice = %notice.id, env = %notice.environment, %reason,
            attempts = notice.attempts, "mail not delivered yet");
        Step::Postponed
    };
    let batch = Batch::new().update(EnvId::PLATFORM, &notice, claimed.version)?;
    match ports.store.commit(batch, now).await {
        Ok(_) => Ok(step),
        // The claim ran out meanwhile and somebody else has it.
        Err(Fault::Conflict(_)) => Ok(Step::NotOurs),
        Err(fault) => Err(fault),
    }
}

/// How long to wait after so many tries.
fn wait(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    FIRST_RETRY
        .saturating_mul(1 << doublings)
        .min(LONGEST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let seconds = |attempts| wait(attempts).as_secs();
        assert_eq!([seconds(1), seconds(2), seconds(3)], [15, 30, 60]);
        assert_eq!(seconds(9), 3_600);
        assert_eq!(seconds(u32::MAX), 3_600);
    }
}
