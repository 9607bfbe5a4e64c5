//! A request as handlers get it: everything read, nothing believed.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, Method, header};
use countersign_domain::ids::CorrelationId;
use countersign_protocol::as_::params::{MAX_FORM, MAX_PUSHED};
use countersign_protocol::browser::BrowserToken;
use countersign_protocol::pictures::MAX_UPLOAD;
use countersign_protocol::refusal::{Refusal, Refused};
use http_body_util::{BodyExt, Limited};
use uuid::Uuid;

use super::cookies;
use super::peer::Peer;
use crate::custom_domain::AtDomain;

/// Largest body that is read elsewhere, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Largest body of an agreement's text or of a mail's, in bytes: 32,000 characters of any script, or
/// 100 KiB, however they are escaped.
const MAX_TEXT: usize = 256 * 1024;

/// The limit of a path: pushed requests, forms that bring tokens, texts and pictures may be longer
/// than [`MAX_BODY`].
fn max_body(path: &str) -> usize {
    let is_of = |list: &str| path.rsplit('/').take(2).any(|it| it == list);
    if path.ends_with("/as/par") {
        MAX_PUSHED
    } else if path.starts_with("/v1/") && path.ends_with("/images") {
        MAX_UPLOAD
    } else if path.starts_with("/v1/") && (is_of("revisions") || is_of("contents")) {
        MAX_TEXT
    } else if path.rsplit('/').nth(1) == Some("as") {
        MAX_FORM
    } else {
        MAX_BODY
    }
}

/// A request, taken in whole.
pub struct Incoming {
    /// Finds this request in the log.
    pub correlation: CorrelationId,
    /// The caller's address.
    pub peer: Option<IpAddr>,
    /// The method.
    pub method: Method,
    /// The encoded query.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    domain: Option<AtDomain>,
    body: Result<Vec<u8>, Refusal>,
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Infallible;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let body = if parts.method == Method::GET {
            Ok(Vec::new())
        } else {
            match Limited::new(body, max_body(parts.uri.path()))
                .collect()
                .await
            {
                Ok(collected) => Ok(collected.to_bytes().to_vec()),
                Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                    Err(Refusal::TooLarge)
                }
                Err(_) => Err(Refusal::MalformedBody),
            }
        };
        let correlation = parts.extensions.get::<CorrelationId>().copied();
        Ok(Self {
            correlation: correlation.unwrap_or(CorrelationId::from_uuid(Uuid::nil())),
            peer: parts.extensions.get::<Peer>().map(|peer| peer.0.ip()),
            method: parts.method,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            domain: parts.extensions.get::<AtDomain>().cloned(),
            headers: parts.headers,
            body,
        })
    }
}

impl Incoming {
    /// The body, if it arrived whole and within the cap.
    pub fn body(&self) -> Result<&[u8], Refused> {
        self.body
            .as_deref()
            .map_err(|refusal| refusal.clone().because("while reading the body"))
    }

    /// Whether these bytes are in the body, wherever.
    pub fn body_contains(&self, text: &str) -> bool {
        let mut windows = self.body.iter().flat_map(|body| body.windows(text.len()));
        windows.any(|it| it == text.as_bytes())
    }

    /// The custom domain that it came to, if it came to one.
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_ref().map(|it| &*it.0)
    }

    /// A header's value, if it is there once and readable.
    pub fn header(&self, name: HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        values
            .next()
            .is_none()
            .then(|| first.to_str().ok())
            .flatten()
    }

    /// The `Authorization` header.
    ///
    /// Two of them, or an unreadable one, are malformed credentials, never absent ones.
    pub fn authorization(&self) -> Option<&str> {
        if !self.headers.contains_key(header::AUTHORIZATION) {
            return None;
        }
        Some(self.header(header::AUTHORIZATION).unwrap_or("malformed"))
    }

    /// The browser's `ST` cookie.
    pub fn browser_token(&self) -> Option<BrowserToken> {
        cookies::browser_token(&self.headers)
    }

    /// The value of the `ST` cookie, of whatever form.
    pub fn session_cookie(&self) -> Option<String> {
        cookies::session_cookie(&self.headers)
    }

    /// Whether the caller would rather read JSON than a page: it names JSON and not HTML, or it is
    /// one of Ping's SDKs, which name nothing.
    /// Source: `reference/oidc.md` 3.10 (`X-Requested-With`).
    pub fn prefers_json(&self) -> bool {
        let by = self.header(HeaderName::from_static("x-requested-with"));
        if matches!(by, Some("ping-sdk" | "forgerock-sdk")) {
            return true;
        }
        let accept = self
            .header(header::ACCEPT)
            .unwrap_or_default()
            .to_ascii_lowercase();
        accept.contains("json") && !accept.contains("text/html")
    }

    /// Whether the caller would rather read a page: it names HTML, as browsers do that go somewhere
    /// and scripts do not.
    pub fn prefers_a_page(&self) -> bool {
        let accept = self.header(header::ACCEPT).unwrap_or_default();
        accept.to_ascii_lowercase().contains("text/html")
    }
}
