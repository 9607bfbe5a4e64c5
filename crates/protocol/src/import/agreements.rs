//! Agreements with their languages and texts.

use countersign_domain::agreement::{Agreement, AgreementLanguage, AgreementRevision};
use countersign_domain::entity::kinds;
use countersign_domain::ids::{AgreementId, AgreementLanguageId, EnvId};
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction};
use countersign_domain::reference::fold;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use serde_json::json;
use uuid::Uuid;

use super::build::Parts;
use super::node::Node;
use super::plan::{Plan, Referent, id_json};

pub(super) const AGREEMENT: Referent = Referent {
    kind: kinds::AGREEMENT,
    noun: "agreement",
    rule: Agreement::UNIQUE_NAME,
    folds: true,
};
pub(super) const LANGUAGE: Referent = Referent {
    kind: kinds::AGREEMENT_LANGUAGE,
    noun: "language of the agreement",
    rule: AgreementLanguage::UNIQUE_LOCALE,
    folds: true,
};

impl Plan<'_> {
    pub(super) fn agreement(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &AGREEMENT, "", &name);
        let line = node.line;
        let mut nested = Node::from_json(json!({}), line);
        if let Some(languages) = node.take("languages") {
            nested.set("languages", languages);
        }
        let built: Option<Agreement> = self.entity(Parts {
            nested: &["id", "languages"],
            ..Parts::of(env, id, node)
        })?;
        self.each(&mut nested, "languages", |plan, item| {
            plan.agreement_language(env, id, &name, item)
        })?;
        let Some(agreement) = built else {
            return Ok(());
        };
        if agreement.reconsent_period_days == Some(0) {
            self.note(line, "reconsentPeriodDays", "begins at 1 day");
        }
        Ok(())
    }

    /// An agreement that is on can lose its last text while nothing asks for it, so that it is an
    /// action that needs one.
    pub(super) fn asks_for_agreement(
        &mut self,
        line: usize,
        env: EnvId,
        action: &SignOnAction,
    ) -> Result<(), Fault> {
        let ActionStep::Agreement { agreement, .. } = &action.step else {
            return Ok(());
        };
        let id = AgreementId::from_uuid(agreement.id);
        let asked: Option<Agreement> = self.draft.get(env, id)?;
        if asked.is_some_and(|it| it.enabled) && !self.has_text(env, id)? {
            let message = "needs a language that is enabled and has a revision";
            self.note(line, "agreement", message);
        }
        Ok(())
    }

    /// Whether there is something to show, now or later.
    fn has_text(&self, env: EnvId, agreement: AgreementId) -> Result<bool, Fault> {
        let languages: Vec<AgreementLanguage> = self.draft.all(env)?;
        let revisions: Vec<AgreementRevision> = self.draft.all(env)?;
        let mut shown = languages
            .iter()
            .filter(|it| it.agreement.id == agreement && it.enabled);
        Ok(shown.any(|language| revisions.iter().any(|it| it.language.id == language.id)))
    }

    /// A language is told by its locale.
    fn agreement_language(
        &mut self,
        env: EnvId,
        agreement: Uuid,
        agreement_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(locale) = self.name_of(&node, "locale") else {
            return Ok(());
        };
        let rule = AgreementLanguage::UNIQUE_LOCALE;
        let value = format!("{agreement}/{}", fold(&locale));
        let kind = kinds::AGREEMENT_LANGUAGE;
        let known = self.draft.find(kind, env, rule, &value);
        let known = known.and_then(|id| id.parse().ok());
        let label = format!("{}/{}", fold(agreement_name), fold(&locale));
        let id = self.identify(&mut node, env, kind, known, &label);
        let line = node.line;
        let mut nested = Node::from_json(json!({}), line);
        if let Some(revisions) = node.take("revisions") {
            nested.set("revisions", revisions);
        }
        self.entity::<AgreementLanguage>(Parts {
            implied: vec![("agreement", id_json(agreement))],
            fresh: vec![("displayName", json!(agreement_name))],
            nested: &["id", "revisions"],
            ..Parts::of(env, id, node)
        })?;
        self.each(&mut nested, "revisions", |plan, item| {
            plan.agreement_revision(env, id, &label, item)
        })
    }

    /// A revision is told by when it takes effect; one that does not say so, by its text, and takes
    /// effect at once.
    fn agreement_revision(
        &mut self,
        env: EnvId,
        language: Uuid,
        label: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let revisions: Vec<AgreementRevision> = self.draft.all(env)?;
        let language_id = AgreementLanguageId::from_uuid(language);
        let mut of_language = revisions.iter().filter(|it| it.language.id == language_id);
        let at = node.get_text("effectiveAt").map(str::to_owned);
        let (known, label) = if let Some(at) = at {
            let Ok(at) = at.parse::<Time>() else {
                self.note(node.line, "effectiveAt", "is not an RFC 3339 time");
                return Ok(());
            };
            let known = of_language.find(|it| it.effective_at == at);
            (known, format!("{label}/{}", at.millis()))
        } else {
            let text = node.get_text("text").unwrap_or_default();
            let known = of_language.find(|it| it.text == text);
            (known, format!("{label}/{text}"))
        };
        let known = known.map(|it| it.id.uuid());
        let id = self.identify(&mut node, env, kinds::AGREEMENT_REVISION, known, &label);
        let line = node.line;
        let built: Option<AgreementRevision> = self.entity(Parts {
            implied: vec![("language", id_json(language))],
            fresh: vec![
                ("contentType", json!("text/plain")),
                ("effectiveAt", json!(self.now)),
            ],
            ..Parts::of(env, id, node)
        })?;
        let length = built.map_or(1, |it| it.text.chars().count());
        if length == 0 || length > AgreementRevision::MAX_TEXT {
            self.note(line, "text", "must have 1 to 32000 characters");
        }
        Ok(())
    }
}
