//! `response_mode=form_post`.

use super::{Delivery, Parameters};

/// A page that posts the parameters. Escaping is the template's, so that no value can leave its
/// attribute (`threats.md` 4).
///
/// Spec: OAuth 2.0 Form Post Response Mode 2.
pub fn deliver(redirect_uri: &str, parameters: Parameters) -> Delivery {
    Delivery::FormPost {
        action: redirect_uri.to_owned(),
        fields: parameters,
    }
}
