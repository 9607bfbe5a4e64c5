//! The page of `VERIFICATION_CODE_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::state::Verification;

use super::again::{Again, Message};
use super::frame::Frame;

#[derive(Template)]
#[template(path = "verification_code_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    explanation: String,
    error: Option<Message>,
}

/// Asks for the code that was sent to the account's address.
pub(super) fn page(
    frame: &Frame,
    flow: &Flow,
    waiting: &Verification,
    again: Option<&Again>,
) -> Response {
    let explanation = match &waiting.email {
        Some(email) => frame.say_with("verify-sent-to", [("email", email.as_str().into())]),
        None => frame.say("verify-no-address").into_owned(),
    };
    let page = Page {
        frame,
        application: &flow.application_name,
        explanation,
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}
