//! What happens to every request: a correlation id, headers that keep browsers honest, one log line.

use std::any::Any;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use countersign_domain::ids::CorrelationId;
use countersign_domain::store::Fault;
use countersign_protocol::refusal::{Failure, Refusal, Refused};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, ready};
use percent_encoding::percent_decode_str;
use tower::{Layer, Service};
use tracing::Instrument;

use super::answer::{self, JSON};
use super::incoming::Incoming;
use super::p1_error;
use crate::App;

const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");

/// Runs every request of a router inside a span of its own and finishes the headers of its answer.
///
/// A service rather than a function for `axum::middleware::from_fn`, which costs as much as the
/// handler of a document that is rendered already (`docs/performance.md`).
#[derive(Clone)]
pub struct EveryRequest(Arc<App>);

impl EveryRequest {
    /// For the requests of an application.
    pub fn of(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl<S> Layer<S> for EveryRequest {
    type Service = Spanned<S>;

    fn layer(&self, inner: S) -> Spanned<S> {
        let app = Arc::clone(&self.0);
        Spanned { app, inner }
    }
}

/// See [`EveryRequest`].
#[derive(Clone)]
pub struct Spanned<S> {
    app: Arc<App>,
    inner: S,
}

impl<S> Service<Request> for Spanned<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let app = Arc::clone(&self.app);
        let (asked, uri) = (request.method().clone(), request.uri().clone());
        let correlation = self.app.correlation();
        let insists_on_https = self.app.configuration.urls().insists_on_https();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let span = tracing::info_span!("request", %correlation, method = %request.method());
        request.extensions_mut().insert(correlation);
        // What is no text is no path of ours; extractors would say so in words of their own.
        let answered = if is_text(uri.path()) {
            Either::Left(self.inner.call(request))
        } else {
            let refused = p1_error::render(&Refusal::NotFound.into(), correlation, JSON);
            Either::Right(ready(Ok(refused)))
        };
        let answered = AssertUnwindSafe(answered).catch_unwind();
        let answered = async move {
            match answered.await {
                Ok(Ok(response)) => response,
                Err(panic) => panicked(&*panic, correlation),
            }
        };
        let finished = answered.instrument(span).map(move |mut response| {
            if let Some(Refusing(refused)) = response.extensions_mut().remove() {
                app.explain(correlation, asked.as_str(), uri.path(), &refused);
            }
            finish(response.headers_mut(), correlation, insists_on_https);
            if let Some(route) = route {
                response.extensions_mut().insert(route);
            }
            Ok(response)
        });
        Box::pin(finished)
    }
}

/// Whether a path is UTF-8 once it is decoded.
fn is_text(path: &str) -> bool {
    !path.contains('%') || percent_decode_str(path).decode_utf8().is_ok()
}

/// Headers of every answer.
pub fn finish(headers: &mut HeaderMap, correlation: CorrelationId, insists_on_https: bool) {
    if let Ok(value) = HeaderValue::try_from(correlation.to_string()) {
        headers.insert(CORRELATION_ID, value);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
    if insists_on_https {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
}

/// A handler panicked: a defect, which ends neither the connection nor the process and is not told
/// to the caller. The log has what it said, under the request's correlation id.
fn panicked(panic: &(dyn Any + Send), correlation: CorrelationId) -> Response {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(said = said.unwrap_or_default(), "a handler panicked");
    answer::json(
        StatusCode::INTERNAL_SERVER_ERROR,
        JSON,
        &p1_error::unexpected(correlation),
    )
}

/// Nothing is at this path.
pub async fn not_found(incoming: Incoming) -> Response {
    p1_error::render(&Refusal::NotFound.into(), incoming.correlation, JSON)
}

/// The path has other methods.
pub async fn method_not_allowed(incoming: Incoming) -> Response {
    p1_error::render(
        &Refusal::MethodNotAllowed.into(),
        incoming.correlation,
        JSON,
    )
}

/// An answer that refuses, on its way to [`EveryRequest`], which knows what was asked.
#[derive(Clone)]
struct Refusing(Refused);

/// Has a refusal explained to administrators. What the answer says does not change.
pub fn explain(response: &mut Response, failure: &Failure) {
    if let Failure::Refused(refused) = failure {
        response.extensions_mut().insert(Refusing(refused.clone()));
    }
}

/// Explains a failure in the log, under the request's correlation id.
pub fn log(failure: &Failure) {
    match failure {
        Failure::Refused(refused) => {
            tracing::info!(refusal = ?refused.refusal, because = %refused.because, "refused");
        }
        Failure::Fault(fault) => tracing::error!(%fault, "could not be tried"),
    }
}

/// The status of what could not be tried: worth another try later, or a defect.
pub fn fault_status(fault: &Fault) -> u16 {
    match fault {
        Fault::Overloaded(_) | Fault::Conflict(_) | Fault::Storage(_) => 503,
        Fault::Corrupt { .. } | Fault::Crypto(_) | Fault::Misconfigured(_) => 500,
    }
}

/// Says when to come back, where coming back helps.
pub fn retry_after(response: &mut Response, failure: &Failure) {
    let seconds = match failure {
        Failure::Refused(refused) => match refused.refusal {
            Refusal::TooManyRequests {
                retry_after_seconds,
            } => Some(retry_after_seconds),
            _ => None,
        },
        Failure::Fault(fault) => (fault_status(fault) == 503).then_some(1),
    };
    if let Some(seconds) = seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_answered_and_not_told() {
        let id = CorrelationId::from_uuid(uuid::Uuid::nil());
        let response = panicked(&"a secret detail", id);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(p1_error::unexpected(id).code, "UNEXPECTED_ERROR");
        assert!(!p1_error::unexpected(id).message.contains("secret"));
    }
}
