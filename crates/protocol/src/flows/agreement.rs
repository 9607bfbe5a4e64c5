//! Agreements in a sign-on: whether a person has to consent, and to which text
//! (`reference/flows.md` 6.14).

use countersign_domain::agreement::{
    AgreementConsent, AgreementRevision, AgreementTexts, ConsentStatus, LanguageTexts, LastConsent,
};
use countersign_domain::entity;
use countersign_domain::ids::{
    AgreementId, AgreementLanguageId, AgreementRevisionId, SignOnPolicyId, UserId,
};
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction};
use countersign_domain::reference::Ref;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};

use crate::configuration::Snapshot;
use crate::cx::Cx;
use crate::flows::flow::FlowUser;
use crate::flows::next::Known;

/// A text that waits for somebody's consent. What is shown and what is recorded are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentPrompt {
    /// Whose consent.
    pub user: FlowUser,
    /// To which agreement.
    pub agreement: AgreementId,
    /// In which language it is shown.
    pub language: AgreementLanguageId,
    /// The text.
    pub revision: AgreementRevisionId,
    /// Whether a button declines it.
    pub may_decline: bool,
}

/// What an AGREEMENT action wants.
pub enum Wanted {
    /// Nothing: the consent is there, or the agreement is switched off.
    Nothing,
    /// A consent.
    Consent(ConsentPrompt),
    /// One that nobody can give: there is no text.
    Impossible,
}

/// What an AGREEMENT action wants of a person now.
///
/// Decision: an agreement that is switched off is passed over; one that is on and has no text, or
/// is gone, fails the policy.
pub fn wanted(
    env: &Snapshot,
    action: &SignOnAction,
    user: &User,
    known: Known<'_>,
    now: Time,
) -> Wanted {
    let ActionStep::Agreement {
        agreement,
        disable_decline_option,
    } = &action.step
    else {
        return Wanted::Nothing;
    };
    let Some(texts) = env.agreement(AgreementId::from_uuid(agreement.id)) else {
        return Wanted::Impossible;
    };
    let is_given = |it: &AgreementConsent| it.user.id == user.id && texts.is_satisfied_by(it, now);
    if !texts.agreement.enabled || known.consents.iter().any(is_given) {
        return Wanted::Nothing;
    }
    let of_client = known.ui_locales.into_iter().flat_map(str::split_whitespace);
    let of_user = [&user.preferred_language, &user.locale];
    let of_user = of_user.into_iter().flatten().flat_map(|it| tags(it));
    let mut languages = env.languages.iter();
    let of_environment = languages.find(|it| it.default).map(|it| it.locale.as_str());
    let wished = of_client
        .chain(of_user)
        .chain(of_environment)
        .chain([DEFAULT_LANGUAGE]);
    let Some((language, revision)) = texts.choose(wished, now) else {
        return Wanted::Impossible;
    };
    Wanted::Consent(ConsentPrompt {
        user: user.into(),
        agreement: texts.agreement.id,
        language: language.language.id,
        revision: revision.id,
        may_decline: !disable_decline_option,
    })
}

/// What an environment speaks that names no language.
const DEFAULT_LANGUAGE: &str = "en";

/// Language tags of a value in the syntax of `Accept-Language`, most wanted first.
fn tags(value: &str) -> Vec<&str> {
    let weighed = value.split(',').map(|part| {
        let mut parts = part.split(';');
        let tag = parts.next().unwrap_or_default().trim();
        let weight = parts.find_map(|it| it.trim().strip_prefix("q="));
        let weight: f32 = weight.map_or(1.0, |it| it.parse().unwrap_or(0.0));
        (tag, weight)
    });
    let mut weighed: Vec<_> = weighed.filter(|(tag, _)| !tag.is_empty()).collect();
    weighed.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    weighed.into_iter().map(|(tag, _)| tag).collect()
}

impl ConsentPrompt {
    /// The agreement and the text that is shown, if they are still there.
    pub fn shown<'a>(
        &self,
        env: &'a Snapshot,
    ) -> Option<(&'a AgreementTexts, &'a LanguageTexts, &'a AgreementRevision)> {
        let texts = env.agreement(self.agreement)?;
        let language = texts.language(self.language)?;
        let mut revisions = language.revisions.iter();
        let revision = revisions.find(|it| it.id == self.revision)?;
        Some((texts, language, revision))
    }

    /// Whether the text that is shown is the one to consent to. Another may have taken effect since.
    pub fn is_current(&self, env: &Snapshot, now: Time) -> bool {
        self.shown(env).is_some_and(|(texts, language, revision)| {
            texts.agreement.enabled
                && language.language.enabled
                && language.current(now) == Some(revision)
        })
    }

    /// The consent to what is shown, given at `now`.
    pub const fn accepted(&self, now: Time) -> AgreementConsent {
        AgreementConsent {
            user: Ref::to(self.user.id),
            agreement: Ref::to(self.agreement),
            last_consent: LastConsent {
                status: ConsentStatus::Accepted,
                consented_at: now,
                language: Ref::to(self.language),
                revision: Ref::to(self.revision),
            },
        }
    }
}

/// A person's consents, as far as these policies ask for any: nothing is read where none does.
pub async fn consents(
    cx: &Cx,
    policies: &[SignOnPolicyId],
    user: UserId,
) -> Result<Vec<AgreementConsent>, Fault> {
    let views = policies.iter().filter_map(|id| cx.env.policy(*id));
    let steps = views.flat_map(|view| view.actions.iter().map(|action| &action.step));
    let mut asked: Vec<_> = steps
        .filter_map(|step| match step {
            ActionStep::Agreement { agreement, .. } => Some(AgreementId::from_uuid(agreement.id)),
            _ => None,
        })
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let mut found = Vec::new();
    for agreement in asked {
        let id = AgreementConsent::id_of(user, agreement);
        let store = &*cx.ports.store;
        let consent = entity::load::<AgreementConsent>(store, cx.env_id(), id, cx.now).await?;
        found.extend(consent.map(|it| it.value));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::tags;

    #[test]
    fn wishes_come_in_the_order_of_their_weight() {
        assert_eq!(tags("de"), ["de"]);
        assert_eq!(tags("en;q=0.5, de-CH, fr ;q=0.8,"), ["de-CH", "fr", "en"]);
        assert!(tags("").is_empty());
    }
}
