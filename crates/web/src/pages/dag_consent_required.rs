//! The page of `DAG_CONSENT_REQUIRED`, and how the connecting of a device ended.

use std::borrow::Cow;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::state::{DeviceConsent, FlowFailure};

use super::again::{Again, Message};
use super::frame::Frame;

#[derive(Template)]
#[template(path = "dag_consent_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    user_code: &'a str,
    scopes: &'a [String],
    error: Option<Message>,
}

#[derive(Template)]
#[template(path = "device_end.html")]
struct End<'a> {
    frame: &'a Frame,
    application: &'a str,
    title: Cow<'static, str>,
    explanation: Cow<'static, str>,
}

/// Asks whether to connect the device.
pub(super) fn page(
    frame: &Frame,
    flow: &Flow,
    asked: &DeviceConsent,
    again: Option<&Again>,
) -> Response {
    let page = Page {
        frame,
        application: &flow.application_name,
        user_code: &asked.user_code,
        scopes: &asked.scope,
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}

/// Says that the device is connected; the person goes on there.
pub(super) fn connected(frame: &Frame, flow: &Flow) -> Response {
    let page = End {
        frame,
        application: &flow.application_name,
        title: frame.say("device-connected-title"),
        explanation: frame.say("device-connected"),
    };
    super::page(StatusCode::OK, &page)
}

/// Says why the device is not connected. There is no application to go back to.
pub(super) fn failed(frame: &Frame, flow: &Flow, failure: FlowFailure) -> Response {
    let named = frame.say_named("failed", &format!("{failure:?}"));
    let page = End {
        frame,
        application: &flow.application_name,
        title: frame.say("device-failed-title"),
        explanation: named.map_or(Cow::Borrowed(failure.message()), Cow::Owned),
    };
    super::page(StatusCode::OK, &page)
}
