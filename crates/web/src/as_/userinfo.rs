//! `GET|POST /{envID}/as/userinfo`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_domain::ids::ApplicationId;
use countersign_protocol::as_::error::oauth_error;
use countersign_protocol::as_::userinfo::userinfo;
use countersign_protocol::refusal::{Failure, Outcome, Refusal};

use crate::App;
use crate::wire::answer::{self, JSON};
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{form, p1_error};

/// Answers claims about the user of the access token.
pub async fn any(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    match answered(&app, &env, &incoming).await {
        Ok((client, claims)) => {
            let response = answer::json_text(StatusCode::OK, JSON, &claims);
            let client = client.to_string();
            let about = About::Client(Some(&client));
            cors::finish(&app, &env, &incoming, about, Exposure::Ordinary, response).await
        }
        Err(failure) => {
            let mut response = p1_error::render(&failure, incoming.correlation, JSON);
            if let Some(challenge) = challenge(&failure, &incoming) {
                response
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, challenge);
            }
            cors::share_with_anyone(&incoming, &mut response);
            response
        }
    }
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<(ApplicationId, Arc<str>)> {
    let cx = app.cx(env, incoming).await?;
    let token = bearer(incoming)?;
    userinfo(&cx, token.as_deref()).await
}

/// The token of the request: in the header, or in the form body of a POST, not in both. A body of
/// another type says nothing (`reference/oidc.md` 25 has no 415 here).
///
/// Spec: RFC 6750 2.1, 2.2.
fn bearer(incoming: &Incoming) -> Outcome<Option<String>> {
    let in_header = match incoming.authorization() {
        None => None,
        Some(value) => match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                Some(token.trim_start().to_owned())
            }
            _ => {
                return Err(Refusal::TokenInvalid
                    .because("Authorization is not Bearer")
                    .into());
            }
        },
    };
    let in_body = if incoming.method == Method::POST && form::is_form(incoming) {
        form::body(incoming)?.get("access_token").map(str::to_owned)
    } else {
        None
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(Refusal::ParameterRepeated("access_token".into())
            .because("header and body")
            .into()),
        (header, body) => Ok(header.or(body)),
    }
}

/// `WWW-Authenticate` (RFC 6750 3): bare when no token came, with the error otherwise.
fn challenge(failure: &Failure, incoming: &Incoming) -> Option<HeaderValue> {
    let Failure::Refused(refused) = failure else {
        return None;
    };
    let text = match refused.refusal {
        Refusal::TokenMissing => "Bearer".to_owned(),
        Refusal::TokenInvalid | Refusal::TokenScope(_) | Refusal::TokenWithoutUser => {
            let error = oauth_error(&refused.refusal, incoming.correlation);
            format!(
                "Bearer error=\"{}\", error_description=\"{}\"",
                error.error, error.description
            )
        }
        _ => return None,
    };
    HeaderValue::from_str(&text).ok()
}
