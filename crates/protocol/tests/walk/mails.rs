//! The mailboxes of everybody: where the codes are.

use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Courier, Mail, Undelivered};
use countersign_domain::ports::BoxFuture;
use countersign_protocol::notices::outbox;
use parking_lot::Mutex;

use super::World;

#[derive(Default)]
struct Postman(Mutex<Vec<Mail>>);

impl Courier for Postman {
    fn deliver<'a>(
        &'a self,
        _id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        self.0.lock().push(mail.clone());
        Box::pin(std::future::ready(Ok(())))
    }
}

impl World {
    /// Everybody opens what came: the newest code of a kind is the one that counts.
    pub(super) async fn read_mails(&mut self) {
        let postman = Postman::default();
        while outbox::deliver_due(&self.ports, &postman, 1)
            .await
            .unwrap_or_else(|fault| panic!("{fault}"))
            .more
        {}
        for mail in postman.0.into_inner() {
            let address = mail.to.unwrap().address;
            let name = address.split('@').next().unwrap();
            let person = self.people.iter_mut().find(|it| it.name == name).unwrap();
            let is_code = |word: &&str| {
                let symbols = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
                word.len() == 8 && word.chars().all(symbols)
            };
            let code = mail.text.split_whitespace().find(is_code).unwrap();
            let is_recovery = mail.subject.contains("password");
            person.codes[usize::from(is_recovery)] = Some(code.to_owned());
        }
    }
}
