//! Applications that speak SAML or WS-Federation: what is theirs stands beside `name`, as in `/v1`. It
//! may also stand under `saml` or `wsFed`, where it is stored.

use countersign_domain::application::partner::{Saml, WsFed};
use countersign_domain::application::{Application, Protocol};
use countersign_domain::ids::{ApplicationId, EnvId};
use countersign_domain::store::Fault;
use serde_json::{Value, json};

use super::build::fields;
use super::node::{Data, Node};
use super::plan::Plan;

impl Plan<'_> {
    /// Puts the members of its protocol where they are stored; answers their names.
    pub(super) fn partner(
        &mut self,
        env: EnvId,
        id: ApplicationId,
        node: &mut Node,
    ) -> Result<&'static [&'static str], Fault> {
        let before: Option<Application> = self.draft.get(env, id)?;
        let stored = before.as_ref().map(|it| it.protocol);
        let (place, names, had) = match (node.get_text("protocol"), stored) {
            (Some("SAML"), _) | (None, Some(Protocol::Saml)) => {
                let had = before.and_then(|it| it.saml).map(|it| json!(it));
                ("saml", fields::<Saml>(), had)
            }
            (Some("WS_FED"), _) | (None, Some(Protocol::WsFed)) => {
                let had = before.and_then(|it| it.ws_fed).map(|it| json!(it));
                ("wsFed", fields::<WsFed>(), had)
            }
            (None, None) if self.tools.is_none() => {
                // Which of them it has is not known when a file is checked alone.
                let of_all = fields::<Application>();
                for name in fields::<Saml>().iter().chain(fields::<WsFed>()) {
                    if !of_all.contains(name) {
                        node.take(name);
                    }
                }
                return Ok(&[]);
            }
            _ => return Ok(&[]),
        };
        let given = names
            .iter()
            .filter_map(|name| Some((*name, node.take(name)?)));
        let given: Vec<(&str, Node)> = given.collect();
        if given.is_empty() {
            return Ok(names);
        }
        // What the file does not mention stays.
        let mut own = match node.take(place) {
            Some(own) => own,
            None => Node::from_json(had.unwrap_or_else(|| json!({})), node.line),
        };
        for (name, value) in given {
            if value.data == Data::Null {
                own.take(name);
            } else {
                own.set(name, value);
            }
        }
        node.set(place, own);
        Ok(names)
    }
}

/// What is written of an application, with the members of its protocol beside `name`.
pub(super) fn written(application: &Application, mut value: Value) -> Value {
    let is_partner = matches!(application.protocol, Protocol::Saml | Protocol::WsFed);
    let Some(fields) = value.as_object_mut().filter(|_| is_partner) else {
        return value;
    };
    fields.remove("tokenEndpointAuthMethod");
    for place in ["saml", "wsFed"] {
        if let Some(Value::Object(own)) = fields.remove(place) {
            fields.extend(own);
        }
    }
    value
}
