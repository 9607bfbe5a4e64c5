//! Token requests.

use crate::tenant::{REDIRECT_URI, VERIFIER};
use crate::{Answer, App, Browser, Tenant};

/// A token request.
#[derive(Clone)]
pub struct Redeem {
    url: String,
    fields: Vec<(String, String)>,
    basic: Option<(String, String)>,
}

impl Redeem {
    pub(crate) fn new(tenant: &Tenant, app: &App, code: &str) -> Self {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        Self {
            url: tenant.endpoint("token"),
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            basic: None,
        }
        .as_client(app)
    }

    /// Authenticates as an application, by its own method.
    #[must_use]
    pub fn as_client(self, app: &App) -> Self {
        let mut request = self.anonymous();
        match app.auth_method {
            "CLIENT_SECRET_BASIC" => request.basic = Some((app.id.clone(), app.secret.clone())),
            "CLIENT_SECRET_POST" => {
                request = request
                    .add("client_id", &app.id)
                    .add("client_secret", &app.secret);
            }
            _ => request = request.add("client_id", &app.id),
        }
        request
    }

    /// Without client authentication.
    #[must_use]
    pub fn anonymous(mut self) -> Self {
        self.basic = None;
        self.remove("client_id").remove("client_secret")
    }

    /// With this `Authorization: Basic`.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.basic = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Sets a field in place of the one there is.
    #[must_use]
    pub fn set(self, name: &str, value: &str) -> Self {
        self.remove(name).add(name, value)
    }

    /// Adds a field, even a second time.
    #[must_use]
    pub fn add(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a field out.
    #[must_use]
    pub fn remove(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    /// Sends it.
    pub async fn send(&self, browser: &Browser) -> Answer {
        let mut request = browser.post(&self.url);
        if let Some((user, password)) = &self.basic {
            request = request.basic(user, password);
        }
        let fields = self.fields.iter().map(|(name, value)| (name, value));
        request
            .header("accept", "application/json")
            .form(fields)
            .send()
            .await
    }
}
