//! What is around the content of every page: its language, and by and by its looks.

use std::borrow::Cow;

use axum::http::header;
use countersign_domain::ids::CorrelationId;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use fluent_bundle::FluentValue;

use super::words::{Around, Language};
use crate::wire::incoming::Incoming;

/// Every template has one, by the name `frame`.
pub struct Frame {
    language: &'static Language,
}

impl Frame {
    /// Of a page that belongs to no flow.
    pub fn new(incoming: &Incoming) -> Self {
        Self::in_language(incoming, None)
    }

    /// Of a page of a flow.
    pub fn of_flow(_cx: &Cx, incoming: &Incoming, flow: &Flow) -> Self {
        Self::in_language(incoming, flow.request.ui_locales.as_deref())
    }

    /// The client's wish comes before the browser's.
    /// Source: `reference/oidc.md` 3.2
    fn in_language(incoming: &Incoming, ui_locales: Option<&str>) -> Self {
        let accepted = incoming.header(header::ACCEPT_LANGUAGE);
        let wishes = [ui_locales, accepted];
        let wished = wishes.into_iter().flatten().find_map(Language::wished);
        Self {
            language: wished.unwrap_or_else(Language::english),
        }
    }

    /// The `lang` attribute.
    pub fn lang(&self) -> &'static str {
        self.language.tag
    }

    /// The `dir` attribute.
    pub fn dir(&self) -> &'static str {
        self.language.direction
    }

    /// A text.
    pub fn say(&self, key: &str) -> Cow<'static, str> {
        self.language.say(key)
    }

    /// A text with variables.
    pub fn say_with<const N: usize>(
        &self,
        key: &str,
        variables: [(&'static str, FluentValue<'_>); N],
    ) -> String {
        self.language.say_with(key, variables)
    }

    /// A text that belongs to a name of the wire, if there is one (see [`Language::say_named`]).
    pub fn say_named(&self, group: &str, name: &str) -> Option<String> {
        self.language.say_named(group, name)
    }

    /// The title of a page that comes again because of an error.
    pub fn error_title(&self, title: &str) -> String {
        self.say_with("error-title", [("title", title.into())])
    }

    /// What finds the log line of a refused request.
    pub fn reference(&self, correlation: &CorrelationId) -> String {
        self.say_with("reference", [("id", correlation.to_string().into())])
    }

    /// The parts of a text before and after its one variable, for a template that gives the
    /// variable an element of its own.
    pub fn around(&self, key: &str, variable: &'static str) -> Around {
        self.language.around(key, variable)
    }

    /// The label of a field.
    pub fn label(&self, label: &str, required: bool) -> String {
        if required {
            return label.to_owned();
        }
        self.say_with("optional-label", [("label", label.into())])
    }
}
