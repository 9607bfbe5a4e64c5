//! Making the store agree with a file: read, plan, hash passwords, commit one batch.

use std::sync::Arc;

use countersign_domain::admin_config::AdminConfig;
use countersign_domain::agreement::{
    Agreement, AgreementConsent, AgreementLanguage, AgreementRevision,
};
use countersign_domain::application::push_credential::PushCredential;
use countersign_domain::application::{
    Application, ApplicationAttribute, ApplicationSecret, Grant, SignOnPolicyAssignment,
};
use countersign_domain::branding::{BrandingSettings, Image, Theme};
use countersign_domain::consent::OauthConsent;
use countersign_domain::custom_domain::CustomDomain;
use countersign_domain::device::Device;
use countersign_domain::entity::{Entity, kinds, load, load_by};
use countersign_domain::environment::{BillOfMaterials, Environment};
use countersign_domain::gateway::{Gateway, GatewayCredential};
use countersign_domain::group::{Group, GroupMembership, GroupNesting};
use countersign_domain::identity_provider::{
    IdentityProvider, IdentityProviderAttribute, IdentityProviderSecret, LinkedAccount,
};
use countersign_domain::ids::{EnvId, OrganizationId, derived_uuid};
use countersign_domain::key::{Certificate, KeyRotationPolicy, SigningKey};
use countersign_domain::language::Language;
use countersign_domain::notification::NotificationContent;
use countersign_domain::notification::policy::NotificationsPolicy;
use countersign_domain::notification::settings::{
    EmailDeliverySettings, NotificationsSettings, PhoneDeliverySettings,
};
use countersign_domain::organization::Organization;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::policy::mfa::{DeviceAuthenticationPolicy, Fido2Policy, MfaSettings};
use countersign_domain::policy::sign_on::{SignOnAction, SignOnPolicy};
use countersign_domain::population::Population;
use countersign_domain::ports::{Ports, Store};
use countersign_domain::reference::fold;
use countersign_domain::resource::{Resource, ResourceAttribute, ResourceSecret, Scope};
use countersign_domain::role::{CustomRole, RoleAssignment};
use countersign_domain::schema::{SchemaAttribute, StandardAttribute};
use countersign_domain::store::{Conflict, Doc, Fault, IndexName, Key, Kind, Query, Unique};
use countersign_domain::subscription::Subscription;
use countersign_domain::time::Time;
use countersign_domain::translation::Translations;
use countersign_domain::trusted_email::{EmailDomain, TrustedEmail};
use countersign_domain::user::{Credential, User};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::draft::{Draft, ImportReport};
use super::node::{Data, Node};
use super::plan::{PasswordWork, Plan, Tools, parse_id};
use super::problem::ImportErrors;
use super::{ImportDocument, in_file};
use crate::defaults::Maker;
use crate::defaults::key_pair::KeyPair;
use crate::leftovers;

/// Most documents one import may write: it is one transaction. An environment is about 80, an
/// application 4, a user with a password 2. Larger installations import several files.
pub const MAX_DOCUMENTS: usize = 50_000;

/// How often an import that met another writer begins again.
const ATTEMPTS: usize = 5;

/// Passwords compared or hashed at a time.
const AT_ONCE: usize = 4;

/// What an import needs besides the ports.
#[derive(Clone)]
pub struct ImportOptions {
    /// Public base URL of the management API.
    pub api_url: String,
    /// Makes a signing key for a new environment; [`KeyPair::generate`], unless it is a test. It
    /// is slow and runs where [`apply`] runs: not on a thread that serves requests.
    pub make_key: Arc<dyn Fn() -> Result<KeyPair, Fault> + Send + Sync>,
}

impl ImportOptions {
    /// With freshly generated keys.
    pub fn new(api_url: impl Into<String>) -> Self {
        Self {
            api_url: api_url.into(),
            make_key: Arc::new(KeyPair::generate),
        }
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file does not fit what is stored.
    #[error("{0}")]
    Invalid(ImportErrors),
    /// The file would write more than one transaction should.
    #[error(
        "the file writes {0} documents, more than {MAX_DOCUMENTS}: split it into several files"
    )]
    TooLarge(usize),
    /// The store, or cryptography.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Makes the store agree with a file: all of it, or nothing on any error. Importing the same file
/// again changes nothing.
pub async fn apply(
    ports: &Ports,
    document: &ImportDocument,
    options: &ImportOptions,
) -> Result<ImportReport, ImportError> {
    let mut last = Fault::Conflict(Conflict::Serialization);
    for _ in 0..ATTEMPTS {
        let now = ports.clock.now();
        let (draft, organization) = gather(ports.store.as_ref(), &document.root, now).await?;
        let (mut draft, passwords) = plan(ports, document, options, draft, organization, now)?;
        for credential in hashed(ports, &draft, passwords, now).await? {
            let (env, credential) = credential;
            draft.put(env, &credential)?;
        }
        let (batch, report) = draft.finish();
        if batch.is_empty() {
            return Ok(report);
        }
        if batch.writes.len() > MAX_DOCUMENTS {
            return Err(ImportError::TooLarge(batch.writes.len()));
        }
        match ports.store.commit(batch, now).await {
            Ok(_) => return Ok(report),
            Err(Fault::Conflict(conflict)) => last = Fault::Conflict(conflict),
            Err(fault) => return Err(fault.into()),
        }
    }
    Err(last.into())
}

fn plan(
    ports: &Ports,
    document: &ImportDocument,
    options: &ImportOptions,
    draft: Draft,
    organization: OrganizationId,
    now: Time,
) -> Result<(Draft, Vec<PasswordWork>), ImportError> {
    let maker = Maker {
        api_url: &options.api_url,
        vault: &ports.vault,
        entropy: ports.entropy.as_ref(),
        now,
    };
    let tools = Tools {
        maker,
        make_key: options.make_key.as_ref(),
    };
    let mut plan = Plan::new(draft, Some(tools), now);
    plan.organization = organization;
    plan.file(document.root.clone())?;
    if plan.problems.is_empty() {
        Ok((plan.draft, plan.passwords))
    } else {
        Err(ImportError::Invalid(in_file(&document.file, plan.problems)))
    }
}

/// Compares clear passwords with what is stored, and hashes those that are new.
async fn hashed(
    ports: &Ports,
    draft: &Draft,
    passwords: Vec<PasswordWork>,
    now: Time,
) -> Result<Vec<(EnvId, Credential)>, Fault> {
    let mut work = Vec::with_capacity(passwords.len());
    for password in passwords {
        let before: Option<Credential> = draft.get(password.env, password.user)?;
        work.push((password, before));
    }
    stream::iter(work)
        .map(|(password, before)| credential(ports, password, before, now))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn credential(
    ports: &Ports,
    work: PasswordWork,
    before: Option<Credential>,
    now: Time,
) -> Result<(EnvId, Credential), Fault> {
    let stored = before.as_ref().and_then(|it| it.password_hash.clone());
    let is_same = match stored {
        Some(hash) => {
            let password = work.password.clone();
            ports.heavy.verify_password(Some(hash), password).await?
        }
        None => false,
    };
    let mut credential = if let Some(before) = before.filter(|_| is_same) {
        before
    } else {
        let mut salt = [0; 16];
        ports.entropy.fill(&mut salt);
        let hash = ports.heavy.hash_password(work.password, salt).await?;
        Credential::new(work.user, hash, now)
    };
    credential.force_change = work.force_change.unwrap_or(credential.force_change);
    Ok((work.env, credential))
}

/// A document with the index and unique entries of its entity: stores keep those to themselves.
type Refile = fn(Doc) -> Result<Doc, Fault>;

fn refile<E: Entity>(doc: Doc) -> Result<Doc, Fault> {
    let entity = E::from_doc(&doc)?;
    Ok(Doc {
        indexes: entity.indexes(),
        uniques: entity.uniques(),
        ..doc
    })
}

/// Kinds of an environment that are read whole: everything but what users make.
const CONFIGURATION: &[(Kind, Refile)] = &[
    (kinds::SCHEMA_ATTRIBUTE, refile::<SchemaAttribute>),
    (kinds::STANDARD_ATTRIBUTE, refile::<StandardAttribute>),
    (kinds::ROLE, refile::<CustomRole>),
    (kinds::TRANSLATIONS, refile::<Translations>),
    (kinds::MFA_SETTINGS, refile::<MfaSettings>),
    (
        kinds::DEVICE_AUTHENTICATION_POLICY,
        refile::<DeviceAuthenticationPolicy>,
    ),
    (kinds::FIDO2_POLICY, refile::<Fido2Policy>),
    (kinds::GATEWAY, refile::<Gateway>),
    (kinds::GATEWAY_CREDENTIAL, refile::<GatewayCredential>),
    (kinds::BILL_OF_MATERIALS, refile::<BillOfMaterials>),
    (kinds::CERTIFICATE, refile::<Certificate>),
    (kinds::EMAIL_DOMAIN, refile::<EmailDomain>),
    (kinds::TRUSTED_EMAIL, refile::<TrustedEmail>),
    (
        kinds::EMAIL_DELIVERY_SETTINGS,
        refile::<EmailDeliverySettings>,
    ),
    (
        kinds::PHONE_DELIVERY_SETTINGS,
        refile::<PhoneDeliverySettings>,
    ),
    (kinds::LANGUAGE, refile::<Language>),
    (kinds::IMAGE, refile::<Image>),
    (kinds::THEME, refile::<Theme>),
    (kinds::SUBSCRIPTION, refile::<Subscription>),
    (kinds::CUSTOM_DOMAIN, refile::<CustomDomain>),
    (kinds::BRANDING_SETTINGS, refile::<BrandingSettings>),
    (kinds::ADMIN_CONFIG, refile::<AdminConfig>),
    (kinds::PASSWORD_POLICY, refile::<PasswordPolicy>),
    (kinds::POPULATION, refile::<Population>),
    (kinds::IDENTITY_PROVIDER, refile::<IdentityProvider>),
    (
        kinds::IDENTITY_PROVIDER_SECRET,
        refile::<IdentityProviderSecret>,
    ),
    (
        kinds::IDENTITY_PROVIDER_ATTRIBUTE,
        refile::<IdentityProviderAttribute>,
    ),
    (kinds::KEY, refile::<SigningKey>),
    (kinds::KEY_ROTATION_POLICY, refile::<KeyRotationPolicy>),
    (kinds::RESOURCE, refile::<Resource>),
    (kinds::SCOPE, refile::<Scope>),
    (kinds::RESOURCE_ATTRIBUTE, refile::<ResourceAttribute>),
    (kinds::AGREEMENT, refile::<Agreement>),
    (kinds::AGREEMENT_LANGUAGE, refile::<AgreementLanguage>),
    (kinds::AGREEMENT_REVISION, refile::<AgreementRevision>),
    (kinds::NOTIFICATION_CONTENT, refile::<NotificationContent>),
    (kinds::NOTIFICATIONS_POLICY, refile::<NotificationsPolicy>),
    (
        kinds::NOTIFICATIONS_SETTINGS,
        refile::<NotificationsSettings>,
    ),
    (kinds::SIGN_ON_POLICY, refile::<SignOnPolicy>),
    (kinds::SIGN_ON_ACTION, refile::<SignOnAction>),
    (kinds::APPLICATION, refile::<Application>),
    (kinds::APPLICATION_SECRET, refile::<ApplicationSecret>),
    (kinds::PUSH_CREDENTIAL, refile::<PushCredential>),
    (kinds::GRANT, refile::<Grant>),
    (kinds::APPLICATION_ATTRIBUTE, refile::<ApplicationAttribute>),
    (
        kinds::SIGN_ON_POLICY_ASSIGNMENT,
        refile::<SignOnPolicyAssignment>,
    ),
    (kinds::ROLE_ASSIGNMENT, refile::<RoleAssignment>),
    (kinds::RESOURCE_SECRET, refile::<ResourceSecret>),
    (kinds::GROUP, refile::<Group>),
    (kinds::GROUP_NESTING, refile::<GroupNesting>),
];

/// Documents per page.
const PAGE: u32 = 500;

/// All live documents of a kind.
pub(super) async fn list(
    store: &dyn Store,
    kind: Kind,
    env: EnvId,
    now: Time,
) -> Result<Vec<Doc>, Fault> {
    listed(store, Query::all(kind, env, PAGE), now).await
}

/// All that a query finds, page by page.
async fn listed(store: &dyn Store, mut query: Query, now: Time) -> Result<Vec<Doc>, Fault> {
    let mut all = Vec::new();
    loop {
        let page = store.list(&query, now).await?;
        all.extend(page.docs);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(all),
        }
    }
}

/// Reads what the file may touch or refer to.
async fn gather(
    store: &dyn Store,
    root: &Node,
    now: Time,
) -> Result<(Draft, OrganizationId), Fault> {
    let mut draft = Draft::default();
    let organizations = list(store, kinds::ORGANIZATION, EnvId::PLATFORM, now).await?;
    let organization = organization_of(root, &organizations)?;
    for doc in organizations {
        draft.found(doc);
    }
    for kind in [kinds::LICENSE, kinds::DOMAIN_CLAIM] {
        for doc in list(store, kind, EnvId::PLATFORM, now).await? {
            draft.found(doc);
        }
    }
    for node in items(root, "environments") {
        let Some(environment) = environment_of(store, node, organization, now).await? else {
            // It may have been here before, and not be gone altogether.
            if let Some(env) = new_id(node) {
                leftovers::clear(store, env, now).await?;
                clear_values(store, env, node, now).await?;
            }
            continue;
        };
        let Ok(env) = environment.key.id.parse::<EnvId>() else {
            continue;
        };
        clear_values(store, env, node, now).await?;
        leftovers::groups::clear(store, env, now).await?;
        draft.found(refile::<Environment>(environment)?);
        for (kind, refile) in CONFIGURATION {
            for doc in list(store, *kind, env, now).await? {
                draft.found(refile(doc)?);
            }
        }
        users_of(store, &mut draft, env, node, now).await?;
    }
    Ok((draft, organization))
}

/// Removes what is left of former attributes of the names that the file gives to attributes.
async fn clear_values(store: &dyn Store, env: EnvId, node: &Node, now: Time) -> Result<(), Fault> {
    for attribute in items(node, "schemaAttributes") {
        if let Some(name) = attribute.get_text("name") {
            while !leftovers::attributes::clear(store, env, name, now).await? {}
        }
    }
    Ok(())
}

/// The organization of the file: the one it names, else the first there is, else a new one whose
/// id follows from its name.
fn organization_of(root: &Node, stored: &[Doc]) -> Result<OrganizationId, Fault> {
    let stored: Vec<Organization> = stored
        .iter()
        .map(Organization::from_doc)
        .collect::<Result<_, _>>()?;
    let node = root.get("organization");
    if let Some(id) = node.and_then(|it| it.get("id")).and_then(parse_id) {
        return Ok(OrganizationId::from_uuid(id));
    }
    let name = node.and_then(|it| it.get_text("name"));
    let found = match name {
        Some(name) => stored.iter().find(|it| it.name == name),
        None => stored.first(),
    };
    let derive = || {
        let label = name.unwrap_or(super::plan::DEFAULT_ORGANIZATION);
        OrganizationId::from_uuid(derived_uuid(EnvId::PLATFORM, kinds::ORGANIZATION, label))
    };
    Ok(found.map_or_else(derive, |it| it.id))
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    match node.get(key).map(|it| &it.data) {
        Some(Data::List(items)) => items,
        _ => &[],
    }
}

/// The id that an environment gets which is not stored: the one given, else the one that follows
/// from its name.
fn new_id(node: &Node) -> Option<EnvId> {
    let derived = |name| derived_uuid(EnvId::PLATFORM, kinds::ENVIRONMENT, name);
    let given = node.get("id").and_then(parse_id);
    let id = given.or_else(|| node.get_text("name").map(derived));
    id.map(EnvId::from_uuid)
}

/// The stored environment that an entry of the file speaks of: by id, else by name, else by the id
/// that follows from the name.
async fn environment_of(
    store: &dyn Store,
    node: &Node,
    organization: OrganizationId,
    now: Time,
) -> Result<Option<Doc>, Fault> {
    let by_id = |id: String| Key::new(kinds::ENVIRONMENT, EnvId::PLATFORM, id);
    if let Some(id) = node.get("id").and_then(parse_id) {
        return store.get(&by_id(id.to_string()), now).await;
    }
    let Some(name) = node.get_text("name") else {
        return Ok(None);
    };
    let unique = Unique::new(
        kinds::ENVIRONMENT,
        EnvId::PLATFORM,
        Environment::UNIQUE_NAME,
        format!("{organization}/{}", fold(name)),
    );
    if let Some(doc) = store.get_by(&unique, now).await? {
        return Ok(Some(doc));
    }
    match new_id(node) {
        Some(derived) => store.get(&by_id(derived.to_string()), now).await,
        None => Ok(None),
    }
}

async fn users_of(
    store: &dyn Store,
    draft: &mut Draft,
    env: EnvId,
    node: &Node,
    now: Time,
) -> Result<(), Fault> {
    for user in items(node, "users") {
        let name = user.get_text("username").map(fold).unwrap_or_default();
        let mut found =
            load_by::<User>(store, env, User::UNIQUE_USERNAME, name.as_str(), now).await?;
        let given = user.get("id").and_then(parse_id);
        let derived = derived_uuid(env, kinds::USER, &name);
        for id in [given, Some(derived)].into_iter().flatten() {
            if found.is_none() {
                found = load::<User>(store, env, id.to_string(), now).await?;
            }
        }
        let Some(found) = found else { continue };
        let read: [(Kind, Refile); 2] = [
            (kinds::USER, refile::<User>),
            (kinds::CREDENTIAL, refile::<Credential>),
        ];
        for (kind, refile) in read {
            let key = Key::new(kind, env, found.value.id.to_string());
            if let Some(doc) = store.get(&key, now).await? {
                draft.found(refile(doc)?);
            }
        }
        let id = found.value.id.to_string();
        for (kind, index, refile) in OF_USER {
            let filed = Query::equal(*kind, env, index, id.as_str(), PAGE);
            for doc in listed(store, filed, now).await? {
                draft.found(refile(doc)?);
            }
        }
    }
    Ok(())
}

/// What a user has several of, by which index it is found with them.
const OF_USER: &[(Kind, IndexName, Refile)] = &[
    (
        kinds::GROUP_MEMBERSHIP,
        GroupMembership::BY_USER,
        refile::<GroupMembership>,
    ),
    (
        kinds::LINKED_ACCOUNT,
        LinkedAccount::BY_USER,
        refile::<LinkedAccount>,
    ),
    (kinds::DEVICE, Device::BY_USER, refile::<Device>),
    (
        kinds::OAUTH_CONSENT,
        OauthConsent::BY_USER,
        refile::<OauthConsent>,
    ),
    (
        kinds::AGREEMENT_CONSENT,
        AgreementConsent::BY_USER,
        refile::<AgreementConsent>,
    ),
];
