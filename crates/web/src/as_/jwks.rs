//! `GET /{envID}/as/jwks`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;

use crate::App;
use crate::as_::well_known::document;
use crate::wire::incoming::Incoming;

/// Answers the key set, as rendered when the configuration last changed.
pub async fn get(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    document(&app, &env, &incoming, |snapshot| Arc::clone(&snapshot.jwks)).await
}
