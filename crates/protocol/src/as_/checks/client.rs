//! `client_id` of an authorization request.

use std::sync::Arc;

use countersign_domain::application::Protocol;
use countersign_domain::ids::ApplicationId;

use crate::as_::params::Params;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// Whether a text names a client: ids are UUIDs, however they are written.
pub fn is(text: &str, client: ApplicationId) -> bool {
    text.parse() == Ok(client)
}

/// Finds the application: it must exist, be enabled, and speak OpenID Connect.
///
/// Spec: `reference/oidc.md` 3.3 (application-side preconditions).
pub async fn check(cx: &Cx, params: &Params) -> Outcome<Arc<ApplicationView>> {
    let text = params.require("client_id")?;
    let Ok(id) = text.parse::<ApplicationId>() else {
        return Err(Refusal::ClientUnknown
            .because("client_id is not a UUID")
            .arrived(text)
            .into());
    };
    let Some(view) = cx.env.application(&cx.ports, id, cx.now).await? else {
        return Err(Refusal::ClientUnknown
            .because(format!("no application {id}"))
            .arrived(text)
            .into());
    };
    if !view.application.enabled {
        return Err(Refusal::ClientUnknown
            .because(format!("application {id} is disabled"))
            .into());
    }
    if view.application.protocol != Protocol::OpenidConnect {
        let why = format!("application {id} is not an OpenID Connect application");
        return Err(Refusal::ClientUnknown.because(why).into());
    }
    Ok(view)
}
