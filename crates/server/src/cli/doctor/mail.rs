//! Whether mail would go out.

use super::Report;
use crate::config::Config;
use crate::mail::{self, Route};

/// Connects with the mail server and signs on there, if one is configured.
pub(super) async fn examine(config: &Config, report: &mut Report) {
    match &config.mail.route {
        Route::Nowhere => report.warn(
            "mail",
            "no mail server: verification and recovery codes reach nobody",
            "name one with --smtp-url and --smtp-from, or a folder with --mail-dir",
        ),
        Route::Folder(folder) => report.warn(
            "mail",
            format!(
                "mails are written into {} and into the log",
                folder.display()
            ),
            "fine for trying things out; for people use --smtp-url",
        ),
        Route::Smtp(smtp) => {
            let from = config.mail.from.clone();
            match mail::connect(smtp, from, config.extra_ca.as_deref()).await {
                Ok(()) => report.ok("mail", format!("{smtp:?} takes mail")),
                Err(error) => report.fail(
                    "mail",
                    format!("{smtp:?}: {error:#}"),
                    "check --smtp-url; the certificate must be for its host, from a public authority \
                     or one of --extra-ca",
                ),
            }
        }
    }
}
