//! `GET /{envID}/rp/callback/{providerType}`: back from another provider
//! (`reference/flows.md` 6.21).
//!
//! The answer is taken once, by the browser that was sent, and before anything is done with it: a
//! `state` that comes a second time finds nothing.

use std::time::Duration;

use countersign_domain::entity::Stored;
use countersign_domain::store::{Batch, Fault};
use subtle::ConstantTimeEq;

use super::attributes;
use super::exchange::{self, Said};
use super::outcome::{Arrive, Reply};
use crate::as_::params::Params;
use crate::browser;
use crate::configuration::{OpenidEndpoints, ProviderView};
use crate::cx::Cx;
use crate::flows::actions::Call;
use crate::flows::external::{ExternalIdentity, Trip};
use crate::flows::{Flow, access};
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};

/// How long a trip may take.
/// Source: `reference/flows.md` 2, 16.
const LIMIT: Duration = Duration::from_mins(15);

/// The only type that is served; PingOne writes it in lower case.
const TYPE: &str = "openid_connect";

/// The flow that a `state` belongs to. Proves nothing: the flow's browser must have brought it.
pub fn flow_of(params: &Params) -> Option<&str> {
    Some(params.get("state")?.split_once('.')?.0)
}

/// Takes a provider's answer. `call` names the flow of the answer's `state`.
pub async fn callback(
    cx: &Cx,
    provider_type: &str,
    params: &Params,
    call: &Call<'_>,
) -> Outcome<Reply> {
    if provider_type != TYPE {
        return Err(Refusal::NotFound
            .because("no provider of this type is served")
            .into());
    }
    let state = params
        .get("state")
        .ok_or(Refusal::ParameterMissing("state"))?;
    let trip = run(cx, &Take { state, call }).await?;
    let view = cx.env.provider(trip.provider);
    let said = match view {
        Some(view) => redeem(cx, view, params, state).await?,
        None => Err("the provider was disabled or deleted meanwhile".to_owned()),
    };
    let said = said.map(|said| identity(cx, &trip, view, said));
    if let Err(why) = &said {
        tracing::info!(provider = %trip.provider, %why, "an external sign-on failed");
    }
    run(cx, &Arrive::new(call, &trip, said)).await
}

fn identity(cx: &Cx, trip: &Trip, view: Option<&ProviderView>, said: Said) -> ExternalIdentity {
    let mappings = view.map(|view| view.attributes.as_slice());
    let mappings = mappings.unwrap_or_default();
    let is_verified = said.claims.get("email_verified");
    ExternalIdentity {
        provider: trip.provider,
        external_id: said.subject,
        attributes: attributes::map(mappings, &cx.env.user_attributes, &said.claims),
        // Some providers write it as text.
        email_verified: is_verified
            .is_some_and(|it| it.as_bool() == Some(true) || it.as_str() == Some("true")),
    }
}

/// What the provider says, or why it is not heard.
async fn redeem(
    cx: &Cx,
    view: &ProviderView,
    params: &Params,
    state: &str,
) -> Outcome<Result<Said, String>> {
    let Some(endpoints) = &view.openid else {
        return Ok(Err("the provider is not an OpenID provider".to_owned()));
    };
    // Threat 7: an answer that another issuer gave is not this provider's, whatever its state.
    // Spec: RFC 9207 2.4.
    match params.get("iss") {
        Some(iss) if iss == endpoints.issuer => {}
        Some(_) => return Ok(Err("iss is not the provider's issuer".to_owned())),
        None if always_names_itself(cx, view, endpoints).await => {
            return Ok(Err(
                "iss is missing, which the provider always sends".to_owned()
            ));
        }
        None => {}
    }
    if let Some(error) = params.get("error") {
        let shown: String = error.chars().take(100).collect();
        return Ok(Err(format!("the provider answered {shown:?}")));
    }
    match params.get("code") {
        Some(code) => exchange::redeem(cx, view, endpoints, code, state).await,
        None => Ok(Err("neither code nor error".to_owned())),
    }
}

/// Whether a provider says of itself that it puts `iss` into every answer.
///
/// Decision: a discovery document that cannot be read, or is another issuer's, says nothing. Nothing
/// else depends on it, and the endpoints may well be set by hand; the log tells.
async fn always_names_itself(cx: &Cx, view: &ProviderView, endpoints: &OpenidEndpoints) -> bool {
    let Some(url) = &view.provider.discovery_endpoint else {
        return false;
    };
    let published = &cx.env.published;
    let found = published
        .metadata(&cx.ports, cx.env_id(), url, cx.now)
        .await;
    match found {
        Ok(metadata) if metadata.issuer == endpoints.issuer => {
            metadata.authorization_response_iss_parameter_supported
        }
        Ok(_) => {
            tracing::warn!(provider = %view.provider.id, "the discovery document is another issuer's");
            false
        }
        Err(why) => {
            tracing::warn!(provider = %view.provider.id, %why, "no discovery document");
            false
        }
    }
}

/// Takes the answer to a trip off the flow: whoever comes second finds it answered.
struct Take<'a> {
    state: &'a str,
    call: &'a Call<'a>,
}

impl Operation for Take<'_> {
    type Facts = Stored<Flow>;
    type Reply = Trip;

    async fn gather(&self, cx: &Cx) -> Outcome<Stored<Flow>> {
        access::find(cx, self.call.flow_id, self.call.token).await
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>) -> Result<Verdict<Trip>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let trip = match awaited(&mut flow, self.state, cx) {
            Ok(trip) => trip.clone(),
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        flow.touch(cx.now);
        let writes = Batch::new().update(cx.env_id(), &flow, version)?;
        Ok(Verdict::reply(trip).writing(writes))
    }
}

/// Marks the trip of this `state` as answered, if the flow waits for it.
fn awaited<'a>(flow: &'a mut Flow, state: &str, cx: &Cx) -> Result<&'a Trip, Refused> {
    let refuse = |why: &'static str| Refusal::FlowNotFound.because(why);
    let trip = flow.progress.trip.as_mut();
    let trip = trip.ok_or_else(|| refuse("the flow waits for no provider"))?;
    if !is_same(&trip.state, &browser::hash(state)) {
        return Err(refuse("state is not that of the flow's last trip"));
    }
    if trip.answered {
        return Err(refuse("state was used before"));
    }
    if cx.now.since(trip.began_at) >= LIMIT {
        return Err(refuse("the trip took longer than 15 minutes"));
    }
    trip.answered = true;
    Ok(trip)
}

fn is_same(one: &str, other: &str) -> bool {
    bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}
