//! What the pages say, in every language there is: `crates/web/locales/*.ftl`, compiled in. How to
//! add a text is told at the head of `en.ftl`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

/// A language with its texts.
pub struct Language {
    /// Its tag (BCP 47): the `lang` attribute.
    pub tag: &'static str,
    /// The direction of its script: the `dir` attribute.
    pub direction: &'static str,
    texts: FluentBundle<FluentResource>,
}

struct Catalogue {
    /// The language of reference, in which every text exists.
    english: Language,
    others: [Language; 5],
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue {
    english: Language::read("en", LEFT_TO_RIGHT, include_str!("../../locales/en.ftl")),
    others: [
        Language::read("de", LEFT_TO_RIGHT, include_str!("../../locales/de.ftl")),
        Language::read("fr", LEFT_TO_RIGHT, include_str!("../../locales/fr.ftl")),
        Language::read("es", LEFT_TO_RIGHT, include_str!("../../locales/es.ftl")),
        Language::read("ja", LEFT_TO_RIGHT, include_str!("../../locales/ja.ftl")),
        Language::read("ar", RIGHT_TO_LEFT, include_str!("../../locales/ar.ftl")),
    ],
});

const LEFT_TO_RIGHT: &str = "ltr";
const RIGHT_TO_LEFT: &str = "rtl";

/// What stands for a variable until the place of it in the sentence is known.
const PLACE: char = '\u{fffc}';

/// Longest list of wishes that is read, in bytes; the rest of a longer one does not count.
const MAX_WISHES: usize = 1024;

impl Language {
    fn read(tag: &'static str, direction: &'static str, text: &str) -> Self {
        // What cannot be read of a file is left out; a test sees to it that nothing is.
        let resource = match FluentResource::try_new(text.to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        let locale = tag.parse().unwrap_or_default();
        let mut texts = FluentBundle::new_concurrent(vec![locale]);
        // The marks that isolate a variable are needed only where scripts of both directions meet.
        texts.set_use_isolating(direction == RIGHT_TO_LEFT);
        texts.add_resource_overriding(resource);
        Self {
            tag,
            direction,
            texts,
        }
    }

    /// All languages, English first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        std::iter::once(&CATALOGUE.english).chain(&CATALOGUE.others)
    }

    /// English: what is spoken when nothing is known of a person's language.
    pub fn english() -> &'static Self {
        &CATALOGUE.english
    }

    /// The language of a tag such as `de` or `de-AT`, if there is one: first exactly, then without
    /// its last parts (RFC 4647 3.4).
    pub fn of_tag(tag: &str, is_on: impl Fn(&str) -> bool) -> Option<&'static Self> {
        let mut tag = tag.trim();
        loop {
            if let Some(found) = Self::all().find(|it| it.tag.eq_ignore_ascii_case(tag)) {
                return is_on(found.tag).then_some(found);
            }
            (tag, _) = tag.rsplit_once(['-', '_'])?;
        }
    }

    /// The first language of a list of wishes that there is and that is on: tags with commas or
    /// spaces between them, with weights where `Accept-Language` has them.
    pub fn wished(list: &str, is_on: impl Fn(&str) -> bool) -> Option<&'static Self> {
        let list = list.get(..MAX_WISHES).unwrap_or(list);
        let mut wishes: Vec<(u32, &str)> = list
            .split([',', ' '])
            .filter_map(|wish| {
                let mut parts = wish.split(';').map(str::trim);
                let tag = parts.next().filter(|tag| !tag.is_empty())?;
                let weight = parts.find_map(|part| part.strip_prefix("q="));
                let weight = weight.map_or(Some(1000), thousandths)?;
                (weight > 0).then_some((weight, tag))
            })
            .collect();
        wishes.sort_by_key(|(weight, _)| Reverse(*weight));
        wishes
            .into_iter()
            .find_map(|(_, tag)| Self::of_tag(tag, &is_on))
    }

    /// A text without variables.
    pub fn say(&'static self, key: &str) -> Cow<'static, str> {
        self.said(key, None)
    }

    /// A text that belongs to a name of the wire, if there is one: for `name.given` under
    /// `attribute` the text `attribute-name-given`.
    pub fn say_named(&'static self, group: &str, name: &str) -> Option<String> {
        let key = named(group, name);
        let said = self.said(&key, None);
        (said != key).then(|| said.into_owned())
    }

    /// A text with variables.
    pub fn say_with<const N: usize>(
        &'static self,
        key: &str,
        variables: [(&'static str, FluentValue<'_>); N],
    ) -> String {
        let variables = FluentArgs::from_iter(variables);
        self.said(key, Some(&variables)).into_owned()
    }

    /// The parts of a text before and after its one variable, for a template that gives the
    /// variable an element of its own.
    pub fn around(&'static self, key: &str, variable: &'static str) -> Around {
        let text = self.say_with(key, [(variable, PLACE.to_string().into())]);
        let (before, after) = text.split_once(PLACE).unwrap_or((&text, ""));
        // The element isolates its text itself.
        let bare = |part: &str| part.replace(['\u{2068}', '\u{2069}'], "");
        Around {
            before: bare(before),
            after: bare(after),
        }
    }

    /// English stands in for a language that lacks the text; the key itself for a text that does
    /// not exist. Tests allow neither.
    fn said(&'static self, key: &str, variables: Option<&FluentArgs<'_>>) -> Cow<'static, str> {
        let languages = [self, Self::english()];
        let found = languages.into_iter().find_map(|language| {
            let pattern = language.texts.get_message(key)?.value()?;
            let mut errors = Vec::new();
            let text = language
                .texts
                .format_pattern(pattern, variables, &mut errors);
            Some(text.into_owned())
        });
        Cow::Owned(found.unwrap_or_else(|| key.to_owned()))
    }
}

/// See [`Language::around`].
pub struct Around {
    /// What stands before the variable.
    pub before: String,
    /// What stands after it.
    pub after: String,
}

/// `attribute` and `address.postalCode` as `attribute-address-postal-code`.
fn named(group: &str, name: &str) -> String {
    let mut key = group.to_owned();
    let mut begins = true;
    for letter in name.chars() {
        if letter == '.' || letter == '_' {
            begins = true;
            continue;
        }
        if begins || letter.is_ascii_uppercase() {
            key.push('-');
        }
        begins = false;
        key.push(letter.to_ascii_lowercase());
    }
    key
}

/// `0.8` as 800. What is no weight is no wish.
fn thousandths(weight: &str) -> Option<u32> {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 1 || decimals.len() > 3 || !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let number: u32 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (number <= 1000).then_some(number)
}

#[cfg(test)]
mod tests;
