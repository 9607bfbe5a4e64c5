//! Notices: mails on their way. A notice is a document in the batch of what caused it (style 6.2),
//! so that nothing is announced that did not happen and nothing that happened goes unannounced. A
//! job delivers it (`protocol/src/notices/outbox.rs`).

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{EnvId, NoticeId, UserId};
use crate::ports::BoxFuture;
use crate::store::{IndexEntry, IndexName, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// How long a notice that could not be delivered is kept.
pub const KEPT: Duration = Duration::from_hours(30 * 24);

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    pub address: String,
}

/// A mail, ready to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// To whom. Nobody: a mail that is written for show, so that the work for a user who does not
    /// exist is that for one who does (`threats.md` 34). It is thrown away instead of delivered.
    pub to: Option<Mailbox>,
    /// From whom; the server's default sender without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Who gets answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// The language it is in.
    pub locale: String,
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

/// A mail in the outbox. All of them live under [`EnvId::PLATFORM`], so that one look-up finds what
/// is due, however many environments there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Its id, which becomes the `Message-ID`: a mail that is delivered twice, because a process
    /// died between delivery and note of it, can be told by it.
    pub id: NoticeId,
    /// Whose.
    pub environment: EnvId,
    /// From which template.
    pub template: String,
    /// About which user; the stand-in of nobody, for a mail written for show.
    pub user: UserId,
    /// When it was caused.
    pub created_at: Time,
    /// When it is tried next. Pushed forward before each try: until then the notice is claimed by
    /// whoever is at it.
    pub due_at: Time,
    /// When it is not worth delivering any more.
    pub void_at: Time,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Why the last try failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Since when nobody tries any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_at: Option<Time>,
    /// The [`Mail`], sealed: it has a code in it.
    pub mail: Sealed,
}

impl Notice {
    /// Index: when it is due. Only of those that are still tried.
    pub const BY_DUE: IndexName = "due";
    /// Index: when it was given up.
    pub const BY_DEATH: IndexName = "dead";

    /// A time as an index value: in order of time as text.
    pub fn position(time: Time) -> String {
        format!("{:015}", time.millis().max(0))
    }
}

impl Entity for Notice {
    const KIND: Kind = kinds::NOTICE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let (name, at) = match self.dead_at {
            Some(at) => (Self::BY_DEATH, at),
            None => (Self::BY_DUE, self.due_at),
        };
        vec![IndexEntry {
            name,
            value: Self::position(at),
        }]
    }
    fn expires_at(&self) -> Option<Time> {
        self.dead_at.map(|at| at.plus(KEPT))
    }
}

/// A mail server of an environment's own.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its name or address; a name is what its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name to sign on with, and the password.
    pub account: Option<(String, SecretString)>,
}

/// Takes mails away.
pub trait Courier: Send + Sync + 'static {
    /// Delivers a mail, or says why not. `id` is unique to the mail.
    fn deliver<'a>(
        &'a self,
        id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>>;

    /// The same for a mail of an environment that has a mail server of its own. Whoever hands no mail
    /// to any server, such as into a folder, takes it like the others.
    fn deliver_through<'a>(
        &'a self,
        _server: &'a MailServer,
        id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        self.deliver(id, mail)
    }
}

/// Why a mail was not taken. Inward text only; it names no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// It may work later.
    #[error("{0}")]
    NotNow(String),
    /// It will never work: the address is refused, or cannot be written to.
    #[error("{0}")]
    Never(String),
}
