//! `application/vnd.pingidentity.deviceAuthGrant.userCode.verify+json`
//! (`reference/flows.md` 6.19).

use std::sync::Arc;
use std::time::Duration;

use countersign_domain::application::GrantType;
use countersign_domain::entity::{self, Entity, Stored, kinds};
use countersign_domain::ids::UserId;
use countersign_domain::store::{Batch, Fault, Kind};
use countersign_domain::time::Time;
use serde::{Deserialize, Serialize};

use super::{Action, Call, Reply};
use crate::as_::authorize::AuthorizationRequest;
use crate::as_::device_authorization::{DeviceAuthorization, normalized, user_code_hash};
use crate::configuration::ApplicationView;
use crate::cx::Cx;
use crate::flows::frozen::Frozen;
use crate::flows::state::{DeviceConsent, FlowFailure};
use crate::flows::turns::Turn;
use crate::flows::{Flow, State};
use crate::refusal::{Outcome, Refusal};
use crate::run::Verdict;

/// Decision: wrong codes that end a flow.
const MOST_PER_FLOW: u32 = 5;
/// Decision: wrong codes of one person within [`WINDOW`] before no more are looked at. There are
/// 28^8 codes, so even a thousand devices that wait at once are safe from a thousand guessers.
///
/// Spec: RFC 8628 5.1.
const MOST_PER_USER: u32 = 10;
/// How long a wrong code counts.
const WINDOW: Duration = Duration::from_mins(15);

/// Finds the device that waits with this code, and asks whether to connect it.
pub struct DeviceAuthGrantUserCodeVerify;

/// The body.
#[derive(Debug, Deserialize)]
pub struct Input {
    /// Compat: a page of PingOne calls it `user_code` (`reference/flows.md` F4).
    #[serde(rename = "userCode", alias = "user_code")]
    user_code: Option<String>,
}

/// Wrong codes that a person typed lately, in whatever flow. A right code takes none of them back:
/// the guesser may well have a device of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceGuesses {
    /// Who.
    pub user: UserId,
    /// How many.
    pub failures: u32,
    /// When they are forgotten.
    pub forgotten_at: Time,
}

impl Entity for DeviceGuesses {
    const KIND: Kind = kinds::DEVICE_GUESSES;
    fn id(&self) -> String {
        self.user.to_string()
    }
    fn expires_at(&self) -> Option<Time> {
        Some(self.forgotten_at)
    }
}

/// What the code finds.
pub struct Facts {
    guesses: Option<Stored<DeviceGuesses>>,
    /// The device and its application; `None` unless both may be connected now.
    found: Option<(DeviceAuthorization, Arc<ApplicationView>)>,
    /// As the device shows it.
    shown: String,
}

impl Action for DeviceAuthGrantUserCodeVerify {
    const MEDIA: &'static str = "deviceAuthGrant.userCode.verify";
    type Input = Input;
    type Facts = Facts;

    fn offered(&self, flow: &Flow) -> bool {
        matches!(flow.state, State::DagUserCodeRequired(_))
    }

    async fn gather(
        &self,
        cx: &Cx,
        _call: &Call<'_>,
        flow: &Flow,
        input: &Input,
        turn: &Turn,
    ) -> Outcome<Facts> {
        let State::DagUserCodeRequired(asked) = &flow.state else {
            return Err(Refusal::ActionNotOffered.into());
        };
        let typed = input.user_code.as_deref().unwrap_or_default().trim();
        if typed.is_empty() {
            return Err(Refusal::ValueRequired("userCode").into());
        }
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let user = asked.done.user.id.to_string();
        // Threat 32: one guess of a person is judged before the next one is looked at.
        cx.turns.take(env, &format!("device/{user}"), turn).await;
        let guesses = entity::load::<DeviceGuesses>(store, env, user, cx.now).await?;
        let mut facts = Facts {
            guesses,
            found: None,
            shown: String::new(),
        };
        let Some(code) = normalized(typed) else {
            return Ok(facts);
        };
        let rule = DeviceAuthorization::UNIQUE_USER_CODE;
        let hash = user_code_hash(cx, &code)?;
        let device = entity::load_by::<DeviceAuthorization>(store, env, rule, hash, cx.now).await?;
        let (first, second) = code.split_at_checked(4).unwrap_or((&code, ""));
        facts.shown = format!("{first}-{second}");
        let Some(device) = device.filter(|device| device.is_open(cx.now)) else {
            return Ok(facts);
        };
        // The page of one application connects no device of another.
        let page = flow.device.as_ref().and_then(|device| device.application);
        let view = cx.env.application(&cx.ports, device.client, cx.now).await?;
        facts.found = view
            .filter(|view| page.is_none_or(|page| page == view.application.id))
            .filter(|view| {
                view.application.enabled && view.application.allows_grant(GrantType::DeviceCode)
            })
            .map(|view| (device.value, view));
        Ok(facts)
    }

    fn decide(&self, cx: &Cx, flow: Stored<Flow>, facts: Facts) -> Result<Verdict<Reply>, Fault> {
        let Stored {
            value: mut flow,
            version,
        } = flow;
        let State::DagUserCodeRequired(mut asked) = flow.state.clone() else {
            return Ok(Verdict::refuse(Refusal::ActionNotOffered));
        };
        let failures = facts.guesses.as_ref().map_or(0, |guesses| guesses.failures);
        if let Some(guesses) = facts.guesses.as_ref().filter(|_| failures >= MOST_PER_USER) {
            let left = guesses
                .forgotten_at
                .since(cx.now)
                .as_secs()
                .saturating_add(1);
            let refusal = Refusal::TooManyRequests {
                retry_after_seconds: left,
            };
            let why = format!("user {} typed {failures} wrong codes", guesses.user);
            return Ok(Verdict::refuse(refusal.because(why)));
        }
        flow.touch(cx.now);
        let Some((device, view)) = facts.found else {
            asked.failures += 1;
            let count = count(cx, asked.done.user.id, facts.guesses)?;
            let refused = Refusal::ValueInvalid("userCode").because(format!(
                "no device waits with this code; number {} in this flow",
                asked.failures
            ));
            if asked.failures >= MOST_PER_FLOW {
                flow.state = State::Failed(FlowFailure::DeviceCodeGuessed);
                let writes = count.update(cx.env_id(), &flow, version)?;
                return Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes));
            }
            flow.state = State::DagUserCodeRequired(asked);
            let writes = count.update(cx.env_id(), &flow, version)?;
            return Ok(Verdict::refuse(refused).writing(writes));
        };
        flow.application_name.clone_from(&view.application.name);
        flow.application_icon = view.application.picture();
        flow.request = Frozen::new(AuthorizationRequest {
            client: device.client,
            ..(*flow.request).clone()
        });
        flow.state = State::DagConsentRequired(Box::new(DeviceConsent {
            done: asked.done,
            device: device.hash,
            scope: device.scope.names,
            user_code: facts.shown,
        }));
        let writes = Batch::new().update(cx.env_id(), &flow, version)?;
        Ok(Verdict::reply(Reply { flow, cookie: None }).writing(writes))
    }
}

/// One more wrong code.
fn count(cx: &Cx, user: UserId, guesses: Option<Stored<DeviceGuesses>>) -> Result<Batch, Fault> {
    let fresh = DeviceGuesses {
        user,
        failures: 0,
        forgotten_at: cx.now.plus(WINDOW),
    };
    let (mut guesses, version) = match guesses {
        Some(Stored { value, version }) => (value, Some(version)),
        None => (fresh, None),
    };
    guesses.failures += 1;
    match version {
        Some(version) => Batch::new().update(cx.env_id(), &guesses, version),
        None => Batch::new().create(cx.env_id(), &guesses),
    }
}
