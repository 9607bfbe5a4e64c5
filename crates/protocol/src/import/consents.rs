//! What people agreed to: the texts of agreements, and scopes for applications.
//!
//! What they agreed to may be gone by now; that they did is still true. So an id is taken as it is,
//! whether there is something of that id or not; a name must be known.

use countersign_domain::agreement::{AgreementConsent, AgreementRevision, ConsentStatus};
use countersign_domain::application::Application;
use countersign_domain::consent::{ConsentApplicationType, OauthConsent, OauthConsentStatus};
use countersign_domain::entity::kinds;
use countersign_domain::ids::{AgreementId, ApplicationId, EnvId, OauthConsentId, UserId};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use serde_json::json;
use uuid::Uuid;

use super::agreements::{AGREEMENT, LANGUAGE};
use super::build::Parts;
use super::clients::APPLICATION;
use super::node::{Data, Node};
use super::plan::{Plan, Referent, id_json, parse_id};

/// What of a consent is told of how it was given: with another consent, all of it changes.
const HOW: [&str; 3] = ["browser", "operatingSystem", "device"];

impl Plan<'_> {
    /// A person has one for each application. It is told by that, and keeps the id that it has.
    pub(super) fn oauth_consent(
        &mut self,
        env: EnvId,
        user: UserId,
        mut node: Node,
    ) -> Result<(), Fault> {
        let mut application = None;
        if let Some(value) = node.take("application") {
            let found = self.recorded(env, &value, "application", &APPLICATION);
            let Some(id) = found else { return Ok(()) };
            node.set("application", Node::from_json(id_json(id), value.line));
            application = Some(ApplicationId::from_uuid(id));
        }
        let registered: Option<Application> = match application {
            Some(id) => self.draft.get(env, id)?,
            None => None,
        };
        let (type_, name) = match (application, registered) {
            (Some(_), Some(known)) => (ConsentApplicationType::Pingone, known.name),
            (Some(_), None) => (ConsentApplicationType::Pingone, String::new()),
            (None, _) => match self.name_of(&node, "applicationName") {
                Some(name) => (ConsentApplicationType::External, name),
                None => return Ok(()),
            },
        };
        let unique = match application {
            Some(application) => OauthConsent::of(user, application),
            None => OauthConsent::of_elsewhere(user, &name),
        };
        let (kind, rule) = (kinds::OAUTH_CONSENT, OauthConsent::UNIQUE_APPLICATION);
        let known = self.known(env, kind, rule, &unique);
        let given = self.identify(&mut node, env, kind, known, &unique);
        let id = OauthConsentId::from_uuid(known.unwrap_or(given));
        let at = time_of(&node, "consentedAt");
        let changed_at = time_of(&node, "updatedAt").or(at);
        let before: Option<OauthConsent> = self.draft.get(env, id)?;
        if let Some(before) = before.filter(|_| self.tools.is_some())
            && changed_at.is_none_or(|at| at <= before.updated_at)
        {
            return self.draft.put(env, &before);
        }
        let line = node.line;
        for name in HOW {
            if node.get(name).is_none() {
                let data = Data::Null;
                node.set(name, Node { line, data });
            }
        }
        let at = at.unwrap_or(self.now);
        let mut fresh = vec![
            ("applicationType", json!(type_)),
            ("status", json!(OauthConsentStatus::Accepted)),
            ("consentedAt", json!(at)),
            ("updatedAt", json!(at)),
        ];
        if !name.is_empty() {
            fresh.push(("applicationName", json!(name)));
        }
        let built: Option<OauthConsent> = self.entity(Parts {
            implied: vec![("user", id_json(user))],
            fresh,
            ..Parts::of(env, id, node)
        })?;
        let Some(consent) = built else { return Ok(()) };
        let is_short = |it: &String| (1..=256).contains(&it.chars().count());
        if !is_short(&consent.application_name) {
            self.note(line, "applicationName", "must have 1 to 256 characters");
        }
        if consent.scope.len() > OauthConsent::MAX_SCOPES || !consent.scope.iter().all(is_short) {
            self.note(line, "scope", "must be at most 100 names of scopes");
        }
        Ok(())
    }

    /// A person has one for each agreement: the latest.
    pub(super) fn agreement_consent(
        &mut self,
        env: EnvId,
        user: UserId,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(value) = node.take("agreement") else {
            self.note(node.line, "agreement", "is missing");
            return Ok(());
        };
        let Some(agreement) = self.recorded(env, &value, "agreement", &AGREEMENT) else {
            return Ok(());
        };
        node.set("agreement", Node::from_json(id_json(agreement), value.line));
        let Some(mut last) = node.take("lastConsent") else {
            self.note(node.line, "lastConsent", "is missing");
            return Ok(());
        };
        if !matches!(last.data, Data::Map(_)) {
            self.note(last.line, "lastConsent", "must be a mapping");
            return Ok(());
        }
        let is_whole = self.inside("lastConsent", |plan| {
            Ok(plan.text_agreed_to(env, agreement, &mut last))
        })?;
        if !is_whole {
            return Ok(());
        }
        let at = time_of(&last, "consentedAt");
        if last.get("consentedAt").is_none() {
            last.set("consentedAt", Node::text(self.now.to_string(), last.line));
        }
        if last.get("status").is_none() {
            let status = json!(ConsentStatus::Accepted);
            last.set("status", Node::from_json(status, last.line));
        }
        let is_revoked = last.get_text("status") == Some("REVOKED");
        node.set("lastConsent", last);
        let id = AgreementConsent::id_of(user, AgreementId::from_uuid(agreement));
        let before: Option<AgreementConsent> = self.draft.get(env, &id)?;
        if let Some(before) = before.filter(|_| self.tools.is_some()) {
            let stored = &before.last_consent;
            // What is taken back keeps the time at which it was given.
            let is_end = is_revoked && stored.status == ConsentStatus::Accepted;
            let is_later = at.is_some_and(|at| {
                at > stored.consented_at || (is_end && at == stored.consented_at)
            });
            if !is_later {
                return self.draft.put(env, &before);
            }
        }
        self.entity::<AgreementConsent>(Parts {
            implied: vec![("user", id_json(user))],
            nested: &[],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    /// Language and revision become references; says whether both do. A language may be told by its
    /// locale, a revision by when it took effect.
    fn text_agreed_to(&mut self, env: EnvId, agreement: Uuid, last: &mut Node) -> bool {
        let (Some(language), Some(revision)) = (last.take("language"), last.take("revision"))
        else {
            self.note(last.line, "", "must have a language and a revision");
            return false;
        };
        let place = match id_in(&language) {
            Some(id) => Some(id),
            None => self.resolve(
                env,
                &language,
                "language",
                &LANGUAGE,
                &format!("{agreement}/"),
            ),
        };
        let Some(place) = place else { return false };
        let text = match id_in(&revision) {
            Some(id) => Some(id),
            None => self.revision_from(env, place, &revision),
        };
        let Some(text) = text else { return false };
        last.set("language", Node::from_json(id_json(place), language.line));
        last.set("revision", Node::from_json(id_json(text), revision.line));
        true
    }

    /// The revision that took effect at the time that the file names.
    fn revision_from(&mut self, env: EnvId, language: Uuid, node: &Node) -> Option<Uuid> {
        let time = match &node.data {
            Data::Text(text) => text.parse::<Time>().ok(),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => None,
        };
        let Some(time) = time else {
            let message = "must be the id of a revision, or when it took effect";
            self.note(node.line, "revision", message);
            return None;
        };
        let (kind, rule) = (
            kinds::AGREEMENT_REVISION,
            AgreementRevision::UNIQUE_EFFECTIVE_AT,
        );
        let value = format!("{language}/{}", time.millis());
        match self.known(env, kind, rule, &value) {
            Some(id) => Some(id),
            None if self.tools.is_none() => Some(Uuid::nil()),
            None => {
                let message = format!("no revision of this language took effect at {time}");
                self.note(node.line, "revision", message);
                None
            }
        }
    }

    /// What somebody agreed to: an id, of something that may be gone, or a name.
    fn recorded(
        &mut self,
        env: EnvId,
        node: &Node,
        field: &str,
        referent: &Referent,
    ) -> Option<Uuid> {
        id_in(node).or_else(|| self.resolve(env, node, field, referent, ""))
    }
}

/// The id in a reference that is one, or has one.
fn id_in(node: &Node) -> Option<Uuid> {
    parse_id(node.get("id").unwrap_or(node))
}

/// A time that can be read. Whether one is written wrongly is found when the whole is read.
fn time_of(node: &Node, field: &str) -> Option<Time> {
    node.get_text(field).and_then(|it| it.parse().ok())
}

#[cfg(test)]
mod tests;
