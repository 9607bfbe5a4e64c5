//! The page of `DAG_USER_CODE_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::flows::Flow;

use super::again::{Again, Message};
use super::frame::Frame;

#[derive(Template)]
#[template(path = "dag_user_code_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    user_code: String,
    error: Option<Message>,
}

/// Asks for the code that the device shows. A code that came with the link is filled in and no
/// more: the person compares it (RFC 8628 3.3.1).
pub(super) fn page(frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let linked = flow
        .device
        .as_ref()
        .and_then(|device| device.user_code.as_deref());
    let shown = match linked.and_then(|code| code.split_at_checked(4)) {
        Some((first, second)) => format!("{first}-{second}"),
        None => String::new(),
    };
    let page = Page {
        frame,
        application: &flow.application_name,
        user_code: shown,
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}
