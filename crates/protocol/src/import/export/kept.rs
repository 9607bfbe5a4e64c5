//! What an environment keeps and nothing acts on yet, as `import/kept.rs` and `import/gateways.rs`
//! read it.

use countersign_domain::entity::Entity;
use countersign_domain::environment::BillOfMaterials;
use countersign_domain::gateway::{Gateway, GatewayCredential};
use countersign_domain::ids::GatewayId;
use countersign_domain::notification::settings::{EmailDeliverySettings, PhoneDeliverySettings};
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy, MfaSettings};
use countersign_domain::reference::Ref;
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::store::{Fault, Key};
use countersign_domain::translation::Translations;
use countersign_domain::trusted_email::{EmailDomain, TrustedEmail};
use countersign_domain::vault::Sealed;
use serde_json::{Map, Value, json};

use super::{Exporter, of, plain, roles_of, set};

impl Exporter<'_> {
    pub(super) async fn kept(
        &self,
        value: &mut Value,
        roles: &[RoleAssignment],
    ) -> Result<(), Fault> {
        self.listed::<Fido2Policy>(value, "fido2Policies").await?;
        self.listed::<DeviceAuthenticationPolicy>(value, "deviceAuthenticationPolicies")
            .await?;
        self.single::<MfaSettings>(value, "mfaSettings", &[])
            .await?;
        self.single::<BillOfMaterials>(value, "billOfMaterials", &[])
            .await?;
        set(value, "emailDomains", self.email_domains().await?);
        set(value, "translations", self.translations().await?);
        set(value, "gateways", self.gateways(roles).await?);
        let mut senders = Vec::new();
        for settings in self.all::<PhoneDeliverySettings>().await? {
            let mut one = plain(&settings, &[])?;
            self.reveal(&settings.key(self.env), &mut one, "secret")?;
            senders.push(one);
        }
        set(value, "phoneDeliverySettings", senders);
        if let Some(settings) = self.all::<EmailDeliverySettings>().await?.first() {
            let mut one = plain(settings, &["id"])?;
            self.reveal(&settings.key(self.env), &mut one, "secret")?;
            if let Some(fields) = value.as_object_mut() {
                fields.insert("emailDeliverySettings".to_owned(), one);
            }
        }
        Ok(())
    }

    async fn email_domains(&self) -> Result<Vec<Value>, Fault> {
        let addresses: Vec<TrustedEmail> = self.all().await?;
        let mut written = Vec::new();
        for domain in self.all::<EmailDomain>().await? {
            let mut value = plain(&domain, &[])?;
            let own = of(&addresses, &["domain"], |it| it.domain.id == domain.id)?;
            set(&mut value, "trustedEmails", own);
            written.push(value);
        }
        Ok(written)
    }

    async fn translations(&self) -> Result<Vec<Value>, Fault> {
        let all: Vec<Translations> = self.all().await?;
        let all = all.into_iter();
        Ok(all
            .map(|it| json!({ "locale": it.id, "texts": it.texts }))
            .collect())
    }

    /// Credentials go with the keys that signed them: without those they open nothing.
    async fn gateways(&self, roles: &[RoleAssignment]) -> Result<Vec<Value>, Fault> {
        let credentials: Vec<GatewayCredential> = if self.options.secrets {
            self.all().await?
        } else {
            Vec::new()
        };
        let mut written = Vec::new();
        for gateway in self.all::<Gateway>().await? {
            let owner = gateway.key(self.env);
            let mut value = plain(&gateway, &[])?;
            for name in ["bindPassword", "defaultSharedSecret"] {
                self.reveal(&owner, &mut value, name)?;
            }
            if let Some(kerberos) = value.get_mut("kerberos") {
                self.reveal(&owner, kerberos, "serviceAccountPassword")?;
            }
            let clients = value.get_mut("radiusClients").and_then(Value::as_array_mut);
            for client in clients.into_iter().flatten() {
                self.reveal(&owner, client, "sharedSecret")?;
            }
            let id: GatewayId = gateway.id;
            let own = of(&credentials, &["gateway"], |it| it.gateway.id == id)?;
            set(&mut value, "credentials", own);
            let subject = RoleSubject::Gateway(Ref::to(id));
            set(&mut value, "roleAssignments", roles_of(roles, subject)?);
            written.push(value);
        }
        Ok(written)
    }

    /// Puts a secret in clear in the place of the sealed one, or leaves it out.
    fn reveal(&self, owner: &Key, value: &mut Value, name: &str) -> Result<(), Fault> {
        let fields: Option<&mut Map<String, Value>> = value.as_object_mut();
        let Some(fields) = fields else {
            return Ok(());
        };
        let sealed = fields.remove(name);
        let sealed = sealed.and_then(|it| serde_json::from_value::<Sealed>(it).ok());
        if let (Some(sealed), true) = (sealed, self.options.secrets) {
            let text = self.open(owner, &sealed)?;
            fields.insert(name.to_owned(), Value::String(text));
        }
        Ok(())
    }
}
