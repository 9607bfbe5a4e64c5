//! Tokens as a resource server or a client would read them: signature first.

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_protocol::defaults::key_pair::KeyPair;
use jsonwebtoken::jwk::{JwkSet, KeyAlgorithm};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde_json::{Value, json};

use crate::broken;

/// A token whose signature is verified.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Its header.
    pub header: jsonwebtoken::Header,
    /// Its claims.
    pub claims: Value,
}

impl Verified {
    /// A claim as text; one that is not there fails the test.
    #[track_caller]
    pub fn text(&self, claim: &str) -> &str {
        self.claims[claim]
            .as_str()
            .unwrap_or_else(|| broken(&format!("no text in claim {claim}"), &self.claims))
    }

    /// A claim as a number; one that is not there fails the test.
    #[track_caller]
    pub fn number(&self, claim: &str) -> i64 {
        self.claims[claim]
            .as_i64()
            .unwrap_or_else(|| broken(&format!("no number in claim {claim}"), &self.claims))
    }
}

/// Verifies a signature against a JWKS, by the key that `kid` names and its algorithm. Claims are left to the
/// test, whose clock is not the real one.
#[track_caller]
pub fn verify(token: &str, jwks: &Value) -> Verified {
    match try_verify(token, jwks) {
        Ok(verified) => verified,
        Err(why) => broken("the token does not verify", why),
    }
}

/// The same, without failing the test.
pub fn try_verify(token: &str, jwks: &Value) -> Result<Verified, String> {
    let keys: JwkSet = serde_json::from_value(jwks.clone()).map_err(|error| error.to_string())?;
    let header = decode_header(token).map_err(|error| error.to_string())?;
    let kid = header.kid.clone().ok_or("no kid in the header")?;
    let key = keys.find(&kid).ok_or("the kid is not in the JWKS")?;
    let algorithm = match key.common.key_algorithm {
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::RS384) => Algorithm::RS384,
        Some(KeyAlgorithm::PS256) => Algorithm::PS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::ES384) => Algorithm::ES384,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        other => return Err(format!("a key for {other:?}")),
    };
    let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let data = decode::<Value>(token, &key, &validation).map_err(|error| error.to_string())?;
    Ok(Verified {
        header: data.header,
        claims: data.claims,
    })
}

/// A token that a client signs with its secret.
pub fn sign_with_secret(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    let token = encode(&Header::new(algorithm), claims, &key);
    token.unwrap_or_else(|error| broken("cannot sign", error))
}

/// The key of the fixtures with which a client signs.
pub const CLIENT_KEY: &str = include_str!("../fixtures/rsa_4.pem");

fn client_key() -> RsaKeyPair {
    let pair = KeyPair::from_pem(CLIENT_KEY).unwrap_or_else(|error| broken("fixture", error));
    RsaKeyPair::from_pkcs8(pair.pkcs8()).unwrap_or_else(|error| broken("fixture", error))
}

/// SHA-256 in base64url.
pub fn sha256(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// The left half of the SHA-256 of a token or code: what `at_hash` and `c_hash` hold.
pub fn half_hash(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

/// A token that nobody signed.
pub fn unsigned(claims: &Value) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!(
        "{}.{}.",
        part(r#"{"alg":"none"}"#),
        part(&claims.to_string())
    )
}

/// The public half of [`CLIENT_KEY`], as PEM.
pub fn client_public_pem() -> String {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::KeyPair as _;
    use base64::engine::general_purpose::STANDARD;
    let pair = client_key();
    let der: Result<PublicKeyX509Der<'_>, _> = pair.public_key().as_der();
    let der = der.unwrap_or_else(|error| broken("fixture", error));
    let body = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

/// A token that a client signs with RS256 and the key that [`client_jwks`] publishes.
pub fn sign_with_client_key(kid: Option<&str>, claims: &Value) -> String {
    sign_with_client_key_by(Algorithm::RS256, kid, claims)
}

/// The same with RS256, RS384 or RS512.
pub fn sign_with_client_key_by(algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
    let padding = match algorithm {
        Algorithm::RS384 => &RSA_PKCS1_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_SHA512,
        _ => &RSA_PKCS1_SHA256,
    };
    let mut header = json!({ "alg": algorithm, "typ": "JWT" });
    if let Some(kid) = kid {
        header["kid"] = json!(kid);
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let key = client_key();
    let mut signature = vec![0; key.public_modulus_len()];
    let done = key.sign(
        padding,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    );
    done.unwrap_or_else(|error| broken("cannot sign", error));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The set that holds the client's key as `client-key`.
pub fn client_jwks() -> Value {
    use aws_lc_rs::signature::KeyPair as _;
    let pair = client_key();
    let public = pair.public_key();
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    json!({ "keys": [ {
        "kty": "RSA", "use": "sig", "kid": "client-key",
        "n": number(public.modulus().big_endian_without_leading_zero()),
        "e": number(public.exponent().big_endian_without_leading_zero()),
    } ] })
}
