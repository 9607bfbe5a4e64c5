//! The page for errors that must not leave by redirect (`reference/oidc.md` 23.3).

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::ids::CorrelationId;
use countersign_protocol::as_::error::oauth_error;
use countersign_protocol::refusal::{Failure, Refusal};

use crate::wire::layers::{fault_status, log, retry_after};

#[derive(Template)]
#[template(path = "error.html")]
struct Page {
    heading: &'static str,
    explanation: &'static str,
    detail: String,
    correlation: CorrelationId,
}

/// Renders a failure for a person.
pub fn render(failure: &Failure, correlation: CorrelationId) -> Response {
    log(failure);
    let (status, heading, explanation, detail) = match failure {
        Failure::Refused(refused) => {
            let error = oauth_error(&refused.refusal, correlation);
            let (heading, explanation) = words(&refused.refusal);
            (error.status, heading, explanation, error.description)
        }
        Failure::Fault(fault) => (
            fault_status(fault),
            "Please try again",
            "The sign-on service could not answer just now. Wait a moment, then reload this page.",
            String::new(),
        ),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let page = Page {
        heading,
        explanation,
        detail,
        correlation,
    };
    let mut response = super::page(status, &page);
    retry_after(&mut response, failure);
    response
}

fn words(refusal: &Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::FlowNotFound => (
            "This sign-on is no longer open",
            "It may have expired, been finished already, or been started in another browser. \
             Go back to the application and sign on from there. If that does not help, make sure \
             that your browser accepts cookies.",
        ),
        Refusal::FlowAlreadyResumed => (
            "You are already signed on",
            "This sign-on was finished before. Go back to the application; if it asks again, \
             start from there.",
        ),
        Refusal::EnvironmentNotFound | Refusal::NotFound => (
            "There is nothing here",
            "The address is not one of this sign-on service. Check the link, or go back to the \
             application.",
        ),
        _ => (
            "The application's request cannot be carried out",
            "Something is wrong with how the application asked for your sign-on. You cannot mend \
             this yourself: please tell the people who run the application, and give them the text \
             below.",
        ),
    }
}
