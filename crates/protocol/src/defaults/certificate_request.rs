//! A request for a certificate of a key (PKCS#10), in the name of the certificate that the key has.
//!
//! The library that makes requests knows a few types of attributes and one value of each. A
//! certificate from elsewhere may have others, several of a type, or several in one place, and
//! whoever answers a request in another name answers another one. So the library makes it in no name,
//! the certificate's goes in as it stands there, and it is signed anew.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_domain::key::SignatureAlgorithm;
use countersign_domain::store::Fault;
use rcgen::SigningKey as _;
use x509_parser::asn1_rs::Any;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::key_pair::KeyPair;

/// A request, in both forms.
pub struct CertificateRequest {
    /// DER.
    pub der: Vec<u8>,
    /// PEM.
    pub pem: String,
}

const BAD: Fault = Fault::Crypto("the certificate request cannot be made");

impl CertificateRequest {
    /// For a key whose `certificate` (DER) says what it is called.
    pub fn new(
        pair: &KeyPair,
        certificate: &[u8],
        hash: SignatureAlgorithm,
    ) -> Result<Self, Fault> {
        let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| BAD)?;
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).map_err(|_| BAD)?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        let key = pair.signing_certificates(hash)?;
        let nameless = params.serialize_request(&key).map_err(|_| BAD)?;
        let [info, algorithm, _] = elements(nameless.der())?[..] else {
            return Err(BAD);
        };
        let [version, _, public_key, attributes] = elements(info)?[..] else {
            return Err(BAD);
        };
        let subject = certificate.subject().as_raw();
        let info = sequence(&[version, subject, public_key, attributes]);
        let signature = key.sign(&info).map_err(|_| BAD)?;
        // A string of bits says first how many of its last ones do not count.
        let signature = element(0x03, &[&[0], &signature]);
        let der = sequence(&[&info, algorithm, &signature]);
        Ok(Self {
            pem: pem(&der),
            der,
        })
    }
}

/// The elements of a DER sequence, whole.
fn elements(der: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let (_, outer) = Any::from_der(der).map_err(|_| BAD)?;
    let mut rest = outer.data;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (after, _) = Any::from_der(rest).map_err(|_| BAD)?;
        let (whole, _) = rest.split_at(rest.len() - after.len());
        found.push(whole);
        rest = after;
    }
    Ok(found)
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

/// Spec: X.690 8.1.3 (lengths), in the shortest form.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        _ => {
            let bytes = length.to_be_bytes();
            let bytes: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            der.push(0x80 | u8::try_from(bytes.len()).unwrap_or_default());
            der.extend(bytes);
        }
    }
    der.extend(parts.concat());
    der
}

/// Spec: RFC 7468 7.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64);
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    format!(
        "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
        lines.join("\n")
    )
}
