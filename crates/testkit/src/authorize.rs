//! Authorization requests, from the first redirect to the code.

use url::Url;

use crate::tenant::{CHALLENGE, REDIRECT_URI};
use crate::{Answer, App, Browser, Tenant, broken, fragment, query};

/// An authorization request.
#[derive(Clone)]
pub struct Authorize<'a> {
    tenant: &'a Tenant,
    parameters: Vec<(String, String)>,
}

impl<'a> Authorize<'a> {
    pub(crate) fn new(tenant: &'a Tenant, app: &App) -> Self {
        let parameters = [
            ("response_type", "code"),
            ("client_id", app.id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "openid profile email"),
            ("state", "the state & more"),
            ("nonce", "the nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        Self {
            tenant,
            parameters: parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        }
    }

    /// Sets a parameter in place of the one there is.
    #[must_use]
    pub fn set(self, name: &str, value: &str) -> Self {
        self.remove(name).add(name, value)
    }

    /// Adds a parameter, even a second time.
    #[must_use]
    pub fn add(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a parameter out.
    #[must_use]
    pub fn remove(mut self, name: &str) -> Self {
        self.parameters.retain(|(parameter, _)| parameter != name);
        self
    }

    /// Without PKCE.
    #[must_use]
    pub fn without_pkce(self) -> Self {
        self.remove("code_challenge")
            .remove("code_challenge_method")
    }

    /// As `response_mode=pi.flow`, without the `redirect_uri` that this does not need.
    #[must_use]
    pub fn pi_flow(self) -> Self {
        self.set("response_mode", "pi.flow").remove("redirect_uri")
    }

    /// The URL of the GET.
    pub fn url(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish();
        format!("{}?{query}", self.tenant.endpoint("authorize"))
    }

    /// The parameters.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Sends the GET.
    pub async fn send(&self, browser: &Browser) -> Answer {
        browser.get(self.url()).send().await
    }

    /// Sends it as a form.
    pub async fn post(&self, browser: &Browser) -> Answer {
        let fields = self.parameters.iter().map(|(name, value)| (name, value));
        browser
            .post(self.tenant.endpoint("authorize"))
            .form(fields)
            .send()
            .await
    }

    /// Goes on to the sign-on page.
    pub async fn page(&self, browser: &Browser) -> Answer {
        let answer = self.send(browser).await.expect_status(302);
        let page = browser.follow(answer, &self.tenant.base).await;
        page.expect_status(200)
    }

    /// Signs the person on with the page, unless the browser has a session that is good enough; the
    /// answer is the one that leads back to the client.
    pub async fn sign_on(&self, browser: &Browser) -> Answer {
        let answer = self.send(browser).await;
        let answer = browser.follow(answer, &self.tenant.base).await;
        if answer.status != 200 || !answer.body.contains("type=\"password\"") {
            return answer;
        }
        let person = &self.tenant.person;
        submit(
            self.tenant,
            browser,
            &answer,
            &person.username,
            &person.password,
        )
        .await
    }

    /// The same, and takes the code from the redirect.
    pub async fn code(&self, browser: &Browser) -> String {
        code_of(&self.sign_on(browser).await.redirect())
    }

    /// Starts a `pi.flow` and returns the id of the flow.
    pub async fn start_flow(&self, browser: &Browser) -> String {
        self.clone()
            .pi_flow()
            .send(browser)
            .await
            .expect_status(200)
            .text("/id")
    }
}

/// Fills the sign-on page in and sends it; follows the redirects that stay on the server.
pub async fn submit(
    tenant: &Tenant,
    browser: &Browser,
    page: &Answer,
    username: &str,
    password: &str,
) -> Answer {
    let form = page
        .form()
        .fill("username", username)
        .fill("password", password);
    let answer = browser.post(&form.action).form(form.fields).send().await;
    browser.follow(answer, &tenant.base).await
}

/// The code in the redirect to a client; a redirect without one fails the test.
#[track_caller]
pub fn code_of(redirect: &Url) -> String {
    let mut parameters = query(redirect);
    parameters.extend(fragment(redirect));
    match parameters.remove("code") {
        Some(code) => code,
        None => broken("no code", redirect),
    }
}
