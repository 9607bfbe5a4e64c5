//! `GET|POST /{envID}/as/signoff`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_protocol::as_::signoff::{SignedOff, signoff};
use countersign_protocol::refusal::Outcome;

use super::authorize::unredirectable;
use crate::wire::incoming::Incoming;
use crate::wire::{answer, cookies, form};
use crate::{App, pages};

/// Signs the browser off. A POST carries the same parameters in its body.
pub async fn any(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    match answered(&app, &env, &incoming).await {
        Ok(response) => response,
        Err(failure) => unredirectable(&failure, &incoming, false),
    }
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let params = form::body(incoming)?.merged(form::query(incoming)?)?;
    let token = incoming.browser_token();
    let mut response = match signoff(&cx, &params, token.as_ref()).await? {
        SignedOff::Redirect(to) => answer::redirect(StatusCode::FOUND, &to),
        SignedOff::Page => pages::signed_off::render(),
    };
    cookies::clear(response.headers_mut(), &cx.env.urls, cx.env_id());
    Ok(response)
}
