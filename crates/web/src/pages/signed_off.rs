//! The page after a sign-off that leads back to no application.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::frame::Frame;

#[derive(Template)]
#[template(path = "signed_off.html")]
struct Page {
    frame: Frame,
}

/// Renders the page.
///
/// Decision: PingOne sends the browser to a hosted page; ours is answered on the spot, so that
/// nothing but the environment's own path is needed.
pub fn render(frame: Frame) -> Response {
    super::page(StatusCode::OK, &Page { frame })
}
