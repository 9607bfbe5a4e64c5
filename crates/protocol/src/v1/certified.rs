//! Certificates as they come and go: PEM, DER, PKCS#7; what they say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::key::{KeyAlgorithm, KeyUsageType, SignatureAlgorithm};
use countersign_domain::time::Time;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// Most certificates of a file.
const MAX_CERTIFICATES: usize = 20;
/// `signedData` (RFC 5652 5.1), `data` (RFC 5652 4), each with tag and length.
const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
const DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const CONTEXT_0: u8 = 0xa0;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The common name of the subject; the whole name without one.
    pub name: String,
    /// Its subject.
    pub subject: String,
    /// Its issuer.
    pub issuer: String,
    /// Its subject in the order of the certificate.
    pub plain_subject: String,
    /// Its issuer in the order of the certificate.
    pub plain_issuer: String,
    /// The common name of the issuer, if it has one.
    pub issued_by: Option<String>,
    /// Its serial number, in decimal.
    pub serial: String,
    /// Family of its key.
    pub algorithm: KeyAlgorithm,
    /// Length of its key in bits.
    pub bits: u32,
    /// How it was signed.
    pub signature: SignatureAlgorithm,
    /// Start of its validity.
    pub starts_at: Time,
    /// End of its validity.
    pub expires_at: Time,
}

impl Said {
    /// Reads a certificate; `None` when it is none, or of a kind that there are no words for.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let (algorithm, bits) = match parsed.public_key().parsed().ok()? {
            PublicKey::RSA(rsa) => (KeyAlgorithm::RSA, rsa.key_size()),
            // The curve's length, not that of the bytes it is written in.
            PublicKey::EC(point) => match point.key_size() {
                528 => (KeyAlgorithm::EC, 521),
                bits => (KeyAlgorithm::EC, bits),
            },
            _ => (KeyAlgorithm::OKP, 256),
        };
        let subject = name_of(parsed.subject());
        Some(Self {
            name: common_name(parsed.subject()).unwrap_or_else(|| subject.clone()),
            issuer: name_of(parsed.issuer()),
            plain_subject: plain_name(parsed.subject()),
            plain_issuer: plain_name(parsed.issuer()),
            issued_by: common_name(parsed.issuer()),
            serial: parsed.tbs_certificate.serial.to_string(),
            algorithm,
            bits: u32::try_from(bits).ok()?,
            signature: signature(&parsed.signature_algorithm.algorithm.to_id_string())?,
            starts_at: Time::from_seconds(parsed.validity().not_before.timestamp()),
            expires_at: Time::from_seconds(parsed.validity().not_after.timestamp()),
            subject,
        })
    }
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    let common = name.iter_common_name().next()?;
    common.as_str().ok().map(str::to_owned)
}

/// The parts in the order of the certificate.
///
/// Source: Ping's Terraform provider: so PingOne writes the names of certificates, other than those
/// of keys.
fn plain_name(name: &X509Name<'_>) -> String {
    name.to_string().replace(", ", ",")
}

/// Whether a certificate is for a host, by its alternative names. A star stands for one label.
///
/// Spec: RFC 9525 6.3.
pub fn is_for_host(der: &[u8], host: &str) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return false;
    };
    let Ok(Some(names)) = parsed.subject_alternative_name() else {
        return false;
    };
    let is_it = |name: &str| {
        let name = name.to_ascii_lowercase();
        let below = host.split_once('.').map(|(_, below)| below);
        name == host || (below.is_some() && name.strip_prefix("*.") == below)
    };
    let mut names = names.value.general_names.iter();
    names.any(|name| matches!(name, GeneralName::DNSName(name) if is_it(name)))
}

/// The last part first, as PingOne writes names (RFC 4514 2.1, with a space after each comma).
fn name_of(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    let parts: Vec<&str> = text.split(", ").collect();
    let is_country_first = parts.first().is_some_and(|it| !it.starts_with("CN="));
    if is_country_first && parts.iter().any(|it| it.starts_with("CN=")) {
        let parts: Vec<&str> = parts.into_iter().rev().collect();
        return parts.join(", ");
    }
    text
}

fn signature(oid: &str) -> Option<SignatureAlgorithm> {
    Some(match oid {
        "1.2.840.113549.1.1.11" => SignatureAlgorithm::SHA256withRSA,
        "1.2.840.113549.1.1.12" => SignatureAlgorithm::SHA384withRSA,
        "1.2.840.113549.1.1.13" => SignatureAlgorithm::SHA512withRSA,
        "1.2.840.113549.1.1.10" => SignatureAlgorithm::SHA256withRSAandMGF1,
        "1.2.840.10045.4.3.2" => SignatureAlgorithm::SHA256withECDSA,
        "1.2.840.10045.4.3.3" => SignatureAlgorithm::SHA384withECDSA,
        "1.2.840.10045.4.3.4" => SignatureAlgorithm::SHA512withECDSA,
        "1.3.101.112" => SignatureAlgorithm::Ed25519,
        _ => return None,
    })
}

/// The certificates of a file: PEM (of certificates, or PKCS#7), DER of one certificate, or PKCS#7.
pub fn certificates(file: &[u8]) -> Vec<Vec<u8>> {
    if let Some(text) = std::str::from_utf8(file)
        .ok()
        .filter(|it| it.contains("-----BEGIN"))
    {
        if let Some(der) = armoured(text, "PKCS7") {
            return of_pkcs7(&der).unwrap_or_default();
        }
        let found = CertificateDer::pem_slice_iter(file).take(MAX_CERTIFICATES);
        return found.filter_map(Result::ok).map(|it| it.to_vec()).collect();
    }
    if X509Certificate::from_der(file).is_ok() {
        return vec![file.to_vec()];
    }
    of_pkcs7(file).unwrap_or_default()
}

/// What stands between `BEGIN` and `END` of a label.
fn armoured(text: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----"))?;
    let (inner, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let inner: String = inner.split_whitespace().collect();
    STANDARD.decode(inner).ok()
}

/// A certificate in PEM.
pub fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}

/// A certificate in PKCS#7: signed data that nobody signed.
///
/// Spec: RFC 5652 5.1; RFC 5751 3.8 (certs-only).
pub fn pkcs7(der: &[u8]) -> Vec<u8> {
    let signed = [
        element(INTEGER, &[1]),
        element(SET, &[]),
        element(SEQUENCE, DATA),
        element(CONTEXT_0, der),
        element(SET, &[]),
    ];
    let signed = element(CONTEXT_0, &element(SEQUENCE, &signed.concat()));
    element(SEQUENCE, &[SIGNED_DATA, &signed].concat())
}

/// The certificates in PKCS#7. Who signed what else is in it does not matter.
fn of_pkcs7(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (content, _) = inner(der, SEQUENCE)?;
    let signed = content.strip_prefix(SIGNED_DATA)?;
    let (signed, _) = inner(inner(signed, CONTEXT_0)?.0, SEQUENCE)?;
    let (_, rest) = inner(signed, INTEGER)?;
    let (_, rest) = inner(rest, SET)?;
    let (_, rest) = inner(rest, SEQUENCE)?;
    let (mut certificates, _) = inner(rest, CONTEXT_0)?;
    let mut found = Vec::new();
    while !certificates.is_empty() && found.len() < MAX_CERTIFICATES {
        let (_, rest) = inner(certificates, SEQUENCE)?;
        let length = certificates.len().checked_sub(rest.len())?;
        found.push(certificates.get(..length)?.to_vec());
        certificates = rest;
    }
    Some(found)
}

/// What is in the DER element of a tag at the beginning, and what comes after it.
fn inner(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*length) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            let length = bytes.iter().fold(0, |sum, it| sum * 256 + usize::from(*it));
            (length, rest)
        }
        _ => return None,
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}

/// An element of DER.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let length: Vec<u8> = length.into_iter().skip_while(|it| *it == 0).collect();
            out.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
            out.extend(length);
        }
    }
    out.extend_from_slice(content);
    out
}

/// Days between two times.
pub fn days(starts_at: Time, expires_at: Time) -> u64 {
    expires_at.since(starts_at).as_secs().div_ceil(86_400)
}

/// Uses of keys that certificates from elsewhere can have.
///
/// Decision: which of them PingOne takes is not documented; all that make sense without the private
/// key.
pub const fn is_for_certificates(usage: KeyUsageType) -> bool {
    matches!(
        usage,
        KeyUsageType::Signing
            | KeyUsageType::Encryption
            | KeyUsageType::Tls
            | KeyUsageType::Issuance
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn a_star_stands_for_one_label() {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = ["a.example", "*.b.example"].map(str::to_owned);
        let params = rcgen::CertificateParams::new(names).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        for (host, expected) in [
            ("a.example", true),
            ("x.b.example", true),
            ("b.example", false),
            ("x.y.b.example", false),
            ("x.a.example", false),
        ] {
            assert_eq!(is_for_host(&der, host), expected, "{host}");
        }
    }

    #[test]
    fn certificates_are_read_in_every_form() {
        let der = certificate();
        let package = pkcs7(&der);
        let armoured = STANDARD.encode(&package);
        let armoured = format!("-----BEGIN PKCS7-----\n{armoured}\n-----END PKCS7-----\n");
        for file in [
            der.clone(),
            pem(&der).into_bytes(),
            package,
            armoured.into_bytes(),
        ] {
            assert_eq!(certificates(&file), std::slice::from_ref(&der));
        }
        let said = Said::of(&der).unwrap();
        assert_eq!((said.algorithm, said.bits), (KeyAlgorithm::EC, 256));
        assert_eq!(said.signature, SignatureAlgorithm::SHA256withECDSA);
    }

    #[test]
    fn broken_files_hold_nothing() {
        let package = pkcs7(&certificate());
        for length in 0..package.len() {
            assert!(certificates(package.get(..length).unwrap()).is_empty());
        }
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\nnothing").is_empty());
        assert!(certificates(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_empty());
    }
}
