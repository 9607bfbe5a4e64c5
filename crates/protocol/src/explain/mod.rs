//! Explained refusals: for every request that is refused a record of what was expected, what
//! arrived, which rule refused and how to mend it, found by the correlation id that the answer
//! carries. Ours, not PingOne's (`docs/decisions/0012-explained-refusals.md`).
//!
//! The records are for administrators. What the client sees does not change.

pub mod clue;
mod mend;
mod ring;

use std::time::Duration;

use countersign_domain::entity::{self, Entity, kinds};
use countersign_domain::ids::{CorrelationId, EnvId};
use countersign_domain::ports::Store;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Fault, Kind};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use crate::audit::Party;
use crate::refusal::Refused;

pub use ring::Explanations;

/// How long an explanation can be read.
pub const KEPT: Duration = Duration::from_hours(24);

/// The request that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its method.
    pub method: String,
    /// Its path, without the query: that may hold secrets.
    pub path: String,
}

/// The rule that refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The line of the code.
    pub file: String,
    /// The clause it obeys.
    pub clause: String,
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The correlation id of the answer.
    pub id: CorrelationId,
    /// Where it happened; [`EnvId::PLATFORM`] when the path named no environment that there is.
    pub environment: Ref<EnvId>,
    /// When.
    pub recorded_at: Time,
    /// When this record goes away.
    pub expires_at: Time,
    /// The request; unknown for a refusal that travelled by redirect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Asked>,
    /// Our name for what is wrong.
    pub refusal: String,
    /// What is wrong, in a sentence.
    pub summary: String,
    /// What exactly was found, in this case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// What would have been right.
    pub expected: String,
    /// What came instead, with secrets left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<String>,
    /// Whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Party>,
    /// The rule that refused.
    pub rule: Rule,
    /// What to do about it.
    pub mend: String,
}

impl Explanation {
    /// Explains a refusal.
    pub fn of(env: EnvId, id: CorrelationId, now: Time, refused: &Refused) -> Self {
        let words = mend::words(&refused.refusal);
        let clue = refused.clue.as_deref().cloned().unwrap_or_default();
        let name = format!("{:?}", refused.refusal);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
        Self {
            id,
            environment: Ref::to(env),
            recorded_at: now,
            expires_at: now.plus(KEPT),
            request: None,
            refusal: name.unwrap_or_default().to_owned(),
            summary: words.summary,
            because: clue::cut(&refused.because),
            expected: clue.expected.unwrap_or(words.expected),
            arrived: clue.arrived,
            about: clue.about,
            rule: Rule {
                file: refused.origin.text(),
                clause: words.clause.to_owned(),
            },
            mend: words.mend.to_owned(),
        }
    }

    /// With the request that was refused.
    #[must_use]
    pub fn asked(mut self, method: &str, path: &str) -> Self {
        self.request = Some(Asked {
            method: clue::cut(method),
            path: clue::cut(path),
        });
        self
    }
}

impl Entity for Explanation {
    const KIND: Kind = kinds::EXPLANATION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The explanation under a correlation id: what this process has in mind, else what any process
/// wrote down.
pub async fn find(
    recent: Option<&Explanations>,
    store: &dyn Store,
    env: EnvId,
    id: CorrelationId,
    now: Time,
) -> Result<Option<Explanation>, Fault> {
    if let Some(found) = recent.and_then(|recent| recent.get(env, id, now)) {
        return Ok(Some(found));
    }
    let stored = entity::load::<Explanation>(store, env, id.to_string(), now).await?;
    Ok(stored.map(|stored| stored.value))
}
