//! Progressive profiling: which attributes are asked for, and what may be answered
//! (`reference/flows.md` 6.12, 9.3).

use std::time::Duration;

use countersign_domain::ids::ActionId;
use countersign_domain::policy::sign_on::{ActionStep, ProfilingAttribute, SignOnAction};
use countersign_domain::schema::SchemaAttribute;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::user::{Account, User};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::flows::flow::{FlowUser, Progress};
use crate::misfit::Misfit;
use crate::own_attributes;
use crate::refusal::{Refusal, Refused};

/// An attribute of a user that people may be asked for. What decides over access (`enabled`,
/// `population`, ...) is not among them, whatever a policy lists.
#[derive(Debug)]
pub struct Attribute {
    /// Its name; dotted for a part of an attribute.
    pub name: &'static str,
    /// What people call it.
    pub display_name: &'static str,
    /// What it looks like.
    pub form: Form,
}

/// What the value of an attribute looks like (`reference/platform.md` 3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A line of at most so many characters.
    Line(usize),
    /// The same; it may have several lines.
    Lines(usize),
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// Two capital letters (ISO 3166-1).
    Country,
    /// Two words with a slash between them.
    TimeZone,
}

const fn attribute(name: &'static str, display_name: &'static str, form: Form) -> Attribute {
    Attribute {
        name,
        display_name,
        form,
    }
}

/// All of them.
pub const ATTRIBUTES: &[Attribute] = &[
    attribute("email", "Email Address", Form::Email),
    attribute("name.formatted", "Formatted Name", Form::Line(256)),
    attribute("name.given", "Given Name", Form::Line(256)),
    attribute("name.middle", "Middle Name", Form::Line(256)),
    attribute("name.family", "Family Name", Form::Line(256)),
    attribute("name.honorificPrefix", "Prefix", Form::Line(256)),
    attribute("name.honorificSuffix", "Suffix", Form::Line(256)),
    attribute("nickname", "Nickname", Form::Line(256)),
    attribute("title", "Title", Form::Line(256)),
    attribute("locale", "Locale", Form::Line(256)),
    attribute("preferredLanguage", "Preferred Language", Form::Line(256)),
    attribute("timezone", "Time Zone", Form::TimeZone),
    attribute("mobilePhone", "Mobile Phone", Form::Phone),
    attribute("primaryPhone", "Primary Phone", Form::Phone),
    attribute("address.streetAddress", "Street Address", Form::Lines(256)),
    attribute("address.locality", "City", Form::Line(256)),
    attribute("address.region", "State or Region", Form::Line(256)),
    attribute("address.postalCode", "Postal Code", Form::Line(40)),
    attribute("address.countryCode", "Country Code", Form::Country),
];

/// Something that a person is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// An attribute that every environment has.
    Standard(&'static Attribute),
    /// One of the environment's own.
    Own(&'a SchemaAttribute),
}

impl<'a> Asked<'a> {
    fn by_name(name: &str, own: &'a [SchemaAttribute]) -> Option<Self> {
        let own = || own_attributes::enabled(own).find(|it| it.name == name);
        by_name(name)
            .map(Self::Standard)
            .or_else(|| own().map(Self::Own))
    }

    /// Its name; dotted for a part of an attribute.
    pub fn name(self) -> &'a str {
        match self {
            Self::Standard(attribute) => attribute.name,
            Self::Own(attribute) => &attribute.name,
        }
    }

    /// What people call it.
    pub fn display_name(self) -> &'a str {
        match self {
            Self::Standard(attribute) => attribute.display_name,
            Self::Own(attribute) => attribute.display_name.as_ref().unwrap_or(&attribute.name),
        }
    }

    fn is_missing(self, user: &User, json: &Value) -> bool {
        match self {
            Self::Standard(attribute) => !has(json, attribute.name),
            Self::Own(attribute) => !own_attributes::has(user, attribute),
        }
    }
}

/// A question for attributes that waits for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilePrompt {
    /// Whose attributes.
    pub user: FlowUser,
    /// The action that asks.
    pub action: ActionId,
    /// What the page says.
    pub text: String,
    /// What is asked for, in the order of the policy.
    pub attributes: Vec<ProfilingAttribute>,
}

impl ProfilePrompt {
    /// What is asked for, each with whether it must be answered.
    pub fn asked<'a>(
        &'a self,
        own: &'a [SchemaAttribute],
    ) -> impl Iterator<Item = (Asked<'a>, bool)> {
        self.attributes
            .iter()
            .filter_map(|asked| Some((Asked::by_name(&asked.name, own)?, asked.required)))
    }

    /// The user with what `body` answers. What was not asked for is ignored.
    pub fn answer(
        &self,
        user: &User,
        body: &Map<String, Value>,
        own: &[SchemaAttribute],
        now: Time,
    ) -> Result<Result<User, Refused>, Fault> {
        let mut after = serde_json::to_value(user).map_err(|_| UNREADABLE)?;
        let mut custom = user.custom.clone();
        for (asked, required) in self.asked(own) {
            let answered = match asked {
                Asked::Standard(attribute) => answered(attribute, body).map(|value| {
                    let is_there = value.is_some();
                    if let Some(value) = value {
                        put(&mut after, attribute.name, value);
                    }
                    is_there
                }),
                Asked::Own(attribute) => answer_own(attribute, body, &mut custom),
            };
            match answered {
                Ok(is_there) if is_there || !required => {}
                Ok(_) => return Ok(Err(needed(asked))),
                Err(refused) => return Ok(Err(refused)),
            }
        }
        let mut after: User = serde_json::from_value(after).map_err(|_| UNREADABLE)?;
        if custom != after.custom {
            after.custom = custom;
            own_attributes::mark_unique(own, &mut after);
        }
        if after.email != user.email {
            after.email_verified = false;
        }
        if after != *user {
            after.updated_at = now;
        }
        Ok(Ok(after))
    }
}

/// Takes an answer about one of the environment's own attributes; says whether there is one.
fn answer_own(
    attribute: &SchemaAttribute,
    body: &Map<String, Value>,
    custom: &mut Map<String, Value>,
) -> Result<bool, Refused> {
    let Some(value) = own_attributes::answered(attribute, body) else {
        return Ok(false);
    };
    let old = custom.get(&attribute.name);
    if let Some(misfit) = own_attributes::fault(attribute, Some(&value), old) {
        let why = "an attribute of the environment's own";
        return Err(Refusal::Unfit(vec![misfit]).because(why));
    }
    custom.insert(attribute.name.clone(), value);
    Ok(true)
}

fn needed(asked: Asked<'_>) -> Refused {
    match asked {
        Asked::Standard(attribute) => Refusal::ValueRequired(attribute.name).into(),
        Asked::Own(attribute) => {
            let misfit = Misfit::required(attribute.name.clone());
            Refusal::Unfit(vec![misfit]).because("the policy requires it")
        }
    }
}

const UNREADABLE: Fault = Fault::Crypto("a user cannot be written as JSON and read again");

/// What an action has to ask of somebody now, if anything.
///
/// Decision: attributes that the user has are not asked for; optional ones are asked for again only
/// after `promptIntervalSeconds`, required ones until they are there.
pub fn prompt(
    action: &SignOnAction,
    progress: &Progress,
    user: &User,
    account: Option<&Account>,
    own: &[SchemaAttribute],
    now: Time,
) -> Option<ProfilePrompt> {
    let ActionStep::ProgressiveProfiling {
        attributes,
        prompt_interval_seconds,
        prompt_text,
        prevent_multiple_prompts_per_flow,
    } = &action.step
    else {
        return None;
    };
    if *prevent_multiple_prompts_per_flow && progress.profiled {
        return None;
    }
    let json = serde_json::to_value(user).ok()?;
    let is_missing = |asked: &&ProfilingAttribute| {
        let asked = Asked::by_name(&asked.name, own);
        asked.is_some_and(|asked| asked.is_missing(user, &json))
    };
    let missing: Vec<_> = attributes.iter().filter(is_missing).cloned().collect();
    let answered = account.and_then(|it| it.profiled.get(&action.id));
    let is_too_soon =
        answered.is_some_and(|at| now.since(*at) < Duration::from_secs(*prompt_interval_seconds));
    let is_due = missing.iter().any(|asked| asked.required || !is_too_soon);
    is_due.then(|| ProfilePrompt {
        user: user.into(),
        action: action.id,
        text: prompt_text.clone(),
        attributes: missing,
    })
}

pub(crate) fn by_name(name: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|attribute| attribute.name == name)
}

/// Whether a user has a value.
pub(crate) fn has(user: &Value, name: &str) -> bool {
    let value = match name.split_once('.') {
        Some((outer, inner)) => user.get(outer).and_then(|it| it.get(inner)),
        None => user.get(name),
    };
    value
        .and_then(Value::as_str)
        .is_some_and(|text| !text.is_empty())
}

pub(crate) fn put(user: &mut Value, name: &str, value: impl Into<Value>) {
    let value = value.into();
    let (outer, inner) = name.split_once('.').unwrap_or((name, ""));
    let Some(user) = user.as_object_mut() else {
        return;
    };
    if inner.is_empty() {
        user.insert(outer.to_owned(), value);
        return;
    }
    let object = user.entry(outer).or_insert_with(|| json!({}));
    if let Some(object) = object.as_object_mut() {
        object.insert(inner.to_owned(), value);
    }
}

pub(crate) fn answered(
    attribute: &Attribute,
    body: &Map<String, Value>,
) -> Result<Option<String>, Refused> {
    let value = match attribute.name.split_once('.') {
        Some((outer, inner)) => match body.get(outer) {
            Some(Value::Object(object)) => object.get(inner),
            Some(Value::Null) | None => None,
            Some(_) => return Err(Refusal::ValueInvalid(attribute.name).because("not an object")),
        },
        None => body.get(attribute.name),
    };
    let text = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(Refusal::ValueInvalid(attribute.name).because("not text")),
    };
    if text.is_empty() {
        return Ok(None);
    }
    if !attribute.form.fits(text) {
        let why = format!("not of the form {:?}", attribute.form);
        return Err(Refusal::ValueInvalid(attribute.name).because(why));
    }
    Ok(Some(text.to_owned()))
}

impl Form {
    /// Whether a text, trimmed and not empty, has this form.
    pub fn fits(self, text: &str) -> bool {
        let up_to = |most: usize| text.chars().count() <= most;
        let word = |part: &str| {
            let is_word = |it: char| it.is_alphanumeric() || it == '_';
            !part.is_empty() && part.chars().all(is_word)
        };
        match self {
            Self::Line(most) => up_to(most) && !text.contains(char::is_control),
            Self::Lines(most) => {
                up_to(most) && !text.contains(|it: char| it.is_control() && !"\r\n".contains(it))
            }
            Self::Email => {
                // Spec: RFC 2822 3.2.4: a dot has something on both sides.
                let is_plain = |part: &str| {
                    let is_other = |it: char| it.is_whitespace() || it.is_control() || it == '@';
                    part.split('.').all(|atom| !atom.is_empty()) && !part.contains(is_other)
                };
                let is_local = |part: &str| {
                    if part.starts_with('"') {
                        is_quoted(part)
                    } else {
                        is_plain(part)
                    }
                };
                let parts = text.rsplit_once('@');
                up_to(254) && parts.is_some_and(|(local, host)| is_local(local) && is_plain(host))
            }
            Self::Phone => {
                let allowed = |it: char| it.is_ascii_digit() || "+-.()/ x".contains(it);
                up_to(32)
                    && text.contains(|it: char| it.is_ascii_digit())
                    && text.chars().all(allowed)
            }
            Self::Country => text.len() == 2 && text.bytes().all(|it| it.is_ascii_uppercase()),
            Self::TimeZone => {
                let parts = text.split_once('/');
                up_to(256) && parts.is_some_and(|(area, place)| word(area) && word(place))
            }
        }
    }
}

/// Whether the part of an address before its `@` is one in quotes, which may have spaces and the like.
///
/// Spec: RFC 2822 3.2.5.
fn is_quoted(local: &str) -> bool {
    let inner = local.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inner) = inner.filter(|it| !it.is_empty()) else {
        return false;
    };
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '"' => return false,
            // Stands for the next one, whatever that is.
            '\\' => letters.next(),
            letter => Some(letter),
        };
        if letter.is_none_or(char::is_control) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        for (form, good, bad) in [
            (Form::Line(3), "abc", "abcd"),
            (Form::Line(9), "a b", "a\nb"),
            (Form::Lines(9), "a\nb", "a\u{7}b"),
            (Form::Email, "a@b.example", "a@@b"),
            (Form::Email, "o'neil+x@b", "a b@c"),
            (Form::Email, r#""quoted x"@b.example"#, r#""a" b"@c"#),
            (Form::Email, r#""a@b \" c"@b.example"#, r#""a\"@c"#),
            (Form::Email, r#""a"@b"#, "\"a\nb\"@c"),
            (Form::Email, "a\"b@c", r#"""@c"#),
            (Form::Email, "a.b@c.example", "a..b@c.example"),
            (Form::Email, r#""a..b"@c"#, ".a@c.example"),
            (Form::Email, "a@b.c", "a.@b.c"),
            (Form::Email, "a@b.c.d", "a@b..c"),
            (Form::Phone, "+1.5125551111", "+"),
            (Form::Phone, "(0) 12-34 x5", "call me 1"),
            (Form::Country, "CH", "ch"),
            (Form::TimeZone, "Europe/Zurich", "Zurich"),
        ] {
            assert!(form.fits(good), "{good}");
            assert!(!form.fits(bad), "{bad}");
        }
    }

    #[test]
    fn every_attribute_is_one_of_the_users() {
        let mut user: User = serde_json::from_str(
            r#"{"id":"00000000-0000-0000-0000-000000000001","username":"ada",
            "population":{"id":"00000000-0000-0000-0000-000000000002"},
            "createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"}"#,
        )
        .unwrap();
        for attribute in ATTRIBUTES {
            let mut json = serde_json::to_value(&user).unwrap();
            assert!(!has(&json, attribute.name), "{}", attribute.name);
            put(&mut json, attribute.name, "XX".to_owned());
            user = serde_json::from_value(json).unwrap();
            let json = serde_json::to_value(&user).unwrap();
            assert!(has(&json, attribute.name), "{}", attribute.name);
        }
    }
}
