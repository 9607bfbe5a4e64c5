//! `/v1/environments/{e}/sessions` and `/v1/environments/{e}/users/{u}/sessions`
//! (`reference/flows.md` 8.4, `platform.md` 3.7).

mod write;

use countersign_domain::entity::{self, Entity, Stored};
use countersign_domain::ids::UserId;
use countersign_domain::ports::BoxFuture;
use countersign_domain::session::{Session, SessionSignOn};
use countersign_domain::store::{Batch, Fault, Query, Range};
use countersign_domain::user::User;
use serde_json::{Value, json};

use crate::cx::Cx;
use crate::refusal::{Outcome, Refusal};
use crate::run::{Operation, Verdict, run};
use crate::user_agent;
use crate::v1::body::Object;
use crate::v1::call::{Call, Reply};
use crate::v1::hal::{self, Body, Links, List};
use crate::v1::route::{Endpoint, Narrow, Resource};

const ALL: &str = "/environments/{environment}/sessions";
const ONE: &str = "/environments/{environment}/sessions/{session}";
const ME: &str = "/environments/{environment}/sessions/me";
const OF_USER: &str = "/environments/{environment}/users/{user}/sessions";
const ONE_OF_USER: &str = "/environments/{environment}/users/{user}/sessions/{session}";
const READ: &str = "sessions:read";
const DELETE: &str = "sessions:delete";
/// The scope with which people see their own.
const OWN: &str = "p1:read:sessions";
/// More than a user ever has at once.
const MOST: u32 = 100;

/// Both places.
pub const RESOURCE: Resource = Resource {
    name: "sessions",
    endpoints: &[
        Endpoint::post(ALL, "sessions:create", write::create),
        Endpoint::get(ONE, READ, read),
        Endpoint::put(ONE, "sessions:update", write::replace),
        Endpoint::delete(ONE, DELETE, end),
        // Compat: documented without `+json` and with an empty body; ends the session.
        Endpoint::post(ONE, DELETE, end).media("sso.session.logout"),
        Endpoint::get(ME, READ, read),
        Endpoint::put(ME, "sessions:update", write::replace),
        Endpoint::delete(ME, DELETE, end),
        Endpoint::get(OF_USER, READ, list)
            .narrow(Narrow::Population)
            .own(OWN),
        Endpoint::get(ONE_OF_USER, READ, read)
            .narrow(Narrow::Population)
            .own(OWN),
        Endpoint::delete(ONE_OF_USER, DELETE, end)
            .narrow(Narrow::Population)
            .own("p1:delete:sessions"),
    ],
};

/// The session that the path names: by id, by the browser's cookie, or among a user's own.
async fn named(call: &Call<'_>) -> Outcome<Stored<Session>> {
    let absent = |why: &'static str| Refusal::NotFound.because(why);
    let found = if call.endpoint.path == ME {
        let token = call
            .browser
            .ok_or_else(|| absent("no ST cookie came with the call"))?;
        let (store, rule) = (call.store(), Session::UNIQUE_TOKEN);
        entity::load_by::<Session>(store, call.env, rule, token, call.now()).await?
    } else {
        let id: countersign_domain::ids::SessionId = call.id("session")?;
        call.load::<Session>(id).await?
    };
    let session = found.ok_or_else(|| absent("no such session, or it is over"))?;
    let owner = session.value.user.map(|user| user.id);
    let asked = call.text("user");
    if !asked.is_empty() && owner.map(|id| id.to_string()).as_deref() != Some(asked) {
        return Err(absent("the session is somebody else's").into());
    }
    Ok(session)
}

fn read<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let session = named(call).await?;
        Ok(Reply::ok(shown(call, &session.value)))
    })
}

/// A user's sessions, newest first.
fn list<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        let user: UserId = call.id("user")?;
        let absent = || Refusal::NotFound.because("no such user");
        call.load::<User>(user).await?.ok_or_else(absent)?;
        let query = Query {
            index: Some(Session::BY_USER),
            range: Range::Prefix(Session::of_user(user)),
            ..Query::all(Session::KIND, call.env, MOST)
        };
        let page = call.store().list(&query, call.now()).await?;
        let sessions: Result<Vec<Session>, Fault> =
            page.docs.iter().map(Session::from_doc).collect();
        let items: Vec<Body> = sessions?.iter().map(|it| shown(call, it)).collect();
        let list = List::whole("sessions", items);
        Ok(Reply::ok(hal::list(call, list)?))
    })
}

/// Ends a session, and with it every token that names it.
///
/// Source: `reference/rulings.md` 1.
fn end<'a>(call: &'a Call<'a>) -> BoxFuture<'a, Outcome<Reply>> {
    Box::pin(async move {
        run(call.cx, &End(call)).await?;
        Ok(Reply::gone())
    })
}

struct End<'a>(&'a Call<'a>);

impl Operation for End<'_> {
    type Facts = Stored<Session>;
    type Reply = ();

    async fn gather(&self, _cx: &Cx) -> Outcome<Stored<Session>> {
        named(self.0).await
    }

    fn decide(&self, _cx: &Cx, session: Stored<Session>) -> Result<Verdict<()>, Fault> {
        let writes = Batch::new().delete(session.value.key(self.0.env));
        Ok(Verdict::reply(()).writing(writes))
    }
}

/// A session as it is answered. Its token is nobody's business.
fn shown(call: &Call<'_>, session: &Session) -> Body {
    let user = session.user.map(|user| user.id);
    let place = match (call.text("user").is_empty(), user) {
        (false, Some(user)) => call.fill(&format!(
            "/environments/{{environment}}/users/{user}/sessions"
        )),
        _ => call.fill(ALL),
    };
    let mut links = Links::to(call, &call.url(&format!("{place}/{}", session.id)));
    if let Some(user) = user {
        let path = call.fill(&format!("/environments/{{environment}}/users/{user}"));
        links.add("user", call.url(&path));
    }
    hal::resource(links, body_of(call, session))
}

fn body_of(call: &Call<'_>, session: &Session) -> Object {
    let idle = session.idle(call.cx.env.environment.settings.session_idle());
    let mut body = Object::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    };
    put("id", json!(session.id));
    put("environment", json!({ "id": call.env }));
    put("user", json!(session.user));
    put("createdAt", json!(session.created_at));
    put("activeAt", json!(session.active_at));
    put("expiresAt", json!(session.expires_at));
    put("idleTimeoutInMinutes", json!(idle.as_secs() / 60));
    if let Some(text) = &session.user_agent {
        let agent = user_agent::read(text);
        put("userAgent", json!(text));
        put(
            "browser",
            json!({ "name": agent.browser, "version": agent.version }),
        );
        put("operatingSystem", json!({ "name": agent.system }));
        put("device", json!({ "type": agent.device }));
    }
    put("locations", json!(session.locations));
    put(
        "lastSignOn",
        session.last_sign_on.as_ref().map_or(Value::Null, sign_on),
    );
    body
}

fn sign_on(sign_on: &SessionSignOn) -> Value {
    let mut shown = json!(sign_on);
    let uses = shown
        .get_mut("withAuthenticator")
        .and_then(Value::as_object_mut);
    let mut last = Value::Null;
    for (name, used) in uses.into_iter().flatten() {
        if let Some(policy) = used.get_mut("policy").and_then(Value::as_object_mut) {
            // Source: `reference/flows.md` 8.4: the type of every policy there is.
            policy.insert("type".into(), json!("PINGONE"));
            policy.remove("name");
            if sign_on.authenticators.contains(name) {
                last = Value::Object(policy.clone());
            }
        }
    }
    if let (Some(shown), false) = (shown.as_object_mut(), last.is_null()) {
        shown.insert("policy".into(), last);
    }
    shown
}
