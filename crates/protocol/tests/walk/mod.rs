//! The world that is walked through: a few people, browsers and flows, and the model beside them.

mod devices;
mod mails;
mod model;
mod ports;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{CorrelationId, EnvId, UserId};
use countersign_domain::ports::Ports;
use countersign_domain::session::Session;
use countersign_domain::store::{Batch, Query};
use countersign_domain::time::Time;
use countersign_domain::user::{Credential, LifecycleStatus, User};
use countersign_protocol::as_::authorize::{Answer, authorize};
use countersign_protocol::as_::params::Params;
use countersign_protocol::as_::response_modes::Delivery;
use countersign_protocol::as_::resume::resume;
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::cx::Cx;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::flows::actions::{ACTIONS, Call};
use countersign_protocol::flows::turns::Turns;
use countersign_protocol::flows::{Flow, State, read};
use countersign_protocol::import::{Format, ImportOptions, apply, parse};
use countersign_protocol::refusal::{Failure, Refusal};
use countersign_protocol::urls::Urls;
use serde_json::{Value, json};

use devices::{Device, uncounted};
use model::{BrowserModel, FlowModel, Person, Proof};
use ports::Standing;

const ENV: &str = "3f2a6d1c-1111-4222-8333-444455556666";
const CLIENT: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const KEY: &str = include_str!("../../src/import/test_key.pem");

const POLICIES: [&str; 15] = [
    "Login",
    "Always",
    "Identifier",
    "Profile",
    "Factor",
    "Bypass",
    "Empty",
    "Factor Login",
    "Empty Profile",
    "Terms",
    "Open",
    "Open_Identifier",
    "Factor_First",
    "Bypass_First",
    "Factor_First Open",
];

/// Flows that are played with at a time.
const FLOWS: usize = 8;
const BROWSERS: usize = 4;
/// People there may come to be.
const PEOPLE: usize = 6;

/// What a walk came past.
#[derive(Debug, Default, Clone, Copy)]
pub struct Seen {
    pub completed: u32,
    pub by_session: u32,
    pub resumed: u32,
    pub changed: u32,
    pub profiled: u32,
    pub locked: u32,
    pub verified: u32,
    pub recovered: u32,
    pub registered: u32,
    pub consented: u32,
    pub declined: u32,
    pub connected: u32,
    pub sent_away: u32,
}

pub struct World {
    ports: Ports,
    clock: Arc<Standing>,
    cache: ConfigurationCache,
    turns: Arc<Turns>,
    random: u64,
    people: Vec<Person>,
    browsers: Vec<BrowserModel>,
    flows: Vec<FlowModel>,
    devices: Vec<Device>,
    passwords: u32,
    seen: Seen,
}

fn env() -> EnvId {
    ENV.parse().unwrap()
}

impl World {
    pub async fn new(seed: u64) -> Self {
        let (ports, clock) = ports::ports();
        let text = include_str!("environment.yaml");
        let document = parse("walk.yaml", text, Format::Yaml).unwrap_or_else(|it| panic!("{it}"));
        let options = ImportOptions {
            make_key: Arc::new(|| KeyPair::from_pem(KEY)),
            ..ImportOptions::new("https://api.example")
        };
        let applied = apply(&ports, &document, &options).await;
        applied.unwrap_or_else(|error| panic!("{error}"));
        let url = "https://auth.example".parse().unwrap();
        let urls = Arc::new(Urls::new(&url, &url, &url));
        let people = (0..3).map(|number| Person {
            id: format!("bbbbbbbb-0000-4000-8000-00000000000{number}"),
            name: format!("user{number}"),
            password: format!("Right-Password-{number}!"),
            changed_at: ports.clock.now(),
            must_change: false,
            enabled: true,
            has_phone: false,
            verified: true,
            consented_at: None,
            codes: [None, None],
            lost_phone_at: Time::EPOCH,
        });
        Self {
            cache: ConfigurationCache::new(ports.clone(), urls),
            turns: Arc::default(),
            random: seed,
            people: people.collect(),
            browsers: (0..BROWSERS).map(|_| BrowserModel::default()).collect(),
            flows: Vec::new(),
            devices: Vec::new(),
            passwords: 0,
            seen: Seen::default(),
            ports,
            clock,
        }
    }

    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// A number below `end` (SplitMix64).
    fn below(&mut self, end: usize) -> usize {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    fn now(&self) -> Time {
        self.ports.clock.now()
    }

    async fn cx(&self) -> Cx {
        let now = self.now();
        Cx {
            now,
            env: self.cache.current(env(), now).await.unwrap(),
            ports: self.ports.clone(),
            correlation: CorrelationId::random(&*self.ports.entropy),
            turns: Arc::clone(&self.turns),
            remote_ip: None,
            explanations: Arc::default(),
            aside: Arc::default(),
            caller: None,
            in_use: Arc::default(),
        }
    }

    pub async fn step(&mut self) {
        match self.below(100) {
            0..8 => self.authorize().await,
            8..10 => self.connect().await,
            10..80 => self.act().await,
            80..87 => self.read().await,
            87..95 => self.resume().await,
            95 => self.administer().await,
            96 => self.pass(Duration::from_hours(3)).await,
            _ => self.pass(Duration::from_mins(4)).await,
        }
    }

    async fn pass(&mut self, most: Duration) {
        let seconds = self.below(usize::try_from(most.as_secs()).unwrap());
        let millis = i64::try_from(seconds).unwrap() * 1000;
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
        let _ = self.ports.store.sweep(self.now(), 1000).await.unwrap();
    }

    async fn authorize(&mut self) {
        let browser = self.below(BROWSERS);
        let policy = POLICIES[self.below(POLICIES.len())];
        let extra = [
            "",
            "",
            "",
            "&prompt=login",
            "&prompt=none",
            "&max_age=0",
            "&login_hint=user1",
        ];
        let extra = extra[self.below(extra.len())];
        let query = format!(
            "client_id={CLIENT}&response_type=code&response_mode=pi.flow&scope=openid\
             &acr_values={policy}{extra}"
        )
        .replace(' ', "%20");
        let cx = self.cx().await;
        let token = self.browsers[browser].token.clone();
        let params = Params::parse(query.as_bytes()).unwrap();
        let reply = match authorize(&cx, &params, token.as_ref()).await {
            Ok(reply) => reply,
            Err(failure) => panic!("{query}: {failure}"),
        };
        if let Answer::Refused(refused) = reply.answer {
            let refusal = refused.refusal;
            let is_silent = matches!(refusal, Refusal::LoginRequired | Refusal::ConsentRequired);
            assert!(is_silent && extra == "&prompt=none", "{query}: {refusal:?}");
            return;
        }
        if let Some(token) = reply.cookie {
            self.browsers[browser].token = Some(token);
        }
        let counts = !matches!(extra, "&prompt=login" | "&max_age=0");
        let (json, answered) = match reply.answer {
            Answer::Flow(flow) => (serde_json::to_value(flow).unwrap(), false),
            Answer::Response(Delivery::Json(ended)) => (serde_json::to_value(ended).unwrap(), true),
            other => panic!("{other:?}"),
        };
        let flow = FlowModel {
            id: json["id"].as_str().unwrap().to_owned(),
            browser,
            began_at: cx.now,
            proved: None,
            session: self.browsers[browser].session.filter(|_| counts),
            for_device: false,
            completed: false,
            resumed: answered,
            recovering: None,
        };
        assert_eq!(answered, json["authorizeResponse"]["code"].is_string());
        self.begin(flow).await;
    }

    /// One more flow to play with; it may be complete at once.
    async fn begin(&mut self, flow: FlowModel) {
        let at = self.below(FLOWS);
        if self.flows.len() < FLOWS {
            self.flows.push(flow);
            self.judge(self.flows.len() - 1).await;
        } else {
            self.flows[at] = flow;
            self.judge(at).await;
        }
    }

    /// A flow and a browser: mostly its own.
    fn pick(&mut self) -> Option<(usize, usize)> {
        if self.flows.is_empty() {
            return None;
        }
        let flow = self.below(self.flows.len());
        let browser = match self.below(20) {
            0 => self.below(BROWSERS),
            _ => self.flows[flow].browser,
        };
        Some((flow, browser))
    }

    async fn read(&mut self) {
        let Some((flow, browser)) = self.pick() else {
            return;
        };
        let cx = self.cx().await;
        let token = self.browsers[browser].token.clone();
        let read = read::read(&cx, &self.flows[flow].id, token.as_ref()).await;
        assert!(read.is_err() || browser == self.flows[flow].browser);
    }

    async fn act(&mut self) {
        let Some((flow, browser)) = self.pick() else {
            return;
        };
        let before = self.document(flow).await;
        // Half the time what the flow waits for, so that something happens.
        let fitting: Vec<_> = ACTIONS
            .iter()
            .filter(|it| before.as_ref().is_some_and(|flow| it.advertised(flow)))
            .filter(|it| it.link() != "session.reset")
            .collect();
        let action = if fitting.is_empty() || self.below(2) == 0 {
            ACTIONS[self.below(ACTIONS.len())]
        } else {
            *fitting[self.below(fitting.len())]
        };
        let mut person = self.below(self.people.len());
        // Mostly the one whom the flow is about.
        let about = before.as_ref().and_then(|flow| flow.state.user());
        let about = about.map(|user| user.username.clone());
        let about = about.or_else(|| self.flows[flow].recovering.clone());
        if let Some(name) = about.filter(|_| self.below(4) != 0) {
            let found = self.people.iter().position(|it| it.name == name);
            person = found.unwrap_or(person);
        }
        let body = self.body(action.link(), person);
        let text = body.as_ref().map(Value::to_string).unwrap_or_default();
        let cx = self.cx().await;
        let token = self.browsers[browser].token.clone();
        let call = Call {
            flow_id: &self.flows[flow].id,
            token: token.as_ref(),
            user_agent: None,
            body: text.as_bytes(),
        };
        let outcome = action.perform(&cx, &call).await;
        let reply = match outcome {
            Ok(reply) => reply,
            Err(Failure::Refused(refused)) => {
                let is_lock = matches!(refused.refusal, Refusal::PasswordLocked { .. });
                self.seen.locked += u32::from(is_lock);
                let (before, after) = (before, self.document(flow).await);
                let state = |it: Option<Flow>| it.map(|it| uncounted(it.state));
                assert_eq!(state(before), state(after));
                return;
            }
            Err(Failure::Fault(fault)) => panic!("{fault}"),
        };
        assert_eq!(browser, self.flows[flow].browser, "another browser's flow");
        let (before, after) = (before.unwrap(), self.document(flow).await.unwrap());
        let states = (&before.state, &after.state);
        if self.flows[flow].for_device {
            let body = body.clone().unwrap_or_default();
            self.judge_devices(&body, states).await;
        }
        self.record(flow, action.link(), body.unwrap_or_default(), states);
        self.read_mails().await;
        if let Some(token) = reply.cookie {
            self.browsers[browser].token = Some(token);
        }
        self.judge(flow).await;
    }

    /// What an accepted action proves.
    fn record(&mut self, flow: usize, action: &str, body: Value, states: (&State, &State)) {
        let now = self.now();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let holder = |world: &Self, password: Option<String>| {
            let password = password?;
            world.people.iter().position(|it| it.password == password)
        };
        match action {
            "usernamePassword.check" => {
                let who = holder(self, text("password")).unwrap();
                let person = &self.people[who];
                assert!(text("username").is_none_or(|name| name == person.name));
                if !person.must_change(now) {
                    self.flows[flow].proved = Some(Proof {
                        person: who,
                        at: now,
                    });
                }
            }
            "password.reset" => {
                let who = holder(self, text("currentPassword")).unwrap();
                let person = &mut self.people[who];
                assert!(person.must_change(now) || person.changed_at < now);
                person.password = text("newPassword").unwrap();
                person.changed_at = now;
                person.must_change = false;
                self.flows[flow].proved = Some(Proof {
                    person: who,
                    at: now,
                });
                self.seen.changed += 1;
            }
            "user.update" => self.seen.profiled += 1,
            "password.forgot" => {
                let State::RecoveryCodeRequired(recovery) = states.1 else {
                    panic!("{states:?}");
                };
                self.flows[flow].recovering = Some(recovery.username.clone());
            }
            "password.recover" => {
                let name = self.flows[flow].recovering.clone().unwrap();
                let who = self.people.iter().position(|it| it.name == name).unwrap();
                let (code, new) = (text("recoveryCode"), text("newPassword"));
                let person = &mut self.people[who];
                assert!(
                    code.is_some() && code == person.codes[1].take(),
                    "not the code sent"
                );
                person.password = new.unwrap();
                person.changed_at = now;
                person.must_change = false;
                self.flows[flow].proved = Some(Proof {
                    person: who,
                    at: now,
                });
                self.seen.recovered += 1;
            }
            "user.register" => {
                let user = states.1.user().unwrap();
                assert!(self.people.iter().all(|it| it.name != user.username));
                self.people.push(Person {
                    id: user.id.to_string(),
                    name: user.username.clone(),
                    password: text("password").unwrap(),
                    changed_at: now,
                    must_change: false,
                    enabled: true,
                    has_phone: false,
                    verified: false,
                    consented_at: None,
                    codes: [None, None],
                    lost_phone_at: Time::EPOCH,
                });
                self.flows[flow].proved = Some(Proof {
                    person: self.people.len() - 1,
                    at: now,
                });
                self.seen.registered += 1;
            }
            "user.verify" => {
                let id = states.0.user().unwrap().id.to_string();
                let who = self.people.iter().position(|it| it.id == id).unwrap();
                let code = text("verificationCode");
                let person = &mut self.people[who];
                assert!(
                    code.is_some() && code == person.codes[0].take(),
                    "not the code sent"
                );
                person.verified = true;
                self.seen.verified += 1;
            }
            "user.consent" => {
                let id = states.0.user().unwrap().id.to_string();
                let who = self.people.iter().position(|it| it.id == id).unwrap();
                if body["accept"] == true {
                    self.people[who].consented_at = Some(now);
                    self.seen.consented += 1;
                } else {
                    assert!(matches!(states.1, State::Failed(_)));
                    self.seen.declined += 1;
                }
            }
            "session.reset" => {
                self.flows[flow].proved = None;
                self.flows[flow].session = None;
                self.flows[flow].recovering = None;
            }
            _ => {}
        }
    }

    fn body(&mut self, action: &str, person: usize) -> Option<Value> {
        let (name, password) = (
            self.people[person].name.clone(),
            self.people[person].password.clone(),
        );
        self.passwords += 1;
        let new = format!("Wholly-Other-{}?x", self.passwords);
        let sensible = match action {
            "usernamePassword.check" => json!({ "username": name, "password": password }),
            "user.lookup" | "password.forgot" => json!({ "username": name }),
            "password.reset" => json!({ "currentPassword": password, "newPassword": new }),
            "password.recover" => {
                json!({ "recoveryCode": self.people[person].codes[1], "newPassword": new })
            }
            "user.verify" => json!({ "verificationCode": self.people[person].codes[0] }),
            "user.register" if self.people.len() < PEOPLE => {
                let name = format!("new{}", self.passwords);
                let email = format!("{name}@client.example");
                json!({ "username": name, "email": email, "password": new })
            }
            "user.consent" => json!({ "accept": self.below(4) != 0 }),
            "deviceAuthGrant.userCode.verify" | "deviceAuthGrant.consent" => {
                self.device_body(action)
            }
            "user.update" => json!({ "mobilePhone": "1", "name": { "given": "X" } }),
            _ => json!({}),
        };
        match self.below(32) {
            0 => None,
            1 => Some(json!([])),
            2 => Some(json!({})),
            3 => Some(json!({ "username": 5, "password": [], "newPassword": {} })),
            4 => Some(json!({ "username": "nobody", "password": password })),
            5 | 10..15 => Some(json!({ "username": name, "password": new })),
            6 => Some(json!({ "password": password })),
            7 => Some(json!({ "currentPassword": new, "newPassword": password })),
            8 => Some(json!({ "currentPassword": password, "newPassword": password })),
            15 => Some(
                json!({ "verificationCode": "AAAAAAAA", "recoveryCode": "AAAAAAAA",
                "newPassword": new }),
            ),
            16 => Some(
                json!({ "accept": "true!", "username": name, "email": "x@x.example",
                "password": password }),
            ),
            9 => Some(json!({ "mobilePhone": "", "id": ENV, "enabled": true })),
            _ => Some(sensible),
        }
    }

    async fn resume(&mut self) {
        let Some((mut flow, mut browser)) = self.pick() else {
            return;
        };
        // Mostly one that is ready, so that something happens.
        let is_ready = |it: &FlowModel| it.completed && !it.resumed && !it.for_device;
        let ready = self.flows.iter().position(is_ready);
        if let Some(ready) = ready.filter(|_| !self.random.is_multiple_of(4)) {
            (flow, browser) = (ready, self.flows[ready].browser);
        }
        let cx = self.cx().await;
        let token = self.browsers[browser].token.clone();
        let query = format!("flowId={}", self.flows[flow].id);
        let params = Params::parse(query.as_bytes()).unwrap();
        match resume(&cx, &params, token.as_ref()).await {
            Ok(reply) => {
                let Answer::Response(Delivery::Json(ended)) = reply.answer else {
                    return;
                };
                let json = serde_json::to_value(ended).unwrap();
                assert!(json["authorizeResponse"]["code"].is_string());
                let model = &mut self.flows[flow];
                assert_eq!(browser, model.browser);
                assert!(model.completed && !model.resumed && !model.for_device);
                model.resumed = true;
                self.seen.resumed += 1;
            }
            Err(Failure::Refused(_)) => {}
            Err(Failure::Fault(fault)) => panic!("{fault}"),
        }
    }

    /// What an administrator does: forces a change, disables and enables, forgets a number.
    async fn administer(&mut self) {
        let number = self.below(self.people.len());
        let id = self.people[number].id.clone();
        let (store, now) = (self.ports.store.clone(), self.now());
        let mut user: Stored<User> = entity::load(&*store, env(), &id, now)
            .await
            .unwrap()
            .unwrap();
        let mut credential: Stored<Credential> = entity::load(&*store, env(), &id, now)
            .await
            .unwrap()
            .unwrap();
        let person = &mut self.people[number];
        match self.random % 5 {
            0 if person.enabled => person.enabled = false,
            0 | 1 => person.enabled = true,
            2 => person.must_change = true,
            3 => {
                user.value.lifecycle.status = LifecycleStatus::VerificationRequired;
                user.value.email_verified = false;
                person.verified = false;
            }
            _ => {
                user.value.mobile_phone = None;
                person.lost_phone_at = now;
            }
        }
        user.value.enabled = person.enabled;
        credential.value.force_change = person.must_change;
        person.has_phone = user.mobile_phone.is_some();
        let batch = Batch::new()
            .update(env(), &user.value, user.version)
            .unwrap();
        let batch = batch
            .update(env(), &credential.value, credential.version)
            .unwrap();
        let _ = store.commit(batch, now).await.unwrap();
    }

    async fn document(&self, flow: usize) -> Option<Flow> {
        let id = &self.flows[flow].id;
        let found = entity::load::<Flow>(&*self.ports.store, env(), id, self.now()).await;
        found.unwrap().map(|it| it.value)
    }

    /// Holds what a flow says against what was proved in it.
    async fn judge(&mut self, flow: usize) {
        let Some(document) = self.document(flow).await else {
            panic!("a flow that was just touched is gone");
        };
        let now = self.now();
        let model = &mut self.flows[flow];
        let done = match &document.state {
            State::Completed(done) => done,
            // Where a device is to be connected, the code is asked for instead.
            State::DagUserCodeRequired(asked) => &asked.done,
            _ => return,
        };
        let has_code = matches!(document.state, State::Completed(_));
        assert_eq!(has_code, !model.for_device);
        assert!(!model.completed, "completed twice");
        model.completed = true;
        let id = done.user.id.to_string();
        let number = self.people.iter().position(|it| it.id == id).unwrap();
        let user = entity::load::<User>(&*self.ports.store, env(), &id, now).await;
        self.people[number].has_phone = user.unwrap().unwrap().mobile_phone.is_some();
        let model = &self.flows[flow];
        assert!(
            model.may_complete(&done.acr, &self.people[number], number, now),
            "{} completed for user{number}: proved {:?}, session {:?}",
            done.acr,
            model.proved,
            model.session
        );
        let proof = model
            .proved
            .filter(|proof| proof.person == number)
            .or(model.session);
        assert_eq!(Some(done.auth_time), proof.map(|proof| proof.at));
        self.seen.completed += 1;
        self.seen.by_session += u32::from(model.proved.is_none());
        if model.proved.is_some() {
            self.browsers[model.browser].session = proof;
        }
        self.count_sessions(done.user.id).await;
    }

    /// Nobody has more sessions than are allowed, and no two have the same token.
    async fn count_sessions(&self, user: UserId) {
        let query = Query::all(Session::KIND, env(), 1000);
        let page = self.ports.store.list(&query, self.now()).await.unwrap();
        let sessions: Vec<Session> = page
            .docs
            .iter()
            .map(|doc| Session::from_doc(doc).unwrap())
            .collect();
        let his = sessions
            .iter()
            .filter(|it| it.user.is_some_and(|it| it.id == user));
        assert!((1..=10).contains(&his.count()));
        let tokens: BTreeSet<_> = sessions.iter().map(|it| &it.token_hash).collect();
        assert_eq!(tokens.len(), sessions.len());
    }
}
