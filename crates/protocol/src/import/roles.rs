//! Custom roles, and who has which role.

use countersign_domain::entity::kinds;
use countersign_domain::ids::EnvId;
use countersign_domain::reference::fold;
use countersign_domain::role::{self, CustomRole, RoleAssignment, RoleSubject};
use countersign_domain::store::Fault;
use serde_json::json;
use uuid::Uuid;

use super::build::Parts;
use super::clients::APPLICATION;
use super::node::{Data, Node};
use super::plan::{Plan, Referent, id_json, parse_id};
use super::settings::POPULATION;

const ROLE: Referent = Referent {
    kind: kinds::ROLE,
    noun: "role",
    rule: CustomRole::UNIQUE_NAME,
    folds: true,
};

impl Plan<'_> {
    /// A custom role is told by its name, which no built-in one may have.
    pub(super) fn role(&mut self, env: EnvId, node: Node) -> Result<(), Fault> {
        let name = node.get_text("name").unwrap_or_default();
        if role::built_in(name).is_some() {
            self.note(node.line, "name", "is the name of a built-in role");
            return Ok(());
        }
        self.by_name::<CustomRole>(env, node, &ROLE)?;
        Ok(())
    }

    /// Keeps role assignments for when everything that they can reach is there.
    pub(super) fn roles_later(&mut self, subject: RoleSubject, list: Option<Node>) {
        if let Some(list) = list {
            self.roles.push((self.path(), subject, list));
        }
    }

    /// Works on the role assignments that were kept.
    pub(super) fn kept_roles(&mut self, env: EnvId) -> Result<(), Fault> {
        for (path, subject, list) in std::mem::take(&mut self.roles) {
            let mut owner = Node::from_json(json!({}), list.line);
            owner.set("roleAssignments", list);
            self.at(path, |plan| {
                plan.each(&mut owner, "roleAssignments", |plan, item| {
                    plan.role_assignment(env, subject, item)
                })
            })?;
        }
        Ok(())
    }

    pub(super) fn role_assignment(
        &mut self,
        env: EnvId,
        subject: RoleSubject,
        mut node: Node,
    ) -> Result<(), Fault> {
        // A role on this environment may be written as its name.
        if let Data::Text(name) = &node.data {
            node = Node::from_json(json!({"role": name}), node.line);
        }
        let Some(role) = node.take("role") else {
            self.note(node.line, "role", "is missing; name a role");
            return Ok(());
        };
        let Some(role) = self.any_role(env, &role) else {
            return Ok(());
        };
        let scope = node.take("scope");
        let Some((type_, scope)) = self.role_scope(env, scope) else {
            return Ok(());
        };
        let subject_value = subject.index_value();
        let value = format!("{subject_value}/{role}/{scope}");
        let kind = kinds::ROLE_ASSIGNMENT;
        let found = self.draft.find(kind, env, RoleAssignment::UNIQUE, &value);
        let known = found.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kind, known, &value);
        self.entity::<RoleAssignment>(Parts {
            implied: vec![
                ("role", id_json(role)),
                ("scope", json!({"id": scope, "type": type_})),
                ("subject", json!(subject)),
            ],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    fn any_role(&mut self, env: EnvId, node: &Node) -> Option<Uuid> {
        let target = node.get("id").or_else(|| node.get("name")).unwrap_or(node);
        let text = match &target.data {
            Data::Text(text) => text.as_str(),
            _ => "",
        };
        let built_in = role::BUILT_IN.iter();
        let mut built_in = built_in.filter(|it| it.name == text || it.id.to_string() == text);
        if let Some(role) = built_in.next() {
            return Some(role.id.uuid());
        }
        let custom = parse_id(target).filter(|id| self.draft.has(kinds::ROLE, env, id));
        let custom =
            custom.or_else(|| self.known(env, kinds::ROLE, CustomRole::UNIQUE_NAME, &fold(text)));
        // Whether the store has it is not known when a file is checked alone.
        if custom.is_none() && self.tools.is_none() && !text.is_empty() {
            return Some(Uuid::nil());
        }
        if custom.is_none() {
            let names: Vec<&str> = role::BUILT_IN.iter().map(|it| it.name).collect();
            let names = names.join(", ");
            let message = format!("is not a role. Allowed: custom roles, {names}");
            self.note(target.line, "role", message);
        }
        custom
    }

    /// Where a role reaches; this environment, if nothing is said.
    fn role_scope(&mut self, env: EnvId, node: Option<Node>) -> Option<(&'static str, Uuid)> {
        let Some(node) = node else {
            return Some(("ENVIRONMENT", env.uuid()));
        };
        if !self.only(&node, &["type", "id", "name"]) {
            return None;
        }
        let type_ = node.get_text("type").unwrap_or("ENVIRONMENT").to_owned();
        let target = node.get("id").or_else(|| node.get("name")).cloned();
        let here = Node::text(env.to_string(), node.line);
        let found = match (type_.as_str(), target) {
            ("ORGANIZATION", None) => Some(("ORGANIZATION", self.organization.uuid())),
            ("ORGANIZATION", Some(it)) => parse_id(&it).map(|id| ("ORGANIZATION", id)),
            ("ENVIRONMENT", it) => {
                let it = it.unwrap_or(here);
                let named = match &it.data {
                    Data::Text(name) => self.environments.get(name).copied(),
                    _ => None,
                };
                let id = parse_id(&it).or(named.map(EnvId::uuid));
                id.map(|id| ("ENVIRONMENT", id))
            }
            ("POPULATION", Some(it)) => {
                let id = self.resolve(env, &it, "scope", &POPULATION, "");
                return id.map(|id| ("POPULATION", id));
            }
            ("APPLICATION", Some(it)) => {
                let id = self.resolve(env, &it, "scope", &APPLICATION, "");
                return id.map(|id| ("APPLICATION", id));
            }
            _ => None,
        };
        if found.is_none() {
            let message = "must have a type (ORGANIZATION, ENVIRONMENT, POPULATION or APPLICATION) \
                and an id, or the name of something in this file";
            self.note(node.line, "scope", message);
        }
        found
    }
}
