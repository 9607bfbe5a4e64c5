//! Verifies tokens that a client made: with its secret, or with the keys it registered. The
//! registered key decides which algorithms count (`threats.md` 15).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::header::{self, Header};
use super::verify::{Untrusted, Verified};

/// Shortest modulus of a registered RSA key, in bytes.
///
/// Spec: RFC 7518 3.3.
const MIN_MODULUS: usize = 256;
/// Most keys of a set that are tried.
const MAX_KEYS: usize = 20;
/// Most keys of a set that are read.
const MAX_SET: usize = 50;

/// Verifies with any of the secrets that are accepted now.
pub fn verify_with_secret<'s, C: DeserializeOwned + Clone>(
    token: &str,
    secrets: impl Iterator<Item = &'s [u8]>,
) -> Result<Verified<C>, Untrusted> {
    let header = header::parse_of_client(token)?;
    // A key as long as the hash (RFC 7518 3.2).
    let (algorithm, shortest) = match header.alg.as_str() {
        "HS256" => (Algorithm::HS256, 32),
        "HS384" => (Algorithm::HS384, 48),
        "HS512" => (Algorithm::HS512, 64),
        _ => return Err(Untrusted::Algorithm(header.alg)),
    };
    for secret in secrets.filter(|secret| secret.len() >= shortest) {
        let key = DecodingKey::from_secret(secret);
        if let Ok(verified) = decode(token, &header, &key, algorithm) {
            return Ok(verified);
        }
    }
    Err(Untrusted::Invalid)
}

/// A key set as somebody else wrote it.
#[derive(Debug)]
pub struct KeySet(Vec<Jwk>);

impl KeySet {
    /// Reads a set. Keys of kinds unknown here are passed over.
    ///
    /// Spec: RFC 7517 5.
    pub fn parse(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_str(text).ok()?;
        let keys = set.keys.into_iter().take(MAX_SET);
        let keys = keys.filter_map(|key| serde_json::from_value(key).ok());
        Some(Self(keys.collect()))
    }

    /// Whether it has a key of this name.
    #[cfg(test)]
    pub(super) fn has(&self, kid: &str) -> bool {
        let mut names = self.0.iter().map(|key| key.common.key_id.as_deref());
        names.any(|name| name == Some(kid))
    }
}

/// Verifies with the key of a set that `kid` names, or without one with any that fits.
pub fn verify_with_jwks<C: DeserializeOwned + Clone>(
    token: &str,
    jwks: &str,
) -> Result<Verified<C>, Untrusted> {
    verify_with_keys(token, &KeySet::parse(jwks).ok_or(Untrusted::UnknownKey)?)
}

/// The same with a set that was read before.
pub fn verify_with_keys<C: DeserializeOwned + Clone>(
    token: &str,
    keys: &KeySet,
) -> Result<Verified<C>, Untrusted> {
    let header = header::parse_of_client(token)?;
    let algorithm = match header.alg.as_str() {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        _ => return Err(Untrusted::Algorithm(header.alg)),
    };
    verify_with_any(token, &header, keys, algorithm)
}

/// Verifies the ID token of an identity provider.
///
/// Spec: OIDC Core 3.1.3.7 (signature).
pub fn verify_of_provider<C: DeserializeOwned + Clone>(
    token: &str,
    keys: &KeySet,
) -> Result<Verified<C>, Untrusted> {
    let header = header::parse_foreign(token)?;
    let algorithm = match header.alg.as_str() {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" => Algorithm::EdDSA,
        _ => return Err(Untrusted::Algorithm(header.alg)),
    };
    verify_with_any(token, &header, keys, algorithm)
}

fn verify_with_any<C: DeserializeOwned + Clone>(
    token: &str,
    header: &Header,
    keys: &KeySet,
    algorithm: Algorithm,
) -> Result<Verified<C>, Untrusted> {
    let named = keys
        .0
        .iter()
        .filter(|key| header.kid.is_none() || key.common.key_id == header.kid);
    let mut found = Untrusted::UnknownKey;
    for key in named.filter(|key| fits(key, algorithm)).take(MAX_KEYS) {
        let Ok(key) = DecodingKey::from_jwk(key) else {
            continue;
        };
        match decode(token, header, &key, algorithm) {
            Ok(verified) => return Ok(verified),
            // A key that was not named may simply be another one than the signer's.
            Err(_) if header.kid.is_none() => {}
            Err(why) => found = why,
        }
    }
    Err(found)
}

/// Whether a key is of the kind that an algorithm needs, and for signatures (`threats.md` 15).
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let stated = &key.common.key_algorithm;
    if stated.is_some_and(|stated| stated != algorithm.into())
        || key.common.public_key_use == Some(PublicKeyUse::Encryption)
    {
        return false;
    }
    match (&key.algorithm, algorithm) {
        (
            AlgorithmParameters::RSA(rsa),
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512,
        ) => {
            // Base64url: four characters for three bytes.
            rsa.n.len() * 3 / 4 >= MIN_MODULUS
        }
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => {
            curve.curve == EllipticCurve::P256
        }
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES384) => {
            curve.curve == EllipticCurve::P384
        }
        (AlgorithmParameters::OctetKeyPair(curve), Algorithm::EdDSA) => {
            curve.curve == EllipticCurve::Ed25519
        }
        _ => false,
    }
}

fn decode<C: DeserializeOwned + Clone>(
    token: &str,
    header: &Header,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<Verified<C>, Untrusted> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let data =
        jsonwebtoken::decode::<C>(token, key, &validation).map_err(|_| Untrusted::Invalid)?;
    Ok(Verified::of(data.claims, header.typ.clone()))
}

#[cfg(test)]
mod tests;
