//! Which origins may read answers that concern an application (`reference/oidc.md` 18.1;
//! `threats.md` 6).

use super::{Application, CorsBehavior};

/// What an answer holds, as far as origins go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Codes or tokens, or it rests on the session cookie: `/as/authorize`, `/as/resume`,
    /// `/as/token`. Readable only for origins that the application lists.
    Sensitive,
    /// Anything else; readable from anywhere while the application says nothing.
    Ordinary,
}

/// Whether a page of `origin` may read an answer.
///
/// Source: `reference/oidc.md` 18.1; `platform.md` 3.2 (cookie-bound endpoints).
pub fn allows(application: &Application, origin: &str, exposure: Exposure) -> bool {
    match &application.cors_settings {
        None => exposure == Exposure::Ordinary && split(origin).is_some(),
        Some(settings) => match settings.behavior {
            CorsBehavior::AllowNoOrigins => false,
            CorsBehavior::AllowSpecificOrigins => settings
                .origins
                .iter()
                .any(|listed| matches(listed, origin)),
        },
    }
}

/// Scheme, host and port of an origin, as browsers write it: nothing after the port.
fn split(origin: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = origin.split_once("://")?;
    if !matches!(scheme, "http" | "https") || rest.contains(['/', '?', '#', '@', '\\', ' ']) {
        return None;
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (rest, ""),
    };
    (!host.is_empty()).then_some((scheme, host, port))
}

fn matches(listed: &str, origin: &str) -> bool {
    let listed = listed.trim_end_matches('/').to_ascii_lowercase();
    let (Some((scheme, host, port)), Some(origin)) = (split(&listed), split(origin)) else {
        return false;
    };
    if (scheme, port) != (origin.0, origin.2) {
        return false;
    }
    match host.strip_prefix("*.") {
        // At least one label in front of the dot, and nothing but the listed domain behind it.
        Some(domain) => origin
            .1
            .strip_suffix(domain)
            .and_then(|front| front.strip_suffix('.'))
            .is_some_and(|front| !front.is_empty()),
        None => host == origin.1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_6_only_the_listed_origin_matches() {
        for (listed, origin, expected) in [
            ("https://example.com", "https://example.com", true),
            ("https://example.com", "https://evil-example.com", false),
            ("https://example.com", "https://example.com.evil", false),
            ("https://example.com", "https://example.com:8443", false),
            ("https://example.com", "http://example.com", false),
            ("https://example.com", "null", false),
            ("https://example.com", "https://a.example.com", false),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://.example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com", "https://a.example.com@evil", false),
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://localhost:3000", "http://localhost:30000", false),
        ] {
            assert_eq!(matches(listed, origin), expected, "{listed} {origin}");
        }
    }
}
