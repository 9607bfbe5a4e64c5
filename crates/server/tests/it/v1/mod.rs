//! `/v1`: the management API. The tree mirrors the URLs.

mod access;
mod at_once;
mod bodies;
mod conventions;
mod environments;
mod filters;
mod fresh_environment;
pub mod ground;
mod kept_answers;
mod media_types;
mod messages;
mod round_trip;

use std::sync::atomic::{AtomicU32, Ordering};

use countersign_testkit::{Answer, TestServer};
use serde_json::{Value, json};

use self::ground::Ground;

pub const JSON: &str = "application/json";

/// Somebody who calls the management API with a token.
pub struct Api {
    base: String,
    pub token: String,
    browser: countersign_testkit::Browser,
}

/// The roles of an administrator.
const ROLES: [&str; 4] = [
    "Organization Admin",
    "Environment Admin",
    "Identity Data Admin",
    "Client Application Developer",
];

/// Roles for the whole organization, as the import file has them.
pub fn everywhere(roles: &[&str]) -> Value {
    let scope = json!({ "type": "ORGANIZATION" });
    roles
        .iter()
        .map(|role| json!({ "role": role, "scope": scope }))
        .collect()
}

/// An organization-wide administrator with every role that there is for one.
pub async fn admin(server: &TestServer) -> Api {
    worker(server, 900, everywhere(&ROLES)).await
}

/// The same with a role for custom roles: whoever makes one of everything needs that, too.
pub async fn owner(server: &TestServer) -> Api {
    let roles = [&ROLES[..], &["Custom Roles Admin"]].concat();
    worker(server, 899, everywhere(&roles)).await
}

/// A worker application of the first environment with these roles, as the import file has them.
pub async fn worker(server: &TestServer, number: u16, roles: Value) -> Api {
    let (id, secret) = make_worker(server, number, roles).await;
    let browser = server.tenant.browser();
    let form = [("grant_type", "client_credentials")];
    let request = browser.post(server.tenant.endpoint("token"));
    let answer = request.basic(&id, &secret).form(form).send().await;
    let token = answer.expect_status(200).text("/access_token");
    Api::with(server, token)
}

/// The same without a token: its id and secret.
pub async fn make_worker(server: &TestServer, number: u16, roles: Value) -> (String, String) {
    let tenant = &server.tenant;
    let id = format!("{}{number:012}", &tenant.id[..24]);
    let secret = format!("Worker.{number}-{}", "w".repeat(60));
    let application = json!({
        "id": id, "name": format!("Worker {number}"), "type": "WORKER", "enabled": true,
        "protocol": "OPENID_CONNECT", "grantTypes": ["CLIENT_CREDENTIALS"],
        "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC", "clientSecret": secret,
        "roleAssignments": roles,
    });
    let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
    let document = json!({ "organization": { "name": "Tests" }, "environments": [environment] });
    server.import(&document).await;
    (id, secret)
}

impl Api {
    pub fn with(server: &TestServer, token: String) -> Self {
        Self {
            base: format!("{}/v1", server.base),
            token,
            browser: server.tenant.browser(),
        }
    }

    pub async fn send(&self, method: &str, path: &str, media: &str, body: &Value) -> Answer {
        let method = method.parse().unwrap();
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let request = self.browser.request(method, url).bearer(&self.token);
        let request = if body.is_null() {
            request.header("content-type", media)
        } else {
            request.json(media, body)
        };
        request.send().await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, JSON, &Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, JSON, &body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, JSON, &body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, JSON, &body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, JSON, &Value::Null).await
    }

    /// A file.
    pub async fn upload(&self, method: &str, path: &str, media: &str, body: Vec<u8>) -> Answer {
        let method = method.parse().unwrap();
        let request = self.browser.request(method, format!("{}{path}", self.base));
        request.bearer(&self.token).body(media, body).send().await
    }

    /// A `GET` that asks for a media type.
    pub async fn accepting(&self, path: &str, media: &str) -> Answer {
        let request = self.browser.get(format!("{}{path}", self.base));
        let request = request.bearer(&self.token).header("accept", media);
        request.send().await
    }

    /// An operation that a media type names.
    pub async fn act(&self, method: &str, path: &str, action: &str, body: Value) -> Answer {
        let media = format!("application/vnd.pingidentity.{action}+json");
        self.send(method, path, &media, &body).await
    }

    /// Creates something and answers it.
    #[track_caller]
    pub fn created(answer: Answer) -> Value {
        Self::placed(answer, 201)
    }

    /// What was made and where it is, whichever status says so.
    #[track_caller]
    pub fn placed(answer: Answer, status: u16) -> Value {
        let answer = answer.expect_status(status);
        let body = answer.json();
        let own = &body["_links"]["self"]["href"];
        assert_eq!(answer.header("location"), own.as_str(), "{body}");
        body
    }
}

/// A number that no other call in this process was given, for names that no two may have.
pub fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A new environment with one of everything in it.
pub async fn fresh(api: &Api) -> Ground {
    let name = format!("Fresh {}", next());
    let body = json!({ "name": name, "type": "SANDBOX", "region": "NA" });
    let made = Api::created(api.post("/environments", body).await);
    Ground::make(api, &text(&made, "/id")).await
}

/// The text at a JSON pointer.
#[track_caller]
pub fn text(body: &Value, pointer: &str) -> String {
    let found = body.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no text at {pointer} in {body}"))
        .to_owned()
}

/// Insists on a refusal: status, code, and the target and code of its first detail.
#[track_caller]
pub fn refused(answer: Answer, status: u16, code: &str, detail: Option<(&str, &str)>) -> Value {
    let body = answer.expect_status(status).json();
    assert_eq!(body["code"], code, "{body}");
    assert!(
        body["id"].is_string() && body["message"].is_string(),
        "{body}"
    );
    if let Some((code, target)) = detail {
        assert_eq!(body["details"][0]["code"], code, "{body}");
        let found = body["details"][0]["target"].as_str().unwrap_or_default();
        assert_eq!(found, target, "{body}");
    }
    body
}
