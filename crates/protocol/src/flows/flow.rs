//! The flow document.

use std::net::IpAddr;
use std::time::Duration;

use countersign_domain::entity::{Entity, kinds};
use countersign_domain::ids::{ActionId, FlowId, ImageId, PopulationId, SessionId, UserId};
use countersign_domain::policy::sign_on::ActionStep;
use countersign_domain::session::SessionPolicy;
use countersign_domain::store::Kind;
use countersign_domain::time::Time;
use countersign_domain::user::User;
use serde::{Deserialize, Serialize};

use crate::as_::authorize::AuthorizationRequest;
use crate::cx::Cx;
use crate::flows::State;
use crate::flows::external::{ExternalIdentity, Identified, Trip};
use crate::flows::frozen::Frozen;
use crate::flows::registration::RegistrationOffer;
use crate::flows::state::{DeviceFlow, DeviceSignOn, Done};

/// How long a flow lives after it was last touched.
/// Source: `reference/flows.md` 1, 16.
pub const IDLE: Duration = Duration::from_mins(15);

/// Expiry slides no more often than this, so that a poll is not a write.
const SLIDE_AFTER: Duration = Duration::from_mins(1);

/// Which browser a flow belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Binding {
    /// The one with this anonymous token (by hash), or with a session that grew from it.
    Anonymous(String),
    /// The one with this session, whatever its token is by now.
    Session(SessionId),
}

/// A person as the flow resource shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowUser {
    /// The user's id.
    pub id: UserId,
    /// Their username.
    pub username: String,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Their population, for the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationId>,
}

impl From<&User> for FlowUser {
    fn from(user: &User) -> Self {
        let name = user.name.as_ref();
        Self {
            id: user.id,
            username: user.username.clone(),
            given: name.and_then(|name| name.given.clone()),
            family: name.and_then(|name| name.family.clone()),
            population: Some(user.population.id),
        }
    }
}

/// What the browser's session says, frozen when the flow began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// The session.
    pub id: SessionId,
    /// Whose it is.
    pub user: FlowUser,
    /// The last sign-on: `auth_time`.
    pub signed_on_at: Time,
    /// When the password was last used.
    pub pwd_at: Option<Time>,
    /// When a second factor was last used.
    pub mfa_at: Option<Time>,
    /// What was used in the last sign-on: `amr`.
    pub authenticators: Vec<String>,
}

impl SessionFacts {
    /// The outcome of a flow in which nothing had to be proved again.
    pub fn done(&self, policy: SessionPolicy) -> Done {
        Done {
            user: self.user.clone(),
            session: self.id,
            auth_time: self.signed_on_at,
            acr: policy.name.unwrap_or_default(),
            amr: self.authenticators.clone(),
        }
    }
}

/// What was proved in this flow so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Index into the request's policies of the one that runs.
    pub policy: usize,
    /// Its actions that are satisfied.
    pub done: Vec<ActionId>,
    /// The action that waits for the person: what the next proof satisfies.
    #[serde(default)]
    pub asking: Option<ActionId>,
    /// The username that was typed, or that the client hinted at. Proves nothing.
    #[serde(default)]
    pub identifier: Option<String>,
    /// The user whom the client named by a token of its own. Is shown, and proves nothing.
    #[serde(default)]
    pub named: Option<FlowUser>,
    /// Whether a progressive profiling action was answered in this flow.
    #[serde(default)]
    pub profiled: bool,
    /// When the password was checked in this flow.
    pub pwd_at: Option<Time>,
    /// Authenticators used in this flow, in order.
    pub authenticators: Vec<String>,
    /// What the action that waits for the person offers beside its own proof.
    #[serde(default)]
    pub offers: Offers,
    /// What a look at the identifier told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identified: Option<Identified>,
    /// The last trip to an identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
    /// Whom a provider named, until that is somebody here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalIdentity>,
}

/// What an action offers beside its own proof, by its settings when the flow came to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Offers {
    /// A forgotten password can be replaced: `password.forgot`.
    pub recovery: bool,
    /// People can register: `user.register`, or a page elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationOffer>,
}

impl Offers {
    /// Those of an action.
    pub fn of(step: &ActionStep) -> Self {
        match step {
            ActionStep::Login(login) | ActionStep::IdentifierFirst { login, .. } => Self {
                recovery: login.recovery.enabled,
                registration: RegistrationOffer::of(&login.registration),
            },
            ActionStep::IdentityProvider { registration, .. } => Self {
                registration: registration.as_ref().and_then(RegistrationOffer::of),
                ..Self::default()
            },
            ActionStep::MultiFactorAuthentication { .. }
            | ActionStep::Agreement { .. }
            | ActionStep::ProgressiveProfiling { .. } => Self::default(),
        }
    }
}

impl Progress {
    /// The action that waited for the person is satisfied.
    pub fn satisfy(&mut self) {
        self.done.extend(self.asking.take());
    }

    /// An identity provider said who the person is.
    ///
    /// Decision: it counts as a sign-on with a password, for that is what the conditions of
    /// IDENTITY_PROVIDER actions ask about (`reference/flows.md` 9.4).
    pub fn used_provider(&mut self, now: Time) {
        self.used_password(now);
    }

    /// The person proved who they are with the password.
    pub fn used_password(&mut self, now: Time) {
        self.pwd_at = Some(now);
        self.authenticators = vec!["pwd".to_owned()];
    }
}

/// One run of the sign-on machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Its id: unguessable, and yet not enough without the browser's cookie.
    pub id: FlowId,
    /// The validated request, frozen (`threats.md` 12).
    pub request: Frozen<AuthorizationRequest>,
    /// Name of the application, as shown.
    pub application_name: String,
    /// Its picture, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_icon: Option<ImageId>,
    /// Whose browser.
    pub binding: Binding,
    /// Made at.
    pub created_at: Time,
    /// Gone at, unless touched.
    pub expires_at: Time,
    /// The session that counts for the policy; none with `prompt=login`, after a reset, or for a
    /// browser without one.
    pub session: Option<SessionFacts>,
    /// The session that completion updates (same user) or ends (another user).
    pub prior_session: Option<SessionId>,
    /// What was proved so far.
    pub progress: Progress,
    /// Where it stands.
    pub state: State,
    /// Whether the authorization response went out.
    pub resumed: bool,
    /// Only in a flow that connects a device: nothing is resumed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceFlow>,
}

impl Flow {
    /// The person's address: as the client saw it, if it says so under its signature; else the
    /// caller's.
    pub fn remote_ip(&self, cx: &Cx) -> Option<IpAddr> {
        self.request.transaction.remote_ip.or(cx.remote_ip)
    }

    /// A flow at its very beginning, for nobody known.
    pub fn new(
        id: FlowId,
        request: Frozen<AuthorizationRequest>,
        binding: Binding,
        now: Time,
    ) -> Self {
        Self {
            id,
            request,
            application_name: String::new(),
            application_icon: None,
            binding,
            created_at: now,
            expires_at: now.plus(IDLE),
            session: None,
            prior_session: None,
            progress: Progress::default(),
            state: State::UsernamePasswordRequired,
            resumed: false,
            device: None,
        }
    }

    /// In a flow that connects a device a completed sign-on is not the end: the code comes next.
    pub fn ask_for_user_code(&mut self) {
        if self.device.is_some()
            && let State::Completed(done) = &self.state
        {
            self.state = State::DagUserCodeRequired(Box::new(DeviceSignOn {
                done: done.clone(),
                failures: 0,
            }));
        }
    }

    /// Whether pushing the expiry forward is worth a write of its own.
    pub fn is_due(&self, now: Time) -> bool {
        now.plus(IDLE).since(self.expires_at) >= SLIDE_AFTER
    }

    /// Pushes the expiry forward.
    pub fn touch(&mut self, now: Time) {
        self.expires_at = now.plus(IDLE);
    }
}

impl Entity for Flow {
    const KIND: Kind = kinds::FLOW;
    const IS_READ_SOON: bool = true;
    fn id(&self) -> String {
        self.id.to_string()
    }
    /// When it is forgotten: at the end of the minute in which it expires, of which
    /// [`access`](super::access) takes note. Nearly every step of a flow moves its expiry; only one a
    /// minute moves it in the index of what is to be swept, which is a page less to write.
    fn expires_at(&self) -> Option<Time> {
        const MINUTE: i64 = 60_000;
        let minutes = self.expires_at.millis().div_euclid(MINUTE);
        Some(Time::from_millis(
            minutes.saturating_add(1).saturating_mul(MINUTE),
        ))
    }
}
