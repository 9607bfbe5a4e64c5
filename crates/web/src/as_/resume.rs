//! `GET /{envID}/as/resume`.

use axum::extract::{Path, State};
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::resume::resume;
use countersign_protocol::refusal::Outcome;

use super::authorize::{render, unredirectable};
use crate::App;
use crate::wire::cors::{self, About};
use crate::wire::form;
use crate::wire::incoming::Incoming;

/// Finishes the authorization request of a flow.
pub async fn get(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let response = match answered(&app, &env, &incoming).await {
        Ok(response) => response,
        // Decision: JSON (`reference/oidc.md` 5.1), and a page for a browser that comes for one.
        // Whether the flow is of `pi.flow` is not asked: without its cookie it tells nothing.
        Err(failure) => {
            let as_json = !incoming.prefers_a_page();
            unredirectable(&app, &env, &failure, &incoming, as_json).await
        }
    };
    let params = form::query(&incoming).unwrap_or_default();
    let about = About::Flow(params.get("flowId").unwrap_or_default());
    cors::finish(&app, &env, &incoming, about, Exposure::Sensitive, response).await
}

async fn answered(app: &App, env: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let params = form::query(incoming)?;
    let token = incoming.browser_token();
    Ok(render(
        &cx,
        incoming,
        resume(&cx, &params, token.as_ref()).await?,
    ))
}
