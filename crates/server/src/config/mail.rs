//! The options of mail: `smtp-url`, `smtp-from`, `mail-dir`.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use countersign_domain::notice::Mailbox;
use countersign_domain::notification::is_address;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::mail::{MailOptions, Route, Security, SmtpOptions};

/// Where mail goes, and from whom.
pub fn options(
    smtp_url: Option<&SecretString>,
    smtp_from: Option<&str>,
    mail_dir: Option<PathBuf>,
) -> anyhow::Result<MailOptions> {
    let route = match (smtp_url, mail_dir) {
        (Some(_), Some(_)) => bail!("smtp-url and mail-dir exclude each other"),
        (Some(url), None) => Route::Smtp(smtp(url.expose_secret()).context("smtp-url")?),
        (None, Some(folder)) => Route::Folder(folder),
        (None, None) => Route::Nowhere,
    };
    let from = match smtp_from {
        Some(text) => mailbox(text).context("smtp-from")?,
        None if matches!(route, Route::Smtp(_)) => bail!(
            "smtp-from is missing: the sender of mails, such as \"Example <no-reply@example.com>\""
        ),
        None => Mailbox {
            name: Some("Countersign".to_owned()),
            address: "countersign@localhost".to_owned(),
        },
    };
    Ok(MailOptions { route, from })
}

/// `smtps://user:password@host:465`, `smtp://host:587`, `smtp://localhost:25?tls=none`. The text of
/// a refusal never has the URL: there is a password in it.
fn smtp(text: &str) -> anyhow::Result<SmtpOptions> {
    let url = Url::parse(text)
        .map_err(|_| anyhow::anyhow!("not a URL such as smtps://user:password@mail.example.com"))?;
    let tls = url.query_pairs().find(|(name, _)| name == "tls");
    let tls = tls.map(|(_, value)| value.into_owned());
    let security = match (url.scheme(), tls.as_deref()) {
        ("smtps", None | Some("implicit")) => Security::Implicit,
        ("smtp", None | Some("starttls")) => Security::StartTls,
        ("smtp", Some("none")) => Security::None,
        ("smtp" | "smtps", Some(_)) => {
            bail!("tls= is starttls or none after smtp://, and nothing after smtps://")
        }
        _ => bail!("it begins with smtps:// or smtp://"),
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    ensure!(!host.is_empty(), "it names no host");
    ensure!(
        matches!(url.path(), "" | "/") && url.fragment().is_none(),
        "a path means nothing here"
    );
    let username = Some(decoded(url.username())?).filter(|name| !name.is_empty());
    let password = url.password().map(decoded).transpose()?;
    ensure!(
        username.is_some() == password.is_some(),
        "username and password go together"
    );
    let is_local = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    ensure!(
        password.is_none() || security != Security::None || is_local,
        "a password without TLS is sent to this machine only"
    );
    Ok(SmtpOptions {
        host: host.to_owned(),
        port: url.port().unwrap_or(match security {
            Security::Implicit => 465,
            Security::StartTls => 587,
            Security::None => 25,
        }),
        security,
        username,
        password: password.map(SecretString::from),
    })
}

/// `%40` as `@`.
fn decoded(text: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair: Vec<u8> = rest.by_ref().take(2).collect();
        let hex = std::str::from_utf8(&pair).unwrap_or_default();
        bytes.push(u8::from_str_radix(hex, 16).context("a % is followed by two hex digits")?);
    }
    String::from_utf8(bytes).context("username or password is not UTF-8")
}

/// `Example <no-reply@example.com>`, or the address alone.
fn mailbox(text: &str) -> anyhow::Result<Mailbox> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|text| text.split_once('<')) {
        Some((name, address)) => (Some(name.trim().trim_matches('"').to_owned()), address),
        None => (None, text),
    };
    ensure!(
        is_address(address),
        "`{text}` is not an address such as no-reply@example.com"
    );
    Ok(Mailbox {
        name: name.filter(|name| !name.is_empty()),
        address: address.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_how_the_connection_is_protected() {
        for (text, host, port, security) in [
            (
                "smtps://mail.example",
                "mail.example",
                465,
                Security::Implicit,
            ),
            (
                "smtp://mail.example",
                "mail.example",
                587,
                Security::StartTls,
            ),
            (
                "smtp://mail.example:2525?tls=starttls",
                "mail.example",
                2525,
                Security::StartTls,
            ),
            ("smtp://localhost?tls=none", "localhost", 25, Security::None),
            ("smtp://[::1]:1025?tls=none", "::1", 1025, Security::None),
        ] {
            let options = smtp(text).unwrap();
            assert_eq!(options.host, host);
            assert_eq!(options.port, port);
            assert_eq!(options.security, security);
        }
        let with = smtp("smtps://user%40example:p%3Aw@mail.example").unwrap();
        assert_eq!(with.username.as_deref(), Some("user@example"));
        assert_eq!(with.password.unwrap().expose_secret(), "p:w");
    }

    #[test]
    fn refusals_never_repeat_the_password() {
        for text in [
            "http://user:SECRET@mail.example",
            "smtp://user:SECRET@mail.example?tls=none",
            "smtp://user:SECRET@mail.example/path",
            "smtp://user:SECRET@mail.example?tls=maybe",
            "smtp://:SECRET@mail.example",
            "smtps://user:SECRET%zz@mail.example",
            "user:SECRET",
        ] {
            let error = format!("{:#}", smtp(text).unwrap_err());
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn the_sender_has_an_address_and_perhaps_a_name() {
        let from = mailbox("Example Shop <no-reply@example.com>").unwrap();
        assert_eq!(from.name.as_deref(), Some("Example Shop"));
        assert_eq!(from.address, "no-reply@example.com");
        assert_eq!(mailbox("a@b.example").unwrap().name, None);
        assert!(mailbox("nobody").is_err());
        let refused = options(Some(&"smtps://mail.example".into()), None, None).unwrap_err();
        assert!(refused.to_string().contains("smtp-from"));
    }
}
