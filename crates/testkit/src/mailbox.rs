//! The mailbox of everybody: what a server delivers under test, read without waiting.

use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Courier, Mail, Undelivered};
use countersign_domain::ports::{BoxFuture, Ports};
use countersign_protocol::notices::outbox::{self, Round};
use parking_lot::Mutex;

use crate::broken;

/// A courier that keeps what it is given.
#[derive(Default)]
pub struct Mailbox {
    mails: Mutex<Vec<Mail>>,
    refusals: Mutex<Vec<Undelivered>>,
}

impl Mailbox {
    /// The next deliveries fail, each with one of these.
    pub fn refuse(&self, refusals: impl IntoIterator<Item = Undelivered>) {
        self.refusals.lock().extend(refusals);
    }

    /// Delivers what is due, as the job does all the time; says what became of it.
    pub async fn deliver(&self, ports: &Ports) -> Round {
        let mut all = Round::default();
        loop {
            let round = outbox::deliver_due(ports, self, 1).await;
            let round = round.unwrap_or_else(|fault| broken("the outbox", fault));
            all.delivered += round.delivered;
            all.postponed += round.postponed;
            all.given_up += round.given_up;
            if !round.goes_on() {
                return all;
            }
        }
    }

    /// What was delivered since the last call, oldest first.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.mails.lock())
    }
}

impl Courier for Mailbox {
    fn deliver<'a>(
        &'a self,
        _id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        let mut refusals = self.refusals.lock();
        let outcome = if refusals.is_empty() {
            self.mails.lock().push(mail.clone());
            Ok(())
        } else {
            Err(refusals.remove(0))
        };
        Box::pin(std::future::ready(outcome))
    }
}

/// The code in a mail: the only word of eight capital letters and digits that stands alone.
#[track_caller]
pub fn code_in(mail: &Mail) -> String {
    let is_code = |word: &&str| {
        let symbols = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
        word.len() == 8 && word.chars().all(symbols)
    };
    let found = mail.text.split_whitespace().find(is_code);
    match found {
        Some(code) => code.to_owned(),
        None => broken("no code in the mail", &mail.text),
    }
}
