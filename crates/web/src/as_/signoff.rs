//! `GET|POST /{envID}/as/signoff`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::params::Params;
use countersign_protocol::as_::signoff::{SignedOff, claimed_client, signoff};
use countersign_protocol::refusal::{Outcome, Refused};

use super::authorize::unredirectable;
use crate::pages::frame::Frame;
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{answer, cookies, form};
use crate::{App, pages};

/// Signs the browser off. A POST carries the same parameters in its body.
pub async fn any(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let params = form::both(&incoming).and_then(Params::unrepeated);
    let client = params.as_ref().ok().and_then(claimed_client);
    let response = match answered(&app, &env, &incoming, params).await {
        Ok(response) => response,
        Err(failure) => unredirectable(&app, &env, &failure, &incoming, false).await,
    };
    let about = About::Client(client.as_deref());
    cors::finish(&app, &env, &incoming, about, Exposure::Sensitive, response).await
}

async fn answered(
    app: &App,
    env: &str,
    incoming: &Incoming,
    params: Result<Params, Refused>,
) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let token = incoming.browser_token();
    let mut response = match signoff(&cx, &params?, token.as_ref()).await? {
        SignedOff::Redirect(to) => answer::redirect(StatusCode::FOUND, &to),
        SignedOff::Page => pages::signed_off::render(Frame::of_environment(&cx.env, incoming)),
    };
    cookies::clear(response.headers_mut(), &cx.env.urls, cx.env_id());
    Ok(response)
}
