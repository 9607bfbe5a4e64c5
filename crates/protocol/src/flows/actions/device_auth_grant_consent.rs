//! `application/vnd.pingidentity.deviceAuthGrant.consent+json` (`reference/flows.md` 6.19).

use countersign_domain::consent::OauthConsent;
use countersign_domain::entity::{self, Stored};
use countersign_domain::ids::OauthConsentId;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Fault};
use countersign_domain::user::User;
use serde::Deserialize;

use super::{Action, Call, Reply};
use crate::as_::access_control::{self, Standing};
use crate::as_::device_authorization::{Decision, DeviceAuthorization};
use crate::as_::grants::living;
use crate::consents;
use crate::cx::Cx;
use crate::flows::state::{DeviceConnected, FlowFailure};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Connects the device, or sends it away. A device is connected by nobody's silence: the question
/// is asked every time.
///
/// Source: `reference/oidc.md` 15.2, C1.
pub struct DeviceAuthGrantConsent;

/// The body.
#[derive(Debug, Deserialize)]
pub struct Input {
    accept: Option<Accept>,
}

/// A boolean; a form can only write it as text.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Accept {
    Yes(bool),
    Text(Word),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    True,
    False,
}

impl Accept {
    const fn is_yes(self) -> bool {
        matches!(self, Self::Yes(true) | Self::Text(Word::True))
    }
}

/// What the answer rests on.
pub struct Facts {
    accepted: bool,
    device: Option<Stored<DeviceAuthorization>>,
    session: Option<Session>,
    user: Option<User>,
    /// Whether the application lets the user in.
    standing: Standing,
    consent: Option<Stored<OauthConsent>>,
    fresh: OauthConsentId,
}

impl Action for DeviceAuthGrantConsent {
    const MEDIA: &'static str = "deviceAuthGrant.consent";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::DagConsentRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        _call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        _turn: &Turn,
    ) -> Outcome<Facts> {
        let State::DagConsentRequired(asked) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let accept = input.accept.ok_or(Refusal::ValueRequired("accept"))?;
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let device = entity::load::<DeviceAuthorization>(store, env, &asked.device, cx.now).await?;
        let user = asked.done.user.id;
        let (session, found) = living(cx, asked.done.session, user).await?;
        let of = OauthConsent::of(user, flow.request.client);
        let rule = OauthConsent::UNIQUE_APPLICATION;
        let consent = entity::load_by::<OauthConsent>(store, env, rule, of, cx.now).await?;
        let view = cx
            .env
            .application(&cx.ports, flow.request.client, cx.now)
            .await?;
        let standing = match (view.filter(|view| view.application.enabled), &found) {
            (Some(view), Some(user)) => {
                access_control::standing(cx, &view.application, user).await?
            }
            _ => Standing::Refused("the application is gone or disabled"),
        };
        Ok(Facts {
            accepted: accept.is_yes(),
            device,
            session,
            user: found,
            standing,
            consent,
            fresh: OauthConsentId::random(&*cx.ports.entropy),
        })
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let State::DagConsentRequired(asked) = flow.state.clone() else {
            return Ok(Verdict::refuse(Refusal::ActionNotOffered));
        };
        flow.touch(cx.now);
        let device = facts.device.filter(|device| device.is_open(cx.now));
        let is_refused = |failure| State::Failed(failure);
        let mut writes = Batch::new();
        let Some(Stored {
            value: mut device,
            version: device_version,
        }) = device
        else {
            flow.state = is_refused(FlowFailure::DeviceCodeExpired);
            let writes = writes.update(cx.env_id(), &flow, version)?;
            return Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes));
        };
        let signed_on = facts.session.is_some() && facts.user.is_some();
        if !facts.accepted || !signed_on || facts.standing != Standing::Allowed {
            device.decision = Decision::Denied;
            flow.state = is_refused(match (facts.accepted, signed_on) {
                (false, _) => FlowFailure::DeviceRefused,
                (true, false) => FlowFailure::NobodySignedOn,
                (true, true) => FlowFailure::NoAccess,
            });
        } else {
            let consent = consents::accepted(
                facts.consent.as_ref().map(|consent| &consent.value),
                facts.fresh,
                (asked.done.user.id, flow.request.client),
                &flow.application_name,
                &asked.scope,
                cx.now,
            );
            writes = match &facts.consent {
                Some(stored) => writes.update(cx.env_id(), &consent, stored.version)?,
                None => writes.create(cx.env_id(), &consent)?,
            };
            flow.state = State::DeviceConnected(DeviceConnected {
                user: asked.done.user.clone(),
                session: asked.done.session,
            });
            device.decision = Decision::Approved(asked.done);
        }
        let writes = writes
            .update(cx.env_id(), &device, device_version)?
            .update(cx.env_id(), &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes))
    }
}
