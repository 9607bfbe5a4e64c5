//! The page of `USERNAME_PASSWORD_REQUIRED` and `PASSWORD_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::flows::Flow;

use super::sign_on::{Again, Message};

#[derive(Template)]
#[template(path = "username_password_required.html")]
struct Page<'a> {
    application: &'a str,
    username: &'a str,
    /// Set when the flow knows who it is: the name is shown, not asked.
    known: Option<&'a str>,
    error: Option<Message>,
}

/// Asks for the username, unless it is known, and the password.
pub(super) fn page(flow: &Flow, again: Option<Again<'_>>, status: StatusCode) -> Response {
    let typed = again
        .as_ref()
        .and_then(|again| again.fields.get("username"));
    let page = Page {
        application: &flow.application_name,
        username: typed
            .or(flow.request.login_hint.as_deref())
            .unwrap_or_default(),
        known: flow.state.user().map(|user| user.username.as_str()),
        error: again.map(|again| again.message),
    };
    super::page(status, &page)
}
