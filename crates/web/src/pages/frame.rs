//! What is around the content of every page: its language and its looks.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::header;
use countersign_domain::entity;
use countersign_domain::ids::{CorrelationId, UserId};
use countersign_domain::population::Population;
use countersign_domain::store::Fault;
use countersign_domain::user::User;
use countersign_protocol::configuration::Snapshot;
use countersign_protocol::cx::Cx;
use countersign_protocol::flows::Flow;
use fluent_bundle::FluentValue;

use super::again::Message;
use super::theme::Looks;
use super::words::{Around, Language};
use crate::wire::incoming::Incoming;

/// Every template has one, by the name `frame`.
pub struct Frame {
    language: &'static Language,
    looks: Looks,
}

impl Frame {
    /// Of a page of which not even the environment is known.
    pub fn new(incoming: &Incoming) -> Self {
        let wished = accepted(incoming).and_then(|list| Language::wished(list, |_| true));
        Self {
            language: wished.unwrap_or_else(Language::english),
            looks: Looks::plain(),
        }
    }

    /// Of a page of an environment that belongs to no flow.
    pub fn of_environment(env: &Snapshot, incoming: &Incoming) -> Self {
        Self {
            language: wished(env, incoming, None).unwrap_or_else(|| default_language(env)),
            looks: Looks::of(env, env.theme(None)),
        }
    }

    /// Of a page of a flow. The client's wish for a language comes before the browser's, then what
    /// the person prefers, once they are known, and what the environment has. The theme is that of
    /// their population.
    ///
    /// Source: `reference/oidc.md` 3.2
    pub async fn of_flow(cx: &Cx, incoming: &Incoming, flow: &Flow) -> Self {
        let env = &*cx.env;
        let wished = wished(env, incoming, flow.request.ui_locales.as_deref());
        // Worth two reads only where their population can make a difference.
        let matters = wished.is_none() || env.themes.len() > 1;
        let (user, population) = match flow.state.user() {
            Some(user) if matters => person(cx, user.id).await.unwrap_or_default(),
            _ => (None, None),
        };
        let preferred = [
            user.as_ref()
                .and_then(|it| it.preferred_language.as_deref()),
            population.as_ref().map(|it| it.preferred_language.as_str()),
        ];
        let preferred = || {
            let mut lists = preferred.into_iter().flatten();
            lists.find_map(|list| Language::wished(list, |tag| is_on(env, tag)))
        };
        let language = wished.or_else(preferred);
        let theme = population.and_then(|it| it.theme);
        Self {
            language: language.unwrap_or_else(|| default_language(env)),
            looks: Looks::of(env, env.theme(theme.map(|it| it.id))),
        }
    }

    /// How the page looks.
    pub fn looks(&self) -> &Looks {
        &self.looks
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

    /// Whether the error is about this field.
    #[expect(
        clippy::ref_option,
        clippy::unused_self,
        reason = "templates call it on what they have, with what they have"
    )]
    pub(super) fn is_at(&self, error: &Option<Message>, field: &str) -> bool {
        error.as_ref().is_some_and(|error| error.is_at(field))
    }

    /// Whether the error stands beside one of these fields.
    #[expect(
        clippy::ref_option,
        clippy::unused_self,
        reason = "templates call it on what they have, with what they have"
    )]
    pub(super) fn is_beside(&self, error: &Option<Message>, fields: &[&str]) -> bool {
        let at = |error: &Message| fields.iter().any(|field| error.is_beside(field));
        error.as_ref().is_some_and(at)
    }

    /// Whether the cursor is in this field when the page opens: in the one at fault, if one is, else
    /// where the page begins.
    #[expect(
        clippy::ref_option,
        clippy::unused_self,
        reason = "templates call it on what they have, with what they have"
    )]
    pub(super) fn begins_at(&self, error: &Option<Message>, field: &str, begins: bool) -> bool {
        match error {
            Some(error) if error.beside => error.is_beside(field),
            Some(_) | None => begins,
        }
    }

    /// The label of a field.
    pub fn label(&self, label: &str, required: bool) -> String {
        if required {
            return label.to_owned();
        }
        self.say_with("optional-label", [("label", label.into())])
    }
}

fn accepted(incoming: &Incoming) -> Option<&str> {
    incoming.header(header::ACCEPT_LANGUAGE)
}

/// The first wish, of the client and then of the browser, that the environment can meet.
fn wished(env: &Snapshot, incoming: &Incoming, client: Option<&str>) -> Option<&'static Language> {
    let lists = [client, accepted(incoming)];
    let mut lists = lists.into_iter().flatten();
    lists.find_map(|list| Language::wished(list, |tag| is_on(env, tag)))
}

/// Whether the environment offers a language: it does unless it switched it off.
fn is_on(env: &Snapshot, tag: &str) -> bool {
    let mut stored = env.languages.iter();
    let stored = stored.find(|it| it.locale.eq_ignore_ascii_case(tag));
    stored.is_none_or(|it| it.enabled)
}

fn default_language(env: &Snapshot) -> &'static Language {
    let default = env.languages.iter().find(|it| it.default);
    let default = default.and_then(|it| Language::of_tag(&it.locale, |_| true));
    default.unwrap_or_else(Language::english)
}

/// A person and their population. What cannot be read just now does not keep a page from being
/// shown.
async fn person(cx: &Cx, user: UserId) -> Result<(Option<User>, Option<Arc<Population>>), Fault> {
    let store = &*cx.ports.store;
    let user = entity::load::<User>(store, cx.env_id(), user.to_string(), cx.now).await?;
    let Some(user) = user.map(|it| it.value) else {
        return Ok((None, None));
    };
    let population = user.population.id;
    let population = cx.env.population(store, population, cx.now).await?;
    Ok((Some(user), population))
}
