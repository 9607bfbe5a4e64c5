//! Cookies as browsers keep them (RFC 6265), for hosts without a public suffix.

use std::time::Duration;

use countersign_domain::time::Time;
use url::{Host, Url};

/// A cookie that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host that set it; sent to no other.
    pub host: String,
    /// Sent to this path and below.
    pub path: String,
    /// Sent over https only, and to the loopback.
    pub secure: bool,
    /// Out of reach of scripts.
    pub http_only: bool,
    /// `Strict`, `Lax` or `None`, as written.
    pub same_site: Option<String>,
    /// When it ceases; `None` is the end of the browser's session.
    pub expires_at: Option<Time>,
}

/// The cookies of a profile.
#[derive(Debug, Default, Clone)]
pub struct Jar {
    cookies: Vec<StoredCookie>,
}

impl Jar {
    /// All of them.
    pub fn all(&self) -> &[StoredCookie] {
        &self.cookies
    }

    /// Takes a cookie in from elsewhere.
    pub fn plant(&mut self, cookie: StoredCookie) {
        self.cookies.retain(|old| {
            (&old.name, &old.host, &old.path) != (&cookie.name, &cookie.host, &cookie.path)
        });
        self.cookies.push(cookie);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Those that a request to `url` carries, longest path first.
    pub fn for_url<'a>(&'a self, url: &Url, now: Time) -> impl Iterator<Item = &'a StoredCookie> {
        let mut found: Vec<&StoredCookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.expires_at.is_none_or(|at| now < at))
            .filter(|cookie| Some(cookie.host.as_str()) == url.host_str())
            .filter(|cookie| covers(&cookie.path, url.path()))
            .filter(|cookie| !cookie.secure || is_trustworthy(url))
            .collect();
        found.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        found.into_iter()
    }

    /// Obeys a `Set-Cookie` header.
    pub fn store(&mut self, url: &Url, header: &str, now: Time) {
        let Ok(parsed) = cookie::Cookie::parse(header) else {
            return;
        };
        if parsed.secure() == Some(true) && !is_trustworthy(url) {
            return;
        }
        let lifetime = parsed.max_age().map(|age| {
            now.plus(Duration::from_secs(
                age.whole_seconds().try_into().unwrap_or(0),
            ))
        });
        let date = parsed
            .expires_datetime()
            .map(|date| Time::from_seconds(date.unix_timestamp()));
        let host = url.host_str().unwrap_or_default();
        let path = match parsed.path() {
            Some(path) if path.starts_with('/') => path.to_owned(),
            _ => default_path(url.path()),
        };
        self.plant(StoredCookie {
            name: parsed.name().to_owned(),
            value: parsed.value().to_owned(),
            host: host.to_owned(),
            path,
            secure: parsed.secure() == Some(true),
            http_only: parsed.http_only() == Some(true),
            same_site: parsed.same_site().map(|same_site| same_site.to_string()),
            expires_at: lifetime.or(date),
        });
        self.cookies
            .retain(|cookie| cookie.expires_at.is_none_or(|at| now < at));
    }
}

/// Browsers treat the loopback like https.
fn is_trustworthy(url: &Url) -> bool {
    url.scheme() == "https"
        || match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
}

fn covers(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

fn default_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(jar: &Jar, url: &str, now: Time) -> Vec<String> {
        let url = Url::parse(url).unwrap();
        jar.for_url(&url, now)
            .map(|cookie| cookie.name.clone())
            .collect()
    }

    #[test]
    fn a_cookie_goes_to_its_path_and_below_until_it_expires() {
        let url = Url::parse("http://localhost:8080/env/as/authorize").unwrap();
        let mut jar = Jar::default();
        jar.store(&url, "ST=a; Path=/env; HttpOnly; Max-Age=10", Time::EPOCH);
        jar.store(&url, "other=b; Secure", Time::EPOCH);
        assert_eq!(
            names(&jar, "http://localhost/env/flows", Time::EPOCH),
            ["ST"]
        );
        assert_eq!(
            names(&jar, "http://localhost/environment", Time::EPOCH),
            [""; 0]
        );
        assert_eq!(
            names(&jar, "http://localhost/env/as/x", Time::EPOCH),
            ["other", "ST"]
        );
        assert_eq!(names(&jar, "http://127.0.0.1/env", Time::EPOCH), [""; 0]);
        assert_eq!(
            names(&jar, "http://localhost/env", Time::from_seconds(10)),
            [""; 0]
        );
    }
}
