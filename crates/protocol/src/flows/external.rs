//! What a flow knows of identity providers: where a person can be sent from where it stands, who is
//! on the way, and whom a provider named (`reference/flows.md` 6.21).

use countersign_domain::entity::{self, Stored};
use countersign_domain::identity_provider::LinkedAccount;
use countersign_domain::ids::{IdentityProviderId, LinkedAccountId, UserId};
use countersign_domain::policy::sign_on::{ActionStep, DiscoveryRule, Registration, SignOnAction};
use countersign_domain::reference::{Ref, fold};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::configuration::{ProviderView, Snapshot};
use crate::cx::Cx;
use crate::flows::flow::{Flow, FlowUser, Progress};
use crate::flows::state::{State, Whose};
use crate::refusal::Outcome;
use crate::rp::attributes::{self, Mapped};

/// A flow that waits for somebody to come back from a provider, or to go there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalSignOn {
    /// The provider.
    pub provider: IdentityProviderId,
    /// Who is expected, if anybody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<FlowUser>,
}

/// One trip to a provider and back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// SHA-256 of the `state` parameter.
    pub state: String,
    /// Where to.
    pub provider: IdentityProviderId,
    /// Since when.
    pub began_at: Time,
    /// Whether an answer came. There is one.
    pub answered: bool,
}

/// Somebody as a provider named them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalIdentity {
    /// The provider.
    pub provider: IdentityProviderId,
    /// Who it is there: `sub`.
    pub external_id: String,
    /// What it says of them, as attributes of ours.
    pub attributes: Vec<Mapped>,
    /// Whether it says that it verified the e-mail address.
    pub email_verified: bool,
}

impl ExternalIdentity {
    /// The value of a mapped attribute that is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|it| it.name == name)?;
        found.value.as_str()
    }

    /// The same without what a user may not have of it.
    pub async fn free(&self, cx: &Cx, user: UserId) -> Outcome<Self> {
        let attributes = attributes::free(cx, &self.attributes, user).await?;
        Ok(Self {
            attributes,
            ..self.clone()
        })
    }

    /// The attributes in the shape of a user.
    pub fn shown(&self) -> Map<String, Value> {
        let mut shown = Value::Object(Map::new());
        for attribute in &self.attributes {
            crate::flows::profile::put(&mut shown, &attribute.name, attribute.value.clone());
        }
        match shown {
            Value::Object(shown) => shown,
            _ => Map::new(),
        }
    }

    /// A user with what it says of them.
    pub fn told(&self, cx: &Cx, user: &User) -> Result<User, Fault> {
        let own = &cx.env.user_attributes;
        attributes::update(user, &self.attributes, own, self.email_verified, cx.now)
    }

    /// The link of a user to it.
    pub fn link(&self, id: LinkedAccountId, user: &User, now: Time) -> LinkedAccount {
        LinkedAccount {
            id,
            user: Ref::to(user.id),
            identity_provider: Ref::to(self.provider),
            external_id: self.external_id.clone(),
            created_at: now,
        }
    }
}

/// A link that is made as soon as somebody proves to be a user of ours.
pub struct PendingLink {
    id: LinkedAccountId,
    /// Somebody has it already.
    is_taken: bool,
    /// What the user may have of what the provider said.
    said: ExternalIdentity,
}

impl PendingLink {
    /// Reads what making it needs, if the flow has one to make.
    pub async fn gather(cx: &Cx, flow: &Flow, user: UserId) -> Outcome<Option<Self>> {
        let Some(identity) = &flow.progress.external else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: LinkedAccountId::random(&*cx.ports.entropy),
            is_taken: link_of(cx, identity).await?.is_some(),
            said: identity.free(cx, user).await?,
        }))
    }

    /// Whether somebody has the account at the provider already.
    pub const fn is_taken(&self) -> bool {
        self.is_taken
    }

    /// Makes it. One that somebody else made in the meantime stays theirs.
    pub fn make(&self, cx: &Cx, progress: &mut Progress, user: &User) -> Result<Batch, Fault> {
        match progress.external.take() {
            Some(identity) if !self.is_taken => {
                Batch::new().create(cx.env_id(), &identity.link(self.id, user, cx.now))
            }
            _ => Ok(Batch::new()),
        }
    }

    /// Makes it for somebody who was a user before, who is from now on what the provider says, as
    /// far as its mappings go. Of an account that is somebody else's nothing is taken.
    ///
    /// Source: `reference/flows.md` 6.3.
    pub fn join(
        &self,
        cx: &Cx,
        progress: &mut Progress,
        before: &Stored<User>,
    ) -> Result<(User, Batch), Fault> {
        let joins = progress.external.is_some() && !self.is_taken;
        let mut writes = self.make(cx, progress, before)?;
        let after = if joins {
            self.said.told(cx, before)?
        } else {
            before.value.clone()
        };
        if after != before.value {
            writes = writes.update(cx.env_id(), &after, before.version)?;
        }
        Ok((after, writes))
    }
}

/// Who has an account at a provider.
pub async fn link_of(cx: &Cx, identity: &ExternalIdentity) -> Outcome<Option<LinkedAccount>> {
    let value = LinkedAccount::external_value(identity.provider, &identity.external_id);
    let rule = LinkedAccount::UNIQUE_EXTERNAL;
    let found =
        entity::load_by::<LinkedAccount>(&*cx.ports.store, cx.env_id(), rule, value, cx.now);
    Ok(found.await?.map(|stored| stored.value))
}

/// What a look at the username told, where the environment has providers it could lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Identified {
    /// Nobody has it.
    Nobody,
    /// Somebody whose passwords we check.
    Ours,
    /// Somebody over whom a provider has the say.
    Theirs(IdentityProviderId),
}

/// Looks at a username, unless it can lead nowhere but to the password.
///
/// Source: `reference/flows.md` 6.4, 9.3.
pub async fn identify(cx: &Cx, username: Option<&str>) -> Outcome<Option<Identified>> {
    let Some(username) = username.filter(|_| cx.env.providers.iter().any(ProviderView::is_usable))
    else {
        return Ok(None);
    };
    let (store, rule) = (&*cx.ports.store, User::UNIQUE_USERNAME);
    let found = entity::load_by::<User>(store, cx.env_id(), rule, fold(username), cx.now).await?;
    Ok(Some(match found {
        None => Identified::Nobody,
        Some(user) => authority(&user).map_or(Identified::Ours, Identified::Theirs),
    }))
}

/// The provider that has the say over a user.
pub fn authority(user: &User) -> Option<IdentityProviderId> {
    let id = user.identity_provider.id?;
    Some(IdentityProviderId::from_uuid(id))
}

/// The provider that an identifier leads to: that of its user, else that of the first rule it fits.
pub fn route(
    env: &Snapshot,
    rules: &[DiscoveryRule],
    progress: &Progress,
) -> Option<IdentityProviderId> {
    let provider = match progress.identified.as_ref()? {
        Identified::Ours => return None,
        Identified::Theirs(provider) => *provider,
        Identified::Nobody => {
            let name = fold(progress.identifier.as_deref()?);
            let fits = |rule: &&DiscoveryRule| name.contains(&fold(&rule.condition.contains));
            rules.iter().find(fits)?.identity_provider.id
        }
    };
    env.provider(provider).map(|view| view.provider.id)
}

/// The action that waits for the person.
pub fn asking<'a>(env: &'a Snapshot, flow: &Flow) -> Option<&'a SignOnAction> {
    let policy = flow.request.policies.get(flow.progress.policy)?;
    let id = flow.progress.asking?;
    let view = env.policy(*policy)?;
    view.actions.iter().find(|action| action.id == id)
}

/// What the action that waits says of people whom we do not know.
pub fn registration(action: &SignOnAction) -> Option<&Registration> {
    match &action.step {
        ActionStep::Login(login) | ActionStep::IdentifierFirst { login, .. } => {
            Some(&login.registration)
        }
        ActionStep::IdentityProvider { registration, .. } => registration.as_ref(),
        ActionStep::MultiFactorAuthentication { .. }
        | ActionStep::Agreement { .. }
        | ActionStep::ProgressiveProfiling { .. } => None,
    }
}

/// Whether somebody who is locked may not come in through a provider either.
pub fn enforces_lockout(action: &SignOnAction) -> bool {
    match &action.step {
        ActionStep::Login(login) | ActionStep::IdentifierFirst { login, .. } => {
            login.enforce_lockout_for_identity_providers
        }
        ActionStep::IdentityProvider { .. }
        | ActionStep::MultiFactorAuthentication { .. }
        | ActionStep::Agreement { .. }
        | ActionStep::ProgressiveProfiling { .. } => false,
    }
}

/// The providers that the flow can go to as it stands: the one it must go to, or those that the
/// action offers.
pub fn providers<'a>(env: &'a Snapshot, flow: &Flow) -> Vec<&'a ProviderView> {
    let ids = match &flow.state {
        State::ExternalAuthenticationRequired(asked) => vec![asked.provider],
        State::UsernamePasswordRequired | State::SignOnRequired | State::PasswordRequired(_) => {
            match asking(env, flow).map(|action| &action.step) {
                Some(ActionStep::Login(login) | ActionStep::IdentifierFirst { login, .. }) => {
                    login.social_providers.iter().map(|it| it.id).collect()
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    };
    ids.into_iter().filter_map(|id| env.provider(id)).collect()
}

/// Whom the flow expects, where it does.
pub fn expected(flow: &Flow) -> Option<&FlowUser> {
    match &flow.state {
        State::ExternalAuthenticationRequired(asked) => asked.user.as_ref(),
        State::PasswordRequired(Whose::Known(user)) => Some(user),
        _ => None,
    }
}
