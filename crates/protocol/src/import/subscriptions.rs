//! Webhooks. Values of headers are sealed; one that says what is stored already stays as it is, so
//! that a second import changes nothing.

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{EnvId, SubscriptionId};
use countersign_domain::store::Fault;
use countersign_domain::subscription::{Subscription, SubscriptionProtocol};
use countersign_domain::vault::Sealed;
use secrecy::ExposeSecret;
use serde_json::json;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent};
use crate::audit::kinds::is_well_formed;
use crate::webhooks::{headers, is_endpoint};

const SUBSCRIPTION: Referent = Referent {
    kind: kinds::SUBSCRIPTION,
    noun: "subscription",
    rule: Subscription::UNIQUE_NAME,
    folds: true,
};

impl Plan<'_> {
    pub(super) fn subscription(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &SUBSCRIPTION, "", &name);
        let line = node.line;
        let endpoint = node.take("httpEndpoint");
        if let Some(mut endpoint) = endpoint.or_else(|| node.take("connectionDetails")) {
            let id = SubscriptionId::from_uuid(id);
            let sealed = if let Some(given) = endpoint.take("headers") {
                self.headers(env, id, given)?
            } else {
                // A file without secrets leaves them out: they stay.
                let before: Option<Subscription> = self.draft.get(env, id)?;
                let headers = before.map(|it| it.http_endpoint.headers);
                Node::from_json(json!(headers.unwrap_or_default()), line)
            };
            endpoint.set("headers", sealed);
            node.set("httpEndpoint", endpoint);
        }
        let built: Option<Subscription> = self.entity(Parts {
            fresh: vec![
                ("enabled", json!(true)),
                ("verifyTlsCertificates", json!(true)),
            ],
            ..Parts::of(env, id, node)
        })?;
        let Some(subscription) = built else {
            return Ok(());
        };
        if !is_endpoint(&subscription) {
            self.note(
                line,
                "httpEndpoint",
                "url must be an http, https or tcp URL",
            );
        }
        let types = &subscription.filter_options.included_action_types;
        if types.is_empty() || !types.iter().all(|it| is_well_formed(it)) {
            let message = "includedActionTypes must be action types such as USER.CREATED";
            self.note(line, "filterOptions", message);
        }
        Ok(())
    }

    /// The headers with their values sealed.
    fn headers(&mut self, env: EnvId, id: SubscriptionId, given: Node) -> Result<Node, Fault> {
        let line = given.line;
        let Data::Map(entries) = given.data else {
            self.note(line, "headers", "must be a mapping of texts");
            return Ok(Node::from_json(json!({}), line));
        };
        let before: Option<Subscription> = self.draft.get(env, id)?;
        let mut sealed = Node::from_json(json!({}), line);
        for (name, value) in entries {
            let Data::Text(text) = &value.data else {
                self.note(value.line, "headers", "values must be text; quote them");
                continue;
            };
            if let Some(why) = headers::fault(&name, text) {
                self.note(value.line, "headers", format!("{name} {why}"));
                continue;
            }
            let Some(tools) = self.tools else {
                sealed.set(&name, value);
                continue;
            };
            let stored: Option<Sealed> = match &before {
                Some(before) => {
                    let opened = headers::open(tools.maker.vault, env, before)?;
                    let is_same = opened
                        .get(&name)
                        .is_some_and(|it| it.expose_secret() == text);
                    let stored = before.http_endpoint.headers.get(&name);
                    stored.filter(|_| is_same).cloned()
                }
                None => None,
            };
            let (vault, entropy) = (tools.maker.vault, tools.maker.entropy);
            let value = match stored {
                Some(stored) => stored,
                None => headers::seal(vault, env, id, text, entropy)?,
            };
            sealed.set(&name, Node::from_json(json!(value), line));
        }
        Ok(sealed)
    }
}

/// What is written of a webhook: without secrets, its headers are left out.
pub(super) fn written(
    vault: &countersign_domain::vault::Vault,
    env: EnvId,
    subscription: &Subscription,
    secrets: bool,
) -> Result<serde_json::Value, Fault> {
    let corrupt = |error: serde_json::Error| Fault::Corrupt {
        key: subscription.key(env),
        reason: error.to_string(),
    };
    let mut value = serde_json::to_value(subscription).map_err(corrupt)?;
    if let Some(object) = value.as_object_mut()
        && subscription.protocol == SubscriptionProtocol::TcpIp
        && let Some(endpoint) = object.remove("httpEndpoint")
    {
        object.insert("connectionDetails".to_owned(), endpoint);
    }
    let endpoint = value.get_mut("httpEndpoint");
    if let Some(endpoint) = endpoint.and_then(serde_json::Value::as_object_mut) {
        endpoint.remove("headers");
        if secrets && !subscription.http_endpoint.headers.is_empty() {
            let open = headers::open(vault, env, subscription)?;
            let open: serde_json::Map<String, serde_json::Value> = open
                .iter()
                .map(|(name, value)| (name.clone(), json!(value.expose_secret())))
                .collect();
            endpoint.insert("headers".to_owned(), json!(open));
        }
    }
    Ok(value)
}
