//! `redirect_uri`: the one rule on which an open redirect hangs (`threats.md` 1, 2).

use countersign_domain::application::Application;
use countersign_domain::application::redirect_uri::{self, RedirectUri};

use crate::as_::params::Params;
use crate::as_::response_modes::Mode;
use crate::refusal::{Refusal, Refused};

/// The registered URI that the request names. Without one only `pi.flow` is possible, whose answer
/// is the body of this very exchange.
///
/// Spec: `reference/oidc.md` 3.8; RFC 6749 3.1.2.
pub fn check(
    params: &Params,
    application: &Application,
    mode: Option<Mode>,
) -> Result<Option<RedirectUri>, Refused> {
    let Some(requested) = params.get("redirect_uri") else {
        return match mode {
            Some(Mode::PiFlow) => Ok(None),
            _ => Err(Refusal::RedirectUriMissing.because("needed unless response_mode is pi.flow")),
        };
    };
    if let Some(matched) = redirect_uri::find(application, requested) {
        return Ok(Some(matched));
    }
    let refused = Refusal::RedirectUriMismatch.because(format!(
        "received {:?}, registered {:?}",
        truncated(requested),
        application.redirect_uris
    ));
    Err(match nearest(&application.redirect_uris, requested) {
        Some(Nearest {
            registered,
            at,
            here,
        }) => refused.expected(registered).arrived(format!(
            "{}, which differs from byte {here} on: {:?} for {:?}",
            truncated(requested),
            rest(requested, here),
            rest(registered, at),
        )),
        None => refused
            .expected("a registered URI, and the application has none")
            .arrived(truncated(requested)),
    })
}

/// Whether a URI that was matched once may still be sent something: the application may have lost it
/// since.
pub fn check_again(application: &Application, uri: Option<&RedirectUri>) -> Result<(), Refused> {
    let is_lost = |uri: &&RedirectUri| redirect_uri::find(application, uri.as_str()).is_none();
    match uri.filter(is_lost) {
        Some(uri) => Err(Refusal::RedirectUriMismatch.because(format!(
            "{:?} is not registered any more, but {:?}",
            truncated(uri.as_str()),
            application.redirect_uris
        ))),
        None => Ok(()),
    }
}

fn truncated(uri: &str) -> String {
    uri.chars().take(300).collect()
}

/// The registered URI that has most in common with the requested one.
#[derive(Debug, PartialEq, Eq)]
struct Nearest<'a> {
    registered: &'a str,
    /// Where the two part, in the registered one.
    at: usize,
    /// The same place in the requested one, which may have a port more.
    here: usize,
}

fn nearest<'a>(registered: &'a [String], requested: &str) -> Option<Nearest<'a>> {
    let common = |registered: &'a String| {
        let port = redirect_uri::free_port(registered, requested).unwrap_or_default();
        let bytes = || {
            let all = requested.bytes().enumerate();
            all.filter(|(at, _)| !port.contains(at))
                .map(|(_, byte)| byte)
        };
        let front = registered.bytes().zip(bytes());
        let front = front.take_while(|(a, b)| a == b).count();
        let back: Vec<u8> = bytes().collect();
        let back = registered.bytes().rev().zip(back.into_iter().rev());
        let back = back.take_while(|(a, b)| a == b).count();
        let skipped = if front < port.start { 0 } else { port.len() };
        let nearest = Nearest {
            registered,
            at: front,
            here: front + skipped,
        };
        (front + back, nearest)
    };
    let all = registered.iter().map(common);
    all.max_by_key(|(common, _)| *common)
        .map(|(_, nearest)| nearest)
}

/// What follows from a byte on, so far as it fits a line.
fn rest(uri: &str, at: usize) -> String {
    let bytes = uri.as_bytes().get(at..).unwrap_or_default();
    String::from_utf8_lossy(bytes).chars().take(24).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mismatch_is_explained_by_the_nearest_uri_and_where_it_differs() {
        let registered = [
            "https://other.example/callback",
            "https://client.example/callback",
            "com.example.app:/callback",
        ]
        .map(str::to_owned);
        let found = |registered, at, here| {
            Some(Nearest {
                registered,
                at,
                here,
            })
        };
        for (requested, at) in [
            ("https://client.example/callback/", 31),
            ("https://client.example/Callback", 23),
            ("http://client.example/callback", 4),
            ("https://client.example", 22),
        ] {
            assert_eq!(
                nearest(&registered, requested),
                found("https://client.example/callback", at, at),
                "{requested}"
            );
        }
        // The port of a loopback address is free, and no difference.
        let registered = ["http://localhost/callback".to_owned()];
        for (requested, at, here) in [
            ("http://localhost:8080/callbacK", 24, 29),
            ("http://localhost:8080", 16, 21),
            ("http://localhost:x/callback", 16, 16),
            ("http://localhose/callback", 15, 15),
        ] {
            let nearest = nearest(&registered, requested);
            assert_eq!(nearest, found(&registered[0], at, here), "{requested}");
        }
        assert_eq!(rest("https://client.example/callback/", 31), "/");
        assert_eq!(rest("é", 1), "\u{fffd}");
    }
}
