//! Events that follow from what a batch changes: whoever adds a rule that writes one of these
//! documents has it told without a line of code.

use countersign_domain::entity::{Entity, kinds as documents};
use countersign_domain::ids::UserId;
use countersign_domain::reference::Ref;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Doc, Fault, Kind, Precondition, Write};
use countersign_domain::user::{Account, User};
use serde::Deserialize;

use super::{Activity, Actors, Happened, Party, kinds};
use crate::cx::Cx;
use crate::flows::{Flow, State};

/// Documents whose changes are told: kind, family of the event, type of the resource.
///
/// Source: `reference/flows.md` 13 for the families it lists, PingOne's list of subscription
/// action types for the rest.
const FAMILIES: &[(Kind, &str, &str)] = &[
    (documents::ENVIRONMENT, "ENVIRONMENT", "ENVIRONMENT"),
    (documents::POPULATION, "POPULATION", "POPULATION"),
    (documents::USER, "USER", "USER"),
    (documents::APPLICATION, "APPLICATION", "APPLICATION"),
    (documents::APPLICATION_SECRET, "SECRET", "SECRET"),
    (documents::RESOURCE_SECRET, "SECRET", "SECRET"),
    (documents::GRANT, "GRANT", "GRANT"),
    (documents::APPLICATION_ATTRIBUTE, "ATTRIBUTE", "ATTRIBUTE"),
    (
        documents::SIGN_ON_POLICY_ASSIGNMENT,
        "SIGN_ON_POLICY_ASSIGNMENT",
        "SIGN_ON_POLICY_ASSIGNMENT",
    ),
    (documents::RESOURCE, "RESOURCE", "RESOURCE"),
    (documents::SCOPE, "SCOPE", "SCOPE"),
    (
        documents::RESOURCE_ATTRIBUTE,
        "RESOURCE_ATTRIBUTE",
        "RESOURCE_ATTRIBUTE",
    ),
    (documents::SIGN_ON_POLICY, "POLICY", "SIGN_ON_POLICY"),
    (documents::PASSWORD_POLICY, "POLICY", "PASSWORD_POLICY"),
    (documents::SIGN_ON_ACTION, "ACTION", "ACTION"),
    (documents::KEY, "KEY", "KEY"),
    (documents::CUSTOM_DOMAIN, "CUSTOM_DOMAIN", "CUSTOM_DOMAIN"),
    (documents::KEY_ROTATION_POLICY, "KRP", "KRP"),
    (
        documents::ROLE_ASSIGNMENT,
        "ROLE_ASSIGNMENT",
        "ROLE_ASSIGNMENT",
    ),
    (documents::ROLE, "ROLE", "ROLE"),
    (documents::AGREEMENT, "AGREEMENT", "AGREEMENT"),
    (
        documents::AGREEMENT_LANGUAGE,
        "AGREEMENT_LANGUAGE",
        "AGREEMENT_LANGUAGE",
    ),
    (
        documents::AGREEMENT_REVISION,
        "AGREEMENT_LANGUAGE_REVISION",
        "AGREEMENT_LANGUAGE_REVISION",
    ),
    (
        documents::AGREEMENT_CONSENT,
        "AGREEMENT_CONSENT",
        "AGREEMENT_CONSENT",
    ),
    (documents::OAUTH_CONSENT, "OAUTH_CONSENT", "OAUTH_CONSENT"),
    (
        documents::IDENTITY_PROVIDER,
        "IDENTITY_PROVIDER",
        "IDENTITY_PROVIDER",
    ),
    (
        documents::IDENTITY_PROVIDER_ATTRIBUTE,
        "IDP_ATTRIBUTE",
        "IDP_ATTRIBUTE",
    ),
    (documents::LINKED_ACCOUNT, "ACCOUNT", "LINKED_ACCOUNT"),
    (documents::GROUP, "GROUP", "GROUP"),
    (
        documents::GROUP_MEMBERSHIP,
        "MEMBER_OF_GROUP",
        "MEMBER_OF_GROUP",
    ),
    (documents::SUBSCRIPTION, "SUBSCRIPTION", "SUBSCRIPTION"),
    (documents::SESSION, "SESSION", "SESSION"),
    (documents::FLOW, "FLOW", "FLOW"),
    (documents::AUTHORIZATION_CODE, "", ""),
];

fn family_of(kind: Kind) -> Option<(&'static str, &'static str)> {
    let found = FAMILIES.iter().find(|(of, ..)| *of == kind)?;
    Some((found.1, found.2))
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
    kind: Kind,
    id: &'a str,
    done: Done,
    doc: Option<&'a Doc>,
}

/// The events of a batch.
pub(super) fn derive(cx: &Cx, batch: &Batch) -> Result<Vec<Activity>, Fault> {
    let told: Vec<Told<'_>> = batch
        .writes
        .iter()
        .filter_map(|write| seen(batch, write))
        .collect();
    let mut events = operation(cx, batch);
    if told.is_empty() {
        return Ok(events);
    }
    let flow = told.iter().find(|it| it.kind == Flow::KIND);
    let flow = flow.and_then(|it| it.doc).map(Flow::from_doc).transpose()?;
    let mut around = Around {
        cx,
        actors: flow.as_ref().map(|flow| Actors::of_flow(cx.env_id(), flow)),
        flow,
        allowed: false,
    };
    around.actors.get_or_insert_default();
    for it in &told {
        events.extend(around.tell(it)?);
    }
    Ok(events)
}

/// Operations of the management API that are told by their own name, not by what they write.
///
/// Source: `reference/platform.md` 1.7.
///
/// Whoever recovers a password is unlocked with it (`reference/flows.md` 6.7).
const OPERATIONS: &[(&str, Happened)] = &[
    ("account.lock", kinds::USER_LOCKED),
    ("account.unlock", kinds::USER_UNLOCKED),
    ("password.set", kinds::PASSWORD_SET),
    ("password.setValue", kinds::PASSWORD_SET),
    ("password.reset", kinds::PASSWORD_RESET),
    ("password.recover", kinds::PASSWORD_RECOVERY),
    ("password.recover", kinds::USER_UNLOCKED),
    ("password.forceChange", kinds::PASSWORD_FORCE_CHANGE),
    ("password.unlock", kinds::PASSWORD_UNLOCKED),
    ("password.unlock", kinds::USER_UNLOCKED),
    // Decision: besides `USER.UPDATED`, so that who follows all changes of users misses none.
    ("user.move", kinds::USER_MOVED),
];

/// The events of an operation, about the user whom it writes, or whose account or password.
fn operation(cx: &Cx, batch: &Batch) -> Vec<Activity> {
    let operation = cx.caller.as_ref().and_then(|caller| caller.operation);
    let Some(operation) = operation else {
        return Vec::new();
    };
    let named = OPERATIONS.iter().filter(|(name, _)| *name == operation);
    let user = batch.writes.iter().find_map(|write| match write {
        Write::Put(doc) if is_of_user(doc.key.kind) => Some(&doc.key.id),
        Write::Delete(key) if is_of_user(key.kind) => Some(&key.id),
        _ => None,
    });
    let Some(user) = user.map(|id| Party::new(cx.env_id(), "USER", id)) else {
        return Vec::new();
    };
    let told =
        named.filter(|(_, happened)| *happened != kinds::USER_UNLOCKED || !stays_locked(batch));
    told.map(|(_, happened)| Activity::new(cx, happened, vec![user.clone()]))
        .collect()
}

/// Whether an administrator's lock is on the account that a batch writes: lifting the one after
/// wrong passwords unlocks nobody then (`reference/flows.md` 10.2).
fn stays_locked(batch: &Batch) -> bool {
    batch.writes.iter().any(|write| match write {
        Write::Put(doc) if doc.key.kind == documents::ACCOUNT => {
            Account::from_doc(doc).is_ok_and(|account| account.locked_by_admin)
        }
        _ => false,
    })
}

fn is_of_user(kind: Kind) -> bool {
    [documents::ACCOUNT, documents::CREDENTIAL, documents::USER].contains(&kind)
}

fn seen<'a>(batch: &'a Batch, write: &'a Write) -> Option<Told<'a>> {
    match write {
        Write::Put(doc) => {
            family_of(doc.key.kind)?;
            let is_new = batch
                .preconditions
                .iter()
                .any(|it| matches!(it, Precondition::Absent(key) if *key == doc.key));
            Some(Told {
                kind: doc.key.kind,
                id: &doc.key.id,
                done: if is_new { Done::Created } else { Done::Updated },
                doc: Some(doc),
            })
        }
        Write::Delete(key) => {
            family_of(key.kind)?;
            Some(Told {
                kind: key.kind,
                id: &key.id,
                done: Done::Deleted,
                doc: None,
            })
        }
        Write::DeleteEnvironment(_) => None,
    }
}

/// What the other writes of the batch say.
struct Around<'a> {
    cx: &'a Cx,
    flow: Option<Flow>,
    actors: Option<Actors>,
    /// Whether access was told of already: once for a code and its flow.
    allowed: bool,
}

impl Around<'_> {
    fn activity(&self, happened: &Happened, resources: Vec<Party>) -> Activity {
        let activity = Activity::new(self.cx, happened, resources);
        match &self.actors {
            Some(actors) => activity.by(actors),
            None => activity,
        }
    }

    fn tell(&mut self, it: &Told<'_>) -> Result<Vec<Activity>, Fault> {
        let env = self.cx.env_id();
        if it.kind == Flow::KIND {
            return Ok(self.flow(it));
        }
        if it.kind == documents::AUTHORIZATION_CODE {
            return Ok(self.code(it).into_iter().collect());
        }
        if it.kind == Session::KIND {
            return Ok(self.session(it)?.into_iter().collect());
        }
        let Some((family, type_)) = family_of(it.kind) else {
            return Ok(Vec::new());
        };
        let party = match it.doc {
            Some(doc) if it.kind == User::KIND => Party::user(env, &User::from_doc(doc)?),
            Some(doc) => described(Party::new(env, type_, it.id), doc),
            None => Party::new(env, type_, it.id),
        };
        Ok(vec![self.activity(&happened(family, it), vec![party])])
    }

    fn flow(&mut self, it: &Told<'_>) -> Vec<Activity> {
        let Some(flow) = &self.flow else {
            return Vec::new();
        };
        let env = self.cx.env_id();
        let resource = Party::new(env, "FLOW", it.id);
        match (it.done, &flow.state) {
            // Some policies have nothing to ask and nobody to let in.
            (Done::Created, State::Failed(failure)) => {
                let denied = self.activity(&kinds::ACCESS_DENIED, vec![]);
                vec![
                    self.activity(&kinds::FLOW_CREATED, vec![resource]),
                    denied.failed(failure.message()),
                ]
            }
            (Done::Created, _) => vec![self.activity(&kinds::FLOW_CREATED, vec![resource])],
            (Done::Updated, State::Completed(done)) if flow.resumed && !self.allowed => {
                let user = Party::flow_user(env, &done.user);
                self.allowed = true;
                vec![self.activity(&kinds::ACCESS_ALLOWED, vec![user])]
            }
            (Done::Updated | Done::Deleted, _) => Vec::new(),
        }
    }

    /// An answer that goes out with the answer to authorize itself has no flow to tell of it.
    fn code(&mut self, it: &Told<'_>) -> Option<Activity> {
        #[derive(Deserialize)]
        struct Seen {
            user: UserId,
        }
        if it.done != Done::Created || self.allowed || self.flow.is_some() {
            return None;
        }
        let seen: Seen = serde_json::from_str(&it.doc?.body).ok()?;
        let user = Party::user_id(self.cx.env_id(), seen.user);
        let activity = self.activity(&kinds::ACCESS_ALLOWED, vec![user.clone()]);
        self.allowed = true;
        Some(activity.by(&Actors {
            user: Some(user),
            client: None,
        }))
    }

    /// A session that is only found alive is not worth telling: a sign-on writes its flow, too.
    fn session(&mut self, it: &Told<'_>) -> Result<Option<Activity>, Fault> {
        let env = self.cx.env_id();
        let resource = Party::new(env, "SESSION", it.id);
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

fn happened(family: &'static str, it: &Told<'_>) -> Happened {
    let is_consent = family.ends_with("CONSENT");
    let what = match it.done {
        _ if family == "SECRET" => "UPDATED",
        Done::Created if family == "ACCOUNT" => "LINKED",
        Done::Deleted if family == "ACCOUNT" => "UNLINKED",
        Done::Created | Done::Updated if is_consent => match it.doc {
            Some(doc) if doc.body.contains("\"REVOKED\"") => "REVOKED",
            _ => "ACCEPTED",
        },
        Done::Created => "CREATED",
        Done::Updated => "UPDATED",
        Done::Deleted => "DELETED",
    };
    Happened::to(family, what)
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
