//! Completion: the flow's outcome becomes the browser's session (`reference/flows.md` 8).

use std::time::Duration;

use countersign_domain::entity::{Entity, Stored};
use countersign_domain::environment::EnvironmentSettings;
use countersign_domain::ids::{EnvId, SessionId};
use countersign_domain::reference::Ref;
use countersign_domain::session::{
    AuthenticatorUse, MAX_LOCATIONS, Session, SessionLocation, SessionPolicy, SessionSignOn,
};
use countersign_domain::store::{Batch, Fault};
use countersign_domain::time::Time;
use countersign_domain::user::UserSignOn;

use crate::browser::BrowserToken;
use crate::flows::account::AccountAfter;
use crate::flows::flow::{Binding, Flow, FlowUser};
use crate::flows::state::{Done, State};

/// Lifetime of a session, counted from the last sign-on.
/// Source: `reference/flows.md` 16, `oidc.md` 24.
pub const SESSION_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// What completion needs besides the flow.
pub struct Completion<'a> {
    /// Who signed on.
    pub user: FlowUser,
    /// Their account.
    pub account: &'a mut AccountAfter,
    /// The policy that completed.
    pub policy: SessionPolicy,
    /// The session that the browser had, if it still lives.
    pub prior: Option<&'a Stored<Session>>,
    /// Id for a new session, if one is needed.
    pub session_id: SessionId,
    /// The new token. The old one dies with the privilege gained (`threats.md` 25).
    pub token: &'a BrowserToken,
    /// The caller's address.
    pub remote_ip: Option<String>,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
    /// How long sessions live in the environment.
    pub settings: &'a EnvironmentSettings,
}

/// Completes a flow in which somebody authenticated: updates the session of the same user, ends
/// that of another, or begins one. The writes include that session, not the flow
/// nor the account.
pub fn complete(
    env: EnvId,
    flow: &mut Flow,
    completion: Completion<'_>,
    now: Time,
) -> Result<(Session, Batch), Fault> {
    let Completion {
        user,
        account,
        policy,
        prior,
        session_id,
        token,
        remote_ip,
        user_agent,
        settings,
    } = completion;
    let same_user = prior.filter(|session| session.user == Some(Ref::to(user.id)));
    let mut with_authenticator = same_user
        .and_then(|s| s.last_sign_on.clone())
        .map(|s| s.with_authenticator)
        .unwrap_or_default();
    // What was proved was proved then, even if other steps came after it.
    let auth_time = flow.progress.pwd_at.unwrap_or(now);
    for authenticator in &flow.progress.authenticators {
        let used = AuthenticatorUse {
            at: auth_time,
            policy: Some(policy.clone()),
        };
        with_authenticator.insert(authenticator.clone(), used);
    }
    let amr = flow.progress.authenticators.clone();
    let grew_from = match &flow.binding {
        Binding::Anonymous(hash) => Some(hash.clone()),
        Binding::Session(_) => same_user.and_then(|session| session.grew_from.clone()),
    };
    let acr = policy.name.clone().unwrap_or_default();
    let location = remote_ip
        .clone()
        .map(|remote_ip| SessionLocation { at: now, remote_ip });
    let before = same_user.map(|session| session.locations.clone());
    // Here and nowhere else: a right password in a flow that fails afterwards is no sign-on.
    account.signed_on(UserSignOn {
        at: auth_time,
        remote_ip: remote_ip.clone(),
    });
    let locations = location.into_iter().chain(before.unwrap_or_default());
    let mut session = Session {
        id: same_user.map_or(session_id, |session| session.id),
        user: Some(Ref::to(user.id)),
        token_hash: token.hash(),
        created_at: same_user.map_or(now, |session| session.created_at),
        active_at: now,
        expires_at: now,
        ends_at: Some(now.plus(settings.session_lifetime())),
        idle_timeout_in_minutes: same_user.and_then(|it| it.idle_timeout_in_minutes),
        last_sign_on: Some(SessionSignOn {
            at: auth_time,
            remote_ip,
            authenticators: amr.clone(),
            with_authenticator,
        }),
        user_agent,
        grew_from,
        locations: locations.take(MAX_LOCATIONS).collect(),
    };
    session.slide(settings.session_idle());
    flow.binding = Binding::Session(session.id);
    flow.state = State::Completed(Done {
        user,
        session: session.id,
        auth_time,
        acr,
        amr,
    });
    let writes = match (same_user, prior) {
        (Some(stored), _) => Batch::new().update(env, &session, stored.version)?,
        (None, Some(other)) => Batch::new().delete(other.key(env)).create(env, &session)?,
        (None, None) => Batch::new().create(env, &session)?,
    };
    Ok((session, writes))
}
