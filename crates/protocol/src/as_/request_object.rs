//! `request`: the parameters of an authorization request in a JWT that the client made
//! (`reference/oidc.md` 4.1). Opened before anything else is looked at, so that every check sees one
//! set of parameters, wherever they came from.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::as_::checks::client;
use crate::as_::checks::response_type::ResponseType;
use crate::as_::params::Params;
use crate::as_::registered_keys;
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::jose::{audience, header};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::secrets;

/// Algorithms that a request object may be signed with, in the order discovery lists them.
pub const ALGORITHMS: &[&str] = &["none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512"];

/// Claims of the JWT itself, which are no parameters.
const OF_THE_TOKEN: &[&str] = &["iss", "aud", "exp", "iat", "nbf", "jti", "sub"];
/// How the claims begin that only a request object has.
const EXTENSION: &str = "pi.";

/// What a request is about, beyond OAuth: for the messages and the device by which it is approved,
/// and for rules about addresses. Only a request object can say it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Transaction {
    /// `pi.template`: the message that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
    /// `pi.clientContext`: handed to the device as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_context: Option<Map<String, Value>>,
    /// `pi.remoteIp`: the person's address as the client saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<IpAddr>,
}

/// `pi.template`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The template's name.
    pub name: String,
    /// Which variant of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What its variables stand for.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
}

/// How sure it is who wrote a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Plain parameters: whoever controls the browser.
    Plain,
    /// An unsigned request object: the same.
    Unsigned,
    /// A signed request object: the client.
    Signed,
}

/// A request with its request object opened, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// All parameters.
    pub params: Params,
    /// Who wrote them, the plain ones beside a request object apart.
    pub origin: Origin,
    /// `sub` of a signed request object: a user's id or username.
    pub subject: Option<String>,
    /// `pi.*` of a request object; the address of a signed one only.
    pub transaction: Transaction,
}

fn refuse(why: impl Into<std::borrow::Cow<'static, str>>) -> Refused {
    Refusal::RequestObjectInvalid.because(why)
}

/// Opens the request object of a request. Without one it is the parameters as they came.
///
/// What the object says wins over what stands beside it; `client_id` and `response_type` must be
/// the same in both places.
///
/// Spec: OIDC Core 6.1; RFC 9101 5, 6; `reference/rulings.md` 21.
pub async fn open(cx: &Cx, params: &Params, view: &ApplicationView) -> Outcome<Opened> {
    let Some(jwt) = params.get("request") else {
        return Ok(Opened {
            params: params.clone(),
            origin: Origin::Plain,
            subject: None,
            transaction: Transaction::default(),
        });
    };
    if params.get("request_uri").is_some() {
        let why = "request and request_uri in one request";
        return Err(Refusal::ParameterInvalid("request").because(why).into());
    }
    let (origin, mut claims) = believed(cx, jwt, view).await?;
    check_claims(cx, view, origin, &claims)?;
    let transaction = transaction(&mut claims, origin)?;
    let mut subject = match claims.remove("sub") {
        None => None,
        Some(Value::String(subject)) if !subject.is_empty() => Some(subject),
        Some(_) => return Err(refuse("sub is not text").into()),
    };
    let mut merged = with_claims(params, view, claims)?;
    // Decision: who is named without a signature is a hint like any other.
    if origin != Origin::Signed
        && let Some(name) = subject.take()
        && merged.get("login_hint").is_none()
    {
        merged = merged.with("login_hint", name);
    }
    Ok(Opened {
        params: merged,
        origin,
        subject,
        transaction,
    })
}

/// The claims, once it is known whose they are. The application's settings decide whether they may
/// come unsigned; the header never does (`threats.md` 15).
async fn believed(
    cx: &Cx,
    jwt: &str,
    view: &ApplicationView,
) -> Outcome<(Origin, Map<String, Value>)> {
    let header = header::parse_of_client(jwt).map_err(|why| refuse(why.to_string()))?;
    let application = &view.application;
    let verified = match header.alg.as_str() {
        "none" => {
            let is_allowed = application.support_unsigned_request_object
                && !application.require_signed_request_object;
            if !is_allowed {
                return Err(refuse("unsigned, and supportUnsignedRequestObject is false").into());
            }
            let claims = unsigned(jwt).ok_or_else(|| refuse("not an unsigned JWT"))?;
            return Ok((Origin::Unsigned, claims));
        }
        alg if alg.starts_with("HS") => secrets::verify::<Map<String, Value>>(cx, view, jwt),
        alg if alg.starts_with("RS") => registered_keys::verify(cx, application, jwt).await,
        alg => {
            let shown: String = alg.chars().take(20).collect();
            return Err(refuse(format!("alg {shown:?} is none of {ALGORITHMS:?}")).into());
        }
    };
    let verified = verified.map_err(|why| refuse(why.to_string()))?;
    Ok((Origin::Signed, verified.into_claims()))
}

/// The claims of a JWT whose signature is empty.
///
/// Spec: RFC 7515, A.5.
fn unsigned(jwt: &str) -> Option<Map<String, Value>> {
    let (rest, signature) = jwt.rsplit_once('.')?;
    if !signature.is_empty() {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(rest.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Who made it, for whom, and when. Decision: `iss` and `aud` must be there in a signed object, and
/// be right wherever they are; times are looked at where they are given (`reference/oidc.md` S5).
fn check_claims(
    cx: &Cx,
    view: &ApplicationView,
    origin: Origin,
    claims: &Map<String, Value>,
) -> Result<(), Refused> {
    match claims.get("iss") {
        Some(Value::String(issuer)) if client::is(issuer, view.application.id) => {}
        None if origin == Origin::Unsigned => {}
        _ => return Err(refuse("iss is not the client id")),
    }
    match claims.get("aud") {
        Some(audience) if audience::names_one(audience, &cx.env.issuers) => {}
        None if origin == Origin::Unsigned => {}
        _ => return Err(refuse(format!("aud is not {}", cx.env.issuer))),
    }
    audience::check_times(claims, cx.now).map_err(refuse)
}

/// Takes the claims out that are no parameters of any specification.
fn transaction(claims: &mut Map<String, Value>, origin: Origin) -> Result<Transaction, Refused> {
    let mut found = Transaction::default();
    if let Some(template) = claims.remove("pi.template") {
        let template = serde_json::from_value(template);
        found.template = Some(template.map_err(|_| refuse("pi.template is not a template"))?);
    }
    match claims.remove("pi.clientContext") {
        None => {}
        Some(Value::Object(context)) => found.client_context = Some(context),
        Some(_) => return Err(refuse("pi.clientContext is not an object")),
    }
    if let Some(address) = claims.remove("pi.remoteIp") {
        let address = address.as_str().and_then(|text| text.parse().ok());
        let address = address.ok_or_else(|| refuse("pi.remoteIp is not an address"))?;
        // Rules rest on it, so it counts from the client alone.
        found.remote_ip = (origin == Origin::Signed).then_some(address);
    }
    claims.retain(|name, _| !name.starts_with(EXTENSION));
    Ok(found)
}

fn with_claims(
    params: &Params,
    view: &ApplicationView,
    claims: Map<String, Value>,
) -> Result<Params, Refused> {
    let mut merged = params.clone().without("request");
    for (name, value) in claims {
        if OF_THE_TOKEN.contains(&name.as_str()) {
            continue;
        }
        if name == "request" || name == "request_uri" {
            return Err(refuse("a request object refers to another"));
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) if text.is_empty() => continue,
            Value::String(text) => text,
            other => other.to_string(),
        };
        if text.contains(['\0', '\u{fffd}']) {
            return Err(refuse("a claim is not text"));
        }
        let is_same = match (name.as_str(), params.get(&name)) {
            ("client_id", Some(_)) => client::is(&text, view.application.id),
            ("response_type", Some(outside)) => {
                outside == text || ResponseType::is_same(outside, &text)
            }
            _ => true,
        };
        if !is_same {
            return Err(refuse(format!("{name} is another one outside the object")));
        }
        merged = merged.with(name, text);
    }
    Ok(merged)
}
