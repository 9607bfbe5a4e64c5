//! `POST /{envID}/as/par`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::par::{Pushed, push};
use countersign_protocol::as_::params::MAX_PUSHED;
use countersign_protocol::refusal::Outcome;

use crate::App;
use crate::wire::answer::{self, JSON};
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{form, oauth_error};

/// Takes a pushed request: 201 with its handle.
pub async fn post(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let response = match answered(&app, &env, &incoming).await {
        Ok(pushed) => answer::json(StatusCode::CREATED, JSON, &pushed),
        Err(failure) => oauth_error::render(&failure, &incoming),
    };
    let about = About::Caller;
    cors::finish(&app, &env, &incoming, about, Exposure::Sensitive, response).await
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<Pushed> {
    let cx = app.cx(env, incoming).await?;
    let params = form::body_within(incoming, MAX_PUSHED)?;
    push(&cx, incoming.authorization(), &params).await
}
