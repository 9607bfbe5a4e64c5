//! `POST /{envID}/as/revoke`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::revoke::revoke;
use countersign_protocol::refusal::Outcome;

use crate::App;
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{form, oauth_error};

/// Ends a token: 200 with an empty body and no type (`reference/rulings.md` 20).
pub async fn post(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let response = match answered(&app, &env, &incoming).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(failure) => oauth_error::render(&failure, &incoming),
    };
    let about = About::Caller;
    cors::finish(&app, &env, &incoming, about, Exposure::Ordinary, response).await
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<()> {
    let cx = app.cx(env, incoming).await?;
    let params = form::body(incoming)?;
    revoke(&cx, incoming.authorization(), &params).await
}
