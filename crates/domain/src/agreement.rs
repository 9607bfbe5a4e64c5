//! Agreements: texts that people consent to during a sign-on (`reference/flows.md` 6.14, 11).
//!
//! An agreement has languages, a language has revisions of the text. What somebody accepted is a
//! document of its own, one for each person and agreement: the latest consent is what counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{AgreementId, AgreementLanguageId, AgreementRevisionId, EnvId, UserId};
use crate::reference::{Ref, fold, is_false, yes};
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// An agreement: `/v1/environments/{e}/agreements`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// Its id.
    pub id: AgreementId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it is shown to people at all.
    #[serde(default)]
    pub enabled: bool,
    /// Days after which a consent has to be given again; never, without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconsent_period_days: Option<u32>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl Agreement {
    /// Unique: folded name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// When a consent that was given at `at` ends by itself.
    pub fn expiry(&self, at: Time) -> Option<Time> {
        let days = u64::from(self.reconsent_period_days?);
        Some(at.plus(Duration::from_secs(days.saturating_mul(86_400))))
    }
}

impl Entity for Agreement {
    const KIND: Kind = kinds::AGREEMENT;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, fold(&self.name))]
    }
}

/// The words around the text: `userExperience`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgreementUserExperience {
    /// Beside the check box.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept_checkbox_text: Option<String>,
    /// On the button that goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub continue_button_text: Option<String>,
    /// On the button that refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_button_text: Option<String>,
}

/// An agreement in one language: `/agreements/{id}/languages`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgreementLanguage {
    /// Its id.
    pub id: AgreementLanguageId,
    /// Of which agreement.
    pub agreement: Ref<AgreementId>,
    /// Language tag (BCP 47), such as `en` or `fr-CA`; unique in the agreement.
    pub locale: String,
    /// The heading people see.
    pub display_name: String,
    /// Whether people see it.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The words around the text.
    #[serde(default)]
    pub user_experience: AgreementUserExperience,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl AgreementLanguage {
    /// Unique: agreement id, `/`, folded locale.
    pub const UNIQUE_LOCALE: IndexName = "locale";
    /// Index: languages of an agreement, by its id.
    pub const BY_AGREEMENT: IndexName = "agreement";

    /// Whether people who want a language are shown this one: it is that one, or the same without its
    /// region.
    pub fn speaks(&self, tag: &str) -> bool {
        let (own, tag) = (self.locale.replace('_', "-"), tag.replace('_', "-"));
        let general = tag.split('-').next().unwrap_or_default();
        own.eq_ignore_ascii_case(&tag) || own.eq_ignore_ascii_case(general)
    }
}

impl Entity for AgreementLanguage {
    const KIND: Kind = kinds::AGREEMENT_LANGUAGE;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_AGREEMENT,
            value: self.agreement.id.to_string(),
        }]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let value = format!("{}/{}", self.agreement.id, fold(&self.locale));
        vec![(Self::UNIQUE_LOCALE, value)]
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContentType {
    /// HTML.
    #[serde(rename = "text/html")]
    Html,
    /// Plain text.
    #[serde(rename = "text/plain")]
    Plain,
}

/// A revision of the text in one language: `/languages/{id}/revisions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgreementRevision {
    /// Its id.
    pub id: AgreementRevisionId,
    /// Of which language.
    pub language: Ref<AgreementLanguageId>,
    /// How the text is written.
    pub content_type: ContentType,
    /// From when on it is shown; unique in the language.
    pub effective_at: Time,
    /// Whether consents to earlier revisions end when it takes effect.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_reconsent: bool,
    /// The text.
    pub text: String,
}

impl AgreementRevision {
    /// Unique: language id, `/`, milliseconds of `effectiveAt`.
    pub const UNIQUE_EFFECTIVE_AT: IndexName = "effectiveAt";
    /// Index: revisions of a language, by its id.
    pub const BY_LANGUAGE: IndexName = "language";
    /// Longest text in characters.
    /// Source: <https://docs.pingidentity.com/pingone/user_experience/p1_agreements.html>
    pub const MAX_TEXT: usize = 32_000;

    /// From when on a consent to it counts no more, as far as is known at `now`: a later one of `all`
    /// took effect that wants everybody's consent anew.
    pub fn not_valid_after<'a>(
        &self,
        all: impl IntoIterator<Item = &'a Self>,
        now: Time,
    ) -> Option<Time> {
        let later = all.into_iter().filter(|it| it.require_reconsent);
        let later = later.map(|it| it.effective_at);
        later
            .filter(|at| *at > self.effective_at && *at <= now)
            .min()
    }
}

impl Entity for AgreementRevision {
    const KIND: Kind = kinds::AGREEMENT_REVISION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_LANGUAGE,
            value: self.language.id.to_string(),
        }]
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        let value = format!("{}/{}", self.language.id, self.effective_at.millis());
        vec![(Self::UNIQUE_EFFECTIVE_AT, value)]
    }
}

/// Whether a consent still stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsentStatus {
    /// Given.
    Accepted,
    /// Taken back.
    Revoked,
}

/// The latest consent of a person to an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastConsent {
    /// Given or taken back.
    pub status: ConsentStatus,
    /// When it was given.
    pub consented_at: Time,
    /// In which language.
    pub language: Ref<AgreementLanguageId>,
    /// To which revision of the text.
    pub revision: Ref<AgreementRevisionId>,
}

/// What a person consented to: `/v1/environments/{e}/users/{u}/agreementConsents/{agreement}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgreementConsent {
    /// Whose.
    pub user: Ref<UserId>,
    /// To which agreement.
    pub agreement: Ref<AgreementId>,
    /// The latest consent.
    pub last_consent: LastConsent,
}

impl AgreementConsent {
    /// Index: consents of a user, by the user's id.
    pub const BY_USER: IndexName = "user";

    /// The id of a person's consent to an agreement.
    pub fn id_of(user: UserId, agreement: AgreementId) -> String {
        format!("{user}/{agreement}")
    }
}

impl Entity for AgreementConsent {
    const KIND: Kind = kinds::AGREEMENT_CONSENT;
    fn id(&self) -> String {
        Self::id_of(self.user.id, self.agreement.id)
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        vec![IndexEntry {
            name: Self::BY_USER,
            value: self.user.id.to_string(),
        }]
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        vec![Key::new(kinds::USER, env, self.user.id.to_string())]
    }
}

/// An agreement with what belongs to it, as a sign-on needs it.
#[derive(Debug, Clone)]
pub struct AgreementTexts {
    /// The agreement.
    pub agreement: Agreement,
    /// Its languages, by locale.
    pub languages: Vec<LanguageTexts>,
}

/// A language of an agreement with its texts.
#[derive(Debug, Clone)]
pub struct LanguageTexts {
    /// The language.
    pub language: AgreementLanguage,
    /// Its revisions, oldest first.
    pub revisions: Vec<AgreementRevision>,
}

impl LanguageTexts {
    /// The revision that is shown at `now`; none while no revision has taken effect.
    pub fn current(&self, now: Time) -> Option<&AgreementRevision> {
        let mut effective = self.revisions.iter().rev();
        effective.find(|revision| revision.effective_at <= now)
    }

    /// From when on a consent to a revision counts no more, as far as is known at `now`.
    pub fn not_valid_after(&self, revision: &AgreementRevision, now: Time) -> Option<Time> {
        revision.not_valid_after(&self.revisions, now)
    }
}

impl AgreementTexts {
    /// Puts together what belongs together.
    pub fn assemble(
        agreements: Vec<Agreement>,
        languages: &[AgreementLanguage],
        revisions: &[AgreementRevision],
    ) -> Vec<Self> {
        let texts = |language: &AgreementLanguage| {
            let of_it = |it: &&AgreementRevision| it.language.id == language.id;
            let mut revisions: Vec<_> = revisions.iter().filter(of_it).cloned().collect();
            revisions.sort_by_key(|it| it.effective_at);
            LanguageTexts {
                language: language.clone(),
                revisions,
            }
        };
        let view = |agreement: Agreement| {
            let of_it = |it: &&AgreementLanguage| it.agreement.id == agreement.id;
            let mut languages: Vec<_> = languages.iter().filter(of_it).map(texts).collect();
            languages.sort_by_key(|it| fold(&it.language.locale));
            Self {
                agreement,
                languages,
            }
        };
        agreements.into_iter().map(view).collect()
    }

    /// The language with an id.
    pub fn language(&self, id: AgreementLanguageId) -> Option<&LanguageTexts> {
        self.languages.iter().find(|it| it.language.id == id)
    }

    /// Whether a consent still counts at `now`: given, not expired, and no revision since wants it
    /// anew. Whichever language it was given in.
    pub fn is_satisfied_by(&self, consent: &AgreementConsent, now: Time) -> bool {
        let last = &consent.last_consent;
        let is_in_time = self
            .agreement
            .expiry(last.consented_at)
            .is_none_or(|end| now < end);
        let language = self.language(last.language.id);
        let revision = language
            .filter(|it| it.language.enabled)
            .and_then(|it| Some((it, it.revisions.iter().find(|r| r.id == last.revision.id)?)));
        consent.agreement.id == self.agreement.id
            && last.status == ConsentStatus::Accepted
            && is_in_time
            && revision.is_some_and(|(language, revision)| {
                language.not_valid_after(revision, now).is_none()
            })
    }

    /// The language to show: the first of the wished ones that there is, exactly or without its
    /// region, then the environment's, then any. Only languages with a text count.
    ///
    /// Source: <https://docs.pingidentity.com/pingone/user_experience/p1_agreements.html>
    pub fn choose<'a>(
        &self,
        wished: impl IntoIterator<Item = &'a str>,
        now: Time,
    ) -> Option<(&LanguageTexts, &AgreementRevision)> {
        let shown: Vec<_> = self
            .languages
            .iter()
            .filter(|it| it.language.enabled)
            .filter_map(|it| Some((it, it.current(now)?)))
            .collect();
        let by_tag = |tag: &str| {
            let is_it = |it: &&(&LanguageTexts, _)| {
                it.0.language
                    .locale
                    .replace('_', "-")
                    .eq_ignore_ascii_case(tag)
            };
            shown.iter().find(is_it).copied()
        };
        for tag in wished {
            let tag = tag.replace('_', "-");
            let general = tag.split('-').next().unwrap_or_default();
            if let Some(found) = by_tag(&tag).or_else(|| by_tag(general)) {
                return Some(found);
            }
        }
        shown.first().copied()
    }
}

#[cfg(test)]
mod tests;
