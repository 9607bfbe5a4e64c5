//! `POST /{envID}/as/introspect`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::introspect::introspect;
use countersign_protocol::refusal::Outcome;

use crate::App;
use crate::wire::answer::{self, JSON};
use crate::wire::incoming::Incoming;
use crate::wire::{form, oauth_error};

/// Says whether a token is alive.
pub async fn post(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    match answered(&app, &env, &incoming).await {
        Ok(answer) => answer::json_text(StatusCode::OK, JSON, &answer),
        Err(failure) => oauth_error::render(&failure, &incoming),
    }
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<Arc<str>> {
    let cx = app.cx(env, incoming).await?;
    let params = form::body(incoming)?;
    introspect(&cx, incoming.authorization(), &params).await
}
