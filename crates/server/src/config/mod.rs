//! Configuration: defaults, below `countersign.toml`, below the environment, below the flags. What
//! comes out is checked: a [`Config`] can be used as it is.

mod file;
mod mail;
mod master_key;
mod nearest;
mod raw;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use countersign_protocol::urls::Urls;
use countersign_store::Database;
use ipnet::IpNet;
use secrecy::ExposeSecret;
use url::Url;

pub use file::{DEFAULT as DEFAULT_FILE, keys};
pub use master_key::MasterKey;
pub use nearest::nearest;
pub use raw::{LogFormat, RawConfig};

use crate::listen::limits::Limits;
use crate::mail::MailOptions;

/// The port of a server that was told none.
pub const DEFAULT_PORT: u16 = 9400;

/// MiB of documents that SQLite keeps at hand: those of some 10,000 people who are signing on, or
/// are read by a program.
const DEFAULT_CACHE_MIB: u32 = 64;

/// Days that audit events are kept.
///
/// Source: PingOne's audit page: events of the last two years can be asked for.
const DEFAULT_AUDIT_DAYS: u64 = 730;

/// The options of a server, checked.
#[derive(Debug)]
pub struct Config {
    /// Where the product is served, at least one address.
    pub listen: Vec<SocketAddr>,
    /// Where `/metrics` is served, if anywhere.
    pub admin_listen: Option<SocketAddr>,
    /// Public base URLs, as far as they were given.
    pub urls: UrlOptions,
    /// Where documents live.
    pub database: Database,
    /// Most MiB of documents that SQLite keeps at hand.
    pub cache_mib: u32,
    /// Certificate chain and key files, when TLS is on.
    pub tls: Option<TlsFiles>,
    /// Files to import at start, in order.
    pub import: Vec<PathBuf>,
    /// Seals secrets at rest; `None` only with the memory database, where a random one will do.
    pub master_key: Option<MasterKey>,
    /// More certificate authorities for outgoing calls.
    pub extra_ca: Option<PathBuf>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where mail goes, and from whom.
    pub mail: MailOptions,
    /// Private networks that outgoing calls may reach.
    pub private_egress: Vec<IpNet>,
    /// Deadlines and caps of the listener.
    pub limits: Limits,
    /// How long audit events are kept.
    pub audit_retention: Duration,
    /// Requests to the management API per second and environment; 0 is no limit.
    pub api_rate: u32,
    /// What is logged and how it looks.
    pub log: LogOptions,
}

/// Public base URLs as they were given: absolute, without query, fragment and trailing slash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlOptions {
    /// Base of `/{envID}/as` and flows.
    pub auth: Option<Url>,
    /// Base of `/v1`.
    pub api: Option<Url>,
    /// Base of the pages.
    pub apps: Option<Url>,
    /// Base of pictures.
    pub uploads: Option<Url>,
}

/// The files of the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub cert: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

/// Options of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// How lines look.
    pub format: LogFormat,
    /// Which lines there are.
    pub filter: String,
}

impl Config {
    /// Reads the configuration file below `above` (flags and environment) and checks the sum.
    pub fn load(above: RawConfig) -> anyhow::Result<Self> {
        let below = below(&above)?;
        Self::resolve(above.over(below))
    }

    /// Checks options whose layers are merged already.
    pub fn resolve(raw: RawConfig) -> anyhow::Result<Self> {
        let mut listen = Vec::new();
        for address in &raw.listen {
            listen.push(values::listen(address).context("listen")?);
        }
        if listen.is_empty() {
            listen.push((Ipv4Addr::LOCALHOST, DEFAULT_PORT).into());
        }
        let database = match &raw.database {
            Some(text) => text.expose_secret().parse().context("database")?,
            None => Database::Sqlite("countersign.db".into()),
        };
        let tls = match (raw.tls_cert.clone(), raw.tls_key.clone()) {
            (Some(cert), Some(key)) => Some(TlsFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => bail!("tls-cert is given without tls-key"),
            (None, Some(_)) => bail!("tls-key is given without tls-cert"),
        };
        let master_key = MasterKey::find(raw.master_key_text(), raw.master_key_file.as_deref())?;
        if master_key.is_none() && !matches!(database, Database::Memory) {
            bail!(
                "no master key: it encrypts private keys and client secrets in the database. Make \
                 one with `countersign keygen --out master.key` and name it with \
                 --master-key-file master.key; keep a copy apart from the database"
            );
        }
        let defaults = Limits::default();
        Ok(Self {
            listen,
            admin_listen: raw
                .admin_listen
                .as_deref()
                .map(values::listen)
                .transpose()
                .context("admin-listen")?,
            urls: UrlOptions {
                auth: values::base_url(raw.auth_url.as_deref()).context("auth-url")?,
                api: values::base_url(raw.api_url.as_deref()).context("api-url")?,
                apps: values::base_url(raw.apps_url.as_deref()).context("apps-url")?,
                uploads: values::base_url(raw.uploads_url.as_deref()).context("uploads-url")?,
            },
            database,
            cache_mib: raw.cache_mib.unwrap_or(DEFAULT_CACHE_MIB),
            tls,
            import: raw.import,
            master_key,
            mail: mail::options(
                raw.smtp_url.as_ref(),
                raw.smtp_from.as_deref(),
                raw.mail_dir,
            )?,
            extra_ca: raw.extra_ca,
            trusted_proxies: values::networks(&raw.trusted_proxy).context("trusted-proxy")?,
            private_egress: values::networks(&raw.allow_private_egress)
                .context("allow-private-egress")?,
            limits: Limits {
                drain: raw
                    .drain_seconds
                    .map_or(defaults.drain, Duration::from_secs),
                ..defaults
            },
            api_rate: raw.api_rate.unwrap_or(0),
            audit_retention: Duration::from_hours(
                24 * raw.audit_days.unwrap_or(DEFAULT_AUDIT_DAYS).max(1),
            ),
            log: LogOptions {
                format: raw.log_format.unwrap_or_default(),
                filter: raw.log.unwrap_or_else(|| "info".to_owned()),
            },
        })
    }

    /// The first public address as it was asked for.
    pub fn first_address(&self) -> SocketAddr {
        let default = (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into();
        self.listen.first().copied().unwrap_or(default)
    }

    /// The public base URLs, given the first address as it was bound.
    pub fn public_urls(&self, first: SocketAddr) -> anyhow::Result<Urls> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let default = Url::parse(&format!("{scheme}://localhost:{}", first.port()))?;
        let auth = self.urls.auth.as_ref().unwrap_or(&default);
        let api = self.urls.api.as_ref().unwrap_or(auth);
        let apps = self.urls.apps.as_ref().unwrap_or(auth);
        let uploads = self.urls.uploads.as_ref().unwrap_or(auth);
        Ok(Urls::new(auth, api, apps).with_uploads(uploads))
    }
}

/// The configuration file, if there is one.
fn below(above: &RawConfig) -> anyhow::Result<RawConfig> {
    match &above.config {
        Some(path) => file::read(path),
        None if Path::new(file::DEFAULT).exists() => file::read(Path::new(file::DEFAULT)),
        None => Ok(RawConfig::default()),
    }
}

/// The database that the options name, if they name one: enough for commands that read what is
/// not secret.
pub fn database_of(above: RawConfig) -> anyhow::Result<Option<Database>> {
    let below = below(&above)?;
    let text = above.over(below).database;
    text.map(|text| text.expose_secret().parse().context("database"))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> RawConfig {
        RawConfig {
            database: Some("memory:".into()),
            ..RawConfig::default()
        }
    }

    fn refusal(raw: RawConfig) -> String {
        format!("{:#}", Config::resolve(raw).unwrap_err())
    }

    #[test]
    fn the_public_urls_follow_the_real_port() {
        let config = Config::resolve(memory()).unwrap();
        let urls = config
            .public_urls("127.0.0.1:4711".parse().unwrap())
            .unwrap();
        assert_eq!(urls.auth(), "http://localhost:4711");
        assert_eq!(urls.apps(), "http://localhost:4711");
    }

    #[test]
    fn one_public_url_serves_for_all() {
        let raw = RawConfig {
            auth_url: Some("https://id.example.com/base/".to_owned()),
            ..memory()
        };
        let config = Config::resolve(raw).unwrap();
        let urls = config
            .public_urls("127.0.0.1:4711".parse().unwrap())
            .unwrap();
        assert_eq!(urls.auth(), "https://id.example.com/base");
        assert_eq!(urls.api(), "https://id.example.com/base");
    }

    #[test]
    fn a_database_that_lasts_needs_a_master_key() {
        let raw = RawConfig {
            database: Some("sqlite:x.db".into()),
            ..RawConfig::default()
        };
        assert!(refusal(raw).contains("countersign keygen"));
    }

    #[test]
    fn refusals_name_the_option() {
        for (raw, expected) in [
            (
                RawConfig {
                    listen: vec!["nonsense".into()],
                    ..memory()
                },
                "listen: ",
            ),
            (
                RawConfig {
                    api_url: Some("/v1".into()),
                    ..memory()
                },
                "api-url: ",
            ),
            (
                RawConfig {
                    trusted_proxy: vec!["10/8".into()],
                    ..memory()
                },
                "trusted-proxy: ",
            ),
            (
                RawConfig {
                    tls_cert: Some("c".into()),
                    ..memory()
                },
                "tls-cert is given without",
            ),
            (
                RawConfig {
                    database: Some("mysql://x".into()),
                    ..memory()
                },
                "database: ",
            ),
            (
                RawConfig {
                    master_key: Some("short".into()),
                    ..memory()
                },
                "master-key: ",
            ),
        ] {
            let refusal = refusal(raw);
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }
}
