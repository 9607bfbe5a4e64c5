//! Redirect URIs: which may be registered, and whether one that a client sends is registered
//! (`oidc.md` 3.8; `threats.md` 1, 2).
//!
//! Matching compares bytes. Nothing is parsed, decoded, folded or normalised, so there is no second
//! reading of a URI that could disagree with a browser's. Two things may differ from a registered
//! URI, and both are cut out of the text by length: the port of a loopback address registered
//! without one, and what a registered `*` stands for.

use std::fmt;
use std::net::Ipv4Addr;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::application::Application;

/// A redirect URI that was registered for the application it was sent by. Answers may go there.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// The URI, byte for byte as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedirectUri({})", self.0)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRegistrable {
    /// Clients match this text (`reference/platform.md` 1.8).
    #[error("Wildcards are not allowed in redirect URIs.")]
    Wildcard,
    /// More than one `*`, or one outside path and query.
    #[error("One wildcard is allowed, in the path or query only.")]
    WildcardPlace,
    /// Longer than [`MAX_LENGTH`].
    #[error("The redirect URI is too long.")]
    TooLong,
    /// A character that no URI has, or a broken percent-encoding.
    #[error("The redirect URI has characters that must be percent-encoded.")]
    Characters,
    /// A `#`.
    #[error("The redirect URI must not have a fragment.")]
    Fragment,
    /// A user name or password before the host.
    #[error("The redirect URI must not have user information.")]
    UserInfo,
    /// No scheme, a scheme of scripts or local files, or http where it is not loopback.
    #[error(
        "The redirect URI must be https, a private scheme, or http on localhost or a loopback address."
    )]
    Scheme,
    /// No host, or not one that every parser reads alike.
    #[error("The redirect URI has no valid host.")]
    Host,
    /// `.` or `..` as a path segment.
    #[error("The redirect URI must not have '.' or '..' segments.")]
    DotSegments,
}

/// Longest redirect URI in bytes.
pub const MAX_LENGTH: usize = 2048;

/// Whether a host's port is free when registered without one (RFC 8252 7.3; PingOne adds `localhost`
/// and the other addresses of the loopback).
fn is_loopback(host: &str) -> bool {
    let is_address = || {
        let address = host.parse::<Ipv4Addr>();
        // One spelling only: what a registered URI says is compared byte by byte.
        address.is_ok_and(|ip| ip.is_loopback() && ip.to_string() == host)
    };
    matches!(host, "localhost" | "[::1]") || is_address()
}

/// Schemes that run or read something instead of calling the application.
const REFUSED_SCHEMES: &[&str] = &[
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "ws",
    "wss",
    "ftp",
    "mailto",
];

/// Finds the registered URI that `presented` matches.
pub fn find(application: &Application, presented: &str) -> Option<RedirectUri> {
    let wildcards = application.allow_wildcard_in_redirect_uris;
    application
        .redirect_uris
        .iter()
        .any(|registered| matches(registered, presented, wildcards))
        .then(|| RedirectUri(presented.to_owned()))
}

/// Whether `presented` matches one registered URI.
pub fn matches(registered: &str, presented: &str, allow_wildcard: bool) -> bool {
    if presented.len() > MAX_LENGTH || !has_only_uri_characters(presented) {
        return false;
    }
    let fits = |presented: &str| {
        if registered.contains('*') {
            allow_wildcard && matches_wildcard(registered, presented)
        } else {
            registered == presented
        }
    };
    fits(presented) || without_free_port(registered, presented).is_some_and(|it| fits(&it))
}

/// The characters of RFC 3986 without `#` and `*`-free of meaning; `%` must encode something.
fn has_only_uri_characters(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => {
                let mut hex = || bytes.next().is_some_and(|it| it.is_ascii_hexdigit());
                hex() && hex()
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => true,
            _ => b"-._~:/?[]@!$&'()*+,;=".contains(&byte),
        };
        if !allowed {
            return false;
        }
    }
    true
}

/// Splits `scheme://authority` from what follows.
fn split(uri: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at_checked(end)?;
    Some((scheme, authority, tail))
}

/// A presented URI without the port that a registered one leaves free, if it has such a port.
fn without_free_port(registered: &str, presented: &str) -> Option<String> {
    let port = free_port(registered, presented)?;
    Some(format!(
        "{}{}",
        presented.get(..port.start)?,
        presented.get(port.end..)?
    ))
}

/// Where in a presented URI the port stands, colon included, that a registered one leaves free: after
/// the loopback address that both begin with.
pub fn free_port(registered: &str, presented: &str) -> Option<Range<usize>> {
    let (scheme, host, tail) = split(registered)?;
    if !matches!(scheme, "http" | "https") || !is_loopback(host) {
        return None;
    }
    let start = registered.len() - tail.len();
    let rest = presented.strip_prefix(registered.get(..start)?)?;
    let rest = rest.strip_prefix(':')?;
    let end = rest.find(|it: char| !it.is_ascii_digit());
    let port = rest.get(..end.unwrap_or(rest.len()))?;
    is_port(port).then(|| start..start + 1 + port.len())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0')
        && text.parse::<u16>().is_ok()
}

/// Decision: a `*` stands for one or more letters, digits, `-`, `_`, `.` or `~`, so that it never
/// reaches beyond its path segment or query value and never hides an encoded character.
fn matches_wildcard(registered: &str, presented: &str) -> bool {
    let Some((before, after)) = registered.split_once('*') else {
        return false;
    };
    if check_wildcard_place(registered).is_err() {
        return false;
    }
    let middle = presented
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    middle.is_some_and(|middle| {
        !middle.is_empty()
            && middle
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    }) && !has_dot_segments(presented)
}

fn check_wildcard_place(uri: &str) -> Result<(), NotRegistrable> {
    let (_, authority, tail) = split(uri).ok_or(NotRegistrable::Scheme)?;
    let in_head = uri.len() - tail.len();
    let head = uri.get(..in_head).unwrap_or(uri);
    if head.contains('*') || authority.is_empty() || tail.matches('*').count() > 1 {
        return Err(NotRegistrable::WildcardPlace);
    }
    Ok(())
}

fn has_dot_segments(uri: &str) -> bool {
    let Some((_, _, tail)) = split(uri) else {
        return false;
    };
    let path = tail.split('?').next().unwrap_or(tail);
    path.split('/').any(|segment| {
        // "..;/" is a parent for some servers, "%2e" for all browsers.
        let name = segment.split(';').next().unwrap_or(segment);
        matches!(
            name.to_ascii_lowercase().replace("%2e", ".").as_str(),
            "." | ".."
        )
    })
}

/// Whether a URI may be registered.
pub fn check_registration(uri: &str, allow_wildcard: bool) -> Result<(), NotRegistrable> {
    if uri.len() > MAX_LENGTH {
        return Err(NotRegistrable::TooLong);
    }
    if uri.contains('#') {
        return Err(NotRegistrable::Fragment);
    }
    if !has_only_uri_characters(uri) {
        return Err(NotRegistrable::Characters);
    }
    if uri.contains('*') {
        if !allow_wildcard {
            return Err(NotRegistrable::Wildcard);
        }
        check_wildcard_place(uri)?;
    }
    let (scheme, authority) = match split(uri) {
        Some((scheme, authority, _)) => (scheme, authority),
        // "com.example.app:/callback" (RFC 8252 7.1)
        None => (
            uri.split_once(':').ok_or(NotRegistrable::Scheme)?.0,
            "private",
        ),
    };
    check_scheme(scheme)?;
    if authority.contains('@') {
        return Err(NotRegistrable::UserInfo);
    }
    if has_dot_segments(uri) {
        return Err(NotRegistrable::DotSegments);
    }
    match scheme {
        "https" => check_host(uri, authority),
        "http" => {
            let host = without_port(authority);
            if !is_loopback(host) {
                return Err(NotRegistrable::Scheme);
            }
            check_host(uri, authority)
        }
        _ => Ok(()),
    }
}

fn check_scheme(scheme: &str) -> Result<(), NotRegistrable> {
    let mut bytes = scheme.bytes();
    let begins = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
    let goes_on = bytes
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    if begins && goes_on && !REFUSED_SCHEMES.contains(&scheme) {
        Ok(())
    } else {
        Err(NotRegistrable::Scheme)
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

/// The host must be what the WHATWG parser of browsers reads too, in the same spelling.
fn check_host(uri: &str, authority: &str) -> Result<(), NotRegistrable> {
    let parsed = url::Url::parse(uri).map_err(|_| NotRegistrable::Host)?;
    let host = without_port(authority);
    if host.is_empty()
        || parsed.host_str() != Some(host)
        || !parsed.username().is_empty()
        || authority.ends_with(':')
        || host.ends_with('.')
    {
        return Err(NotRegistrable::Host);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
