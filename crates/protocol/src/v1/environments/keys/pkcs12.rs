//! PKCS#12 files: a private key and its certificates behind a password.
//!
//! Spec: RFC 7292; RFC 8018 6.2 (PBES2 with PBKDF2 and AES in CBC mode)
//!
//! Decision: the ciphers of old files (RC2, 3DES) are not read, and the checksum is not looked at:
//! who sends the file may send any, and a wrong password shows when the contents are no key.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

/// Most rounds of key derivation: more would keep a processor busy for nothing.
const MOST_ROUNDS: u32 = 200_000;
/// Most bags and certificates of a file.
const MOST_PARTS: usize = 32;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0]`, of something whole and of bytes.
const EXPLICIT: u8 = 0xa0;
const IMPLICIT: u8 = 0x80;

/// 1.2.840.113549.1.7.1 and 6
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const ENCRYPTED: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
/// 1.2.840.113549.1.12.10.1.1 to 3
const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
const CERTIFICATE_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
/// 1.2.840.113549.1.9.22.1
const X509: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
/// 1.2.840.113549.1.5.13 and 12
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
/// 1.2.840.113549.2.7 and 9 to 11
const HMACS: [(&[u8], pbkdf2::Algorithm); 4] = [
    (SHA1, pbkdf2::PBKDF2_HMAC_SHA1),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x02\x09",
        pbkdf2::PBKDF2_HMAC_SHA256,
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a",
        pbkdf2::PBKDF2_HMAC_SHA384,
    ),
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b",
        pbkdf2::PBKDF2_HMAC_SHA512,
    ),
];
/// What a file that names no digest means (RFC 8018 A.2).
const SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";

/// 2.16.840.1.101.3.4.1.2, 22 and 42
fn cipher(oid: &[u8]) -> Option<(&'static Algorithm, usize)> {
    match oid.strip_prefix(b"\x60\x86\x48\x01\x65\x03\x04\x01")? {
        [2] => Some((&AES_128, 16)),
        [22] => Some((&AES_192, 24)),
        [42] => Some((&AES_256, 32)),
        _ => None,
    }
}

/// What a file holds.
pub(super) struct Contents {
    /// The private key, as PKCS#8.
    pub key: Zeroizing<Vec<u8>>,
    /// The certificates, as they come.
    pub certificates: Vec<Vec<u8>>,
}

/// Opens a file. `None`: it is no such file, or does not open with this password.
pub(super) fn open(file: &[u8], password: &str) -> Option<Contents> {
    let mut whole = Der(file).inside(SEQUENCE)?;
    whole.take(INTEGER)?;
    let safe = data(whole.inside(SEQUENCE)?)?;
    let mut parts = Der(safe).inside(SEQUENCE)?;
    let (mut key, mut certificates) = (None, Vec::new());
    let mut count = 0;
    while let Some(mut part) = parts.inside(SEQUENCE) {
        let bags = match part.take(OID)? {
            DATA => Zeroizing::new(part.inside(EXPLICIT)?.take(OCTETS)?.to_vec()),
            ENCRYPTED => {
                let mut encrypted = part.inside(EXPLICIT)?.inside(SEQUENCE)?;
                encrypted.take(INTEGER)?;
                let mut content = encrypted.inside(SEQUENCE)?;
                content.take(OID)?;
                let scheme = content.inside(SEQUENCE)?;
                decrypted(scheme, content.take(IMPLICIT)?, password)?
            }
            _ => return None,
        };
        let mut bags = Der(&bags).inside(SEQUENCE)?;
        while let Some(mut bag) = bags.inside(SEQUENCE) {
            count += 1;
            if count > MOST_PARTS {
                return None;
            }
            let kind = bag.take(OID)?;
            let mut value = bag.inside(EXPLICIT)?;
            match kind {
                KEY_BAG => key = Some(Zeroizing::new(value.0.to_vec())),
                SHROUDED_KEY_BAG => {
                    let mut shrouded = value.inside(SEQUENCE)?;
                    let scheme = shrouded.inside(SEQUENCE)?;
                    key = Some(decrypted(scheme, shrouded.take(OCTETS)?, password)?);
                }
                CERTIFICATE_BAG => {
                    let mut certificate = value.inside(SEQUENCE)?;
                    if certificate.take(OID)? == X509 {
                        let der = certificate.inside(EXPLICIT)?.take(OCTETS)?;
                        certificates.push(der.to_vec());
                    }
                }
                // Secrets and lists of revoked certificates are nothing to us.
                _ => {}
            }
        }
    }
    Some(Contents {
        key: key?,
        certificates,
    })
}

/// The bytes of a `ContentInfo` that is not encrypted.
fn data(mut info: Der<'_>) -> Option<&[u8]> {
    let is_data = info.take(OID)? == DATA;
    let content = info.inside(EXPLICIT)?.take(OCTETS)?;
    is_data.then_some(content)
}

/// What was encrypted under an `AlgorithmIdentifier` of PBES2.
fn decrypted(mut scheme: Der<'_>, bytes: &[u8], password: &str) -> Option<Zeroizing<Vec<u8>>> {
    if scheme.take(OID)? != PBES2 {
        return None;
    }
    let mut scheme = scheme.inside(SEQUENCE)?;
    let mut derivation = scheme.inside(SEQUENCE)?;
    let mut encryption = scheme.inside(SEQUENCE)?;
    if derivation.take(OID)? != PBKDF2 {
        return None;
    }
    let mut derivation = derivation.inside(SEQUENCE)?;
    let salt = derivation.take(OCTETS)?;
    let rounds = derivation.number().filter(|it| *it <= MOST_ROUNDS)?;
    let mut hmac = SHA1;
    while let Some((tag, value)) = derivation.next() {
        match tag {
            SEQUENCE => hmac = Der(value).take(OID)?,
            // The length of the key, which the cipher tells.
            INTEGER => {}
            _ => return None,
        }
    }
    let (_, hmac) = HMACS.into_iter().find(|(oid, _)| *oid == hmac)?;
    let (cipher, length) = cipher(encryption.take(OID)?)?;
    let iv = FixedLength::<16>::try_from(encryption.take(OCTETS)?).ok()?;
    let mut key = Zeroizing::new(vec![0; length]);
    let rounds = NonZeroU32::new(rounds)?;
    pbkdf2::derive(hmac, rounds, salt, password.as_bytes(), &mut key);
    let key = UnboundCipherKey::new(cipher, &key).ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let mut bytes = Zeroizing::new(bytes.to_vec());
    let plain = key.decrypt(&mut bytes, DecryptionContext::Iv128(iv)).ok()?;
    Some(Zeroizing::new(plain.to_vec()))
}

/// What is left to read of some DER.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next value with its tag.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match usize::from(*first) {
            short @ ..0x80 => (short, rest),
            // No length, or one that no file here has.
            0x80 | 0x85.. => return None,
            long => {
                let (length, rest) = rest.split_at_checked(long - 0x80)?;
                let grown = |sum: usize, it: &u8| sum << 8 | usize::from(*it);
                (length.iter().fold(0, grown), rest)
            }
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, value))
    }

    /// The next value, if it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, value) = self.next()?;
        (found == tag).then_some(value)
    }

    /// What is inside the next value, if it has this tag.
    fn inside(&mut self, tag: u8) -> Option<Self> {
        self.take(tag).map(Der)
    }

    /// A positive number.
    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(INTEGER)?;
        let is_positive = bytes.first().is_some_and(|it| it & 0x80 == 0);
        let number = bytes.iter().try_fold(0u32, |sum, it| {
            sum.checked_mul(256)?.checked_add(u32::from(*it))
        })?;
        is_positive.then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// `openssl pkcs12 -export`, version 3, of a P-256 key and its certificate; password `changeit`.
    const FILE: &str = "MIID/AIBAzCCA7IGCSqGSIb3DQEHAaCCA6MEggOfMIIDmzCCAlIGCSqGSIb3DQEHBqCCAkMwggI/AgEAMIICOAYJ\
        KoZIhvcNAQcBMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh2Qy57x4i1VQICCAAwDAYIKoZIhvcNAgkF\
        ADAdBglghkgBZQMEASoEEDlFa7r3jalFmeXimLAis5eAggHQ/tWGpvC48a/DyMsPvdie4qgGHCT7wgAj4e/kjYyx\
        YLNaePhVbHCrODKokAGNhD7pwSu0NBshyGI1ekO3DrxsIEJsKhT3/nB+zrVLjhfNp9VD7ynlAZjnI5HsrbZZ93Rp\
        zNAbG/ivb5Dyk629sKijp1DWoXGnlCZW/MR35kGO207SxqWVNYS9fAAMtI7Mepk9vHPzFwC7o3dw2FTbVM1tbMuq\
        bBTDBfckluXGTYSTYgFtYM++L9uMhMTqVyqkb/j12V9BQNLYFkCjUTgz6KN3UkiqQ7yE4ILDPeP6zi1gD5jdBL89\
        iJfpPI2uMSgRa1BaqdQVzPLoFnTPD3QC3KECdP+XotPjwH1Fs5dG+/wGjU8znSNMWa4Bw/SdG8vDjxx98qw9IYUM\
        CVLA3gIHa9waq5VFgA15ZWORMJ+XpDzBWRHAo7iw56nRJFUb5SgEuQKhGgoHQ/ybmZ5v9o1pclBRNe/57e7uLyae\
        bGU+e0F4AL6I8OKPMKPgR5uNTENNsRpItaTYZlD1tYdUuk+kBo07Grsi0J41SmCC0kwVmvKsXeL3Q82e59e4HcdE\
        pk/bwuSB50wBszxlJDDH+adGobb4pjzQCHyscGiBXHMkbJsp9BMwggFBBgkqhkiG9w0BBwGgggEyBIIBLjCCASow\
        ggEmBgsqhkiG9w0BDAoBAqCB7zCB7DBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIWcomtCDeA+0CAggA\
        MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBVFfzIFNB2mj5EpF7FHsTsBIGQ2Ykr0ta1B7fuWsw4dsUhqRPk\
        47M8uxwOL1FHE8u+PkMF+q1eqrDNWDWVI2Tx29gMIoQk12ud/1/wP/VPO36O87idFoJMzhujUsL56IVwYG70G+qE\
        6itQ/td8WrbX2Bu0XxFewZxDKb9iWyQAtXcwPSWA2UILrTEO1ibH3ZLVpT0n8Db8BBP587v0sLmQv9IDMSUwIwYJ\
        KoZIhvcNAQkVMRYEFANtHXHMHqS8rGIUbEUUj+B8rmhjMEEwMTANBglghkgBZQMEAgEFAAQgJmkbC+bhJSyoknkB\
        +Q9i15K3whYb8BCRXljqL9r/v9EECCVTSa07rKRQAgIIAA==";
    /// The same without encryption.
    const PLAIN: &str = "MIIC3wIBAzCCAtgGCSqGSIb3DQEHAaCCAskEggLFMIICwTCCAeIGCSqGSIb3DQEHAaCCAdMEggHPMIIByzCCAccG\
        CyqGSIb3DQEMCgEDoIIBjzCCAYsGCiqGSIb3DQEJFgGgggF7BIIBdzCCAXMwggEZoAMCAQICFBnuazvrcHoYLkgo\
        n2LpO+GyhD+/MAoGCCqGSM49BAMCMA4xDDAKBgNVBAMMA3AxMjAgFw0yNjExMjkyMDQ2MjJaGA8yMTI2MTEwNTIw\
        NDYyMlowDjEMMAoGA1UEAwwDcDEyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEliXF79n6KpXHYwOvHU7arw5K\
        7DjTqSfyheo04nkcfRJ/4k0gTGZjXtmjtTA+3PLmx0vajmxPBxnYNIj9fe09kaNTMFEwHQYDVR0OBBYEFLTZ9oUv\
        YE5FP8yCFOwtF9kxn+fxMB8GA1UdIwQYMBaAFLTZ9oUvYE5FP8yCFOwtF9kxn+fxMA8GA1UdEwEB/wQFMAMBAf8w\
        CgYIKoZIzj0EAwIDSAAwRQIgYTkbSZvsx9Cs/58nYBzLFTl7ku5wRqCpkl/8DNxo/asCIQCU7Dk6HmaNsd4ynQKg\
        Zs2D/+LcT5VMwiN61W9taQOa1jElMCMGCSqGSIb3DQEJFTEWBBQDbR1xzB6kvKxiFGxFFI/gfK5oYzCB2AYJKoZI\
        hvcNAQcBoIHKBIHHMIHEMIHBBgsqhkiG9w0BDAoBAaCBijCBhwIBADATBgcqhkjOPQIBBggqhkjOPQMBBwRtMGsC\
        AQEEIBcjXyhknt6p9d8kYmyAIEQeRrejXhJL7/n0qkAH9aURoUQDQgAEliXF79n6KpXHYwOvHU7arw5K7DjTqSfy\
        heo04nkcfRJ/4k0gTGZjXtmjtTA+3PLmx0vajmxPBxnYNIj9fe09kTElMCMGCSqGSIb3DQEJFTEWBBQDbR1xzB6k\
        vKxiFGxFFI/gfK5oYw==";

    #[test]
    fn a_file_opens_with_its_password_alone() {
        let file = STANDARD.decode(FILE).unwrap();
        let opened = open(&file, "changeit").unwrap();
        assert_eq!(opened.certificates.len(), 1);
        assert!(open(&file, "changeIt").is_none());
        let plain = open(&STANDARD.decode(PLAIN).unwrap(), "").unwrap();
        assert_eq!(plain.key, opened.key);
        assert_eq!(plain.certificates, opened.certificates);
    }

    #[test]
    fn whatever_is_cut_or_changed_is_no_panic() {
        let file = STANDARD.decode(FILE).unwrap();
        for end in 0..file.len() {
            assert!(open(&file[..end], "changeit").is_none(), "{end}");
        }
        for at in (0..file.len()).filter(|at| at % 7 == 0) {
            let mut changed = file.clone();
            changed[at] ^= 0x41;
            let _ = open(&changed, "changeit");
        }
    }
}
