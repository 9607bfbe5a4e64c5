//! Audit events: what happened, to whom, through which client (`reference/flows.md` 13).
//!
//! An event is part of the verdict: it rides on the batch that makes it true, so it is there if and
//! only if what it tells of is. Changes of documents are told by [`derive`](mod@derive) for every
//! batch alike; what no document shows is told by the rule that knows it.

mod aside;
mod derive;
mod families;
mod flows;
pub mod kinds;
mod operations;
mod party;
pub mod show;

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use countersign_domain::ids::{CorrelationId, EnvId};
use countersign_domain::store::{Batch, Event, Fault};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::as_::error::oauth_error;
use crate::cx::Cx;
use crate::flows::Flow;
use crate::flows::state::Done;
use crate::refusal::Refused;
use crate::webhooks;

pub use aside::Aside;
pub use flows::Watched;
pub use kinds::Happened;
pub use party::{Actors, Party};

/// Why a guess at a locked password fails, as events say it.
const LOCKED_OUT: &str = "Password Locked Out";

/// Who makes a request, where that is known before the rule runs: callers of the management API.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The client, and the person behind it if there is one.
    pub actors: Actors,
    /// The operation, by the name in its media type.
    pub operation: Option<&'static str>,
}

/// `action` of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionInfo {
    /// Such as `PASSWORD.CHECK_FAILED`.
    #[serde(rename = "type")]
    pub type_: String,
    /// For people.
    pub description: String,
}

/// `result` of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultInfo {
    /// `SUCCESS` or `FAILED`.
    pub status: String,
    /// For people.
    pub description: String,
}

/// Where the request came from. Webhooks show it only if they are set to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// The caller's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The browser's name for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// An audit event as it is stored; links are added when it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Unique, and sortable by time.
    pub id: String,
    /// When it happened.
    pub recorded_at: Time,
    /// The request that it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<CorrelationId>,
    /// What happened.
    pub action: ActionInfo,
    /// Who did it.
    #[serde(default)]
    pub actors: Actors,
    /// To what.
    #[serde(default)]
    pub resources: Vec<Party>,
    /// How it ended.
    pub result: ResultInfo,
    /// Where the request came from.
    #[serde(default)]
    pub source: Source,
}

impl Activity {
    /// Something happened in a request, to a resource. Its actors are the request's.
    pub fn new(cx: &Cx, happened: &Happened, resources: Vec<Party>) -> Self {
        let description = happened.description();
        Self {
            id: id(cx, happened, &resources),
            recorded_at: cx.now,
            correlation_id: Some(cx.correlation),
            action: ActionInfo {
                type_: happened.name(),
                description: description.clone(),
            },
            actors: cx
                .caller
                .as_ref()
                .map(|caller| caller.actors.clone())
                .unwrap_or_default(),
            resources,
            result: ResultInfo {
                status: "SUCCESS".to_owned(),
                description,
            },
            source: Source {
                ip_address: cx.remote_ip.map(|ip| ip.to_string()),
                user_agent: None,
            },
        }
    }

    /// It failed.
    #[must_use]
    pub fn failed(mut self, why: impl Into<String>) -> Self {
        self.result = ResultInfo {
            status: "FAILED".to_owned(),
            description: why.into(),
        };
        self
    }

    /// By these, where the request does not say.
    #[must_use]
    pub fn by(mut self, actors: &Actors) -> Self {
        self.actors.fill(actors);
        self
    }

    /// As an event to append.
    pub fn to_event(&self, env: EnvId) -> Result<Event, Fault> {
        let body = serde_json::to_string(self);
        Ok(Event {
            env,
            id: self.id.clone(),
            at: self.recorded_at,
            body: body.map_err(|error| Fault::Storage(format!("an event: {error}")))?,
        })
    }

    /// From what was appended. One that cannot be read does not hide the others.
    pub fn from_event(event: &Event) -> Option<Self> {
        serde_json::from_str(&event.body).ok()
    }
}

/// A UUID that sorts by time (version 7). It follows from the request and what happened in it, so
/// that deciding twice, or committing again after a lost answer, tells of it once.
fn id(cx: &Cx, happened: &Happened, resources: &[Party]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(cx.correlation.uuid().as_bytes());
    context.update(happened.name().as_bytes());
    for resource in resources {
        context.update(resource.id.as_bytes());
    }
    let digest = context.finish();
    let random = digest.as_ref().first_chunk::<10>().copied();
    let millis = u64::try_from(cx.now.millis()).unwrap_or_default();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &random.unwrap_or_default());
    Uuid::hyphenated(id.into_uuid()).to_string()
}

/// Every `action.type` that there can be, each once, in order.
pub fn names() -> BTreeSet<String> {
    let by_rule = kinds::BY_RULE.iter().map(Happened::name);
    let of_documents = families::FAMILIES.iter().flat_map(|family| {
        let whats = family.life.names();
        whats.map(|what| Happened::to(family.name, what).name())
    });
    by_rule.chain(of_documents).collect()
}

/// Whether a client got something for somebody's sign-on, and if not, why.
pub fn access(cx: &Cx, flow: &Flow, done: &Done, refused: Option<&Refused>) -> Activity {
    let env = cx.env_id();
    let user = Party::flow_user(env, &done.user);
    let happened = match refused {
        Some(_) => &kinds::ACCESS_DENIED,
        None => &kinds::ACCESS_ALLOWED,
    };
    let activity = Activity::new(cx, happened, vec![user.clone()]);
    let actors = Actors {
        user: Some(user),
        ..Actors::of_flow(env, flow)
    };
    let activity = match refused {
        Some(refused) => activity.failed(oauth_error(&refused.refusal, cx.correlation).description),
        None => activity,
    };
    activity.by(&actors)
}

/// Tells that somebody looked at the secret of an application or resource. Nothing is written for
/// it at once: looking costs no more than it did.
pub fn secret_read(cx: &Cx, owner: impl ToString) -> Result<(), Fault> {
    let secret = Party::new(cx.env_id(), "SECRET", owner);
    let activity = Activity::new(cx, &kinds::SECRET_READ, vec![secret]);
    cx.aside.note(cx, &activity)
}

/// Tells of a guess that a lock refused, outside of flows. It writes nothing, and telling of it must
/// not begin to (`threats.md` 33).
pub fn locked_out(cx: &Cx, user: Party) -> Result<(), Fault> {
    let activity = Activity::new(cx, &kinds::PASSWORD_CHECK_FAILED, vec![user]);
    cx.aside.note(cx, &activity.failed(LOCKED_OUT))
}

/// Tells of everything that a batch changes, and hands its events to webhooks.
pub fn attend(cx: &Cx, mut batch: Batch) -> Result<Batch, Fault> {
    for activity in derive::derive(cx, &batch)? {
        batch = batch.record(activity.to_event(cx.env_id())?);
    }
    webhooks::enlist(cx, batch)
}
