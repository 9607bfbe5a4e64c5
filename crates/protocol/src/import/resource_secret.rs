//! `clientSecret` of a resource: what it introspects tokens with.

use countersign_domain::entity::Entity;
use countersign_domain::ids::{EnvId, ResourceId};
use countersign_domain::reference::Ref;
use countersign_domain::resource::ResourceSecret;
use countersign_domain::store::{Fault, Key};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::node::{Data, Node};
use super::plan::Plan;

/// Shortest secret that may be brought along.
/// Source: `reference/oidc.md` 19.1.
const SHORTEST: usize = 8;

impl Plan<'_> {
    /// The secret of a custom resource: the one given, the one it has, or a new one. The built-in
    /// resources have none.
    pub(super) fn resource_secret(
        &mut self,
        env: EnvId,
        resource: Uuid,
        given: Option<Node>,
        is_custom: bool,
    ) -> Result<(), Fault> {
        let given: Option<SecretString> = match given {
            None => None,
            Some(node) => match node.data {
                Data::Text(text) if is_custom && text.chars().count() >= SHORTEST => {
                    Some(text.into())
                }
                _ => {
                    let message = "must be text of 8 characters or more, of a custom resource";
                    self.note(node.line, "clientSecret", message);
                    return Ok(());
                }
            },
        };
        let (Some(tools), true) = (self.tools, is_custom) else {
            return Ok(());
        };
        let id = ResourceId::from_uuid(resource);
        let owner = Key::new(ResourceSecret::KIND, env, id.to_string());
        let before: Option<ResourceSecret> = self.draft.get(env, id)?;
        let secret = match (given, &before) {
            (None, Some(before)) => return self.draft.put(env, before),
            (None, None) => crate::defaults::new_secret(tools.maker.entropy),
            (Some(given), Some(before)) => {
                let stored = tools.maker.vault.open(&owner, &before.secret)?;
                if bool::from(stored.as_slice().ct_eq(given.expose_secret().as_bytes())) {
                    return self.draft.put(env, before);
                }
                given
            }
            (Some(given), None) => given,
        };
        let bytes = secret.expose_secret().as_bytes();
        let secret = ResourceSecret {
            resource: Ref::to(id),
            secret: tools.maker.vault.seal(&owner, bytes, tools.maker.entropy)?,
            previous: None,
        };
        self.draft.put(env, &secret)
    }
}
