//! Signs compact JWS with the algorithm of the key. Five lines of format over a checked primitive;
//! the JOSE crate would parse the private key for every token.

use aws_lc_rs::rand::SystemRandom;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::store::Fault;
use countersign_domain::vault::Vault;
use serde::Serialize;

use super::keys::{KeyMaterial, Signer};
use super::known::KnownSignatures;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<&'a str>,
}

/// What the header of a token says besides `alg` and `kid`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeaderOptions<'a> {
    /// `typ`, such as `at+jwt` (RFC 9068).
    pub typ: Option<&'a str>,
    /// Whether to name the certificate by its thumbprint (`includeX5t` of the application).
    pub x5t: bool,
}

/// Signs `claims` with `key`, and remembers that it did: such a token soon comes back to be asked
/// about.
pub fn sign_known(
    key: &KeyMaterial,
    vault: &Vault,
    options: HeaderOptions<'_>,
    claims: &impl Serialize,
    known: &KnownSignatures,
) -> Result<String, Fault> {
    let token = sign(key, vault, options, claims)?;
    known.note(key, &token);
    Ok(token)
}

/// Signs `claims` with `key`.
pub fn sign(
    key: &KeyMaterial,
    vault: &Vault,
    options: HeaderOptions<'_>,
    claims: &impl Serialize,
) -> Result<String, Fault> {
    const FAILED: Fault = Fault::Crypto("signing failed");
    const UNSERIALIZABLE: Fault = Fault::Crypto("claims cannot be written as JSON");
    let header = Header {
        alg: key.jwk.alg,
        typ: options.typ,
        kid: &key.jwk.kid,
        x5t: options.x5t.then_some(key.jwk.x5t.as_str()),
    };
    let header = serde_json::to_vec(&header).map_err(|_| UNSERIALIZABLE)?;
    let claims = serde_json::to_vec(claims).map_err(|_| UNSERIALIZABLE)?;
    let mut token = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 360);
    URL_SAFE_NO_PAD.encode_string(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let random = SystemRandom::new();
    let message = token.as_bytes();
    let signature = match key.signing(vault)? {
        Signer::Rsa(pair, padding) => {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(*padding, &random, message, &mut signature)
                .map_err(|_| FAILED)?;
            signature
        }
        // Fixed length: both numbers one after the other, as JWS has it (RFC 7518 3.4).
        Signer::Ec(pair) => {
            let signature = pair.sign(&random, message).map_err(|_| FAILED)?;
            signature.as_ref().to_vec()
        }
        Signer::Ed(pair) => pair.sign(message).as_ref().to_vec(),
    };
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}
