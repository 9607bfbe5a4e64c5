//! `GET /{envID}/device` and `/{envID}/device/{appIdentifier}`.

use axum::extract::{Path, State};
use axum::response::Response;
use countersign_protocol::device::user_page;
use countersign_protocol::refusal::Outcome;

use crate::App;
use crate::as_::authorize::{render, unredirectable};
use crate::wire::form;
use crate::wire::incoming::Incoming;

/// The page of no application in particular.
pub async fn get(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    finish(&app, &env, None, &incoming).await
}

/// The page of one application.
pub async fn get_for(
    State(app): State<App>,
    Path((env, identifier)): Path<(String, String)>,
    incoming: Incoming,
) -> Response {
    finish(&app, &env, Some(&identifier), &incoming).await
}

async fn finish(app: &App, env: &str, identifier: Option<&str>, incoming: &Incoming) -> Response {
    match answered(app, env, identifier, incoming).await {
        Ok(response) => response,
        Err(failure) => unredirectable(app, env, &failure, incoming, false).await,
    }
}

async fn answered(
    app: &App,
    env: &str,
    identifier: Option<&str>,
    incoming: &Incoming,
) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let params = form::query(incoming)?;
    let token = incoming.browser_token();
    let reply = user_page::start(&cx, identifier, &params, token.as_ref()).await?;
    Ok(render(&cx, incoming, reply))
}
