//! Requests to a custom domain, where no path names the environment: the host says which it is.
//!
//! The host selects among configured names and is used for nothing else: whatever is answered there
//! is made of configuration (`threats.md` 36). A path that names its environment is served as it is
//! on every host.
//!
//! Source: `reference/oidc.md` 2.

use std::sync::Arc;

use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, Request, header};

use crate::App;

/// First steps of the paths that a custom domain has.
const FIRST: &[&str] = &[
    "as",
    "device",
    "flows",
    "images",
    "rp",
    "signon",
    "theme.css",
];
/// RFC 8414: the well-known part comes before the issuer's path.
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// The custom domain that a request came to, an extension of it.
#[derive(Debug, Clone)]
pub struct AtDomain(pub Arc<str>);

/// Gives a request to a custom domain the path that it has on the server's own host, and remembers
/// the domain. All other requests stay as they are.
pub async fn select<B>(app: &App, request: &mut Request<B>) {
    let path = request.uri().path();
    let Some(prefix) = prefix(path) else {
        return;
    };
    let Some(host) = host(request.uri(), request.headers()) else {
        return;
    };
    let found = app.configuration.environment_at(&host, app.now()).await;
    let env = match found {
        Ok(Some(env)) => env,
        Ok(None) => return,
        Err(fault) => {
            tracing::error!(%fault, "custom domains cannot be looked up");
            return;
        }
    };
    let rest = path.strip_prefix(prefix).unwrap_or(path);
    let query = request.uri().query();
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let Ok(path) = PathAndQuery::try_from(format!("{prefix}/{env}{rest}{query}")) else {
        return;
    };
    *request.uri_mut() = Uri::from(path);
    request.extensions_mut().insert(AtDomain(host.into()));
}

/// What stays before the environment's id, if the path is one of a custom domain.
fn prefix(path: &str) -> Option<&'static str> {
    if path.strip_prefix(METADATA) == Some("/as") {
        return Some(METADATA);
    }
    let first = path.get(1..)?.split('/').next()?;
    FIRST.contains(&first).then_some("")
}

/// The host that a request is for, in small letters and without a port: of the target (HTTP/2's
/// `:authority`), else of the one `Host`. What proxies say of it is never looked at.
///
/// Spec: RFC 9112 3.2.2, 3.2.3; RFC 9113 8.3.1.
fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    if let Some(host) = uri.host() {
        return Some(host.to_ascii_lowercase());
    }
    let mut values = headers.get_all(header::HOST).iter();
    let one = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let name = match one.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => one,
    };
    Some(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn threat_36_a_host_is_one_name() {
        let host_of = |target: &str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_str(host).unwrap());
            }
            host(&target.parse().unwrap(), &headers)
        };
        for (target, hosts, expected) in [
            (
                "/as/token",
                &["Login.Shop.example:8443"][..],
                Some("login.shop.example"),
            ),
            (
                "/as/token",
                &["login.shop.example"],
                Some("login.shop.example"),
            ),
            (
                "https://a.example/as/token",
                &["b.example"],
                Some("a.example"),
            ),
            ("/as/token", &["a.example", "b.example"], None),
            ("/as/token", &[], None),
            ("/as/token", &["[::1]:80"], Some("[::1]")),
            ("/as/token", &["a.example:x"], Some("a.example:x")),
        ] {
            assert_eq!(
                host_of(target, hosts).as_deref(),
                expected,
                "{target} {hosts:?}"
            );
        }
    }

    #[test]
    fn only_paths_without_an_environment_are_the_hosts() {
        for (path, expected) in [
            ("/as/authorize", Some("")),
            ("/flows/x", Some("")),
            ("/signon/", Some("")),
            ("/signon", Some("")),
            ("/theme.css", Some("")),
            ("/.well-known/oauth-authorization-server/as", Some(METADATA)),
            ("/.well-known/oauth-authorization-server/x/as", None),
            ("/v1/environments", None),
            ("/assets/page.css", None),
            ("/ast", None),
            ("/", None),
            ("*", None),
        ] {
            assert_eq!(prefix(path), expected, "{path}");
        }
    }
}
