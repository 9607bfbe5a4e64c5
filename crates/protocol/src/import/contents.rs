//! The environment's own words for mails.

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::EnvId;
use countersign_domain::notification::policy::NotificationsPolicy;
use countersign_domain::notification::settings::NotificationsSettings;
use countersign_domain::notification::template::{TEMPLATES, Template};
use countersign_domain::notification::{DeliveryMethod, NotificationContent, is_address};
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent};

const NOTIFICATIONS_POLICY: Referent = Referent {
    kind: kinds::NOTIFICATIONS_POLICY,
    noun: "notifications policy",
    rule: NotificationsPolicy::UNIQUE_NAME,
    folds: true,
};

impl Plan<'_> {
    /// A content is told by its template, language and variant.
    pub(super) fn content(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let line = node.line;
        // Short for `{id: ...}`, as everywhere in the file.
        if let Some(Data::Text(name)) = node.get("template").map(|it| it.data.clone()) {
            node.set("template", Node::from_json(json!({ "id": name }), line));
        }
        let named = node
            .get("template")
            .and_then(|template| template.get_text("id"))
            .unwrap_or_default()
            .to_owned();
        if Template::of(&named).is_none() {
            let known = TEMPLATES.map(|it| it.id).join(", ");
            self.note(line, "template", format!("must be one of {known}"));
            return Ok(());
        }
        let Some(locale) = self.name_of(&node, "locale") else {
            return Ok(());
        };
        let variant = node.get_text("variant").unwrap_or_default().to_owned();
        let method = match node.get_text("deliveryMethod") {
            Some("SMS") => DeliveryMethod::Sms,
            Some("Voice") => DeliveryMethod::Voice,
            Some("Push") => DeliveryMethod::Push,
            _ => DeliveryMethod::Email,
        };
        let label = NotificationContent::use_of(&named, &locale, &variant, method);
        let (kind, rule) = (kinds::NOTIFICATION_CONTENT, NotificationContent::UNIQUE_USE);
        let known = self.draft.find(kind, env, rule, &label);
        let known = known.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kind, known, &label);
        let built: Option<NotificationContent> = self.entity(Parts::of(env, id, node))?;
        if let Some(Err(error)) = built.map(|content| content.check()) {
            self.note(line, "", error);
        }
        Ok(())
    }

    /// A policy is told by its name.
    pub(super) fn notifications_policy(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &NOTIFICATIONS_POLICY, "", &name);
        let built: Option<NotificationsPolicy> = self.entity(Parts::of(env, id, node))?;
        if let Some(policy) = built.filter(|it| it.default) {
            self.only_default(env, &policy.id(), |other: &mut NotificationsPolicy| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    /// From whom mails are: one for each environment.
    pub(super) fn notifications_settings(&mut self, env: EnvId, node: Node) -> Result<(), Fault> {
        let line = node.line;
        let built: Option<NotificationsSettings> = self.entity(Parts {
            nested: &[],
            ..Parts::of(env, env, node)
        })?;
        let Some(settings) = built else { return Ok(()) };
        for (name, mailbox) in [("from", settings.from), ("replyTo", settings.reply_to)] {
            if mailbox.is_some_and(|it| !is_address(&it.address)) {
                self.note(line, name, "must have an e-mail address");
            }
        }
        Ok(())
    }
}
