//! A server without a wire, for as many calls as one likes.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign_domain::ids::EnvId;
use countersign_domain::ports::Ports;
use countersign_protocol::as_::authorize::{Answer, Reply, authorize};
use countersign_protocol::as_::client_auth;
use countersign_protocol::as_::par::push;
use countersign_protocol::as_::params::Params;
use countersign_protocol::as_::response_modes::Delivery;
use countersign_protocol::configuration::ConfigurationCache;
use countersign_protocol::cx::Cx;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::import::{Format, ImportOptions, apply, parse};
use countersign_protocol::refusal::{Failure, Outcome, Refusal};
use countersign_protocol::urls::Urls;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use url::Url;

use super::ports::{self, Standing};

const ENV: &str = "3f2a6d1c-1111-4222-8333-444455556666";
pub const ISSUER: &str = "https://auth.example/3f2a6d1c-1111-4222-8333-444455556666/as";
/// Authenticates by Basic, signs request objects with its secret.
pub const WEB: &str = "aaaaaaaa-0000-4000-8000-000000000001";
/// Authenticates by assertion.
const SERVICE: &str = "aaaaaaaa-0000-4000-8000-000000000002";
/// Every kind of character that needs care.
pub const SECRET: &str = "A secret+with:every%kind&of=character.that~needs_care-in/some\"coding";
const KEY: &str = include_str!("../../src/import/test_key.pem");
const PUSHED: &str = "urn:ietf:params:oauth:request_uri:";

/// Where answers may go: what an answer begins with, and the host it must have.
const REGISTERED: &[(&str, &str)] = &[
    ("https://client.example/callback", "client.example"),
    ("http://127.0.0.1", "127.0.0.1"),
    ("https://wild.example/a", "wild.example"),
    ("com.example.app:/callback", ""),
];

/// The kinds of token that clients make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    RequestObject,
    LoginHint,
    Assertion,
}

impl Token {
    pub const ALL: [Self; 3] = [Self::RequestObject, Self::LoginHint, Self::Assertion];
}

pub struct World {
    runtime: Runtime,
    ports: Ports,
    clock: Arc<Standing>,
    cache: ConfigurationCache,
    calls: u64,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

impl World {
    /// Does something with this thread's world.
    pub fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        WORLD.with_borrow_mut(work)
    }

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (ports, clock) = ports::ports();
        let application = |id: &str, name: &str, method: &str| {
            json!({
                "id": id, "name": name, "type": "WEB_APP",
                "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"],
                "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
                "tokenEndpointAuthMethod": method, "clientSecret": SECRET,
                "redirectUris": [
                    "https://client.example/callback", "http://127.0.0.1/cb",
                    "https://wild.example/a*/b", "com.example.app:/callback",
                ],
                "allowWildcardInRedirectUris": true,
                "grants": [{ "resource": "openid", "scopes": ["openid", "profile"] }],
            })
        };
        let document = json!({
            "organization": { "name": "Fuzz" },
            "environments": [{
                "id": ENV, "name": "Fuzz",
                "applications": [
                    application(WEB, "Web", "CLIENT_SECRET_BASIC"),
                    application(SERVICE, "Service", "CLIENT_SECRET_JWT"),
                ],
                "users": [{ "username": "user0" }],
            }],
        });
        let document = parse("fuzz", &document.to_string(), Format::Json);
        let document = document.unwrap_or_else(|error| panic!("{error}"));
        let options = ImportOptions {
            make_key: Arc::new(|| KeyPair::from_pem(KEY)),
            ..ImportOptions::new("https://api.example")
        };
        let applied = runtime.block_on(apply(&ports, &document, &options));
        applied.unwrap_or_else(|error| panic!("{error}"));
        let url = "https://auth.example".parse().unwrap();
        let urls = Arc::new(Urls::new(&url, &url, &url));
        Self {
            runtime,
            cache: ConfigurationCache::new(ports.clone(), urls),
            ports,
            clock,
            calls: 0,
        }
    }

    /// The context of one call. Time passes, and what is over is swept now and then.
    fn cx(&mut self) -> Cx {
        self.calls += 1;
        if self.calls.is_multiple_of(1_000) {
            self.clock.0.fetch_add(1_200_000, Ordering::Relaxed);
            let now = self.ports.clock.now();
            self.runtime
                .block_on(self.ports.store.sweep(now, 100_000))
                .unwrap();
        }
        let now = self.ports.clock.now();
        let env: EnvId = ENV.parse().unwrap();
        let snapshot = self.runtime.block_on(self.cache.current(env, now)).unwrap();
        Cx::own(snapshot, self.ports.clone())
    }

    /// Asks to authorize, and looks at where the answer would go. Nobody has signed on, so there is
    /// nothing to be had.
    pub fn authorize(&mut self, params: &Params) -> Option<&'static str> {
        let cx = self.cx();
        let outcome = self.runtime.block_on(authorize(&cx, params, None));
        let Reply { answer, .. } = judged(outcome)?;
        match answer {
            Answer::Response(Delivery::Redirect(to)) => {
                check_destination(&to);
                let has = |name: &str| {
                    let parts = to.split(['?', '#', '&']);
                    parts.skip(1).any(|part| part.starts_with(name))
                };
                assert!(has("error="), "{to}");
                for what in ["code=", "access_token=", "id_token="] {
                    // A client may have registered such a name; ours has not.
                    assert!(!has(what), "{to}");
                }
                Some("refused")
            }
            Answer::Response(Delivery::FormPost { action, fields }) => {
                check_destination(&action);
                assert!(
                    fields.iter().any(|(name, _)| *name == "error"),
                    "{fields:?}"
                );
                let tokens = ["code", "access_token", "id_token"];
                assert!(
                    !fields.iter().any(|(name, _)| tokens.contains(name)),
                    "{fields:?}"
                );
                Some("refused")
            }
            Answer::Response(Delivery::Json(json)) => panic!("an answer for nobody: {json:?}"),
            Answer::SignOn(page) => {
                assert!(page.starts_with("https://auth.example/"), "{page}");
                Some("asked")
            }
            Answer::Flow(flow) => {
                let flow = serde_json::to_value(flow).unwrap();
                assert_ne!(flow["status"], "COMPLETED", "{flow}");
                Some("asked")
            }
            Answer::Refused(_) => Some("refused"),
        }
    }

    /// Pushes a request, and takes it to authorize if it was good.
    pub fn push(&mut self, params: &Params) {
        let cx = self.cx();
        let header = basic(WEB, SECRET);
        let outcome = self.runtime.block_on(push(&cx, Some(&header), params));
        if let Some(pushed) = judged(outcome) {
            assert!(pushed.request_uri.starts_with(PUSHED));
            let params = Params::default().with("client_id", WEB);
            self.authorize(&params.with("request_uri", pushed.request_uri));
        }
    }

    /// Whether an `Authorization` header is that of the web application.
    pub fn authenticates(&mut self, header: &str) -> bool {
        let cx = self.cx();
        let params = Params::default();
        let outcome = client_auth::authenticate(&cx, "token", Some(header), &params);
        judged(self.runtime.block_on(outcome)).is_some()
    }

    /// A token of each kind that is what it should be.
    pub fn good(&mut self, token: Token) -> String {
        match token {
            Token::RequestObject => Self::sign(&json!({ "iss": WEB, "aud": ISSUER, "state": "s" })),
            Token::LoginHint => Self::sign(&json!({ "iss": WEB, "aud": ISSUER, "sub": "user0" })),
            Token::Assertion => {
                let exp = self.ports.clock.now().seconds() + 3_000;
                Self::sign(&json!({ "iss": SERVICE, "sub": SERVICE, "aud": ISSUER, "exp": exp }))
            }
        }
    }

    pub fn sign(claims: &Value) -> String {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
    }

    /// Whether a token is taken for one of its kind.
    pub fn believes(&mut self, token: Token, text: &str) -> bool {
        let plain = Params::default()
            .with("client_id", WEB)
            .with("response_type", "code")
            .with("redirect_uri", "https://client.example/callback")
            .with("scope", "openid");
        let cx = self.cx();
        let name = match token {
            Token::RequestObject => "request",
            Token::LoginHint => "login_hint_token",
            Token::Assertion => {
                let params = Params::default()
                    .with(
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    )
                    .with("client_assertion", text);
                let outcome = client_auth::authenticate(&cx, "token", None, &params);
                return judged(self.runtime.block_on(outcome)).is_some();
            }
        };
        self.authorize(&plain.with(name, text)) == Some("asked")
    }
}

fn basic(id: &str, secret: &str) -> String {
    use base64::Engine;
    let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = format!("{}:{}", form(id), form(secret));
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(both)
    )
}

/// What came of it; a fault is a defect, for nothing here can fail but the request.
fn judged<T>(outcome: Outcome<T>) -> Option<T> {
    match outcome {
        Ok(reply) => Some(reply),
        Err(Failure::Refused(refused)) => {
            assert_ne!(refused.refusal, Refusal::EnvironmentNotFound);
            None
        }
        Err(Failure::Fault(fault)) => panic!("{fault}"),
    }
}

/// Answers go to what is registered, as every parser reads it.
fn check_destination(to: &str) {
    let registered = REGISTERED.iter().find(|(start, _)| to.starts_with(start));
    let (_, host) = registered.unwrap_or_else(|| panic!("not registered: {to}"));
    let url = Url::parse(to).unwrap_or_else(|error| panic!("{to}: {error}"));
    assert_eq!(url.host_str().unwrap_or_default(), *host, "{to}");
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{to}"
    );
}
