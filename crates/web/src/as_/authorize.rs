//! `GET|POST /{envID}/as/authorize`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use countersign_domain::application::cors::Exposure;
use countersign_protocol::as_::authorize::{Answer, Reply, authorize};
use countersign_protocol::as_::params::Params;
use countersign_protocol::as_::response_modes::Delivery;
use countersign_protocol::cx::Cx;
use countersign_protocol::refusal::{Failure, Outcome, Refused};

use crate::pages::frame::Frame;
use crate::wire::answer::{self, HAL};
use crate::wire::cors::{self, About};
use crate::wire::incoming::Incoming;
use crate::wire::{cookies, form, p1_error};
use crate::{App, pages};

/// By query, or by form body; with an empty body, by query (`reference/rulings.md` 16).
pub async fn any(State(app): State<App>, Path(env): Path<String>, incoming: Incoming) -> Response {
    let params = form::posted(&incoming);
    // An error before the destination is trusted is shown where the caller is (oidc.md 23.3).
    // What was asked for may be beyond reading: the words are enough to choose a form by.
    let pi_flow = incoming.query.contains("pi.flow")
        || incoming.body_contains("pi.flow")
        || params
            .as_ref()
            .is_ok_and(|params| params.get("response_mode") == Some("pi.flow"));
    let client = params
        .as_ref()
        .ok()
        .and_then(|params| params.get("client_id"))
        .map(str::to_owned);
    let response = match answered(&app, &env, &incoming, params).await {
        Ok(response) => response,
        Err(failure) => unredirectable(&app, &env, &failure, &incoming, pi_flow).await,
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
    let reply = authorize(&cx, &params?, token.as_ref()).await?;
    Ok(render(&cx, incoming, reply))
}

/// Renders an answer of authorize or resume.
pub fn render(cx: &Cx, incoming: &Incoming, reply: Reply) -> Response {
    let mut response = match reply.answer {
        Answer::SignOn(location) => answer::redirect(StatusCode::FOUND, &location),
        Answer::Flow(flow) => answer::json(StatusCode::OK, HAL, &flow),
        Answer::Response(Delivery::Redirect(location)) => {
            answer::redirect(StatusCode::FOUND, &location)
        }
        Answer::Response(Delivery::FormPost { action, fields }) => {
            pages::form_post::render(Frame::of_environment(&cx.env, incoming), &action, &fields)
        }
        Answer::Response(Delivery::Json(body)) => answer::json(StatusCode::OK, HAL, &body),
        Answer::Refused(refused) => {
            p1_error::render(&Failure::Refused(refused), incoming.correlation, HAL)
        }
    };
    if let Some(token) = &reply.cookie {
        cookies::set(response.headers_mut(), cx, token);
    }
    response
}

/// Shows a failure that must not leave by redirect: as JSON to programs, as a page to people.
pub async fn unredirectable(
    app: &App,
    env: &str,
    failure: &Failure,
    incoming: &Incoming,
    as_json: bool,
) -> Response {
    if as_json || incoming.prefers_json() {
        p1_error::render(failure, incoming.correlation, HAL)
    } else {
        pages::error::render(app, env, failure, incoming).await
    }
}
