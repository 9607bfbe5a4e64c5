//! The page of `SIGN_ON_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;

use super::again::{Again, Message};
use super::frame::Frame;
use super::providers::{self, Button};
use super::register::{self, Link};

#[derive(Template)]
#[template(path = "sign_on_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    username: &'a str,
    /// Whether a forgotten password can be replaced.
    recovery: bool,
    /// Where else one can sign on.
    providers: Vec<Button>,
    /// Where one gets an account.
    register: Option<Link>,
    error: Option<Message>,
}

/// Asks for the username alone.
pub(super) fn page(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let typed = again.and_then(|it| it.typed("username"));
    let page = Page {
        frame,
        application: &flow.application_name,
        username: typed.unwrap_or_default(),
        recovery: flow.progress.offers.recovery,
        providers: providers::buttons(cx, frame, flow),
        register: register::link(flow),
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}
