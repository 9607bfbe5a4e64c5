//! An environment that a test has for itself, and what one does with it from outside.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use url::Url;

use crate::jwt::{self, Verified};
use crate::{Answer, Authorize, Browser, Redeem, VirtualClock, broken};

/// Where every application of the fixture is sent back to; nothing listens there.
pub const REDIRECT_URI: &str = "https://client.example/callback";

/// The verifier of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its S256 challenge, from the same place.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An application of the fixture.
#[derive(Debug, Clone)]
pub struct App {
    /// Its id, which is the `client_id`.
    pub id: String,
    /// Its secret; public applications have one too, which the token endpoint does not take.
    pub secret: String,
    /// Its `tokenEndpointAuthMethod`.
    pub auth_method: &'static str,
}

/// A person of the fixture.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user id.
    pub id: String,
    /// The username.
    pub username: String,
    /// The password.
    pub password: String,
}

/// One environment of a server.
#[derive(Clone)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// Base URL of the server: `http://127.0.0.1:PORT`; on a custom domain, of that.
    pub base: String,
    /// What stands before `/as` and `/flows`.
    pub(crate) root: String,
    /// The host that only the test knows the address of.
    pub(crate) reaching: Option<(String, SocketAddr)>,
    /// A confidential web application: `CLIENT_SECRET_BASIC`, PKCE optional.
    pub web: App,
    /// A confidential web application: `CLIENT_SECRET_POST`, PKCE optional.
    pub post: App,
    /// A public single-page application: `NONE`, PKCE `S256_REQUIRED`.
    pub spa: App,
    /// A public native application: `NONE`, PKCE optional.
    pub native: App,
    /// Somebody who may sign on.
    pub person: Person,
    /// Somebody else who may.
    pub other_person: Person,
    pub(crate) clock: Arc<VirtualClock>,
}

impl Tenant {
    /// The issuer.
    pub fn issuer(&self) -> String {
        format!("{}/as", self.root)
    }

    /// An endpoint below the issuer.
    pub fn endpoint(&self, name: &str) -> String {
        format!("{}/{name}", self.issuer())
    }

    /// A flow's URL.
    pub fn flow(&self, flow: &str) -> String {
        format!("{}/flows/{flow}", self.root)
    }

    /// A new browser profile.
    pub fn browser(&self) -> Browser {
        let host = self.reaching.as_ref();
        Browser::reaching(
            self.clock.clone(),
            host.map(|(host, at)| (host.as_str(), *at)),
        )
    }

    /// The same environment on a custom domain: no path names it, and its browsers reach the server
    /// by that name.
    #[must_use]
    pub fn on_domain(&self, host: &str) -> Self {
        let base = Url::parse(&self.base).unwrap_or_else(|error| broken("no URL", error));
        let addresses = base.socket_addrs(|| None);
        let addresses = addresses.unwrap_or_else(|error| broken("no address", error));
        let at = addresses.into_iter().next();
        let at = at.unwrap_or_else(|| broken("no address", &self.base));
        let root = format!("http://{host}:{}", at.port());
        Self {
            base: root.clone(),
            root,
            reaching: Some((host.to_owned(), at)),
            ..self.clone()
        }
    }

    /// An authorization request that would succeed; change it to taste.
    pub fn authorize<'a>(&'a self, app: &'a App) -> Authorize<'a> {
        Authorize::new(self, app)
    }

    /// A token request for a code that would succeed; change it to taste.
    pub fn redeem(&self, app: &App, code: &str) -> Redeem {
        Redeem::new(self, app, code)
    }

    /// Performs an action of a flow.
    pub async fn act(&self, browser: &Browser, flow: &str, action: &str, body: &Value) -> Answer {
        let media = format!("application/vnd.pingidentity.{action}+json");
        browser
            .post(self.flow(flow))
            .json(&media, body)
            .send()
            .await
    }

    /// Performs `usernamePassword.check`.
    pub async fn check_password(
        &self,
        browser: &Browser,
        flow: &str,
        username: &str,
        password: &str,
    ) -> Answer {
        let body = json!({ "username": username, "password": password });
        self.act(browser, flow, "usernamePassword.check", &body)
            .await
    }

    /// Signs the person on with a new browser and redeems the code: the whole way, as `app` asks.
    pub async fn tokens(&self, app: &App) -> Value {
        let browser = self.browser();
        let code = self.authorize(app).code(&browser).await;
        self.redeem(app, &code)
            .send(&browser)
            .await
            .expect_status(200)
            .json()
    }

    /// Signs the person on at the page of a device and sends what is asked there as it stands: its
    /// code, filled in by the link, and the consent. The last page.
    pub async fn connect_device(&self, browser: &Browser, link: &str) -> Answer {
        let answer = browser.get(link).send().await;
        let mut page = browser.follow(answer, &self.base).await.expect_status(200);
        if page.body.contains("type=\"password\"") {
            let person = &self.person;
            page = crate::submit(self, browser, &page, &person.username, &person.password).await;
        }
        for _ in ["code", "consent"] {
            let form = page.form();
            let sent = browser.post(&form.action).form(form.fields).send().await;
            page = browser.follow(sent, &self.base).await.expect_status(200);
        }
        page
    }

    /// The published keys.
    pub async fn jwks(&self) -> Value {
        let browser = self.browser();
        browser
            .get(self.endpoint("jwks"))
            .send()
            .await
            .expect_status(200)
            .json()
    }

    /// Verifies a token against the published keys.
    pub async fn verify(&self, token: &Value) -> Verified {
        let Some(token) = token.as_str() else {
            broken("not a token", token);
        };
        jwt::verify(token, &self.jwks().await)
    }

    /// Reads userinfo with an access token.
    pub async fn userinfo(&self, token: &str) -> Answer {
        let browser = self.browser();
        browser
            .get(self.endpoint("userinfo"))
            .bearer(token)
            .send()
            .await
    }
}
