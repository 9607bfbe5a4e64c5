//! What an agreement must have to be on, and as long as it is on: a text in the default language of
//! the environment.
//!
//! Source: PingOne's page on agreement management ("agreement content to show"), and its Go SDK,
//! Agreement and SignOnPolicyActionAgreement.

use countersign_domain::agreement::{Agreement, AgreementLanguage, AgreementRevision};
use countersign_domain::ids::AgreementId;
use countersign_domain::language::Language;

use crate::misfit::Misfit;
use crate::refusal::Outcome;
use crate::v1::call::Call;
use crate::v1::noun;

/// The languages of an agreement, each with its texts.
pub struct Readable {
    /// The tag of the environment's default language.
    default: String,
    /// As they are, or would be.
    pub languages: Vec<(AgreementLanguage, Vec<AgreementRevision>)>,
}

impl Readable {
    /// Reads them.
    pub async fn of(call: &Call<'_>, agreement: AgreementId) -> Outcome<Self> {
        let environment = noun::all::<Language>(call).await?;
        let default = environment.iter().find(|it| it.default);
        let default = default.map_or("en", |it| it.locale.as_str()).to_owned();
        let mut languages = Vec::new();
        let (index, id) = (AgreementLanguage::BY_AGREEMENT, agreement.to_string());
        for language in noun::all_by::<AgreementLanguage>(call, index, id).await? {
            let (index, id) = (AgreementRevision::BY_LANGUAGE, language.id.to_string());
            let texts = noun::all_by::<AgreementRevision>(call, index, id).await?;
            let texts = texts.into_iter().map(|it| it.value);
            languages.push((language.value, texts.collect()));
        }
        Ok(Self { default, languages })
    }

    /// Whether there is a text to show, now or later, in the default language.
    pub fn is_readable(&self) -> bool {
        let mut languages = self.languages.iter();
        languages.any(|(language, texts)| {
            language.enabled && language.speaks(&self.default) && !texts.is_empty()
        })
    }
}

/// What is wrong with a change of the texts of an agreement: one that is on must stay readable.
/// What it lacks already hinders nothing.
pub async fn lost(
    call: &Call<'_>,
    agreement: AgreementId,
    change: impl FnOnce(&mut Readable) + Send,
) -> Outcome<Option<Misfit>> {
    let found = call.load::<Agreement>(agreement).await?;
    if !found.is_some_and(|it| it.enabled) {
        return Ok(None);
    }
    let mut texts = Readable::of(call, agreement).await?;
    let was_readable = texts.is_readable();
    change(&mut texts);
    let is_lost = was_readable && !texts.is_readable();
    Ok(is_lost.then(|| {
        let why = "an agreement that is enabled must have a text in the default language";
        Misfit::constraint("", why)
    }))
}
