//! What happens to every request: a correlation id, headers that keep browsers honest, one log line.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use countersign_domain::ids::CorrelationId;
use countersign_domain::store::Fault;
use countersign_protocol::refusal::{Failure, Refusal};
use futures_util::FutureExt;
use tracing::Instrument;

use super::answer::{self, JSON};
use super::incoming::Incoming;
use super::p1_error;
use crate::App;

const CORRELATION_ID: HeaderName = HeaderName::from_static("correlation-id");

/// Runs a request inside its span and finishes the answer's headers.
pub async fn every_request(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let correlation = app.correlation();
    request.extensions_mut().insert(correlation);
    let span = tracing::info_span!("request", %correlation, method = %request.method());
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = async {
        let answered = answered.await;
        answered.unwrap_or_else(|panic| panicked(&*panic, correlation))
    }
    .instrument(span)
    .await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&correlation.to_string()) {
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
    if app.configuration.urls().insists_on_https() {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
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
        Fault::Corrupt { .. } | Fault::Crypto(_) => 500,
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
