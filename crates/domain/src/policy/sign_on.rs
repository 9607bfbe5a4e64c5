//! `/v1/environments/{e}/signOnPolicies` and their actions (`reference/flows.md` 9).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::entity::{Entity, kinds};
use crate::ids::{ActionId, EnvId, IdentityProviderId, PopulationId, SignOnPolicyId};
use crate::policy::conditions::Condition;
use crate::reference::Ref;
use crate::store::{IndexEntry, IndexName, Key, Kind};
use crate::time::Time;

/// A sign-on policy: a named list of actions. Its name is the `acr` of who went through it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignOnPolicy {
    /// Its id.
    pub id: SignOnPolicyId,
    /// Its name, unique in the environment.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether applications without an assignment use it. One per environment.
    #[serde(default)]
    pub default: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl SignOnPolicy {
    /// Unique: name.
    pub const UNIQUE_NAME: IndexName = "name";
}

impl Entity for SignOnPolicy {
    const KIND: Kind = kinds::SIGN_ON_POLICY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, self.name.clone())]
    }
}

/// One step of a sign-on policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawAction", into = "RawAction")]
pub struct SignOnAction {
    /// Its id.
    pub id: ActionId,
    /// The policy it belongs to.
    pub sign_on_policy: Ref<SignOnPolicyId>,
    /// Lower comes first; 1 at least.
    pub priority: u32,
    /// When it runs; always, without one.
    pub condition: Option<Condition>,
    /// What it does.
    pub step: ActionStep,
}

impl SignOnAction {
    /// Index: actions of a policy, by its id.
    pub const BY_POLICY: IndexName = "policy";
    /// Index: id of the device authentication policy, of actions that name one.
    pub const BY_DEVICE_POLICY: IndexName = "devicePolicy";

    fn device_policy(&self) -> Option<String> {
        match &self.step {
            ActionStep::MultiFactorAuthentication {
                device_authentication_policy: Some(policy),
                ..
            } => Some(policy.id.to_string()),
            _ => None,
        }
    }
}

impl Entity for SignOnAction {
    const KIND: Kind = kinds::SIGN_ON_ACTION;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<IndexEntry> {
        let mut entries = vec![IndexEntry {
            name: Self::BY_POLICY,
            value: self.sign_on_policy.id.to_string(),
        }];
        entries.extend(self.device_policy().map(|value| IndexEntry {
            name: Self::BY_DEVICE_POLICY,
            value,
        }));
        entries
    }
    fn rests_on(&self, env: EnvId) -> Vec<Key> {
        let policy = self.device_policy().into_iter();
        policy
            .map(|id| Key::new(kinds::DEVICE_AUTHENTICATION_POLICY, env, id))
            .collect()
    }
}

/// What an action does, with what only that kind of action has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionStep {
    /// `LOGIN`: user name and password.
    Login(Login),
    /// `IDENTIFIER_FIRST`: the user name, then what it leads to.
    IdentifierFirst {
        /// As in a login.
        login: Login,
        /// Which identity provider an unknown identifier leads to; the first that fits.
        discovery_rules: Vec<DiscoveryRule>,
    },
    /// `MULTI_FACTOR_AUTHENTICATION`: a second factor.
    MultiFactorAuthentication {
        /// The MFA policy; the default one when absent.
        device_authentication_policy: Option<Ref<Uuid>>,
        /// What happens when the user has no device.
        no_devices_mode: NoDevicesMode,
    },
    /// `IDENTITY_PROVIDER`: another provider.
    IdentityProvider {
        /// Which one.
        identity_provider: Ref<IdentityProviderId>,
        /// `acr_values` for it.
        acr_values: Option<String>,
        /// Whether it is told who the user is.
        pass_user_context: bool,
        /// Whether unknown users may register.
        registration: Option<Registration>,
    },
    /// `AGREEMENT`: consent to a text.
    Agreement {
        /// Which text.
        agreement: Ref<Uuid>,
        /// Whether there is no button to decline.
        disable_decline_option: bool,
    },
    /// `PROGRESSIVE_PROFILING`: asks for missing attributes.
    ProgressiveProfiling {
        /// Which ones.
        attributes: Vec<ProfilingAttribute>,
        /// Seconds between two such questions.
        prompt_interval_seconds: u64,
        /// What the page says.
        prompt_text: String,
        /// Whether one flow asks at most once.
        prevent_multiple_prompts_per_flow: bool,
    },
}

/// A login with user name and password.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// Whether a forgotten password can be replaced.
    pub recovery: Switch,
    /// Whether new users may register.
    pub registration: Registration,
    /// Identity providers offered beside the password.
    pub social_providers: Vec<Ref<IdentityProviderId>>,
    /// Whether locked users may not come in through those either.
    pub enforce_lockout_for_identity_providers: bool,
    /// Directories that unknown users are looked up in; kept as it is.
    pub new_user_provisioning: Option<Value>,
}

/// `{"enabled": ...}`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Switch {
    /// On.
    pub enabled: bool,
}

/// Registration of new users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Registration {
    /// Whether the flow offers it.
    pub enabled: bool,
    /// A page elsewhere, when the flow does not offer it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRegistration>,
    /// Where new users go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<Ref<PopulationId>>,
    /// Whether what an identity provider said is shown for confirmation.
    pub confirm_identity_provider_attributes: bool,
}

/// `registration.external`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalRegistration {
    /// Its address.
    pub href: String,
}

/// Where an identifier leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveryRule {
    /// What the identifier must contain.
    pub condition: DiscoveryCondition,
    /// The provider.
    pub identity_provider: Ref<IdentityProviderId>,
}

/// `{"contains": text, "value": "${identifier}"}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryCondition {
    /// The text.
    pub contains: String,
    /// Always `${identifier}`.
    pub value: String,
}

/// What a second-factor action does for a user without devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NoDevicesMode {
    /// Fails.
    #[default]
    Block,
    /// Passes.
    Bypass,
}

/// An attribute that progressive profiling asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfilingAttribute {
    /// Its name.
    pub name: String,
    /// Whether the user must answer.
    #[serde(default)]
    pub required: bool,
}

/// `type` of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ActionType {
    Login,
    IdentifierFirst,
    MultiFactorAuthentication,
    IdentityProvider,
    Agreement,
    ProgressiveProfiling,
}

/// The one JSON object that every type of action is written as.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAction {
    id: ActionId,
    sign_on_policy: Ref<SignOnPolicyId>,
    priority: u32,
    #[serde(rename = "type")]
    type_: ActionType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recovery: Option<Switch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registration: Option<Registration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    social_providers: Option<Vec<Ref<IdentityProviderId>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    enforce_lockout_for_identity_providers: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    new_user_provisioning: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discovery_rules: Option<Vec<DiscoveryRule>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_authentication_policy: Option<Ref<Uuid>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    no_devices_mode: Option<NoDevicesMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity_provider: Option<Ref<IdentityProviderId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr_values: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass_user_context: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agreement: Option<Ref<Uuid>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disable_decline_option: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<ProfilingAttribute>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt_interval_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prompt_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prevent_multiple_prompts_per_flow: Option<bool>,
}

/// Why an object is not an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAction {
    /// A property that this type needs is missing.
    #[error("an action of this type needs `{0}`")]
    Missing(&'static str),
    /// `priority` is 0.
    #[error("priority begins at 1")]
    Priority,
}

impl TryFrom<RawAction> for SignOnAction {
    type Error = NotAnAction;

    fn try_from(mut raw: RawAction) -> Result<Self, NotAnAction> {
        if raw.priority == 0 {
            return Err(NotAnAction::Priority);
        }
        let missing = NotAnAction::Missing;
        let step = match raw.type_ {
            ActionType::Login => ActionStep::Login(take_login(&mut raw)),
            ActionType::IdentifierFirst => ActionStep::IdentifierFirst {
                login: take_login(&mut raw),
                discovery_rules: raw.discovery_rules.unwrap_or_default(),
            },
            ActionType::MultiFactorAuthentication => ActionStep::MultiFactorAuthentication {
                device_authentication_policy: raw.device_authentication_policy,
                no_devices_mode: raw.no_devices_mode.unwrap_or_default(),
            },
            ActionType::IdentityProvider => ActionStep::IdentityProvider {
                identity_provider: raw.identity_provider.ok_or(missing("identityProvider"))?,
                acr_values: raw.acr_values,
                pass_user_context: raw.pass_user_context.unwrap_or_default(),
                registration: raw.registration,
            },
            ActionType::Agreement => ActionStep::Agreement {
                agreement: raw.agreement.ok_or(missing("agreement"))?,
                disable_decline_option: raw.disable_decline_option.unwrap_or_default(),
            },
            ActionType::ProgressiveProfiling => ActionStep::ProgressiveProfiling {
                attributes: raw.attributes.ok_or(missing("attributes"))?,
                prompt_interval_seconds: raw
                    .prompt_interval_seconds
                    .ok_or(missing("promptIntervalSeconds"))?,
                prompt_text: raw.prompt_text.ok_or(missing("promptText"))?,
                prevent_multiple_prompts_per_flow: raw
                    .prevent_multiple_prompts_per_flow
                    .ok_or(missing("preventMultiplePromptsPerFlow"))?,
            },
        };
        Ok(Self {
            id: raw.id,
            sign_on_policy: raw.sign_on_policy,
            priority: raw.priority,
            condition: raw.condition,
            step,
        })
    }
}

fn take_login(raw: &mut RawAction) -> Login {
    Login {
        recovery: raw.recovery.unwrap_or_default(),
        registration: raw.registration.take().unwrap_or_default(),
        social_providers: raw.social_providers.take().unwrap_or_default(),
        enforce_lockout_for_identity_providers: raw
            .enforce_lockout_for_identity_providers
            .unwrap_or_default(),
        new_user_provisioning: raw.new_user_provisioning.take(),
    }
}

fn put_login(raw: &mut RawAction, login: Login) {
    raw.recovery = Some(login.recovery);
    raw.registration = Some(login.registration);
    raw.social_providers = Some(login.social_providers);
    raw.enforce_lockout_for_identity_providers = Some(login.enforce_lockout_for_identity_providers);
    raw.new_user_provisioning = login.new_user_provisioning;
}

impl From<SignOnAction> for RawAction {
    fn from(action: SignOnAction) -> Self {
        let mut raw = Self {
            id: action.id,
            sign_on_policy: action.sign_on_policy,
            priority: action.priority,
            type_: ActionType::Login,
            condition: action.condition,
            recovery: None,
            registration: None,
            social_providers: None,
            enforce_lockout_for_identity_providers: None,
            new_user_provisioning: None,
            discovery_rules: None,
            device_authentication_policy: None,
            no_devices_mode: None,
            identity_provider: None,
            acr_values: None,
            pass_user_context: None,
            agreement: None,
            disable_decline_option: None,
            attributes: None,
            prompt_interval_seconds: None,
            prompt_text: None,
            prevent_multiple_prompts_per_flow: None,
        };
        match action.step {
            ActionStep::Login(login) => put_login(&mut raw, login),
            ActionStep::IdentifierFirst {
                login,
                discovery_rules,
            } => {
                raw.type_ = ActionType::IdentifierFirst;
                put_login(&mut raw, login);
                raw.discovery_rules = Some(discovery_rules);
            }
            ActionStep::MultiFactorAuthentication {
                device_authentication_policy,
                no_devices_mode,
            } => {
                raw.type_ = ActionType::MultiFactorAuthentication;
                raw.device_authentication_policy = device_authentication_policy;
                raw.no_devices_mode = Some(no_devices_mode);
            }
            ActionStep::IdentityProvider {
                identity_provider,
                acr_values,
                pass_user_context,
                registration,
            } => {
                raw.type_ = ActionType::IdentityProvider;
                raw.identity_provider = Some(identity_provider);
                raw.acr_values = acr_values;
                raw.pass_user_context = Some(pass_user_context);
                raw.registration = registration;
            }
            ActionStep::Agreement {
                agreement,
                disable_decline_option,
            } => {
                raw.type_ = ActionType::Agreement;
                raw.agreement = Some(agreement);
                raw.disable_decline_option = Some(disable_decline_option);
            }
            ActionStep::ProgressiveProfiling {
                attributes,
                prompt_interval_seconds,
                prompt_text,
                prevent_multiple_prompts_per_flow,
            } => {
                raw.type_ = ActionType::ProgressiveProfiling;
                raw.attributes = Some(attributes);
                raw.prompt_interval_seconds = Some(prompt_interval_seconds);
                raw.prompt_text = Some(prompt_text);
                raw.prevent_multiple_prompts_per_flow = Some(prevent_multiple_prompts_per_flow);
            }
        }
        raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = r#""id":"00000000-0000-0000-0000-000000000001",
        "signOnPolicy":{"id":"00000000-0000-0000-0000-000000000002"},"priority":1"#;

    #[test]
    fn an_action_reads_what_it_wrote() {
        for own in [
            r#""type":"LOGIN","recovery":{"enabled":true}"#,
            r#""type":"MULTI_FACTOR_AUTHENTICATION","noDevicesMode":"BYPASS""#,
            r#""type":"IDENTIFIER_FIRST","discoveryRules":[]"#,
            r#""type":"AGREEMENT","agreement":{"id":"00000000-0000-0000-0000-000000000003"}"#,
        ] {
            let json = format!("{{{IDS},{own}}}");
            let action: SignOnAction = serde_json::from_str(&json).unwrap();
            let written = serde_json::to_string(&action).unwrap();
            assert_eq!(
                serde_json::from_str::<SignOnAction>(&written).unwrap(),
                action
            );
        }
    }

    #[test]
    fn an_action_without_what_its_type_needs_is_refused() {
        let json = format!(r#"{{{IDS},"type":"AGREEMENT"}}"#);
        let error = serde_json::from_str::<SignOnAction>(&json).unwrap_err();
        assert!(error.to_string().contains("`agreement`"), "{error}");
    }
}
