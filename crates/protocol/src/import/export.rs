//! Export: an environment as a file that import reads. JSON, which is YAML too.

mod consents;
mod factors;
mod kept;

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::admin_config::AdminConfig;
use countersign_domain::agreement::{Agreement, AgreementLanguage, AgreementRevision};
use countersign_domain::application::push_credential::PushCredential;
use countersign_domain::application::{
    Application, ApplicationAttribute, ApplicationSecret, Grant, SignOnPolicyAssignment,
};
use countersign_domain::branding::{BrandingSettings, Image, Theme};
use countersign_domain::custom_domain::CustomDomain;
use countersign_domain::device::Device;
use countersign_domain::entity::{Entity, load};
use countersign_domain::environment::Environment;
use countersign_domain::group::{Group, GroupMembership, GroupNesting};
use countersign_domain::identity_provider::{
    IdentityProvider, IdentityProviderAttribute, IdentityProviderSecret, LinkedAccount,
};
use countersign_domain::ids::{ApplicationId, EnvId, ResourceId, UserId};
use countersign_domain::key::{KeyRotationPolicy, SigningKey};
use countersign_domain::language::Language;
use countersign_domain::notification::NotificationContent;
use countersign_domain::notification::policy::NotificationsPolicy;
use countersign_domain::notification::settings::NotificationsSettings;
use countersign_domain::organization::{License, Organization};
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::policy::sign_on::{SignOnAction, SignOnPolicy};
use countersign_domain::population::Population;
use countersign_domain::ports::{Ports, Store};
use countersign_domain::reference::Ref;
use countersign_domain::resource::{Resource, ResourceAttribute, ResourceSecret, Scope};
use countersign_domain::role::{CustomRole, RoleAssignment, RoleSubject};
use countersign_domain::schema::{SchemaAttribute, StandardAttribute};
use countersign_domain::store::{Fault, Key, Query};
use countersign_domain::subscription::Subscription;
use countersign_domain::time::Time;
use countersign_domain::user::{Credential, User};
use countersign_domain::vault::Sealed;
use serde_json::{Map, Value, json};

use super::apply::list;
use super::{gone, partner, subscriptions};
use crate::defaults::key_pair;

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportOptions {
    /// Private keys, client secrets and password hashes as well. Without them an import makes new
    /// keys and secrets, and users have no password.
    pub secrets: bool,
    /// Leave the users out.
    pub without_users: bool,
    /// Leave out what the users consented to.
    pub without_consents: bool,
}

/// Most users in a file: an import of it is one transaction, and its file is in memory.
pub const MAX_USERS: usize = 20_000;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// More than one file should have.
    #[error(
        "there are more than {MAX_USERS} users in the environment: write it with --without-users, \
         and them with --users"
    )]
    TooManyUsers,
    /// The store, or cryptography.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Writes an environment as JSON; `None` if there is none. Times and ids are kept, so that
/// importing it where it came from changes nothing. Not written: sessions and tokens, lockouts,
/// former passwords, former client secrets.
pub async fn export(
    ports: &Ports,
    env: EnvId,
    options: ExportOptions,
) -> Result<Option<String>, ExportError> {
    let now = ports.clock.now();
    let store = ports.store.as_ref();
    let found = load::<Environment>(store, EnvId::PLATFORM, env.to_string(), now).await?;
    let Some(environment) = found else {
        return Ok(None);
    };
    let environment = environment.value;
    let organization = environment.organization.id;
    let organization =
        load::<Organization>(store, EnvId::PLATFORM, organization.to_string(), now).await?;
    let mut licenses = Vec::new();
    if let Some(license) = environment.license {
        let id = license.id.to_string();
        licenses.extend(load::<License>(store, EnvId::PLATFORM, id, now).await?);
    }
    let exporter = Exporter {
        ports,
        env,
        now,
        options,
    };
    let mut file = Map::new();
    if let Some(organization) = organization {
        file.insert("organization".to_owned(), plain(&organization.value, &[])?);
    }
    let licenses = licenses.iter();
    let licenses: Result<Vec<_>, _> = licenses
        .map(|it| plain(&it.value, &["organization"]))
        .collect();
    file.insert("licenses".to_owned(), Value::Array(licenses?));
    if !options.without_users && exporter.has_too_many_users().await? {
        return Err(ExportError::TooManyUsers);
    }
    let mut environment = exporter.environment(&environment).await?;
    let gone = gone::of_exported(&environment)?;
    set(&mut environment, "gone", gone);
    file.insert("environments".to_owned(), json!([environment]));
    let text = serde_json::to_string_pretty(&file);
    Ok(Some(text.map_err(|error| unwritable(env, &error))?))
}

fn unwritable(env: EnvId, error: &serde_json::Error) -> Fault {
    Fault::Corrupt {
        key: Key::new(Environment::KIND, EnvId::PLATFORM, env.to_string()),
        reason: error.to_string(),
    }
}

/// An entity without what its place in the file says.
fn plain<E: Entity>(entity: &E, implied: &[&str]) -> Result<Value, Fault> {
    let value = serde_json::to_value(entity).map_err(|error| Fault::Corrupt {
        key: entity.key(EnvId::PLATFORM),
        reason: error.to_string(),
    })?;
    Ok(match value {
        Value::Object(mut fields) => {
            for name in implied {
                fields.remove(*name);
            }
            Value::Object(fields)
        }
        other => other,
    })
}

fn set(value: &mut Value, key: &str, list: Vec<Value>) {
    if let (Some(fields), false) = (value.as_object_mut(), list.is_empty()) {
        fields.insert(key.to_owned(), Value::Array(list));
    }
}

/// Plain forms of those entities that belong to an owner.
fn of<E: Entity>(
    all: &[E],
    implied: &[&str],
    belongs: impl Fn(&E) -> bool,
) -> Result<Vec<Value>, Fault> {
    let of_owner = all.iter().filter(|it| belongs(it));
    of_owner.map(|it| plain(it, implied)).collect()
}

/// Most levels of nested groups that the order of groups goes by.
const DEEPEST: u32 = 10;

struct Exporter<'a> {
    ports: &'a Ports,
    env: EnvId,
    now: Time,
    options: ExportOptions,
}

impl Exporter<'_> {
    fn store(&self) -> &dyn Store {
        self.ports.store.as_ref()
    }

    async fn all<E: Entity>(&self) -> Result<Vec<E>, Fault> {
        let docs = list(self.store(), E::KIND, self.env, self.now).await?;
        docs.iter().map(E::from_doc).collect()
    }

    /// A list of all of a kind that have nothing of their own.
    async fn listed<E: Entity>(&self, value: &mut Value, key: &str) -> Result<(), Fault> {
        let all: Vec<E> = self.all().await?;
        set(value, key, of(&all, &[], |_| true)?);
        Ok(())
    }

    /// What there is one of, if there is one.
    async fn single<E: Entity>(
        &self,
        value: &mut Value,
        key: &str,
        implied: &[&str],
    ) -> Result<(), Fault> {
        let all: Vec<E> = self.all().await?;
        if let (Some(fields), Some(one)) = (value.as_object_mut(), all.first()) {
            fields.insert(key.to_owned(), plain(one, implied)?);
        }
        Ok(())
    }

    async fn environment(&self, environment: &Environment) -> Result<Value, Fault> {
        let mut value = plain(environment, &["organization"])?;
        if let Some(fields) = value.as_object_mut() {
            // Everything is listed: nothing is to be added to it elsewhere.
            fields.insert("defaults".to_owned(), Value::Bool(false));
        }
        let roles: Vec<RoleAssignment> = self.all().await?;
        let written = &mut value;
        self.listed::<SchemaAttribute>(written, "schemaAttributes")
            .await?;
        let changed: Vec<StandardAttribute> = self.all().await?;
        set(
            written,
            "standardAttributes",
            of(&changed, &["id"], |_| true)?,
        );
        self.listed::<CustomRole>(written, "roles").await?;
        self.listed::<PasswordPolicy>(written, "passwordPolicies")
            .await?;
        self.listed::<Language>(written, "languages").await?;
        self.listed::<Image>(written, "images").await?;
        self.listed::<Theme>(written, "themes").await?;
        self.single::<BrandingSettings>(written, "brandingSettings", &["id"])
            .await?;
        self.single::<NotificationsSettings>(written, "notificationsSettings", &["id"])
            .await?;
        self.listed::<Population>(written, "populations").await?;
        set(written, "identityProviders", self.providers().await?);
        set(written, "keys", self.keys().await?);
        set(written, "certificates", self.certificates().await?);
        set(written, "keyRotationPolicies", self.rotation().await?);
        set(written, "resources", self.resources().await?);
        set(written, "agreements", self.agreements().await?);
        self.listed::<NotificationContent>(written, "notificationContents")
            .await?;
        self.listed::<NotificationsPolicy>(written, "notificationsPolicies")
            .await?;
        self.kept(written, &roles).await?;
        set(written, "signOnPolicies", self.policies().await?);
        set(written, "groups", self.groups(&roles).await?);
        set(written, "applications", self.applications(&roles).await?);
        let subscriptions: Vec<Subscription> = self.all().await?;
        let (vault, secrets) = (&self.ports.vault, self.options.secrets);
        let webhooks = subscriptions
            .iter()
            .map(|it| subscriptions::written(vault, self.env, it, secrets));
        let webhooks: Result<Vec<Value>, Fault> = webhooks.collect();
        set(written, "subscriptions", webhooks?);
        self.single::<AdminConfig>(written, "adminConfig", &[])
            .await?;
        self.listed::<CustomDomain>(written, "customDomains")
            .await?;
        if !self.options.without_users {
            set(&mut value, "users", self.users(&roles).await?);
        }
        Ok(value)
    }

    async fn has_too_many_users(&self) -> Result<bool, Fault> {
        let mut query = Query::all(User::KIND, self.env, 1_000);
        let mut count = 0;
        loop {
            let page = self.store().list(&query, self.now).await?;
            count += page.docs.len();
            query.after = page.next;
            if query.after.is_none() || count > MAX_USERS {
                return Ok(count > MAX_USERS);
            }
        }
    }

    async fn keys(&self) -> Result<Vec<Value>, Fault> {
        if !self.options.secrets {
            return Ok(Vec::new());
        }
        let mut written = Vec::new();
        for key in self.all::<SigningKey>().await? {
            let pair = key_pair::open_private(&self.ports.vault, self.env, &key)?;
            let mut one = json!({
                "id": key.id,
                "name": key.name,
                "default": key.default,
                "status": key.status,
                "usageType": key.usage_type,
                "signatureAlgorithm": key.signature_algorithm,
                "createdAt": key.created_at,
                "certificate": key.certificate,
                "subjectDN": key.subject_dn,
                "privateKey": pair.to_pem()?.as_str(),
            });
            if let (Some(crl), Some(fields)) = (&key.custom_crl, one.as_object_mut()) {
                fields.insert("customCRL".to_owned(), json!(crl));
            }
            written.push(one);
        }
        Ok(written)
    }

    async fn providers(&self) -> Result<Vec<Value>, Fault> {
        let attributes: Vec<IdentityProviderAttribute> = self.all().await?;
        let secrets: Vec<IdentityProviderSecret> = self.all().await?;
        let mut written = Vec::new();
        for provider in self.all::<IdentityProvider>().await? {
            let mut value = plain(&provider, &[])?;
            let is_own = |it: &IdentityProviderAttribute| it.identity_provider.id == provider.id;
            let own = of(&attributes, &["identityProvider"], is_own)?;
            set(&mut value, "attributes", own);
            let secret = secrets
                .iter()
                .find(|it| it.identity_provider.id == provider.id);
            if let (Some(secret), Some(fields), true) =
                (secret, value.as_object_mut(), self.options.secrets)
            {
                let owner = secret.key(self.env);
                let bytes = self.ports.vault.open(&owner, &secret.secret)?;
                let text = String::from_utf8(bytes.to_vec())
                    .map_err(|_| Fault::Crypto("the secret of a provider is not text"))?;
                fields.insert("clientSecret".to_owned(), Value::String(text));
            }
            written.push(value);
        }
        Ok(written)
    }

    async fn rotation(&self) -> Result<Vec<Value>, Fault> {
        let policies: Vec<KeyRotationPolicy> = self.all().await?;
        let implied: &[&str] = if self.options.secrets {
            &[]
        } else {
            &["currentKeyId", "nextKeyId", "rotatedAt"]
        };
        of(&policies, implied, |_| true)
    }

    async fn groups(&self, roles: &[RoleAssignment]) -> Result<Vec<Value>, Fault> {
        let nestings: Vec<GroupNesting> = self.all().await?;
        let mut groups: Vec<Group> = self.all().await?;
        // What a group is nested in comes before it, so that the file can be read in one go.
        let depth = |group: &Group| {
            let mut level = vec![group.id];
            let mut depth = 0;
            while !level.is_empty() && depth < DEEPEST {
                depth += 1;
                let above = |it: &&GroupNesting| level.contains(&it.child.id);
                level = nestings
                    .iter()
                    .filter(above)
                    .map(|it| it.parent.id)
                    .collect();
            }
            depth
        };
        groups.sort_by_key(depth);
        let mut written = Vec::new();
        for group in groups {
            let mut value = plain(&group, &[])?;
            let parents = nestings.iter().filter(|it| it.child.id == group.id);
            let parents = parents.map(|it| json!(it.parent.id)).collect();
            set(&mut value, "memberOfGroups", parents);
            let subject = RoleSubject::Group(Ref::to(group.id));
            set(&mut value, "roleAssignments", roles_of(roles, subject)?);
            written.push(value);
        }
        Ok(written)
    }

    async fn resources(&self) -> Result<Vec<Value>, Fault> {
        let secrets: Vec<ResourceSecret> = self.all().await?;
        let scopes: Vec<Scope> = self.all().await?;
        let attributes: Vec<ResourceAttribute> = self.all().await?;
        let implied = &["resource"];
        let mut written = Vec::new();
        for resource in self.all::<Resource>().await? {
            let mut value = plain(&resource, &[])?;
            let is_of = |it: &Ref<ResourceId>| it.id == resource.id;
            let own = of(&attributes, implied, |it| is_of(&it.resource))?;
            set(&mut value, "attributes", own);
            let own = of(&scopes, implied, |it| is_of(&it.resource))?;
            set(&mut value, "scopes", own);
            let secret = secrets.iter().find(|it| is_of(&it.resource));
            if let (Some(secret), Some(fields), true) =
                (secret, value.as_object_mut(), self.options.secrets)
            {
                let text = self.open(&secret.key(self.env), &secret.secret)?;
                fields.insert("clientSecret".to_owned(), Value::String(text));
            }
            written.push(value);
        }
        Ok(written)
    }

    async fn agreements(&self) -> Result<Vec<Value>, Fault> {
        let languages: Vec<AgreementLanguage> = self.all().await?;
        let revisions: Vec<AgreementRevision> = self.all().await?;
        let mut written = Vec::new();
        for agreement in self.all::<Agreement>().await? {
            let mut value = plain(&agreement, &[])?;
            let mut own = Vec::new();
            for language in languages
                .iter()
                .filter(|it| it.agreement.id == agreement.id)
            {
                let mut value = plain(language, &["agreement"])?;
                let is_own = |it: &AgreementRevision| it.language.id == language.id;
                set(
                    &mut value,
                    "revisions",
                    of(&revisions, &["language"], is_own)?,
                );
                own.push(value);
            }
            set(&mut value, "languages", own);
            written.push(value);
        }
        Ok(written)
    }

    async fn policies(&self) -> Result<Vec<Value>, Fault> {
        let mut actions: Vec<SignOnAction> = self.all().await?;
        actions.sort_by_key(|it| it.priority);
        let mut written = Vec::new();
        for policy in self.all::<SignOnPolicy>().await? {
            let mut value = plain(&policy, &[])?;
            let is_own = |it: &SignOnAction| it.sign_on_policy.id == policy.id;
            set(
                &mut value,
                "actions",
                of(&actions, &["signOnPolicy"], is_own)?,
            );
            written.push(value);
        }
        Ok(written)
    }

    async fn applications(&self, roles: &[RoleAssignment]) -> Result<Vec<Value>, Fault> {
        let secrets: Vec<ApplicationSecret> = self.all().await?;
        let attributes: Vec<ApplicationAttribute> = self.all().await?;
        let grants: Vec<Grant> = self.all().await?;
        let assignments: Vec<SignOnPolicyAssignment> = self.all().await?;
        let pushes: Vec<PushCredential> = self.all().await?;
        let implied = &["application"];
        let mut written = Vec::new();
        for application in self.all::<Application>().await? {
            let mut value = partner::written(&application, plain(&application, &[])?);
            let is_of = |it: &Ref<ApplicationId>| it.id == application.id;
            let own = of(&attributes, implied, |it| is_of(&it.application))?;
            set(&mut value, "attributes", own);
            let own = of(&grants, implied, |it| is_of(&it.application))?;
            set(&mut value, "grants", own);
            let own = of(&assignments, implied, |it| is_of(&it.application))?;
            set(&mut value, "signOnPolicyAssignments", own);
            let own = of(&pushes, implied, |it| is_of(&it.application))?;
            set(&mut value, "pushCredentials", own);
            let subject = RoleSubject::Application(Ref::to(application.id));
            set(&mut value, "roleAssignments", roles_of(roles, subject)?);
            let secret = secrets.iter().find(|it| is_of(&it.application));
            if let (Some(secret), Some(fields), true) =
                (secret, value.as_object_mut(), self.options.secrets)
            {
                let text = self.open(&secret.key(self.env), &secret.secret)?;
                fields.insert("clientSecret".to_owned(), Value::String(text));
            }
            written.push(value);
        }
        Ok(written)
    }

    fn open(&self, owner: &Key, secret: &Sealed) -> Result<String, Fault> {
        let bytes = self.ports.vault.open(owner, secret)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| Fault::Crypto("a client secret is not text"))
    }

    async fn users(&self, roles: &[RoleAssignment]) -> Result<Vec<Value>, Fault> {
        let credentials: Vec<Credential> = if self.options.secrets {
            self.all().await?
        } else {
            Vec::new()
        };
        let groups = self.all::<Group>().await?.into_iter().map(|it| it.id);
        let groups: BTreeSet<_> = groups.collect();
        // Those in groups that are gone go later.
        let mut memberships: Vec<GroupMembership> = self.all().await?;
        memberships.retain(|it| groups.contains(&it.group.id));
        let links: Vec<LinkedAccount> = self.all().await?;
        let mut devices: BTreeMap<UserId, Vec<Device>> = BTreeMap::new();
        for device in self.all::<Device>().await? {
            devices.entry(device.user.id).or_default().push(device);
        }
        let consents = self.consents().await?;
        let by_user: BTreeMap<_, _> = credentials.iter().map(|it| (it.user_id, it)).collect();
        let mut written = Vec::new();
        for user in self.all::<User>().await? {
            let mut value = plain(&user, &[])?;
            let credential = by_user.get(&user.id);
            let hash = credential.and_then(|it| it.password_hash.as_ref());
            if let (Some(credential), Some(hash), Some(fields)) =
                (credential, hash, value.as_object_mut())
            {
                let password = json!({
                    "hash": hash.as_str(),
                    "lastChangedAt": credential.last_changed_at,
                    "forceChange": credential.force_change,
                });
                fields.insert("password".to_owned(), password);
            }
            let subject = RoleSubject::User(Ref::to(user.id));
            set(&mut value, "roleAssignments", roles_of(roles, subject)?);
            let groups = memberships.iter().filter(|it| it.user.id == user.id);
            let groups = groups.map(|it| json!(it.group.id)).collect();
            set(&mut value, "memberOfGroups", groups);
            let own = links.iter().filter(|it| it.user.id == user.id);
            let own = own
                .map(|it| plain(it, &["user"]))
                .collect::<Result<_, _>>()?;
            set(&mut value, "linkedAccounts", own);
            let own = devices.get(&user.id).map(Vec::as_slice);
            set(
                &mut value,
                "devices",
                self.devices(own.unwrap_or_default())?,
            );
            consents.write(user.id, &mut value)?;
            written.push(value);
        }
        Ok(written)
    }
}

fn roles_of(roles: &[RoleAssignment], subject: RoleSubject) -> Result<Vec<Value>, Fault> {
    of(roles, &["subject"], |it| it.subject == subject)
}
