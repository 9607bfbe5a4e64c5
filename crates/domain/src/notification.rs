//! `/v1/environments/{e}/templates/{name}/contents`: what mails say (`reference/platform.md`,
//! tier 2). Templates are fixed; contents are an environment's own words for one, in one language.

pub mod policy;
pub mod settings;
pub mod template;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::ContentId;
use crate::notice::Mailbox;
use crate::reference::Ref;
use crate::store::{IndexName, Kind};
use crate::time::Time;

/// A template that this server writes by. All there are, are [`template::TEMPLATES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TemplateName {
    /// The code that proves an e-mail address.
    #[serde(rename = "verification_code_template")]
    VerificationCode,
    /// The code that replaces a forgotten password.
    #[serde(rename = "recovery_code_template")]
    RecoveryCode,
}

impl TemplateName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::VerificationCode, Self::RecoveryCode];

    /// Its id on the wire.
    pub const fn id(self) -> &'static str {
        match self {
            Self::VerificationCode => "verification_code_template",
            Self::RecoveryCode => "recovery_code_template",
        }
    }

    /// The name that people see.
    pub const fn display_name(self) -> &'static str {
        match self {
            Self::VerificationCode => "Verification Code",
            Self::RecoveryCode => "Password Recovery",
        }
    }
}

/// What a variable stands for, as `${name}` in a subject or body.
///
/// Decision: the names of variables are those of PingOne's pages (`user.*`, `current-year`);
/// `code.value` is from there too but not confirmed, so `otp` means the same.
pub const VARIABLES: [&str; 9] = [
    "code.value",
    "otp",
    "user.username",
    "user.name.given",
    "user.name.family",
    "user.name.formatted",
    "user.email",
    "environment.name",
    "current-year",
];

/// One of these must be in the body of every content: without a code the mail is useless.
pub const REQUIRED: [&str; 2] = ["code.value", "otp"];

/// Longest subject, in characters.
pub const MAX_SUBJECT: usize = 256;

/// Largest body, in bytes.
pub const MAX_BODY: usize = 100 * 1024;

/// How a content is delivered. Mails are; the others are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum DeliveryMethod {
    /// By e-mail.
    #[default]
    Email,
    /// As a text message.
    #[serde(rename = "SMS")]
    Sms,
    /// By a call.
    Voice,
    /// To a native application.
    Push,
}

impl DeliveryMethod {
    /// As it is on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "Email",
            Self::Sms => "SMS",
            Self::Voice => "Voice",
            Self::Push => "Push",
        }
    }
}

/// What the buttons of a push notification are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PushCategory {
    /// On the banner.
    BannerButtons,
    /// None.
    WithoutBannerButtons,
    /// One that opens the application.
    ApproveAndOpenApp,
}

/// `emailContentType` of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum EmailContentType {
    /// HTML. A plain text is made of it.
    #[default]
    #[serde(rename = "text/html")]
    Html,
    /// Plain text.
    #[serde(rename = "text/plain")]
    Plain,
}

/// An environment's own words for a template, in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationContent {
    /// Its id.
    pub id: ContentId,
    /// For which occasion: the id of one of [`template::TEMPLATES`].
    pub template: Ref<String>,
    /// The language: `de`, `pt-BR`.
    pub locale: String,
    /// How it is delivered.
    #[serde(default)]
    pub delivery_method: DeliveryMethod,
    /// A second set of words for the same occasion, by name. Kept; only contents without one are
    /// used by sign-on flows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Email: the subject, with variables.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Email and Push: the body, with variables.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// What the body is.
    #[serde(default)]
    pub email_content_type: EmailContentType,
    /// Kept; mails are always UTF-8. `characterSet` in files of old.
    #[serde(
        default,
        alias = "characterSet",
        skip_serializing_if = "Option::is_none"
    )]
    pub charset: Option<String>,
    /// SMS and Voice: what it says, with variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// SMS: from whom it seems to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// Voice: whose voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Push: the title, with variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Push: what its buttons are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_category: Option<PushCategory>,
    /// From whom; the server's sender without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Who gets answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Why a content cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAContent {
    /// The subject is empty, or longer than [`MAX_SUBJECT`].
    #[error("the subject is empty or longer than {MAX_SUBJECT} characters")]
    Subject,
    /// The body is larger than [`MAX_BODY`].
    #[error("the body is larger than {MAX_BODY} bytes")]
    Body,
    /// None of [`REQUIRED`] is in the body.
    #[error("the body lacks ${{code.value}}")]
    NoCode,
    /// A variable that does not exist.
    #[error("there is no variable ${{{0}}}")]
    Variable(String),
    /// Not a language tag.
    #[error("`{0}` is not a language tag such as en or pt-BR")]
    Locale(String),
    /// The template is not delivered so.
    #[error("the template is not delivered by {}", .0.name())]
    Method(DeliveryMethod),
    /// A text is missing, empty or larger than [`MAX_BODY`].
    #[error("{0} is missing, empty or larger than {MAX_BODY} bytes")]
    Text(&'static str),
    /// `from` or `replyTo` is not an address.
    #[error("`{0}` is not an e-mail address")]
    Address(String),
}

impl NotificationContent {
    /// Unique: template, language, variant, delivery method.
    pub const UNIQUE_USE: IndexName = "use";

    /// What no two contents share.
    pub fn use_of(template: &str, locale: &str, variant: &str, method: DeliveryMethod) -> String {
        let locale = locale.to_lowercase();
        // Mails were all there was.
        let method = match method {
            DeliveryMethod::Email => String::new(),
            other => format!("/{}", other.name()),
        };
        format!("{template}/{locale}/{variant}{method}")
    }

    /// Whether it is of a template that this server writes by, and so must be fit for use.
    fn is_written_by(&self) -> bool {
        TemplateName::ALL
            .iter()
            .any(|it| it.id() == self.template.id)
    }

    /// Whether it can be used.
    pub fn check(&self) -> Result<(), NotAContent> {
        if !is_language_tag(&self.locale) {
            return Err(NotAContent::Locale(self.locale.clone()));
        }
        let method = self.delivery_method;
        let template = template::Template::of(&self.template.id);
        if !template.is_some_and(|it| it.delivery_methods.contains(&method)) {
            return Err(NotAContent::Method(method));
        }
        match method {
            DeliveryMethod::Email => self.check_mail(),
            DeliveryMethod::Sms | DeliveryMethod::Voice => within("content", self.content.as_ref()),
            DeliveryMethod::Push => {
                within("title", self.title.as_ref())?;
                within("body", Some(&self.body))
            }
        }
    }

    fn check_mail(&self) -> Result<(), NotAContent> {
        if self.subject.trim().is_empty() || self.subject.chars().count() > MAX_SUBJECT {
            return Err(NotAContent::Subject);
        }
        if self.body.len() > MAX_BODY {
            return Err(NotAContent::Body);
        }
        for mailbox in [&self.from, &self.reply_to].into_iter().flatten() {
            if !is_address(&mailbox.address) {
                return Err(NotAContent::Address(mailbox.address.clone()));
            }
        }
        if !self.is_written_by() {
            return Ok(());
        }
        let of_body: Vec<&str> = variables(&self.body).collect();
        let mut used = of_body.iter().copied().chain(variables(&self.subject));
        if let Some(unknown) = used.find(|name| !VARIABLES.contains(name)) {
            return Err(NotAContent::Variable(unknown.to_owned()));
        }
        if !of_body.iter().any(|name| REQUIRED.contains(name)) {
            return Err(NotAContent::NoCode);
        }
        Ok(())
    }
}

impl Entity for NotificationContent {
    const KIND: Kind = kinds::NOTIFICATION_CONTENT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let variant = self.variant.as_deref().unwrap_or_default();
        let template = &self.template.id;
        let value = Self::use_of(template, &self.locale, variant, self.delivery_method);
        vec![(Self::UNIQUE_USE, value)]
    }
}

fn within(name: &'static str, text: Option<&String>) -> Result<(), NotAContent> {
    match text {
        Some(text) if !text.trim().is_empty() && text.len() <= MAX_BODY => Ok(()),
        _ => Err(NotAContent::Text(name)),
    }
}

/// The names between `${` and `}`.
pub fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
}

/// Letters and digits in groups of 2 to 8, separated by hyphens (RFC 5646, roughly).
pub fn is_language_tag(text: &str) -> bool {
    let is_group = |group: &str| {
        (1..=8).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let mut groups = text.split('-');
    let first = groups.next().unwrap_or_default();
    let is_language = (2..=8).contains(&first.len());
    let is_word = first.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_language && is_word && groups.all(is_group) && text.len() <= 35
}

/// One `@` with something on both sides and nothing that could end a header line.
pub fn is_address(text: &str) -> bool {
    let plain = |character: char| character.is_control() || character.is_whitespace();
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty() && !domain.is_empty() && text.len() <= 254 && !text.contains(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(subject: &str, body: &str) -> NotificationContent {
        let body = serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001",
            "template": { "id": "recovery_code_template" },
            "locale": "de",
            "subject": subject,
            "body": body,
            "createdAt": "1970-01-01T00:00:00.000Z",
            "updatedAt": "1970-01-01T00:00:00.000Z",
        });
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_content_needs_a_code_and_known_variables() {
        assert_eq!(content("Ihr Code", "${code.value}").check(), Ok(()));
        assert_eq!(content("Ihr Code", "${otp}").check(), Ok(()));
        assert_eq!(
            content("Ihr Code", "kein").check(),
            Err(NotAContent::NoCode)
        );
        assert_eq!(content(" ", "${otp}").check(), Err(NotAContent::Subject));
        assert_eq!(
            content("${user.password}", "${otp}").check(),
            Err(NotAContent::Variable("user.password".to_owned()))
        );
        let large = "x".repeat(MAX_BODY + 1);
        assert_eq!(content("x", &large).check(), Err(NotAContent::Body));
    }

    #[test]
    fn addresses_cannot_end_a_header() {
        for address in ["a@b", "ada.lovelace@example.com", "ü@example.com"] {
            assert!(is_address(address), "{address}");
        }
        for address in ["", "a", "@b", "a@", "a@b\r\nBcc: c@d", "a b@c"] {
            assert!(!is_address(address), "{address}");
        }
    }

    #[test]
    fn language_tags_have_groups() {
        for tag in ["en", "pt-BR", "zh-Hant-TW", "de-x-a"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for tag in ["", "e", "en_US", "e1-x", "en--us", "en-"] {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }
}
