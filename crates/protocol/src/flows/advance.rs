//! Going on: a step is satisfied, and the policy says what comes next.

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::group::Memberships;
use countersign_domain::ids::{EnvId, SessionId, UserId};
use countersign_domain::session::{Session, SessionPolicy};
use countersign_domain::store::{Batch, Fault, Key};
use countersign_domain::user::{LifecycleStatus, User};

use crate::browser::BrowserToken;
use crate::cx::Cx;
use crate::flows::account::AccountAfter;
use crate::flows::actions::Call;
use crate::flows::agreement;
use crate::flows::codes::{self, Issue};
use crate::flows::complete::{self, Completion};
use crate::flows::external::PendingLink;
use crate::flows::flow::FlowUser;
use crate::flows::next::{Known, Next, next};
use crate::flows::session_limit;
use crate::flows::state::{Done, FlowFailure};
use crate::flows::{Flow, State};
use crate::groups;
use crate::refusal::Outcome;

/// Longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 512;

/// What a completion needs, in case the step was the last one.
pub struct Arrival {
    prior: Option<Stored<Session>>,
    /// The user's sessions, newest first.
    sessions: Vec<Key>,
    /// What the user consented to, as far as the policies ask.
    consents: Vec<AgreementConsent>,
    /// The groups that the user is in, where a policy asks.
    groups: Option<Memberships>,
    session_id: SessionId,
    token: BrowserToken,
    /// The code for an address that is still to be verified.
    verification: Option<Issue>,
    /// The account at a provider that becomes the user's with this step.
    link: Option<PendingLink>,
    /// The caller's address.
    pub remote_ip: Option<String>,
    user_agent: Option<String>,
}

impl Arrival {
    /// Reads it.
    pub async fn gather(cx: &Cx, call: &Call<'_>, flow: &Flow, user: UserId) -> Outcome<Self> {
        let prior = prior(cx, call, flow);
        let consents = agreement::consents(cx, &flow.request.policies, user);
        let sessions = session_limit::of_user(cx, user);
        let (prior, sessions, consents) = futures_util::try_join!(prior, sessions, consents)?;
        let is_wanted = groups::are_asked_for(cx, &flow.request.policies);
        let entropy = &*cx.ports.entropy;
        Ok(Self {
            groups: groups::named(cx, is_wanted, Some(user)).await?,
            prior,
            verification: None,
            link: None,
            consents,
            sessions,
            session_id: SessionId::random(entropy),
            token: BrowserToken::new_session(entropy),
            remote_ip: cx.remote_ip.map(|ip| ip.to_string()),
            user_agent: call
                .user_agent
                .map(|text| text.chars().take(MAX_USER_AGENT).collect()),
        })
    }

    /// The same for a step that proves who the user is. If their address is not verified, the flow
    /// will stop for that, and a code is prepared unless they have one.
    pub async fn proving(cx: &Cx, call: &Call<'_>, flow: &Flow, user: &User) -> Outcome<Self> {
        let mut arrival = Self::gather(cx, call, flow, user.id).await?;
        if user.lifecycle.status == LifecycleStatus::VerificationRequired {
            arrival.verification = codes::for_verification(cx, user).await?;
        }
        arrival.link = PendingLink::gather(cx, flow, user.id).await?;
        Ok(arrival)
    }

    /// The user's sessions in other browsers.
    pub fn elsewhere(&self, env: EnvId) -> Vec<Key> {
        let here = self.prior.as_ref().map(|session| session.key(env));
        let keys = self.sessions.iter();
        keys.filter(|key| Some(*key) != here.as_ref())
            .cloned()
            .collect()
    }

    /// The user consented just now.
    pub fn consented(&mut self, consent: AgreementConsent) {
        self.consents.push(consent);
    }
}

/// The session that the browser has: the one that the flow began with, else one that began in
/// another tab since. One browser has one session.
///
/// Source: `reference/oidc.md` 14.3.
async fn prior(cx: &Cx, call: &Call<'_>, flow: &Flow) -> Result<Option<Stored<Session>>, Fault> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    if let Some(id) = flow.prior_session
        && let Some(found) = entity::load::<Session>(store, env, id.to_string(), cx.now).await?
    {
        return Ok(Some(found));
    }
    match call.token.filter(|token| token.is_session()) {
        Some(token) => {
            let rule = Session::UNIQUE_TOKEN;
            entity::load_by::<Session>(store, env, rule, token.hash(), cx.now).await
        }
        None => Ok(None),
    }
}

/// What became of the flow.
#[derive(Default)]
pub struct Advanced {
    /// What is written besides the flow: the account among it.
    pub writes: Batch,
    /// The browser's new token, if a session began or changed.
    pub cookie: Option<BrowserToken>,
}

impl Advanced {
    /// The flow stands at a step that says nothing of the others; the account is written.
    pub fn standing(cx: &Cx, account: &AccountAfter) -> Result<Self, Fault> {
        Ok(Self {
            writes: account.writes(cx.env_id())?,
            cookie: None,
        })
    }
}

/// The step that the flow waited for is satisfied by `user`, whom this flow or its session proved:
/// on to the next one, or to completion.
pub fn advance(
    cx: &Cx,
    flow: &mut Flow,
    user: &User,
    mut account: AccountAfter,
    arrival: Arrival,
) -> Result<Advanced, Fault> {
    let mut advanced = onward(cx, flow, user, &mut account, arrival)?;
    advanced.writes = advanced.writes.and(account.writes(cx.env_id())?);
    Ok(advanced)
}

/// The same for the step in which `user` proved by a password of ours who they are. Whoever came
/// from a provider as somebody unknown is linked with it.
pub fn advance_by_password(
    cx: &Cx,
    flow: &mut Flow,
    user: &Stored<User>,
    account: AccountAfter,
    arrival: Arrival,
) -> Result<Advanced, Fault> {
    flow.progress.used_password(cx.now);
    let Some(link) = &arrival.link else {
        return advance(cx, flow, user, account, arrival);
    };
    let (user, writes) = link.join(cx, &mut flow.progress, user)?;
    let mut advanced = advance(cx, flow, &user, account, arrival)?;
    advanced.writes = advanced.writes.and(writes);
    Ok(advanced)
}

fn onward(
    cx: &Cx,
    flow: &mut Flow,
    user: &User,
    account: &mut AccountAfter,
    arrival: Arrival,
) -> Result<Advanced, Fault> {
    flow.progress.satisfy();
    let session = flow.session.clone();
    let request = flow.request.clone();
    let known = Known {
        user: Some(user),
        account: Some(account.account()),
        consents: &arrival.consents,
        groups: arrival.groups.as_ref(),
        ui_locales: request.ui_locales.as_deref(),
        session: session.as_ref(),
        remote_ip: flow.remote_ip(cx),
    };
    let policy = match next(
        &cx.env,
        &request.policies,
        &mut flow.progress,
        known,
        cx.now,
    ) {
        Next::Stand(state) => {
            let issued = arrival.verification.as_ref();
            let issued = issued.filter(|_| matches!(state, State::VerificationCodeRequired(_)));
            let writes = issued.map(|issue| issue.writes(cx.env_id())).transpose()?;
            flow.state = state;
            return Ok(Advanced {
                writes: writes.unwrap_or_default(),
                cookie: None,
            });
        }
        Next::Complete(policy) => policy,
    };
    if flow.progress.authenticators.is_empty() {
        flow.state = from_session(flow, user, policy, arrival.prior.as_deref());
        flow.ask_for_user_code();
        return Ok(Advanced::default());
    }
    let sessions = arrival.sessions;
    let completion = Completion {
        user: FlowUser::from(user),
        account,
        policy,
        prior: arrival.prior.as_ref(),
        session_id: arrival.session_id,
        token: &arrival.token,
        remote_ip: arrival.remote_ip,
        user_agent: arrival.user_agent,
        settings: &cx.env.environment.settings,
    };
    let (session, mut writes) = complete::complete(cx.env_id(), flow, completion, cx.now)?;
    flow.ask_for_user_code();
    for key in session_limit::surplus(&sessions, &session.key(cx.env_id())) {
        writes = writes.delete(key.clone());
    }
    Ok(Advanced {
        writes,
        cookie: Some(arrival.token),
    })
}

/// Nothing was proved in the flow: what completes it is the session it began with, if that lives.
fn from_session(flow: &Flow, user: &User, policy: SessionPolicy, prior: Option<&Session>) -> State {
    let session = flow.session.as_ref();
    let living = session.filter(|it| prior.is_some_and(|prior| prior.id == it.id));
    match living {
        Some(session) => State::Completed(Done {
            user: user.into(),
            ..session.done(policy)
        }),
        None => State::Failed(FlowFailure::NobodySignedOn),
    }
}
