//! `GET|POST /{envID}/as/authorize` (`reference/oidc.md` 3).

use std::sync::Arc;

use countersign_domain::agreement::AgreementConsent;
use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::group::Memberships;
use countersign_domain::ids::{ApplicationId, FlowId, SignOnPolicyId, UserId};
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::{Account, User};
use serde::{Deserialize, Serialize};

use crate::as_::access_control::{self, Standing};
use crate::as_::checks;
use crate::as_::checks::pkce::CodeChallenge;
use crate::as_::checks::prompt::Prompt;
use crate::as_::checks::response_type::ResponseType;
use crate::as_::checks::scope::GrantedScope;
use crate::as_::error::oauth_error;
use crate::as_::par::{self, Channel, PushedRequest};
use crate::as_::params::Params;
use crate::as_::request_object::{self, Transaction};
use crate::as_::response::{self, Fresh, Issued, Recipient};
use crate::as_::response_modes::{Delivery, Destination, Mode};
use crate::audit;
use crate::browser::BrowserToken;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::flows::agreement;
use crate::flows::external::{self, Identified};
use crate::flows::flow::{Binding, Flow, FlowUser, IDLE, Progress, SessionFacts};
use crate::flows::frozen::Frozen;
use crate::flows::guess::MAX_LEN;
use crate::flows::next::{Known, Next, may_ask_for_attributes, next};
use crate::flows::state::{Done, FlowFailure};
use crate::flows::view::Resource;
use crate::flows::{State, view};
use crate::groups;
use crate::in_use::Use;
use crate::refusal::{Failure, Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// An authorization request, validated and total. Frozen in the flow that carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client: ApplicationId,
    /// For what.
    pub response_type: ResponseType,
    /// Where the answer goes.
    pub destination: Destination,
    /// PKCE.
    pub code_challenge: Option<CodeChallenge>,
    /// What may be shown.
    pub prompt: Prompt,
    /// How old, in seconds, a sign-on may be.
    pub max_age: Option<u64>,
    /// What is granted.
    pub scope: GrantedScope,
    /// Copied into the ID token.
    pub nonce: Option<String>,
    /// Whom the client expects; fills in the sign-on page.
    pub login_hint: Option<String>,
    /// Languages of the pages that the client wishes for, best first, with spaces between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_locales: Option<String>,
    /// Policies that may run, in order.
    pub policies: Vec<SignOnPolicyId>,
    /// The user whom the client named by a token.
    #[serde(default)]
    pub subject: Option<UserId>,
    /// What it is about, beyond OAuth.
    #[serde(default)]
    pub transaction: Transaction,
}

impl AuthorizationRequest {
    /// What a flow that connects a device stands for: there is no answer to send anywhere, and the
    /// client is known when the code is.
    pub fn for_device(client: Option<ApplicationId>, policies: Vec<SignOnPolicyId>) -> Self {
        Self {
            client: client.unwrap_or(ApplicationId::from_uuid(uuid::Uuid::nil())),
            response_type: ResponseType {
                code: false,
                token: false,
                id_token: false,
            },
            destination: Destination {
                mode: Mode::Query,
                redirect_uri: None,
                state: None,
            },
            code_challenge: None,
            prompt: Prompt::Default,
            max_age: None,
            scope: GrantedScope::default(),
            nonce: None,
            login_hint: None,
            ui_locales: None,
            policies,
            subject: None,
            transaction: Transaction::default(),
        }
    }

    /// Whether it is known who asks: see [`Self::for_device`].
    pub fn has_client(&self) -> bool {
        !self.client.uuid().is_nil()
    }
}

/// What authorize answers.
#[derive(Debug)]
pub struct Reply {
    /// What the browser gets.
    pub answer: Answer,
    /// A value for the `ST` cookie, when the browser needs one.
    pub cookie: Option<BrowserToken>,
}

/// The kinds of answer.
#[derive(Debug)]
pub enum Answer {
    /// 302 to a page where the person signs on.
    SignOn(String),
    /// 200 with the flow (`pi.flow`).
    Flow(Box<Resource>),
    /// The authorization response, an error among them.
    Response(Delivery),
    /// An error for a client that asked by `pi.flow`: JSON, on the spot.
    Refused(Refused),
}

/// Answers an authorization request. What fails before client and redirect URI are trusted is an
/// error here; what fails after is an answer to the client.
pub async fn authorize(cx: &Cx, params: &Params, token: Option<&BrowserToken>) -> Outcome<Reply> {
    if let Some(refused) = params.repetition() {
        return repeated(cx, params, refused).await;
    }
    let view = checks::client::check(cx, params).await?;
    // Of a pushed request the browser carries only the handle; whatever else it carries is ignored.
    if let Some(pushed) = params.get("request_uri").and_then(par::handle) {
        let request = par::find(cx, &pushed, view.application.id)
            .await?
            .value
            .request;
        let redirect_uri = request.destination.redirect_uri.as_ref();
        checks::redirect_uri::check_again(&view.application, redirect_uri)?;
        return judged(cx, &Frozen::new(request), &view, token, Some(&pushed)).await;
    }
    let opened = match request_object::open(cx, params, &view).await {
        Ok(opened) => opened,
        Err(Failure::Refused(refused)) => {
            // Only what stands outside the object says where to, if anything does.
            return match checks::destination(params, &view) {
                Ok(destination) => redirect_error(cx, &destination, refused),
                Err(_) => Err(refused.into()),
            };
        }
        Err(fault) => return Err(fault),
    };
    let destination = match checks::destination(&opened.params, &view) {
        // Nobody can say where to if the request is somewhere else.
        Err(_) if opened.params.get("request_uri").is_some() => {
            return Err(Refusal::RequestUriUnsupported.into());
        }
        destination => destination?,
    };
    match checks::validate(cx, &opened, &view, &destination, Channel::Front).await {
        Ok(request) => judged(cx, &Frozen::new(request), &view, token, None).await,
        Err(Failure::Refused(refused)) => redirect_error(cx, &destination, refused),
        Err(fault) => Err(fault),
    }
}

/// What becomes of a request that has a parameter twice: its client is told, unless that leaves open
/// who this is or where to.
///
/// Spec: RFC 6749 4.1.2.1 (`invalid_request`); `reference/oidc.md` 23.3.
async fn repeated(cx: &Cx, params: &Params, refused: Refused) -> Outcome<Reply> {
    let of_destination = [
        "client_id",
        "redirect_uri",
        "response_mode",
        "request",
        "request_uri",
    ];
    if of_destination.iter().any(|name| params.is_repeated(name)) {
        return Err(refused.into());
    }
    let view = checks::client::check(cx, params).await?;
    match checks::destination(params, &view) {
        Ok(destination) => redirect_error(cx, &destination, refused),
        Err(_) => Err(refused.into()),
    }
}

/// What becomes of a valid request.
async fn judged(
    cx: &Cx,
    request: &Frozen<AuthorizationRequest>,
    view: &Arc<ApplicationView>,
    token: Option<&BrowserToken>,
    pushed: Option<&str>,
) -> Outcome<Reply> {
    let authorize = Authorize {
        request,
        view,
        token,
        pushed,
    };
    match run(cx, &authorize).await {
        Ok(Judged::Asked(reply)) => Ok(reply),
        Ok(Judged::Failed(flow, refused)) => {
            cx.explain(&refused);
            Ok(Reply {
                answer: Answer::Flow(flow),
                cookie: None,
            })
        }
        Ok(Judged::Issued(issued, flow)) => Ok(Reply {
            answer: Answer::Response(response::deliver(cx, view, *issued, flow)?),
            cookie: None,
        }),
        Err(Failure::Refused(refused)) => redirect_error(cx, &request.destination, refused),
        Err(fault) => Err(fault),
    }
}

/// What was made of a valid request.
enum Judged {
    /// The person has something to do.
    Asked(Reply),
    /// Nothing needs to be asked. With the flow, where the client is told of it.
    Issued(Box<Issued>, Option<Box<Resource>>),
    /// Nothing is issued for the session, and the client reads that in the flow.
    Failed(Box<Resource>, Refused),
}

/// Sends a refusal to the client, if it may travel: `pi.flow` has no redirect, its errors are
/// answered on the spot (`reference/oidc.md` 23.3).
pub fn redirect_error(cx: &Cx, destination: &Destination, refused: Refused) -> Outcome<Reply> {
    let error = oauth_error(&refused.refusal, cx.correlation);
    if destination.mode == Mode::PiFlow {
        return Ok(Reply {
            answer: Answer::Refused(refused),
            cookie: None,
        });
    }
    if !error.may_redirect {
        return Err(refused.into());
    }
    tracing::info!(refusal = ?refused.refusal, because = %refused.because, "refused by redirect");
    cx.explain(&refused);
    let parameters = vec![
        ("error", error.error.to_owned()),
        ("error_description", error.description),
    ];
    let delivery = response::respond(cx, destination, parameters, None);
    Ok(Reply {
        answer: Answer::Response(delivery),
        cookie: None,
    })
}

struct Authorize<'a> {
    request: &'a Frozen<AuthorizationRequest>,
    view: &'a Arc<ApplicationView>,
    token: Option<&'a BrowserToken>,
    /// Hash of the handle, if the request was pushed.
    pushed: Option<&'a str>,
}

struct Facts {
    pushed: Option<Stored<PushedRequest>>,
    session: Option<(Session, User)>,
    /// The user whom the client named, if they still may sign on.
    named: Result<Option<User>, Refused>,
    /// What is known of the username that the client hinted at.
    identified: Option<Identified>,
    /// That user's account, when a policy asks for attributes.
    account: Option<Account>,
    /// What that user consented to, as far as the policies ask.
    consents: Vec<AgreementConsent>,
    /// The groups that they are in, where a policy or a token may ask.
    groups: Option<Memberships>,
    /// The browser's own anonymous token, when it is one of ours.
    anonymous: Option<BrowserToken>,
    fresh_anonymous: BrowserToken,
    /// Whether the application lets the session's user in.
    standing: Standing,
    flow_id: FlowId,
    fresh: Fresh,
}

impl Operation for Authorize<'_> {
    type Facts = Facts;
    type Reply = Judged;

    async fn gather(&self, cx: &Cx) -> Outcome<Facts> {
        let (session, anonymous) = match self.token {
            Some(token) if token.is_session() => (session_of(cx, token).await?, None),
            Some(token) if token.is_our_anonymous(&cx.ports, cx.env_id())? => {
                (None, Some(token.clone()))
            }
            _ => (None, None),
        };
        let account = account_of(cx, self.request, session.as_ref()).await?;
        let consents = match &session {
            Some((_, user)) => agreement::consents(cx, &self.request.policies, user.id).await?,
            None => Vec::new(),
        };
        let pushed = match self.pushed {
            Some(hash) => Some(par::find(cx, hash, self.request.client).await?),
            None => None,
        };
        let hint = self.request.login_hint.as_deref();
        let standing = match &session {
            Some((_, user)) => access_control::standing(cx, &self.view.application, user).await?,
            None => Standing::Allowed,
        };
        let policies = &self.request.policies;
        let has_tokens = !self.request.response_type.is_code();
        let is_wanted = groups::are_asked_for(cx, policies)
            || (has_tokens && groups::are_mapped(cx, self.view));
        let user = session.as_ref().map(|(_, user)| user.id);
        Ok(Facts {
            groups: groups::named(cx, is_wanted, user).await?,
            standing,
            pushed,
            named: named_by(cx, self.request).await?,
            identified: external::identify(cx, hint.filter(|it| it.len() <= MAX_LEN)).await?,
            session,
            account,
            consents,
            anonymous,
            fresh_anonymous: BrowserToken::new_anonymous(&cx.ports, cx.env_id())?,
            flow_id: FlowId::random(&*cx.ports.entropy),
            fresh: Fresh::draw(cx),
        })
    }

    fn decide(&self, cx: &Cx, mut facts: Facts) -> Result<Verdict<Judged>, Fault> {
        let used_up = facts.pushed.take().map(|pushed| par::consume(cx, &pushed));
        let verdict = self.judge(cx, facts)?;
        Ok(match used_up {
            // Whatever comes of it, a pushed request is used once.
            Some(used_up) => Verdict {
                reply: verdict.reply,
                writes: verdict.writes.and(used_up),
            },
            None => verdict,
        })
    }
}

impl Authorize<'_> {
    fn judge(&self, cx: &Cx, facts: Facts) -> Result<Verdict<Judged>, Fault> {
        let request = self.request;
        let named = match facts.named {
            Ok(named) => named,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let (binding, cookie) = match (&facts.session, &facts.anonymous) {
            (Some((session, _)), _) => (Binding::Session(session.id), None),
            (None, Some(token)) => (Binding::Anonymous(token.hash()), None),
            (None, None) => {
                let token = facts.fresh_anonymous;
                (Binding::Anonymous(token.hash()), Some(token))
            }
        };
        let prior_session = facts.session.as_ref().map(|(session, _)| session.id);
        let counting = facts
            .session
            .filter(|(session, user)| counts(request, session, user, cx));
        let session = counting
            .as_ref()
            .map(|(session, user)| session_facts(session, user));
        let user = counting.as_ref().map(|(_, user)| user);

        let mut flow = Flow {
            id: facts.flow_id,
            request: request.clone(),
            application_name: self.view.application.name.clone(),
            application_icon: self.view.application.picture(),
            binding,
            created_at: cx.now,
            expires_at: cx.now.plus(IDLE),
            session,
            prior_session,
            progress: Progress {
                // A hint skips the question for the username (`reference/flows.md` 6.4).
                identifier: identifier(request, named.as_ref()),
                named: named.as_ref().map(FlowUser::from),
                identified: facts.identified,
                ..Progress::default()
            },
            state: State::UsernamePasswordRequired,
            resumed: false,
            device: None,
        };
        let session = flow.session.clone();
        let known = Known {
            user,
            account: facts.account.as_ref(),
            consents: &facts.consents,
            groups: facts.groups.as_ref(),
            ui_locales: request.ui_locales.as_deref(),
            session: session.as_ref(),
            remote_ip: flow.remote_ip(cx),
        };
        let step = next(
            &cx.env,
            &request.policies,
            &mut flow.progress,
            known,
            cx.now,
        );
        flow.state = match (step, session) {
            (Next::Stand(state), _) => state,
            (Next::Complete(policy), Some(session)) => State::Completed(session.done(policy)),
            // next() completes nothing for nobody; if it ever did, no code would follow from it.
            (Next::Complete(_), None) => State::Failed(FlowFailure::NobodySignedOn),
        };
        if let State::Completed(done) = flow.state.clone() {
            let recipient = Recipient {
                view: self.view,
                user,
                groups: facts.groups.as_ref(),
                token: self.token,
                standing: facts.standing,
            };
            return answer_at_once(cx, flow, &done, &recipient, facts.fresh);
        }
        if request.prompt == Prompt::None {
            let refusal = match &flow.state {
                State::AgreementConsentRequired(_) => Refusal::ConsentRequired,
                _ => Refusal::LoginRequired,
            };
            let why = format!("prompt=none, but the flow is {}", flow.state.status());
            return Ok(Verdict::refuse(refusal.because(why)));
        }
        let answer = if request.destination.mode == Mode::PiFlow {
            Answer::Flow(Box::new(view::render_first(&cx.env, &flow)))
        } else {
            Answer::SignOn(sign_on_page(cx, self.view, flow.id))
        };
        let writes = Batch::new().create(cx.env_id(), &flow)?;
        Ok(Verdict::reply(Judged::Asked(Reply { answer, cookie })).writing(writes))
    }
}

/// Nothing needs to be asked: the response goes out with the answer to authorize itself.
fn answer_at_once(
    cx: &Cx,
    mut flow: Flow,
    done: &Done,
    recipient: &Recipient<'_>,
    fresh: Fresh,
) -> Result<Verdict<Judged>, Fault> {
    let (issued, mut writes) = match response::issue(cx, &flow.request, done, recipient, fresh)? {
        Ok(issued) => issued,
        Err(refused) if response::fails_the_flow(&flow.request, &refused) => {
            let denied = audit::access(cx, &flow, done, Some(&refused));
            flow.state = State::Failed(response::failure(&refused));
            let writes = Batch::new().create(cx.env_id(), &flow)?;
            let writes = writes.record(denied.to_event(cx.env_id())?);
            let shown = Box::new(view::render(&cx.env, &flow));
            return Ok(Verdict::reply(Judged::Failed(shown, refused)).writing(writes));
        }
        Err(refused) => {
            let denied = audit::access(cx, &flow, done, Some(&refused));
            cx.aside.note(cx, &denied)?;
            return Ok(Verdict::refuse(refused));
        }
    };
    let resource = match flow.request.destination.mode {
        Mode::PiFlow => {
            // The client may read the flow it was told of.
            flow.resumed = true;
            writes = writes.put(flow.to_doc(cx.env_id())?);
            Some(Box::new(view::render(&cx.env, &flow)))
        }
        Mode::Query | Mode::Fragment | Mode::FormPost => {
            let allowed = audit::access(cx, &flow, done, None);
            if writes.is_empty() {
                // Tokens alone cost no write; telling of them must not begin to.
                cx.aside.note(cx, &allowed)?;
            } else {
                writes = writes.record(allowed.to_event(cx.env_id())?);
            }
            None
        }
    };
    Ok(Verdict::reply(Judged::Issued(Box::new(issued), resource)).writing(writes))
}

/// The live session behind a token and its user, who must still exist and be enabled.
pub async fn session_of(cx: &Cx, token: &BrowserToken) -> Outcome<Option<(Session, User)>> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let found =
        entity::load_by::<Session>(store, env, Session::UNIQUE_TOKEN, token.hash(), cx.now).await?;
    let Some(session) = found else {
        return Ok(None);
    };
    let Some(user) = &session.user else {
        return Ok(None);
    };
    let user = entity::load::<User>(store, env, user.id.to_string(), cx.now).await?;
    let user = user.filter(|user| user.enabled);
    if user.is_some() {
        cx.in_use.note(&session, Use::Browser);
    }
    Ok(user.map(|user| (session.value, user.value)))
}

/// Read only where it matters: most policies ask for nothing but a proof.
pub async fn account_of(
    cx: &Cx,
    request: &AuthorizationRequest,
    session: Option<&(Session, User)>,
) -> Outcome<Option<Account>> {
    let Some((_, user)) = session.filter(|_| may_ask_for_attributes(&cx.env, &request.policies))
    else {
        return Ok(None);
    };
    let id = user.id.to_string();
    let found = entity::load::<Account>(&*cx.ports.store, cx.env_id(), id, cx.now).await?;
    Ok(found.map(|account| account.value))
}

/// The user whom the client named, as they are now. That there is none any more is for the rule to
/// refuse, which uses a pushed request up with it.
async fn named_by(
    cx: &Cx,
    request: &AuthorizationRequest,
) -> Result<Result<Option<User>, Refused>, Fault> {
    let Some(id) = request.subject else {
        return Ok(Ok(None));
    };
    let found = entity::load::<User>(&*cx.ports.store, cx.env_id(), id.to_string(), cx.now).await?;
    let found = found.filter(|user| user.enabled);
    let found = found.ok_or_else(|| {
        Refusal::AccessDenied.because("the user whom the client named is gone or disabled")
    });
    Ok(found.map(|found| Some(found.value)))
}

/// The username that the flow begins with.
fn identifier(request: &AuthorizationRequest, named: Option<&User>) -> Option<String> {
    let hinted = || request.login_hint.clone().filter(|it| it.len() <= MAX_LEN);
    named.map(|user| user.username.clone()).or_else(hinted)
}

/// Whether a session counts for this request: young enough, and of the user whom the client named.
///
/// Spec: OIDC Core 3.1.2.1 (`prompt=login`, `max_age`, `id_token_hint`); `flows.md` 8.3.
fn counts(request: &AuthorizationRequest, session: &Session, user: &User, cx: &Cx) -> bool {
    let Some(sign_on) = &session.last_sign_on else {
        return false;
    };
    if request.subject.is_some_and(|named| named != user.id) {
        return false;
    }
    let young_enough = request.max_age.is_none_or(|limit| {
        // Zero means "now", and nothing is as young as now.
        limit > 0 && cx.now.since(sign_on.at).as_secs() <= limit
    });
    request.prompt != Prompt::Login && young_enough
}

/// What a session that counts says to a flow.
pub fn session_facts(session: &Session, user: &User) -> SessionFacts {
    let sign_on = session.last_sign_on.as_ref();
    SessionFacts {
        id: session.id,
        user: FlowUser::from(user),
        signed_on_at: sign_on.map_or(session.created_at, |sign_on| sign_on.at),
        pwd_at: session.used_at("pwd"),
        mfa_at: session.used_at("mfa"),
        authenticators: sign_on
            .map(|s| s.authenticators.clone())
            .unwrap_or_default(),
    }
}

/// The application's own page, else ours.
/// Source: `reference/oidc.md` 3.6.
pub fn sign_on_page(cx: &Cx, view: &ApplicationView, flow: FlowId) -> String {
    let own = view.application.login_page_url.as_deref();
    own.and_then(|url| cx.env.urls.login_page(url, cx.env_id(), flow))
        .unwrap_or_else(|| {
            let client = view.application.id;
            cx.env.urls.sign_on_page(cx.env_id(), flow, client)
        })
}
