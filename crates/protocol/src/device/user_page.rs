//! `GET /{envID}/device[/{appIdentifier}]` (`reference/oidc.md` 15.2): begins a flow that ends with a
//! device being connected, not with an authorization response.

use std::sync::Arc;

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::application::{Application, GrantType, Protocol};
use countersign_domain::entity;
use countersign_domain::group::Memberships;
use countersign_domain::ids::{ApplicationId, FlowId, ImageId};
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, User};

use crate::as_::authorize::{
    Answer, AuthorizationRequest, Reply, account_of, session_facts, session_of,
};
use crate::as_::checks::acr_values;
use crate::as_::device_authorization::normalized;
use crate::as_::params::Params;
use crate::browser::BrowserToken;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::flows::State;
use crate::flows::agreement;
use crate::flows::flow::{Binding, Flow};
use crate::flows::frozen::Frozen;
use crate::flows::next::{Known, Next, next};
use crate::flows::state::{DeviceFlow, FlowFailure};
use crate::groups;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};

/// Begins the flow and sends the browser to the sign-on page: first the policy's actions, then the
/// code, then the consent.
///
/// Compat: without an application's identifier the environment's default policy runs.
pub async fn start(
    cx: &Cx,
    identifier: Option<&str>,
    params: &Params,
    token: Option<&BrowserToken>,
) -> Outcome<Reply> {
    let view = match identifier {
        Some(identifier) => Some(application(cx, identifier).await?),
        None => None,
    };
    let (client, policies) = if let Some(view) = &view {
        let policies = acr_values::check(&Params::default(), &cx.env, view)?;
        (Some(view.application.id), policies)
    } else {
        let policy = cx.env.default_policy().map(|policy| policy.policy.id);
        (None, policy.into_iter().collect())
    };
    let start = Start {
        request: Frozen::new(AuthorizationRequest::for_device(client, policies)),
        name: match &view {
            Some(view) => view.application.name.clone(),
            None => cx.env.environment.name.clone(),
        },
        icon: view.as_ref().and_then(|it| it.application.picture()),
        device: DeviceFlow {
            application: client,
            // Only shown again, in a field; what is not a code is not shown.
            user_code: params.get("user_code").and_then(normalized),
        },
        token,
    };
    run(cx, &start).await
}

/// The application of a page: by its id or its own path.
async fn application(cx: &Cx, identifier: &str) -> Outcome<Arc<ApplicationView>> {
    let missing = || Refusal::NotFound.because("no enabled application has this device page");
    let id: ApplicationId = match identifier.parse() {
        Ok(id) => id,
        Err(_) if identifier.len() <= 50 => {
            let rule = Application::UNIQUE_DEVICE_PATH;
            let (store, env) = (&*cx.ports.store, cx.env_id());
            let found = entity::load_by::<Application>(store, env, rule, identifier, cx.now);
            found.await?.ok_or_else(missing)?.id
        }
        Err(_) => return Err(missing().into()),
    };
    let view = cx.env.application(&cx.ports, id, cx.now).await?;
    let usable = view.filter(|view| {
        let application = &view.application;
        application.enabled
            && application.protocol == Protocol::OpenidConnect
            && application.allows_grant(GrantType::DeviceCode)
    });
    Ok(usable.ok_or_else(missing)?)
}

struct Start<'a> {
    request: Frozen<AuthorizationRequest>,
    name: String,
    icon: Option<ImageId>,
    device: DeviceFlow,
    token: Option<&'a BrowserToken>,
}

struct Facts {
    session: Option<(Session, User)>,
    account: Option<Account>,
    consents: Vec<AgreementConsent>,
    groups: Option<Memberships>,
    anonymous: Option<BrowserToken>,
    fresh_anonymous: BrowserToken,
    flow_id: FlowId,
}

impl Operation for Start<'_> {
    type Facts = Facts;
    type Reply = Reply;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let (session, anonymous) = match self.token {
            Some(token) if token.is_session() => (session_of(cx, token).await?, None),
            Some(token) if token.is_our_anonymous(&cx.ports, cx.env_id())? => {
                (None, Some(token.clone()))
            }
            _ => (None, None),
        };
        let consents = match &session {
            Some((_, user)) => agreement::consents(cx, &self.request.policies, user.id).await?,
            None => Vec::new(),
        };
        let is_wanted = groups::are_asked_for(cx, &self.request.policies);
        let user = session.as_ref().map(|(_, user)| user.id);
        Ok(Facts {
            groups: groups::named(cx, is_wanted, user).await?,
            account: account_of(cx, &self.request, session.as_ref()).await?,
            consents,
            session,
            anonymous,
            fresh_anonymous: BrowserToken::new_anonymous(&cx.ports, cx.env_id())?,
            flow_id: FlowId::random(&*cx.ports.entropy),
        })
    }

    fn decide(&self, cx: &Cx, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let (binding, cookie) = match (&facts.session, facts.anonymous) {
            (Some((session, _)), _) => (Binding::Session(session.id), None),
            (None, Some(token)) => (Binding::Anonymous(token.hash()), None),
            (None, None) => {
                let token = facts.fresh_anonymous;
                (Binding::Anonymous(token.hash()), Some(token))
            }
        };
        let counting = facts
            .session
            .as_ref()
            .filter(|(session, _)| session.last_sign_on.is_some());
        let session = counting.map(|(session, user)| session_facts(session, user));
        let mut flow = Flow::new(facts.flow_id, self.request.clone(), binding, cx.now);
        flow.application_name.clone_from(&self.name);
        flow.application_icon = self.icon;
        flow.session.clone_from(&session);
        flow.prior_session = facts.session.as_ref().map(|(session, _)| session.id);
        flow.device = Some(self.device.clone());
        let known = Known {
            user: counting.map(|(_, user)| user),
            account: facts.account.as_ref(),
            consents: &facts.consents,
            groups: facts.groups.as_ref(),
            session: session.as_ref(),
            ..Known::nobody(cx.remote_ip)
        };
        let policies = &self.request.policies;
        let step = next(&cx.env, policies, &mut flow.progress, known, cx.now);
        flow.state = match (step, session) {
            (Next::Stand(state), _) => state,
            (Next::Complete(policy), Some(session)) => State::Completed(session.done(policy)),
            (Next::Complete(_), None) => State::Failed(FlowFailure::NobodySignedOn),
        };
        flow.ask_for_user_code();
        let client = flow.request.client;
        let page = cx.env.urls.sign_on_page(cx.env_id(), flow.id, client);
        let writes = Batch::new().create(cx.env_id(), &flow)?;
        let reply = Reply {
            answer: Answer::SignOn(page),
            cookie,
        };
        Ok(Verdict::reply(reply).writing(writes))
    }
}
