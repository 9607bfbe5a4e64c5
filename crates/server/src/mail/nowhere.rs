//! The courier of a server that was told no mail server: it gives every mail up, which is seen in
//! the log and in `countersign mail`.

use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Courier, Mail, Undelivered};
use countersign_domain::ports::BoxFuture;

/// Delivers nothing.
pub struct Nowhere;

impl Courier for Nowhere {
    fn deliver<'a>(
        &'a self,
        _id: NoticeId,
        _mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        let why = Undelivered::Never("no mail server is configured (--smtp-url)".to_owned());
        Box::pin(std::future::ready(Err(why)))
    }
}
