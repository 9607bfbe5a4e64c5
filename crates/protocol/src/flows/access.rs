//! Finding a flow for a browser: it must be the browser's own, and its application still served.

use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::FlowId;
use countersign_domain::session::Session;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;

use crate::browser::BrowserToken;
use crate::cx::Cx;
use crate::flows::flow::{Binding, Flow};
use crate::refusal::{Outcome, Refusal, Refused};

/// The flow under an id, if it lives, belongs to the browser that holds `token`, and leads to an
/// application that is there and enabled: nobody signs on to one that is not (`threats.md` 19).
///
/// Decision: what a flow answers when its application is gone or disabled is not documented; it is
/// what authorize answers (`reference/oidc.md` 23.3).
pub async fn find(cx: &Cx, id: &str, token: Option<&BrowserToken>) -> Outcome<Stored<Flow>> {
    let flow = of_browser(cx, id, token).await?;
    let client = flow.request.client;
    if !flow.request.has_client() {
        return Ok(flow);
    }
    let view = cx.env.application(&cx.ports, client, cx.now).await?;
    if view.is_some_and(|view| view.application.enabled) {
        return Ok(flow);
    }
    let why = format!("application {client} is gone or disabled since the flow began");
    Err(Refusal::ClientUnknown.because(why).into())
}

/// A living flow of this browser. Everything else is the same "not found": a flow that exists for
/// somebody else is nobody's business.
///
/// Decision: a call without the cookie of the flow is refused as if the flow did not exist
/// (`reference/flows.md` 8.1).
async fn of_browser(cx: &Cx, id: &str, token: Option<&BrowserToken>) -> Outcome<Stored<Flow>> {
    let missing = |why: &'static str| Refusal::FlowNotFound.because(why);
    let id: FlowId = id
        .parse()
        .map_err(|_| missing("the flow id is not a UUID"))?;
    let store = &*cx.ports.store;
    let found = entity::load::<Flow>(store, cx.env_id(), id.to_string(), cx.now).await?;
    let Some(flow) = found.filter(|flow| flow.expires_at > cx.now) else {
        return Err(gone(cx, id).await?.into());
    };
    let token = token.ok_or_else(|| {
        missing("the browser sent no ST cookie of this server").arrived(
            "no cookie named ST or ST-NO-SS, or one with a value that this server never made",
        )
    })?;
    let hash = token.hash();
    if flow.binding == Binding::Anonymous(hash.clone()) {
        return Ok(flow);
    }
    if token.is_session() {
        let session =
            entity::load_by::<Session>(store, cx.env_id(), Session::UNIQUE_TOKEN, hash, cx.now)
                .await?;
        if session.is_some_and(|session| belongs(&flow.binding, &session)) {
            return Ok(flow);
        }
    }
    let arrived = if token.is_session() {
        "the token of another session, or of one that is over"
    } else {
        "the anonymous token of another browser"
    };
    Err(missing("the ST cookie is another browser's")
        .arrived(arrived)
        .into())
}

/// The refusal for a flow that is not there: one that has expired can be told from one that never
/// was until it is swept, a minute later; a random id tells no time. Only administrators learn
/// which.
async fn gone(cx: &Cx, id: FlowId) -> Result<Refused, Fault> {
    let long_ago = Time::EPOCH;
    let flow =
        entity::load::<Flow>(&*cx.ports.store, cx.env_id(), id.to_string(), long_ago).await?;
    let refused = Refusal::FlowNotFound;
    Ok(match flow.map(|flow| flow.expires_at) {
        Some(at) => refused
            .because(format!("the flow expired at {at}"))
            .expected(format!("a call before {at}"))
            .arrived(format!("a call at {}", cx.now)),
        None => refused
            .because(
                "no flow has this id: it expired, 15 minutes after its last step, or never was in \
                 this environment",
            )
            .arrived(format!("the flow id {id}")),
    })
}

fn belongs(binding: &Binding, session: &Session) -> bool {
    match binding {
        Binding::Session(id) => session.id == *id,
        Binding::Anonymous(hash) => session.grew_from.as_ref() == Some(hash),
    }
}
