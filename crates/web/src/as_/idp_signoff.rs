//! `GET /{envID}/as/idpSignoff`, also as `/{envID}/as/idp-signoff` (`reference/oidc.md` C11), and
//! `GET /{envID}/as/signon`, where it leads when the application names no place.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::idp_signoff::idp_signoff;
use countersign_protocol::as_::params::Params;
use countersign_protocol::as_::signoff::claimed_client;
use countersign_protocol::refusal::{Outcome, Refused};

use super::authorize::unredirectable;
use crate::pages::frame::Frame;
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{answer, form};
use crate::{App, pages};

/// Signs off.
pub async fn get(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let params = form::query(&incoming);
    let client = params.as_ref().ok().and_then(claimed_client);
    let response = match answered(&app, &env, &incoming, params).await {
        Ok(response) => response,
        Err(failure) => unredirectable(&app, &env, &failure, &incoming, false).await,
    };
    let about = About::Client(client.as_deref());
    cors::finish(&app, &env, &incoming, about, Exposure::Ordinary, response).await
}

async fn answered(
    app: &App,
    env: &str,
    incoming: &Incoming,
    params: Result<Params, Refused>,
) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let redirect = idp_signoff(&cx, &params?).await?;
    let accept = incoming.header(header::ACCEPT).unwrap_or_default();
    Ok(match redirect {
        Some(to) => answer::redirect(StatusCode::FOUND, &to),
        None if accept.to_ascii_lowercase().contains("application/json") => {
            (StatusCode::NO_CONTENT, Body::empty()).into_response()
        }
        None => answer::redirect(StatusCode::FOUND, &format!("{}/signon", cx.env.issuer)),
    })
}

/// Where a browser is after a sign-off that leads back to no application.
pub async fn signed_off(
    State(app): State<App>,
    Path(env): Path<String>,
    incoming: Incoming,
) -> Response {
    match app.recent(&env, &incoming).await {
        Ok(env) => pages::signed_off::render(Frame::of_environment(&env, &incoming)),
        Err(failure) => pages::error::render(&app, &env, &failure, &incoming).await,
    }
}
