//! CORS of the management API: tokens travel in a header that no page sends by accident, so there
//! are no cookies to protect. Whether pages may read answers is the application's to say
//! (`reference/oidc.md` 18.1).

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_domain::application::cors::{Exposure, allows};
use countersign_protocol::cx::Cx;
use countersign_protocol::v1::actor::Actor;
use countersign_protocol::v1::route;

use crate::wire::incoming::Incoming;

const HEADERS: &str = "Accept, Accept-Language, Authorization, Content-Type, \
     X-Http-Method-Override, X-Ping-External-Session-ID, X-Ping-External-Transaction-ID";
const EXPOSED: &str = "Correlation-Id, Location, Retry-After";

/// The methods of a path as a list.
pub(super) fn methods(template: &str) -> String {
    let methods = route::methods(template);
    let names: Vec<&str> = methods.iter().map(|it| it.name()).collect();
    names.join(", ")
}

/// Answers a preflight of the document that describes the API.
pub(super) async fn document(incoming: Incoming) -> Response {
    allowed(&incoming, "GET")
}

/// Answers a preflight. It has no token, so that it cannot be told whose it is.
pub(super) fn preflight(incoming: &Incoming, template: &str) -> Response {
    allowed(incoming, &methods(template))
}

fn allowed(incoming: &Incoming, methods: &str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if let Some(origin) = origin(incoming) {
        share(headers, origin);
        if let Ok(methods) = HeaderValue::try_from(methods) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        let allowed = HeaderValue::from_static(HEADERS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        let age = HeaderValue::from_static("600");
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, age);
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    response
}

/// Lets the page that asked read the answer, unless the application of its token says otherwise.
pub(super) async fn finish(
    incoming: &Incoming,
    caller: Option<&(Cx, Actor)>,
    response: &mut Response,
) {
    let Some(origin) = origin(incoming) else {
        return;
    };
    let allowed = match caller {
        // Nothing about anybody.
        None => true,
        Some((home, actor)) => {
            let view = home.env.application(&home.ports, actor.client, home.now);
            let view = view.await.ok().flatten();
            view.is_some_and(|it| allows(&it.application, origin, Exposure::Ordinary))
        }
    };
    let headers = response.headers_mut();
    if allowed {
        share(headers, origin);
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}

fn origin(incoming: &Incoming) -> Option<&str> {
    let origin = incoming.header(header::ORIGIN)?;
    let is_web = origin.starts_with("https://") || origin.starts_with("http://");
    (origin.len() <= 300 && is_web).then_some(origin)
}

fn share(headers: &mut HeaderMap, origin: &str) {
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static(EXPOSED);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}
