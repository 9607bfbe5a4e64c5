//! The page of `USERNAME_PASSWORD_REQUIRED` and `PASSWORD_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::{Flow, State};

use super::again::{Again, Message};
use super::frame::Frame;
use super::providers::{self, Button};
use super::register::{self, Link};

#[derive(Template)]
#[template(path = "username_password_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    username: &'a str,
    /// Set when the flow knows the name: it is shown, not asked.
    known: Option<&'a str>,
    /// Whether a forgotten password can be replaced.
    recovery: bool,
    /// Where else one can sign on.
    providers: Vec<Button>,
    /// Where one gets an account.
    register: Option<Link>,
    error: Option<Message>,
}

/// Asks for the username, unless it is known, and the password.
pub(super) fn page(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let typed = again.and_then(|it| it.typed("username"));
    let page = Page {
        frame,
        application: &flow.application_name,
        username: typed
            .or(flow.request.login_hint.as_deref())
            .unwrap_or_default(),
        known: asked_of(flow),
        recovery: flow.progress.offers.recovery,
        providers: providers::buttons(cx, frame, flow),
        register: register::link(flow),
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}

/// The username whose password is asked for, if the flow has one.
fn asked_of(flow: &Flow) -> Option<&str> {
    let State::PasswordRequired(whose) = &flow.state else {
        return None;
    };
    Some(whose.username())
}
