//! Identity providers, their mappings and secrets, and the accounts that users have there.

use countersign_domain::admin_config::AdminConfig;
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::identity_provider::{
    IdentityProvider, IdentityProviderAttribute, IdentityProviderSecret, LinkedAccount,
    ProviderType,
};
use countersign_domain::ids::{EnvId, IdentityProviderId, UserId};
use countersign_domain::reference::Ref;
use countersign_domain::schema::SchemaAttribute;
use countersign_domain::store::{Fault, Key};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;
use url::Url;
use uuid::Uuid;

use super::build::Parts;
use super::node::{Data, Node};
use super::plan::{Plan, Referent, id_json};
use super::settings::POPULATION;
use crate::rp::attributes;
use crate::v1::environments::schemas;

pub(super) const IDENTITY_PROVIDER: Referent = Referent {
    kind: kinds::IDENTITY_PROVIDER,
    noun: "identity provider",
    rule: IdentityProvider::UNIQUE_NAME,
    folds: true,
};
const ATTRIBUTE: Referent = Referent {
    kind: kinds::IDENTITY_PROVIDER_ATTRIBUTE,
    noun: "attribute of an identity provider",
    rule: IdentityProviderAttribute::UNIQUE_NAME,
    folds: false,
};

/// Most discovery rules of an action.
/// Source: `reference/flows.md` 16.
const MAX_RULES: usize = 100;

/// What PingOne calls the secret, by type of provider.
const SECRETS: [&str; 3] = ["clientSecret", "appSecret", "clientSecretSigningKey"];

impl Plan<'_> {
    /// How administrators sign on: one for each environment.
    pub(super) fn admin_config(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        self.refer(&mut node, "provider", env, &IDENTITY_PROVIDER);
        let line = node.line;
        let built: Option<AdminConfig> = self.entity(Parts {
            env,
            id: AdminConfig::ID.to_owned(),
            patch: node,
            implied: Vec::new(),
            fresh: vec![
                ("authenticationMethod", json!("PINGONE")),
                ("mfaStatus", json!("ENFORCE")),
                ("recovery", json!(true)),
            ],
            nested: &[],
        })?;
        let Some(config) = built else { return Ok(()) };
        for name in config.allowed_methods.misspelt() {
            let message = r#"must be the text {"enabled":true} or {"enabled":false}"#;
            self.note(line, name, message);
        }
        Ok(())
    }

    pub(super) fn identity_provider(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let id = self.named(env, &mut node, &IDENTITY_PROVIDER, "", &name);
        let line = node.line;
        let secret = SECRETS.iter().find_map(|key| node.take(key));
        let attributes = node.take("attributes");
        if let Some(mut registration) = node.take("registration") {
            self.refer(&mut registration, "population", env, &POPULATION);
            node.set("registration", registration);
        }
        let is_new = !self.draft.has(kinds::IDENTITY_PROVIDER, env, id);
        let built: Option<IdentityProvider> = self.entity(Parts {
            fresh: vec![("enabled", json!(true))],
            nested: &["id", "clientSecret", "attributes"],
            ..Parts::of(env, id, node)
        })?;
        let Some(provider) = built else { return Ok(()) };
        self.check_provider(line, &provider);
        self.provider_secret(env, provider.id, secret)?;
        let mut nested = Node::from_json(json!({}), line);
        let names_username = matches!(attributes.as_ref().map(|it| &it.data),
            Some(Data::List(items)) if items.iter().any(|it| it.get_text("name") == Some("username")));
        if let Some(attributes) = attributes {
            nested.set("attributes", attributes);
        }
        if is_new && !names_username {
            // Every provider begins with it: its `username` is what the provider calls the person.
            let core = json!({
                "name": "username", "value": "${providerAttributes.sub}",
                "update": "EMPTY_ONLY", "mappingType": "CORE",
            });
            self.provider_attribute(env, id, &name, Node::from_json(core, line))?;
        }
        self.each(&mut nested, "attributes", |plan, item| {
            plan.provider_attribute(env, id, &name, item)
        })
    }

    /// What an OpenID provider needs, and that nothing is sent in the clear.
    fn check_provider(&mut self, line: usize, provider: &IdentityProvider) {
        if provider.type_ != ProviderType::OpenidConnect {
            return;
        }
        for (field, value, is_needed) in [
            ("clientId", &provider.client_id, true),
            ("issuer", &provider.issuer, true),
            (
                "authorizationEndpoint",
                &provider.authorization_endpoint,
                true,
            ),
            ("tokenEndpoint", &provider.token_endpoint, true),
            ("jwksEndpoint", &provider.jwks_endpoint, true),
            ("userInfoEndpoint", &provider.user_info_endpoint, false),
            ("discoveryEndpoint", &provider.discovery_endpoint, false),
        ] {
            match value {
                None if is_needed => {
                    self.note(line, field, "an OPENID_CONNECT provider needs it");
                }
                Some(url) if field != "clientId" && !is_safe(url) => {
                    self.note(line, field, "must be an https URL");
                }
                _ => {}
            }
        }
    }

    fn provider_secret(
        &mut self,
        env: EnvId,
        id: IdentityProviderId,
        given: Option<Node>,
    ) -> Result<(), Fault> {
        let given: Option<SecretString> = match given.map(|node| (node.line, node.data)) {
            None => None,
            Some((_, Data::Text(text))) if !text.is_empty() => Some(text.into()),
            Some((line, _)) => {
                self.note(line, "clientSecret", "must be text; quote it");
                return Ok(());
            }
        };
        let Some(tools) = self.tools else {
            return Ok(());
        };
        let owner = Key::new(IdentityProviderSecret::KIND, env, id.to_string());
        let before: Option<IdentityProviderSecret> = self.draft.get(env, id)?;
        let Some(given) = given else {
            return match before {
                Some(before) => self.draft.put(env, &before),
                None => Ok(()),
            };
        };
        let bytes = given.expose_secret().as_bytes();
        if let Some(before) = before {
            let stored = tools.maker.vault.open(&owner, &before.secret)?;
            if bool::from(stored.as_slice().ct_eq(bytes)) {
                return self.draft.put(env, &before);
            }
        }
        let secret = IdentityProviderSecret {
            identity_provider: Ref::to(id),
            secret: tools.maker.vault.seal(&owner, bytes, tools.maker.entropy)?,
        };
        self.draft.put(env, &secret)
    }

    fn provider_attribute(
        &mut self,
        env: EnvId,
        provider: Uuid,
        provider_name: &str,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "name") else {
            return Ok(());
        };
        let own: Vec<SchemaAttribute> = self.draft.all(env)?;
        // Whether the store has an attribute of that name is not known when a file is checked alone.
        let may_be_own = self.tools.is_none() && schemas::may_be_own(&name);
        if !may_be_own && !attributes::may_be_mapped(&name, &own) {
            self.note(node.line, "name", "is no attribute that a provider can set");
        }
        if let Some(value) = node.get_text("value")
            && !attributes::is_readable(value)
        {
            let message = "must be a text with ${providerAttributes.<name>} or \
                           ${providerAttributes['<name>']} in it";
            self.note(node.line, "value", message);
        }
        let prefix = format!("{provider}/");
        let label = format!("{provider_name}/{name}");
        let id = self.named(env, &mut node, &ATTRIBUTE, &prefix, &label);
        self.entity::<IdentityProviderAttribute>(Parts {
            implied: vec![("identityProvider", id_json(provider))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    /// The provider that has the say over a user: `{id}` is enough, its type follows.
    pub(super) fn authority(&mut self, env: EnvId, node: &mut Node) -> Result<(), Fault> {
        let Some(value) = node.take("identityProvider") else {
            return Ok(());
        };
        let is_ours = value.get_text("type") == Some("PING_ONE");
        if is_ours || value.data == Data::Null {
            node.set("identityProvider", value);
            return Ok(());
        }
        let field = "identityProvider";
        let Some(id) = self.resolve(env, &value, field, &IDENTITY_PROVIDER, "") else {
            return Ok(());
        };
        let provider: Option<IdentityProvider> = self.draft.get(env, id)?;
        // Of one that is gone, or not known yet, the file says what it was.
        let type_ = match (provider, value.get_text("type")) {
            (Some(provider), _) => json!(provider.type_),
            (None, Some(said)) => json!(said),
            (None, None) => json!(ProviderType::OpenidConnect),
        };
        let json = json!({"id": id, "type": type_});
        node.set(field, Node::from_json(json, value.line));
        Ok(())
    }

    /// Rewrites a list of references to one of `{id: ...}`.
    pub(super) fn refer_each(
        &mut self,
        node: &mut Node,
        field: &'static str,
        env: EnvId,
        referent: &Referent,
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
                let id = self.resolve(env, item, &place, referent, "");
                id.is_some_and(|id| {
                    *item = Node::from_json(json!({"id": id}), item.line);
                    true
                })
            });
        }
        node.set(field, list);
    }

    /// The providers of discovery rules.
    pub(super) fn discovery_rules(&mut self, env: EnvId, node: &mut Node) {
        let Some(mut list) = node.take("discoveryRules") else {
            return;
        };
        if let Data::List(items) = &mut list.data {
            if items.len() > MAX_RULES {
                self.note(list.line, "discoveryRules", "must be at most 100");
            }
            for item in items {
                self.refer(item, "identityProvider", env, &IDENTITY_PROVIDER);
            }
        }
        node.set("discoveryRules", list);
    }

    /// An account of a user at a provider.
    pub(super) fn linked_account(
        &mut self,
        env: EnvId,
        user: UserId,
        mut node: Node,
    ) -> Result<(), Fault> {
        let Some(external) = self.name_of(&node, "externalId") else {
            return Ok(());
        };
        if external.len() > attributes::MAX_EXTERNAL_ID {
            self.note(node.line, "externalId", "must have at most 255 bytes");
        }
        let Some(value) = node.take("identityProvider") else {
            self.note(node.line, "identityProvider", "is missing");
            return Ok(());
        };
        let field = "identityProvider";
        let Some(provider) = self.resolve(env, &value, field, &IDENTITY_PROVIDER, "") else {
            return Ok(());
        };
        let rule = LinkedAccount::UNIQUE_EXTERNAL;
        let unique = format!("{provider}/{external}");
        let found = self.draft.find(kinds::LINKED_ACCOUNT, env, rule, &unique);
        let known = found.and_then(|id| id.parse().ok());
        let id = self.identify(&mut node, env, kinds::LINKED_ACCOUNT, known, &unique);
        self.entity::<LinkedAccount>(Parts {
            implied: vec![
                ("user", id_json(user)),
                ("identityProvider", id_json(provider)),
            ],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }
}

/// https, or http on this machine.
fn is_safe(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| crate::jose::remote::is_safe(&url))
}
