//! Mail servers that environments have of their own: reached at public addresses alone, unless
//! `--allow-private-egress` names their network (`threats.md` 35), and over TLS alone.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Courier, Mail, MailServer, Mailbox, Undelivered};
use countersign_domain::ports::BoxFuture;

use super::smtp::{Security, Smtp, SmtpOptions};
use crate::fetch::Allowed;

/// Hands mails of environments with a mail server to it, and all others to another courier.
pub struct Own {
    others: Arc<dyn Courier>,
    allowed: Allowed,
    from: Mailbox,
    extra_ca: Option<PathBuf>,
}

impl Own {
    /// `others` takes the mails of environments without one.
    pub const fn new(
        others: Arc<dyn Courier>,
        allowed: Allowed,
        from: Mailbox,
        extra_ca: Option<PathBuf>,
    ) -> Self {
        Self {
            others,
            allowed,
            from,
            extra_ca,
        }
    }

    async fn send(
        &self,
        server: &MailServer,
        id: NoticeId,
        mail: &Mail,
    ) -> Result<(), Undelivered> {
        let later =
            |why: String| Undelivered::NotNow(format!("the environment's own server: {why}"));
        let (host, port) = (server.host.as_str(), server.port);
        let found = self.allowed.resolve(host, port).await;
        let found = found.map_err(|error| later(error.to_string()))?;
        // Connected with where it was looked at, so that a name that changes its mind gains nothing.
        let address = found.first().map(|it| it.ip().to_string());
        let address = address.ok_or_else(|| later("has no permitted address".to_owned()))?;
        let (username, password) = server.account.clone().unzip();
        let options = SmtpOptions {
            host: server.host.clone(),
            port,
            security: security(port),
            username,
            password,
        };
        let extra_ca = self.extra_ca.as_deref();
        let smtp = Smtp::at(&address, &options, self.from.clone(), extra_ca);
        let smtp = smtp.map_err(|error| later(format!("{error:#}")))?;
        smtp.deliver(id, mail).await
    }
}

/// Source: `reference/mfa.md` 11.3.
const fn security(port: u16) -> Security {
    match port {
        25 | 587 | 2_525 => Security::StartTls,
        _ => Security::Implicit,
    }
}

impl Courier for Own {
    fn deliver<'a>(
        &'a self,
        id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        self.others.deliver(id, mail)
    }

    fn deliver_through<'a>(
        &'a self,
        server: &'a MailServer,
        id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(self.send(server, id, mail))
    }
}

#[cfg(test)]
mod tests {
    use super::super::nowhere::Nowhere;
    use super::*;

    #[tokio::test]
    async fn threat_35_a_mail_server_is_no_way_into_the_network() {
        let from = Mailbox {
            name: None,
            address: "a@b.example".to_owned(),
        };
        let mail = Mail {
            to: Some(from.clone()),
            from: None,
            reply_to: None,
            locale: "en".to_owned(),
            subject: "x".to_owned(),
            text: "x".to_owned(),
            html: None,
        };
        let own = Own::new(Arc::new(Nowhere), Allowed::new(&[]), from, None);
        for host in [
            "127.0.0.1",
            "localhost",
            "169.254.169.254",
            "10.0.0.1",
            "::1",
        ] {
            let server = MailServer {
                host: host.to_owned(),
                port: 465,
                account: None,
            };
            let id = NoticeId::from_uuid(uuid::Uuid::nil());
            let outcome = own.deliver_through(&server, id, &mail).await;
            let Err(Undelivered::NotNow(why)) = outcome else {
                panic!("{host}: {outcome:?}");
            };
            assert!(why.contains("no permitted address"), "{host}: {why}");
        }
    }

    #[test]
    fn the_port_says_how_tls_begins() {
        for port in [25, 587, 2_525] {
            assert_eq!(security(port), Security::StartTls);
        }
        for port in [465, 1_025, 40_000] {
            assert_eq!(security(port), Security::Implicit);
        }
    }
}
