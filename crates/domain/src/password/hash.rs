//! Password hashes: Argon2id for what is set here, and the encodings PingOne imports, to check
//! what came from elsewhere (`reference/flows.md` 10.3).
//!
//! New hashes: Argon2id, 19 MiB, two passes, one lane (OWASP's first choice), as PHC text.
//! Everything here burns processor time: call it on the pool behind
//! [`Heavy`](crate::ports::Heavy) only, with one [`Scratch`] per thread.

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::import::{self, Imported};

/// Memory of a new hash in KiB.
pub const MEMORY_KIB: u32 = 19_456;
/// Passes of a new hash.
pub const PASSES: u32 = 2;
/// Lanes of a new hash.
pub const LANES: u32 = 1;
const OUTPUT: usize = 32;

/// Bounds for imported hashes, so that one cannot make a sign-on cost gigabytes or minutes.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 20;
const MAX_LANES: u32 = 16;
const MAX_BCRYPT_COST: u32 = 15;
/// Longest encoded hash in bytes.
const MAX_LENGTH: usize = 1024;

/// A password hash in the PHC string format, or in one of the encodings PingOne imports.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Why a text is not a hash that can be checked here. Never quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAHash {
    /// Another encoding.
    #[error(
        "unknown encoding: a hash begins with $argon2id$, $argon2i$, $argon2d$, {{ARGON2}}, {{BCRYPT}}, {{PBKDF2}}, {{MSKCC_PBKDF2}}, {{SCRYPT}}, {{SCRYPT_RFC7914}}, {{SSHA}}, {{SSHA256}}, {{SSHA384}} or {{SSHA512}}"
    )]
    Encoding,
    /// Broken inside.
    #[error("the hash after its prefix is malformed")]
    Malformed,
    /// Beyond what a sign-on may cost.
    #[error(
        "the hash asks for too much work: at most 256 MiB, 20 passes and 16 lanes of Argon2, cost 15 of bcrypt, 10 million iterations of PBKDF2, 256 MiB and N x r x p of 2^24 of scrypt"
    )]
    TooCostly,
}

/// Address space (not memory: only pages that are written count) asked for at once, in blocks of
/// 1 KiB. From 32 MiB on the C library of GNU/Linux maps an allocation by itself and gives it back
/// when it is freed; smaller ones it would keep after the second hash, 19 MiB for each thread.
const RESERVED_BLOCKS: usize = 33 * 1024;

/// Memory for Argon2, kept between hashes: clearing fresh pages costs a third of a hash.
#[derive(Default)]
pub struct Scratch {
    blocks: Vec<Block>,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch(..)")
    }
}

impl Scratch {
    /// Without memory yet; the first hash takes what it needs.
    pub const fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    /// Gives back what only an imported, larger hash needed.
    fn trim(&mut self) {
        let usual = MEMORY_KIB as usize;
        if self.blocks.len() > usual {
            self.blocks.truncate(usual);
            self.blocks.shrink_to(RESERVED_BLOCKS);
        }
    }

    fn take(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks
                .reserve_exact(count.max(RESERVED_BLOCKS) - self.blocks.len());
            self.blocks.resize(count, Block::new());
        }
        self.blocks.get_mut(..count).unwrap_or_default()
    }
}

/// What is in the names of encodings, those that nobody here can check among them: `{CRYPT}`,
/// `{SMD5}`, `{pbkdf2@SpringSecurity_v5_8}`, `{SHA512-CRYPT}`.
///
/// Decision: there is no list of all names, and `{brace}-First-1!` is somebody's password.
const OF_NAMES: &[&str] = &[
    "ARGON", "BASE64", "CLEAR", "CRYPT", "LANMAN", "MD4", "MD5", "NTLM", "PBKDF", "SCRAM", "SHA",
];

/// Whether what stands between braces names an encoding, in whatever case.
fn is_encoding(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    OF_NAMES.iter().any(|it| name.contains(it))
}

/// What an encoded hash says.
enum Parsed {
    Argon2 {
        context: Argon2<'static>,
        salt: Vec<u8>,
        output: Vec<u8>,
    },
    Bcrypt(String),
    Imported(Imported),
    Salted {
        algorithm: &'static digest::Algorithm,
        output: Vec<u8>,
        salt: Vec<u8>,
    },
}

impl PasswordHash {
    /// The hash that a value is, or `None`: a clear password.
    ///
    /// Decision: what names an encoding is never a password. Who asked for a hash to be imported
    /// that cannot be checked would else give the user that very text as a password, and whoever
    /// stole the hash could sign on with it.
    ///
    /// # Errors
    /// It names an encoding, and cannot be checked.
    pub fn of_value(text: &str) -> Option<Result<Self, NotAHash>> {
        let name = text.strip_prefix('{')?.split_once('}').map(|it| it.0)?;
        let read = text.parse::<Self>();
        (read != Err(NotAHash::Encoding) || is_encoding(name)).then_some(read)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// None with the parameters of this module; the library's are passed on all the same.
    pub fn hash(
        password: &SecretString,
        salt: &[u8; 16],
        scratch: &mut Scratch,
    ) -> Result<Self, argon2::Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT))?;
        let blocks = scratch.take(params.block_count());
        let mut output = [0; OUTPUT];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
            password.expose_secret().as_bytes(),
            salt,
            &mut output,
            blocks,
        )?;
        let text = format!(
            "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${}${}",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(output)
        );
        output.zeroize();
        Ok(Self(text))
    }

    /// Whether this is the hash of `password`. A hash that cannot be read matches nothing.
    pub fn verify(&self, password: &SecretString, scratch: &mut Scratch) -> bool {
        let password = password.expose_secret().as_bytes();
        match parse(&self.0) {
            Ok(Parsed::Argon2 {
                context,
                salt,
                output,
            }) => {
                let matches = verify_argon2(&context, password, &salt, &output, scratch);
                scratch.trim();
                matches
            }
            // The library compares in constant time; bcrypt knows 72 bytes, as it does elsewhere.
            Ok(Parsed::Bcrypt(text)) => bcrypt::verify(password, &text).unwrap_or(false),
            Ok(Parsed::Imported(hash)) => hash.verify(password),
            Ok(Parsed::Salted {
                algorithm,
                output,
                salt,
            }) => {
                let mut context = digest::Context::new(algorithm);
                context.update(password);
                context.update(&salt);
                same(context.finish().as_ref(), &output)
            }
            Err(_) => false,
        }
    }

    /// Whether a new hash of the same password would be stronger: it was imported, or made with
    /// other parameters.
    pub fn is_outdated(&self) -> bool {
        let current = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$");
        !self.0.starts_with(&current)
    }

    /// The encoded text. For storage and export only.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Spends what [`PasswordHash::verify`] spends on a hash of ours, and answers `false`: for users
/// that do not exist or have no password (`threats.md` 22, 34).
pub fn verify_dummy(password: &SecretString, scratch: &mut Scratch) -> bool {
    // The password goes in, so that a longer one takes as much longer as for a user who exists.
    let _ = std::hint::black_box(PasswordHash::hash(password, &[0; 16], scratch));
    false
}

fn same(a: &[u8], b: &[u8]) -> bool {
    subtle::ConstantTimeEq::ct_eq(a, b).into()
}

fn verify_argon2(
    context: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    expected: &[u8],
    scratch: &mut Scratch,
) -> bool {
    let mut output = vec![0; expected.len()];
    let blocks = scratch.take(context.params().block_count());
    context
        .hash_password_into_with_memory(password, salt, &mut output, blocks)
        .is_ok()
        && same(&output, expected)
}

impl FromStr for PasswordHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        parse(text)?;
        Ok(Self(text.to_owned()))
    }
}

fn parse(text: &str) -> Result<Parsed, NotAHash> {
    if text.len() > MAX_LENGTH {
        return Err(NotAHash::Malformed);
    }
    if text.starts_with('$') {
        return parse_phc(text);
    }
    let (prefix, value) = text
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .ok_or(NotAHash::Encoding)?;
    match prefix {
        "ARGON2" => parse_argon2(value),
        "BCRYPT" => parse_bcrypt(value),
        "SSHA" => parse_salted(value, &digest::SHA1_FOR_LEGACY_USE_ONLY),
        "SSHA256" => parse_salted(value, &digest::SHA256),
        "SSHA384" => parse_salted(value, &digest::SHA384),
        "SSHA512" => parse_salted(value, &digest::SHA512),
        "MSKCC_PBKDF2" => import::parse_microsoft(value).map(Parsed::Imported),
        "SCRYPT" => import::parse_scrypt(value).map(Parsed::Imported),
        "SCRYPT_RFC7914" => import::parse_rfc7914(value).map(Parsed::Imported),
        scheme => import::parse_pbkdf2(scheme, value).map(Parsed::Imported),
    }
}

/// `{ARGON2}` with PHC text behind it, in clear or once more in base64.
fn parse_argon2(value: &str) -> Result<Parsed, NotAHash> {
    parse_phc(&modular(value)?).map_err(|error| match error {
        NotAHash::Encoding => NotAHash::Malformed,
        NotAHash::Malformed | NotAHash::TooCostly => error,
    })
}

/// What begins with `$`, in clear or in base64.
fn modular(value: &str) -> Result<String, NotAHash> {
    if value.starts_with('$') {
        return Ok(value.to_owned());
    }
    let bytes = STANDARD.decode(value).map_err(|_| NotAHash::Malformed)?;
    String::from_utf8(bytes).map_err(|_| NotAHash::Malformed)
}

fn parse_phc(text: &str) -> Result<Parsed, NotAHash> {
    const BAD: NotAHash = NotAHash::Malformed;
    let mut fields = text.strip_prefix('$').ok_or(BAD)?.split('$');
    let mut next = || fields.next().ok_or(BAD);
    let algorithm = match next()? {
        "argon2id" => Algorithm::Argon2id,
        "argon2i" => Algorithm::Argon2i,
        "argon2d" => Algorithm::Argon2d,
        _ => return Err(NotAHash::Encoding),
    };
    if next()? != "v=19" {
        return Err(BAD);
    }
    let mut numbers = [("m=", 0), ("t=", 0), ("p=", 0)];
    let mut costs = next()?.split(',');
    for (name, number) in &mut numbers {
        let digits = costs.next().and_then(|it| it.strip_prefix(*name));
        *number = digits.and_then(|it| it.parse().ok()).ok_or(BAD)?;
    }
    let [(_, memory), (_, passes), (_, lanes)] = numbers;
    let decode = |field: &str| STANDARD_NO_PAD.decode(field).map_err(|_| BAD);
    let (salt, output) = (decode(next()?)?, decode(next()?)?);
    if costs.next().is_some() || fields.next().is_some() {
        return Err(BAD);
    }
    if memory > MAX_MEMORY_KIB || passes > MAX_PASSES || lanes > MAX_LANES {
        return Err(NotAHash::TooCostly);
    }
    // Shorter outputs are matched by chance.
    if output.len() < 16 || output.len() > 128 || salt.len() < 8 {
        return Err(BAD);
    }
    let params = Params::new(memory, passes, lanes, Some(output.len())).map_err(|_| BAD)?;
    Ok(Parsed::Argon2 {
        context: Argon2::new(algorithm, Version::V0x13, params),
        salt,
        output,
    })
}

/// `{BCRYPT}` with the modular crypt form behind it, in clear or once more in base64.
fn parse_bcrypt(value: &str) -> Result<Parsed, NotAHash> {
    let text = modular(value)?;
    let parts: bcrypt::HashParts = text.parse().map_err(|_| NotAHash::Malformed)?;
    if parts.get_cost() > MAX_BCRYPT_COST {
        return Err(NotAHash::TooCostly);
    }
    Ok(Parsed::Bcrypt(text))
}

/// base64(digest, then salt), as LDAP's `userPassword` has it.
fn parse_salted(value: &str, algorithm: &'static digest::Algorithm) -> Result<Parsed, NotAHash> {
    let bytes = STANDARD.decode(value).map_err(|_| NotAHash::Malformed)?;
    let (output, salt) = bytes
        .split_at_checked(algorithm.output_len())
        .ok_or(NotAHash::Malformed)?;
    if salt.is_empty() {
        return Err(NotAHash::Malformed);
    }
    Ok(Parsed::Salted {
        algorithm,
        output: output.to_vec(),
        salt: salt.to_vec(),
    })
}

#[cfg(test)]
mod tests;
