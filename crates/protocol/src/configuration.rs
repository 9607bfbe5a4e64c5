//! The configuration of an environment, compiled once per change and shared by requests.
//!
//! Every request on a path that matters asks the store whether the environment changed since its
//! snapshot was made (one look-up by key), so that disabling, deleting and rotating take effect at
//! once on every node. Discovery and JWKS are served from the snapshot as it is; a poller drops
//! changed ones within a second (`docs/decisions/0005`).

mod address;
mod domains;
mod mapping;
mod provider;

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::agreement::{
    Agreement, AgreementLanguage, AgreementRevision, AgreementTexts,
};
use countersign_domain::application::{
    Application, ApplicationAttribute, ApplicationSecret, Grant, SignOnPolicyAssignment,
};
use countersign_domain::branding::{BrandingSettings, Theme};
use countersign_domain::custom_domain::CustomDomain;
use countersign_domain::entity::{self, Entity};
use countersign_domain::environment::Environment;
use countersign_domain::identity_provider::{IdentityProvider, IdentityProviderAttribute};
use countersign_domain::ids::{
    AgreementId, ApplicationId, EnvId, IdentityProviderId, KeyId, KeyRotationPolicyId,
    PasswordPolicyId, PopulationId, ResourceId, SignOnPolicyId, ThemeId,
};
use countersign_domain::key::{KeyRotationPolicy, KeySpec, KeyStatus, KeyUsageType, SigningKey};
use countersign_domain::language::Language;
use countersign_domain::notification::NotificationContent;
use countersign_domain::notification::settings::NotificationsSettings;
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::policy::mfa::MfaSettings;
use countersign_domain::policy::sign_on::{ActionStep, SignOnAction, SignOnPolicy};
use countersign_domain::population::Population;
use countersign_domain::ports::{Ports, Store};
use countersign_domain::reference::Ref;
use countersign_domain::resource::{Resource, ResourceAttribute, ResourceSecret, Scope};
use countersign_domain::role::{RoleAssignment, RoleSubject};
use countersign_domain::schema::SchemaAttribute;
use countersign_domain::store::{Fault, Query, Seq};
use countersign_domain::subscription::Subscription;
use countersign_domain::time::Time;
use parking_lot::Mutex;
use secrecy::SecretString;

pub use address::Snapshot;
pub use mapping::Mapping;
pub use provider::{OpenidEndpoints, ProviderView};

use crate::as_::tokens::hot::HotTokens;
use crate::groups::ParsedFilters;
use crate::jose::keys::KeyMaterial;
use crate::jose::known::KnownSignatures;
use crate::jose::remote::Published;
use crate::refusal::{Outcome, Refusal};
use crate::secrets::{self, LastUsed};
use crate::urls::Urls;
use crate::v1::kept_answers::KeptAnswers;
use address::Addresses;
use domains::Domains;

/// Environments kept compiled in one process. An environment costs some tens of kilobytes.
const MAX_SNAPSHOTS: u64 = 1_000;
/// Applications (and populations) kept per snapshot before the map starts anew.
const MAX_PER_SNAPSHOT: usize = 1_000;

/// A resource with what belongs to it.
pub struct ResourceView {
    /// The resource.
    pub resource: Resource,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// Its claim mappings.
    pub attributes: Vec<Mapping<ResourceAttribute>>,
    /// Its secrets that are valid now or soon were, each with its end; newest first.
    pub secrets: Vec<secrets::Accepted>,
}

/// A sign-on policy with its actions, lowest priority number first.
pub struct PolicyView {
    /// The policy.
    pub policy: SignOnPolicy,
    /// Its actions in the order they run.
    pub actions: Vec<SignOnAction>,
}

/// An application with what belongs to it.
pub struct ApplicationView {
    /// The application.
    pub application: Application,
    /// The same in PingOne's JSON shape, for the expressions of mappings.
    pub json: serde_json::Value,
    /// Its secrets that are valid now or soon were, each with its end; newest first.
    pub secrets: Vec<(SecretString, Option<Time>)>,
    /// Scopes it may ask for, by resource.
    pub grants: Vec<Grant>,
    /// Its own claim mappings.
    pub attributes: Vec<Mapping<ApplicationAttribute>>,
    /// Its policies, lowest priority number first.
    pub assignments: Vec<SignOnPolicyAssignment>,
    /// The roles it has, for when it acts for itself.
    pub roles: Vec<RoleAssignment>,
}

/// The compiled configuration of one environment, the same at all of its addresses.
pub struct Compiled {
    /// The environment's id.
    pub id: EnvId,
    /// The change this snapshot includes.
    pub seq: Seq,
    /// The environment.
    pub environment: Environment,
    /// Its issuers: the one at the server's own address, then those of its custom domains.
    pub issuers: Vec<String>,
    /// Its custom domains, those that are not active among them.
    pub domains: Vec<CustomDomain>,
    /// What others publish; shared by all environments of the process.
    pub published: Arc<Published>,
    /// Tokens that need no checking of their signature; shared likewise.
    pub known_signatures: Arc<KnownSignatures>,
    /// Access tokens that were presented of late; shared likewise.
    pub hot_tokens: Arc<HotTokens>,
    /// Filters of dynamic groups; shared likewise.
    pub parsed_filters: Arc<ParsedFilters>,
    /// Answers of the management API; shared likewise.
    pub kept_answers: Arc<KeptAnswers>,
    /// Which former secrets are still in use; shared likewise.
    pub last_used: Arc<LastUsed>,
    /// Signing keys: those that may sign, the next one, and those whose tokens may still live.
    pub keys: Vec<KeyMaterial>,
    /// Key rotation policies.
    pub rotation_policies: Vec<KeyRotationPolicy>,
    /// Resources.
    pub resources: Vec<ResourceView>,
    /// Sign-on policies.
    pub policies: Vec<PolicyView>,
    /// Password policies.
    pub password_policies: Vec<PasswordPolicy>,
    /// Attributes that the environment adds to its users.
    pub user_attributes: Vec<SchemaAttribute>,
    /// Identity providers, those that are off among them.
    pub providers: Vec<ProviderView>,
    /// Populations that people may register into: the default one first.
    pub registering: Vec<Population>,
    /// Agreements with their texts.
    pub agreements: Vec<AgreementTexts>,
    /// The environment's own words for mails.
    pub contents: Vec<NotificationContent>,
    /// Languages that were switched on or off.
    pub languages: Vec<Language>,
    /// Themes of the pages.
    pub themes: Vec<Theme>,
    /// The company's name and logo.
    pub branding: Option<BrandingSettings>,
    /// From whom mails are.
    pub notifications: Option<NotificationsSettings>,
    /// Whether second factors are asked of new users.
    pub new_users_have_mfa: bool,
    /// The key set, rendered.
    pub jwks: Arc<str>,
    /// Webhooks.
    pub subscriptions: Vec<Subscription>,
    applications: Mutex<HashMap<ApplicationId, Arc<ApplicationView>>>,
    populations: Mutex<HashMap<PopulationId, Arc<Population>>>,
}

impl Compiled {
    /// Whether a token says that this environment made it, at whichever of its addresses.
    pub fn is_issuer(&self, text: &str) -> bool {
        self.issuers.iter().any(|issuer| issuer == text)
    }

    /// The resource with an id.
    pub fn resource(&self, id: ResourceId) -> Option<&ResourceView> {
        self.resources.iter().find(|view| view.resource.id == id)
    }

    /// The theme of a population, else the environment's default.
    pub fn theme(&self, id: Option<ThemeId>) -> Option<&Theme> {
        let named = id.and_then(|id| self.themes.iter().find(|theme| theme.id == id));
        named.or_else(|| self.themes.iter().find(|theme| theme.default))
    }

    /// The sign-on policy with an id.
    pub fn policy(&self, id: SignOnPolicyId) -> Option<&PolicyView> {
        self.policies.iter().find(|view| view.policy.id == id)
    }

    /// An identity provider that people can be sent to.
    pub fn provider(&self, id: IdentityProviderId) -> Option<&ProviderView> {
        let mut usable = self.providers.iter().filter(|view| view.is_usable());
        usable.find(|view| view.provider.id == id)
    }

    /// The environment's default sign-on policy.
    pub fn default_policy(&self) -> Option<&PolicyView> {
        self.policies.iter().find(|view| view.policy.default)
    }

    /// The agreement with an id.
    pub fn agreement(&self, id: AgreementId) -> Option<&AgreementTexts> {
        self.agreements.iter().find(|it| it.agreement.id == id)
    }

    /// The population that people register into: the one named, while it is there, else the default
    /// one.
    pub fn registering(&self, named: Option<PopulationId>) -> Option<&Population> {
        let named = named.and_then(|id| self.registering.iter().find(|it| it.id == id));
        named.or_else(|| self.registering.iter().find(|it| it.default))
    }

    /// The password policy of a population, else the environment's default.
    /// Source: `reference/platform.md` 3.13.
    pub fn password_policy(&self, id: Option<PasswordPolicyId>) -> Option<&PasswordPolicy> {
        let named = id.and_then(|id| self.password_policies.iter().find(|policy| policy.id == id));
        named.or_else(|| self.password_policies.iter().find(|policy| policy.default))
    }

    /// The key that signs for an application: that of its rotation policy, else the environment's.
    /// Source: `reference/oidc.md` 13.
    pub fn signing_key(&self, application: &Application) -> Result<&KeyMaterial, Fault> {
        let signing = application.signing.as_ref();
        self.key_of(signing.map(|it| it.key_rotation_policy.id))
    }

    /// The current key of a rotation policy, else the environment's default key.
    pub fn key_of(&self, policy: Option<KeyRotationPolicyId>) -> Result<&KeyMaterial, Fault> {
        let usable = |id: KeyId| self.keys.iter().find(|key| key.id == id);
        // The next one steps in for a current one that was withdrawn: it is published already.
        let of_policy = |policy: &KeyRotationPolicy| {
            usable(policy.current_key_id).or_else(|| usable(policy.next_key_id))
        };
        let mut policies = self.rotation_policies.iter();
        let named = policy.and_then(|id| policies.find(|policy| policy.id == id));
        let default = self.rotation_policies.iter().find(|policy| policy.default);
        named
            .and_then(of_policy)
            .or_else(|| self.keys.iter().find(|key| key.is_default()))
            .or_else(|| default.and_then(of_policy))
            .ok_or(Fault::Misconfigured("the environment has no signing key"))
    }

    /// An application, read at first use and kept for the life of this snapshot.
    pub async fn application(
        &self,
        ports: &Ports,
        id: ApplicationId,
        now: Time,
    ) -> Result<Option<Arc<ApplicationView>>, Fault> {
        if let Some(view) = self.applications.lock().get(&id) {
            return Ok(Some(Arc::clone(view)));
        }
        // Boxed for the same reason as a snapshot's load.
        let Some(view) = Box::pin(load_application(ports, self.id, id, now)).await? else {
            return Ok(None);
        };
        let view = Arc::new(view);
        let mut applications = self.applications.lock();
        if applications.len() >= MAX_PER_SNAPSHOT {
            applications.clear();
        }
        applications.insert(id, Arc::clone(&view));
        Ok(Some(view))
    }

    /// A population, read at first use and kept for the life of this snapshot.
    pub async fn population(
        &self,
        store: &dyn Store,
        id: PopulationId,
        now: Time,
    ) -> Result<Option<Arc<Population>>, Fault> {
        if let Some(population) = self.populations.lock().get(&id) {
            return Ok(Some(Arc::clone(population)));
        }
        let Some(found) = entity::load::<Population>(store, self.id, id.to_string(), now).await?
        else {
            return Ok(None);
        };
        let found = Arc::new(found.value);
        let mut populations = self.populations.lock();
        if populations.len() >= MAX_PER_SNAPSHOT {
            populations.clear();
        }
        populations.insert(id, Arc::clone(&found));
        Ok(Some(found))
    }
}

/// Snapshots of the environments in use.
pub struct ConfigurationCache {
    ports: Ports,
    urls: Arc<Urls>,
    published: Arc<Published>,
    known_signatures: Arc<KnownSignatures>,
    hot_tokens: Arc<HotTokens>,
    parsed_filters: Arc<ParsedFilters>,
    kept_answers: Arc<KeptAnswers>,
    last_used: Arc<LastUsed>,
    snapshots: moka::sync::Cache<EnvId, Arc<Addresses>>,
    domains: Domains,
    polled: Mutex<Seq>,
}

impl ConfigurationCache {
    /// An empty cache.
    pub fn new(ports: Ports, urls: Arc<Urls>) -> Self {
        let snapshots = moka::sync::Cache::new(MAX_SNAPSHOTS);
        Self {
            ports,
            urls,
            published: Arc::default(),
            known_signatures: Arc::default(),
            hot_tokens: Arc::default(),
            parsed_filters: Arc::default(),
            kept_answers: Arc::default(),
            last_used: Arc::default(),
            snapshots,
            domains: Domains::default(),
            polled: Mutex::new(Seq::default()),
        }
    }

    /// The ports.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Which former secrets are still in use.
    pub fn last_used(&self) -> &Arc<LastUsed> {
        &self.last_used
    }

    /// The base URLs.
    pub fn urls(&self) -> &Arc<Urls> {
        &self.urls
    }

    /// Access tokens that were believed of late, of all environments.
    pub fn hot_tokens(&self) -> &HotTokens {
        &self.hot_tokens
    }

    /// The configuration exactly as it is now: for every path on which a disabled, deleted or
    /// rotated thing must have lost its power already.
    pub async fn current(&self, env: EnvId, now: Time) -> Outcome<Arc<Snapshot>> {
        self.current_at(env, None, now).await
    }

    /// The same as seen on one of its custom domains.
    pub async fn current_at(
        &self,
        env: EnvId,
        domain: Option<&str>,
        now: Time,
    ) -> Outcome<Arc<Snapshot>> {
        if let Some(addresses) = self.snapshots.get(&env) {
            let seq = addresses.own().seq;
            let changes = self.ports.store.changes(seq, Some(env)).await?;
            if changes.environments.is_empty() {
                return there(&addresses, domain);
            }
        }
        there(&*self.load(env, now).await?, domain)
    }

    /// The configuration as of a moment ago: for documents that clients cache anyway.
    pub async fn recent_at(
        &self,
        env: EnvId,
        domain: Option<&str>,
        now: Time,
    ) -> Outcome<Arc<Snapshot>> {
        match self.at_hand(env, domain) {
            Some(snapshot) => Ok(snapshot),
            // A domain that it has not may be newer than what is in memory.
            None => there(&*self.load(env, now).await?, domain),
        }
    }

    /// The same without waiting: what is in memory, if it is.
    pub fn at_hand(&self, env: EnvId, domain: Option<&str>) -> Option<Arc<Snapshot>> {
        self.snapshots.get(&env)?.at(domain).cloned()
    }

    /// Drops what is in memory of an environment that is gone, so that its discovery document and its
    /// keys go with it.
    pub fn forget(&self, env: EnvId) {
        self.snapshots.invalidate(&env);
    }

    /// Drops the snapshots of environments that changed since the last call. Call every second.
    pub async fn refresh(&self) -> Result<(), Fault> {
        let since = *self.polled.lock();
        let changes = self.ports.store.changes(since, None).await?;
        for (env, seq) in &changes.environments {
            if self
                .snapshots
                .get(env)
                .is_some_and(|addresses| addresses.own().seq < *seq)
            {
                self.snapshots.invalidate(env);
            }
        }
        *self.polled.lock() = changes.latest;
        Ok(())
    }

    /// Key rotation policies that are due, among the environments in use, with what their keys are
    /// made of.
    pub fn rotations_due(&self, now: Time) -> Vec<(EnvId, KeyRotationPolicyId, KeySpec)> {
        let mut due = Vec::new();
        for (env, addresses) in &self.snapshots {
            let policies = addresses.own().rotation_policies.iter();
            let policies = policies.filter(|policy| policy.rotates_at() <= now);
            due.extend(policies.filter_map(|policy| Some((*env, policy.id, policy.key_spec()?))));
        }
        due
    }

    async fn load(&self, env: EnvId, now: Time) -> Outcome<Arc<Addresses>> {
        // Boxed: rare and large. In place, every request would carry the room for it.
        let loading = Box::pin(load_snapshot(self, env, now));
        let addresses = Arc::new(Addresses::of(loading.await?, &self.urls));
        self.snapshots.insert(env, Arc::clone(&addresses));
        Ok(addresses)
    }
}

fn there(addresses: &Addresses, domain: Option<&str>) -> Outcome<Arc<Snapshot>> {
    let there = addresses.at(domain).cloned();
    let why = "the environment is not at this host";
    Ok(there.ok_or_else(|| Refusal::EnvironmentNotFound.because(why))?)
}

async fn load_snapshot(cache: &ConfigurationCache, env: EnvId, now: Time) -> Outcome<Compiled> {
    let (ports, urls) = (&cache.ports, &cache.urls);
    let store = &*ports.store;
    // Read before the documents: a change that comes in between is newer than this and shows at
    // the next request.
    let changes = store.changes(Seq::default(), Some(env)).await?;
    let seq = changes
        .environments
        .first()
        .map_or(Seq::default(), |(_, seq)| *seq);
    let environment: Environment = entity::load(store, EnvId::PLATFORM, env.to_string(), now)
        .await?
        .map(|stored| stored.value)
        // One that waits for its deletion signs nobody on any more.
        .filter(Environment::is_active)
        .ok_or_else(|| {
            Refusal::EnvironmentNotFound.because("no such environment, or not active")
        })?;
    let (scopes, attributes) = (
        all::<Scope>(store, env, now).await?,
        all::<ResourceAttribute>(store, env, now).await?,
    );
    let mut resource_secrets = HashMap::new();
    for secret in all::<ResourceSecret>(store, env, now).await? {
        let id = secret.resource.id;
        match secrets::accepted(&ports.vault, &secret.key(env), &secret) {
            Ok(accepted) => {
                resource_secrets.insert(id, accepted);
            }
            // One secret that nobody can open must not take the environment down.
            Err(fault) => tracing::warn!(%env, resource = %id, %fault, "a secret is left out"),
        }
    }
    let resources = all::<Resource>(store, env, now)
        .await?
        .into_iter()
        .map(|resource| {
            let id = resource.id;
            ResourceView {
                secrets: resource_secrets.remove(&id).unwrap_or_default(),
                resource,
                scopes: scopes
                    .iter()
                    .filter(|scope| scope.resource.id == id)
                    .cloned()
                    .collect(),
                attributes: attributes
                    .iter()
                    .filter(|a| a.resource.id == id)
                    .map(|a| a.clone().into())
                    .collect(),
            }
        })
        .collect();
    let actions = all::<SignOnAction>(store, env, now).await?;
    let registering = registering(store, env, &actions, now).await?;
    let policies = all::<SignOnPolicy>(store, env, now)
        .await?
        .into_iter()
        .map(|policy| {
            let mine = |action: &&SignOnAction| action.sign_on_policy.id == policy.id;
            let mut actions: Vec<SignOnAction> = actions.iter().filter(mine).cloned().collect();
            actions.sort_by_key(|action| action.priority);
            PolicyView { policy, actions }
        })
        .collect();
    let mut keys = Vec::new();
    for key in all::<SigningKey>(store, env, now).await? {
        // Withdrawn means: nothing it signed is believed from now on.
        let is_of_use = key.usage_type == KeyUsageType::Signing && key.status != KeyStatus::Revoked;
        if now >= key.expires_at || !is_of_use {
            continue;
        }
        let id = key.id;
        match KeyMaterial::new(env, key) {
            Ok(key) => keys.push(key),
            // One key that nobody can use must not take the others down.
            Err(fault) => tracing::warn!(%env, key = %id, %fault, "a key is left out"),
        }
    }
    let domains = all::<CustomDomain>(store, env, now).await?;
    let active = domains.iter().filter(|it| it.is_active());
    let issuers = active.map(|it| urls.on_domain(&it.host()).issuer(env));
    Ok(Compiled {
        id: env,
        seq,
        jwks: crate::as_::jwks::render(&keys).into(),
        environment,
        issuers: std::iter::once(urls.issuer(env)).chain(issuers).collect(),
        domains,
        published: Arc::clone(&cache.published),
        known_signatures: Arc::clone(&cache.known_signatures),
        hot_tokens: Arc::clone(&cache.hot_tokens),
        parsed_filters: Arc::clone(&cache.parsed_filters),
        kept_answers: Arc::clone(&cache.kept_answers),
        last_used: Arc::clone(&cache.last_used),
        keys,
        rotation_policies: all(store, env, now).await?,
        resources,
        policies,
        password_policies: all(store, env, now).await?,
        user_attributes: all(store, env, now).await?,
        providers: providers(store, env, now).await?,
        contents: all(store, env, now).await?,
        registering,
        agreements: AgreementTexts::assemble(
            all::<Agreement>(store, env, now).await?,
            &all::<AgreementLanguage>(store, env, now).await?,
            &all::<AgreementRevision>(store, env, now).await?,
        ),
        languages: all(store, env, now).await?,
        themes: all(store, env, now).await?,
        branding: all(store, env, now).await?.into_iter().next(),
        notifications: all(store, env, now).await?.into_iter().next(),
        new_users_have_mfa: all::<MfaSettings>(store, env, now)
            .await?
            .iter()
            .any(MfaSettings::of_new_users),
        subscriptions: all(store, env, now).await?,
        applications: Mutex::default(),
        populations: Mutex::default(),
    })
}

/// The default population, and those that actions name for registrations.
async fn registering(
    store: &dyn Store,
    env: EnvId,
    actions: &[SignOnAction],
    now: Time,
) -> Result<Vec<Population>, Fault> {
    let mut named: Vec<PopulationId> = actions.iter().filter_map(registers_into).collect();
    named.sort_unstable();
    named.dedup();
    let is_wanted = |it: &Population| it.default || named.contains(&it.id);
    let mut found = all::<Population>(store, env, now).await?;
    found.retain(is_wanted);
    found.sort_by_key(|it| !it.default);
    Ok(found)
}

fn registers_into(action: &SignOnAction) -> Option<PopulationId> {
    let registration = match &action.step {
        ActionStep::Login(login) | ActionStep::IdentifierFirst { login, .. } => {
            Some(&login.registration)
        }
        ActionStep::IdentityProvider { registration, .. } => registration.as_ref(),
        ActionStep::MultiFactorAuthentication { .. }
        | ActionStep::Agreement { .. }
        | ActionStep::ProgressiveProfiling { .. } => None,
    };
    registration?.population.map(|it| it.id)
}

async fn providers(store: &dyn Store, env: EnvId, now: Time) -> Result<Vec<ProviderView>, Fault> {
    let providers = all::<IdentityProvider>(store, env, now).await?;
    if providers.is_empty() {
        return Ok(Vec::new());
    }
    let attributes = all::<IdentityProviderAttribute>(store, env, now).await?;
    let views = providers.into_iter().map(|provider| {
        let own = attributes
            .iter()
            .filter(|it| it.identity_provider.id == provider.id);
        ProviderView {
            attributes: own.cloned().collect(),
            openid: OpenidEndpoints::of(&provider),
            provider,
        }
    });
    Ok(views.collect())
}

async fn load_application(
    ports: &Ports,
    env: EnvId,
    id: ApplicationId,
    now: Time,
) -> Result<Option<ApplicationView>, Fault> {
    let store = &*ports.store;
    let id_text = id.to_string();
    let Some(application) = entity::load::<Application>(store, env, &id_text, now).await? else {
        return Ok(None);
    };
    let mut secrets = Vec::new();
    if let Some(secret) = entity::load::<ApplicationSecret>(store, env, &id_text, now).await? {
        let open = |sealed| -> Result<SecretString, Fault> {
            let plain = ports.vault.open(&secret.key(env), sealed)?;
            let text = std::str::from_utf8(&plain)
                .map_err(|_| Fault::Crypto("a client secret is not text"))?;
            Ok(SecretString::from(text))
        };
        secrets.push((open(&secret.secret)?, None));
        if let Some(previous) = &secret.previous {
            secrets.push((open(&previous.secret)?, Some(previous.expires_at)));
        }
    }
    let mut assignments =
        of_application::<SignOnPolicyAssignment>(store, env, &id_text, now).await?;
    assignments.sort_by_key(|assignment| assignment.priority);
    let attributes = of_application::<ApplicationAttribute>(store, env, &id_text, now).await?;
    let subject = RoleSubject::Application(Ref::to(id)).index_value();
    let of_subject = RoleAssignment::BY_SUBJECT;
    let roles = Query::equal(RoleAssignment::KIND, env, of_subject, subject, PAGE);
    Ok(Some(ApplicationView {
        roles: list_all(store, roles, now).await?,
        json: serde_json::to_value(&application.value).unwrap_or_default(),
        application: application.value,
        secrets,
        grants: of_application(store, env, &id_text, now).await?,
        attributes: attributes.into_iter().map(Mapping::from).collect(),
        assignments,
    }))
}

/// Documents that belong to an application are indexed by it.
async fn of_application<E: Entity>(
    store: &dyn Store,
    env: EnvId,
    application: &str,
    now: Time,
) -> Result<Vec<E>, Fault> {
    let query = Query::equal(E::KIND, env, "application", application, PAGE);
    list_all(store, query, now).await
}

/// Documents per page when a whole list is read.
const PAGE: u32 = 500;

/// Every entity of a kind in an environment. For configuration only: it is bounded by what
/// administrators make, not by users.
pub async fn all<E: Entity>(store: &dyn Store, env: EnvId, now: Time) -> Result<Vec<E>, Fault> {
    list_all(store, Query::all(E::KIND, env, PAGE), now).await
}

async fn list_all<E: Entity>(
    store: &dyn Store,
    mut query: Query,
    now: Time,
) -> Result<Vec<E>, Fault> {
    let mut found = Vec::new();
    loop {
        let page = store.list(&query, now).await?;
        for doc in &page.docs {
            found.push(E::from_doc(doc)?);
        }
        match page.next {
            Some(cursor) => query.after = Some(cursor),
            None => return Ok(found),
        }
    }
}
