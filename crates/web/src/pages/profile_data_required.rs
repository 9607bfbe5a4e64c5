//! The page of `PROFILE_DATA_REQUIRED`.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::flows::Flow;
use countersign_protocol::flows::profile::{Attribute, Form, ProfilePrompt};

use super::frame::Frame;
use super::sign_on::{Again, Message};

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

/// A field for an attribute.
pub(super) struct Field {
    /// Name and id: the attribute's name.
    pub name: &'static str,
    /// What people call it.
    pub label: String,
    /// Type of the input.
    pub kind: &'static str,
    /// What a browser may fill in.
    pub autocomplete: &'static str,
    /// Whether it must be filled in.
    pub required: bool,
    /// What is in it.
    pub value: String,
}

/// The field of an attribute, if people may be asked for it.
pub(super) fn field(frame: &Frame, name: &str, value: &str) -> Option<Field> {
    let mut all = countersign_protocol::flows::profile::ATTRIBUTES.iter();
    let attribute = all.find(|attribute| attribute.name == name)?;
    Some(Field {
        name: attribute.name,
        label: label_of(frame, attribute),
        kind: kind(attribute),
        autocomplete: autocomplete(attribute.name),
        required: false,
        value: value.to_owned(),
    })
}

/// Asks for the attributes that are missing.
pub(super) fn page(
    frame: &Frame,
    flow: &Flow,
    prompt: &ProfilePrompt,
    again: Option<Again<'_>>,
    status: StatusCode,
) -> Response {
    let fields = prompt.asked().map(|(attribute, required)| Field {
        name: attribute.name,
        label: label_of(frame, attribute),
        kind: kind(attribute),
        autocomplete: autocomplete(attribute.name),
        required,
        value: again
            .as_ref()
            .and_then(|again| again.fields.get(attribute.name))
            .unwrap_or_default()
            .to_owned(),
    });
    let fields: Vec<Field> = fields.collect();
    let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
    let error = again.map(|again| again.message);
    let page = Page {
        beside: frame.is_beside(&error, &names),
        frame,
        application: &flow.application_name,
        text: &prompt.text,
        fields,
        error,
    };
    super::page(status, &page)
}

/// What a person calls the attribute that a message is about.
pub(super) fn label(frame: &Frame, name: &str) -> Option<String> {
    let mut all = countersign_protocol::flows::profile::ATTRIBUTES.iter();
    let found = all.find(|attribute| attribute.name == name)?;
    Some(label_of(frame, found))
}

fn label_of(frame: &Frame, attribute: &Attribute) -> String {
    let said = frame.say_named("attribute", attribute.name);
    said.unwrap_or_else(|| attribute.display_name.to_owned())
}

/// `type` of the input: which keyboard a phone shows.
const fn kind(attribute: &Attribute) -> &'static str {
    match attribute.form {
        Form::Email => "email",
        Form::Phone => "tel",
        Form::Line(_) | Form::Lines(_) | Form::Country | Form::TimeZone => "text",
    }
}

/// What a browser may fill in (HTML, autofill field names).
fn autocomplete(name: &str) -> &'static str {
    match name {
        "email" => "email",
        "name.formatted" => "name",
        "name.given" => "given-name",
        "name.middle" => "additional-name",
        "name.family" => "family-name",
        "name.honorificPrefix" => "honorific-prefix",
        "name.honorificSuffix" => "honorific-suffix",
        "nickname" => "nickname",
        "title" => "organization-title",
        "locale" | "preferredLanguage" => "language",
        "mobilePhone" | "primaryPhone" => "tel",
        "address.streetAddress" => "address-line1",
        "address.locality" => "address-level2",
        "address.region" => "address-level1",
        "address.postalCode" => "postal-code",
        "address.countryCode" => "country",
        _ => "off",
    }
}
