//! The only place that walks a policy. Actions say "this step is satisfied", never "go to X".

use std::net::IpAddr;

use countersign_domain::ids::SignOnPolicyId;
use countersign_domain::policy::conditions::{ConditionFacts, evaluate};
use countersign_domain::policy::sign_on::{ActionStep, NoDevicesMode, SignOnAction};
use countersign_domain::time::Time;
use countersign_domain::user::User;

use crate::configuration::Snapshot;
use crate::flows::flow::{Progress, SessionFacts};
use crate::flows::state::FlowFailure;

/// What the walk knows of the person and the browser.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// Who: from the session, or proved in this flow.
    pub user: Option<&'a User>,
    /// The session that counts, if any.
    pub session: Option<&'a SessionFacts>,
    /// The caller's address.
    pub remote_ip: Option<IpAddr>,
}

/// What the policy wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A username and password, or the password of whom is known.
    Password,
    /// Nothing more: this policy is complete.
    Complete {
        /// Its name: `acr`.
        policy: String,
    },
    /// All policies failed.
    Fail(FlowFailure),
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
    while let Some(policy) = policies.get(progress.policy) {
        match env
            .policy(*policy)
            .map(|view| (view, walk(&view.actions, progress, known, now)))
        {
            Some((_, Walk::Password)) => return Next::Password,
            Some((view, Walk::Complete)) if known.user.is_some() => {
                return Next::Complete {
                    policy: view.policy.name.clone(),
                };
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
    Next::Fail(failure)
}

enum Walk {
    Password,
    Complete,
    Fail(FlowFailure),
}

fn walk(actions: &[SignOnAction], progress: &Progress, known: Known<'_>, now: Time) -> Walk {
    let pwd_at = progress
        .pwd_at
        .or_else(|| known.session.and_then(|session| session.pwd_at));
    let facts = ConditionFacts {
        pwd_at,
        mfa_at: known.session.and_then(|session| session.mfa_at),
        user: known.user,
        remote_ip: known.remote_ip,
    };
    for action in actions {
        let runs = action
            .condition
            .as_ref()
            .is_none_or(|rule| evaluate(rule, &facts, now));
        if progress.done.contains(&action.id) || !runs {
            continue;
        }
        match &action.step {
            ActionStep::Login(_) => return Walk::Password,
            // Nobody can pair a device yet, so nobody has a usable one (`reference/rulings.md` 11).
            ActionStep::MultiFactorAuthentication {
                no_devices_mode, ..
            } => {
                if *no_devices_mode == NoDevicesMode::Block {
                    return Walk::Fail(FlowFailure::NoUsableDevices);
                }
            }
            ActionStep::IdentifierFirst { .. }
            | ActionStep::IdentityProvider { .. }
            | ActionStep::Agreement { .. }
            | ActionStep::ProgressiveProfiling { .. } => {
                return Walk::Fail(FlowFailure::ActionUnavailable);
            }
        }
    }
    Walk::Complete
}

/// The action that a password satisfies, as the policy stands.
pub fn login_action(
    env: &Snapshot,
    policies: &[SignOnPolicyId],
    progress: &Progress,
) -> Option<countersign_domain::ids::ActionId> {
    let view = env.policy(*policies.get(progress.policy)?)?;
    let open = |action: &&SignOnAction| {
        matches!(action.step, ActionStep::Login(_)) && !progress.done.contains(&action.id)
    };
    view.actions.iter().find(open).map(|action| action.id)
}
