//! The environment that is measured, and the requests to it.

use anyhow::Result;
use serde_json::{Value, json};

use super::client::{Answer, Connection, Request};
use super::load;

pub const ENVIRONMENT: &str = "b0000000-0000-4000-8000-000000000001";
/// An application that people sign on to.
pub const WEB: &str = "b0000000-0000-4000-8000-000000000002";
/// One that gets refresh tokens.
pub const OFFLINE: &str = "b0000000-0000-4000-8000-000000000003";
/// One that acts for itself.
pub const SERVICE: &str = "b0000000-0000-4000-8000-000000000004";
/// The same, with tokens signed with P-256.
pub const FAST: &str = "b0000000-0000-4000-8000-000000000005";
/// One that manages.
pub const WORKER: &str = "b0000000-0000-4000-8000-000000000006";
/// Of every application.
pub const SECRET: &str = "a-secret-that-guards-nothing-but-a-bench";
/// Of every user.
pub const PASSWORD: &str = "Nothing-2-guard!";
const REDIRECT_URI: &str = "http%3A%2F%2Flocalhost%2Fcallback";
const FORM: &str = "application/x-www-form-urlencoded";

/// Scopes of a sign-on.
pub const SIGN_ON: &str = "openid%20profile%20email";
/// Scopes without one: an access token alone.
pub const ORDERS: &str = "orders";

/// So many that no connection waits for another (checks of one user's password take turns) and no
/// user has more than ten sessions (the oldest would end).
pub const USERS: usize = 12 * load::CONNECTIONS;

/// Name of a user, in the order of their numbers.
pub fn user(number: usize) -> String {
    format!("user-{number:07}")
}

fn path(rest: &str) -> String {
    format!("/{ENVIRONMENT}/{rest}")
}

pub fn discovery() -> Request {
    Request::get(&path("as/.well-known/openid-configuration"), None)
}

pub fn jwks() -> Request {
    Request::get(&path("as/jwks"), None)
}

fn authorization(client: &str, scope: &str) -> String {
    format!(
        "response_type=code&client_id={client}&redirect_uri={REDIRECT_URI}&scope={scope}\
         &state=6f2b1c&nonce=n-0S6_WzA2Mj"
    )
}

/// With the cookie of a session it is answered with a code, without one with a sign-on page.
pub fn authorize(client: &str, scope: &str, session: Option<&str>) -> Request {
    let query = format!("as/authorize?{}", authorization(client, scope));
    Request::get(&path(&query), session)
}

/// A flow and the browser that may continue it.
#[derive(Clone)]
pub struct Flow {
    id: String,
    pub cookie: String,
}

impl Flow {
    /// The flow that authorize has just begun.
    pub fn begun(answer: &Answer) -> Result<Self> {
        Ok(Self {
            id: answer.redirect_parameter("flowId")?,
            cookie: answer.cookies().unwrap_or_default(),
        })
    }

    /// The flow after an answer that may have changed the browser's cookie.
    pub fn after(&self, answer: &Answer) -> Self {
        Self {
            id: self.id.clone(),
            cookie: answer.cookies().unwrap_or_else(|| self.cookie.clone()),
        }
    }

    pub fn read(&self) -> Request {
        Request::get(&path(&format!("flows/{}", self.id)), Some(&self.cookie))
    }

    pub fn reset(&self) -> Request {
        self.act("session.reset", "{}")
    }

    pub fn check_password(&self, user: &str) -> Request {
        let body = json!({"username": user, "password": PASSWORD});
        self.act("usernamePassword.check", &body.to_string())
    }

    fn act(&self, action: &str, body: &str) -> Request {
        let media = format!("application/vnd.pingidentity.{action}+json");
        let target = path(&format!("flows/{}", self.id));
        Request::post(&target, &media, Some(&self.cookie), body)
    }

    pub fn resume(&self) -> Request {
        let target = path(&format!("as/resume?flowId={}", self.id));
        Request::get(&target, Some(&self.cookie))
    }
}

/// Signs a user on; answers the flow with the cookie of the session.
pub fn sign_on(connection: &mut Connection, user: &str) -> Result<Flow> {
    let begin = authorize(WEB, SIGN_ON, None);
    let flow = Flow::begun(&connection.expect(&begin, 302)?)?;
    let checked = connection.expect(&flow.check_password(user), 200)?;
    Ok(flow.after(&checked))
}

/// A call of an application that proves who it is with its secret.
fn call(endpoint: &str, client: &str, fields: &str) -> Request {
    let body = format!("{fields}&client_id={client}&client_secret={SECRET}");
    Request::post(&path(&format!("as/{endpoint}")), FORM, None, &body)
}

pub fn redeem(client: &str, code: &str) -> Request {
    let fields = format!("grant_type=authorization_code&code={code}&redirect_uri={REDIRECT_URI}");
    call("token", client, &fields)
}

pub fn refresh(token: &str) -> Request {
    let fields = format!("grant_type=refresh_token&refresh_token={token}");
    call("token", OFFLINE, &fields)
}

pub fn client_credentials(client: &str) -> Request {
    call("token", client, "grant_type=client_credentials")
}

pub fn introspect(client: &str, token: &str) -> Request {
    call("introspect", client, &format!("token={token}"))
}

pub fn push() -> Request {
    let fields = format!(
        "response_type=code&redirect_uri={REDIRECT_URI}&scope={SIGN_ON}&state=6f2b1c\
         &nonce=n-0S6_WzA2Mj"
    );
    call("par", WEB, &fields)
}

pub fn userinfo(access_token: &str) -> Request {
    Request::bearer(&path("as/userinfo"), access_token)
}

/// A call of the management API, below the environment.
pub fn manage(method: &str, rest: &str, token: &str, body: Option<&Value>) -> Request {
    let target = format!("/v1/environments/{ENVIRONMENT}{rest}");
    match body {
        Some(body) => Request::api(method, &target, token, body),
        None => Request::bearer(&target, token),
    }
}
