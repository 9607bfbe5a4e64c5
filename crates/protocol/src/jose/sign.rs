//! Signs compact JWS with RS256. Five lines of format over a checked primitive; the JOSE crate
//! would parse the private key for every token.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::store::Fault;
use countersign_domain::vault::Vault;
use serde::Serialize;

use super::keys::KeyMaterial;

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

/// Signs `claims` with `key`.
pub fn sign(
    key: &KeyMaterial,
    vault: &Vault,
    options: HeaderOptions<'_>,
    claims: &impl Serialize,
) -> Result<String, Fault> {
    const UNSERIALIZABLE: Fault = Fault::Crypto("claims cannot be written as JSON");
    let pair = key.signing(vault)?;
    let header = Header {
        alg: "RS256",
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
    let mut signature = vec![0; pair.public_modulus_len()];
    // PKCS#1 v1.5 draws no randomness; the primitive's signature asks for a source all the same.
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        token.as_bytes(),
        &mut signature,
    )
    .map_err(|_| Fault::Crypto("signing failed"))?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}
