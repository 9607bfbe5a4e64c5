//! Devices that are to be connected, and the flows that do it.

use countersign_domain::entity::{self, Stored};
use countersign_protocol::as_::authorize::Answer;
use countersign_protocol::as_::device_authorization::{self, Decision, DeviceAuthorization};
use countersign_protocol::as_::params::Params;
use countersign_protocol::browser;
use countersign_protocol::device::user_page;
use countersign_protocol::flows::State;
use serde_json::{Value, json};
use url::Url;

use super::{BROWSERS, CLIENT, World, env, model};
use model::FlowModel;

/// Devices that codes are typed of.
const DEVICES: usize = 4;

/// A device that waits.
pub struct Device {
    /// Hash of its device code.
    hash: String,
    user_code: String,
    /// Whether a flow said yes to it.
    connected: bool,
}

impl World {
    /// A device asks, and somebody opens its page.
    pub(super) async fn connect(&mut self) {
        let cx = self.cx().await;
        let query = format!("client_id={CLIENT}&scope=openid");
        let params = Params::parse(query.as_bytes()).unwrap();
        let codes = device_authorization::authorize(&cx, None, &params).await;
        let codes = codes.unwrap_or_else(|failure| panic!("{failure}"));
        if self.devices.len() == DEVICES {
            self.devices.remove(0);
        }
        self.devices.push(Device {
            hash: browser::hash(&codes.device_code),
            user_code: codes.user_code,
            connected: false,
        });
        let browser = self.below(BROWSERS);
        let token = self.browsers[browser].token.clone();
        let page = user_page::start(&cx, Some(CLIENT), &Params::default(), token.as_ref()).await;
        let page = page.unwrap_or_else(|failure| panic!("{failure}"));
        if let Some(token) = page.cookie {
            self.browsers[browser].token = Some(token);
        }
        let Answer::SignOn(page) = page.answer else {
            panic!("{:?}", page.answer);
        };
        let page = Url::parse(&page).unwrap();
        let flow = page.query_pairs().find(|(name, _)| name == "flowId");
        self.begin(FlowModel {
            id: flow.unwrap().1.into_owned(),
            browser,
            began_at: cx.now,
            proved: None,
            session: self.browsers[browser].session,
            for_device: true,
            completed: false,
            resumed: false,
            recovering: None,
        })
        .await;
    }

    /// What somebody types who has a device before them.
    pub(super) fn device_body(&mut self, action: &str) -> Value {
        if action == "deviceAuthGrant.consent" {
            return json!({ "accept": self.below(4) != 0 });
        }
        let device = self.below(DEVICES);
        let code = self.devices.get(device).map(|it| it.user_code.as_str());
        json!({ "userCode": code.unwrap_or("BBBB-BBBB") })
    }

    /// Holds what a flow did to a device against what was typed and said in it.
    pub(super) async fn judge_devices(&mut self, body: &Value, states: (&State, &State)) {
        match states {
            (State::DagUserCodeRequired(_), State::DagConsentRequired(asked)) => {
                let mut all = self.devices.iter();
                let device = all.find(|it| it.hash == asked.device).unwrap();
                assert_eq!(body["userCode"], device.user_code);
            }
            (State::DagConsentRequired(asked), State::DeviceConnected(connected)) => {
                assert_eq!(body["accept"], true);
                let id = asked.done.user.id.to_string();
                let person = self.people.iter().find(|it| it.id == id);
                assert!(person.is_some_and(|it| it.enabled));
                assert_eq!(connected.user.id, asked.done.user.id);
                let decision = self.decision(&asked.device).await;
                assert_eq!(decision, Some(Decision::Approved(asked.done.clone())));
                let mut all = self.devices.iter_mut();
                if let Some(device) = all.find(|it| it.hash == asked.device) {
                    assert!(!device.connected, "connected twice");
                    device.connected = true;
                }
                self.seen.connected += 1;
            }
            (State::DagConsentRequired(_), State::Failed(_)) => self.seen.sent_away += 1,
            _ => {}
        }
        for device in &self.devices {
            // After a while nobody knows of it any more.
            let Some(decision) = self.decision(&device.hash).await else {
                continue;
            };
            let is_approved = matches!(decision, Decision::Approved(_));
            assert_eq!(is_approved, device.connected, "{states:?}");
        }
    }

    async fn decision(&self, hash: &str) -> Option<Decision> {
        let store = &*self.ports.store;
        let found = entity::load::<DeviceAuthorization>(store, env(), hash, self.now()).await;
        let found: Option<Stored<DeviceAuthorization>> = found.unwrap();
        found.map(|it| it.value.decision)
    }
}

/// Wrong codes are counted in the state that asks for them; apart from that a refusal leaves the
/// state as it was.
pub fn uncounted(state: State) -> State {
    match state {
        State::DagUserCodeRequired(mut asked) => {
            asked.failures = 0;
            State::DagUserCodeRequired(asked)
        }
        other => other,
    }
}
