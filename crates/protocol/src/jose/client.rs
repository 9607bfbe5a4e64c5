//! Verifies tokens that a client made: with its secret, or with the keys it registered. The
//! registered key decides which algorithms count (`threats.md` 15).

use jsonwebtoken::jwk::{AlgorithmParameters, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::de::DeserializeOwned;

use super::header::{self, Header};
use super::verify::{Untrusted, Verified};

/// Shortest modulus of a registered RSA key, in bytes.
///
/// Spec: RFC 7518 3.3.
const MIN_MODULUS: usize = 256;
/// Most keys of a set that are tried.
const MAX_KEYS: usize = 20;

/// Verifies with any of the secrets that are accepted now.
pub fn verify_with_secret<'s, C: DeserializeOwned + Clone>(
    token: &str,
    secrets: impl Iterator<Item = &'s [u8]>,
) -> Result<Verified<C>, Untrusted> {
    let header = header::parse(token)?;
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

/// Verifies with the key of a set that `kid` names, or without one with any that fits.
pub fn verify_with_jwks<C: DeserializeOwned + Clone>(
    token: &str,
    jwks: &str,
) -> Result<Verified<C>, Untrusted> {
    let header = header::parse(token)?;
    let algorithm = match header.alg.as_str() {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        _ => return Err(Untrusted::Algorithm(header.alg)),
    };
    let keys: JwkSet = serde_json::from_str(jwks).map_err(|_| Untrusted::UnknownKey)?;
    let named = keys
        .keys
        .iter()
        .filter(|key| header.kid.is_none() || key.common.key_id == header.kid);
    let mut found = Untrusted::UnknownKey;
    for key in named.take(MAX_KEYS) {
        let AlgorithmParameters::RSA(rsa) = &key.algorithm else {
            continue;
        };
        // Base64url: four characters for three bytes.
        if rsa.n.len() * 3 / 4 < MIN_MODULUS {
            continue;
        }
        let Ok(key) = DecodingKey::from_rsa_components(&rsa.n, &rsa.e) else {
            continue;
        };
        match decode(token, &header, &key, algorithm) {
            Ok(verified) => return Ok(verified),
            Err(why) => found = why,
        }
    }
    Err(found)
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
