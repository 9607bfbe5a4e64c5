//! The page of `RECOVERY_CODE_REQUIRED`. It says the same for every name (`threats.md` 34).

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::state::Recovery;
use countersign_protocol::flows::view::settable_password;

use super::again::{Again, Message};
use super::frame::Frame;
use super::requirements::{self, Line};

#[derive(Template)]
#[template(path = "recovery_code_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    username: &'a str,
    requirements: Vec<Line>,
    error: Option<Message>,
}

/// Asks for the code that was sent and for a new password.
pub(super) fn page(
    cx: &Cx,
    frame: &Frame,
    flow: &Flow,
    recovery: &Recovery,
    again: Option<&Again>,
) -> Response {
    let lacking = again.map_or(&[][..], |again| &again.lacking);
    // A new password is judged only once the code was right: then its own rules tell nobody anything.
    let policy = match again.and_then(|again| again.policy) {
        Some(judge) => cx.env.password_policy(Some(judge)),
        None => settable_password(&cx.env, flow),
    };
    let page = Page {
        frame,
        application: &flow.application_name,
        username: &recovery.username,
        requirements: policy.map_or_else(Vec::new, |it| requirements::lines(frame, it, lacking)),
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}
