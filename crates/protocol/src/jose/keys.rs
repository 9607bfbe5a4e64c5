//! Signing keys ready for use: the private half parsed once and kept, the public half as a JWKS
//! entry.

use std::sync::OnceLock;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use countersign_domain::ids::{EnvId, KeyId};
use countersign_domain::key::{SignatureAlgorithm, SigningKey};
use countersign_domain::store::Fault;
use countersign_domain::time::Time;
use countersign_domain::vault::Vault;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Serialize;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

/// A public key as `/as/jwks` shows it (`reference/rulings.md` 24).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwk {
    /// The public numbers with their family.
    #[serde(flatten)]
    pub public: Public,
    /// Id of the key.
    pub kid: String,
    /// `sig`.
    #[serde(rename = "use")]
    pub usage: &'static str,
    /// The one algorithm that the key signs with.
    pub alg: &'static str,
    /// The certificate, in base64 DER.
    pub x5c: Vec<String>,
    /// SHA-1 of the certificate, base64url.
    pub x5t: String,
}

/// Public numbers, each in base64url.
///
/// Spec: RFC 7518 6.2, 6.3; RFC 8037 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kty")]
pub enum Public {
    /// RSA.
    #[serde(rename = "RSA")]
    Rsa {
        /// Public exponent.
        e: String,
        /// Modulus.
        n: String,
    },
    /// A point of an elliptic curve.
    #[serde(rename = "EC")]
    Ec {
        /// `P-256` or `P-384`.
        crv: &'static str,
        /// Its x coordinate.
        x: String,
        /// Its y coordinate.
        y: String,
    },
    /// A point of an Edwards curve.
    #[serde(rename = "OKP")]
    Okp {
        /// `Ed25519`.
        crv: &'static str,
        /// The encoded point.
        x: String,
    },
}

/// SHA-256 of a key's certificate: tells it from any other key.
pub type Fingerprint = [u8; 32];

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
    algorithm: SigningAlgorithm,
    fingerprint: Fingerprint,
    verifying: DecodingKey,
    /// Opened and parsed at first use: most environments of a process sign nothing today.
    signing: OnceLock<Signer>,
    entity: SigningKey,
    env: EnvId,
}

/// The private half of a key, parsed.
pub(super) enum Signer {
    /// RSA, with the padding that its algorithm asks for.
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    /// An elliptic curve.
    Ec(EcdsaKeyPair),
    /// Ed25519.
    Ed(Ed25519KeyPair),
}

/// How a key signs tokens: fixed with the key, never with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SigningAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Es256,
    Es384,
    EdDsa,
}

impl SigningAlgorithm {
    /// Of a key's own way of signing. ES512 is not served.
    fn of(signature: SignatureAlgorithm) -> Option<Self> {
        Some(match signature {
            SignatureAlgorithm::SHA256withRSA => Self::Rs256,
            SignatureAlgorithm::SHA384withRSA => Self::Rs384,
            SignatureAlgorithm::SHA512withRSA => Self::Rs512,
            SignatureAlgorithm::SHA256withRSAandMGF1 => Self::Ps256,
            SignatureAlgorithm::SHA256withECDSA => Self::Es256,
            SignatureAlgorithm::SHA384withECDSA => Self::Es384,
            SignatureAlgorithm::Ed25519 => Self::EdDsa,
            SignatureAlgorithm::SHA512withECDSA => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// As the verifying crate calls it.
    pub(super) const fn verifying(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Rs384 => Algorithm::RS384,
            Self::Rs512 => Algorithm::RS512,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::Es384 => Algorithm::ES384,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// The hash of `at_hash` and `c_hash`.
    ///
    /// Spec: OIDC Core 3.1.3.6 (the hash of the ID token's `alg`); for EdDSA that of Ed25519.
    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Rs384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::EdDsa => &digest::SHA512,
        }
    }

    fn padding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Rs384 => &RSA_PKCS1_SHA384,
            Self::Rs512 => &RSA_PKCS1_SHA512,
            Self::Ps256 => &RSA_PSS_SHA256,
            Self::Rs256 | Self::Es256 | Self::Es384 | Self::EdDsa => &RSA_PKCS1_SHA256,
        }
    }
}

impl KeyMaterial {
    /// Prepares the public half of a stored key.
    pub fn new(env: EnvId, entity: SigningKey) -> Result<Self, Fault> {
        const BAD: Fault = Fault::Crypto("the certificate of a signing key cannot be read");
        const UNSERVED: Fault = Fault::Crypto("a key of this kind cannot sign tokens");
        let algorithm = SigningAlgorithm::of(entity.signature_algorithm).ok_or(UNSERVED)?;
        let der = STANDARD.decode(&entity.certificate).map_err(|_| BAD)?;
        let (_, certificate) =
            x509_parser::certificate::X509Certificate::from_der(&der).map_err(|_| BAD)?;
        let info = certificate.public_key();
        let point = info.subject_public_key.data.as_ref();
        let (public, verifying) = match algorithm {
            SigningAlgorithm::Rs256
            | SigningAlgorithm::Rs384
            | SigningAlgorithm::Rs512
            | SigningAlgorithm::Ps256 => {
                let PublicKey::RSA(rsa) = info.parsed().map_err(|_| BAD)? else {
                    return Err(UNSERVED);
                };
                let modulus = without_leading_zeros(rsa.modulus);
                let exponent = without_leading_zeros(rsa.exponent);
                let public = Public::Rsa {
                    e: URL_SAFE_NO_PAD.encode(exponent),
                    n: URL_SAFE_NO_PAD.encode(modulus),
                };
                let verifying = DecodingKey::from_rsa_raw_components(modulus, exponent);
                (public, verifying)
            }
            SigningAlgorithm::Es256 => curve(point, "P-256", 32).ok_or(UNSERVED)?,
            SigningAlgorithm::Es384 => curve(point, "P-384", 48).ok_or(UNSERVED)?,
            SigningAlgorithm::EdDsa => {
                let x = URL_SAFE_NO_PAD.encode(point);
                let verifying = DecodingKey::from_ed_components(&x).map_err(|_| BAD)?;
                let crv = "Ed25519";
                (Public::Okp { crv, x }, verifying)
            }
        };
        let thumbprint = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der);
        let fingerprint = digest::digest(&digest::SHA256, &der);
        Ok(Self {
            id: entity.id,
            starts_at: entity.starts_at,
            expires_at: entity.expires_at,
            jwk: Jwk {
                public,
                kid: entity.id.to_string(),
                usage: "sig",
                alg: algorithm.name(),
                x5c: vec![entity.certificate.clone()],
                x5t: URL_SAFE_NO_PAD.encode(thumbprint),
            },
            algorithm,
            fingerprint: fingerprint.as_ref().try_into().map_err(|_| BAD)?,
            verifying,
            signing: OnceLock::new(),
            entity,
            env,
        })
    }

    /// The private half, opened with the vault at first use.
    pub(super) fn signing(&self, vault: &Vault) -> Result<&Signer, Fault> {
        use countersign_domain::entity::Entity;
        const BAD: Fault = Fault::Crypto("the private half of a signing key cannot be read");
        if let Some(signer) = self.signing.get() {
            return Ok(signer);
        }
        let pkcs8 = vault.open(&self.entity.key(self.env), &self.entity.private_key)?;
        let curve = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, &pkcs8).map_err(|_| BAD);
        let signer = match self.algorithm {
            SigningAlgorithm::Rs256
            | SigningAlgorithm::Rs384
            | SigningAlgorithm::Rs512
            | SigningAlgorithm::Ps256 => {
                let pair = RsaKeyPair::from_pkcs8(&pkcs8).map_err(|_| BAD)?;
                Signer::Rsa(pair, self.algorithm.padding())
            }
            SigningAlgorithm::Es256 => Signer::Ec(curve(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            SigningAlgorithm::Es384 => Signer::Ec(curve(&ECDSA_P384_SHA384_FIXED_SIGNING)?),
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8);
                Signer::Ed(pair.map_err(|_| BAD)?)
            }
        };
        Ok(self.signing.get_or_init(|| signer))
    }

    /// Whether it is the environment's default signing key.
    pub fn is_default(&self) -> bool {
        self.entity.default
    }

    /// The hash that goes with its signatures.
    pub fn digest(&self) -> &'static digest::Algorithm {
        self.algorithm.digest()
    }

    /// Tells it from any other key.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Whether what it signed is believed at `now`.
    pub fn is_believed(&self, now: Time) -> bool {
        now < self.expires_at
    }

    /// The environment that it signs for.
    pub(super) const fn env(&self) -> EnvId {
        self.env
    }

    /// How it signs.
    pub(super) const fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The public half for verification.
    pub(super) fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }
}

/// The coordinates of an uncompressed point, each of this many bytes.
fn curve(point: &[u8], crv: &'static str, size: usize) -> Option<(Public, DecodingKey)> {
    let (4, coordinates) = point.split_first().map(|(form, rest)| (*form, rest))? else {
        return None;
    };
    let (x, y) = coordinates.split_at_checked(size)?;
    if y.len() != size {
        return None;
    }
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let verifying = DecodingKey::from_ec_components(&x, &y).ok()?;
    Some((Public::Ec { crv, x, y }, verifying))
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or(bytes)
}
