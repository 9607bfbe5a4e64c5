//! `response_mode`: which modes a response type may use.

use crate::as_::checks::response_type::ResponseType;
use crate::as_::params::Params;
use crate::as_::response_modes::Mode;
use crate::refusal::{Refusal, Refused};

/// The mode by which this request is answered, errors included: the one it names if that exists and
/// its response type may use it, else the default of its response type.
///
/// Spec: `reference/oidc.md` 3.4; OAuth 2.0 Multiple Response Types 2.1.
pub fn chosen(params: &Params) -> Mode {
    let response_type = params.get("response_type").and_then(ResponseType::parse);
    // Tokens never travel in a query, not even when the request is refused.
    let from_front = response_type.is_some_and(|response_type| !response_type.is_code());
    match params.get("response_mode").and_then(Mode::parse) {
        None | Some(Mode::Query) if from_front => Mode::Fragment,
        None => Mode::Query,
        Some(named) => named,
    }
}

/// Refuses a mode that does not exist, and `query` for anything that carries a token.
pub fn check(params: &Params, response_type: ResponseType) -> Result<(), Refused> {
    let Some(named) = params.get("response_mode") else {
        return Ok(());
    };
    match Mode::parse(named) {
        None => Err(Refusal::ResponseModeInvalid.because("no such response_mode")),
        Some(Mode::Query) if !response_type.is_code() => {
            Err(Refusal::ResponseModeInvalid.because("query must not carry tokens"))
        }
        Some(_) => Ok(()),
    }
}
