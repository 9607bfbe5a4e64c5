//! The server's certificate and the authorities for outgoing calls.

use std::net::SocketAddr;

use countersign_domain::ports::Clock;
use countersign_domain::time::Time;
use rustls_pki_types::CertificateDer;
use url::{Host, Url};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::Report;
use crate::config::Config;
use crate::fetch::Guarded;
use crate::listen::tls;
use crate::ports::SystemClock;

/// A renewal should have happened by then.
const SOON_DAYS: i64 = 14;
const DAY: i64 = 86_400;

pub fn examine(config: &Config, first: SocketAddr, report: &mut Report) -> anyhow::Result<()> {
    if let Some(file) = &config.extra_ca {
        match Guarded::new(&[], Some(file.clone())) {
            Ok(_) => report.ok("extra-ca", format!("{} can be read", file.display())),
            Err(error) => report.fail(
                "extra-ca",
                format!("{error:#}"),
                "name a file of certificates in PEM form",
            ),
        }
    }
    let Some(files) = &config.tls else {
        return Ok(());
    };
    match tls::read(&files.cert, &files.key) {
        Ok(_) => report.ok("certificate", "belongs to its key"),
        Err(error) => report.fail(
            "certificate",
            format!("{error:#}"),
            "name the full chain (own certificate first) and its key, both in PEM form",
        ),
    }
    let urls = config.public_urls(first)?;
    let hosts: Vec<Url> = [urls.auth(), urls.api(), urls.apps()]
        .into_iter()
        .map(Url::parse)
        .collect::<Result<_, _>>()?;
    if let Ok(chain) = tls::chain(&files.cert)
        && let Some(own) = chain.first()
    {
        read(own, SystemClock.now(), &hosts, report);
    }
    Ok(())
}

fn read(own: &CertificateDer<'_>, now: Time, urls: &[Url], report: &mut Report) {
    const RENEW: &str = "renew it; the new files are picked up while the server runs";
    let Ok((_, certificate)) = parse_x509_certificate(own) else {
        return report.fail("certificate", "cannot be parsed", RENEW);
    };
    let validity = certificate.validity();
    let (from, to) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    let until = Time::from_seconds(to);
    let left = (to - now.seconds()) / DAY;
    if now.seconds() < from {
        let text = format!("not valid before {}", Time::from_seconds(from));
        report.fail("certificate", text, "is the clock right?");
    } else if now.seconds() >= to {
        report.fail("certificate", format!("expired {until}"), RENEW);
    } else if left < SOON_DAYS {
        report.warn(
            "certificate",
            format!("expires {until}, in {left} days"),
            RENEW,
        );
    } else {
        report.ok("certificate", format!("valid until {until}"));
    }
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.clone(),
        _ => Vec::new(),
    };
    for url in urls {
        if let Some(host) = url.host()
            && !names.iter().any(|name| covers(name, &host))
        {
            report.warn(
                "certificate",
                format!("does not name {host}"),
                "use a certificate for the names in the public URLs",
            );
        }
    }
}

fn covers(name: &GeneralName<'_>, host: &Host<&str>) -> bool {
    match (name, host) {
        (GeneralName::DNSName(pattern), Host::Domain(host)) => {
            let rest = host.split_once('.').map(|(_, rest)| rest);
            pattern.eq_ignore_ascii_case(host)
                || pattern.strip_prefix("*.").is_some_and(|suffix| {
                    rest.is_some_and(|rest| suffix.eq_ignore_ascii_case(rest))
                })
        }
        (GeneralName::IPAddress(bytes), Host::Ipv4(address)) => *bytes == address.octets(),
        (GeneralName::IPAddress(bytes), Host::Ipv6(address)) => *bytes == address.octets(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    /// The levels of what is said of a self-signed certificate for `names`.
    fn levels(names: &[&str], now: Time, url: &str) -> Vec<Level> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 12, 31);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let mut report = Report::default();
        read(
            certificate.der(),
            now,
            &[Url::parse(url).unwrap()],
            &mut report,
        );
        report.0.iter().map(|finding| finding.level).collect()
    }

    fn day(text: &str) -> Time {
        format!("{text}T00:00:00.000Z").parse().unwrap()
    }

    #[test]
    fn validity_is_judged_by_the_clock() {
        let at = |text| levels(&["id.example.com"], day(text), "https://id.example.com");
        assert_eq!(at("2026-06-01"), [Level::Ok]);
        assert_eq!(at("2026-12-25"), [Level::Warn]);
        assert_eq!(at("2027-01-01"), [Level::Fail]);
        assert_eq!(at("2025-12-31"), [Level::Fail]);
    }

    #[test]
    fn the_names_must_be_those_of_the_public_urls() {
        let for_names = |names: &[&str], url| levels(names, day("2026-06-01"), url).len() == 1;
        assert!(for_names(&["*.example.com"], "https://id.example.com"));
        assert!(for_names(&["127.0.0.1"], "https://127.0.0.1:9400"));
        assert!(!for_names(&["*.example.com"], "https://a.id.example.com"));
        assert!(!for_names(&["id.example.com"], "https://127.0.0.1"));
    }
}
