//! `postgres://` URLs, and TLS.

use std::str::FromStr;
use std::sync::Arc;

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// A URL taken apart: what the driver knows, and what it does not.
struct Parts {
    config: tokio_postgres::Config,
    tls: bool,
    root_cert: Option<String>,
}

/// Whether the URL can be understood, without connecting to anything.
pub(crate) fn check(url: &str) -> Result<(), String> {
    parse(url).map(drop)
}

/// Makes connections as the URL says.
pub(super) fn manager(url: &str) -> Result<Manager, String> {
    let parts = parse(url)?;
    let how = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Ok(if parts.tls {
        let tls = MakeRustlsConnect::new(client_config(parts.root_cert.as_deref())?);
        Manager::from_config(parts.config, tls, how)
    } else {
        Manager::from_config(parts.config, NoTls, how)
    })
}

fn parse(url: &str) -> Result<Parts, String> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let mut mode = "prefer".to_owned();
    let mut root_cert = None;
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "sslmode" => mode = value.into_owned(),
            "sslrootcert" => root_cert = Some(value.into_owned()),
            _ => {
                rest.append_pair(&name, &value);
            }
        }
    }
    let tls = match mode.as_str() {
        "disable" | "allow" | "prefer" => false,
        "require" | "verify-ca" | "verify-full" => true,
        _ => return Err("sslmode is disable, prefer or require".to_owned()),
    };
    // The driver reads percent-encoding, but not + for a space.
    let rest = rest.finish().replace('+', "%20");
    let mut config = tokio_postgres::Config::from_str(&format!("{place}?{rest}"))
        .map_err(|error| explain(&error))?;
    config.ssl_mode(if tls {
        SslMode::Require
    } else {
        SslMode::Disable
    });
    if config.get_application_name().is_none() {
        config.application_name("countersign");
    }
    Ok(Parts {
        config,
        tls,
        root_cert,
    })
}

fn explain(error: &tokio_postgres::Error) -> String {
    let cause = std::error::Error::source(error);
    let cause = cause.map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

/// Certificates are always checked: encryption towards whoever answers protects little.
fn client_config(root_cert: Option<&str>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = root_cert {
        let unreadable = |error| format!("sslrootcert {path}: {error}");
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            let certificate = certificate.map_err(unreadable)?;
            roots
                .add(certificate)
                .map_err(|error| format!("sslrootcert {path}: {error}"))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err(
            "sslmode=require finds no root certificates: name a file of them, as in \
                    sslrootcert=/etc/ssl/certs/ca-certificates.crt"
                .to_owned(),
        );
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
