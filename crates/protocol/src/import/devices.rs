//! Second factors of people, with the secrets of authenticator applications in clear.

use countersign_domain::device::{Device, DeviceType};
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{EnvId, UserId};
use countersign_domain::store::{Fault, Key};
use countersign_domain::vault::Sealed;
use data_encoding::BASE32_NOPAD;
use serde_json::json;

use super::build::Parts;
use super::kept::DEVICE_AUTHENTICATION_POLICY;
use super::node::{Data, Node};
use super::plan::{Plan, id_json};
use super::sealing::sealed;

impl Plan<'_> {
    /// A device has no name: without an id it is the one of its type, and of where its codes go.
    pub(super) fn device(&mut self, env: EnvId, user: UserId, mut node: Node) -> Result<(), Fault> {
        let Some(type_) = self.name_of(&node, "type") else {
            return Ok(());
        };
        let line = node.line;
        let phone = node.get("phone").map(|it| it.to_json().to_string());
        let goes_to = node.get_text("email").map(str::to_owned).or(phone);
        let label = format!("{user}/{type_}/{}", goes_to.unwrap_or_default());
        let id = self.identify(&mut node, env, kinds::DEVICE, None, &label);
        self.refer(&mut node, "policy", env, &DEVICE_AUTHENTICATION_POLICY);
        let before: Option<Device> = self.draft.get(env, id)?;
        let owner = Key::new(Device::KIND, env, id.to_string());
        let secret = before.as_ref().and_then(|it| it.secret.as_ref());
        self.device_secret(&owner, &mut node, secret)?;
        let built: Option<Device> = self.entity(Parts {
            implied: vec![("user", id_json(user))],
            ..Parts::of(env, id, node)
        })?;
        if built.is_some_and(|it| it.type_ == DeviceType::Totp && it.secret.is_none()) {
            self.note(line, "secret", "is missing; it must be base 32");
        }
        Ok(())
    }

    /// The secret in base 32, as the application was given it.
    fn device_secret(
        &mut self,
        owner: &Key,
        node: &mut Node,
        before: Option<&Sealed>,
    ) -> Result<(), Fault> {
        let Some(given) = node.take("secret") else {
            if let Some(before) = before {
                node.set("secret", Node::from_json(json!(before), node.line));
            }
            return Ok(());
        };
        let bytes = match &given.data {
            Data::Text(text) => base32(text).filter(|it| !it.is_empty()),
            Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => None,
        };
        match (bytes, self.tools) {
            (None, _) => self.note(given.line, "secret", "must be base 32"),
            // Whether it can be sealed is not asked when a file is checked alone.
            (Some(_), None) => node.set("secret", given),
            (Some(bytes), Some(tools)) => {
                let sealed = sealed(tools, owner, &bytes, before)?;
                node.set("secret", Node::from_json(json!(sealed), given.line));
            }
        }
        Ok(())
    }
}

/// In any case of letters, with padding or without.
fn base32(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').to_ascii_uppercase();
    BASE32_NOPAD.decode(text.as_bytes()).ok()
}
