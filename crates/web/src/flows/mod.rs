//! `GET|POST /{envID}/flows/{flowID}`: all actions share this file, told apart by media type.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_protocol::flows::actions::{Call, by_media_type};
use countersign_protocol::flows::{read, view};
use countersign_protocol::refusal::{Outcome, Refusal};

use crate::App;
use crate::wire::answer::{self, HAL};
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{cookies, p1_error};

/// Reads a flow.
pub async fn get(
    State(app): State<App>,
    Path((env, flow)): Path<(String, String)>,
    incoming: Incoming,
) -> Response {
    let outcome = reading(&app, &env, &flow, &incoming).await;
    finish(&app, &env, &flow, &incoming, outcome).await
}

/// Performs the action that the media type names.
pub async fn post(
    State(app): State<App>,
    Path((env, flow)): Path<(String, String)>,
    incoming: Incoming,
) -> Response {
    let outcome = acting(&app, &env, &flow, &incoming).await;
    finish(&app, &env, &flow, &incoming, outcome).await
}

async fn finish(
    app: &App,
    env: &str,
    flow: &str,
    incoming: &Incoming,
    outcome: Outcome<Response>,
) -> Response {
    let response =
        outcome.unwrap_or_else(|failure| p1_error::render(&failure, incoming.correlation, HAL));
    cors::finish(
        app,
        env,
        incoming,
        About::Flow(flow),
        Exposure::Ordinary,
        response,
    )
    .await
}

async fn reading(app: &App, env: &str, flow: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let token = incoming.browser_token();
    let flow = read::read(&cx, flow, token.as_ref()).await?;
    Ok(answer::json(
        StatusCode::OK,
        HAL,
        &view::render(&cx.env, &flow),
    ))
}

async fn acting(app: &App, env: &str, flow: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let media = incoming.header(header::CONTENT_TYPE).unwrap_or_default();
    let action = by_media_type(media).ok_or_else(|| {
        let shown: String = media.chars().take(100).collect();
        Refusal::ActionUnknown.because(format!("Content-Type is {shown:?}"))
    })?;
    let token = incoming.browser_token();
    let call = Call {
        flow_id: flow,
        token: token.as_ref(),
        user_agent: incoming.header(header::USER_AGENT),
        body: incoming.body()?,
    };
    let reply = action.perform(&cx, &call).await?;
    let body = view::render(&cx.env, &reply.flow);
    let mut response = answer::json(StatusCode::OK, HAL, &body);
    if let Some(token) = &reply.cookie {
        cookies::set(response.headers_mut(), &cx, token);
    }
    Ok(response)
}
