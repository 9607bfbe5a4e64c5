//! Events that follow from what a batch changes: whoever adds a rule that writes one of these
//! documents has it told without a line of code.

use countersign_domain::entity::{Entity, kinds as documents};
use countersign_domain::ids::{EnvId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Doc, Fault, Key, Kind, Precondition, Write};
use countersign_domain::user::User;
use serde::Deserialize;

use super::families::Family;
use super::{Activity, Actors, Happened, Party, families, kinds, operations};
use crate::cx::Cx;
use crate::flows::state::FlowFailure;
use crate::flows::{Flow, State};

/// Documents that rules of their own tell of.
const BY_RULE: &[Kind] = &[Flow::KIND, Session::KIND];

fn is_told(kind: Kind) -> bool {
    BY_RULE.contains(&kind) || families::of(kind).is_some()
}

/// What a batch does to a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Created,
    Updated,
    Deleted,
}

/// A write whose document is told of.
struct Told<'a> {
    key: &'a Key,
    done: Done,
    doc: Option<&'a Doc>,
}

impl Told<'_> {
    fn kind(&self) -> Kind {
        self.key.kind
    }
}

/// The events of a batch.
pub(super) fn derive(cx: &Cx, batch: &Batch) -> Result<Vec<Activity>, Fault> {
    let told = batch.writes.iter().filter_map(|write| seen(batch, write));
    let begins = begun(batch);
    // That an environment begins says what it begins with.
    let told: Vec<Told<'_>> = told.filter(|it| Some(it.key.env) != begins).collect();
    let mut events = operations::derive(cx, batch)?;
    if told.is_empty() {
        return Ok(events);
    }
    let flow = told.iter().find(|it| it.kind() == Flow::KIND);
    let flow = flow.and_then(|it| it.doc).map(Flow::from_doc).transpose()?;
    let mut around = Around {
        cx,
        actors: flow.as_ref().map(|flow| Actors::of_flow(cx.env_id(), flow)),
        flow,
    };
    around.actors.get_or_insert_default();
    for it in &told {
        events.extend(around.tell(it)?);
    }
    Ok(events)
}

/// The environment that a batch makes, if it makes one.
fn begun(batch: &Batch) -> Option<EnvId> {
    batch.preconditions.iter().find_map(|it| match it {
        Precondition::Absent(key) if key.kind == documents::ENVIRONMENT => key.id.parse().ok(),
        _ => None,
    })
}

fn seen<'a>(batch: &'a Batch, write: &'a Write) -> Option<Told<'a>> {
    let (key, doc) = match write {
        Write::Put(doc) => (&doc.key, Some(&**doc)),
        Write::Delete(key) => (key, None),
        Write::DeleteEnvironment(_) => return None,
    };
    if !is_told(key.kind) {
        return None;
    }
    let is_absent = |it: &Precondition| matches!(it, Precondition::Absent(it) if it == key);
    let done = match doc {
        None => Done::Deleted,
        Some(_) if batch.preconditions.iter().any(is_absent) => Done::Created,
        Some(_) => Done::Updated,
    };
    Some(Told { key, done, doc })
}

/// What the other writes of the batch say.
struct Around<'a> {
    cx: &'a Cx,
    flow: Option<Flow>,
    actors: Option<Actors>,
}

impl Around<'_> {
    fn activity(&self, happened: &Happened, resources: Vec<Party>) -> Activity {
        let activity = Activity::new(self.cx, happened, resources);
        match &self.actors {
            Some(actors) => activity.by(actors),
            None => activity,
        }
    }

    fn tell(&self, it: &Told<'_>) -> Result<Vec<Activity>, Fault> {
        if it.kind() == Flow::KIND {
            return Ok(self.flow(it));
        }
        if it.kind() == Session::KIND {
            return Ok(self.session(it)?.into_iter().collect());
        }
        let Some(family) = families::of(it.kind()) else {
            return Ok(Vec::new());
        };
        let Some(happened) = happened(family, it) else {
            return Ok(Vec::new());
        };
        let env = self.home(it.key);
        let party = match it.doc {
            Some(doc) if it.kind() == User::KIND => Party::user(env, &User::from_doc(doc)?),
            Some(doc) => described(party(env, family.resource, it.key), doc),
            None => party(env, family.resource, it.key),
        };
        Ok(vec![self.activity(&happened, vec![party])])
    }

    /// The environment that a document belongs to. One that is an environment is at home in itself.
    fn home(&self, key: &Key) -> EnvId {
        let own = (key.kind == documents::ENVIRONMENT).then(|| key.id.parse().ok());
        match (own.flatten(), key.env) {
            (Some(own), _) => own,
            (None, EnvId::PLATFORM) => self.cx.env_id(),
            (None, env) => env,
        }
    }

    fn flow(&self, it: &Told<'_>) -> Vec<Activity> {
        let Some(flow) = &self.flow else {
            return Vec::new();
        };
        let env = self.cx.env_id();
        let resource = Party::new(env, "FLOW", &it.key.id);
        match (it.done, &flow.state) {
            // Some policies have nothing to ask and nobody to let in. Who was known and is not let in is
            // told of by the rule that knows them.
            (Done::Created, State::Failed(failure))
                if !matches!(failure, FlowFailure::Denied | FlowFailure::AnotherUser) =>
            {
                let denied = self.activity(&kinds::ACCESS_DENIED, vec![]);
                vec![
                    self.activity(&kinds::FLOW_CREATED, vec![resource]),
                    denied.failed(failure.message()),
                ]
            }
            (Done::Created, _) => vec![self.activity(&kinds::FLOW_CREATED, vec![resource])],
            (Done::Updated, State::Completed(done)) if flow.resumed => {
                let user = Party::flow_user(env, &done.user);
                vec![self.activity(&kinds::ACCESS_ALLOWED, vec![user])]
            }
            (Done::Updated | Done::Deleted, _) => Vec::new(),
        }
    }

    /// A session that is only found alive is not worth telling: a sign-on writes its flow, too.
    fn session(&self, it: &Told<'_>) -> Result<Option<Activity>, Fault> {
        let env = self.cx.env_id();
        let resource = Party::new(env, "SESSION", &it.key.id);
        let signs_on = self
            .flow
            .as_ref()
            .is_some_and(|flow| matches!(flow.state, State::Completed(_)));
        let happened = match it.done {
            Done::Created => kinds::SESSION_CREATED,
            Done::Updated if signs_on => kinds::SESSION_UPDATED,
            Done::Deleted => kinds::SESSION_DELETED,
            Done::Updated => return Ok(None),
        };
        let user: Option<Ref<UserId>> = match it.doc {
            Some(doc) => Session::from_doc(doc)?.user,
            None => None,
        };
        let actors = Actors {
            user: user.map(|user| Party::user_id(env, user.id)),
            client: None,
        };
        Ok(Some(self.activity(&happened, vec![resource]).by(&actors)))
    }
}

/// A document as a resource of an event. What an environment has one of, without an id of its own,
/// goes by the environment's.
fn party(env: EnvId, type_: &str, key: &Key) -> Party {
    match key.id.parse::<uuid::Uuid>() {
        Ok(_) => Party::new(env, type_, &key.id),
        Err(_) => Party::new(env, type_, env),
    }
}

fn happened(family: &'static Family, it: &Told<'_>) -> Option<Happened> {
    let is_revoked = || it.doc.is_some_and(|doc| doc.body.contains("\"REVOKED\""));
    if it.kind() == documents::AGREEMENT_CONSENT && is_revoked() {
        return Some(kinds::AGREEMENT_CONSENT_REVOKED);
    }
    if it.kind() == documents::OAUTH_CONSENT && is_revoked() {
        return Some(kinds::OAUTH_CONSENT_REVOKED);
    }
    let what = match it.done {
        Done::Created => family.life.created,
        Done::Updated => family.life.updated,
        Done::Deleted => family.life.deleted,
    };
    Some(Happened::to(family.name, what?))
}

/// With the name that the document has.
fn described(party: Party, doc: &Doc) -> Party {
    #[derive(Deserialize)]
    struct Named {
        name: Option<String>,
    }
    match serde_json::from_str::<Named>(&doc.body) {
        Ok(Named { name: Some(name) }) => party.named(name),
        _ => party,
    }
}
