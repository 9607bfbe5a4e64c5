//! Gateways, with their passwords and shared secrets in clear.

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::gateway::{Gateway, GatewayCredential};
use countersign_domain::ids::{EnvId, GatewayId, derived_uuid};
use countersign_domain::reference::Ref;
use countersign_domain::role::RoleSubject;
use countersign_domain::store::{Fault, Key};
use serde_json::json;
use uuid::Uuid;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent, id_json};
use super::settings::POPULATION;

const GATEWAY: Referent = Referent {
    kind: kinds::GATEWAY,
    noun: "gateway",
    rule: Gateway::UNIQUE_NAME,
    folds: true,
};

impl Plan<'_> {
    pub(super) fn gateway(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &GATEWAY, "", &name);
        let roles = node.take("roleAssignments");
        let mut below = Node::from_json(json!({}), node.line);
        if let Some(credentials) = node.take("credentials") {
            below.set("credentials", credentials);
        }
        let before: Option<Gateway> = self.draft.get(env, id)?;
        let owner = Key::new(Gateway::KIND, env, id.to_string());
        self.gateway_secrets(&owner, &mut node, before.as_ref())?;
        self.user_types(env, &name, &mut node, before.as_ref());
        let is_ldap = node.get_text("type") == Some("LDAP");
        let of_ldap = vec![
            ("connectionSecurity", json!("None")),
            ("followReferrals", json!(false)),
            ("validateTlsCertificates", json!(true)),
        ];
        let mut fresh = vec![("enabled", json!(true))];
        fresh.extend(is_ldap.then_some(of_ldap).into_iter().flatten());
        let built: Option<Gateway> = self.entity(Parts {
            fresh,
            nested: &["id", "credentials", "roleAssignments"],
            ..Parts::of(env, id, node)
        })?;
        if built.is_some() {
            let subject = RoleSubject::Gateway(Ref::to(GatewayId::from_uuid(id)));
            self.roles_later(subject, roles);
            self.each(&mut below, "credentials", |plan, item| {
                plan.gateway_credential(env, id, item)
            })?;
        }
        Ok(())
    }

    /// A credential is its id, and whoever holds it: it stands in no file.
    fn gateway_credential(
        &mut self,
        env: EnvId,
        gateway: Uuid,
        mut node: Node,
    ) -> Result<(), Fault> {
        if node.get("id").is_none() {
            self.note(
                node.line,
                "id",
                "is missing; a credential is told by nothing else",
            );
            return Ok(());
        }
        let id = self.identify(&mut node, env, kinds::GATEWAY_CREDENTIAL, None, "");
        self.entity::<GatewayCredential>(Parts {
            implied: vec![("gateway", id_json(gateway))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    fn gateway_secrets(
        &mut self,
        owner: &Key,
        node: &mut Node,
        before: Option<&Gateway>,
    ) -> Result<(), Fault> {
        let former = before.and_then(|it| it.bind_password.as_ref());
        self.seal(owner, node, "bindPassword", former)?;
        let former = before.and_then(|it| it.default_shared_secret.as_ref());
        self.seal(owner, node, "defaultSharedSecret", former)?;
        if let Some(mut kerberos) = node.take("kerberos") {
            if matches!(kerberos.data, Data::Map(_)) {
                let former = before.and_then(|it| it.kerberos.as_ref());
                let former = former.and_then(|it| it.service_account_password.as_ref());
                self.seal(owner, &mut kerberos, "serviceAccountPassword", former)?;
            }
            node.set("kerberos", kerberos);
        }
        let Some(mut clients) = node.take("radiusClients") else {
            return Ok(());
        };
        if let Data::List(items) = &mut clients.data {
            for client in items
                .iter_mut()
                .filter(|it| matches!(it.data, Data::Map(_)))
            {
                let ip = client.get_text("ip").unwrap_or_default();
                let former = before.map_or(&[][..], |it| &it.radius_clients);
                let former = former.iter().find(|it| it.ip.to_string() == ip);
                let former = former.and_then(|it| it.shared_secret.as_ref());
                self.seal(owner, client, "sharedSecret", former)?;
            }
        }
        node.set("radiusClients", clients);
        Ok(())
    }

    /// User types are told by their names.
    fn user_types(&mut self, env: EnvId, gateway: &str, node: &mut Node, before: Option<&Gateway>) {
        let Some(mut list) = node.take("userTypes") else {
            return;
        };
        if let Data::List(items) = &mut list.data {
            for item in items
                .iter_mut()
                .filter(|it| matches!(it.data, Data::Map(_)))
            {
                let name = item.get_text("name").unwrap_or_default().to_owned();
                if item.get("id").is_none() {
                    let known = before.and_then(|it| it.user_types.as_ref());
                    let known = known.into_iter().flatten().find(|it| it.name == name);
                    let label = format!("{gateway}/{name}");
                    let id = known.map_or_else(
                        || derived_uuid(env, kinds::GATEWAY, &label),
                        |known| known.id,
                    );
                    item.set("id", Node::text(id.to_string(), item.line));
                }
                if let Some(mut lookup) = item.take("newUserLookup") {
                    self.refer(&mut lookup, "population", env, &POPULATION);
                    item.set("newUserLookup", lookup);
                }
            }
        }
        node.set("userTypes", list);
    }
}
