//! `POST /{envID}/as/device_authorization`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::device_authorization::{Codes, authorize};
use countersign_protocol::refusal::Outcome;

use crate::App;
use crate::wire::answer::{self, JSON};
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{form, oauth_error};

/// Hands out the codes of a device.
pub async fn post(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let response = match answered(&app, &env, &incoming).await {
        Ok(codes) => answer::json(StatusCode::OK, JSON, &codes),
        Err(failure) => oauth_error::render(&failure, &incoming),
    };
    let about = About::Caller;
    cors::finish(&app, &env, &incoming, about, Exposure::Sensitive, response).await
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<Codes> {
    let cx = app.cx(env, incoming).await?;
    let params = form::body(incoming)?;
    authorize(&cx, incoming.authorization(), &params).await
}
