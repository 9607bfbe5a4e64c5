//! The courier that hands mails to a mail server (RFC 5321), over TLS unless told otherwise.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use countersign_domain::ids::NoticeId;
use countersign_domain::notice::{Courier, Mail, Mailbox, Undelivered};
use countersign_domain::ports::BoxFuture;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::message::message;

/// Longest time one mail may take, well below the outbox's claim.
const DEADLINE: Duration = Duration::from_secs(20);

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte: `smtps://`.
    Implicit,
    /// STARTTLS, and nothing without it: `smtp://`.
    StartTls,
    /// None: `smtp://...?tls=none`.
    None,
}

/// Which mail server, and how.
#[derive(Clone)]
pub struct SmtpOptions {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The name to sign on with, if any.
    pub username: Option<String>,
    /// The password.
    pub password: Option<SecretString>,
}

impl std::fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SmtpOptions({}:{})", self.host, self.port)
    }
}

impl PartialEq for SmtpOptions {
    fn eq(&self, other: &Self) -> bool {
        let secret = |it: &Self| it.password.as_ref().map(|it| it.expose_secret().to_owned());
        (&self.host, self.port, self.security, &self.username)
            == (&other.host, other.port, other.security, &other.username)
            && secret(self) == secret(other)
    }
}

impl Eq for SmtpOptions {}

/// Hands mails to a mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// Prepares the way; connects with the first mail.
    pub fn new(
        options: &SmtpOptions,
        from: Mailbox,
        extra_ca: Option<&Path>,
    ) -> anyhow::Result<Self> {
        Self::at(&options.host, options, from, extra_ca)
    }

    /// The same where the server is connected with at an address that its name was resolved to.
    pub fn at(
        address: &str,
        options: &SmtpOptions,
        from: Mailbox,
        extra_ca: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let tls = match options.security {
            Security::Implicit => Tls::Wrapper(trust(&options.host, extra_ca)?),
            Security::StartTls => Tls::Required(trust(&options.host, extra_ca)?),
            Security::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address)
            .port(options.port)
            .tls(tls)
            .timeout(Some(DEADLINE));
        if let (Some(username), Some(password)) = (&options.username, &options.password) {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(username.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from,
        })
    }
}

impl Smtp {
    /// Connects once, and signs on.
    pub async fn connect(&self) -> anyhow::Result<()> {
        let connecting = self.transport.test_connection();
        match tokio::time::timeout(DEADLINE, connecting).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => anyhow::bail!("it takes no commands"),
            Ok(Err(error)) => anyhow::bail!("{}", chain(&error)),
            Err(_) => anyhow::bail!("no answer within {} s", DEADLINE.as_secs()),
        }
    }
}

fn trust(host: &str, extra_ca: Option<&Path>) -> anyhow::Result<TlsParameters> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = extra_ca {
        let pem = std::fs::read(file).with_context(|| format!("extra-ca {}", file.display()))?;
        let certificate = Certificate::from_pem(&pem).context("extra-ca")?;
        builder = builder.add_root_certificate(certificate);
    }
    builder
        .build_rustls()
        .context("TLS towards the mail server")
}

impl Courier for Smtp {
    fn deliver<'a>(
        &'a self,
        id: NoticeId,
        mail: &'a Mail,
    ) -> BoxFuture<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            let message = message(id, mail, &self.from)?;
            let sending = self.transport.send(message);
            match tokio::time::timeout(DEADLINE, sending).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(undelivered(&error)),
                Err(_) => Err(Undelivered::NotNow(
                    "the mail server took too long".to_owned(),
                )),
            }
        })
    }
}

/// Whether another try makes sense. A refused sign-on at the mail server is the operator's to mend,
/// and no fault of the mail.
fn undelivered(error: &Error) -> Undelivered {
    let text = chain(error);
    let code = error.status().map(u16::from);
    let is_sign_on = matches!(code, Some(530 | 534 | 535 | 538));
    if error.is_permanent() && !is_sign_on {
        Undelivered::Never(text)
    } else {
        Undelivered::NotNow(text)
    }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}
