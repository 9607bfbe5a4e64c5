//! `response_mode=fragment`.

use super::{Delivery, Parameters};

/// Puts the parameters in the fragment. A registered redirect URI has none of its own.
///
/// Source: OAuth 2.0 Multiple Response Types 2.1.
pub fn deliver(redirect_uri: &str, parameters: &Parameters) -> Delivery {
    Delivery::Redirect(format!("{redirect_uri}#{}", super::encode(parameters)))
}
