//! `/{envID}/rp/*`: other OpenID providers sign people on for us (`reference/flows.md` 6.21).

pub mod attributes;
pub mod authenticate;
pub mod callback;
mod exchange;
mod id_token;
pub(crate) mod outcome;

use countersign_domain::ids::IdentityProviderId;

use crate::audit::{Activity, Actors, Happened, Party};
use crate::cx::Cx;
use crate::flows::Flow;

/// What is told of somebody's way to a provider and back.
///
/// Decision: `AUTHENTICATION.CREATED` and `AUTHENTICATION.UPDATED` are about the external
/// authentication of `reference/flows.md` 6.21; its resources are the flow and the provider, since
/// it has no id of its own.
fn external_sign_on(
    cx: &Cx,
    happened: &Happened,
    flow: &Flow,
    provider: IdentityProviderId,
) -> Activity {
    let env = cx.env_id();
    let mut elsewhere = Party::new(env, "IDENTITY_PROVIDER", provider);
    if let Some(view) = cx.env.provider(provider) {
        elsewhere = elsewhere.named(view.provider.name.clone());
    }
    let resources = vec![Party::new(env, "FLOW", flow.id), elsewhere];
    Activity::new(cx, happened, resources).by(&Actors::of_flow(env, flow))
}
