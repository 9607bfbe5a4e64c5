//! `/v1/environments/{e}/agreements/{a}/languages` (`reference/platform.md` 4).

use countersign_domain::agreement::{Agreement, AgreementLanguage, AgreementRevision};
use countersign_domain::notification::is_language_tag;
use countersign_domain::store::{Batch, IndexName, Key};
use serde_json::json;

use super::readable::{self, Readable};
use super::texts_of;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{Check, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun, Parent};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/agreements/{agreement}/languages";
const ONE: &str =
    "/environments/{environment}/agreements/{agreement}/languages/{agreementLanguage}";
const UPDATE: &str = "agreements:update";

/// `/environments/{e}/agreements/{a}/languages`
pub const RESOURCE: Resource = Resource {
    name: "languages",
    endpoints: &[
        Endpoint::get(ALL, "agreements:read", noun::list::<AgreementLanguage>),
        Endpoint::post(ALL, UPDATE, noun::create::<AgreementLanguage>),
        Endpoint::get(ONE, "agreements:read", noun::read::<AgreementLanguage>),
        Endpoint::put(ONE, UPDATE, noun::replace::<AgreementLanguage>),
        Endpoint::delete(ONE, UPDATE, noun::remove::<AgreementLanguage>),
    ],
};

/// What else a change concerns.
#[derive(Default)]
pub struct Facts {
    /// Its texts, which go with it.
    texts: Vec<Key>,
    /// Why it cannot go, or be switched off.
    lost: Option<Misfit>,
}

impl Noun for AgreementLanguage {
    const PLURAL: &'static str = "languages";
    const PARAMETER: &'static str = "agreementLanguage";
    const READ_ONLY: &'static [&'static str] = &["currentRevision"];
    const FIXED: &'static [&'static str] = &["locale"];
    const PARENT: Option<Parent> = Some(Parent {
        parameter: "agreement",
        member: "agreement",
        index: Self::BY_AGREEMENT,
    });
    type Facts = Facts;

    async fn enter(call: &Call<'_>) -> Outcome<()> {
        noun::named::<Agreement>(call).await.map(|_| ())
    }

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let Some(before) = change.before() else {
            return Ok(Facts::default());
        };
        let after = change.after().cloned();
        let changed = |texts: &mut Readable| {
            let of_it = texts
                .languages
                .iter()
                .position(|(it, _)| it.id == before.id);
            let Some(at) = of_it else { return };
            let (_, own) = texts.languages.remove(at);
            texts.languages.extend(after.map(|after| (after, own)));
        };
        Ok(Facts {
            lost: readable::lost(call, before.agreement.id, changed).await?,
            texts: texts_of(call, before).await?,
        })
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            if let Some(misfit) = facts.lost {
                let why = "the agreement is enabled and has no other text";
                return Err(Refusal::NotNow(None, vec![misfit]).because(why).into());
            }
            return Ok(facts.texts.into_iter().fold(Batch::new(), Batch::delete));
        };
        let mut check = Check::new();
        if let Some(misfit) = facts.lost {
            check.note(Misfit {
                target: "enabled".into(),
                ..misfit
            });
        }
        check.expect(is_language_tag(&after.locale), || {
            Misfit::invalid("locale", "must be a language tag such as de or fr-CA")
        });
        check.length("displayName", &after.display_name, 1, 256);
        let words = &after.user_experience;
        for (target, text) in [
            (
                "userExperience.acceptCheckboxText",
                &words.accept_checkbox_text,
            ),
            (
                "userExperience.continueButtonText",
                &words.continue_button_text,
            ),
            (
                "userExperience.declineButtonText",
                &words.decline_button_text,
            ),
        ] {
            check.length_of(target, text.as_ref(), 0, 1_024);
        }
        check.finish()?;
        Ok(Batch::new())
    }

    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        let (index, id) = (AgreementRevision::BY_LANGUAGE, self.id.to_string());
        let texts = noun::all_by::<AgreementRevision>(call, index, id).await?;
        let effective = texts.iter().filter(|it| it.effective_at <= call.now());
        if let Some(current) = effective.max_by_key(|it| it.effective_at) {
            object.insert("currentRevision".into(), json!({ "id": current.id }));
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("revisions", format!("{own}/revisions"));
    }

    fn unique_member(_: IndexName, _: &str) -> String {
        "locale".to_owned()
    }
}
