//! Attributes of users: their limits, and those that an environment adds.

use countersign_domain::user::User;

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
    check.expect(!user.username.contains(is_invisible), || {
        Misfit::invalid("username", "must not contain control characters")
    });
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
    let photo = user.photo.as_ref().map(|it| it.href.as_str());
    note(&mut check, "photo.href", photo, is_web_address);
    check.finish()
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

/// Characters that are not seen and make two names look like one.
fn is_invisible(it: char) -> bool {
    it.is_control()
        || matches!(it,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
        for bad in ['\u{0}', '\n', '\u{200d}', '\u{202e}', '\u{feff}'] {
            assert!(is_invisible(bad), "{bad:?}");
        }
        for good in ['a', 'é', '中', ' ', '$', '😀', '\u{301}'] {
            assert!(!is_invisible(good), "{good:?}");
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
