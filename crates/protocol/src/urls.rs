//! Every absolute URL this server emits. Built from configuration alone: no request header is ever
//! looked at (`threats.md` 36).

use countersign_domain::ids::{ApplicationId, EnvId, FlowId, IdentityProviderId};
use url::Url;

/// The public base URLs, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    auth: String,
    api: String,
    apps: String,
    https: bool,
    loopback: bool,
}

impl Urls {
    /// From validated base URLs.
    pub fn new(auth: &Url, api: &Url, apps: &Url) -> Self {
        let trim = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        Self {
            https: auth.scheme() == "https",
            loopback: auth.host().as_ref().is_some_and(is_loopback),
            auth: trim(auth),
            api: trim(api),
            apps: trim(apps),
        }
    }

    /// Base of `/{envID}/as`, `/{envID}/flows`.
    pub fn auth(&self) -> &str {
        &self.auth
    }

    /// Base of `/v1`; also the audience of tokens for the PingOne API resource.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Base of the pages people see.
    pub fn apps(&self) -> &str {
        &self.apps
    }

    /// The issuer of an environment (`reference/oidc.md` 2).
    pub fn issuer(&self, env: EnvId) -> String {
        format!("{}/{env}/as", self.auth)
    }

    /// A flow; all its action links are this URL.
    pub fn flow(&self, env: EnvId, flow: FlowId) -> String {
        format!("{}/{env}/flows/{flow}", self.auth)
    }

    /// Where a person connects a device; `path` is of characters that stand for themselves.
    pub fn device_page(&self, env: EnvId, path: &str) -> String {
        format!("{}/{env}/device/{path}", self.auth)
    }

    /// Where a finished flow is turned into the authorization response.
    pub fn resume(&self, env: EnvId, flow: FlowId) -> String {
        format!("{}/{env}/as/resume?flowId={flow}", self.auth)
    }

    /// The hosted sign-on page. The environment is in the path and in the query: pages of PingOne
    /// document either (`reference/oidc.md` C2). The application, which PingOne does not name there,
    /// is who the page leads back to when the flow is gone by then.
    pub fn sign_on_page(&self, env: EnvId, flow: FlowId, client: ApplicationId) -> String {
        format!(
            "{}/{env}/signon/?environmentId={env}&flowId={flow}&client_id={client}",
            self.apps
        )
    }

    /// Where a flow's browser is sent off to an identity provider.
    pub fn rp_authenticate(
        &self,
        env: EnvId,
        provider: IdentityProviderId,
        flow: FlowId,
    ) -> String {
        let auth = &self.auth;
        format!("{auth}/{env}/rp/authenticate?providerId={provider}&flowId={flow}")
    }

    /// Where an OpenID provider sends it back: our redirect URI there.
    pub fn rp_callback(&self, env: EnvId) -> String {
        format!("{}/{env}/rp/callback/openid_connect", self.auth)
    }

    /// An application's own sign-on page (`loginPageUrl`), with the two parameters it is told.
    /// `None` when the registered URL is not one.
    pub fn login_page(&self, login_page: &str, env: EnvId, flow: FlowId) -> Option<String> {
        let mut url = Url::parse(login_page).ok()?;
        url.query_pairs_mut()
            .append_pair("environmentId", &env.to_string())
            .append_pair("flowId", &flow.to_string());
        Some(url.into())
    }

    /// Whether the authentication host is reached over plain http on this very machine, the one
    /// case in which cookies go without `Secure` (`reference/rulings.md` 15).
    pub fn is_plain_loopback(&self) -> bool {
        self.loopback && !self.https
    }

    /// Whether browsers may be told to insist on https: never for this very machine, where the
    /// order would hit every other service on it.
    pub fn insists_on_https(&self) -> bool {
        self.https && !self.loopback
    }
}

fn is_loopback<S: AsRef<str>>(host: &url::Host<S>) -> bool {
    match host {
        url::Host::Domain(name) => {
            let name = name.as_ref();
            name == "localhost" || name.ends_with(".localhost")
        }
        url::Host::Ipv4(ip) => ip.is_loopback(),
        url::Host::Ipv6(ip) => ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(auth: &str) -> Urls {
        let url: Url = auth.parse().unwrap();
        Urls::new(&url, &url, &url)
    }

    #[test]
    fn this_machine_is_never_told_to_insist_on_https() {
        for (auth, plain_loopback, insists) in [
            ("http://localhost:9400", true, false),
            ("http://127.0.0.1:9400/", true, false),
            ("http://[::1]:9400", true, false),
            ("https://localhost:9400", false, false),
            ("https://id.example.com", false, true),
            ("http://id.example.com", false, false),
            ("http://localhost.example.com", false, false),
        ] {
            let urls = urls(auth);
            assert_eq!(urls.is_plain_loopback(), plain_loopback, "{auth}");
            assert_eq!(urls.insists_on_https(), insists, "{auth}");
        }
    }

    #[test]
    fn a_login_page_keeps_its_query() {
        let env = EnvId::PLATFORM;
        let flow = FlowId::from_uuid(uuid::Uuid::nil());
        let page =
            urls("https://id.example.com").login_page("https://app.example/in?a=b", env, flow);
        let zero = "00000000-0000-0000-0000-000000000000";
        let expected = format!("https://app.example/in?a=b&environmentId={zero}&flowId={zero}");
        assert_eq!(page, Some(expected));
    }
}
