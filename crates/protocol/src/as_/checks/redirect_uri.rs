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
    Err(Refusal::RedirectUriMismatch.because(format!(
        "received {:?}, registered {:?}",
        truncated(requested),
        application.redirect_uris
    )))
}

fn truncated(uri: &str) -> String {
    uri.chars().take(300).collect()
}
