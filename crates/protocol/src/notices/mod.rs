//! Notices: what the server writes to people. [`compose`] makes one, as a fact that `decide` puts
//! into its batch; [`outbox`] delivers what is due.

pub mod outbox;
mod own_server;
mod render;
pub(crate) mod words;

use std::borrow::Cow;

use countersign_domain::entity::Entity;
use countersign_domain::ids::{EnvId, NoticeId, UserId};
use countersign_domain::notice::{Mail, Mailbox, Notice};
use countersign_domain::notification::{
    DeliveryMethod, EmailContentType, NotificationContent, TemplateName,
};
use countersign_domain::store::{Fault, Key};
use countersign_domain::time::Time;
use countersign_domain::user::User;

use crate::configuration::Snapshot;
use crate::cx::Cx;

/// Whom a notice is about.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    /// Their id; a stand-in where nobody is.
    pub id: UserId,
    /// Who gets it. With nobody, or somebody without an address, the same work is done and the
    /// outbox throws the mail away (`threats.md` 34).
    pub user: Option<&'a User>,
}

/// Writes a notice with a code in it, sealed and ready for a batch.
pub fn compose(
    cx: &Cx,
    template: TemplateName,
    recipient: Recipient<'_>,
    code: &str,
    void_at: Time,
) -> Result<Notice, Fault> {
    let entropy = &*cx.ports.entropy;
    let id = NoticeId::random(entropy);
    let mail = write(cx, template, recipient.user, code);
    let owner = Key::new(Notice::KIND, EnvId::PLATFORM, id.to_string());
    let plain = serde_json::to_vec(&mail).map_err(|error| Fault::Corrupt {
        key: owner.clone(),
        reason: error.to_string(),
    })?;
    Ok(Notice {
        id,
        environment: cx.env_id(),
        template: template.id().to_owned(),
        user: recipient.id,
        created_at: cx.now,
        due_at: cx.now,
        void_at,
        attempts: 0,
        last_error: None,
        dead_at: None,
        mail: cx.ports.vault.seal(&owner, &plain, entropy)?,
    })
}

fn write(cx: &Cx, template: TemplateName, user: Option<&User>, code: &str) -> Mail {
    let chosen = choose(&cx.env, template, user);
    let content = chosen.content();
    let settings = cx.env.notifications.as_ref();
    let value = |name: &str| value(name, &cx.env, user, code, cx.now);
    let html = |text: &str| render::fill(text, render::Into::Html, &value);
    let plain = |text: &str| render::fill(text, render::Into::Text, &value);
    let (text, html) = match (&chosen, content.email_content_type) {
        (Chosen::BuiltIn(words), _) => (plain(&words.text), Some(html(&content.body))),
        (Chosen::Own(_), EmailContentType::Plain) => (plain(&content.body), None),
        (Chosen::Own(_), EmailContentType::Html) => {
            let body = html(&content.body);
            (render::text_of(&body), Some(body))
        }
    };
    Mail {
        to: user.and_then(mailbox),
        from: content.from.clone().or_else(|| settings?.from.clone()),
        reply_to: content
            .reply_to
            .clone()
            .or_else(|| settings?.reply_to.clone()),
        locale: content.locale.clone(),
        subject: render::one_line(&plain(&content.subject)),
        text,
        html,
    }
}

/// The words for a mail.
enum Chosen<'a> {
    /// The environment's.
    Own(&'a NotificationContent),
    /// Ours.
    BuiltIn(Box<words::BuiltIn>),
}

impl Chosen<'_> {
    const fn content(&self) -> &NotificationContent {
        match self {
            Self::Own(content) => content,
            Self::BuiltIn(words) => &words.content,
        }
    }
}

/// Chooses the words: for each language that the user prefers the environment's own in exactly that
/// locale, its own in the language, ours in the language; then the same for the environment's default language; at last English.
///
/// Source: PingOne, "Runtime logic for content selection": an exact locale first, then the language
/// without its region, then the default.
fn choose<'a>(env: &'a Snapshot, template: TemplateName, user: Option<&User>) -> Chosen<'a> {
    let own = |locale: &str| {
        let mut own = env.contents.iter();
        own.find(|content| {
            content.template.id == template.id()
                && content.delivery_method == DeliveryMethod::Email
                && content.variant.is_none()
                && content.locale.eq_ignore_ascii_case(locale)
        })
    };
    let default = env.languages.iter().find(|language| language.default);
    let default = default.map(|language| language.locale.to_lowercase());
    for wanted in preferred(user).into_iter().chain(default) {
        let language = wanted.split('-').next().unwrap_or_default();
        if let Some(content) = own(&wanted).or_else(|| own(language)) {
            return Chosen::Own(content);
        }
        if let Some(words) = words::built_in(template, language) {
            return Chosen::BuiltIn(Box::new(words));
        }
    }
    match own(LAST_RESORT) {
        Some(content) => Chosen::Own(content),
        None => Chosen::BuiltIn(Box::new(words::english(template))),
    }
}

/// The language of whoever understands none that there is.
const LAST_RESORT: &str = "en";

/// The languages a user understands, best first: `preferredLanguage`, which is written like
/// `Accept-Language`, then `locale`.
fn preferred(user: Option<&User>) -> Vec<String> {
    let Some(user) = user else {
        return Vec::new();
    };
    let mut wanted = Vec::new();
    for range in user.preferred_language.iter().flat_map(|it| it.split(',')) {
        let (tag, weight) = range.split_once(";q=").unwrap_or((range, "1"));
        let weight: f32 = weight.trim().parse().unwrap_or_default();
        if weight > 0.0 {
            wanted.push((weight, tag.trim().replace('_', "-").to_lowercase()));
        }
    }
    wanted.sort_by(|left, right| right.0.total_cmp(&left.0));
    let locale = user.locale.iter();
    let locale = locale.map(|it| it.replace('_', "-").to_lowercase());
    wanted
        .into_iter()
        .map(|(_, tag)| tag)
        .chain(locale)
        .collect()
}

/// What a variable stands for.
fn value<'a>(
    name: &str,
    env: &'a Snapshot,
    user: Option<&'a User>,
    code: &'a str,
    now: Time,
) -> Cow<'a, str> {
    let named = user.and_then(|user| user.name.as_ref());
    let found = match name {
        "code.value" | "otp" => Some(code),
        "user.username" => user.map(|user| user.username.as_str()),
        "user.name.given" => named.and_then(|it| it.given.as_deref()),
        "user.name.family" => named.and_then(|it| it.family.as_deref()),
        "user.name.formatted" => named.and_then(|it| it.formatted.as_deref()),
        "user.email" => user.and_then(|user| user.email.as_deref()),
        "environment.name" => Some(env.environment.name.as_str()),
        "current-year" => return Cow::Owned(year(now)),
        // Of our own words only: how the person is addressed.
        "name" => named
            .and_then(|it| it.given.as_deref())
            .or_else(|| user.map(|user| user.username.as_str())),
        _ => None,
    };
    Cow::Borrowed(found.unwrap_or_default())
}

fn year(now: Time) -> String {
    let text = now.to_string();
    text.split('-').next().unwrap_or_default().to_owned()
}

/// Where a user is written to.
fn mailbox(user: &User) -> Option<Mailbox> {
    let address = user.email.clone()?;
    let name = user.name.as_ref().and_then(|name| {
        let parts = [name.given.as_deref(), name.family.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        let whole = name.formatted.clone();
        whole.or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
    });
    let name = name.map(|name| render::one_line(&name));
    Some(Mailbox { name, address })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(preferred: Option<&str>, locale: Option<&str>) -> User {
        let body = serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "username": "ada",
            "population": { "id": "00000000-0000-0000-0000-000000000002" },
            "preferredLanguage": preferred,
            "locale": locale,
            "createdAt": "1970-01-01T00:00:00.000Z",
            "updatedAt": "1970-01-01T00:00:00.000Z",
        });
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn languages_come_in_the_order_of_preference() {
        for (preferred_language, locale, expected) in [
            (None, None, vec![]),
            (None, Some("de_CH"), vec!["de-ch"]),
            (Some("fr"), Some("de"), vec!["fr", "de"]),
            (
                Some("en;q=0.5, ja, de-AT;q=0.8, nl;q=0"),
                None,
                vec!["ja", "de-at", "en"],
            ),
        ] {
            let user = user(preferred_language, locale);
            assert_eq!(preferred(Some(&user)), expected);
        }
    }
}
