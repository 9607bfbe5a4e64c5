//! What came back.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

use super::Form;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The URL that was asked for.
    pub url: Url,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// Insists on a status.
    #[track_caller]
    #[must_use]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered\n{}", self.url, self.body);
        self
    }

    /// A header as text, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What may tell nobody from somebody beside the body (`threats.md` 34): the status and every
    /// header, without the two that are new in every answer. Of cookies the name.
    pub fn outside(&self) -> (u16, Vec<(String, String)>) {
        let told = self.headers.iter().filter_map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = match name.as_str() {
                "date" | "correlation-id" => return None,
                "set-cookie" => value.split('=').next().unwrap_or_default(),
                _ => &value,
            };
            Some((name.to_string(), value.to_owned()))
        });
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        (self.status, told)
    }

    /// Where a redirect leads, as an absolute URL. `None` when this is no redirect.
    pub fn location(&self) -> Option<Url> {
        if !(300..400).contains(&self.status) {
            return None;
        }
        self.url.join(self.header("location")?).ok()
    }

    /// Where a redirect leads; anything else fails the test.
    #[track_caller]
    pub fn redirect(&self) -> Url {
        self.location().unwrap_or_else(|| {
            crate::broken(
                "not a redirect",
                format!("{} {}\n{}", self.status, self.url, self.body),
            )
        })
    }

    /// The body as JSON; anything else fails the test.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| {
            crate::broken(
                &format!("not JSON: {error}"),
                format!("{}\n{}", self.url, self.body),
            )
        })
    }

    /// The text at a JSON pointer; anything else fails the test.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let json = self.json();
        match json.pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => crate::broken(&format!("no text at {pointer}"), json),
        }
    }

    /// The first form of the page; a page without one fails the test.
    #[track_caller]
    pub fn form(&self) -> Form {
        Form::first(&self.url, &self.body)
            .unwrap_or_else(|| crate::broken("no form in the page", &self.body))
    }
}

/// The parameters of a URL's query.
pub fn query(url: &Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// The parameters of a URL's fragment.
pub fn fragment(url: &Url) -> BTreeMap<String, String> {
    let text = url.fragment().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}
