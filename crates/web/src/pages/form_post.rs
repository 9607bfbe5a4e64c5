//! The page of `response_mode=form_post`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::response_modes::Parameters;

#[derive(Template)]
#[template(path = "form_post.html")]
struct Page<'a> {
    action: &'a str,
    fields: &'a Parameters,
}

/// Renders the page: it posts itself by script, or by its button.
pub fn render(action: &str, fields: &Parameters) -> Response {
    super::page(StatusCode::OK, &Page { action, fields })
}
