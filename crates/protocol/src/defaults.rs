//! What a fresh environment contains (`reference/platform.md` 2).
//!
//! Ids follow from the environment's id and the thing's name, so that making the same environment
//! again makes the same ids, and an import file can speak of the defaults by name.

mod applications;
pub mod certificate_request;
pub mod key_pair;
pub mod mfa;
mod resources;

use countersign_domain::branding::Theme;
use countersign_domain::entity::{Entity, kinds};
use countersign_domain::environment::Environment;
use countersign_domain::ids::{
    ActionId, EnvId, KeyId, KeyRotationPolicyId, PasswordPolicyId, PopulationId, SignOnPolicyId,
    ThemeId, derived_uuid,
};
use countersign_domain::key::{
    KeyAlgorithm, KeyRotationPolicy, KeyUsageType, SignatureAlgorithm, SigningKey,
};
use countersign_domain::notification::DeliveryMethod;
use countersign_domain::notification::policy::{
    Cooldowns, CountryLimit, NotificationsPolicy, Quota, QuotaType,
};
use countersign_domain::password::policy::PasswordPolicy;
use countersign_domain::policy::conditions::Condition;
use countersign_domain::policy::sign_on::{
    ActionStep, Login, NoDevicesMode, SignOnAction, SignOnPolicy, Switch,
};
use countersign_domain::population::Population;
use countersign_domain::ports::Entropy;
use countersign_domain::reference::Ref;
use countersign_domain::store::{Batch, Doc, Fault, Precondition};
use countersign_domain::time::Time;
use countersign_domain::vault::Vault;

pub use applications::new_secret;
use key_pair::{Certification, KeyPair};
pub use resources::is_predefined_scope;

/// Decision: seconds after which the policies of a new environment ask for the password again
/// (ruling 2).
pub const PASSWORD_AGAIN_AFTER_SECONDS: u64 = 8 * 3600;
/// Days a signing key's certificate is valid.
pub const KEY_VALIDITY_DAYS: u32 = 365;
/// Days between rotations of signing keys.
pub const KEY_ROTATION_DAYS: u32 = 90;
/// Name of the default key rotation policy.
pub const KEY_ROTATION_POLICY_NAME: &str = "Default";

/// What making an environment needs from outside.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    /// Public base URL of the management API: the audience of the PingOne API resource.
    pub api_url: &'a str,
    /// Seals private keys and secrets.
    pub vault: &'a Vault,
    /// Random bytes.
    pub entropy: &'a dyn Entropy,
    /// The time.
    pub now: Time,
}

/// The environment and everything it starts with, as documents. The two key pairs become the
/// current and the next signing key; making them is slow, see [`KeyPair::generate`].
pub fn new_environment(
    maker: Maker<'_>,
    environment: &Environment,
    current: &KeyPair,
    next: &KeyPair,
) -> Result<Vec<Doc>, Fault> {
    let env = environment.id;
    let mut documents = Documents::new(env);
    documents.0.push(environment.to_doc(EnvId::PLATFORM)?);
    documents.add(&default_population(env, maker.now))?;
    documents.add(&theme(env))?;
    documents.add(&notifications_policy(env, maker.now))?;
    sign_on_policies(&mut documents, maker.now)?;
    password_policies(&mut documents, maker.now)?;
    mfa::add(&mut documents, &relying_party(maker), maker.now)?;
    resources::add(&mut documents, maker)?;
    signing_keys(&mut documents, maker, environment, [current, next])?;
    applications::add(&mut documents, maker)?;
    Ok(documents.0)
}

/// The domain of passkeys: the server's own, as far as it can be told from here.
fn relying_party(maker: Maker<'_>) -> String {
    let url = url::Url::parse(maker.api_url).ok();
    let host = url.as_ref().and_then(url::Url::host_str);
    host.unwrap_or("localhost").to_owned()
}

/// The batch that makes an environment out of its documents; conflicts if one of them exists.
pub fn creation(environment: EnvId, documents: Vec<Doc>) -> Batch {
    documents
        .into_iter()
        .fold(Batch::new(), |batch, doc| {
            batch
                .require(Precondition::Absent(doc.key.clone()))
                .put(doc)
        })
        .changed(environment)
        .changed(EnvId::PLATFORM)
}

/// The documents so far.
struct Documents(Vec<Doc>, EnvId);

impl Documents {
    const fn new(env: EnvId) -> Self {
        Self(Vec::new(), env)
    }

    fn add<E: Entity>(&mut self, entity: &E) -> Result<(), Fault> {
        self.0.push(entity.to_doc(self.1)?);
        Ok(())
    }
}

/// Id of a population by name.
pub fn population_id(env: EnvId, name: &str) -> PopulationId {
    PopulationId::from_uuid(derived_uuid(env, kinds::POPULATION, name))
}

/// Id of a sign-on policy by name.
pub fn sign_on_policy_id(env: EnvId, name: &str) -> SignOnPolicyId {
    SignOnPolicyId::from_uuid(derived_uuid(env, kinds::SIGN_ON_POLICY, name))
}

/// Id of the theme a new environment comes with.
pub fn theme_id(env: EnvId) -> ThemeId {
    ThemeId::from_uuid(derived_uuid(env, kinds::THEME, "default"))
}

/// Source: `reference/platform.md` 2: clients look for the name.
fn theme(env: EnvId) -> Theme {
    let mut theme = Theme::plain(theme_id(env));
    theme.configuration.name = Some("Ping Default".to_owned());
    theme
}

/// Decision: what PingOne's has is not documented; thirty messages and calls for each user in a day.
fn notifications_policy(env: EnvId, now: Time) -> NotificationsPolicy {
    let name = "Default Notification Policy";
    NotificationsPolicy {
        id: derived_uuid(env, kinds::NOTIFICATIONS_POLICY, name),
        name: name.to_owned(),
        default: true,
        quotas: vec![Quota {
            type_: QuotaType::User,
            delivery_methods: vec![DeliveryMethod::Sms, DeliveryMethod::Voice],
            total: Some(30),
            claimed: None,
            unclaimed: None,
        }],
        country_limit: CountryLimit::default(),
        cooldown_configuration: Cooldowns::default(),
        provider_configuration: None,
        created_at: now,
        updated_at: now,
    }
}

fn default_population(env: EnvId, now: Time) -> Population {
    Population {
        id: population_id(env, "Default"),
        name: "Default".to_owned(),
        description: Some("Automatically created population.".to_owned()),
        default: true,
        password_policy: None,
        preferred_language: "en".to_owned(),
        theme: None,
        default_identity_provider: None,
        alternative_identifiers: Vec::new(),
        created_at: now,
        updated_at: now,
    }
}

fn sign_on_policies(documents: &mut Documents, now: Time) -> Result<(), Fault> {
    let login = || {
        ActionStep::Login(Login {
            recovery: Switch { enabled: true },
            ..Login::default()
        })
    };
    let second_factor = || ActionStep::MultiFactorAuthentication {
        device_authentication_policy: None,
        no_devices_mode: NoDevicesMode::Block,
    };
    let policies = [
        ("Single_Factor", "A password.", vec![login()]),
        (
            "Multi_Factor",
            "A password and a second factor.",
            vec![login(), second_factor()],
        ),
    ];
    for (name, description, steps) in policies {
        let id = sign_on_policy_id(documents.1, name);
        documents.add(&SignOnPolicy {
            id,
            name: name.to_owned(),
            description: Some(description.to_owned()),
            default: name == "Single_Factor",
            created_at: now,
            updated_at: now,
        })?;
        for (priority, step) in (1u32..).zip(steps) {
            let label = format!("{name}/{priority}");
            let condition = matches!(step, ActionStep::Login(_))
                .then(|| Condition::password_older_than(PASSWORD_AGAIN_AFTER_SECONDS));
            documents.add(&SignOnAction {
                id: ActionId::from_uuid(derived_uuid(documents.1, kinds::SIGN_ON_ACTION, &label)),
                sign_on_policy: Ref::to(id),
                priority,
                condition,
                step,
            })?;
        }
    }
    Ok(())
}

fn password_policies(documents: &mut Documents, now: Time) -> Result<(), Fault> {
    let env = documents.1;
    let id = |name| PasswordPolicyId::from_uuid(derived_uuid(env, kinds::PASSWORD_POLICY, name));
    documents.add(&PasswordPolicy::standard(id("Standard"), now))?;
    documents.add(&PasswordPolicy::basic(id("Basic"), now))?;
    documents.add(&PasswordPolicy::passphrase(id("Passphrase"), now))
}

fn signing_keys(
    documents: &mut Documents,
    maker: Maker<'_>,
    environment: &Environment,
    pairs: [&KeyPair; 2],
) -> Result<(), Fault> {
    let env = environment.id;
    let dn = distinguished_name(&environment.name);
    let ids = ["current", "next"].map(|name| KeyId::from_uuid(derived_uuid(env, kinds::KEY, name)));
    for ((id, pair), is_current) in ids.into_iter().zip(pairs).zip([true, false]) {
        documents.add(&signing_key(maker, env, id, &dn, pair, is_current)?)?;
    }
    let [current_key_id, next_key_id] = ids;
    documents.add(&KeyRotationPolicy {
        id: default_rotation_policy_id(env),
        name: KEY_ROTATION_POLICY_NAME.to_owned(),
        default: true,
        dn,
        algorithm: KeyAlgorithm::RSA,
        key_length: KeyPair::BITS,
        signature_algorithm: SignatureAlgorithm::SHA256withRSA,
        usage_type: KeyUsageType::Signing,
        rotation_period: KEY_ROTATION_DAYS,
        validity_period: KEY_VALIDITY_DAYS,
        current_key_id,
        next_key_id,
        rotated_at: maker.now,
        created_at: maker.now,
        updated_at: maker.now,
    })
}

/// Id of the rotation policy a new environment comes with.
pub fn default_rotation_policy_id(env: EnvId) -> KeyRotationPolicyId {
    KeyRotationPolicyId::from_uuid(derived_uuid(
        env,
        kinds::KEY_ROTATION_POLICY,
        KEY_ROTATION_POLICY_NAME,
    ))
}

/// The name in the certificates of an environment's keys.
fn distinguished_name(environment: &str) -> String {
    let plain: String = environment
        .chars()
        .map(|it| if ",=+\\\"<>;#".contains(it) { ' ' } else { it })
        .collect();
    format!("CN=Signing key of {}, O=Countersign", plain.trim())
}

/// A signing key with a self-signed certificate, valid from now on.
pub fn signing_key(
    maker: Maker<'_>,
    env: EnvId,
    id: KeyId,
    dn: &str,
    pair: &KeyPair,
    default: bool,
) -> Result<SigningKey, Fault> {
    let mut key = certified_key(maker, env, id, dn, pair, KEY_VALIDITY_DAYS)?;
    key.default = default;
    Ok(key)
}

/// A signing key with a self-signed certificate, valid for `days` from now on; not the default.
pub fn certified_key(
    maker: Maker<'_>,
    env: EnvId,
    id: KeyId,
    dn: &str,
    pair: &KeyPair,
    days: u32,
) -> Result<SigningKey, Fault> {
    let mut serial = [0; 8];
    maker.entropy.fill(&mut serial);
    // Positive and never zero (RFC 5280 4.1.2.2); PingOne's are 64-bit integers too.
    let serial = u64::from_be_bytes(serial) >> 1 | 1;
    let certification = Certification {
        dn,
        serial,
        starts_at: Time::from_seconds(maker.now.seconds()),
        days,
    };
    key_pair::seal(maker, env, id, pair, certification)
}

#[cfg(test)]
mod tests;
