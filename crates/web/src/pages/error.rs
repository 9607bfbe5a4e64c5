//! The page for errors that must not leave by redirect (`reference/oidc.md` 23.3): what happened,
//! and the way back.

use std::borrow::Cow;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::error::oauth_error;
use countersign_protocol::refusal::{Failure, Refusal};

use super::frame::Frame;
use super::way_back::WayBack;
use crate::App;
use crate::wire::incoming::Incoming;
use crate::wire::layers::{explain, fault_status, log, retry_after};

#[derive(Template)]
#[template(path = "error.html")]
struct Page {
    frame: Frame,
    heading: Cow<'static, str>,
    explanation: Cow<'static, str>,
    /// For the people who run the application.
    detail: Option<String>,
    reference: String,
    back: Option<WayBack>,
}

/// Renders a failure for a person, in the looks of the environment that the path names.
pub async fn render(app: &App, env: &str, failure: &Failure, incoming: &Incoming) -> Response {
    log(failure);
    let environment = app.recent(env, incoming).await.ok();
    let (frame, back) = match &environment {
        Some(env) => (
            Frame::of_environment(env, incoming),
            WayBack::find(app, env, incoming).await,
        ),
        None => (Frame::new(incoming), None),
    };
    let correlation = incoming.correlation;
    let (status, [heading, explanation], detail) = match failure {
        Failure::Refused(refused) => {
            let error = oauth_error(&refused.refusal, correlation);
            let (words, is_for_developers) = words(&frame, &refused.refusal, incoming);
            let detail = is_for_developers.then_some(error.description);
            (error.status, words, detail)
        }
        Failure::Fault(fault) => (
            fault_status(fault),
            [frame.say("try-again-title"), frame.say("try-again")],
            None,
        ),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = Page {
        heading,
        explanation,
        detail,
        reference: frame.reference(&correlation),
        frame,
        back,
    };
    let mut response = super::page(status, &page);
    retry_after(&mut response, failure);
    explain(&mut response, failure);
    response
}

/// What people are told, and whether it is the application's doing.
fn words(frame: &Frame, refusal: &Refusal, incoming: &Incoming) -> ([Cow<'static, str>; 2], bool) {
    match refusal {
        Refusal::FlowNotFound if incoming.browser_token().is_none() => (
            [frame.say("no-cookie-title"), frame.say("no-cookie")],
            false,
        ),
        Refusal::FlowNotFound => (
            [frame.say("flow-gone-title"), frame.say("flow-gone")],
            false,
        ),
        Refusal::FlowAlreadyResumed => (
            [
                frame.say("already-signed-on-title"),
                frame.say("already-signed-on"),
            ],
            false,
        ),
        Refusal::EnvironmentNotFound | Refusal::NotFound => (
            [frame.say("nothing-here-title"), frame.say("nothing-here")],
            false,
        ),
        Refusal::TooManyRequests { .. } => {
            ([frame.say("too-many-title"), frame.say("too-many")], false)
        }
        _ => (
            [frame.say("bad-request-title"), frame.say("bad-request")],
            true,
        ),
    }
}
