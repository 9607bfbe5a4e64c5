//! Every absolute URL this server emits. Built from configuration alone: no request header is ever
//! looked at (`threats.md` 36).

use countersign_domain::ids::{
    ApplicationId, CustomDomainId, EnvId, FlowId, IdentityProviderId, ImageId,
};
use url::Url;

/// The public base URLs, without a trailing slash: of the server, or of an environment on a custom
/// domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urls {
    auth: String,
    api: String,
    apps: String,
    uploads: String,
    https: bool,
    loopback: bool,
    port: Option<u16>,
    /// The hosts of all of them.
    hosts: Vec<String>,
    /// Whether paths name the environment: not where the host does.
    names_environment: bool,
}

impl Urls {
    /// From validated base URLs. Pictures are at the first one.
    pub fn new(auth: &Url, api: &Url, apps: &Url) -> Self {
        Self {
            uploads: trim(auth),
            https: auth.scheme() == "https",
            loopback: auth.host().as_ref().is_some_and(is_loopback),
            port: auth.port(),
            hosts: [auth, api, apps]
                .iter()
                .filter_map(|url| url.host_str())
                .map(str::to_owned)
                .collect(),
            names_environment: true,
            auth: trim(auth),
            api: trim(api),
            apps: trim(apps),
        }
    }

    /// The same with pictures at another base URL.
    #[must_use]
    pub fn with_uploads(mut self, uploads: &Url) -> Self {
        self.uploads = trim(uploads);
        self.hosts.extend(uploads.host_str().map(str::to_owned));
        self
    }

    /// The same on a custom domain, which stands for the authentication host, the pages' host and
    /// the environment's id; the management API stays where it is.
    ///
    /// Decision: scheme and port are those of the authentication URL, so that a custom domain can be
    /// tried on a laptop; PingOne has https alone.
    ///
    /// Source: `reference/oidc.md` 2.
    #[must_use]
    pub fn on_domain(&self, domain: &str) -> Self {
        let scheme = if self.https { "https" } else { "http" };
        let port = self
            .port
            .map_or_else(String::new, |port| format!(":{port}"));
        let base = format!("{scheme}://{domain}{port}");
        Self {
            auth: base.clone(),
            apps: base,
            names_environment: false,
            ..self.clone()
        }
    }

    /// Whether a host is one of the server's own, in small letters and without a port.
    pub fn is_own_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|own| own == host)
    }

    /// What the DNS must say a custom domain is an alias for. Whoever can make it say so has the
    /// domain, and no other custom domain has this name.
    ///
    /// Source: Ping's Terraform provider, which expects `{id}.{word}.pingone.{tld}.`
    pub fn canonical_name(&self, domain: CustomDomainId) -> String {
        let host = self.hosts.first().map_or("", String::as_str);
        format!("{domain}.{host}.")
    }

    /// How paths of an environment begin: `/{envID}`, or nothing on a custom domain.
    pub fn path(&self, env: EnvId) -> String {
        if self.names_environment {
            format!("/{env}")
        } else {
            String::new()
        }
    }

    /// What stands before `/as`, `/flows`, `/rp` and `/device`.
    fn root(&self, env: EnvId) -> String {
        format!("{}{}", self.auth, self.path(env))
    }

    /// Base of `/{envID}/as`, `/{envID}/flows`; on a custom domain of `/as`, `/flows`.
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

    /// Base of `/environments/{envID}/images`.
    pub fn uploads(&self) -> &str {
        &self.uploads
    }

    /// The name under which a picture is served: two ids and what PingOne calls its size.
    ///
    /// Source: the acceptance tests of Ping's Terraform provider.
    pub fn image(&self, env: EnvId, image: ImageId) -> String {
        let uploads = &self.uploads;
        format!("{uploads}/environments/{env}/images/{env}_{image}_original.png")
    }

    /// The issuer of an environment (`reference/oidc.md` 2).
    pub fn issuer(&self, env: EnvId) -> String {
        format!("{}/as", self.root(env))
    }

    /// A flow; all its action links are this URL.
    pub fn flow(&self, env: EnvId, flow: FlowId) -> String {
        format!("{}/flows/{flow}", self.root(env))
    }

    /// Where a person connects a device; `path` is of characters that stand for themselves.
    pub fn device_page(&self, env: EnvId, path: &str) -> String {
        format!("{}/device/{path}", self.root(env))
    }

    /// Where a finished flow is turned into the authorization response.
    pub fn resume(&self, env: EnvId, flow: FlowId) -> String {
        format!("{}/as/resume?flowId={flow}", self.root(env))
    }

    /// The hosted sign-on page. The environment is in the path and in the query: pages of PingOne
    /// document either (`reference/oidc.md` C2); on a custom domain it is in neither. The
    /// application, which PingOne does not name there, is who the page leads back to when the flow is
    /// gone by then; nobody, while a flow that connects a device knows none.
    pub fn sign_on_page(&self, env: EnvId, flow: FlowId, client: ApplicationId) -> String {
        let (apps, path) = (&self.apps, self.path(env));
        let named = if self.names_environment {
            format!("environmentId={env}&")
        } else {
            String::new()
        };
        let query = Self::sign_on_query(flow, client);
        format!("{apps}{path}/signon/?{named}{query}")
    }

    /// What the address of the sign-on page says of a flow, for links from one of its faces to
    /// another.
    pub fn sign_on_query(flow: FlowId, client: ApplicationId) -> String {
        if client.uuid().is_nil() {
            // A device may be connected on a page of no application.
            return format!("flowId={flow}");
        }
        format!("flowId={flow}&client_id={client}")
    }

    /// The same page on the authentication host, for a visit without the cookie of that host, with
    /// what its query said.
    pub fn sign_on_page_of_auth(
        &self,
        env: EnvId,
        flow: FlowId,
        client: Option<ApplicationId>,
    ) -> String {
        let query = match client {
            Some(client) => Self::sign_on_query(flow, client),
            None => format!("flowId={flow}"),
        };
        format!("{}/signon/?{query}&host=auth", self.root(env))
    }

    /// Where a flow's browser is sent off to an identity provider.
    pub fn rp_authenticate(
        &self,
        env: EnvId,
        provider: IdentityProviderId,
        flow: FlowId,
    ) -> String {
        let root = self.root(env);
        format!("{root}/rp/authenticate?providerId={provider}&flowId={flow}")
    }

    /// Where an OpenID provider sends it back: our redirect URI there.
    pub fn rp_callback(&self, env: EnvId) -> String {
        format!("{}/rp/callback/openid_connect", self.root(env))
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

fn trim(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
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
    fn on_a_custom_domain_no_path_names_the_environment() {
        let (env, flow) = (EnvId::PLATFORM, FlowId::from_uuid(uuid::Uuid::nil()));
        for (auth, base) in [
            ("https://id.example.com/base", "https://login.shop.example"),
            (
                "https://id.example.com:8443",
                "https://login.shop.example:8443",
            ),
            ("http://localhost:9400", "http://login.shop.example:9400"),
        ] {
            let own = urls(auth);
            let there = own.on_domain("login.shop.example");
            assert_eq!(there.issuer(env), format!("{base}/as"));
            assert_eq!(there.flow(env, flow), format!("{base}/flows/{flow}"));
            assert_eq!(
                there.resume(env, flow),
                format!("{base}/as/resume?flowId={flow}")
            );
            assert_eq!(there.device_page(env, "x"), format!("{base}/device/x"));
            let client = ApplicationId::from_uuid(uuid::Uuid::nil());
            let page = there.sign_on_page(env, flow, client);
            assert!(
                page.starts_with(&format!("{base}/signon/?flowId=")),
                "{page}"
            );
            assert!(!page.contains("environmentId"), "{page}");
            let callback = format!("{base}/rp/callback/openid_connect");
            assert_eq!(there.rp_callback(env), callback);
            assert_eq!((there.path(env).as_str(), there.api()), ("", own.api()));
            assert_eq!(there.is_plain_loopback(), own.is_plain_loopback());
            let host = own.canonical_name(CustomDomainId::from_uuid(uuid::Uuid::nil()));
            assert_eq!(
                host,
                there.canonical_name(CustomDomainId::from_uuid(uuid::Uuid::nil()))
            );
        }
        let own = urls("https://id.example.com");
        assert!(own.is_own_host("id.example.com") && !own.is_own_host("login.shop.example"));
    }

    #[test]
    fn pictures_have_a_base_of_their_own() {
        let (env, image) = (EnvId::PLATFORM, ImageId::from_uuid(uuid::Uuid::nil()));
        let zero = "00000000-0000-0000-0000-000000000000";
        let path = format!("/environments/{zero}/images/{zero}_{zero}_original.png");
        let urls = urls("https://id.example.com");
        let expected = format!("https://id.example.com{path}");
        assert_eq!(urls.image(env, image), expected);
        let own: Url = "https://pictures.example.com/".parse().unwrap();
        let urls = urls.with_uploads(&own);
        let expected = format!("https://pictures.example.com{path}");
        assert_eq!(urls.image(env, image), expected);
        assert!(urls.issuer(env).starts_with("https://id.example.com/"));
        // Its host is no custom domain.
        assert!(urls.is_own_host("pictures.example.com") && urls.is_own_host("id.example.com"));
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
