//! What an environment keeps and nothing acts on yet: second factors, senders of messages, trusted
//! senders, texts of pages. It is checked for its shape alone.

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::BillOfMaterials;
use countersign_domain::ids::EnvId;
use countersign_domain::notification::settings::{EmailDeliverySettings, PhoneDeliverySettings};
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy, MfaSettings};
use countersign_domain::reference::fold;
use countersign_domain::store::{Fault, Key};
use countersign_domain::translation::Translations;
use countersign_domain::trusted_email::{EmailDomain, TrustedEmail};
use serde_json::json;
use uuid::Uuid;

use super::build::Parts;
use super::node::Node;
use super::plan::{Plan, Referent, id_json};

pub(super) const DEVICE_AUTHENTICATION_POLICY: Referent = Referent {
    kind: kinds::DEVICE_AUTHENTICATION_POLICY,
    noun: "device authentication policy",
    rule: DeviceAuthenticationPolicy::UNIQUE_NAME,
    folds: true,
};
const FIDO2_POLICY: Referent = Referent {
    kind: kinds::FIDO2_POLICY,
    noun: "FIDO2 policy",
    rule: Fido2Policy::UNIQUE_NAME,
    folds: true,
};

impl Plan<'_> {
    pub(super) fn device_authentication_policy(
        &mut self,
        env: EnvId,
        node: Node,
    ) -> Result<(), Fault> {
        type Policy = DeviceAuthenticationPolicy;
        let built: Option<Policy> = self.by_name(env, node, &DEVICE_AUTHENTICATION_POLICY)?;
        if let Some(policy) = built.filter(|it| it.default) {
            self.only_default(env, &policy.id(), |other: &mut Policy| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    pub(super) fn fido2_policy(&mut self, env: EnvId, node: Node) -> Result<(), Fault> {
        let built: Option<Fido2Policy> = self.by_name(env, node, &FIDO2_POLICY)?;
        if let Some(policy) = built.filter(|it| it.default) {
            self.only_default(env, &policy.id(), |other: &mut Fido2Policy| {
                std::mem::take(&mut other.default)
            })?;
        }
        Ok(())
    }

    /// What an environment was made for: one for each.
    pub(super) fn bill_of_materials(&mut self, env: EnvId, node: Node) -> Result<(), Fault> {
        self.entity::<BillOfMaterials>(Parts {
            nested: &[],
            ..Parts::of(env, BillOfMaterials::ID, node)
        })?;
        Ok(())
    }

    /// One for each environment.
    pub(super) fn mfa_settings(&mut self, env: EnvId, node: Node) -> Result<(), Fault> {
        self.entity::<MfaSettings>(Parts {
            nested: &[],
            ..Parts::of(env, MfaSettings::ID, node)
        })?;
        Ok(())
    }

    /// A domain with its addresses.
    pub(super) fn email_domain(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(name) = self.name_of(&node, "domainName") else {
            return Ok(());
        };
        if !EmailDomain::is_name(&name) {
            let message = "must be a domain name such as example.com";
            self.note(node.line, "domainName", message);
            return Ok(());
        }
        let (kind, folded) = (kinds::EMAIL_DOMAIN, fold(&name));
        let known = self.known(env, kind, EmailDomain::UNIQUE_NAME, &folded);
        let id = self.identify(&mut node, env, kind, known, &folded);
        let mut addresses = Node::from_json(json!({}), node.line);
        if let Some(list) = node.take("trustedEmails") {
            addresses.set("trustedEmails", list);
        }
        self.entity::<EmailDomain>(Parts {
            nested: &["id", "trustedEmails"],
            ..Parts::of(env, id, node)
        })?;
        self.each(&mut addresses, "trustedEmails", |plan, item| {
            plan.trusted_email(env, id, item)
        })
    }

    fn trusted_email(&mut self, env: EnvId, domain: Uuid, mut node: Node) -> Result<(), Fault> {
        let Some(address) = self.name_of(&node, "emailAddress") else {
            return Ok(());
        };
        let (kind, folded) = (kinds::TRUSTED_EMAIL, fold(&address));
        let known = self.known(env, kind, TrustedEmail::UNIQUE_ADDRESS, &folded);
        let id = self.identify(&mut node, env, kind, known, &folded);
        self.entity::<TrustedEmail>(Parts {
            implied: vec![("domain", id_json(domain))],
            ..Parts::of(env, id, node)
        })?;
        Ok(())
    }

    /// The texts of a language are told by its locale.
    pub(super) fn translations(&mut self, env: EnvId, mut node: Node) -> Result<(), Fault> {
        let Some(locale) = self.name_of(&node, "locale") else {
            return Ok(());
        };
        node.take("locale");
        self.entity::<Translations>(Parts {
            nested: &["locale"],
            ..Parts::of(env, fold(&locale), node)
        })?;
        Ok(())
    }

    /// A mail server of the environment's own: one for each environment.
    pub(super) fn email_delivery_settings(
        &mut self,
        env: EnvId,
        mut node: Node,
    ) -> Result<(), Fault> {
        let owner = Key::new(EmailDeliverySettings::KIND, env, env.to_string());
        let before: Option<EmailDeliverySettings> = self.draft.get(env, env)?;
        let before = before.and_then(|it| it.secret);
        self.seal(&owner, &mut node, "secret", before.as_ref())?;
        self.entity::<EmailDeliverySettings>(Parts {
            fresh: vec![("protocol", json!("SMTPS"))],
            nested: &[],
            ..Parts::of(env, env, node)
        })?;
        Ok(())
    }

    /// A sender of messages has no name of its own: without an id it is the one of its provider and
    /// account.
    pub(super) fn phone_delivery_settings(
        &mut self,
        env: EnvId,
        mut node: Node,
    ) -> Result<(), Fault> {
        type Settings = PhoneDeliverySettings;
        let Some(provider) = self.name_of(&node, "provider") else {
            return Ok(());
        };
        let account = node.get_text("sid").or_else(|| node.get_text("name"));
        let label = format!("{provider}/{}", account.unwrap_or_default());
        let label_of = |it: &Settings| {
            let account = it.sid.as_deref().or(it.name.as_deref());
            let provider = json!(it.provider);
            let provider = provider.as_str().unwrap_or_default();
            format!("{provider}/{}", account.unwrap_or_default())
        };
        let all: Vec<Settings> = self.draft.all(env)?;
        let known = all.iter().find(|it| label_of(it) == label);
        let known = known.map(|it| it.id);
        let id = self.identify(&mut node, env, Settings::KIND, known, &label);
        let owner = Key::new(Settings::KIND, env, id.to_string());
        let before: Option<Settings> = self.draft.get(env, id)?;
        let before = before.and_then(|it| it.secret);
        self.seal(&owner, &mut node, "secret", before.as_ref())?;
        self.entity::<Settings>(Parts::of(env, id, node))?;
        Ok(())
    }
}
