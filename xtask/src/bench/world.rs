//! The environment that is measured, and the requests of a sign-on in it.

use anyhow::Result;
use serde_json::{Value, json};

use super::client::{Answer, Request};
use super::load;

pub const ENVIRONMENT: &str = "b0000000-0000-4000-8000-000000000001";
const CLIENT: &str = "b0000000-0000-4000-8000-000000000002";
const SECRET: &str = "a-secret-that-guards-nothing-but-a-bench";
const PASSWORD: &str = "Nothing-2-guard!";
const REDIRECT_URI: &str = "http%3A%2F%2Flocalhost%2Fcallback";
const FORM: &str = "application/x-www-form-urlencoded";

/// So many that no connection waits for another (checks of one user's password take turns) and no
/// user has more than ten sessions (the oldest would end).
pub const USERS: usize = 12 * load::CONNECTIONS;

/// The environment as an import file.
pub fn document(users: usize) -> Value {
    let users: Vec<Value> = (0..users)
        .map(|number| {
            json!({
                "username": user(number),
                "email": format!("{}@example.com", user(number)),
                "name": {"given": "Ben", "family": "Chmark"},
                "password": {"value": PASSWORD},
            })
        })
        .collect();
    json!({
        "organization": {"name": "Bench"},
        "licenses": [{"name": "Bench"}],
        "environments": [{
            "id": ENVIRONMENT,
            "name": "Bench",
            "type": "SANDBOX",
            "license": "Bench",
            "applications": [{
                "id": CLIENT,
                "name": "Bench",
                "enabled": true,
                "type": "WEB_APP",
                "tokenEndpointAuthMethod": "CLIENT_SECRET_POST",
                "clientSecret": SECRET,
                "grantTypes": ["AUTHORIZATION_CODE"],
                "responseTypes": ["CODE"],
                "redirectUris": ["http://localhost/callback"],
                "grants": [{"resource": "openid", "scopes": ["openid", "profile", "email"]}],
            }],
            "users": users,
        }],
    })
}

fn user(number: usize) -> String {
    format!("user-{}", number % USERS)
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

/// With the cookie of a session it is answered with a code, without one with a sign-on page.
pub fn authorize(session: Option<&str>) -> Request {
    let query = format!(
        "as/authorize?response_type=code&client_id={CLIENT}&redirect_uri={REDIRECT_URI}\
         &scope=openid%20profile%20email&state=6f2b1c&nonce=n-0S6_WzA2Mj"
    );
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

    pub fn check_password(&self, number: usize) -> Request {
        let body = json!({"username": user(number), "password": PASSWORD});
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

pub fn token(code: &str) -> Request {
    let body = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={REDIRECT_URI}\
         &client_id={CLIENT}&client_secret={SECRET}"
    );
    Request::post(&path("as/token"), FORM, None, &body)
}

pub fn userinfo(access_token: &str) -> Request {
    Request::bearer(&path("as/userinfo"), access_token)
}
