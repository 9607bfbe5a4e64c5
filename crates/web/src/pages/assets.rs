//! `GET /assets/{file}`: style sheet, scripts, icon. Compiled in; there is nothing to deploy.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use countersign_protocol::refusal::Refusal;

use crate::wire::answer::JSON;
use crate::wire::incoming::Incoming;
use crate::wire::p1_error;

/// Answers one of the compiled-in files.
pub async fn get(Path(file): Path<String>, incoming: Incoming) -> Response {
    let (media, body) = match file.as_str() {
        "style.css" => (
            "text/css; charset=utf-8",
            include_str!("../../assets/style.css"),
        ),
        "check_session.js" => (SCRIPT, include_str!("../../assets/check_session.js")),
        "form_post.js" => (SCRIPT, include_str!("../../assets/form_post.js")),
        "sign_on.js" => (SCRIPT, include_str!("../../assets/sign_on.js")),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        _ => return p1_error::render(&Refusal::NotFound.into(), incoming.correlation, JSON),
    };
    let mut response = ([(header::CONTENT_TYPE, media)], body).into_response();
    let age = HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, age);
    response
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
