//! The environment's own words for mails.

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::notification::{NotificationContent, TemplateName};
use countersign_domain::store::Fault;
use serde_json::json;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::Plan;

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
        if !TemplateName::ALL.iter().any(|it| it.id() == named) {
            let known = TemplateName::ALL.map(TemplateName::id).join(", ");
            self.note(line, "template", format!("must be one of {known}"));
            return Ok(());
        }
        let Some(locale) = self.name_of(&node, "locale") else {
            return Ok(());
        };
        let variant = node.get_text("variant").unwrap_or_default().to_owned();
        let label = format!("{named}/{}/{variant}", locale.to_lowercase());
        let (kind, rule) = (kinds::NOTIFICATION_CONTENT, NotificationContent::UNIQUE_USE);
        let known = self.draft.find(kind, env, rule, &label);
        let known = known.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kind, known, &label);
        let built: Option<NotificationContent> = self.entity(Parts {
            env,
            id: id.to_string(),
            patch: node,
            implied: Vec::new(),
            fresh: Vec::new(),
            nested: &["id"],
        })?;
        if let Some(Err(error)) = built.map(|content| content.check()) {
            self.note(line, "", error);
        }
        Ok(())
    }
}
