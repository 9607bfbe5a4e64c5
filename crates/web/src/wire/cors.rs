//! CORS by application (`reference/oidc.md` 18.1, `flows.md` 3, `rulings.md` 19).
//!
//! Decision: a preflight has neither body nor cookie, so it cannot be told which application it is
//! about; it succeeds for every web origin. It discloses nothing. Whether the real answer can be
//! read is the application's to say, and every action needs more than an origin: the flow's
//! unguessable id and cookie, or credentials that the page must already have.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_domain::application::cors::{Exposure, allows};
use countersign_domain::entity;
use countersign_domain::ids::ApplicationId;
use countersign_protocol::as_::client_auth;
use countersign_protocol::as_::params::MAX_PUSHED;
use countersign_protocol::flows::Flow;
use countersign_protocol::refusal::Outcome;

use super::form;
use super::incoming::Incoming;
use crate::App;

const METHODS: &str = "GET, POST, OPTIONS";
const HEADERS: &str = "Accept, Accept-Language, Authorization, Content-Type, X-Requested-With, \
     X-Requested-Platform, X-Ping-External-Session-ID, X-Ping-External-Transaction-ID";
const EXPOSED: &str = "Correlation-Id";

/// Which application an answer concerns.
pub enum About<'a> {
    /// The one with this client id, as the request says.
    Client(Option<&'a str>),
    /// The one that its credentials or its form name. Read for requests of pages alone.
    Caller,
    /// The one of this flow.
    Flow(&'a str),
}

/// Answers a preflight.
pub async fn preflight(incoming: Incoming) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if let Some(origin) = incoming
        .header(header::ORIGIN)
        .filter(|origin| is_web(origin))
    {
        share(headers, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(METHODS),
        );
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(HEADERS),
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        );
    }
    vary(headers);
    response
}

/// Lets the page that asked read the answer, if the application allows its origin.
pub async fn finish(
    app: &App,
    env: &str,
    incoming: &Incoming,
    about: About<'_>,
    exposure: Exposure,
    mut response: Response,
) -> Response {
    let Some(origin) = incoming
        .header(header::ORIGIN)
        .filter(|origin| is_web(origin))
    else {
        return response;
    };
    match allowed(app, env, incoming, about, origin, exposure).await {
        Ok(true) => share(response.headers_mut(), origin),
        Ok(false) => {
            tracing::debug!(
                origin,
                "the application does not let this origin read the answer"
            );
        }
        Err(failure) => tracing::debug!(%failure, "no application to ask about the origin"),
    }
    vary(response.headers_mut());
    response
}

async fn allowed(
    app: &App,
    env: &str,
    incoming: &Incoming,
    about: About<'_>,
    origin: &str,
    exposure: Exposure,
) -> Outcome<bool> {
    let snapshot = app.recent(env, incoming).await?;
    let (ports, now) = (app.configuration.ports(), app.now());
    let client: Option<ApplicationId> = match about {
        About::Client(id) => id.and_then(|id| id.parse().ok()),
        About::Caller => {
            // As much of it as was taken in. A form that cannot be read leaves the header.
            let params = form::body_within(incoming, MAX_PUSHED).unwrap_or_default();
            let claimed = client_auth::claimed(incoming.authorization(), &params);
            claimed.and_then(|id| id.parse().ok())
        }
        About::Flow(id) => {
            let flow = entity::load::<Flow>(&*ports.store, snapshot.id, id, now).await?;
            // That a flow is over says nothing about anybody, and its page has a user to tell.
            let Some(flow) = flow else {
                return Ok(true);
            };
            Some(flow.request.client)
        }
    };
    let Some(client) = client else {
        return Ok(false);
    };
    let view = snapshot.application(ports, client, now).await?;
    Ok(view.is_some_and(|view| allows(&view.application, origin, exposure)))
}

/// Lets any page read an answer that says nothing about anybody.
pub fn share_with_anyone(incoming: &Incoming, response: &mut Response) {
    if let Some(origin) = incoming
        .header(header::ORIGIN)
        .filter(|origin| is_web(origin))
    {
        share(response.headers_mut(), origin);
        vary(response.headers_mut());
    }
}

fn is_web(origin: &str) -> bool {
    origin.len() <= 300 && (origin.starts_with("https://") || origin.starts_with("http://"))
}

fn share(headers: &mut HeaderMap, origin: &str) {
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
}

fn vary(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}
