//! Failures in PingOne's own shape (`reference/oidc.md` 23.2).

use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::ids::CorrelationId;
use countersign_protocol::error::{P1Error, p1_error};
use countersign_protocol::refusal::Failure;

use super::answer;
use super::layers::{explain, fault_status, log, retry_after};

/// The error body of a failure.
pub fn body(failure: &Failure, id: CorrelationId) -> P1Error {
    match failure {
        Failure::Refused(refused) => p1_error(&refused.refusal, id),
        Failure::Fault(fault) if fault_status(fault) == 503 => P1Error {
            status: 503,
            id,
            code: "SERVICE_UNAVAILABLE",
            message: "The service is temporarily unavailable.".to_owned(),
            details: Vec::new(),
        },
        Failure::Fault(_) => unexpected(id),
    }
}

/// The error body of a defect.
pub fn unexpected(id: CorrelationId) -> P1Error {
    P1Error {
        status: 500,
        id,
        code: "UNEXPECTED_ERROR",
        message: "An unexpected error occurred.".to_owned(),
        details: Vec::new(),
    }
}

/// Renders a failure as JSON, and explains it in the log.
pub fn render(failure: &Failure, id: CorrelationId, media: &'static str) -> Response {
    log(failure);
    let error = body(failure, id);
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = answer::json(status, media, &error);
    retry_after(&mut response, failure);
    explain(&mut response, failure);
    response
}
