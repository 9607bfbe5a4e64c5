//! `/v1/environments/{e}/keys` and `keyRotationPolicies` (`reference/platform.md` 3.9, `oidc.md` 13).

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, kinds};
use crate::ids::{KeyId, KeyRotationPolicyId};
use crate::reference::is_false;
use crate::store::{IndexName, Kind};
use crate::time::Time;
use crate::vault::Sealed;

/// Family of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// RSA.
    RSA,
    /// Elliptic curve.
    EC,
    /// Edwards curve. Ours: PingOne has none.
    OKP,
}

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: `RS256`.
    SHA256withRSA,
    /// RSASSA-PKCS1-v1_5 with SHA-384: `RS384`.
    SHA384withRSA,
    /// RSASSA-PKCS1-v1_5 with SHA-512: `RS512`.
    SHA512withRSA,
    /// ECDSA with SHA-256.
    SHA256withECDSA,
    /// ECDSA with SHA-384.
    SHA384withECDSA,
    /// ECDSA with SHA-512.
    SHA512withECDSA,
    /// RSASSA-PSS with SHA-256: `PS256`. Ours: PingOne signs tokens with `RS256` alone.
    SHA256withRSAandMGF1,
    /// Ed25519: `EdDSA`. Ours, too.
    Ed25519,
}

/// What must be made for a key: its family with its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySpec {
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 3072 bits.
    Rsa3072,
    /// RSA of 4096 bits.
    Rsa4096,
    /// The curve P-256.
    P256,
    /// The curve P-384.
    P384,
    /// The curve P-521. Signs no tokens.
    P521,
    /// The curve Ed25519.
    Ed25519,
}

impl KeySpec {
    /// The lengths that can be made of RSA and of EC.
    ///
    /// Decision: PingOne makes RSA of 7680 bits and the curve P-224, too. The cryptographic library
    /// has neither; P-224 is below what is recommended today.
    pub const LENGTHS: [&[u32]; 2] = [&[2048, 3072, 4096], &[256, 384, 521]];

    /// What a family and a length amount to, whether or not it can sign tokens.
    pub const fn made_of(algorithm: KeyAlgorithm, length: u32) -> Option<Self> {
        Some(match (algorithm, length) {
            (KeyAlgorithm::RSA, 2048) => Self::Rsa2048,
            (KeyAlgorithm::RSA, 3072) => Self::Rsa3072,
            (KeyAlgorithm::RSA, 4096) => Self::Rsa4096,
            (KeyAlgorithm::EC, 256) => Self::P256,
            (KeyAlgorithm::EC, 384) => Self::P384,
            (KeyAlgorithm::EC, 521) => Self::P521,
            (KeyAlgorithm::OKP, 256) => Self::Ed25519,
            _ => return None,
        })
    }

    /// What a family, a length and a way of signing amount to; `None` when they do not go together
    /// or cannot sign tokens here.
    pub const fn of(
        algorithm: KeyAlgorithm,
        length: u32,
        signature: SignatureAlgorithm,
    ) -> Option<Self> {
        use SignatureAlgorithm::{
            Ed25519, SHA256withECDSA, SHA256withRSA, SHA256withRSAandMGF1, SHA384withECDSA,
            SHA384withRSA, SHA512withRSA,
        };
        Some(match (algorithm, length, signature) {
            (
                KeyAlgorithm::RSA,
                bits,
                SHA256withRSA | SHA384withRSA | SHA512withRSA | SHA256withRSAandMGF1,
            ) => match bits {
                2048 => Self::Rsa2048,
                3072 => Self::Rsa3072,
                4096 => Self::Rsa4096,
                _ => return None,
            },
            (KeyAlgorithm::EC, 256, SHA256withECDSA) => Self::P256,
            (KeyAlgorithm::EC, 384, SHA384withECDSA) => Self::P384,
            (KeyAlgorithm::OKP, 256, Ed25519) => Self::Ed25519,
            _ => return None,
        })
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyUsageType {
    /// Signing tokens.
    #[serde(rename = "SIGNING")]
    Signing,
    /// Encryption to us.
    #[serde(rename = "ENCRYPTION")]
    Encryption,
    /// TLS of custom domains.
    #[serde(rename = "SSL/TLS")]
    Tls,
    /// Issuing certificates.
    #[serde(rename = "ISSUANCE")]
    Issuance,
    /// Client certificates of outgoing calls.
    #[serde(rename = "OUTBOUND_MTLS")]
    OutboundMtls,
}

/// Whether a key can be used. Derived from the times when rendered, except `REVOKED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyStatus {
    /// It can.
    #[default]
    Valid,
    /// It can, but not for long.
    Expiring,
    /// No longer.
    Expired,
    /// Not yet.
    NotYetValid,
    /// Withdrawn.
    Revoked,
}

/// A private key with its certificate. The id is the `kid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its id, and the `kid` of what it signs.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Family.
    pub algorithm: KeyAlgorithm,
    /// Length in bits.
    pub key_length: u32,
    /// How it signs.
    pub signature_algorithm: SignatureAlgorithm,
    /// What it is for.
    pub usage_type: KeyUsageType,
    /// Whether it is the environment's default of that usage.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
    /// As set by hand; ask [`SigningKey::status_at`].
    #[serde(default)]
    pub status: KeyStatus,
    /// Start of the certificate's validity.
    pub starts_at: Time,
    /// End of the certificate's validity.
    pub expires_at: Time,
    /// Subject of the certificate.
    #[serde(rename = "subjectDN")]
    pub subject_dn: String,
    /// Issuer of the certificate.
    #[serde(rename = "issuerDN")]
    pub issuer_dn: String,
    /// Serial number of the certificate, in decimal.
    pub serial_number: String,
    /// Where certificates that it issued are said to be revoked. Only of keys that issue.
    #[serde(rename = "customCRL", default, skip_serializing_if = "Option::is_none")]
    pub custom_crl: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// The certificate: DER in standard base64, as in `x5c`.
    pub certificate: String,
    /// The private key: PKCS#8 DER, sealed for this document.
    pub private_key: Sealed,
}

impl SignatureAlgorithm {
    /// Whether keys of a family can sign like this.
    pub const fn is_of(self, algorithm: KeyAlgorithm) -> bool {
        match self {
            Self::SHA256withRSA
            | Self::SHA384withRSA
            | Self::SHA512withRSA
            | Self::SHA256withRSAandMGF1 => matches!(algorithm, KeyAlgorithm::RSA),
            Self::SHA256withECDSA | Self::SHA384withECDSA | Self::SHA512withECDSA => {
                matches!(algorithm, KeyAlgorithm::EC)
            }
            Self::Ed25519 => matches!(algorithm, KeyAlgorithm::OKP),
        }
    }
}

impl SigningKey {
    /// Days before the end at which a key counts as `EXPIRING`.
    pub const EXPIRING_DAYS: u64 = 30;

    /// Whether it can be used at `now`.
    pub fn status_at(&self, now: Time) -> KeyStatus {
        if self.status == KeyStatus::Revoked {
            KeyStatus::Revoked
        } else {
            status_between(self.starts_at, self.expires_at, now)
        }
    }
}

fn status_between(starts_at: Time, expires_at: Time, now: Time) -> KeyStatus {
    if now < starts_at {
        KeyStatus::NotYetValid
    } else if now >= expires_at {
        KeyStatus::Expired
    } else if expires_at.since(now).as_secs() < SigningKey::EXPIRING_DAYS * 86_400 {
        KeyStatus::Expiring
    } else {
        KeyStatus::Valid
    }
}

impl Entity for SigningKey {
    const KIND: Kind = kinds::KEY;
    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// A rule that replaces signing keys from time to time. The next key is published before it signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRotationPolicy {
    /// Its id.
    pub id: KeyRotationPolicyId,
    /// Its name, unique in the environment.
    pub name: String,
    /// Whether applications that name no policy sign with this one's key. Ours: PingOne says "the
    /// default key" without a switch for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub default: bool,
    /// Issuer and subject of its certificates.
    pub dn: String,
    /// Family. PingOne has RSA only.
    pub algorithm: KeyAlgorithm,
    /// Length in bits.
    pub key_length: u32,
    /// How its keys sign. PingOne has `SHA256withRSA` only.
    pub signature_algorithm: SignatureAlgorithm,
    /// What its keys are for; signing only.
    pub usage_type: KeyUsageType,
    /// Days between rotations, 30 to one less than the validity.
    #[serde(default = "default_rotation")]
    pub rotation_period: u32,
    /// Days a certificate is valid.
    #[serde(default = "default_validity")]
    pub validity_period: u32,
    /// The key that signs now.
    pub current_key_id: KeyId,
    /// The key that signs after the next rotation.
    pub next_key_id: KeyId,
    /// When the current key became current.
    pub rotated_at: Time,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

const fn default_rotation() -> u32 {
    90
}
const fn default_validity() -> u32 {
    365
}

impl KeyRotationPolicy {
    /// Unique: name.
    pub const UNIQUE_NAME: IndexName = "name";

    /// What its keys are made of; `None` when they cannot sign tokens here.
    pub const fn key_spec(&self) -> Option<KeySpec> {
        KeySpec::of(self.algorithm, self.key_length, self.signature_algorithm)
    }

    /// When the next key is due to become the current one.
    pub fn rotates_at(&self) -> Time {
        let days = u64::from(self.rotation_period);
        self.rotated_at
            .plus(std::time::Duration::from_secs(days * 86_400))
    }
}

/// A certificate without its private key: `/v1/environments/{e}/certificates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Its id.
    pub id: KeyId,
    /// What it certifies, as far as it says so.
    pub name: String,
    /// Family of its key.
    pub algorithm: KeyAlgorithm,
    /// Length of its key in bits.
    pub key_length: u32,
    /// How it was signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// What it is for.
    pub usage_type: KeyUsageType,
    /// Start of its validity.
    pub starts_at: Time,
    /// End of its validity.
    pub expires_at: Time,
    /// Its subject.
    #[serde(rename = "subjectDN")]
    pub subject_dn: String,
    /// Its issuer.
    #[serde(rename = "issuerDN")]
    pub issuer_dn: String,
    /// Its serial number, in decimal.
    pub serial_number: String,
    /// When it came.
    pub created_at: Time,
    /// DER in standard base64.
    pub certificate: String,
}

impl Certificate {
    /// Whether it is valid at `now`.
    pub fn status_at(&self, now: Time) -> KeyStatus {
        status_between(self.starts_at, self.expires_at, now)
    }
}

impl Entity for Certificate {
    const KIND: Kind = kinds::CERTIFICATE;
    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Entity for KeyRotationPolicy {
    const KIND: Kind = kinds::KEY_ROTATION_POLICY;
    fn id(&self) -> String {
        self.id.to_string()
    }
    fn uniques(&self) -> Vec<(IndexName, String)> {
        vec![(Self::UNIQUE_NAME, self.name.clone())]
    }
}
