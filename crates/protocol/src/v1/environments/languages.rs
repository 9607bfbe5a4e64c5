//! `/v1/environments/{e}/languages` (`reference/platform.md` 4).
//!
//! Decision: those that were added, switched off or made the default are listed. The languages that
//! pages speak anyway are not: PingOne lists dozens that nobody asked for.

use countersign_domain::entity::Stored;
use countersign_domain::language::Language;
use countersign_domain::notification::is_language_tag;
use countersign_domain::store::Batch;
use serde_json::json;

use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/languages";
const ONE: &str = "/environments/{environment}/languages/{language}";

/// `/environments/{e}/languages`
pub const RESOURCE: Resource = Resource {
    name: "languages",
    endpoints: &[
        Endpoint::get(ALL, "languages:read", noun::list::<Language>),
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
    /// The others.
    type Facts = Vec<Stored<Language>>;

    fn prepare(_call: &Call<'_>, body: &mut Object, before: Option<&Self>) -> Result<(), Refused> {
        if before.is_none() {
            body.insert("customerAdded".into(), json!(true));
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
            return Ok(Batch::new());
        };
        let mut check = Check::new();
        check.expect(is_language_tag(&after.locale), || {
            Misfit::invalid("locale", "must be a language tag such as de or fr-CA")
        });
        check.length_of("name", after.name.as_ref(), 0, 256);
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
}
