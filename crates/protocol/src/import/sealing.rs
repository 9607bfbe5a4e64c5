//! Secrets of the file, which are in clear there and sealed where they are stored.

use countersign_domain::store::{Fault, Key};
use countersign_domain::vault::Sealed;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::node::{Data, Node};
use super::plan::{Plan, Tools};

impl Plan<'_> {
    /// Seals a secret in its mapping for the document that keeps it. One that says what is stored
    /// already stays as it is, so that a second import changes nothing; one that is left out stays,
    /// too.
    pub(super) fn seal(
        &mut self,
        owner: &Key,
        node: &mut Node,
        field: &str,
        before: Option<&Sealed>,
    ) -> Result<(), Fault> {
        let line = node.line;
        let Some(given) = node.take(field) else {
            if let Some(before) = before {
                node.set(field, Node::from_json(json!(before), line));
            }
            return Ok(());
        };
        let Data::Text(text) = &given.data else {
            if given.data == Data::Null {
                node.set(field, given);
            } else {
                self.note(given.line, field, "must be text; quote it");
            }
            return Ok(());
        };
        let Some(tools) = self.tools else {
            node.set(field, given);
            return Ok(());
        };
        let sealed = sealed(tools, owner, text.as_bytes(), before)?;
        node.set(field, Node::from_json(json!(sealed), given.line));
        Ok(())
    }
}

/// Seals a secret for the document that keeps it, unless it is what is sealed there already.
pub(super) fn sealed(
    tools: Tools<'_>,
    owner: &Key,
    secret: &[u8],
    before: Option<&Sealed>,
) -> Result<Sealed, Fault> {
    let vault = tools.maker.vault;
    if let Some(before) = before {
        let stored = vault.open(owner, before)?;
        if bool::from(stored.as_slice().ct_eq(secret)) {
            return Ok(before.clone());
        }
    }
    vault.seal(owner, secret, tools.maker.entropy)
}
