//! The guarded way out: URLs that customers can set are fetched through here and nowhere else.
//!
//! Only addresses of the public Internet are reached, unless `--allow-private-egress` names their
//! network. The check is made on the resolved addresses and the connection goes to one of exactly
//! these, so a name that changes its mind between check and connection gains nothing
//! (`threats.md` 15).

mod address;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use countersign_domain::ports::{BoxFuture, Fetch, FetchError, Fetched, Outgoing};
use http::HeaderValue;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use secrecy::ExposeSecret;
use url::{Host, Url};

/// From the first packet to the last byte of the answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// To an established connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(4);

/// The guarded HTTP client.
#[derive(Debug)]
pub struct Guarded {
    allowed: Allowed,
    extra_ca: Option<PathBuf>,
    deadline: Duration,
    /// Made at first use: loading the machine's certificate authorities costs time and memory that
    /// a server which never calls out does not spend.
    client: OnceLock<reqwest::Client>,
    /// For webhooks that are set to trust any certificate. Addresses are checked all the same.
    credulous: OnceLock<reqwest::Client>,
}

/// Which addresses may be reached beyond the public ones.
#[derive(Debug, Clone)]
pub(crate) struct Allowed(Arc<[IpNet]>);

impl Allowed {
    /// The networks of `--allow-private-egress`, and the public Internet.
    pub(crate) fn new(allow_private: &[IpNet]) -> Self {
        Self(allow_private.into())
    }

    /// The addresses of a name that may be reached.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((host, port)).await?;
        Ok(found.filter(|it| self.permits(it.ip())).collect())
    }

    fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address::is_public(address) || self.0.iter().any(|net| net.contains(&address))
    }
}

impl Guarded {
    /// A client that may also reach the networks of `allow_private` and that also trusts the
    /// certificate authorities in `extra_ca`. The file is read now, so that a mistake shows at
    /// start.
    pub fn new(allow_private: &[IpNet], extra_ca: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(file) = &extra_ca {
            authorities(file)?;
        }
        Ok(Self {
            allowed: Allowed::new(allow_private),
            extra_ca,
            deadline: DEADLINE,
            client: OnceLock::new(),
            credulous: OnceLock::new(),
        })
    }

    fn client(&self, credulous: bool) -> anyhow::Result<&reqwest::Client> {
        let place = if credulous {
            &self.credulous
        } else {
            &self.client
        };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        let extra = match &self.extra_ca {
            Some(file) => authorities(file)?,
            None => Vec::new(),
        };
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(Resolver(self.allowed.clone()))
            .connect_timeout(CONNECT_DEADLINE)
            .timeout(self.deadline)
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(extra)
            .tls_danger_accept_invalid_certs(credulous)
            .build()?;
        Ok(place.get_or_init(|| client))
    }

    async fn call(&self, call: Outgoing<'_>) -> Result<Fetched, FetchError> {
        let (url, max_bytes) = (call.url, call.max_bytes);
        let is_for_the_status = call.is_for_the_status;
        self.check(url)?;
        let client = self
            .client(call.trusts_any_certificate)
            .map_err(|error| FetchError::Failed(format!("{error:#}")))?;
        let mut response = request(client, call)?.send().await.map_err(failed)?;
        let body = match body(&mut response, max_bytes).await {
            Err(_) if is_for_the_status => Vec::new(),
            body => body?,
        };
        let content_type = response
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Ok(Fetched {
            status: response.status().as_u16(),
            content_type,
            body,
        })
    }

    /// What can be said of a URL without resolving its name. Addresses written as such never reach
    /// the resolver.
    fn check(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Refused("only http and https are fetched"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Refused("the URL carries credentials"));
        }
        let literal: IpAddr = match url.host() {
            None => return Err(FetchError::Refused("the URL has no host")),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
        };
        if self.allowed.permits(literal) {
            Ok(())
        } else {
            Err(NOT_PUBLIC)
        }
    }
}

/// The body of an answer, whole.
async fn body(response: &mut reqwest::Response, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
    let most = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    if response.content_length().is_some_and(|it| it > most) {
        return Err(FetchError::TooLarge(max_bytes));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > max_bytes {
            return Err(FetchError::TooLarge(max_bytes));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

const NOT_PUBLIC: FetchError = FetchError::Refused("the address is not a public one");

impl Fetch for Guarded {
    fn send<'a>(&'a self, call: Outgoing<'a>) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        Box::pin(self.call(call))
    }
}

fn request(
    client: &reqwest::Client,
    call: Outgoing<'_>,
) -> Result<reqwest::RequestBuilder, FetchError> {
    let mut request = match call.body {
        None => client.get(call.url.clone()),
        Some((content_type, body)) => client
            .post(call.url.clone())
            .header(http::header::CONTENT_TYPE, content_type)
            .body(body.expose_secret().to_owned()),
    };
    for (name, value) in call.headers {
        let value = HeaderValue::from_str(value.expose_secret());
        let mut value = value.map_err(|_| FetchError::Refused("a header cannot be sent"))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    Ok(request)
}

fn authorities(file: &PathBuf) -> anyhow::Result<Vec<reqwest::Certificate>> {
    let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let found = reqwest::Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("no certificates in PEM form in {}", file.display()))?;
    anyhow::ensure!(
        !found.is_empty(),
        "no certificates in PEM form in {}",
        file.display()
    );
    Ok(found)
}

/// Names only, and only their permitted addresses.
struct Resolver(Allowed);

#[derive(Debug, thiserror::Error)]
#[error("no permitted address")]
struct NoneAllowed;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.clone();
        Box::pin(async move {
            let permitted = allowed.resolve(name.as_str(), 0).await?;
            if permitted.is_empty() {
                return Err(NoneAllowed.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn failed(error: reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TimedOut;
    }
    // The URL may hold a secret, and who reads of the failure may not be who set it.
    let error = error.without_url();
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = source {
        if cause.is::<NoneAllowed>() {
            return NOT_PUBLIC;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    FetchError::Failed(text)
}

#[cfg(test)]
mod tests;
