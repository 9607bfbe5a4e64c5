//! `/v1/environments/{e}/languages` (`reference/platform.md` 4).
//!
//! Those that PingOne has of its own are listed before anybody added them.
//!
//! Decision: they are listed as switched off, as PingOne has them, and still pages speak the ones
//! they know until somebody does switch them off: a sign-on page in the reader's language is no
//! surprise, and a fresh environment needs no setting for it.

use countersign_domain::entity::{Stored, kinds};
use countersign_domain::ids::{LanguageId, derived_uuid};
use countersign_domain::language::Language;
use countersign_domain::notification::is_language_tag;
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::fold;
use countersign_domain::store::Batch;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, List};
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/languages";
const ONE: &str = "/environments/{environment}/languages/{language}";

/// The languages that every environment has.
///
/// Source: Ping's Terraform provider, which does not add or remove these.
const SYSTEM: &[&str] = &[
    "cs", "de", "en", "es", "fr", "fr-CA", "hu", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th",
    "tr", "zh",
];
/// The one that is on, and the default until another one is.
const FIRST: &str = "en";

/// English names of languages (two small letters) and countries (two capitals): ISO 639-1 and
/// ISO 3166-1, a line for each.
const NAMES: &str = include_str!("languages/names.txt");

/// `/environments/{e}/languages`
pub const RESOURCE: Resource = Resource {
    name: "languages",
    endpoints: &[
        Endpoint::get(ALL, "languages:read", list),
        Endpoint::post(ALL, "languages:create", noun::create::<Language>),
        Endpoint::get(ONE, "languages:read", noun::read::<Language>),
        Endpoint::put(ONE, "languages:update", noun::replace::<Language>),
        Endpoint::delete(ONE, "languages:delete", noun::remove::<Language>),
    ],
};

impl Noun for Language {
    const PLURAL: &'static str = "languages";
    const PARAMETER: &'static str = "language";
    const READ_ONLY: &'static [&'static str] = &["customerAdded"];
    const FIXED: &'static [&'static str] = &["locale"];
    const IMPLIES: bool = true;
    /// The others.
    type Facts = Vec<Stored<Language>>;

    fn implied(call: &Call<'_>, stored: &[Stored<Self>]) -> Vec<Self> {
        let is_stored = |tag: &&&str| stored.iter().any(|it| it.locale.eq_ignore_ascii_case(tag));
        let missing = SYSTEM.iter().filter(|tag| !is_stored(tag));
        let has_default = stored.iter().any(|it| it.default);
        let made = call.cx.env.environment.created_at;
        missing
            .map(|tag| Self {
                id: system_id(call, tag),
                locale: (*tag).to_owned(),
                name: name_of(tag),
                default: *tag == FIRST && !has_default,
                enabled: *tag == FIRST,
                customer_added: false,
                created_at: made,
                updated_at: made,
            })
            .collect()
    }

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_none() {
            body.insert("customerAdded".into(), json!(true));
        }
        // Source: PingOne's Go SDK, Language: "If omitted, the ISO standard name is used".
        let locale = body
            .get("locale")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !body.contains_key("name")
            && let Some(name) = name_of(locale)
        {
            body.insert("name".into(), json!(name));
        }
        if before.is_some_and(|it| it.default) {
            body.insert("default".into(), json!(true));
        }
        Ok(())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Self::Facts> {
        let id = change.before().map(|it| it.id);
        let others = noun::all::<Self>(call).await?;
        Ok(others.into_iter().filter(|it| Some(it.id) != id).collect())
    }

    fn judge(
        call: &Call<'_>,
        change: Change<'_, Self>,
        others: Self::Facts,
    ) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            if change.before().is_some_and(|it| it.default) {
                let message = "The default language can not be deleted";
                let misfit = Misfit::constraint("", message);
                return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
            }
            let is_system =
                |it: &Stored<Self>| SYSTEM.iter().any(|tag| fold(tag) == fold(&it.locale));
            if change.before().is_some_and(is_system) {
                let message = "A language that every environment has can not be deleted";
                let misfit = Misfit::constraint("", message);
                return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
            }
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        let is_same = |it: &Stored<Self>| fold(&it.locale) == fold(&after.locale);
        check.expect(!others.iter().any(is_same), || Misfit::taken("locale"));
        check.expect(is_language_tag(&after.locale), || {
            Misfit::invalid("locale", "must be a language tag such as de or fr-CA")
        });
        check.length_of("name", after.name.as_ref(), 0, 256);
        // Source: PingOne's Go SDK, Language.
        if change.before().is_none() {
            for (name, is_on) in [("enabled", after.enabled), ("default", after.default)] {
                check.expect(!is_on, || {
                    Misfit::constraint(name, "must be false when a language is created")
                });
            }
        }
        check.expect(!after.default || after.enabled, || {
            Misfit::constraint("enabled", "a language that is off cannot be the default")
        });
        check.finish()?;
        if !after.default {
            return Ok(Batch::new());
        }
        Ok(noun::taken_from(call, &others, |it| {
            it.updated_at = call.now();
            std::mem::take(&mut it.default)
        })?)
    }

    /// Source: Ping's Terraform provider, whose tests look for this text.
    fn absent(call: &Call<'_>, id: &str) -> Refused {
        let id: String = id.chars().take(64).collect();
        let message = format!(
            "Unable to find language for environmentId={} with id={id}",
            call.env
        );
        Refusal::Absent(message.into()).because("no such language")
    }
}

/// The id of a language that every environment has.
fn system_id(call: &Call<'_>, tag: &str) -> LanguageId {
    LanguageId::from_uuid(derived_uuid(call.env, kinds::LANGUAGE, &fold(tag)))
}

/// What a language is called in English, such as `French (Canada)` for `fr-CA`.
fn name_of(tag: &str) -> Option<String> {
    let named = |code: &str| {
        let mut all = NAMES.lines().filter_map(|line| line.split_once(' '));
        all.find(|(known, _)| *known == code).map(|(_, name)| name)
    };
    match tag.split_once('-') {
        None => named(tag).map(str::to_owned),
        Some((language, country)) => Some(format!("{} ({})", named(language)?, named(country)?)),
    }
}

/// `GET /languages`
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let mut all = noun::all::<Language>(call).await?;
        all.sort_by(|a, b| a.locale.cmp(&b.locale));
        let items = all.iter().map(|it| noun::shown(call, &it.value));
        let items = try_join_all(items).await?;
        let list = List::whole(Language::PLURAL, items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_has_its_english_name() {
        assert_eq!(name_of("de-DE").as_deref(), Some("German (Germany)"));
        assert_eq!(name_of("cy-GB").as_deref(), Some("Welsh (United Kingdom)"));
        assert!(name_of("x-none").is_none());
        for tag in SYSTEM {
            assert!(name_of(tag).is_some(), "{tag}");
        }
    }
}
