//! The page of `DAG_USER_CODE_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::flows::Flow;

use super::frame::Frame;
use super::sign_on::{Again, Message};

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
pub(super) fn page(
    frame: &Frame,
    flow: &Flow,
    again: Option<Again<'_>>,
    status: StatusCode,
) -> Response {
    let typed = again.as_ref().and_then(|it| it.fields.get("userCode"));
    let linked = flow
        .device
        .as_ref()
        .and_then(|device| device.user_code.as_deref());
    let shown = match (typed, linked.and_then(|code| code.split_at_checked(4))) {
        (Some(typed), _) => typed.to_owned(),
        (None, Some((first, second))) => format!("{first}-{second}"),
        (None, None) => String::new(),
    };
    let page = Page {
        frame,
        application: &flow.application_name,
        user_code: shown,
        error: again.map(|again| again.message),
    };
    super::page(status, &page)
}
