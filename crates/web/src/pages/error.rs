//! The page for errors that must not leave by redirect (`reference/oidc.md` 23.3).

use std::borrow::Cow;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::error::oauth_error;
use countersign_protocol::refusal::{Failure, Refusal};

use super::frame::Frame;
use crate::wire::incoming::Incoming;
use crate::wire::layers::{explain, fault_status, log, retry_after};

#[derive(Template)]
#[template(path = "error.html")]
struct Page {
    frame: Frame,
    heading: String,
    explanation: String,
    detail: String,
    reference: String,
}

/// Renders a failure for a person.
pub fn render(failure: &Failure, incoming: &Incoming) -> Response {
    render_in(Frame::new(incoming), failure, incoming)
}

/// The same, where more is known of the person than the request tells.
pub fn render_in(frame: Frame, failure: &Failure, incoming: &Incoming) -> Response {
    log(failure);
    let correlation = incoming.correlation;
    let (status, [heading, explanation], detail) = match failure {
        Failure::Refused(refused) => {
            let error = oauth_error(&refused.refusal, correlation);
            let words = words(&frame, &refused.refusal);
            (error.status, words, error.description)
        }
        Failure::Fault(fault) => (
            fault_status(fault),
            [frame.say("try-again-title"), frame.say("try-again")],
            String::new(),
        ),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = Page {
        heading: heading.into_owned(),
        explanation: explanation.into_owned(),
        detail,
        reference: frame.reference(&correlation),
        frame,
    };
    let mut response = super::page(status, &page);
    retry_after(&mut response, failure);
    explain(&mut response, failure);
    response
}

fn words(frame: &Frame, refusal: &Refusal) -> [Cow<'static, str>; 2] {
    match refusal {
        Refusal::FlowNotFound => [frame.say("flow-gone-title"), frame.say("flow-gone")],
        Refusal::FlowAlreadyResumed => [
            frame.say("already-signed-on-title"),
            frame.say("already-signed-on"),
        ],
        Refusal::EnvironmentNotFound | Refusal::NotFound => {
            [frame.say("nothing-here-title"), frame.say("nothing-here")]
        }
        _ => [frame.say("bad-request-title"), frame.say("bad-request")],
    }
}
