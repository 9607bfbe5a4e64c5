//! The options as they are written: flags, environment variables, keys of `countersign.toml`. One
//! structure for all three, so that a name exists everywhere or nowhere.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// Options of `countersign serve`, none of them validated yet.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RawConfig {
    /// Read options from this TOML file [default: ./countersign.toml if there is one]
    #[arg(long, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,

    /// Serve on this address and port; may be given several times [default: 127.0.0.1:9400]
    #[arg(
        long,
        env = "COUNTERSIGN_LISTEN",
        value_name = "ADDR",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "one_or_more")]
    pub listen: Vec<String>,

    /// Public base URL of /{envID}/as and flows [default: http://localhost:PORT, https with TLS]
    #[arg(long, env = "COUNTERSIGN_AUTH_URL", value_name = "URL")]
    pub auth_url: Option<String>,

    /// Public base URL of /v1 [default: as --auth-url]
    #[arg(long, env = "COUNTERSIGN_API_URL", value_name = "URL")]
    pub api_url: Option<String>,

    /// Public base URL of the pages people see [default: as --auth-url]
    #[arg(long, env = "COUNTERSIGN_APPS_URL", value_name = "URL")]
    pub apps_url: Option<String>,

    /// Public base URL of pictures; best a name of its own [default: as --auth-url]
    #[arg(long, env = "COUNTERSIGN_UPLOADS_URL", value_name = "URL")]
    pub uploads_url: Option<String>,

    /// sqlite:PATH, postgres://USER:PASSWORD@HOST/NAME or memory: [default: sqlite:countersign.db]
    #[arg(
        long,
        env = "COUNTERSIGN_DATABASE",
        value_name = "DATABASE",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "secret")]
    pub database: Option<SecretString>,

    /// With SQLite: most memory for documents that are kept at hand, in MiB [default: 64]
    #[arg(long, env = "COUNTERSIGN_CACHE_MIB", value_name = "MIB")]
    pub cache_mib: Option<u32>,

    /// Certificate chain (PEM) for TLS; read again when it changes
    #[arg(long, env = "COUNTERSIGN_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key (PEM) of --tls-cert; read again when it changes
    #[arg(long, env = "COUNTERSIGN_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Import this YAML or JSON file at start, before the first request; may be given several times
    #[arg(
        long,
        env = "COUNTERSIGN_IMPORT",
        value_name = "FILE",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "one_or_more")]
    pub import: Vec<PathBuf>,

    /// The master key: 32 bytes in hex or base64. As a flag it is visible in `ps`; prefer the file
    #[arg(
        long,
        env = "COUNTERSIGN_MASTER_KEY",
        value_name = "KEY",
        hide_env_values = true,
        conflicts_with = "master_key_file"
    )]
    #[serde(deserialize_with = "secret")]
    pub master_key: Option<SecretString>,

    /// File that holds the master key; make one with `countersign keygen`
    #[arg(long, env = "COUNTERSIGN_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,

    /// Trust the certificate authorities in this PEM file, too, for outgoing calls
    #[arg(long, env = "COUNTERSIGN_EXTRA_CA", value_name = "FILE")]
    pub extra_ca: Option<PathBuf>,

    /// Believe `X-Forwarded-For` from this network; may be given several times [default: none]
    #[arg(
        long,
        env = "COUNTERSIGN_TRUSTED_PROXY",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "one_or_more")]
    pub trusted_proxy: Vec<String>,

    /// Let outgoing calls reach this private network; may be given several times [default: none]
    #[arg(
        long,
        env = "COUNTERSIGN_ALLOW_PRIVATE_EGRESS",
        value_name = "CIDR",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "one_or_more")]
    pub allow_private_egress: Vec<String>,

    /// Send mail through this server: smtps://USER:PASSWORD@HOST, or smtp://HOST for STARTTLS
    #[arg(
        long,
        env = "COUNTERSIGN_SMTP_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    #[serde(deserialize_with = "secret")]
    pub smtp_url: Option<SecretString>,

    /// Sender of mails, such as "Example <no-reply@example.com>"
    #[arg(long, env = "COUNTERSIGN_SMTP_FROM", value_name = "MAILBOX")]
    pub smtp_from: Option<String>,

    /// Write mails into this folder and into the log instead of sending them
    #[arg(long, env = "COUNTERSIGN_MAIL_DIR", value_name = "FOLDER")]
    pub mail_dir: Option<PathBuf>,

    /// Serve /metrics and /health on this address, apart from the public listeners [default: off]
    #[arg(long, env = "COUNTERSIGN_ADMIN_LISTEN", value_name = "ADDR")]
    pub admin_listen: Option<String>,

    /// How long requests in flight may take to finish after SIGTERM [default: 25]
    #[arg(long, env = "COUNTERSIGN_DRAIN_SECONDS", value_name = "SECONDS")]
    pub drain_seconds: Option<u64>,

    /// Keep audit events for so many days [default: 730]
    #[arg(long, env = "COUNTERSIGN_AUDIT_DAYS", value_name = "DAYS")]
    pub audit_days: Option<u64>,

    /// Requests to /v1 that each environment's tokens may make in a second [default: 0, no limit]
    #[arg(long, env = "COUNTERSIGN_API_RATE", value_name = "NUMBER")]
    pub api_rate: Option<u32>,

    /// How log lines look [default: auto: human on a terminal, JSON otherwise]
    #[arg(long, env = "COUNTERSIGN_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// What is logged: a level, or directives as in `info,countersign_store=debug` [default: info]
    #[arg(long, env = "COUNTERSIGN_LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl RawConfig {
    /// These options where they are given, else those of the layer below.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        // A key given twice in one layer is a list; a list given above replaces the one below.
        fn list<T>(above: Vec<T>, below: Vec<T>) -> Vec<T> {
            if above.is_empty() { below } else { above }
        }
        // The two ways to give the master key are one option: the upper layer decides.
        let (master_key, master_key_file) =
            if self.master_key.is_some() || self.master_key_file.is_some() {
                (self.master_key, self.master_key_file)
            } else {
                (below.master_key, below.master_key_file)
            };
        // So are the two ways to get rid of mail.
        let (smtp_url, mail_dir) = if self.smtp_url.is_some() || self.mail_dir.is_some() {
            (self.smtp_url, self.mail_dir)
        } else {
            (below.smtp_url, below.mail_dir)
        };
        Self {
            config: self.config,
            listen: list(self.listen, below.listen),
            auth_url: self.auth_url.or(below.auth_url),
            api_url: self.api_url.or(below.api_url),
            apps_url: self.apps_url.or(below.apps_url),
            uploads_url: self.uploads_url.or(below.uploads_url),
            database: self.database.or(below.database),
            cache_mib: self.cache_mib.or(below.cache_mib),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            import: list(self.import, below.import),
            master_key,
            master_key_file,
            extra_ca: self.extra_ca.or(below.extra_ca),
            trusted_proxy: list(self.trusted_proxy, below.trusted_proxy),
            allow_private_egress: list(self.allow_private_egress, below.allow_private_egress),
            smtp_url,
            smtp_from: self.smtp_from.or(below.smtp_from),
            mail_dir,
            admin_listen: self.admin_listen.or(below.admin_listen),
            audit_days: self.audit_days.or(below.audit_days),
            api_rate: self.api_rate.or(below.api_rate),
            drain_seconds: self.drain_seconds.or(below.drain_seconds),
            log_format: self.log_format.or(below.log_format),
            log: self.log.or(below.log),
        }
    }

    /// The master key as it was written, if it was given directly.
    pub fn master_key_text(&self) -> Option<&str> {
        self.master_key.as_ref().map(ExposeSecret::expose_secret)
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(SecretString::from(text)))
}

/// A list, or a single value where a list of one is meant.
fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a string or a list of strings")]
    enum OneOrMore<T> {
        More(Vec<T>),
        One(T),
    }
    Ok(match OneOrMore::deserialize(deserializer)? {
        OneOrMore::More(values) => values,
        OneOrMore::One(value) => vec![value],
    })
}
