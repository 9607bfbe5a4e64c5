//! Attributes of users: their limits, and those that an environment adds.

use std::sync::LazyLock;

use countersign_domain::user::{Address, User, UserName};
use regex::Regex;

use super::custom;
use crate::flows::profile::Form;
use crate::misfit::{Fit, Misfit};
use crate::refusal::Refused;
use crate::v1::body::Check;
use crate::v1::call::Call;

/// Attributes that hold text (`reference/platform.md` 1.5).
pub(super) const TEXTS: &[&str] = &[
    "accountId",
    "address.streetAddress",
    "address.locality",
    "address.region",
    "address.postalCode",
    "address.countryCode",
    "email",
    "externalId",
    "locale",
    "mobilePhone",
    "name.formatted",
    "name.given",
    "name.middle",
    "name.family",
    "name.honorificPrefix",
    "name.honorificSuffix",
    "nickname",
    "photo.href",
    "preferredLanguage",
    "primaryPhone",
    "timezone",
    "title",
    "type",
    "username",
];

/// Longest user name in characters.
const MAX_USERNAME: usize = 128;

/// A pattern of the documentation, compiled once.
type Pattern = LazyLock<Option<Regex>>;
/// Whatever can be seen, and spaces.
/// Source: `reference/platform.md` 3.7.
static TEXT: Pattern = LazyLock::new(|| pattern(r"[\p{L}\p{M}\p{Zs}\p{S}\p{N}\p{P}]*"));
/// The same with ends of lines and without symbols.
static LINES: Pattern = LazyLock::new(|| pattern(r"[\p{L}\p{M}\p{N}\p{Zs}\p{P}\n\r]*"));
/// What family names and whole names are of.
static NAME: Pattern = LazyLock::new(|| pattern(r"[\p{L}\p{M}\p{N}' .-]*"));
/// Spec: RFC 9110 12.5.4.
static LANGUAGES: Pattern = LazyLock::new(|| {
    let range = r"(\*|[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)";
    let weight = r"([ \t]*;[ \t]*q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?))?";
    pattern(&format!(r"{range}{weight}([ \t]*,[ \t]*{range}{weight})*"))
});

/// What a user must be like.
/// Source: `reference/platform.md` 3.7.
pub(super) fn check(
    call: &Call<'_>,
    user: &User,
    before: Option<&User>,
    has_population: bool,
) -> Result<(), Refused> {
    let mut check = Check::new();
    custom::check(call, user, before, &mut check);
    check.length("username", &user.username, 1, MAX_USERNAME);
    check.expect(has_population, || {
        Misfit::invalid("population.id", "no population has this id")
    });
    let name = user.name.clone().unwrap_or_default();
    let address = user.address.clone().unwrap_or_default();
    let line = Form::Line(256);
    for (target, value, form) in [
        ("email", &user.email, Form::Email),
        ("name.formatted", &name.formatted, line),
        ("name.given", &name.given, line),
        ("name.middle", &name.middle, line),
        ("name.family", &name.family, line),
        ("name.honorificPrefix", &name.honorific_prefix, line),
        ("name.honorificSuffix", &name.honorific_suffix, line),
        ("nickname", &user.nickname, line),
        ("title", &user.title, line),
        ("type", &user.type_, line),
        ("locale", &user.locale, line),
        ("preferredLanguage", &user.preferred_language, line),
        ("timezone", &user.timezone, Form::TimeZone),
        ("externalId", &user.external_id, Form::Line(1_024)),
        ("accountId", &user.account_id, line),
        (
            "address.streetAddress",
            &address.street_address,
            Form::Lines(256),
        ),
        ("address.locality", &address.locality, line),
        ("address.region", &address.region, line),
        ("address.postalCode", &address.postal_code, Form::Line(40)),
        ("address.countryCode", &address.country_code, Form::Country),
    ] {
        note(&mut check, target, value.as_deref(), |text| form.fits(text));
    }
    for (target, value) in [
        ("mobilePhone", &user.mobile_phone),
        ("primaryPhone", &user.primary_phone),
    ] {
        note(&mut check, target, value.as_deref(), is_phone);
    }
    patterns(&mut check, user, before);
    let photo = user.photo.as_ref().map(|it| it.href.as_str());
    note(&mut check, "photo.href", photo, is_web_address);
    check.finish()
}

/// An attribute that is held against a pattern, its value, the pattern, and the pattern in words.
type Patterned<'a> = (
    &'static str,
    Option<&'a str>,
    &'static Pattern,
    &'static str,
);

fn patterned(user: &User) -> Vec<Patterned<'_>> {
    let seen = "must be of letters, marks, digits, symbols, punctuation and spaces";
    let lines = "must be of letters, marks, digits, punctuation, spaces and ends of lines";
    let plain = "must be of letters, marks, digits, spaces and ' . -";
    let languages = "must be languages as in the header Accept-Language";
    let (name, address) = (user.name.as_ref(), user.address.as_ref());
    let name = |of: fn(&UserName) -> &Option<String>| name.and_then(|it| of(it).as_deref());
    let address = |of: fn(&Address) -> &Option<String>| address.and_then(|it| of(it).as_deref());
    vec![
        ("username", Some(&*user.username), &TEXT, seen),
        ("name.given", name(|it| &it.given), &TEXT, seen),
        ("name.middle", name(|it| &it.middle), &TEXT, seen),
        ("name.formatted", name(|it| &it.formatted), &NAME, plain),
        ("name.family", name(|it| &it.family), &NAME, plain),
        ("nickname", user.nickname.as_deref(), &TEXT, seen),
        ("title", user.title.as_deref(), &TEXT, seen),
        ("type", user.type_.as_deref(), &TEXT, seen),
        ("locale", user.locale.as_deref(), &TEXT, seen),
        (
            "address.streetAddress",
            address(|it| &it.street_address),
            &LINES,
            lines,
        ),
        ("address.locality", address(|it| &it.locality), &TEXT, seen),
        ("address.region", address(|it| &it.region), &TEXT, seen),
        (
            "address.postalCode",
            address(|it| &it.postal_code),
            &TEXT,
            seen,
        ),
        (
            "preferredLanguage",
            user.preferred_language.as_deref(),
            &LANGUAGES,
            languages,
        ),
    ]
}

/// Decision: what came another way, by registration or from an identity provider, stays as it is until
/// somebody changes it here.
fn patterns(check: &mut Check, user: &User, before: Option<&User>) {
    let before = before.map(patterned).unwrap_or_default();
    for (target, value, pattern, why) in patterned(user) {
        let stays = before.iter().any(|it| (it.0, it.1) == (target, value));
        check.expect(stays || value.is_none_or(|it| is_of(pattern, it)), || {
            Misfit::invalid(target, why)
        });
    }
}

fn note(
    check: &mut Check,
    target: &'static str,
    value: Option<&str>,
    fits: impl FnOnce(&str) -> bool,
) {
    match value {
        None => {}
        Some("") => check.note(Misfit::new(Fit::Empty, target, "must not be empty")),
        Some(text) => check.expect(fits(text), || {
            Misfit::invalid(target, "is too long or not of the right form")
        }),
    }
}

/// Of all of a text.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{text})$")).ok()
}

fn is_of(pattern: &Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|it| it.is_match(text))
}

fn is_phone(text: &str) -> bool {
    text.chars().count() <= 32
        && text.contains(|it: char| it.is_ascii_digit())
        && !text.contains(char::is_control)
}

fn is_web_address(text: &str) -> bool {
    let url = url::Url::parse(text);
    text.len() <= 2_048 && url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_seen_are_told() {
        // Not seen, of no script that there is, or somebody's own.
        for bad in [
            '\u{0}', '\n', '\u{61c}', '\u{200d}', '\u{2028}', '\u{202e}', '\u{feff}', '\u{e000}',
            '\u{378}',
        ] {
            assert!(!is_of(&TEXT, &bad.to_string()), "{bad:?}");
        }
        for good in [
            "a",
            "é",
            "中",
            " ",
            "$",
            "😀",
            "a\u{301}",
            "(x)",
            "a_b@c.example",
        ] {
            assert!(is_of(&TEXT, good), "{good:?}");
        }
    }

    #[test]
    fn languages_are_those_of_accept_language() {
        for good in [
            "en",
            "de-CH, fr;q=0.8",
            "*",
            "zh-Hant-TW;q=1.0 , en ; q=0",
            "de-CH-1996",
        ] {
            assert!(is_of(&LANGUAGES, good), "{good}");
        }
        for bad in [
            "",
            "de_CH",
            "english language",
            "en;q=2",
            "en,",
            "en;x=1",
            "ninelettr-",
        ] {
            assert!(!is_of(&LANGUAGES, bad), "{bad}");
        }
    }

    #[test]
    fn addresses_and_numbers_have_forms() {
        assert!(is_phone("+1.5125551234") && is_phone("ext 4"));
        assert!(!is_phone("none") && !is_phone(&"1".repeat(33)));
        assert!(is_web_address("https://x.example/a.png"));
        assert!(!is_web_address("javascript:alert(1)") && !is_web_address("x"));
    }
}
