//! `POST /{envID}/as/par` (`reference/oidc.md` 10): the client pushes its authorization request over
//! its own channel and gets a handle for the browser, good for one use.

use std::time::Duration;

use countersign_domain::entity::{self, Entity, Stored, kinds};
use countersign_domain::ids::ApplicationId;
use countersign_domain::store::{Batch, Kind, Precondition};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use crate::as_::authorize::AuthorizationRequest;
use crate::as_::checks;
use crate::as_::client_auth;
use crate::as_::params::Params;
use crate::as_::request_object;
use crate::browser;
use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};

/// How a `request_uri` of ours begins.
///
/// Spec: RFC 9126 2.2.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A pushed request, validated, filed under the hash of its handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedRequest {
    /// SHA-256 of the handle in base64url.
    pub hash: String,
    /// What was pushed; its client alone may use it.
    pub request: AuthorizationRequest,
    /// Until when it can be used.
    pub expires_at: Time,
}

impl Entity for PushedRequest {
    const KIND: Kind = kinds::PUSHED_REQUEST;
    fn id(&self) -> String {
        self.hash.clone()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.expires_at)
    }
}

/// The answer to a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pushed {
    /// What the browser takes to authorize.
    pub request_uri: String,
    /// For how many seconds.
    pub expires_in: u32,
}

/// Takes a request: everything that authorize would check is checked now.
///
/// Spec: RFC 9126 2.1; `reference/oidc.md` 10.
pub async fn push(cx: &Cx, authorization: Option<&str>, params: &Params) -> Outcome<Pushed> {
    let client = client_auth::authenticate(cx, "par", authorization, params).await?;
    let view = client.view();
    if params.get("request_uri").is_some() {
        let why = "a pushed request cannot refer to another";
        return Err(Refusal::ParameterInvalid("request_uri").because(why).into());
    }
    let opened = request_object::open(cx, params, view).await?;
    let named = opened.params.get("client_id");
    if named.is_some_and(|named| !checks::client::is(named, client.id())) {
        let why = "client_id is not the client that authenticated";
        return Err(Refusal::ParameterInvalid("client_id").because(why).into());
    }
    let destination = checks::destination(&opened.params, view)?;
    let request = checks::validate(cx, &opened, view, &destination, Channel::Back).await?;
    let handle = browser::secret(&*cx.ports.entropy);
    let expires_in = view.application.par_timeout;
    let pushed = PushedRequest {
        hash: browser::hash(&handle),
        request,
        expires_at: cx.now.plus(Duration::from_secs(u64::from(expires_in))),
    };
    let batch = Batch::new().create(cx.env_id(), &pushed)?;
    cx.ports.store.commit(batch, cx.now).await?;
    Ok(Pushed {
        request_uri: format!("{PREFIX}{handle}"),
        expires_in,
    })
}

/// Which way an authorization request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Through the browser.
    Front,
    /// Pushed by the client itself.
    Back,
}

/// The hash of the handle in a `request_uri` of our making; `None` for any other.
pub fn handle(request_uri: &str) -> Option<String> {
    request_uri.strip_prefix(PREFIX).map(browser::hash)
}

/// The pushed request under a handle, for the client that pushed it.
///
/// What does not fit is shown, for nothing says where it could be sent.
///
/// Spec: RFC 9126 4.
pub async fn find(cx: &Cx, hash: &str, client: ApplicationId) -> Outcome<Stored<PushedRequest>> {
    let (store, env) = (&*cx.ports.store, cx.env_id());
    let found = entity::load::<PushedRequest>(store, env, hash, cx.now).await?;
    let found = found.filter(|pushed| pushed.request.client == client);
    Ok(found.ok_or_else(|| {
        let why = "no such pushed request: expired, used, another client's, or never made";
        Refusal::RequestUriInvalid.because(why)
    })?)
}

/// The writes that use a pushed request up.
pub fn consume(cx: &Cx, pushed: &Stored<PushedRequest>) -> Batch {
    let key = pushed.key(cx.env_id());
    Batch::new()
        .require(Precondition::Version(key.clone(), pushed.version))
        .delete(key)
}
