//! `/v1/environments/{e}/agreements` (`reference/platform.md` 4).

pub mod languages;
pub mod readable;
pub mod revisions;

use countersign_domain::agreement::{
    Agreement, AgreementConsent, AgreementLanguage, AgreementRevision, ConsentStatus,
};
use countersign_domain::entity::Entity;
use countersign_domain::ids::AgreementId;
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction};
use countersign_domain::store::{Batch, Key, Query};
use serde_json::json;

use self::readable::Readable;
use crate::configuration;
use crate::misfit::Misfit;
use crate::refusal::{Failure, Outcome, Refusal};
use crate::v1::body::{Check, Number, Object};
use crate::v1::call::Call;
use crate::v1::hal::Links;
use crate::v1::noun::{self, Change, Noun};
use crate::v1::route::{Endpoint, Resource};

const ALL: &str = "/environments/{environment}/agreements";
const ONE: &str = "/environments/{environment}/agreements/{agreement}";

/// Consents that are looked at for the counts; where there are more, they are left out.
const MAX_COUNTED: u32 = 1_000;

/// `/environments/{e}/agreements`
pub const RESOURCE: Resource = Resource {
    name: "agreements",
    endpoints: &[
        Endpoint::get(ALL, "agreements:read", noun::list::<Agreement>),
        Endpoint::post(ALL, "agreements:create", noun::create::<Agreement>),
        Endpoint::get(ONE, "agreements:read", noun::read::<Agreement>),
        Endpoint::put(ONE, "agreements:update", noun::replace::<Agreement>),
        Endpoint::delete(ONE, "agreements:delete", noun::remove::<Agreement>),
    ],
};

/// What else a change concerns.
pub struct Facts {
    /// Whether somebody could read it.
    is_readable: bool,
    /// Whether a sign-on policy asks for it.
    is_used: bool,
    /// Whether somebody ever consented to it; looked at where it is to go.
    has_consents: bool,
    /// Its languages and their texts, which go with it.
    owned: Vec<Key>,
}

impl Noun for Agreement {
    const PLURAL: &'static str = "agreements";
    const PARAMETER: &'static str = "agreement";
    const READ_ONLY: &'static [&'static str] = &[
        "totalConsents",
        "totalExpiredConsents",
        "consentsAggregatedAt",
    ];
    const NUMBERS: &'static [Number] = &[("reconsentPeriodDays", 1..=36_500)];
    type Facts = Facts;

    async fn gather<'a>(call: &'a Call<'a>, change: Change<'a, Self>) -> Outcome<Facts> {
        let mut facts = Facts {
            is_readable: false,
            is_used: false,
            has_consents: false,
            owned: Vec::new(),
        };
        let Some(before) = change.before() else {
            return Ok(facts);
        };
        let texts = Readable::of(call, before.id).await?;
        facts.is_readable = texts.is_readable();
        for (language, texts) in &texts.languages {
            facts.owned.push(language.key(call.env));
            facts.owned.extend(texts.iter().map(|it| it.key(call.env)));
        }
        if change.after().is_none() {
            facts.has_consents = has_consents(call, before.id).await?;
        }
        let (store, now) = (call.store(), call.now());
        let actions = configuration::all::<SignOnAction>(store, call.env, now).await?;
        facts.is_used = actions.iter().any(|it| match &it.step {
            ActionStep::Agreement { agreement, .. } => agreement.id == before.id.uuid(),
            _ => false,
        });
        Ok(facts)
    }

    fn judge(_: &Call<'_>, change: Change<'_, Self>, facts: Facts) -> Result<Batch, Failure> {
        let Some(after) = change.after() else {
            // Source: PingOne's pages on agreements: what people consented to stays known.
            for (stays, message) in [
                (facts.is_used, "The agreement is used by a sign-on policy"),
                (
                    facts.has_consents,
                    "The agreement has consents; it can be disabled",
                ),
            ] {
                if stays {
                    let misfit = Misfit::constraint("", message);
                    return Err(Refusal::NotNow(None, vec![misfit]).because(message).into());
                }
            }
            return Ok(facts.owned.into_iter().fold(Batch::new(), Batch::delete));
        };
        let was_on = change.before().is_some_and(|it| it.enabled);
        let mut check = Check::new();
        check.length("name", &after.name, 1, 256);
        check.length_of("description", after.description.as_ref(), 0, 1_024);
        check.expect(!after.enabled || was_on || facts.is_readable, || {
            let why = "the agreement needs the default language first, enabled and with a revision";
            Misfit::constraint("enabled", why)
        });
        check.finish()?;
        Ok(Batch::new())
    }

    /// Decision: people who consented are counted as far as an environment has few consents.
    async fn show<'a>(&'a self, call: &'a Call<'a>) -> Outcome<Object> {
        let mut object = noun::object_of(self)?;
        let query = Query::all(AgreementConsent::KIND, call.env, MAX_COUNTED);
        let page = call.store().list(&query, call.now()).await?;
        if page.next.is_none() {
            let (mut total, mut expired) = (0_u32, 0_u32);
            for doc in &page.docs {
                let consent = AgreementConsent::from_doc(doc)?;
                let last = &consent.last_consent;
                if consent.agreement.id == self.id && last.status == ConsentStatus::Accepted {
                    total += 1;
                    let ends = self.expiry(last.consented_at);
                    expired += u32::from(ends.is_some_and(|it| it <= call.now()));
                }
            }
            object.insert("totalConsents".into(), json!(total));
            object.insert("totalExpiredConsents".into(), json!(expired));
            object.insert("consentsAggregatedAt".into(), json!(call.now()));
        }
        Ok(object)
    }

    fn link(&self, _call: &Call<'_>, own: &str, links: &mut Links) {
        links.add("languages", format!("{own}/languages"));
    }
}

/// Whether anybody consented to an agreement, whatever became of that.
///
/// Decision: consents are looked through, for they are filed by person: agreements are rarely deleted.
async fn has_consents(call: &Call<'_>, agreement: AgreementId) -> Outcome<bool> {
    let mut query = Query::all(AgreementConsent::KIND, call.env, MAX_COUNTED);
    loop {
        let page = call.store().list(&query, call.now()).await?;
        for doc in &page.docs {
            if AgreementConsent::from_doc(doc)?.agreement.id == agreement {
                return Ok(true);
            }
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(false);
        }
    }
}

/// The texts of a language, by their keys.
async fn texts_of(call: &Call<'_>, language: &AgreementLanguage) -> Outcome<Vec<Key>> {
    let (index, id) = (AgreementRevision::BY_LANGUAGE, language.id.to_string());
    let texts = noun::all_by::<AgreementRevision>(call, index, id).await?;
    Ok(texts.iter().map(|it| it.key(call.env)).collect())
}
