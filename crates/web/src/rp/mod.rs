//! `/{envID}/rp/*`: on the way to another identity provider and back.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use countersign_protocol::flows::actions::Call;
use countersign_protocol::refusal::{Failure, Outcome};
use countersign_protocol::rp;

use crate::App;
use crate::as_::authorize::unredirectable;
use crate::wire::incoming::Incoming;
use crate::wire::{answer, cookies, form, layers};

/// `GET /{envID}/rp/authenticate`: sends the browser to a provider.
pub async fn authenticate(
    State(app): State<App>,
    Path(env): Path<String>,
    incoming: Incoming,
) -> Response {
    match leaving(&app, &env, &incoming).await {
        Ok(response) => response,
        Err(failure) => unredirectable(&app, &env, &failure, &incoming, false).await,
    }
}

/// `GET /{envID}/rp/callback/{providerType}`: the browser comes back.
pub async fn callback(
    State(app): State<App>,
    Path((env, provider_type)): Path<(String, String)>,
    incoming: Incoming,
) -> Response {
    match arriving(&app, &env, &provider_type, &incoming).await {
        Ok(response) => response,
        Err(failure) => unredirectable(&app, &env, &failure, &incoming, false).await,
    }
}

async fn leaving(app: &App, env: &str, incoming: &Incoming) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let params = form::query(incoming)?;
    let token = incoming.browser_token();
    let to = rp::authenticate::authenticate(&cx, &params, token.as_ref()).await?;
    Ok(answer::redirect(StatusCode::FOUND, &to))
}

async fn arriving(
    app: &App,
    env: &str,
    provider_type: &str,
    incoming: &Incoming,
) -> Outcome<Response> {
    let cx = app.cx(env, incoming).await?;
    let params = form::query(incoming)?;
    let token = incoming.browser_token();
    let call = Call {
        flow_id: rp::callback::flow_of(&params).unwrap_or_default(),
        token: token.as_ref(),
        user_agent: incoming.header(header::USER_AGENT),
        body: b"",
    };
    let reply = rp::callback::callback(&cx, provider_type, &params, &call).await?;
    let mut response = answer::redirect(StatusCode::FOUND, &reply.to);
    if let Some(token) = &reply.cookie {
        cookies::set(response.headers_mut(), &cx, token);
    }
    if let Some(refused) = reply.refused {
        layers::explain(&mut response, &Failure::Refused(refused));
    }
    Ok(response)
}
