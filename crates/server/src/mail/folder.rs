//! The courier for trying things out: a file for each mail, and its text in the log.

use std::path::{Path, PathBuf};

use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Courier, Mail, Mailbox, Undelivered};
use countersign_domain::ports::BoxFuture;

use super::message::message;

/// Writes mails into a folder.
pub struct Folder {
    folder: PathBuf,
    from: Mailbox,
}

impl Folder {
    /// Into this folder, which exists.
    pub const fn new(folder: PathBuf, from: Mailbox) -> Self {
        Self { folder, from }
    }
}

impl Courier for Folder {
    fn deliver<'a>(
        &'a self,
        id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let bytes = message(id, mail, &self.from)?.formatted();
            let file = self.folder.join(format!("{id}.eml"));
            write(&file, bytes)
                .await
                .map_err(|error| Undelivered::NotNow(format!("{}: {error}", file.display())))?;
            let to = mail.to.as_ref().map_or("nobody", |to| to.address.as_str());
            tracing::warn!(
                to,
                subject = mail.subject,
                file = %file.display(),
                "MAIL NOT SENT (no mail server): {}",
                mail.text.split_whitespace().collect::<Vec<_>>().join(" ")
            );
            Ok(())
        })
    }
}

/// Whole or not at all: whoever watches the folder never sees half a mail.
async fn write(file: &Path, bytes: Vec<u8>) -> std::io::Result<()> {
    let unfinished = file.with_extension("eml.new");
    tokio::fs::write(&unfinished, bytes).await?;
    tokio::fs::rename(&unfinished, file).await
}
