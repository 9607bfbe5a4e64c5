//! Signing keys ready for use: the private half parsed once and kept, the public half as a JWKS
//! entry.

use std::sync::OnceLock;

use aws_lc_rs::signature::RsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_domain::ids::{EnvId, KeyId};
use countersign_domain::key::SigningKey;
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::vault::Vault;
use jsonwebtoken::DecodingKey;
use serde::Serialize;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

/// A public key as `/as/jwks` shows it (`reference/rulings.md` 24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// `RSA`.
    pub kty: &'static str,
    /// Public exponent, base64url.
    pub e: String,
    /// Modulus, base64url.
    pub n: String,
    /// Id of the key.
    pub kid: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// `RS256`.
    pub alg: &'static str,
    /// The certificate, in base64 DER.
    pub x5c: Vec<String>,
    /// SHA-1 of the certificate, base64url.
    pub x5t: String,
}

/// One key of an environment.
pub struct KeyMaterial {
    /// Its id, the `kid`.
    pub id: KeyId,
    /// From when on it may sign.
    pub starts_at: Time,
    /// From when on nothing it signed is valid.
    pub expires_at: Time,
    /// The public half.
    pub jwk: Jwk,
    verifying: DecodingKey,
    /// Opened and parsed at first use: most environments of a process sign nothing today.
    signing: OnceLock<RsaKeyPair>,
    entity: SigningKey,
    env: EnvId,
}

impl KeyMaterial {
    /// Prepares the public half of a stored key.
    pub fn new(env: EnvId, entity: SigningKey) -> Result<Self, Fault> {
        const BAD: Fault = Fault::Crypto("the certificate of a signing key cannot be read");
        let der = STANDARD.decode(&entity.certificate).map_err(|_| BAD)?;
        let (_, certificate) =
            x509_parser::certificate::X509Certificate::from_der(&der).map_err(|_| BAD)?;
        let PublicKey::RSA(rsa) = certificate.public_key().parsed().map_err(|_| BAD)? else {
            return Err(Fault::Crypto("only RSA keys sign tokens"));
        };
        let modulus = without_leading_zeros(rsa.modulus);
        let exponent = without_leading_zeros(rsa.exponent);
        let thumbprint =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
        Ok(Self {
            id: entity.id,
            starts_at: entity.starts_at,
            expires_at: entity.expires_at,
            jwk: Jwk {
                kty: "RSA",
                e: URL_SAFE_NO_PAD.encode(exponent),
                n: URL_SAFE_NO_PAD.encode(modulus),
                kid: entity.id.to_string(),
                usage: "sig",
                alg: "RS256",
                x5c: vec![entity.certificate.clone()],
                x5t: URL_SAFE_NO_PAD.encode(thumbprint),
            },
            verifying: DecodingKey::from_rsa_raw_components(modulus, exponent),
            signing: OnceLock::new(),
            entity,
            env,
        })
    }

    /// The private half, opened with the vault at first use.
    pub fn signing(&self, vault: &Vault) -> Result<&RsaKeyPair, Fault> {
        use countersign_domain::entity::Entity;
        if let Some(pair) = self.signing.get() {
            return Ok(pair);
        }
        let pkcs8 = vault.open(&self.entity.key(self.env), &self.entity.private_key)?;
        let pair = RsaKeyPair::from_pkcs8(&pkcs8)
            .map_err(|_| Fault::Crypto("the private half of a signing key cannot be read"))?;
        Ok(self.signing.get_or_init(|| pair))
    }

    /// Whether it is the environment's default signing key.
    pub fn is_default(&self) -> bool {
        self.entity.default
    }

    /// The public half for verification.
    pub(super) fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or(bytes)
}
