//! `GET /{envID}/as/.well-known/openid-configuration` and its RFC 8414 twin.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, Method, Request, header};
use axum::response::Response;
use countersign_protocol::configuration::Snapshot;

use crate::App;
use crate::custom_domain::AtDomain;
use crate::wire::answer::JSON;
use crate::wire::incoming::Incoming;
use crate::wire::{layers, p1_error};

/// Where the discovery document is.
pub const DISCOVERY: &str = "/{env}/as/.well-known/openid-configuration";
/// Where the key set is.
pub const JWKS: &str = "/{env}/as/jwks";

/// Answers the discovery document, as rendered when the configuration last changed.
pub async fn openid_configuration(
    State(app): State<App>,
    Path(env): Path<String>,
    incoming: Incoming,
) -> Response {
    document(&app, &env, &incoming, |snapshot| {
        Arc::clone(&snapshot.discovery)
    })
    .await
}

/// A document that is in memory, and its route: for the listener, which asks this before it asks the
/// router. Routing alone costs more than the answer (`docs/performance.md`). Whatever is not plain
/// (another method, an environment that is not in memory) is the router's.
pub fn at_once<B>(app: &App, request: &Request<B>) -> Option<(&'static str, Response)> {
    if request.method() != Method::GET {
        return None;
    }
    let (env, rest) = request.uri().path().get(1..)?.split_once('/')?;
    let (route, of): (_, fn(&Snapshot) -> &Arc<str>) = if is_rest_of(rest, DISCOVERY) {
        (DISCOVERY, |snapshot| &snapshot.discovery)
    } else if is_rest_of(rest, JWKS) {
        (JWKS, |snapshot| &snapshot.jwks)
    } else {
        return None;
    };
    let domain = request.extensions().get::<AtDomain>().map(|it| &*it.0);
    let snapshot = app.configuration.at_hand(env.parse().ok()?, domain)?;
    let mut response = rendered(Arc::clone(of(&snapshot)));
    layers::finish(
        response.headers_mut(),
        app.correlation(),
        app.configuration.urls().insists_on_https(),
    );
    Some((route, response))
}

fn is_rest_of(rest: &str, route: &str) -> bool {
    route.strip_prefix("/{env}/") == Some(rest)
}

/// A public document of an environment: readable from any origin, cacheable for a little while.
pub async fn document(
    app: &App,
    env: &str,
    incoming: &Incoming,
    of: impl Fn(&Snapshot) -> Arc<str>,
) -> Response {
    match app.recent(env, incoming).await {
        Ok(snapshot) => rendered(of(&snapshot)),
        Err(failure) => p1_error::render(&failure, incoming.correlation, JSON),
    }
}

fn rendered(text: Arc<str>) -> Response {
    let mut response = Response::new(axum::body::Bytes::from_owner(Text(text)).into());
    let headers = response.headers_mut();
    // Room for these and for what every answer has: the map need not grow twice.
    headers.reserve(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    let age = HeaderValue::from_static("public, max-age=60");
    headers.insert(header::CACHE_CONTROL, age);
    response
}

struct Text(Arc<str>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
