//! Mail: how notices leave the process. Which of the couriers there is follows from the options.

mod folder;
mod message;
mod nowhere;
mod own;
mod smtp;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use countersign_domain::notice::{Courier, Mailbox};
use ipnet::IpNet;

use crate::fetch::Allowed;

pub use smtp::{Security, SmtpOptions};

/// Where mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// To a mail server.
    Smtp(SmtpOptions),
    /// Into a folder and the log: for trying things out.
    Folder(PathBuf),
    /// Nowhere: nothing is configured.
    Nowhere,
}

/// The options of mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailOptions {
    /// Where it goes.
    pub route: Route,
    /// From whom, unless a content says otherwise.
    pub from: Mailbox,
}

/// Connects with a mail server once, and signs on there.
pub async fn connect(
    options: &SmtpOptions,
    from: Mailbox,
    extra_ca: Option<&std::path::Path>,
) -> anyhow::Result<()> {
    smtp::Smtp::new(options, from, extra_ca)?.connect().await
}

/// Makes the courier. `extra_ca` are more certificate authorities, in PEM; `private_egress` the
/// networks in which mail servers of environments' own may be, beside the public Internet.
///
/// Decision: into a folder go all mails, also those of environments with a server of their own: who
/// tries things out with the settings of others writes to nobody.
pub fn courier(
    options: &MailOptions,
    extra_ca: Option<&std::path::Path>,
    private_egress: &[IpNet],
) -> anyhow::Result<Arc<dyn Courier>> {
    let from = options.from.clone();
    let with_own = |others: Arc<dyn Courier>| -> Arc<dyn Courier> {
        let extra_ca = extra_ca.map(std::path::Path::to_owned);
        let allowed = Allowed::new(private_egress);
        Arc::new(own::Own::new(
            others,
            allowed,
            options.from.clone(),
            extra_ca,
        ))
    };
    Ok(match &options.route {
        Route::Smtp(smtp) => with_own(Arc::new(smtp::Smtp::new(smtp, from, extra_ca)?)),
        Route::Folder(folder) => {
            crate::private_file::folder(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            tracing::warn!(
                folder = %folder.display(),
                "no mail server: mails are written into this folder and into the log, codes and all"
            );
            Arc::new(folder::Folder::new(folder.clone(), from))
        }
        Route::Nowhere => {
            tracing::warn!(
                "no mail server (--smtp-url): verification and recovery codes reach nobody"
            );
            with_own(Arc::new(nowhere::Nowhere))
        }
    })
}
