//! Applications with what hangs on them, and role assignments.

use countersign_domain::application::push_credential::PushCredential;
use countersign_domain::application::redirect_uri::check_registration;
use countersign_domain::application::{
    Application, ApplicationAttribute, ApplicationSecret, ApplicationType, Grant, Protocol,
    SignOnPolicyAssignment,
};
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{ApplicationId, AttributeId, EnvId, derived_uuid};
use countersign_domain::reference::{Ref, fold};
use countersign_domain::role::RoleSubject;
use countersign_domain::store::{Fault, Key};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;

use super::build::Parts;

use super::keys::KEY_ROTATION_POLICY;
use super::node::{Data, Node};
use super::plan::{Plan, Referent, id_json};
use super::settings::{RESOURCE, SCOPE, SIGN_ON_POLICY};
use crate::expression;

pub(super) const APPLICATION: Referent = Referent {
    kind: kinds::APPLICATION,
    noun: "application",
    rule: Application::BY_NAME,
    folds: true,
};

/// Lists and values of an application that are documents of their own.
const NESTED: &[&str] = &[
    "id",
    "clientId",
    "clientSecret",
    "attributes",
    "grants",
    "signOnPolicyAssignments",
    "pushCredentials",
    "roleAssignments",
];
const LISTS: &[&str] = &[
    "attributes",
    "grants",
    "signOnPolicyAssignments",
    "pushCredentials",
    "roleAssignments",
];

/// Shortest client secret that may be brought along.
const SHORTEST_SECRET: usize = 8;

/// Whether it is an application of somebody's that speaks OpenID Connect.
fn speaks_openid(application: &Application) -> bool {
    application.protocol == Protocol::OpenidConnect && !application.type_.is_system()
}

/// Whether the file has the mapping that an application begins with: one that was exported does.
fn has_core(lists: &Node) -> bool {
    let is_core = |it: &Node| {
        it.get_text("mappingType") == Some("CORE") || it.get_text("name") == Some("sub")
    };
    match lists.get("attributes").map(|it| &it.data) {
        Some(Data::List(items)) => items.iter().any(is_core),
        _ => false,
    }
}

impl Plan<'_> {
    pub(super) fn application(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let name = node.get_text("name").unwrap_or_default().to_owned();
        if let Some(client_id) = node.take("clientId") {
            // The client id is the application's id.
            match node.get("id") {
                Some(id) if id.data != client_id.data => {
                    self.note(client_id.line, "clientId", "must equal id, or be left out");
                }
                _ => node.set("id", client_id),
            }
        }
        if name.is_empty() && node.get("id").is_none() {
            self.note(node.line, "name", "is missing; it must be text");
            return Ok(());
        }
        let rule = Application::BY_NAME;
        let found = self.draft.find(kinds::APPLICATION, env, rule, &fold(&name));
        let known = found.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kinds::APPLICATION, known, &name);
        let id = ApplicationId::from_uuid(id);
        let secret = node.take("clientSecret");
        let mut lists = Node::from_json(json!({}), node.line);
        for key in LISTS {
            if let Some(list) = node.take(key) {
                lists.set(key, list);
            }
        }
        if let Some(mut signing) = node.take("signing") {
            self.refer(&mut signing, "keyRotationPolicy", env, &KEY_ROTATION_POLICY);
            node.set("signing", signing);
        }
        self.access_control(env, &mut node);
        let own = self.partner(env, id, &mut node)?;
        let is_new = !self.draft.has(kinds::APPLICATION, env, id);
        let uris = node.get("redirectUris").cloned();
        let line = node.line;
        let mut fresh = vec![("enabled", json!(true))];
        if node
            .get_text("protocol")
            .is_some_and(|it| it != "OPENID_CONNECT")
        {
            fresh.push(("tokenEndpointAuthMethod", json!("NONE")));
        }
        let built: Option<Application> = self.entity(Parts {
            fresh,
            nested: &[NESTED, own].concat(),
            ..Parts::of(env, id, node)
        })?;
        if let Some(application) = &built {
            self.check_application(line, application, uris.as_ref());
            if is_new && speaks_openid(application) && !has_core(&lists) {
                self.core_sub(env, &application.name, id)?;
            }
        }
        // Only what speaks OpenID Connect has something to prove with it.
        if secret.is_some() || built.as_ref().is_none_or(speaks_openid) {
            self.secret(env, id, secret)?;
        }
        self.each(&mut lists, "attributes", |plan, item| {
            plan.application_attribute(env, id, &name, item)
        })?;
        self.each(&mut lists, "grants", |plan, item| {
            plan.grant(env, id, &name, item)
        })?;
        self.each(&mut lists, "signOnPolicyAssignments", |plan, item| {
            plan.assignment(env, id, &name, item)
        })?;
        let is_native = built.is_none_or(|it| it.type_ == ApplicationType::NativeApp);
        self.each(&mut lists, "pushCredentials", |plan, item| {
            if !is_native {
                plan.note(item.line, "", "is for applications of the type NATIVE_APP");
                return Ok(());
            }
            plan.push_credential(env, id, item)
        })?;
        let subject = RoleSubject::Application(Ref::to(id));
        self.roles_later(subject, lists.take("roleAssignments"));
        Ok(())
    }

    fn core_sub(&mut self, env: EnvId, name: &str, id: ApplicationId) -> Result<(), Fault> {
        let label = format!("{name}/sub");
        let attribute = derived_uuid(env, kinds::APPLICATION_ATTRIBUTE, &label);
        let core = ApplicationAttribute::core_sub(AttributeId::from_uuid(attribute), id, self.now);
        self.draft.put(env, &core)
    }

    fn check_application(&mut self, line: usize, it: &Application, uris: Option<&Node>) {
        let lines = match uris.map(|node| &node.data) {
            Some(Data::List(items)) => items.iter().map(|item| item.line).collect(),
            _ => Vec::new(),
        };
        for (at, uri) in it.redirect_uris.iter().enumerate() {
            if let Err(error) = check_registration(uri, it.allow_wildcard_in_redirect_uris) {
                let line = lines.get(at).copied().unwrap_or(line);
                self.note(line, &format!("redirectUris[{at}]"), error);
            }
        }
        let ranges = [
            ("parTimeout", it.par_timeout, 1..=600),
            ("deviceTimeout", it.device_timeout, 1..=3600),
            ("devicePollingInterval", it.device_polling_interval, 1..=60),
            (
                "refreshTokenDuration",
                it.refresh_token_duration(),
                60..=2_147_483_647,
            ),
            (
                "refreshTokenRollingDuration",
                it.refresh_token_rolling_duration.unwrap_or(60),
                60..=2_147_483_647,
            ),
            (
                "refreshTokenRollingGracePeriodDuration",
                it.refresh_token_rolling_grace_period_duration.unwrap_or(0),
                0..=86_400,
            ),
        ];
        for (field, value, range) in ranges {
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                self.note(line, field, format!("must be {least} to {most}"));
            }
        }
        if it.support_unsigned_request_object && it.require_signed_request_object {
            let message = "cannot be combined with supportUnsignedRequestObject";
            self.note(line, "requireSignedRequestObject", message);
        }
    }

    fn secret(&mut self, env: EnvId, id: ApplicationId, given: Option<Node>) -> Result<(), Fault> {
        let given: Option<SecretString> = match given {
            None => None,
            Some(node) => match node.data {
                Data::Text(text) if text.chars().count() >= SHORTEST_SECRET => Some(text.into()),
                _ => {
                    let message = "must be text of 8 characters or more";
                    self.note(node.line, "clientSecret", message);
                    return Ok(());
                }
            },
        };
        let Some(tools) = self.tools else {
            return Ok(());
        };
        let owner = Key::new(ApplicationSecret::KIND, env, id.to_string());
        let before: Option<ApplicationSecret> = self.draft.get(env, id)?;
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
        let secret = ApplicationSecret {
            application: Ref::to(id),
            secret: tools.maker.vault.seal(&owner, bytes, tools.maker.entropy)?,
            previous: None,
        };
        self.draft.put(env, &secret)
    }

    fn application_attribute(
        &mut self,
        env: EnvId,
        application: ApplicationId,
        application_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let rule = ApplicationAttribute::UNIQUE_NAME;
        let value = format!("{application}/{name}");
        let kind = kinds::APPLICATION_ATTRIBUTE;
        let found = self.draft.find(kind, env, rule, &value);
        let known = found.and_then(|id| id.parse().ok());
        let label = format!("{application_name}/{name}");
        let id = self.identify(&mut node, env, kind, known, &label);
        if node.get("oidcScopes").is_some() {
            // They are scopes of the OpenID Connect resource.
            let text = Node::text("openid".to_owned(), node.line);
            if let Some(openid) = self.resolve(env, &text, "oidcScopes", &RESOURCE, "") {
                self.ids_in_list(&mut node, "oidcScopes", env, &SCOPE, &format!("{openid}/"));
            }
        }
        let line = node.get("value").map_or(node.line, |value| value.line);
        let built = self.entity::<ApplicationAttribute>(Parts {
            implied: vec![("application", id_json(application))],
            ..Parts::of(env, id, node)
        })?;
        if let Some(Err(why)) = built.map(|it| expression::check(&it.value, expression::NAMES)) {
            self.note(line, "value", why);
        }
        Ok(())
    }

    fn grant(
        &mut self,
        env: EnvId,
        application: ApplicationId,
        application_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(target) = node.get("resource").cloned() else {
            self.note(node.line, "resource", "is missing; name a resource");
            return Ok(());
        };
        let Some(resource) = self.resolve(env, &target, "resource", &RESOURCE, "") else {
            return Ok(());
        };
        node.set("resource", Node::from_json(id_json(resource), target.line));
        let prefix = format!("{resource}/");
        self.ids_in_list(&mut node, "scopes", env, &SCOPE, &prefix);
        if let Some(Node {
            data: Data::List(items),
            ..
        }) = node.get("scopes")
        {
            let references = items
                .iter()
                .map(|item| Node::from_json(json!({"id": item.to_json()}), item.line));
            let references = Data::List(references.collect());
            let line = node.line;
            node.set(
                "scopes",
                Node {
                    line,
                    data: references,
                },
            );
        }
        let rule = Grant::UNIQUE_RESOURCE;
        let value = format!("{application}/{resource}");
        let found = self.draft.find(kinds::GRANT, env, rule, &value);
        let known = found.and_then(|id| id.parse().ok());
        let label = format!("{application_name}/{resource}");
        let id = self.identify(&mut node, env, kinds::GRANT, known, &label);
        self.entity::<Grant>(Parts {
            implied: vec![("application", id_json(application))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    fn assignment(
        &mut self,
        env: EnvId,
        application: ApplicationId,
        application_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(target) = node.get("signOnPolicy").cloned() else {
            self.note(node.line, "signOnPolicy", "is missing; name a policy");
            return Ok(());
        };
        let policy = self.resolve(env, &target, "signOnPolicy", &SIGN_ON_POLICY, "");
        let Some(policy) = policy else { return Ok(()) };
        node.set(
            "signOnPolicy",
            Node::from_json(id_json(policy), target.line),
        );
        let rule = SignOnPolicyAssignment::UNIQUE_POLICY;
        let kind = kinds::SIGN_ON_POLICY_ASSIGNMENT;
        let value = format!("{application}/{policy}");
        let found = self.draft.find(kind, env, rule, &value);
        let known = found.and_then(|id| id.parse().ok());
        let label = format!("{application_name}/{policy}");
        let id = self.identify(&mut node, env, kind, known, &label);
        self.entity::<SignOnPolicyAssignment>(Parts {
            implied: vec![("application", id_json(application))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    /// What it takes to push is kept nowhere (`domain/application/push_credential.rs`), so that there is
    /// nothing more to say than by which service. Without an id it is the one of its service.
    fn push_credential(
        &mut self,
        env: EnvId,
        application: ApplicationId,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(service) = self.name_of(&node, "type") else {
            return Ok(());
        };
        let kind = kinds::PUSH_CREDENTIAL;
        let label = format!("{application}/{service}");
        let id = self.identify(&mut node, env, kind, None, &label);
        self.entity::<PushCredential>(Parts {
            implied: vec![("application", id_json(application))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }
}
