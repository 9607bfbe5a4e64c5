//! As much of a browser as HTTP shows: cookies, no automatic redirects, forms of a page.

mod answer;
mod form;
mod jar;

use std::net::SocketAddr;
use std::sync::Arc;

use countersign_domain::ports::Clock;
use parking_lot::Mutex;
use reqwest::header::{ACCEPT, CONTENT_TYPE, COOKIE, SET_COOKIE};
use url::Url;

pub use answer::{Answer, fragment, query};
pub use form::Form;
pub use jar::{Jar, StoredCookie};

/// One browser profile: what it does in one tab, it remembers in the next.
pub struct Browser {
    client: reqwest::Client,
    jar: Mutex<Jar>,
    clock: Arc<dyn Clock>,
}

/// A request that is about to be sent.
pub struct Request<'a> {
    browser: &'a Browser,
    url: Url,
    builder: reqwest::RequestBuilder,
    has_accept: bool,
}

impl Browser {
    /// A fresh profile. Cookies expire by `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::reaching(clock, None)
    }

    /// The same, for which a host that no DNS knows is at an address.
    pub fn reaching(clock: Arc<dyn Clock>, host: Option<(&str, SocketAddr)>) -> Self {
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if let Some((host, at)) = host {
            client = client.resolve(host, at);
        }
        let client = client.build();
        Self {
            client: client.unwrap_or_else(|error| crate::broken("cannot make a client", error)),
            jar: Mutex::new(Jar::default()),
            clock,
        }
    }

    /// A GET; send it with [`Request::send`].
    pub fn get(&self, url: impl AsRef<str>) -> Request<'_> {
        self.request(reqwest::Method::GET, url)
    }

    /// A POST; send it with [`Request::send`].
    pub fn post(&self, url: impl AsRef<str>) -> Request<'_> {
        self.request(reqwest::Method::POST, url)
    }

    /// Any method.
    pub fn request(&self, method: reqwest::Method, url: impl AsRef<str>) -> Request<'_> {
        let text = url.as_ref();
        let url = Url::parse(text).unwrap_or_else(|error| crate::broken(text, error));
        Request {
            browser: self,
            builder: self.client.request(method, url.clone()),
            url,
            has_accept: false,
        }
    }

    /// The value of a cookie that would be sent to `url`.
    pub fn cookie(&self, url: impl AsRef<str>, name: &str) -> Option<String> {
        let url = Url::parse(url.as_ref()).ok()?;
        let jar = self.jar.lock();
        let found = jar
            .for_url(&url, self.clock.now())
            .find(|cookie| cookie.name == name)?;
        Some(found.value.clone())
    }

    /// Changes the cookies: plants, steals, forgets.
    pub fn with_jar<T>(&self, change: impl FnOnce(&mut Jar) -> T) -> T {
        change(&mut self.jar.lock())
    }

    /// Sends a form, and goes on to the page that it leads back to, if it does.
    pub async fn submit(&self, form: Form) -> Answer {
        let answer = self.post(&form.action).form(form.fields).send().await;
        match answer.location() {
            Some(next) if answer.status == 303 => self.get(next).send().await,
            _ => answer,
        }
    }

    /// Follows redirects from `answer` until something else is answered or the next stop is not
    /// under `within`; then the last redirect itself is the result.
    pub async fn follow(&self, mut answer: Answer, within: &str) -> Answer {
        for _ in 0..10 {
            match answer.location() {
                Some(next) if next.as_str().starts_with(within) => {
                    answer = self.get(next).send().await;
                }
                _ => return answer,
            }
        }
        crate::broken("too many redirects", answer.url)
    }
}

impl Request<'_> {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.has_accept |= name.eq_ignore_ascii_case("accept");
        self.builder = self.builder.header(name, value.as_ref());
        self
    }

    /// Authenticates with `Basic`, both parts as they are.
    #[must_use]
    pub fn basic(mut self, user: &str, password: &str) -> Self {
        self.builder = self.builder.basic_auth(user, Some(password));
        self
    }

    /// Authenticates with `Bearer`.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.builder = self.builder.bearer_auth(token);
        self
    }

    /// A form body; a name may occur twice.
    #[must_use]
    pub fn form<N: AsRef<str>, V: AsRef<str>>(
        self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// A JSON body of a media type.
    #[must_use]
    pub fn json(self, media: &str, body: &serde_json::Value) -> Self {
        self.body(media, body.to_string())
    }

    /// Any body.
    #[must_use]
    pub fn body(mut self, media: &str, body: impl Into<Vec<u8>>) -> Self {
        self.builder = self.builder.header(CONTENT_TYPE, media).body(body.into());
        self
    }

    /// Sends it with the cookies that belong to it, and keeps those that come back.
    pub async fn send(self) -> Answer {
        let Self {
            browser,
            url,
            mut builder,
            has_accept,
        } = self;
        let cookies: Vec<String> = browser
            .jar
            .lock()
            .for_url(&url, browser.clock.now())
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        if !cookies.is_empty() {
            builder = builder.header(COOKIE, cookies.join("; "));
        }
        if !has_accept {
            builder = builder.header(ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");
        }
        let response = match builder.send().await {
            Ok(response) => response,
            Err(error) => crate::broken(url.as_str(), error),
        };
        let now = browser.clock.now();
        for header in response.headers().get_all(SET_COOKIE) {
            if let Ok(line) = header.to_str() {
                browser.jar.lock().store(&url, line, now);
            }
        }
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let body = match response.bytes().await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => crate::broken(url.as_str(), error),
        };
        Answer {
            url,
            status,
            headers,
            body,
        }
    }
}
