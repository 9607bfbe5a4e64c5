//! The page of `PROFILE_DATA_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::profile::{Asked, ProfilePrompt};

use super::again::{Again, Message};
use super::attributes::Field;
use super::frame::Frame;

#[derive(Template)]
#[template(path = "profile_data_required.html")]
struct Page<'a> {
    frame: &'a Frame,
    application: &'a str,
    text: &'a str,
    fields: Vec<Field>,
    /// Whether the error stands beside one of the fields.
    beside: bool,
    error: Option<Message>,
}

/// Asks for the attributes that are missing.
pub(super) fn page(
    cx: &Cx,
    frame: &Frame,
    flow: &Flow,
    prompt: &ProfilePrompt,
    again: Option<&Again>,
) -> Response {
    let asked = prompt.asked(&cx.env.user_attributes);
    let fields = asked.map(|(asked, required)| {
        let value = again.and_then(|again| again.typed(asked.name()));
        let field = match asked {
            Asked::Standard(attribute) => {
                Field::standard(frame, attribute, value.unwrap_or_default())
            }
            Asked::Own(attribute) => Field::own(frame, attribute, again),
        };
        Field { required, ..field }
    });
    let fields: Vec<Field> = fields.collect();
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let error = again.map(|again| again.message.clone());
    let page = Page {
        beside: frame.is_beside(&error, &names),
        frame,
        application: &flow.application_name,
        text: &prompt.text,
        fields,
        error,
    };
    super::page(StatusCode::OK, &page)
}
