//! Failures as OAuth error JSON (`reference/oidc.md` 23.1).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use countersign_protocol::as_::error::{PROCESSING, oauth_error};
use countersign_protocol::refusal::{Failure, Refusal};
use serde::Serialize;

use super::answer::{self, JSON};
use super::incoming::Incoming;
use super::layers::{explain, log, retry_after};

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    error_description: &'a str,
}

/// Renders a failure, and explains it in the log.
pub fn render(failure: &Failure, incoming: &Incoming) -> Response {
    log(failure);
    let (status, error, description) = match failure {
        Failure::Refused(refused) => {
            let error = oauth_error(&refused.refusal, incoming.correlation);
            (error.status, error.error, error.description)
        }
        Failure::Fault(fault) => {
            let (status, error) = match super::layers::fault_status(fault) {
                503 => (503, "temporarily_unavailable"),
                status => (status, "server_error"),
            };
            let id = incoming.correlation;
            (
                status,
                error,
                format!("{PROCESSING} (Correlation ID: {id})"),
            )
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Body {
        error,
        error_description: &description,
    };
    let mut response = answer::json(status, JSON, &body);
    // RFC 6749 5.2: a client that used the header learns which scheme it should have used.
    if status == StatusCode::UNAUTHORIZED
        && matches!(failure, Failure::Refused(refused) if is_client_auth(&refused.refusal))
        && incoming.authorization().is_some()
    {
        let challenge = HeaderValue::from_static("Basic realm=\"countersign\"");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
    }
    retry_after(&mut response, failure);
    explain(&mut response, failure);
    response
}

fn is_client_auth(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::ClientAuthenticationFailed | Refusal::ClientAuthenticationMethod
    )
}
