//! The page of `ACCOUNT_CONFIRMATION_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::external::ExternalIdentity;
use countersign_protocol::flows::profile::ATTRIBUTES;

use super::account_linking_required::name;
use super::again::{Again, Message};
use super::attributes::Field;
use super::frame::Frame;

#[derive(Template)]
#[template(path = "account_confirmation_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    explanation: String,
    username: &'a str,
    fields: Vec<Field>,
    /// Whether the error stands beside one of the fields.
    beside: bool,
    error: Option<Message>,
}

/// Shows what a provider said, to be corrected.
pub(super) fn page(cx: &Cx, frame: &Frame, flow: &Flow, again: Option<&Again>) -> Response {
    let typed = |name: &str| again.and_then(|again| again.typed(name));
    let external = flow.progress.external.as_ref();
    let said = |name: &str| external.and_then(|identity| identity.get(name));
    let names = external.map(names).unwrap_or_default();
    let fields = names.iter().filter_map(|name| {
        let known = ATTRIBUTES.iter().find(|it| it.name == *name)?;
        let value = typed(name).or(said(name)).unwrap_or_default();
        Some(Field::standard(frame, known, value))
    });
    let fields: Vec<Field> = fields.collect();
    let username = typed("username").or(said("username")).unwrap_or_default();
    let mut shown: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    shown.push("username");
    let error = again.map(|again| again.message.clone());
    let beside = frame.is_beside(&error, &shown);
    let page = Page {
        frame,
        application: &flow.application_name,
        explanation: frame.say_with("confirm-explanation", [("provider", name(cx, flow).into())]),
        username,
        fields,
        beside,
        error,
    };
    super::page(StatusCode::OK, &page)
}

fn names(identity: &ExternalIdentity) -> Vec<&str> {
    let names = identity.attributes.iter().map(|it| it.name.as_str());
    names.filter(|name| *name != "username").collect()
}
