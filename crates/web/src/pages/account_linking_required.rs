//! The page of `ACCOUNT_LINKING_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;

use super::again::{Again, Message};
use super::frame::Frame;
use super::register::{self, Link};

#[derive(Template)]
#[template(path = "account_linking_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    explanation: String,
    username: &'a str,
    /// Whether a forgotten password can be replaced.
    recovery: bool,
    /// Where one gets an account.
    register: Option<Link>,
    error: Option<Message>,
}

/// Asks for the password of the account that the provider's is to be linked with.
pub(super) fn page(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let typed = again.and_then(|it| it.typed("username"));
    let external = flow.progress.external.as_ref();
    let said = external.and_then(|identity| identity.get("username"));
    let page = Page {
        frame,
        application: &flow.application_name,
        explanation: frame.say_with("linking-explanation", [("provider", name(cx, flow).into())]),
        username: typed.or(said).unwrap_or_default(),
        recovery: flow.progress.offers.recovery,
        register: register::link(flow),
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}

/// What the provider is called that the person comes from.
pub(super) fn name<'a>(cx: &'a Cx, flow: &Flow) -> &'a str {
    let external = flow.progress.external.as_ref();
    let view = external.and_then(|identity| cx.env.provider(identity.provider));
    view.map_or("", |view| view.provider.name.as_str())
}
