//! The public base URLs.

use std::net::SocketAddr;
use std::time::Duration;

use url::{Host, Url};

use super::Report;
use crate::config::Config;

const LOOK_UP: Duration = Duration::from_secs(3);

pub async fn examine(
    config: &Config,
    first: SocketAddr,
    report: &mut Report,
) -> anyhow::Result<()> {
    let urls = config.public_urls(first)?;
    let named = [
        ("auth-url", urls.auth()),
        ("api-url", urls.api()),
        ("apps-url", urls.apps()),
        ("uploads-url", urls.uploads()),
    ];
    for (at, (option, text)) in named.iter().enumerate() {
        if named.iter().take(at).any(|(_, earlier)| earlier == text) {
            continue;
        }
        let url = Url::parse(text)?;
        transport(option, &url, report);
        resolve(option, &url, report).await;
    }
    let open = config
        .listen
        .iter()
        .any(|address| !address.ip().is_loopback());
    if open && config.urls.auth.is_none() {
        report.warn(
            "auth-url",
            format!(
                "others can connect, but every link will say {}",
                urls.auth()
            ),
            "set --auth-url to the URL by which clients reach this server",
        );
    }
    Ok(())
}

fn transport(option: &'static str, url: &Url, report: &mut Report) {
    if url.scheme() == "https" || is_loopback(url) {
        report.ok(option, url.as_str().trim_end_matches('/'));
    } else {
        report.warn(
            option,
            format!("{url} is not encrypted: passwords and tokens can be read on the way"),
            "use https, here with --tls-cert and --tls-key or at a proxy in front",
        );
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn resolve(option: &'static str, url: &Url, report: &mut Report) {
    let Some(Host::Domain(name)) = url.host() else {
        return;
    };
    let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((name, 0))).await;
    if !matches!(found, Ok(Ok(_))) {
        report.warn(
            option,
            format!("{name} cannot be resolved from here"),
            "enter it in the DNS, or in /etc/hosts for a try",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_fine_on_this_machine_only() {
        for (url, fine) in [
            ("https://id.example.com", true),
            ("http://localhost:9400", true),
            ("http://127.0.0.1:9400", true),
            ("http://[::1]:9400", true),
            ("http://id.example.com", false),
            ("http://192.0.2.1", false),
        ] {
            let mut report = Report::default();
            transport("auth-url", &Url::parse(url).unwrap(), &mut report);
            let warned = report.0.iter().any(|finding| finding.mend.is_some());
            assert_eq!(!warned, fine, "{url}");
        }
    }
}
