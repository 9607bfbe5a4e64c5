//! What a file asks for, worked out against a draft. The same walk serves twice: on an empty draft
//! it checks the file alone, on the store's documents it says what to write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::Environment;
use countersign_domain::ids::{EnvId, OrganizationId, UserId, derived_uuid};
use countersign_domain::organization::{License, Organization};
use countersign_domain::reference::fold;
use countersign_domain::role::RoleSubject;
use countersign_domain::store::{Fault, IndexName, Key, Kind};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::build::{Built, Parts, build};
use super::de;
use super::draft::Draft;
use super::gone::Gone;
use super::node::{Data, Node};
use super::problem::Problem;
use crate::defaults::Maker;
use crate::defaults::key_pair::KeyPair;

/// What planning needs besides the draft.
#[derive(Clone, Copy)]
pub(super) struct Tools<'a> {
    pub maker: Maker<'a>,
    pub make_key: &'a (dyn Fn() -> Result<KeyPair, Fault> + Send + Sync),
}

/// A clear password that waits to be compared and hashed.
pub(super) struct PasswordWork {
    pub env: EnvId,
    pub user: UserId,
    pub password: SecretString,
    pub force_change: Option<bool>,
}

pub(super) struct Plan<'a> {
    pub draft: Draft,
    /// Without tools the file is checked, nothing is made, and names may be unknown.
    pub tools: Option<Tools<'a>>,
    pub now: countersign_domain::time::Time,
    pub problems: Vec<Problem>,
    pub passwords: Vec<PasswordWork>,
    pub organization: OrganizationId,
    /// The file's environments by name.
    pub environments: BTreeMap<String, EnvId>,
    /// Role assignments that wait for what they reach, with their place in the file.
    pub roles: Vec<(Vec<String>, RoleSubject, Node)>,
    /// Ids that the file points at and nothing has.
    pub gone: Gone,
    path: Vec<String>,
    /// What the file has spoken of already.
    seen: BTreeSet<Key>,
}

/// Keys at the top of a file.
const TOP: &[&str] = &["organization", "licenses", "environments"];

/// Lists inside an environment, in the order they are worked on: what is referred to comes first.
pub(super) const ENVIRONMENT_LISTS: &[&str] = &[
    "schemaAttributes",
    "standardAttributes",
    "roles",
    "languages",
    "translations",
    "images",
    "themes",
    "passwordPolicies",
    "populations",
    "identityProviders",
    "keys",
    "certificates",
    "keyRotationPolicies",
    "resources",
    "agreements",
    "notificationContents",
    "notificationsPolicies",
    "phoneDeliverySettings",
    "emailDomains",
    "fido2Policies",
    "deviceAuthenticationPolicies",
    "gateways",
    "signOnPolicies",
    "groups",
    "applications",
    "subscriptions",
    "customDomains",
    "users",
];

/// Mappings inside an environment: there is one of each.
const ENVIRONMENT_MAPPINGS: &[&str] = &[
    "brandingSettings",
    "adminConfig",
    "notificationsSettings",
    "emailDeliverySettings",
    "mfaSettings",
    "billOfMaterials",
];

/// A kind of thing that the file can refer to by name.
pub(super) struct Referent {
    pub kind: Kind,
    pub noun: &'static str,
    pub rule: IndexName,
    pub folds: bool,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        draft: Draft,
        tools: Option<Tools<'a>>,
        now: countersign_domain::time::Time,
    ) -> Self {
        Self {
            draft,
            tools,
            now,
            problems: Vec::new(),
            passwords: Vec::new(),
            organization: OrganizationId::from_uuid(Uuid::nil()),
            environments: BTreeMap::new(),
            roles: Vec::new(),
            gone: Gone::default(),
            path: Vec::new(),
            seen: BTreeSet::new(),
        }
    }

    /// Notes a problem at the current place.
    pub(super) fn problem(&mut self, problem: Problem) {
        let placed = self
            .path
            .iter()
            .rev()
            .fold(problem, |problem, step| problem.inside(step));
        self.problems.push(placed);
    }

    pub(super) fn note(&mut self, line: usize, field: &str, message: impl fmt::Display) {
        let mut problem = Problem::new(line, message.to_string());
        if !field.is_empty() {
            problem = problem.inside(field);
        }
        self.problem(problem);
    }

    /// Works on something one step deeper.
    pub(super) fn inside<T>(
        &mut self,
        step: impl fmt::Display,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.path.push(step.to_string());
        let done = work(self);
        self.path.pop();
        done
    }

    /// The current place.
    pub(super) fn path(&self) -> Vec<String> {
        self.path.clone()
    }

    /// Works on something at another place.
    pub(super) fn at<T>(
        &mut self,
        path: Vec<String>,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let here = std::mem::replace(&mut self.path, path);
        let done = work(self);
        self.path = here;
        done
    }

    /// Takes a list out of a mapping and works on each of its items.
    pub(super) fn each(
        &mut self,
        owner: &mut Node,
        key: &str,
        mut work: impl FnMut(&mut Self, Node) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(list) = owner.take(key) else {
            return Ok(());
        };
        match list.data {
            Data::Null => Ok(()),
            Data::List(items) => {
                for (at, item) in items.into_iter().enumerate() {
                    self.inside(format!("{key}[{at}]"), |plan| work(plan, item))?;
                }
                Ok(())
            }
            Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::Map(_) => {
                let kind = list.kind();
                self.note(list.line, key, format!("must be a list; it is {kind}"));
                Ok(())
            }
        }
    }

    /// Builds an entity and puts it into the draft; notes a problem otherwise.
    pub(super) fn entity<E: Entity + PartialEq>(
        &mut self,
        parts: Parts<'_>,
    ) -> Result<Option<E>, Fault> {
        let (env, line) = (parts.env, parts.patch.line);
        // In a check alone, things that refer to others share made-up ids.
        let is_new = self.seen.insert(Key::new(E::KIND, env, parts.id.as_str()));
        if !is_new && self.tools.is_some() {
            self.note(line, "", "stands in the file twice");
            return Ok(None);
        }
        let built: Built<E> = build(&self.draft, self.now, parts);
        match built? {
            Ok(entity) => Ok(self.put(env, line, &entity)?.then_some(entity)),
            // Whether the store has what is missing is not known when a file is checked alone.
            Err(problem) if self.tools.is_none() && problem.message.ends_with("is missing") => {
                Ok(None)
            }
            Err(problem) => {
                self.problem(problem);
                Ok(None)
            }
        }
    }

    /// Puts an entity, unless another one has its unique values.
    pub(super) fn put<E: Entity>(
        &mut self,
        env: EnvId,
        line: usize,
        entity: &E,
    ) -> Result<bool, Fault> {
        let doc = entity.to_doc(env)?;
        if let Some((rule, owner)) = self.draft.rival(&doc) {
            let message = format!("another one has the same {rule}; its id is {}", owner.id);
            self.note(line, "", message);
            return Ok(false);
        }
        self.draft.want(doc);
        Ok(true)
    }

    /// Takes the id out of a mapping: the one it has, or that of the thing with this name, or one
    /// that follows from the name.
    pub(super) fn identify(
        &mut self,
        node: &mut Node,
        env: EnvId,
        kind: Kind,
        known: Option<Uuid>,
        label: &str,
    ) -> Uuid {
        if let Some(given) = node.take("id") {
            if let Some(id) = parse_id(&given) {
                return id;
            }
            self.note(given.line, "id", "must be a UUID in its hyphenated form");
        }
        known.unwrap_or_else(|| derived_uuid(env, kind, label))
    }

    /// The name a mapping gives, or a note that it gives none.
    pub(super) fn name_of(&mut self, node: &Node, key: &str) -> Option<String> {
        match node.get_text(key) {
            Some(name) if !name.trim().is_empty() => Some(name.to_owned()),
            _ => {
                self.note(node.line, key, "is missing; it must be text");
                None
            }
        }
    }

    /// What a reference points at: a name, an id, `{id: ...}` or `{name: ...}`. `prefix` is what
    /// the unique value begins with.
    pub(super) fn resolve(
        &mut self,
        env: EnvId,
        node: &Node,
        field: &str,
        referent: &Referent,
        prefix: &str,
    ) -> Option<Uuid> {
        let target = node.get("id").or_else(|| node.get("name")).unwrap_or(node);
        let Data::Text(text) = &target.data else {
            let message = format!("must be the name or id of a {}", referent.noun);
            self.note(target.line, field, message);
            return None;
        };
        if let Some(id) = parse_id(target) {
            if !self.may_point_at(referent.kind, env, id) {
                let message = format!("there is no {} with the id {id}", referent.noun);
                self.note(target.line, field, message);
                return None;
            }
            return Some(id);
        }
        let name = if referent.folds {
            fold(text)
        } else {
            text.clone()
        };
        let value = format!("{prefix}{name}");
        let found = self.draft.find(referent.kind, env, referent.rule, &value);
        match found.and_then(|id| id.parse().ok()) {
            Some(id) => Some(id),
            None if self.tools.is_none() => Some(Uuid::nil()),
            None => {
                let message = format!("there is no {} named `{text}`", referent.noun);
                self.note(target.line, field, message);
                None
            }
        }
    }

    /// Rewrites a reference in a mapping to the form `{id: ...}`.
    pub(super) fn refer(&mut self, node: &mut Node, field: &str, env: EnvId, referent: &Referent) {
        let Some(value) = node.take(field) else {
            return;
        };
        if value.data == Data::Null {
            return node.set(field, value);
        }
        if let Some(id) = self.resolve(env, &value, field, referent, "") {
            node.set(field, Node::from_json(json!({"id": id}), value.line));
        }
    }

    /// Refuses keys that a mapping may not have.
    pub(super) fn only(&mut self, node: &Node, allowed: &[&'static str]) -> bool {
        let Data::Map(entries) = &node.data else {
            let kind = node.kind();
            self.note(node.line, "", format!("must be a mapping; it is {kind}"));
            return false;
        };
        for (name, value) in entries {
            if !allowed.contains(&name.as_str()) {
                let allowed = allowed.iter().copied();
                self.problem(de::unknown_field(name, value.line, allowed));
            }
        }
        true
    }

    /// Works through a whole file.
    pub(super) fn file(&mut self, mut root: Node) -> Result<(), Fault> {
        if !self.only(&root, TOP) {
            return Ok(());
        }
        if let Some(node) = root.take("organization") {
            self.inside("organization", |plan| plan.organization(node))?;
        } else if !self
            .draft
            .has(kinds::ORGANIZATION, EnvId::PLATFORM, self.organization)
        {
            let node = Node::from_json(json!({"name": DEFAULT_ORGANIZATION}), 0);
            self.inside("organization", |plan| plan.organization(node))?;
        }
        self.each(&mut root, "licenses", Self::license)?;
        let mut environments = Vec::new();
        self.each(&mut root, "environments", |plan, node| {
            if let Some(begun) = plan.environment(node)? {
                environments.push((plan.path.clone(), begun));
            }
            Ok(())
        })?;
        // Roles may reach into other environments of the file: all of them exist by now.
        for (path, (env, node)) in environments {
            self.path = path;
            self.environment_lists(env, node)?;
            self.path.clear();
        }
        Ok(())
    }

    fn organization(&mut self, mut node: Node) -> Result<(), Fault> {
        let known = self.organization.uuid();
        let known = (!known.is_nil()).then_some(known);
        let label = node.get_text("name").unwrap_or_default().to_owned();
        let id = self.identify(
            &mut node,
            EnvId::PLATFORM,
            kinds::ORGANIZATION,
            known,
            &label,
        );
        self.organization = OrganizationId::from_uuid(id);
        self.entity::<Organization>(Parts {
            env: EnvId::PLATFORM,
            id: id.to_string(),
            patch: node,
            implied: Vec::new(),
            fresh: Vec::new(),
            nested: &["id"],
        })?;
        Ok(())
    }

    fn license(&mut self, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let licenses: Vec<License> = self.draft.all(EnvId::PLATFORM)?;
        let known = licenses.iter().find(|it| it.name == name);
        let known = known.map(|it| it.id.uuid());
        let id = self.identify(&mut node, EnvId::PLATFORM, kinds::LICENSE, known, &name);
        self.entity::<License>(Parts {
            env: EnvId::PLATFORM,
            id: id.to_string(),
            patch: node,
            implied: vec![("organization", json!({"id": self.organization}))],
            fresh: vec![("package", json!("INTERNAL"))],
            nested: &["id"],
        })?;
        Ok(())
    }

    /// Environment by name: unique in the organization.
    pub(super) fn environment_named(&self, name: &str) -> Option<EnvId> {
        let value = format!("{}/{}", self.organization, fold(name));
        let rule = Environment::UNIQUE_NAME;
        let id = self
            .draft
            .find(kinds::ENVIRONMENT, EnvId::PLATFORM, rule, &value)?;
        id.parse().ok()
    }

    /// The environment itself; a new one with its defaults. What is in it comes later.
    fn environment(&mut self, mut node: Node) -> Result<Option<(EnvId, Node)>, Fault> {
        if !matches!(node.data, Data::Map(_)) {
            self.note(node.line, "", "must be a mapping");
            return Ok(None);
        }
        let name = node.get_text("name").unwrap_or_default().to_owned();
        let known = self.environment_named(&name).map(EnvId::uuid);
        if name.is_empty() && node.get("id").is_none() {
            self.note(node.line, "name", "is missing; it must be text");
            return Ok(None);
        }
        let id = self.identify(&mut node, EnvId::PLATFORM, kinds::ENVIRONMENT, known, &name);
        let env = EnvId::from_uuid(id);
        if env == EnvId::PLATFORM {
            self.note(node.line, "id", "must not be zero");
            return Ok(None);
        }
        let mut lists = Node::from_json(json!({}), node.line);
        for key in ENVIRONMENT_LISTS.iter().chain(ENVIRONMENT_MAPPINGS) {
            if let Some(list) = node.take(key) {
                lists.set(key, list);
            }
        }
        let with_defaults = !matches!(
            node.take("defaults").map(|it| it.data),
            Some(Data::Bool(false))
        );
        self.gone(env, &mut node)?;
        self.license_reference(&mut node)?;
        let is_new = !self.draft.has(kinds::ENVIRONMENT, EnvId::PLATFORM, env);
        let mut nested = vec!["id", "defaults", "gone"];
        nested.extend(ENVIRONMENT_LISTS);
        nested.extend(ENVIRONMENT_MAPPINGS);
        let built: Option<Environment> = self.entity(Parts {
            env: EnvId::PLATFORM,
            id: env.to_string(),
            patch: node,
            implied: vec![("organization", json!({"id": self.organization}))],
            fresh: Vec::new(),
            nested: &nested,
        })?;
        self.environments.insert(name, env);
        if let (Some(environment), Some(tools), true, true) =
            (&built, self.tools, is_new, with_defaults)
        {
            let (current, next) = ((tools.make_key)()?, (tools.make_key)()?);
            for doc in crate::defaults::new_environment(tools.maker, environment, &current, &next)?
            {
                self.draft.want(doc);
            }
        }
        Ok(Some((env, lists)))
    }

    fn license_reference(&mut self, node: &mut Node) -> Result<(), Fault> {
        let Some(value) = node.take("license") else {
            return Ok(());
        };
        let licenses: Vec<License> = self.draft.all(EnvId::PLATFORM)?;
        let target = value.get("id").or_else(|| value.get("name"));
        let target = target.unwrap_or(&value);
        let Data::Text(text) = &target.data else {
            node.set("license", value);
            return Ok(());
        };
        let found = licenses
            .iter()
            .find(|it| it.name == *text || it.id.to_string() == *text);
        let id = match found {
            Some(license) => license.id.uuid(),
            None if self.tools.is_none() => Uuid::nil(),
            None => {
                let message = format!("there is no licence `{text}`");
                self.note(value.line, "license", message);
                return Ok(());
            }
        };
        node.set("license", Node::from_json(json!({"id": id}), value.line));
        Ok(())
    }

    fn environment_lists(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        for key in ENVIRONMENT_LISTS {
            let mut defaults = 0;
            self.each(&mut node, key, |plan, item| {
                let is_default = item.get("default").map(|it| &it.data) == Some(&Data::Bool(true));
                if is_default && *key != "keys" {
                    defaults += 1;
                    if defaults > 1 {
                        plan.note(item.line, "default", "another one is the default already");
                    }
                }
                match *key {
                    "schemaAttributes" => plan.schema_attribute(env, item),
                    "standardAttributes" => plan.standard_attribute(env, item),
                    "roles" => plan.role(env, item),
                    "languages" => plan.language(env, item),
                    "translations" => plan.translations(env, item),
                    "images" => plan.image(env, item),
                    "themes" => plan.theme(env, item),
                    "passwordPolicies" => plan.password_policy(env, item),
                    "populations" => plan.population(env, item),
                    "identityProviders" => plan.identity_provider(env, item),
                    "keys" => plan.key(env, item),
                    "certificates" => plan.certificate(env, item),
                    "keyRotationPolicies" => plan.key_rotation_policy(env, item),
                    "resources" => plan.resource(env, item),
                    "agreements" => plan.agreement(env, item),
                    "notificationContents" => plan.content(env, item),
                    "notificationsPolicies" => plan.notifications_policy(env, item),
                    "phoneDeliverySettings" => plan.phone_delivery_settings(env, item),
                    "emailDomains" => plan.email_domain(env, item),
                    "fido2Policies" => plan.fido2_policy(env, item),
                    "deviceAuthenticationPolicies" => plan.device_authentication_policy(env, item),
                    "gateways" => plan.gateway(env, item),
                    "signOnPolicies" => plan.sign_on_policy(env, item),
                    "groups" => plan.group(env, item),
                    "applications" => plan.application(env, item),
                    "subscriptions" => plan.subscription(env, item),
                    "customDomains" => plan.custom_domain(env, item),
                    _ => plan.user(env, item),
                }
            })?;
        }
        for key in ENVIRONMENT_MAPPINGS {
            let Some(mapping) = node.take(key) else {
                continue;
            };
            self.inside(key, |plan| match *key {
                "brandingSettings" => plan.branding_settings(env, mapping),
                "adminConfig" => plan.admin_config(env, mapping),
                "notificationsSettings" => plan.notifications_settings(env, mapping),
                "emailDeliverySettings" => plan.email_delivery_settings(env, mapping),
                "billOfMaterials" => plan.bill_of_materials(env, mapping),
                _ => plan.mfa_settings(env, mapping),
            })?;
        }
        self.kept_roles(env)
    }
}

/// Name of the organization that is made when a file names none.
pub(super) const DEFAULT_ORGANIZATION: &str = "Default";

/// A UUID in its hyphenated form.
pub(super) fn parse_id(node: &Node) -> Option<Uuid> {
    match &node.data {
        Data::Text(text) => text.parse::<EnvId>().ok().map(EnvId::uuid),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::List(_) | Data::Map(_) => None,
    }
}

/// `{"id": ...}`
pub(super) fn id_json(id: impl fmt::Display) -> Value {
    json!({"id": id.to_string()})
}
