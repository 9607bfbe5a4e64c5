//! Making a signing key: the pair, its self-signed certificate, and the stored form of both.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::entity::Entity;
use countersign_domain::ids::{EnvId, KeyId};
use countersign_domain::key::{
    KeyAlgorithm, KeySpec, KeyStatus, KeyUsageType, SignatureAlgorithm, SigningKey,
};
use countersign_domain::ports::Entropy;
use countersign_domain::store::{Fault, Key};
use countersign_domain::time::Time;
use countersign_domain::vault::{Sealed, Vault};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroizing;

use super::Maker;

/// A key pair in memory: PKCS#8 DER.
pub struct KeyPair {
    pkcs8: Zeroizing<Vec<u8>>,
    kind: Kind,
}

/// What a pair is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa { bits: u32 },
    P256,
    P384,
    P521,
    Ed25519,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({:?})", self.kind)
    }
}

impl KeyPair {
    /// Length of the RSA keys that a new environment gets.
    pub const BITS: u32 = 2048;

    /// Makes a new RSA pair of that length. Takes some 70 ms of processor time: not on an async
    /// thread.
    pub fn generate() -> Result<Self, Fault> {
        Self::generate_for(KeySpec::Rsa2048)
    }

    /// Makes a new pair. RSA of 4096 bits takes a second and more.
    pub fn generate_for(spec: KeySpec) -> Result<Self, Fault> {
        const FAILED: Fault = Fault::Crypto("key generation failed");
        let curve = |algorithm| {
            let pair = EcdsaKeyPair::generate(algorithm).map_err(|_| FAILED)?;
            Self::from_pkcs8(pair.to_pkcs8v1().map_err(|_| FAILED)?.as_ref())
        };
        match spec {
            KeySpec::Rsa2048 => Self::generate_rsa(KeySize::Rsa2048),
            KeySpec::Rsa3072 => Self::generate_rsa(KeySize::Rsa3072),
            KeySpec::Rsa4096 => Self::generate_rsa(KeySize::Rsa4096),
            KeySpec::P256 => curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            KeySpec::P384 => curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
            KeySpec::P521 => curve(&ECDSA_P521_SHA512_FIXED_SIGNING),
            KeySpec::Ed25519 => {
                let pair = Ed25519KeyPair::generate().map_err(|_| FAILED)?;
                Self::from_pkcs8(pair.to_pkcs8v1().map_err(|_| FAILED)?.as_ref())
            }
        }
    }

    fn generate_rsa(size: KeySize) -> Result<Self, Fault> {
        const FAILED: Fault = Fault::Crypto("RSA key generation failed");
        let pair = aws_lc_rs::rsa::KeyPair::generate(size).map_err(|_| FAILED)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| FAILED)?;
        Self::from_pkcs8(der.as_ref())
    }

    /// A pair from elsewhere, PKCS#8 DER: RSA of 2048 bits or more, P-256, P-384, P-521 or
    /// Ed25519.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, Fault> {
        let kind = if let Ok(pair) = aws_lc_rs::rsa::KeyPair::from_pkcs8(der) {
            let bits = u32::try_from(pair.public_modulus_len().saturating_mul(8)).unwrap_or(0);
            Kind::Rsa { bits }
        } else if EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).is_ok() {
            Kind::P256
        } else if EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der).is_ok() {
            Kind::P384
        } else if EcdsaKeyPair::from_pkcs8(&ECDSA_P521_SHA512_FIXED_SIGNING, der).is_ok() {
            Kind::P521
        } else if Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).is_ok() {
            Kind::Ed25519
        } else {
            return Err(Fault::Crypto(
                "not a private key of RSA (2048 to 8192 bits), P-256, P-384, P-521 or Ed25519",
            ));
        };
        Ok(Self {
            pkcs8: Zeroizing::new(der.to_vec()),
            kind,
        })
    }

    /// A pair from elsewhere, PEM (`PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`), not
    /// encrypted.
    pub fn from_pem(pem: &str) -> Result<Self, Fault> {
        const BAD: Fault = Fault::Crypto("not an unencrypted private key in PEM");
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| BAD)? {
            PrivateKeyDer::Pkcs8(der) => Self::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => {
                let pair =
                    aws_lc_rs::rsa::KeyPair::from_der(der.secret_pkcs1_der()).map_err(|_| BAD)?;
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| BAD)?;
                Self::from_pkcs8(pkcs8.as_ref())
            }
            PrivateKeyDer::Sec1(der) => {
                let curves = [
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    &ECDSA_P384_SHA384_FIXED_SIGNING,
                    &ECDSA_P521_SHA512_FIXED_SIGNING,
                ];
                let der = der.secret_sec1_der();
                let mut pairs = curves
                    .into_iter()
                    .filter_map(|curve| EcdsaKeyPair::from_private_key_der(curve, der).ok());
                let pair = pairs.next().ok_or(BAD)?;
                Self::from_pkcs8(pair.to_pkcs8v1().map_err(|_| BAD)?.as_ref())
            }
            _ => Err(BAD),
        }
    }

    /// Length in bits.
    pub const fn bits(&self) -> u32 {
        match self.kind {
            Kind::Rsa { bits } => bits,
            Kind::P256 | Kind::Ed25519 => 256,
            Kind::P384 => 384,
            Kind::P521 => 521,
        }
    }

    /// Its family.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        match self.kind {
            Kind::Rsa { .. } => KeyAlgorithm::RSA,
            Kind::P256 | Kind::P384 | Kind::P521 => KeyAlgorithm::EC,
            Kind::Ed25519 => KeyAlgorithm::OKP,
        }
    }

    /// How it signs, unless something else is said.
    pub const fn usual_signature(&self) -> SignatureAlgorithm {
        match self.kind {
            Kind::Rsa { .. } => SignatureAlgorithm::SHA256withRSA,
            Kind::P256 => SignatureAlgorithm::SHA256withECDSA,
            Kind::P384 => SignatureAlgorithm::SHA384withECDSA,
            Kind::P521 => SignatureAlgorithm::SHA512withECDSA,
            Kind::Ed25519 => SignatureAlgorithm::Ed25519,
        }
    }

    /// Whether it can sign like this.
    pub const fn can_sign(&self, signature: SignatureAlgorithm) -> bool {
        use SignatureAlgorithm::{
            Ed25519, SHA256withECDSA, SHA256withRSA, SHA256withRSAandMGF1, SHA384withECDSA,
            SHA384withRSA, SHA512withECDSA, SHA512withRSA,
        };
        match signature {
            SHA256withRSA | SHA384withRSA | SHA512withRSA | SHA256withRSAandMGF1 => {
                matches!(self.kind, Kind::Rsa { .. })
            }
            SHA256withECDSA => matches!(self.kind, Kind::P256),
            SHA384withECDSA => matches!(self.kind, Kind::P384),
            Ed25519 => matches!(self.kind, Kind::Ed25519),
            SHA512withECDSA => matches!(self.kind, Kind::P521),
        }
    }

    /// The private key, PKCS#8 DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The private key, PKCS#8 PEM.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, Fault> {
        Ok(Zeroizing::new(self.for_certificate()?.serialize_pem()))
    }

    fn for_certificate(&self) -> Result<rcgen::KeyPair, Fault> {
        self.signing_certificates(self.usual_signature())
    }

    /// As the crate that makes certificates wants it. The curves sign them with their own hash.
    pub(super) fn signing_certificates(
        &self,
        hash: SignatureAlgorithm,
    ) -> Result<rcgen::KeyPair, Fault> {
        let der = PrivatePkcs8KeyDer::from(self.pkcs8.as_slice());
        let algorithm = match (self.kind, hash) {
            (Kind::Rsa { .. }, SignatureAlgorithm::SHA384withRSA) => &rcgen::PKCS_RSA_SHA384,
            (Kind::Rsa { .. }, SignatureAlgorithm::SHA512withRSA) => &rcgen::PKCS_RSA_SHA512,
            (Kind::Rsa { .. }, _) => &rcgen::PKCS_RSA_SHA256,
            (Kind::P256, _) => &rcgen::PKCS_ECDSA_P256_SHA256,
            (Kind::P384, _) => &rcgen::PKCS_ECDSA_P384_SHA384,
            (Kind::P521, _) => &rcgen::PKCS_ECDSA_P521_SHA512,
            (Kind::Ed25519, _) => &rcgen::PKCS_ED25519,
        };
        rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, algorithm)
            .map_err(|_| Fault::Crypto("the key cannot sign its certificate"))
    }

    /// Whether a certificate (DER) is for this key.
    pub fn is_certified_by(&self, certificate: &[u8]) -> Result<bool, Fault> {
        use x509_parser::prelude::{FromDer, X509Certificate};
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|_| Fault::Crypto("not an X.509 certificate"))?;
        let pair = self.for_certificate()?;
        let ours = rcgen::PublicKeyData::der_bytes(&pair);
        Ok(parsed.public_key().subject_public_key.data.as_ref() == ours)
    }
}

/// What a self-signed certificate says.
#[derive(Debug, Clone, Copy)]
pub struct Certification<'a> {
    /// Subject and issuer, such as `CN=a, O=b`.
    pub dn: &'a str,
    /// Serial number.
    pub serial: u64,
    /// From when on it is valid; whole seconds.
    pub starts_at: Time,
    /// For how many days.
    pub days: u32,
}

impl Certification<'_> {
    /// Until when it is valid.
    pub fn expires_at(&self) -> Time {
        let seconds = u64::from(self.days) * 86_400;
        self.starts_at.plus(Duration::from_secs(seconds))
    }

    /// The certificate, DER.
    pub fn certify(&self, pair: &KeyPair) -> Result<Vec<u8>, Fault> {
        self.certify_as(pair, self.dn, pair.usual_signature())
    }

    /// The same with another issuer's name, signed with a hash of choice.
    pub fn certify_as(
        &self,
        pair: &KeyPair,
        issuer: &str,
        hash: SignatureAlgorithm,
    ) -> Result<Vec<u8>, Fault> {
        const BAD: Fault = Fault::Crypto("the certificate cannot be made");
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).map_err(|_| BAD)?;
        params.distinguished_name = parse_dn(self.dn)?;
        params.serial_number = Some(self.serial.into());
        // rcgen speaks another crate's type of time, which need not be named.
        let instant = |at: Time| {
            let seconds = u64::try_from(at.seconds()).unwrap_or(0);
            rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
        };
        params.not_before = instant(self.starts_at);
        params.not_after = instant(self.expires_at());
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        let key = pair.signing_certificates(hash)?;
        let mut by = rcgen::CertificateParams::new(Vec::<String>::new()).map_err(|_| BAD)?;
        by.distinguished_name = parse_dn(issuer)?;
        let issuer = rcgen::Issuer::from_params(&by, &key);
        let certificate = params.signed_by(&key, &issuer).map_err(|_| BAD)?;
        Ok(certificate.der().to_vec())
    }
}

/// Whether it is a name that a certificate can have.
///
/// Decision: one value of each type, for a certificate that is made here has no more.
pub fn is_dn(dn: &str) -> bool {
    let values = dn.split(',').filter_map(|part| part.trim().split_once('='));
    let values = values.filter(|(_, value)| !value.is_empty()).count();
    parse_dn(dn).is_ok_and(|parsed| parsed.iter().count() == values)
}

fn parse_dn(dn: &str) -> Result<rcgen::DistinguishedName, Fault> {
    const BAD: Fault = Fault::Crypto("a distinguished name looks like `CN=name, O=organization`");
    let mut parsed = rcgen::DistinguishedName::new();
    for part in dn.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or(BAD)?;
        let kind = match name.to_ascii_uppercase().as_str() {
            "CN" => rcgen::DnType::CommonName,
            "OU" => rcgen::DnType::OrganizationalUnitName,
            "O" => rcgen::DnType::OrganizationName,
            "L" => rcgen::DnType::LocalityName,
            "ST" => rcgen::DnType::StateOrProvinceName,
            "C" => rcgen::DnType::CountryName,
            _ => return Err(BAD),
        };
        // "L=, ST=" are echoed by PingOne and mean nothing.
        if !value.is_empty() {
            parsed.push(kind, value);
        }
    }
    Ok(parsed)
}

/// Under which name a private key is sealed.
fn owner(env: EnvId, id: KeyId) -> Key {
    Key::new(SigningKey::KIND, env, id.to_string())
}

/// Seals a private key for its document.
pub fn seal_private(
    vault: &Vault,
    entropy: &dyn Entropy,
    env: EnvId,
    id: KeyId,
    pair: &KeyPair,
) -> Result<Sealed, Fault> {
    vault.seal(&owner(env, id), pair.pkcs8(), entropy)
}

/// Opens the private key of a stored key.
pub fn open_private(vault: &Vault, env: EnvId, key: &SigningKey) -> Result<KeyPair, Fault> {
    KeyPair::from_pkcs8(&vault.open(&owner(env, key.id), &key.private_key)?)
}

/// The stored form of a pair with a new self-signed certificate.
pub(super) fn seal(
    maker: Maker<'_>,
    env: EnvId,
    id: KeyId,
    pair: &KeyPair,
    certification: Certification<'_>,
) -> Result<SigningKey, Fault> {
    Ok(SigningKey {
        id,
        name: certification.dn.to_owned(),
        algorithm: pair.algorithm(),
        key_length: pair.bits(),
        signature_algorithm: pair.usual_signature(),
        usage_type: KeyUsageType::Signing,
        default: false,
        status: KeyStatus::Valid,
        starts_at: certification.starts_at,
        expires_at: certification.expires_at(),
        subject_dn: certification.dn.to_owned(),
        issuer_dn: certification.dn.to_owned(),
        serial_number: certification.serial.to_string(),
        custom_crl: None,
        created_at: maker.now,
        certificate: STANDARD.encode(certification.certify(pair)?),
        private_key: seal_private(maker.vault, maker.entropy, env, id, pair)?,
    })
}
