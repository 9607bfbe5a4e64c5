//! The authorization response (`reference/oidc.md` 5.2): what a completed sign-on is worth to the
//! client, whether `authorize` answers at once or `resume` does.

use countersign_domain::group::Memberships;
use countersign_domain::ids::TokenId;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::User;

use crate::as_::access_control::Standing;
use crate::as_::authorize::AuthorizationRequest;
use crate::as_::check_session;
use crate::as_::checks::{self, scope::GrantedScope};
use crate::as_::grants::authorization_code;
use crate::as_::response_modes::{Delivery, Destination, Mode, Parameters};
use crate::as_::tokens::SignOn;
use crate::as_::tokens::front::{self, FrontTokens};
use crate::browser::{self, BrowserToken};
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::flows::state::{Done, FlowFailure};
use crate::flows::view::Resource;
use crate::refusal::{Refusal, Refused};

/// Fresh randomness for a response.
pub struct Fresh {
    code: String,
    jti: TokenId,
    salt: String,
}

impl Fresh {
    /// Draws it.
    pub fn draw(cx: &Cx) -> Self {
        let entropy = &*cx.ports.entropy;
        Self {
            code: browser::secret(entropy),
            jti: TokenId::random(entropy),
            salt: browser::secret(entropy),
        }
    }
}

/// A response that is decided. Its tokens are signed when the writes that go with it are durable.
#[derive(Debug)]
pub struct Issued {
    destination: Destination,
    code: Option<String>,
    tokens: Option<FrontTokens>,
    session_state: Option<String>,
}

/// Who the response is for.
pub struct Recipient<'a> {
    /// The application.
    pub view: &'a ApplicationView,
    /// The user, if they still are there and enabled. Tokens speak of them.
    pub user: Option<&'a User>,
    /// Their groups, where tokens may name them.
    pub groups: Option<&'a Memberships>,
    /// The browser's session token.
    pub token: Option<&'a BrowserToken>,
    /// Whether the application lets the user in.
    pub standing: Standing,
}

/// Decides the response of a completed sign-on, and the write that makes its code true. Tokens need
/// none: their session is there already.
pub fn issue(
    cx: &Cx,
    request: &AuthorizationRequest,
    done: &Done,
    recipient: &Recipient<'_>,
    fresh: Fresh,
) -> Result<Result<(Issued, Batch), Refused>, Fault> {
    // First: nothing is told to a place that the application gave up.
    let scope = match checks::again(cx, request, recipient.view) {
        Ok(scope) => scope,
        Err(refused) => return Ok(Err(refused)),
    };
    if let Err(refused) = for_the_named(request, done).and_then(|()| recipient.standing.check()) {
        return Ok(Err(refused));
    }
    let kind = request.response_type;
    let tokens = if kind.is_code() {
        None
    } else {
        match decided(cx, request, &scope, done, recipient, fresh.jti) {
            Ok(tokens) => Some(tokens),
            Err(refused) => return Ok(Err(refused)),
        }
    };
    let mut writes = Batch::new();
    let code = kind.code.then_some(fresh.code);
    if let Some(code) = &code {
        writes = authorization_code::issue(cx.env_id(), request, scope, done, code, cx.now)?;
    }
    let session_state = recipient
        .view
        .application
        .op_session_check_enabled
        .then(|| check_session::session_state(request, recipient.token, &fresh.salt))
        .flatten();
    let issued = Issued {
        destination: request.destination.clone(),
        code,
        tokens,
        session_state,
    };
    Ok(Ok((issued, writes)))
}

/// Whoever signed on must be the user whom the client named by a token, if it named one. It does not
/// matter how it came to somebody else: by `session.reset`, a registration, an account at a provider.
///
/// Decision: the sign-on counts, and its session is theirs; only the client gets nothing for it.
///
/// Spec: OIDC Core 3.1.2.2 (`sub`), 5.5.1; `reference/oidc.md` 3.2, 4.1.
fn for_the_named(request: &AuthorizationRequest, done: &Done) -> Result<(), Refused> {
    match request.subject {
        Some(named) if named != done.user.id => {
            let why = format!("{} signed on, and the client named {named}", done.user.id);
            Err(Refusal::AnotherUser.because(why))
        }
        _ => Ok(()),
    }
}

/// What a flow is from which nothing is issued.
pub fn failure(refused: &Refused) -> FlowFailure {
    if refused.refusal == Refusal::AnotherUser {
        FlowFailure::AnotherUser
    } else {
        FlowFailure::Denied
    }
}

/// Whether a refusal of the response is told as a flow that failed: what comes of a sign-on is, under
/// `pi.flow`; what is wrong with a request is not.
///
/// Source: `reference/oidc.md` 5.3, 23.3; `reference/rulings.md` 17.
pub fn fails_the_flow(request: &AuthorizationRequest, refused: &Refused) -> bool {
    request.destination.mode == Mode::PiFlow && refused.refusal == failure(refused).refusal()
}

fn decided(
    cx: &Cx,
    request: &AuthorizationRequest,
    scope: &GrantedScope,
    done: &Done,
    recipient: &Recipient<'_>,
    jti: TokenId,
) -> Result<FrontTokens, Refused> {
    let user = recipient
        .user
        .ok_or_else(|| Refusal::AccessDenied.because("the user is gone or disabled"))?;
    let sign_on = SignOn {
        user,
        groups: recipient.groups,
        session: done.session,
        auth_time: done.auth_time,
        acr: &done.acr,
        amr: &done.amr,
        nonce: request.nonce.as_deref(),
    };
    front::decide(
        cx,
        recipient.view,
        request.response_type,
        scope,
        &sign_on,
        jti,
    )
}

/// Signs what is to be signed and delivers it. `flow` is the resource that `pi.flow` wraps it in.
pub fn deliver(
    cx: &Cx,
    view: &ApplicationView,
    issued: Issued,
    flow: Option<Box<Resource>>,
) -> Result<Delivery, Fault> {
    let mut parameters = Parameters::new();
    if let Some(session_state) = issued.session_state {
        parameters.push(("session_state", session_state));
    }
    if let Some(code) = &issued.code {
        parameters.push(("code", code.clone()));
    }
    if let Some(tokens) = issued.tokens {
        let code = issued.code.as_deref();
        parameters.extend(front::sign(cx, &view.application, tokens, code)?);
    }
    Ok(respond(cx, &issued.destination, parameters, flow))
}

/// Delivers parameters, an error's among them, with `iss` where the environment says so.
///
/// Spec: RFC 9207 2. Compat: PingOne does not send it, so it is a setting (`rulings.md` 5).
pub fn respond(
    cx: &Cx,
    destination: &Destination,
    mut parameters: Parameters,
    flow: Option<Box<Resource>>,
) -> Delivery {
    if cx.env.environment.settings.authorization_response_iss {
        parameters.push(("iss", cx.env.issuer.clone()));
    }
    destination.deliver(parameters, flow)
}
