//! Fields for attributes of users: the standard ones, and those that the environment adds.

use countersign_domain::schema::{SchemaAttribute, SchemaAttributeType};
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::profile::{ATTRIBUTES, Asked, Attribute, Form};
use countersign_protocol::own_attributes;
use serde_json::{Map, Value};

use super::again::Again;
use super::frame::Frame;

/// A field for an attribute.
pub(super) struct Field {
    /// Name and id: the attribute's name.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Type of the input, or `lines` for several lines.
    pub kind: &'static str,
    /// What a browser may fill in.
    pub autocomplete: &'static str,
    /// Most characters.
    pub longest: u32,
    /// Whether it must be filled in.
    pub required: bool,
    /// What is in it.
    pub value: String,
    /// What it must look like.
    pub hint: String,
    /// What there is to choose from.
    pub choices: Vec<Choice>,
    /// Whether several of them may be chosen.
    pub several: bool,
}

/// A value that may be chosen.
pub(super) struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

impl Field {
    /// For a standard attribute.
    pub fn standard(frame: &Frame, attribute: &Attribute, value: &str) -> Self {
        Self {
            name: attribute.name.to_owned(),
            label: label_of(frame, attribute),
            kind: match attribute.form {
                Form::Email => "email",
                Form::Phone => "tel",
                Form::Line(_) | Form::Lines(_) | Form::Country | Form::TimeZone => "text",
            },
            autocomplete: autocomplete(attribute.name),
            longest: if attribute.form == Form::Email {
                254
            } else {
                256
            },
            required: false,
            value: value.to_owned(),
            hint: String::new(),
            choices: Vec::new(),
            several: false,
        }
    }

    /// For one of the environment's own, with what was typed before.
    pub fn own(frame: &Frame, attribute: &SchemaAttribute, again: Option<&Again>) -> Self {
        let (name, several) = (&attribute.name, attribute.multi_valued);
        let typed = |name: &str| again.and_then(|it| it.typed(name)).unwrap_or_default();
        let choices = choices(frame, attribute).into_iter().enumerate();
        let choices = choices.map(|(at, (value, label))| Choice {
            chosen: typed(&choice(name, at, several)) == value,
            value,
            label,
        });
        let looks = attribute.regex_validation.as_ref();
        let mut hint = looks.map_or_else(String::new, |it| it.requirements.clone());
        if several && hint.is_empty() {
            hint = frame.say("one-per-line").into_owned();
        }
        let is_long = several || attribute.type_ == SchemaAttributeType::Json;
        Self {
            label: Asked::Own(attribute).display_name().to_owned(),
            kind: if is_long { "lines" } else { "text" },
            autocomplete: "off",
            longest: 16_384,
            required: attribute.required,
            value: typed(name).to_owned(),
            hint,
            choices: choices.collect(),
            several,
            name: name.clone(),
        }
    }

    /// Whether the input is one line of text.
    pub fn is_line(&self) -> bool {
        self.kind != "lines"
    }
}

/// The name of the field of a choice, where several may be chosen.
fn choice(name: &str, at: usize, several: bool) -> String {
    if several {
        format!("{name}.{at}")
    } else {
        name.to_owned()
    }
}

/// What there is to choose from: values with what people call them.
fn choices(frame: &Frame, attribute: &SchemaAttribute) -> Vec<(String, String)> {
    if attribute.type_ == SchemaAttributeType::Boolean && !attribute.multi_valued {
        let named = |value: &str, key: &str| (value.to_owned(), frame.say(key).into_owned());
        return vec![named("true", "yes"), named("false", "no")];
    }
    let listed = attribute.enumerated_values.iter().filter(|it| !it.archived);
    let named = listed.map(|it| {
        let label = it.description.clone().unwrap_or_else(|| it.value.clone());
        (it.value.clone(), label)
    });
    named.collect()
}

/// The environment's own attributes that a page can ask for: a name that pages need themselves is
/// left to the flow API.
pub(super) fn own(cx: &Cx) -> impl Iterator<Item = &SchemaAttribute> {
    const TAKEN: [&str; 3] = ["action", "instead", "confirmPassword"];
    let own = own_attributes::enabled(&cx.env.user_attributes);
    own.filter(|it| !TAKEN.contains(&it.name.as_str()))
}

/// What a person calls the standard attribute that a message is about.
pub(super) fn label(frame: &Frame, name: &str) -> Option<String> {
    let found = ATTRIBUTES.iter().find(|attribute| attribute.name == name)?;
    Some(label_of(frame, found))
}

fn label_of(frame: &Frame, attribute: &Attribute) -> String {
    let said = frame.say_named("attribute", attribute.name);
    said.unwrap_or_else(|| attribute.display_name.to_owned())
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

/// Gives the members of a body the types that the environment's own attributes have: a form knows
/// text alone.
pub(super) fn give_types(cx: &Cx, body: &mut Map<String, Value>) {
    for attribute in own(cx) {
        let Some(value) = body.remove(&attribute.name) else {
            continue;
        };
        let typed = typed(attribute, value);
        if !matches!(&typed, Value::Array(values) if values.is_empty()) {
            body.insert(attribute.name.clone(), typed);
        }
    }
}

fn typed(attribute: &SchemaAttribute, value: Value) -> Value {
    match value {
        Value::String(text) if attribute.multi_valued => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            lines.map(|line| one(attribute, line)).collect()
        }
        Value::String(text) => one(attribute, text.trim()),
        // The choices, by their numbers.
        Value::Object(chosen) if attribute.multi_valued => {
            chosen.into_iter().map(|(_, value)| value).collect()
        }
        other => other,
    }
}

fn one(attribute: &SchemaAttribute, text: &str) -> Value {
    let parsed = match (attribute.type_, text) {
        (SchemaAttributeType::Boolean, "true" | "false") | (SchemaAttributeType::Json, _) => {
            serde_json::from_str(text).ok()
        }
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::from(text))
}
