//! `GET /{envID}/as/checksession`: the iframe that clients embed to learn whether the person is
//! still signed on (`reference/oidc.md` 14.5, `rulings.md` 18).

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::App;
use crate::wire::incoming::Incoming;
use crate::wire::{answer, p1_error};

/// The one page that may be framed, by anybody: it shows nothing and does nothing but answer a
/// question whose answer the asker must already half know.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *";

/// Answers the iframe.
///
/// Spec: OpenID Connect Session Management 1.0, 3.2.
pub async fn get(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    if let Err(failure) = app.recent(&env, &incoming).await {
        return p1_error::render(&failure, incoming.correlation, answer::JSON);
    }
    let page = include_str!("../../templates/check_session.html");
    let mut response = answer::html(StatusCode::OK, page.to_owned());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    let age = HeaderValue::from_static("public, max-age=3600");
    headers.insert(header::CACHE_CONTROL, age);
    response
}
