//! Hashes of other systems that are only ever checked: PBKDF2 and scrypt in the encodings that
//! PingOne imports, and in those that the systems people come from write
//! (`reference/flows.md` 10.3). The first right password replaces them.
//!
//! Sources: the public page on password encoding; the javadoc of PingDS for its `{SCRYPT}` and
//! `{PBKDF2}`; the configuration reference of PingDirectory ("the c2NyeXB0 format"); the format of
//! scrypt files (scrypt 1.3, FORMAT); ASP.NET Core Identity.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time, digest, hmac, pbkdf2};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroize;

use super::hash::NotAHash;

/// Most iterations of PBKDF2: about three seconds.
const MAX_ITERATIONS: u32 = 10_000_000;
/// Most memory of scrypt, in bytes.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;
/// Most work of scrypt, as N x r x p: about six seconds.
const MAX_WORK: u64 = 1 << 24;
/// Shorter keys are matched by chance.
const SHORTEST_KEY: usize = 16;
const LONGEST_KEY: usize = 128;
const SHORTEST_SALT: usize = 4;

const BAD: NotAHash = NotAHash::Malformed;

/// base64 with or without padding: systems differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What an encoded hash says.
pub(super) enum Imported {
    Pbkdf2(Pbkdf2),
    /// Key and salt, plain.
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        key: Vec<u8>,
    },
    /// The header of a file that `scrypt enc` writes: it proves the password without the rest.
    ScryptHeader {
        params: scrypt::Params,
        header: [u8; 96],
    },
}

/// A key made with PBKDF2.
pub(super) struct Pbkdf2 {
    /// The digests it may have been made with; one, where the encoding says.
    digests: &'static [pbkdf2::Algorithm],
    iterations: NonZeroU32,
    salt: Vec<u8>,
    key: Vec<u8>,
}

impl Imported {
    /// Whether `password` makes the same key.
    pub(super) fn verify(&self, password: &[u8]) -> bool {
        match self {
            Self::Pbkdf2(hash) => hash.digests.iter().any(|digest| {
                pbkdf2::verify(*digest, hash.iterations, &hash.salt, password, &hash.key).is_ok()
            }),
            Self::Scrypt { params, salt, key } => {
                let mut made = vec![0; key.len()];
                let is_made = scrypt::scrypt(password, salt, params, &mut made).is_ok();
                let is_same = constant_time::verify_slices_are_equal(&made, key).is_ok();
                made.zeroize();
                is_made && is_same
            }
            Self::ScryptHeader { params, header } => verify_header(params, header, password),
        }
    }
}

/// The second half of the derived key signs the first 64 bytes of the header.
fn verify_header(params: &scrypt::Params, header: &[u8; 96], password: &[u8]) -> bool {
    let (signed, signature) = header.split_at(64);
    let salt = signed.get(16..48).unwrap_or_default();
    let mut derived = [0; 64];
    if scrypt::scrypt(password, salt, params, &mut derived).is_err() {
        return false;
    }
    let (_, secret) = derived.split_at(32);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let is_right = hmac::verify(&key, signed, signature).is_ok();
    derived.zeroize();
    is_right
}

const SHA1: &[pbkdf2::Algorithm] = &[pbkdf2::PBKDF2_HMAC_SHA1];
const SHA256: &[pbkdf2::Algorithm] = &[pbkdf2::PBKDF2_HMAC_SHA256];
const SHA384: &[pbkdf2::Algorithm] = &[pbkdf2::PBKDF2_HMAC_SHA384];
const SHA512: &[pbkdf2::Algorithm] = &[pbkdf2::PBKDF2_HMAC_SHA512];

fn derived(
    digests: &'static [pbkdf2::Algorithm],
    iterations: u32,
    salt: &[u8],
    key: &[u8],
) -> Result<Imported, NotAHash> {
    let iterations = NonZeroU32::new(iterations).ok_or(BAD)?;
    if iterations.get() > MAX_ITERATIONS {
        return Err(NotAHash::TooCostly);
    }
    check_lengths(salt, key)?;
    Ok(Imported::Pbkdf2(Pbkdf2 {
        digests,
        iterations,
        salt: salt.to_vec(),
        key: key.to_vec(),
    }))
}

fn check_lengths(salt: &[u8], key: &[u8]) -> Result<(), NotAHash> {
    let fits = salt.len() >= SHORTEST_SALT && (SHORTEST_KEY..=LONGEST_KEY).contains(&key.len());
    fits.then_some(()).ok_or(BAD)
}

fn decode(text: &str) -> Result<Vec<u8>, NotAHash> {
    BASE64.decode(text).map_err(|_| BAD)
}

/// Reads big-endian numbers and slices off a value.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], NotAHash> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(BAD)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u32, NotAHash> {
        let taken = self.take(bytes)?;
        Ok(taken
            .iter()
            .fold(0, |sum, byte| (sum << 8) | u32::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Result<usize, NotAHash> {
        usize::try_from(self.number(bytes)?).map_err(|_| BAD)
    }
}

/// `{PBKDF2}`, `{PBKDF2-HMAC-SHA256}` and the like: PingOne's packed form, or `iterations:` and
/// base64(key, salt) as PingDS writes it.
pub(super) fn parse_pbkdf2(scheme: &str, value: &str) -> Result<Imported, NotAHash> {
    let digests = match scheme {
        "PBKDF2" => None,
        "PBKDF2-HMAC-SHA1" => Some(SHA1),
        "PBKDF2-HMAC-SHA256" => Some(SHA256),
        "PBKDF2-HMAC-SHA384" => Some(SHA384),
        "PBKDF2-HMAC-SHA512" => Some(SHA512),
        _ => return Err(NotAHash::Encoding),
    };
    let Some((iterations, value)) = value.split_once(':') else {
        return parse_packed(value);
    };
    let bytes = decode(value)?;
    let digests = digests.unwrap_or(SHA1);
    let length = match scheme {
        "PBKDF2-HMAC-SHA256" => 32,
        "PBKDF2-HMAC-SHA384" => 48,
        "PBKDF2-HMAC-SHA512" => 64,
        _ => 20,
    };
    let (key, salt) = bytes.split_at_checked(length).ok_or(BAD)?;
    derived(digests, iterations.parse().map_err(|_| BAD)?, salt, key)
}

/// Version and salt length in two bytes each, the salt, the iterations in four bytes, and the key
/// at the end.
///
/// Decision: what stands between iterations and key is not public, so up to eight bytes there are
/// passed over, and the digest follows from the key's length: 20, 32, 48 or 64 bytes. For a key of
/// 32 bytes the longer digests are tried as well. That nobody gains by this follows from the
/// key: whoever makes the same bytes with one of them knows the password.
fn parse_packed(value: &str) -> Result<Imported, NotAHash> {
    const SHA2: &[pbkdf2::Algorithm] = &[
        pbkdf2::PBKDF2_HMAC_SHA256,
        pbkdf2::PBKDF2_HMAC_SHA512,
        pbkdf2::PBKDF2_HMAC_SHA1,
    ];
    let bytes = decode(value)?;
    let mut bytes = Bytes(&bytes);
    let _version = bytes.number(2)?;
    let salt_length = bytes.length(2)?;
    let salt = bytes.take(salt_length)?;
    let iterations = bytes.number(4)?;
    let rest = bytes.0;
    let (digests, length) = match rest.len() {
        20..=28 => (SHA1, 20),
        32..=40 => (SHA2, 32),
        48..=56 => (SHA384, 48),
        64..=72 => (SHA512, 64),
        _ => return Err(BAD),
    };
    let (_, key) = rest.split_at_checked(rest.len() - length).ok_or(BAD)?;
    derived(digests, iterations, salt, key)
}

/// `{MSKCC_PBKDF2}`: base64 of what Microsoft's `PasswordHasher` writes. 0, 16 bytes of salt and a
/// key of 32 bytes; or 1, digest, iterations and length of the salt in four bytes each, salt, key.
pub(super) fn parse_microsoft(value: &str) -> Result<Imported, NotAHash> {
    let bytes = decode(value)?;
    let mut bytes = Bytes(&bytes);
    match bytes.number(1)? {
        0 => {
            let salt = bytes.take(16)?;
            if bytes.0.len() != 32 {
                return Err(BAD);
            }
            derived(SHA1, 1_000, salt, bytes.0)
        }
        1 => {
            let digests = match bytes.number(4)? {
                0 => SHA1,
                1 => SHA256,
                2 => SHA512,
                _ => return Err(BAD),
            };
            let iterations = bytes.number(4)?;
            let salt_length = bytes.length(4)?;
            let salt = bytes.take(salt_length)?;
            derived(digests, iterations, salt, bytes.0)
        }
        _ => Err(BAD),
    }
}

fn scrypt_params(log_n: u8, r: u32, p: u32) -> Result<scrypt::Params, NotAHash> {
    let n = 1_u64.checked_shl(u32::from(log_n)).ok_or(BAD)?;
    let (r64, p64) = (u64::from(r), u64::from(p));
    let memory = n.checked_mul(r64).and_then(|it| it.checked_mul(128));
    let work = n.checked_mul(r64).and_then(|it| it.checked_mul(p64));
    if memory.is_none_or(|it| it > MAX_MEMORY) || work.is_none_or(|it| it > MAX_WORK) {
        return Err(NotAHash::TooCostly);
    }
    scrypt::Params::new(log_n, r, p).map_err(|_| BAD)
}

/// `{SCRYPT}`: base64 of the header of a scrypt file, as PingDirectory writes it; or the form of
/// [`parse_rfc7914`], as PingDS does.
pub(super) fn parse_scrypt(value: &str) -> Result<Imported, NotAHash> {
    if value.contains('$') {
        return parse_rfc7914(value);
    }
    let bytes = decode(value)?;
    let header: [u8; 96] = bytes.as_slice().try_into().map_err(|_| BAD)?;
    let mut bytes = Bytes(&header);
    if bytes.take(7)? != b"scrypt\0" {
        return Err(BAD);
    }
    let log_n = u8::try_from(bytes.number(1)?).map_err(|_| BAD)?;
    let (r, p) = (bytes.number(4)?, bytes.number(4)?);
    let _salt = bytes.take(32)?;
    let sum = bytes.take(16)?;
    let (summed, _) = header.split_at(48);
    let right = digest::digest(&digest::SHA256, summed);
    if right.as_ref().get(..16) != Some(sum) {
        return Err(BAD);
    }
    Ok(Imported::ScryptHeader {
        params: scrypt_params(log_n, r, p)?,
        header,
    })
}

/// `{SCRYPT_RFC7914}`: `N$r$p[$length]:` and base64(key, salt), as PingDS writes it, where N is the
/// exponent; or `[$s0]$params$salt$key`, where params are N (exponent), r and p in a hexadecimal
/// number.
///
/// Decision: which of the two PingOne means is not public; they cannot be taken for each other.
pub(super) fn parse_rfc7914(value: &str) -> Result<Imported, NotAHash> {
    if let Some((costs, value)) = value.split_once(':') {
        let mut costs = costs.split('$');
        let mut next = || costs.next().and_then(|it| it.parse::<u32>().ok());
        let (log_n, r, p) = (next().ok_or(BAD)?, next().ok_or(BAD)?, next().ok_or(BAD)?);
        let length = costs
            .next()
            .map_or(Ok(64), |it| it.parse::<usize>().map_err(|_| BAD))?;
        if costs.next().is_some() {
            return Err(BAD);
        }
        let bytes = decode(value)?;
        let (key, salt) = bytes.split_at_checked(length).ok_or(BAD)?;
        return plain_scrypt(u8::try_from(log_n).map_err(|_| BAD)?, r, p, salt, key);
    }
    let value = value.strip_prefix("$s0").unwrap_or(value);
    let mut fields = value.strip_prefix('$').unwrap_or(value).split('$');
    let mut next = || fields.next().ok_or(BAD);
    let params = u32::from_str_radix(next()?, 16).map_err(|_| BAD)?;
    let (salt, key) = (decode(next()?)?, decode(next()?)?);
    if fields.next().is_some() {
        return Err(BAD);
    }
    let log_n = u8::try_from(params >> 16).map_err(|_| BAD)?;
    plain_scrypt(log_n, (params >> 8) & 0xff, params & 0xff, &salt, &key)
}

fn plain_scrypt(log_n: u8, r: u32, p: u32, salt: &[u8], key: &[u8]) -> Result<Imported, NotAHash> {
    check_lengths(salt, key)?;
    Ok(Imported::Scrypt {
        params: scrypt_params(log_n, r, p)?,
        salt: salt.to_vec(),
        key: key.to_vec(),
    })
}
