//! What an environment is configured with: populations, policies, resources, keys.

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{ActionId, EnvId};
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::policy::sign_on::{SignOnAction, SignOnPolicy};
use countersign_domain::population::Population;
use countersign_domain::reference::fold;
use countersign_domain::resource::{Resource, ResourceAttribute, ResourceType, Scope};
use countersign_domain::store::{Fault, IndexName, Kind};
use serde_json::json;
use uuid::Uuid;

use super::agreements::AGREEMENT;
use super::build::Parts;
use super::looks::THEME;
use super::node::{Data, Node};
use super::plan::{Plan, Referent, id_json};
use super::providers::IDENTITY_PROVIDER;
use crate::expression;

pub(super) const PASSWORD_POLICY: Referent = Referent {
    kind: kinds::PASSWORD_POLICY,
    noun: "password policy",
    rule: PasswordPolicy::UNIQUE_NAME,
    folds: true,
};
pub(super) const POPULATION: Referent = Referent {
    kind: kinds::POPULATION,
    noun: "population",
    rule: Population::UNIQUE_NAME,
    folds: true,
};
pub(super) const RESOURCE: Referent = Referent {
    kind: kinds::RESOURCE,
    noun: "resource",
    rule: Resource::UNIQUE_NAME,
    folds: false,
};
pub(super) const SCOPE: Referent = Referent {
    kind: kinds::SCOPE,
    noun: "scope",
    rule: Scope::UNIQUE_NAME,
    folds: false,
};
const RESOURCE_ATTRIBUTE: Referent = Referent {
    kind: kinds::RESOURCE_ATTRIBUTE,
    noun: "resource attribute",
    rule: ResourceAttribute::UNIQUE_NAME,
    folds: false,
};
pub(super) const SIGN_ON_POLICY: Referent = Referent {
    kind: kinds::SIGN_ON_POLICY,
    noun: "sign-on policy",
    rule: SignOnPolicy::UNIQUE_NAME,
    folds: false,
};
impl Plan<'_> {
    /// The id of a named thing: its own, that of its namesake, or one that follows from the name.
    pub(super) fn named(
        &mut self,
        env: EnvId,
        node: &mut Node,
        referent: &Referent,
        prefix: &str,
        label: &str,
    ) -> Uuid {
        let name = node.get_text("name").unwrap_or_default();
        let name = if referent.folds {
            fold(name)
        } else {
            name.to_owned()
        };
        let value = format!("{prefix}{name}");
        let known = self.known(env, referent.kind, referent.rule, &value);
        self.identify(node, env, referent.kind, known, label)
    }

    /// Something that is told by its name and has nothing of its own.
    pub(super) fn by_name<E: Entity + PartialEq>(
        &mut self,
        env: EnvId,
        mut node: Node,
        referent: &Referent,
    ) -> Result<Option<E>, Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(None);
        };
        let id = self.named(env, &mut node, referent, "", &name);
        self.entity(Parts::of(env, id, node))
    }

    /// The id of what has a unique value.
    pub(super) fn known(
        &self,
        env: EnvId,
        kind: Kind,
        rule: IndexName,
        value: &str,
    ) -> Option<Uuid> {
        let found = self.draft.find(kind, env, rule, value);
        found.and_then(|id| id.parse().ok())
    }

    /// Makes sure that only one of a kind is the default.
    pub(super) fn only_default<E: Entity>(
        &mut self,
        env: EnvId,
        id: &str,
        unset: impl Fn(&mut E) -> bool,
    ) -> Result<(), Fault> {
        for mut other in self.draft.all::<E>(env)? {
            if other.id() != id && unset(&mut other) {
                self.draft.put(env, &other)?;
            }
        }
        Ok(())
    }

    pub(super) fn password_policy(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &PASSWORD_POLICY, "", &name);
        let line = node.line;
        let off = || json!(false);
        let built: Option<PasswordPolicy> = self.entity(Parts {
            fresh: vec![
                ("excludesProfileData", off()),
                ("excludesCommonlyUsed", off()),
                ("notSimilarToCurrent", off()),
            ],
            ..Parts::of(env, id, node)
        })?;
        let Some(policy) = built else { return Ok(()) };
        self.check_password_policy(line, &policy);
        if policy.default {
            self.only_default(env, &policy.id(), |other: &mut PasswordPolicy| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    fn check_password_policy(&mut self, line: usize, policy: &PasswordPolicy) {
        let zero = |value: Option<u32>| value == Some(0);
        let mut wrong = Vec::new();
        if policy
            .length
            .is_some_and(|it| it.min > it.max || it.max > 255)
        {
            wrong.push(("length", "min must not exceed max, and max is at most 255"));
        }
        if policy
            .lockout
            .is_some_and(|it| it.failure_count == 0 || it.duration_seconds == 0)
        {
            wrong.push(("lockout", "failureCount and durationSeconds begin at 1"));
        }
        if zero(policy.max_age_days) || zero(policy.min_age_days) {
            wrong.push(("maxAgeDays", "ages begin at 1 day"));
        }
        if let (Some(most), Some(least)) = (policy.max_age_days, policy.min_age_days)
            && most <= least.saturating_add(21)
        {
            wrong.push(("maxAgeDays", "must be more than minAgeDays + 21"));
        }
        for (field, message) in wrong {
            self.note(line, field, message);
        }
    }

    pub(super) fn population(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &POPULATION, "", &name);
        self.refer(&mut node, "passwordPolicy", env, &PASSWORD_POLICY);
        self.refer(&mut node, "theme", env, &THEME);
        let built: Option<Population> = self.entity(Parts::of(env, id, node))?;
        if let Some(population) = built.filter(|it| it.default) {
            self.only_default(env, &population.id(), |other: &mut Population| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    pub(super) fn resource(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &RESOURCE, "", &name);
        let line = node.line;
        let mut nested = Node::from_json(json!({}), node.line);
        for key in ["scopes", "attributes"] {
            if let Some(list) = node.take(key) {
                nested.set(key, list);
            }
        }
        let secret = node.take("clientSecret");
        let is_new = !self.draft.has(kinds::RESOURCE, env, id);
        let is_custom = matches!(node.get_text("type"), None | Some("CUSTOM"));
        let method = is_custom.then(|| {
            let method = json!("CLIENT_SECRET_BASIC");
            ("introspectEndpointAuthMethod", method)
        });
        let built: Option<Resource> = self.entity(Parts {
            fresh: method.into_iter().collect(),
            nested: &["id", "scopes", "attributes", "clientSecret"],
            ..Parts::of(env, id, node)
        })?;
        if let Some(seconds) = built
            .as_ref()
            .and_then(|it| it.access_token_validity_seconds)
            && !Resource::ACCESS_TOKEN_VALIDITY_SECONDS.contains(&i64::from(seconds))
        {
            self.note(line, "accessTokenValiditySeconds", "must be 300 to 2592000");
        }
        if let Some(built) = &built {
            let is_custom = built.type_ == ResourceType::Custom;
            self.resource_secret(env, id, secret, is_custom)?;
            // Without tools a built-in one cannot be told from a custom one.
            if let (Some(tools), true) = (self.tools, is_custom) {
                if let Some((field, why)) = built.unfit_audience(&[tools.maker.api_url]) {
                    self.note(line, field, why);
                }
                self.scope_names(&nested, built.type_);
            }
        }
        let names_sub = matches!(nested.get("attributes"), Some(Node { data: Data::List(items), .. })
            if items.iter().any(|it| it.get_text("name") == Some("sub")));
        if is_new && built.is_some() && !names_sub && is_custom {
            // Every custom resource begins with it (`platform.md` 3.3).
            let core = json!({"name": "sub", "value": "${user.id}", "type": "CORE"});
            self.resource_attribute(env, id, &name, Node::from_json(core, line))?;
        }
        self.each(&mut nested, "attributes", |plan, item| {
            plan.resource_attribute(env, id, &name, item)
        })?;
        self.each(&mut nested, "scopes", |plan, item| {
            plan.scope(env, id, &name, item)
        })
    }

    /// Names that scopes of other resources have to themselves.
    fn scope_names(&mut self, resource: &Node, type_: ResourceType) {
        let Some(Node {
            data: Data::List(items),
            ..
        }) = resource.get("scopes")
        else {
            return;
        };
        for item in items {
            let name = match &item.data {
                Data::Text(name) => Some(name.as_str()),
                _ => item.get_text("name"),
            };
            if name.is_some_and(|name| !type_.may_name_scope(name)) {
                self.note(
                    item.line,
                    "scopes",
                    "openid is a scope of OpenID Connect alone",
                );
            }
        }
    }

    fn resource_attribute(
        &mut self,
        env: EnvId,
        resource: Uuid,
        resource_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let prefix = format!("{resource}/");
        let label = format!("{resource_name}/{name}");
        let id = self.named(env, &mut node, &RESOURCE_ATTRIBUTE, &prefix, &label);
        let line = node.get("value").map_or(node.line, |value| value.line);
        let built = self.entity::<ResourceAttribute>(Parts {
            implied: vec![("resource", id_json(resource))],
            ..Parts::of(env, id, node)
        })?;
        if let Some(Err(why)) = built.map(|it| expression::check(&it.value, expression::NAMES)) {
            self.note(line, "value", why);
        }
        Ok(())
    }

    fn scope(
        &mut self,
        env: EnvId,
        resource: Uuid,
        resource_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        // A scope with nothing but a name may be written as that name.
        if let Data::Text(name) = &node.data {
            node = Node::from_json(json!({"name": name}), node.line);
        }
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        // RFC 6749 3.3: printable ASCII without space, quote and backslash.
        if !name
            .bytes()
            .all(|it| matches!(it, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        {
            self.note(
                node.line,
                "name",
                "must be printable ASCII without spaces, \" and \\",
            );
        }
        let prefix = format!("{resource}/");
        let label = format!("{resource_name}/{name}");
        let id = self.named(env, &mut node, &SCOPE, &prefix, &label);
        self.ids_in_list(&mut node, "mappedClaims", env, &RESOURCE_ATTRIBUTE, &prefix);
        self.entity::<Scope>(Parts {
            implied: vec![("resource", id_json(resource))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    /// Rewrites a list of names to one of ids.
    pub(super) fn ids_in_list(
        &mut self,
        node: &mut Node,
        field: &str,
        env: EnvId,
        referent: &Referent,
        prefix: &str,
    ) {
        let Some(mut list) = node.take(field) else {
            return;
        };
        if let Data::List(items) = &mut list.data {
            let mut at = 0;
            // What cannot be resolved is noted, and taken out lest it be noted twice.
            items.retain_mut(|item| {
                let place = format!("{field}[{at}]");
                at += 1;
                let id = self.resolve(env, item, &place, referent, prefix);
                id.is_some_and(|id| {
                    *item = Node::text(id.to_string(), item.line);
                    true
                })
            });
        }
        node.set(field, list);
    }

    pub(super) fn sign_on_policy(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let plain = |it: char| it.is_ascii_alphanumeric() || "_. -".contains(it);
        if !name.chars().all(plain) && url::Url::parse(&name).is_err() {
            let message =
                "must be of letters, digits, `_`, `.`, `-` and spaces, or an absolute URI";
            self.note(node.line, "name", message);
        }
        let id = self.named(env, &mut node, &SIGN_ON_POLICY, "", &name);
        let actions = node.take("actions");
        let line = node.line;
        let built: Option<SignOnPolicy> = self.entity(Parts {
            nested: &["id", "actions"],
            ..Parts::of(env, id, node)
        })?;
        if let Some(policy) = built.filter(|it| it.default) {
            self.only_default(env, &policy.id(), |other: &mut SignOnPolicy| {
                std::mem::take(&mut other.default)
            })?;
        }
        if let Some(actions) = actions {
            let mut owner = Node::from_json(json!({}), line);
            owner.set("actions", actions);
            self.each(&mut owner, "actions", |plan, item| {
                plan.sign_on_action(env, id, &name, item)
            })?;
        }
        Ok(())
    }

    /// An action has no name: without an id it is the one of its priority.
    fn sign_on_action(
        &mut self,
        env: EnvId,
        policy: Uuid,
        policy_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(Data::Number(priority)) = node.get("priority").map(|it| &it.data) else {
            let message = "is missing; it must be a number from 1";
            self.note(node.line, "priority", message);
            return Ok(());
        };
        let priority = priority.to_string();
        let actions: Vec<SignOnAction> = self.draft.all(env)?;
        let known = actions.iter().find(|it| {
            it.sign_on_policy.id.uuid() == policy && it.priority.to_string() == priority
        });
        let known = known.map(|it| it.id.uuid());
        let label = format!("{policy_name}/{priority}");
        let id = self.identify(&mut node, env, kinds::SIGN_ON_ACTION, known, &label);
        self.refer(&mut node, "agreement", env, &AGREEMENT);
        self.refer(&mut node, "identityProvider", env, &IDENTITY_PROVIDER);
        self.refer_each(&mut node, "socialProviders", env, &IDENTITY_PROVIDER);
        self.discovery_rules(env, &mut node);
        if let Some(mut registration) = node.take("registration") {
            self.refer(&mut registration, "population", env, &POPULATION);
            node.set("registration", registration);
        }
        let line = node.line;
        let before: Option<SignOnAction> = self.draft.get(env, id)?;
        let built: Option<SignOnAction> = self.entity(Parts {
            env,
            id: ActionId::from_uuid(id).to_string(),
            patch: node,
            implied: vec![("signOnPolicy", id_json(policy))],
            fresh: Vec::new(),
            nested: &["id"],
        })?;
        match built.filter(|it| self.tools.is_some() && before.as_ref() != Some(it)) {
            Some(action) => self.asks_for_agreement(line, env, &action),
            None => Ok(()),
        }
    }
}
