//! Sessions that an administrator's program makes and changes: for sign-ons that happen elsewhere.
//!
//! Source: `reference/flows.md` 8.4.

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::{SessionId, UserId};
use countersign_domain::ports::BoxFuture;
use countersign_domain::reference::Ref;
use countersign_domain::session::{Session, SessionSignOn};
use countersign_domain::store::{Batch, Fault, Key};
use countersign_domain::time::Time;
use countersign_domain::user::User;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{named, shown};
use crate::browser;
use crate::cx::Cx;
use crate::flows::session_limit;
use crate::misfit::Misfit;
use crate::refusal::{Outcome, Refusal, Refused};
use crate::run::{Operation, Verdict, run};
use crate::v1::body;
use crate::v1::call::{Call, Reply};
use crate::v1::privilege;

/// Shortest token that is taken: a UUID's length. It is a credential.
const MIN_TOKEN: usize = 32;
const MAX_TOKEN: usize = 256;
const MAX_USER_AGENT: usize = 512;

/// The body. What only the server sets is ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    active_at: Time,
    user_agent: String,
    last_sign_on: Option<Value>,
    idle_timeout_in_minutes: Option<u32>,
    token: Option<SecretString>,
    user: Option<Ref<UserId>>,
}

fn unfit(misfit: Misfit) -> Refused {
    let why = misfit.message.clone();
    Refusal::Unfit(vec![misfit]).because(why)
}

fn input(call: &Call<'_>) -> Result<Input, Refused> {
    let body = body::without_nulls(body::object(call.body)?);
    for name in ["activeAt", "userAgent"] {
        if !body.contains_key(name) {
            return Err(unfit(Misfit::required(name)));
        }
    }
    let input: Input = body::read(body).map_err(unfit)?;
    if input.user_agent.len() > MAX_USER_AGENT {
        let why = "must have at most 512 characters";
        return Err(unfit(Misfit::invalid("userAgent", why)));
    }
    let most = crate::flows::complete::SESSION_LIFETIME.as_secs() / 60;
    let idle = input.idle_timeout_in_minutes.map(u64::from);
    if idle.is_some_and(|idle| idle == 0 || idle > most) {
        let why = "must be between 1 and 43200";
        return Err(unfit(Misfit::invalid("idleTimeoutInMinutes", why)));
    }
    let length = input.token.as_ref().map(|it| it.expose_secret().len());
    if length.is_some_and(|it| !(MIN_TOKEN..=MAX_TOKEN).contains(&it)) {
        let why = "must have between 32 and 256 characters";
        return Err(unfit(Misfit::invalid("token", why)));
    }
    Ok(input)
}

/// What a sign-on says of itself.
const OF_SIGN_ON: [&str; 3] = [
    "lastSignOn.authenticators",
    "lastSignOn.remoteIp",
    "lastSignOn.withAuthenticator",
];

/// Without a user there is no sign-on.
fn sign_on(input: &Input, user: Option<UserId>) -> Result<Option<SessionSignOn>, Refused> {
    let (Some(_), Some(given)) = (user, &input.last_sign_on) else {
        return Ok(None);
    };
    let misfit = |why: String| unfit(Misfit::invalid("lastSignOn", why));
    let Value::Object(mut given) = given.clone() else {
        return Err(misfit("must be an object".to_owned()));
    };
    let has = |path: &&str| given.contains_key(path.trim_start_matches("lastSignOn."));
    if let Some(missing) = OF_SIGN_ON.iter().find(|path| !has(path)) {
        return Err(unfit(Misfit::required(*missing)));
    }
    given.entry("at").or_insert_with(|| json!(input.active_at));
    body::read(given)
        .map(Some)
        .map_err(|wrong| misfit(format!("cannot be read: {}", wrong.message)))
}

/// `POST`: a session of a sign-on that happened elsewhere.
pub(super) fn create<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let input = input(call)?;
        if input.user.is_some() && input.last_sign_on.is_none() {
            return Err(unfit(Misfit::required("lastSignOn")).into());
        }
        let made = run(call.cx, &Create { call, input }).await?;
        Ok(Reply::created(shown(call, &made)))
    })
}

struct Create<'a> {
    call: &'a Call<'a>,
    input: Input,
}

struct Fresh {
    id: SessionId,
    token: String,
    user: Option<UserId>,
    /// Those that the user has, newest first.
    others: Vec<Key>,
}

impl Operation for Create<'_> {
    type Facts = Fresh;
    type Reply = Session;

    async fn gather(&self, cx: &Cx) -> Outcome<Fresh> {
        let user = self.input.user.map(|user| user.id);
        if let Some(id) = user
            && self.call.load::<User>(id).await?.is_none()
        {
            return Err(unfit(Misfit::invalid("user.id", "no user has this id")).into());
        }
        let mut others = Vec::new();
        if let Some(user) = user {
            // Whoever makes a session of somebody is signed on as them.
            privilege::over_user(self.call, user).await?;
            others = session_limit::of_user(cx, user).await?;
        }
        let entropy = &*cx.ports.entropy;
        let token = match &self.input.token {
            Some(token) => token.expose_secret().to_owned(),
            // Nobody knows it: the session cannot be used as somebody's own.
            None => browser::secret(entropy),
        };
        let token = browser::hash(&token);
        let (store, rule) = (self.call.store(), Session::UNIQUE_TOKEN);
        let holder = entity::load_by::<Session>(store, self.call.env, rule, &token, cx.now).await?;
        if holder.is_some() {
            return Err(unfit(Misfit::taken("token")).into());
        }
        Ok(Fresh {
            id: SessionId::random(entropy),
            token,
            user,
            others,
        })
    }

    fn decide(&self, cx: &Cx, fresh: Fresh) -> Result<Verdict<Session>, Fault> {
        let last_sign_on = match sign_on(&self.input, fresh.user) {
            Ok(last_sign_on) => last_sign_on,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        let mut session = Session {
            id: fresh.id,
            user: fresh.user.map(Ref::to),
            token_hash: fresh.token,
            created_at: cx.now,
            active_at: self.input.active_at.min(cx.now),
            expires_at: cx.now,
            ends_at: Some(cx.now.plus(cx.env.environment.settings.session_lifetime())),
            idle_timeout_in_minutes: self.input.idle_timeout_in_minutes,
            last_sign_on,
            user_agent: Some(self.input.user_agent.clone()),
            grew_from: None,
            locations: Vec::new(),
        };
        session.slide(cx.env.environment.settings.session_idle());
        let writes = Batch::new().create(self.call.env, &session)?;
        let key = session.key(self.call.env);
        let surplus = session_limit::surplus(&fresh.others, &key);
        let writes = surplus.cloned().fold(writes, Batch::delete);
        Ok(Verdict::reply(session).writing(writes))
    }
}

/// `PUT`: what a sign-on elsewhere changed. Whose it is, and its token, stay.
pub(super) fn replace<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let input = input(call)?;
        let changed = run(call.cx, &Replace { call, input }).await?;
        Ok(Reply::ok(shown(call, &changed)))
    })
}

struct Replace<'a> {
    call: &'a Call<'a>,
    input: Input,
}

impl Operation for Replace<'_> {
    type Facts = Stored<Session>;
    type Reply = Session;

    async fn gather(&self, _cx: &Cx) -> Outcome<Stored<Session>> {
        let session = named(self.call).await?;
        if let Some(user) = session.user {
            // It may say that more was proved than was.
            privilege::over_user(self.call, user.id).await?;
        }
        Ok(session)
    }

    fn decide(&self, cx: &Cx, stored: Stored<Session>) -> Result<Verdict<Session>, Fault> {
        let Stored {
            value: mut session,
            version,
        } = stored;
        let user = session.user.map(|user| user.id);
        session.last_sign_on = match sign_on(&self.input, user) {
            Ok(last_sign_on) => last_sign_on,
            Err(refused) => return Ok(Verdict::refuse(refused)),
        };
        session.active_at = self.input.active_at.min(cx.now);
        session.user_agent = Some(self.input.user_agent.clone());
        session.idle_timeout_in_minutes = self.input.idle_timeout_in_minutes;
        session.slide(cx.env.environment.settings.session_idle());
        let writes = Batch::new().update(self.call.env, &session, version)?;
        Ok(Verdict::reply(session).writing(writes))
    }
}
