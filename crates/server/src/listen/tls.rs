//! TLS: rustls with aws-lc, a certificate that can be exchanged while connections live, and ALPN
//! that offers HTTP/2 first.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::Context;
use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The protocols offered, best first.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The server's certificate and key, as they were last read from their files.
#[derive(Debug)]
pub struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    current: Arc<Current>,
    read_at: Mutex<Stamp>,
}

#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// What tells one state of the files from another without reading them.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Certificate {
    /// Reads a PEM certificate chain and its PEM key.
    pub fn open(certificate: &Path, key: &Path) -> anyhow::Result<Self> {
        let stamp = stamp(certificate, key);
        let certified = read(certificate, key)?;
        Ok(Self {
            chain_file: certificate.to_owned(),
            key_file: key.to_owned(),
            current: Arc::new(Current(ArcSwap::from_pointee(certified))),
            read_at: Mutex::new(stamp),
        })
    }

    /// Reads the files again if they changed; says whether it did. New handshakes get the new
    /// certificate, connections that exist are left alone. Files that do not fit together (a
    /// renewal half written) leave the old certificate in place and are tried again when they
    /// change once more.
    pub fn reload(&self) -> anyhow::Result<bool> {
        let stamp = stamp(&self.chain_file, &self.key_file);
        {
            let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
            if *read_at == stamp {
                return Ok(false);
            }
            *read_at = stamp;
        }
        let certified = read(&self.chain_file, &self.key_file)?;
        self.current.0.store(Arc::new(certified));
        Ok(true)
    }

    /// The rustls configuration that serves this certificate.
    pub fn server_config(&self) -> anyhow::Result<Arc<rustls::ServerConfig>> {
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = ALPN.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

/// The one crypto provider of the process; never the process-wide default, which another crate
/// could set.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Reads and checks a certificate chain and its key.
pub fn read(certificate: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let chain = chain(certificate)?;
    let key_der = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("no private key in PEM form in {}", key.display()))?;
    CertifiedKey::from_der(chain, key_der, &provider()).with_context(|| {
        format!(
            "the key in {} does not belong to the certificate in {}",
            key.display(),
            certificate.display()
        )
    })
}

/// The certificates in a PEM file, at least one.
pub fn chain(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read certificates from {}", file.display()))?;
    anyhow::ensure!(
        !chain.is_empty(),
        "no certificate in PEM form in {}",
        file.display()
    );
    Ok(chain)
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|file| {
        let meta = std::fs::metadata(file).ok()?;
        Some((meta.modified().ok()?, meta.len()))
    })
}
