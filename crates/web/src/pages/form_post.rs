//! The page of `response_mode=form_post`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::response_modes::Parameters;

use super::frame::Frame;

#[derive(Template)]
#[template(path = "form_post.html")]
struct Page<'a> {
    frame: Frame,
    action: &'a str,
    fields: &'a Parameters,
}

/// Renders the page: it posts itself by script, or by its button.
pub fn render(frame: Frame, action: &str, fields: &Parameters) -> Response {
    let page = Page {
        frame,
        action,
        fields,
    };
    super::page(StatusCode::OK, &page)
}
