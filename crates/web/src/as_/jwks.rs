//! `GET /{envID}/as/jwks`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use countersign_domain::ids::CorrelationId;

use crate::App;
use crate::as_::well_known::document;

/// Answers the key set, as rendered when the configuration last changed.
pub async fn get(
    State(app): State<App>,
    Path(env): Path<String>,
    Extension(correlation): Extension<CorrelationId>,
) -> Response {
    document(&app, &env, correlation, |snapshot| {
        Arc::clone(&snapshot.jwks)
    })
    .await
}
