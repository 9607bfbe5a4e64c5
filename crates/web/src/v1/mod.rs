//! `/v1`: the management API on the wire. Every route comes from the declarations in
//! `countersign_protocol::v1`; this file knows tokens, media types, bodies and headers, and no
//! resource.

mod cors;
mod rate;

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{MatchedPath, RawPathParams, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use countersign_protocol::as_::params::Params;
use countersign_protocol::as_::tokens::hot::Bearer;
use countersign_protocol::browser::hash;
use countersign_protocol::cx::Cx;
use countersign_protocol::refusal::{Failure, Outcome, Refusal};
use countersign_protocol::v1::actor::{self, Actor};
use countersign_protocol::v1::call::{Path, Reply};
use countersign_protocol::v1::dispatch::{self, Request};
use countersign_protocol::v1::openapi;
use countersign_protocol::v1::route::{self, Endpoint};

pub use rate::Limiter;
use uuid::Uuid;

use crate::App;
use crate::wire::answer::JSON;
use crate::wire::incoming::Incoming;
use crate::wire::p1_error;

/// Where all of it is.
const PREFIX: &str = "/v1";
const OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
const TRANSACTION: HeaderName = HeaderName::from_static("x-ping-external-transaction-id");
const SESSION: HeaderName = HeaderName::from_static("x-ping-external-session-id");

/// Every path of the management API.
pub fn routes() -> Router<App> {
    let paths = route::paths().into_iter();
    let describe = get(describe).options(cors::document);
    let router = Router::new().route(&format!("{PREFIX}/openapi.json"), describe);
    paths.fold(router, |router, path| {
        router.route(&format!("{PREFIX}{path}"), any(serve))
    })
}

/// What is served, for programs that ask before they have a token. It is the same for everybody.
async fn describe(incoming: Incoming) -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi::document().to_string());
    let media = [(header::CONTENT_TYPE, HeaderValue::from_static(JSON))];
    let mut response = (media, DOCUMENT.as_str()).into_response();
    cors::finish(&incoming, None, &mut response).await;
    response
}

/// What is known about a call by the time it is answered.
#[derive(Default)]
struct Known {
    /// Whose token it was, and its environment.
    caller: Option<(Cx, Actor)>,
}

async fn serve(
    State(app): State<App>,
    matched: MatchedPath,
    path: RawPathParams,
    incoming: Incoming,
) -> Response {
    let template = matched.as_str().strip_prefix(PREFIX).unwrap_or_default();
    if incoming.method == Method::OPTIONS {
        return cors::preflight(&incoming, template);
    }
    let mut known = Known::default();
    let path = path.iter().map(|(name, value)| (name, canonical(value)));
    let path: Vec<_> = path.collect();
    let outcome = answered(&app, template, &path, &incoming, &mut known).await;
    let mut response = match outcome {
        Ok(reply) => render(reply),
        Err(failure) => refused(&failure, template, &incoming),
    };
    echo(&incoming, &mut response);
    guard(&mut response);
    cors::finish(&incoming, known.caller.as_ref(), &mut response).await;
    response
}

async fn answered(
    app: &App,
    template: &str,
    path: Path<'_>,
    incoming: &Incoming,
    known: &mut Known,
) -> Outcome<Reply> {
    let token = bearer(incoming)?;
    let (home, actor) = authenticated(app, token, incoming).await?;
    app.limiter.take(actor.home, app.now())?;
    let (home, actor) = &*known.caller.insert((home, actor));
    let content_type = content_type(incoming)?;
    let endpoint = route::find(template, method(incoming), content_type)?;
    let cx = context(app, endpoint, path, incoming, home).await?;
    let request = Request {
        endpoint,
        path,
        query: Params::parse(incoming.query.as_bytes())?,
        body: incoming.body()?,
        content_type,
        accept: incoming.header(header::ACCEPT).unwrap_or_default(),
        browser: incoming.session_cookie().map(|value| hash(&value)),
    };
    let reply = dispatch::perform(&cx, actor, &request).await?;
    if endpoint.may_end_environment() {
        app.configuration.forget(dispatch::environment_of(path)?);
    }
    Ok(reply)
}

/// The media type of the body; empty, when none is told.
///
/// Compat: Ping's Go SDK, and with it the Terraform provider, sends `application/json` beside the
/// type that chooses the operation, in any order. Of two, the particular one counts.
fn content_type(incoming: &Incoming) -> Outcome<&str> {
    let mut values = Vec::new();
    for value in incoming.headers.get_all(header::CONTENT_TYPE) {
        let refuse = |_| Refusal::UnsupportedMediaType.because("Content-Type is not readable");
        values.push(value.to_str().map_err(refuse)?.trim());
    }
    if values.len() > 1 {
        values.retain(|it| !it.eq_ignore_ascii_case("application/json"));
    }
    match values.as_slice() {
        [] => Ok(""),
        [one] => Ok(one),
        _ => Err(Refusal::UnsupportedMediaType
            .because("several Content-Type")
            .into()),
    }
}

/// A parameter of a path: ids as they are written everywhere else, in lower case.
fn canonical(value: &str) -> Cow<'_, str> {
    let is_id = value.len() == 36 && value.parse::<Uuid>().is_ok();
    if is_id && value.bytes().any(|it| it.is_ascii_uppercase()) {
        Cow::Owned(value.to_ascii_lowercase())
    } else {
        Cow::Borrowed(value)
    }
}

/// The context of the environment in the path, else of the caller's own.
async fn context(
    app: &App,
    endpoint: &Endpoint,
    path: Path<'_>,
    incoming: &Incoming,
    home: &Cx,
) -> Outcome<Cx> {
    if !endpoint.is_in_environment() || endpoint.dormant {
        return Ok(home.clone());
    }
    let env = dispatch::environment_of(path)?;
    if env == home.env_id() {
        return Ok(home.clone());
    }
    app.cx_of(env, incoming).await
}

/// The bearer token. Whatever else the header says is malformed, never absent (`threats.md` 39).
fn bearer(incoming: &Incoming) -> Outcome<&str> {
    let Some(value) = incoming.authorization() else {
        return Err(Refusal::TokenMissing.because("no Authorization").into());
    };
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => {
            let why = "Authorization is not Bearer";
            Err(Refusal::TokenInvalid.because(why).into())
        }
    }
}

async fn authenticated(app: &App, token: &str, incoming: &Incoming) -> Outcome<(Cx, Actor)> {
    let invalid = |why: &'static str| Refusal::TokenInvalid.because(why);
    let (token, hot) = (&Bearer::of(token), app.configuration.hot_tokens());
    let env = actor::home_of(hot, token).ok_or_else(|| invalid("it names no environment"))?;
    let home = match app.cx_of(env, incoming).await {
        Err(Failure::Refused(refused)) if refused.refusal == Refusal::EnvironmentNotFound => {
            return Err(invalid("its environment is not there").into());
        }
        home => home?,
    };
    let actor = actor::authenticate(&home, token).await?;
    Ok((home, actor))
}

/// The method, which a POST may override for clients that know no other.
///
/// Source: `reference/platform.md` 1.1.
fn method(incoming: &Incoming) -> &str {
    let name = incoming.method.as_str();
    match incoming.header(OVERRIDE) {
        Some(other) if incoming.method == Method::POST => other,
        _ => name,
    }
}

fn render(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match (reply.body, reply.raw) {
        (Some(body), _) => (status, [(header::CONTENT_TYPE, JSON)], body.to_json()).into_response(),
        (None, Some((media, bytes))) => {
            (status, [(header::CONTENT_TYPE, media)], bytes).into_response()
        }
        (None, None) => status.into_response(),
    };
    if let Some(location) = reply.location.and_then(|it| HeaderValue::try_from(it).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn refused(failure: &Failure, template: &str, incoming: &Incoming) -> Response {
    let mut response = p1_error::render(failure, incoming.correlation, JSON);
    let Failure::Refused(refused) = failure else {
        return response;
    };
    // RFC 6750 3.
    let challenge = match refused.refusal {
        Refusal::TokenMissing => Some("Bearer"),
        Refusal::TokenInvalid => Some("Bearer error=\"invalid_token\""),
        _ => None,
    };
    if let Some(challenge) = challenge {
        let value = HeaderValue::from_static(challenge);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    if refused.refusal == Refusal::MethodNotAllowed
        && let Ok(allow) = HeaderValue::try_from(cors::methods(template))
    {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// Headers that answers have beside those of every answer.
///
/// Source: `reference/platform.md` 1.1.
fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::EXPIRES, HeaderValue::from_static("0"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.append(header::VARY, HeaderValue::from_static("Authorization"));
}

/// Answers the caller's telemetry ids, with what they may not contain replaced.
///
/// Source: `reference/platform.md` 1.1.
fn echo(incoming: &Incoming, response: &mut Response) {
    for name in [TRANSACTION, SESSION] {
        let Some(given) = incoming.headers.get(&name) else {
            continue;
        };
        let is_fine = |it: char| it.is_alphanumeric() || "._-/@=#+".contains(it);
        let clean: String = String::from_utf8_lossy(given.as_bytes())
            .chars()
            .take(100)
            .map(|it| if is_fine(it) { it } else { '_' })
            .collect();
        if let Ok(value) = HeaderValue::try_from(clean) {
            response.headers_mut().insert(name, value);
        }
    }
}
