//! `GET /{envID}/as/.well-known/openid-configuration` and its RFC 8414 twin.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use countersign_domain::ids::CorrelationId;
use countersign_protocol::configuration::Snapshot;

use crate::App;
use crate::wire::answer::JSON;
use crate::wire::p1_error;

/// Answers the discovery document, as rendered when the configuration last changed.
pub async fn openid_configuration(
    State(app): State<App>,
    Path(env): Path<String>,
    Extension(correlation): Extension<CorrelationId>,
) -> Response {
    document(&app, &env, correlation, |snapshot| {
        Arc::clone(&snapshot.discovery)
    })
    .await
}

/// A public document of an environment: readable from any origin, cacheable for a little while.
pub async fn document(
    app: &App,
    env: &str,
    correlation: CorrelationId,
    of: impl Fn(&Snapshot) -> Arc<str>,
) -> Response {
    match app.recent(env).await {
        Ok(snapshot) => {
            let body = axum::body::Bytes::from_owner(Text(of(&snapshot)));
            let mut response = Response::new(body.into());
            let headers = response.headers_mut();
            // Room for these and for what every answer has: the map need not grow twice.
            headers.reserve(8);
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            );
            let age = HeaderValue::from_static("public, max-age=60");
            headers.insert(header::CACHE_CONTROL, age);
            response
        }
        Err(failure) => p1_error::render(&failure, correlation, JSON),
    }
}

struct Text(Arc<str>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
