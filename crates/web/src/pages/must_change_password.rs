//! The page of `MUST_CHANGE_PASSWORD` and `PASSWORD_EXPIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::params::Params;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::state::PasswordChange;
use countersign_protocol::flows::view::settable_password;
use countersign_protocol::flows::{Flow, State};

use super::again::{Again, Message};
use super::frame::Frame;
use super::requirements::{self, Line};

#[derive(Template)]
#[template(path = "must_change_password.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    username: &'a str,
    expired: bool,
    requirements: Vec<Line>,
    error: Option<Message>,
}

/// Asks for the current password and a new one.
pub(super) fn page(
    cx: &Cx,
    frame: &Frame,
    flow: &Flow,
    change: &PasswordChange,
    again: Option<&Again>,
) -> Response {
    let lacking = again.map_or(&[][..], |again| &again.lacking);
    let policy = settable_password(&cx.env, flow);
    let page = Page {
        frame,
        application: &flow.application_name,
        username: &change.user.username,
        expired: matches!(flow.state, State::PasswordExpired(_)),
        requirements: policy.map_or_else(Vec::new, |it| requirements::lines(frame, it, lacking)),
        error: again.map(|again| again.message.clone()),
    };
    super::page(StatusCode::OK, &page)
}

/// A new password is typed twice, for nobody sees what is typed. Only the page asks for that.
pub(super) fn is_repeated_wrongly(action: &str, fields: &Params) -> bool {
    let password = match action {
        "password.reset" | "password.recover" => "newPassword",
        "user.register" => "password",
        _ => return false,
    };
    fields.get(password) != fields.get("confirmPassword")
}

/// What is said then.
pub(super) fn differing(frame: &Frame, cx: &Cx) -> Message {
    Message {
        text: frame.say("passwords-differ").into_owned(),
        field: "confirmPassword".to_owned(),
        beside: true,
        correlation: cx.correlation,
    }
}
