//! The only place that walks a policy. Actions say "this step is satisfied", never "go to X".

use std::net::IpAddr;

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::group::Memberships;
use countersign_domain::ids::{ActionId, IdentityProviderId, SignOnPolicyId};
use countersign_domain::policy::conditions::{ConditionFacts, evaluate};
use countersign_domain::policy::sign_on::{ActionStep, NoDevicesMode, SignOnAction};
use countersign_domain::session::SessionPolicy;
use countersign_domain::time::Time;
use countersign_domain::user::{Account, LifecycleStatus, User};

use crate::configuration::Snapshot;
use crate::flows::State;
use crate::flows::agreement::{self, Wanted};
use crate::flows::codes;
use crate::flows::external::{self, ExternalSignOn};
use crate::flows::flow::{Offers, Progress, SessionFacts};
use crate::flows::profile;
use crate::flows::state::{FlowFailure, Verification, Whose};

/// What the walk knows of the person and the browser.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Who: from the session, or proved in this flow.
    pub user: Option<&'a User>,
    /// Their account, when it was read: when they were asked for attributes last.
    pub account: Option<&'a Account>,
    /// What they consented to, as far as the policies ask.
    pub consents: &'a [AgreementConsent],
    /// The groups that they are in, where a policy asks.
    pub groups: Option<&'a Memberships>,
    /// The languages that the client wishes for, in the syntax of `ui_locales`.
    pub ui_locales: Option<&'a str>,
    /// The session that counts, if any.
    pub session: Option<&'a SessionFacts>,
    /// The caller's address.
    pub remote_ip: Option<IpAddr>,
}

impl Known<'_> {
    /// Nothing but the address.
    pub const fn nobody(remote_ip: Option<IpAddr>) -> Self {
        Self {
            user: None,
            account: None,
            consents: &[],
            groups: None,
            ui_locales: None,
            session: None,
            remote_ip,
        }
    }
}

/// What the policy wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The flow stands here: it waits for the person, or every policy failed.
    Stand(State),
    /// Nothing more: this policy is complete.
    Complete(SessionPolicy),
}

impl Next {
    /// The state, where nobody is known: a policy cannot be complete then, and [`next`] says so by
    /// failing.
    pub fn stand(self) -> State {
        match self {
            Self::Stand(state) => state,
            Self::Complete(_) => State::Failed(FlowFailure::NobodySignedOn),
        }
    }
}

/// Walks from where `progress` stands; moves it on to the next policy when one fails.
///
/// Source: `reference/flows.md` 9.2, 9.4, 14.1.
pub fn next(
    env: &Snapshot,
    policies: &[SignOnPolicyId],
    progress: &mut Progress,
    known: Known<'_>,
    now: Time,
) -> Next {
    let mut failure = FlowFailure::ActionUnavailable;
    progress.asking = None;
    progress.offers = Offers::default();
    if let Some(waiting) = unverified(progress, known.user) {
        return Next::Stand(State::VerificationCodeRequired(waiting));
    }
    while let Some(policy) = policies.get(progress.policy) {
        match env
            .policy(*policy)
            .map(|view| (view, walk(env, &view.actions, progress, known, now)))
        {
            Some((view, Walk::Ask(action, state))) => {
                let asked = view.actions.iter().find(|it| it.id == action);
                progress.offers = asked.map(|it| Offers::of(&it.step)).unwrap_or_default();
                progress.asking = Some(action);
                return Next::Stand(state);
            }
            // Decision: a policy may be assigned before it has actions, as Ping's Terraform provider does
            // it. Until then it fails: its name in a token would tell of something that nobody did.
            Some((view, Walk::Complete)) if view.actions.is_empty() => {}
            Some((view, Walk::Complete)) if known.user.is_some() => {
                return Next::Complete(SessionPolicy {
                    id: view.policy.id,
                    name: Some(view.policy.name.clone()),
                });
            }
            // Threat 30: a policy whose every action was skipped authenticates nobody.
            Some((_, Walk::Complete)) => failure = FlowFailure::NobodySignedOn,
            Some((_, Walk::Fail(why))) => failure = why,
            // Deleted while the flow ran.
            None => {}
        }
        progress.policy += 1;
        progress.done.clear();
    }
    Next::Stand(State::Failed(failure))
}

/// What is missing of somebody who proved who they are in this flow: their address is not verified.
/// Whoever only comes with a session was verified when it began.
///
/// Source: `reference/flows.md` 6.3, 14.1.
fn unverified(progress: &Progress, user: Option<&User>) -> Option<Verification> {
    let user = user.filter(|_| !progress.authenticators.is_empty())?;
    (user.lifecycle.status == LifecycleStatus::VerificationRequired).then(|| Verification {
        user: user.into(),
        email: user.email.as_deref().map(codes::masked),
    })
}

enum Walk {
    /// The action waits for the person, who sees this.
    Ask(ActionId, State),
    Complete,
    Fail(FlowFailure),
}

fn walk(
    env: &Snapshot,
    actions: &[SignOnAction],
    progress: &Progress,
    known: Known<'_>,
    now: Time,
) -> Walk {
    let pwd_at = progress
        .pwd_at
        .or_else(|| known.session.and_then(|session| session.pwd_at));
    let facts = ConditionFacts {
        pwd_at,
        mfa_at: known.session.and_then(|session| session.mfa_at),
        user: known.user,
        groups: known.groups,
        remote_ip: known.remote_ip,
    };
    for action in actions {
        let condition = action
            .condition
            .as_ref()
            .filter(|_| has_conditions(&action.step));
        let runs = condition.is_none_or(|rule| evaluate(rule, &facts, now));
        if progress.done.contains(&action.id) || !runs {
            continue;
        }
        match &action.step {
            ActionStep::Login(_) => {
                let state = match (known.user, &progress.named) {
                    (Some(user), _) => State::PasswordRequired(Whose::Known(user.into())),
                    // `reference/rulings.md` 10
                    (None, Some(named)) => State::PasswordRequired(Whose::Known(named.clone())),
                    (None, None) => State::UsernamePasswordRequired,
                };
                return Walk::Ask(action.id, state);
            }
            ActionStep::ProgressiveProfiling { .. } => {
                // It authenticates nobody, so it cannot come before what does.
                let Some(user) = known.user else {
                    return Walk::Fail(FlowFailure::NobodySignedOn);
                };
                let (own, account) = (&env.user_attributes, known.account);
                if let Some(prompt) = profile::prompt(action, progress, user, account, own, now) {
                    return Walk::Ask(action.id, State::ProfileDataRequired(prompt));
                }
            }
            ActionStep::IdentifierFirst {
                discovery_rules, ..
            } => {
                let theirs = known.user.and_then(external::authority);
                let leads = match known.user {
                    Some(_) => theirs.filter(|id| env.provider(*id).is_some()),
                    None => external::route(env, discovery_rules, progress),
                };
                let state = match (leads, known.user, &progress.identifier) {
                    (Some(provider), user, _) => elsewhere(provider, user),
                    (None, Some(user), _) => State::PasswordRequired(Whose::Known(user.into())),
                    (None, None, Some(name)) => State::PasswordRequired(Whose::Named(name.clone())),
                    (None, None, None) => State::SignOnRequired,
                };
                return Walk::Ask(action.id, state);
            }
            // Nobody can pair a device yet, so nobody has a usable one (`reference/rulings.md` 11).
            ActionStep::MultiFactorAuthentication {
                no_devices_mode, ..
            } => {
                // Decision: whether anybody has the name is not looked at, for without devices it
                // makes no difference, and so the answer tells nothing (`threats.md` 34).
                let is_named = progress.named.is_some() || progress.identifier.is_some();
                if known.user.is_none() && !is_named {
                    return Walk::Ask(action.id, State::SignOnRequired);
                }
                if *no_devices_mode == NoDevicesMode::Block {
                    return Walk::Fail(FlowFailure::NoUsableDevices);
                }
            }
            ActionStep::Agreement { .. } => {
                // It authenticates nobody either.
                let Some(user) = known.user else {
                    return Walk::Fail(FlowFailure::NobodySignedOn);
                };
                match agreement::wanted(env, action, user, known, now) {
                    Wanted::Nothing => {}
                    Wanted::Consent(prompt) => {
                        return Walk::Ask(action.id, State::AgreementConsentRequired(prompt));
                    }
                    Wanted::Impossible => return Walk::Fail(FlowFailure::ActionUnavailable),
                }
            }
            ActionStep::IdentityProvider {
                identity_provider, ..
            } => {
                if env.provider(identity_provider.id).is_none() {
                    return Walk::Fail(FlowFailure::ActionUnavailable);
                }
                return Walk::Ask(action.id, elsewhere(identity_provider.id, known.user));
            }
        }
    }
    Walk::Complete
}

fn elsewhere(provider: IdentityProviderId, user: Option<&User>) -> State {
    State::ExternalAuthenticationRequired(ExternalSignOn {
        provider,
        user: user.map(Into::into),
    })
}

/// Decision: conditions of actions that prove nothing are kept and have no effect
/// (`reference/flows.md` F11).
const fn has_conditions(step: &ActionStep) -> bool {
    match step {
        ActionStep::Login(_)
        | ActionStep::IdentifierFirst { .. }
        | ActionStep::MultiFactorAuthentication { .. }
        | ActionStep::IdentityProvider { .. } => true,
        ActionStep::Agreement { .. } | ActionStep::ProgressiveProfiling { .. } => false,
    }
}

/// Whether a walk over these policies may need [`Known::account`].
pub fn may_ask_for_attributes(env: &Snapshot, policies: &[SignOnPolicyId]) -> bool {
    let mut views = policies.iter().filter_map(|id| env.policy(*id));
    views.any(|view| {
        let mut steps = view.actions.iter().map(|action| &action.step);
        steps.any(|step| matches!(step, ActionStep::ProgressiveProfiling { .. }))
    })
}
