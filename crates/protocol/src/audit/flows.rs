//! Events of flow actions, and of coming back from an identity provider: every action passes here,
//! so none can be added that is not told of.

use countersign_domain::store::Fault;

use super::{Activity, Actors, Happened, LOCKED_OUT, Party, kinds};
use crate::cx::Cx;
use crate::flows::actions::Reply;
use crate::flows::state::FlowFailure;
use crate::flows::{Flow, State};
use crate::refusal::{Refusal, Refused};
use crate::run::Verdict;

/// Actions whose success is an event of its own.
const TELLING: &[(&str, Happened)] = &[
    ("usernamePassword.check", kinds::PASSWORD_CHECK_SUCCEEDED),
    ("password.reset", kinds::PASSWORD_RESET),
    ("password.recover", kinds::PASSWORD_RECOVERY),
    ("password.recover", kinds::USER_UNLOCKED),
];

/// A flow before an action.
pub struct Watched {
    media: &'static str,
    status: &'static str,
    actors: Actors,
}

impl Watched {
    /// Looks at the flow.
    pub fn before(cx: &Cx, media: &'static str, flow: &Flow) -> Self {
        Self {
            media,
            status: flow.state.status(),
            actors: Actors::of_flow(cx.env_id(), flow),
        }
    }

    /// Tells of what the action did.
    pub fn after(self, cx: &Cx, verdict: Verdict<Reply>) -> Result<Verdict<Reply>, Fault> {
        let told = match &verdict.reply {
            Ok(reply) => self.succeeded(cx, &reply.flow),
            Err(refused) => self.refused(cx, refused).into_iter().collect(),
        };
        let Verdict { reply, mut writes } = verdict;
        if writes.is_empty() {
            // A refusal that costs nothing must not begin to (`threats.md` 33).
            for activity in &told {
                cx.aside.note(cx, activity)?;
            }
            return Ok(Verdict { reply, writes });
        }
        for activity in &told {
            writes = writes.record(activity.to_event(cx.env_id())?);
        }
        Ok(Verdict { reply, writes })
    }

    /// What became of the flow, in events.
    pub fn succeeded(self, cx: &Cx, flow: &Flow) -> Vec<Activity> {
        let env = cx.env_id();
        let mut actors = Actors::of_flow(env, flow);
        actors.fill(&self.actors);
        let user: Vec<Party> = actors.user.iter().cloned().collect();
        let mut told = Vec::new();
        for (_, happened) in TELLING.iter().filter(|(media, _)| *media == self.media) {
            told.push(Activity::new(cx, happened, user.clone()));
        }
        if flow.state.status() != self.status {
            let resource = Party::new(env, "FLOW", flow.id);
            told.push(Activity::new(cx, &kinds::FLOW_UPDATED, vec![resource]));
        }
        if let State::Failed(FlowFailure::DeviceRefused) = &flow.state {
            told.push(Activity::new(
                cx,
                &kinds::OAUTH_CONSENT_DECLINED,
                user.clone(),
            ));
        }
        // What a device is connected for is never resumed: this is where its application is let in.
        if let State::DeviceConnected(_) = &flow.state {
            told.push(Activity::new(cx, &kinds::ACCESS_ALLOWED, user.clone()));
        }
        if let State::Failed(failure) = &flow.state {
            let denied = Activity::new(cx, &kinds::ACCESS_DENIED, user);
            told.push(denied.failed(failure.message()));
        }
        let by = |activity: Activity| activity.by(&actors);
        told.into_iter().map(by).collect()
    }

    fn refused(self, cx: &Cx, refused: &Refused) -> Option<Activity> {
        let (happened, why) = match &refused.refusal {
            Refusal::PasswordLocked { .. } => (kinds::PASSWORD_CHECK_FAILED, LOCKED_OUT),
            Refusal::AccountNotUsable => (kinds::ACCESS_DENIED, "Account Not Usable"),
            Refusal::WrongCredentials
            | Refusal::WrongSecret {
                target: "username" | "currentPassword",
                ..
            } => (kinds::PASSWORD_CHECK_FAILED, "Invalid Credentials"),
            _ => return None,
        };
        let about = refused.clue.as_ref().and_then(|clue| clue.about.clone());
        let actors = Actors {
            user: about.clone(),
            client: None,
        };
        let resources = about.into_iter().collect();
        let activity = Activity::new(cx, &happened, resources).failed(why);
        Some(activity.by(&actors).by(&self.actors))
    }
}
