//! Answers: bodies with their types, redirects.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::incoming::Incoming;

/// `application/json`.
pub const JSON: &str = "application/json";
/// What the flow API answers, errors included.
/// Source: `reference/flows.md` 2.1.
pub const HAL: &str = "application/hal+json;charset=UTF-8";

/// A JSON body under a media type.
pub fn json(status: StatusCode, media: &'static str, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, media)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// JSON that is text already, under a media type.
pub fn json_text(status: StatusCode, media: &'static str, text: &str) -> Response {
    let body = text.to_owned();
    (status, [(header::CONTENT_TYPE, media)], body).into_response()
}

/// A page.
pub fn html(status: StatusCode, page: String) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

/// A redirect that turns into GET. A location that cannot be a header is a 500: nothing is ever
/// sent elsewhere instead.
pub fn redirect(status: StatusCode, location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status;
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// For what may change under its address.
pub const AN_HOUR: &str = "public, max-age=3600";
/// For what never changes under its address.
pub const FOREVER: &str = "public, max-age=31536000, immutable";

/// An answer that browsers may keep for so long and ask about again: a body with its type.
pub fn kept(
    incoming: &Incoming,
    tag: &str,
    how_long: &'static str,
    (media, body): (&'static str, Vec<u8>),
) -> Response {
    let known = incoming.header(header::IF_NONE_MATCH);
    let mut response = if known.is_some_and(|known| known.split(',').any(|it| it.trim() == tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, media)], body).into_response()
    };
    let headers = response.headers_mut();
    let how_long = HeaderValue::from_static(how_long);
    headers.insert(header::CACHE_CONTROL, how_long);
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}
