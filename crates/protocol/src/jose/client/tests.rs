use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::*;
use crate::defaults::key_pair::KeyPair;
use crate::import::TEST_KEY;

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with this header, signed by whatever `sign` is.
fn token(header: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!(
        "{}.{}",
        base64(header.to_string().as_bytes()),
        base64(br#"{"sub":"ada"}"#)
    );
    let signature = base64(&sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(KeyPair::from_pem(TEST_KEY).unwrap().pkcs8()).unwrap()
}

fn rsa_token(header: &Value, encoding: &'static dyn RsaEncoding) -> String {
    token(header, |signed| {
        let key = rsa();
        let mut signature = vec![0; key.public_modulus_len()];
        let random = SystemRandom::new();
        key.sign(encoding, &random, signed, &mut signature).unwrap();
        signature
    })
}

/// The public half, with changes; `null` leaves a member out.
fn rsa_jwk(changes: &Value) -> Value {
    let key = rsa();
    let public = key.public_key();
    let mut jwk = json!({
        "kty": "RSA", "kid": "k",
        "n": base64(public.modulus().big_endian_without_leading_zero()),
        "e": base64(public.exponent().big_endian_without_leading_zero()),
    });
    for (name, value) in changes.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk
}

fn set(jwk: &Value) -> KeySet {
    // What is not known is passed over, wherever it stands.
    let keys = json!({ "keys": [{ "kty": "new" }, jwk, 7] });
    KeySet::parse(&keys.to_string()).unwrap()
}

fn believed(token: &str, jwk: &Value) -> bool {
    verify_of_provider::<Map<String, Value>>(token, &set(jwk)).is_ok()
}

fn ec(algorithm: &'static EcdsaSigningAlgorithm, curve: &str, alg: &str) -> (String, Value) {
    let key = EcdsaKeyPair::generate(algorithm).unwrap();
    let token = token(&json!({ "alg": alg, "kid": "k" }), |signed| {
        let random = SystemRandom::new();
        key.sign(&random, signed).unwrap().as_ref().to_vec()
    });
    let point = key.public_key().as_ref();
    let (x, y) = point[1..].split_at((point.len() - 1) / 2);
    let jwk = json!({ "kty": "EC", "crv": curve, "kid": "k", "x": base64(x), "y": base64(y) });
    (token, jwk)
}

#[test]
fn a_provider_signs_with_each_kind_of_key() {
    let by_rsa = rsa_token(&json!({ "alg": "RS256", "kid": "k" }), &RSA_PKCS1_SHA256);
    assert!(believed(&by_rsa, &rsa_jwk(&json!({}))));
    assert!(believed(
        &by_rsa,
        &rsa_jwk(&json!({ "alg": "RS256", "use": "sig" }))
    ));
    let by_pss = rsa_token(&json!({ "alg": "PS256" }), &RSA_PSS_SHA256);
    assert!(believed(&by_pss, &rsa_jwk(&json!({}))));
    let (by_p256, p256_key) = ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256", "ES256");
    assert!(believed(&by_p256, &p256_key));
    let (by_p384, p384_key) = ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384", "ES384");
    assert!(believed(&by_p384, &p384_key));
    let ed = Ed25519KeyPair::generate().unwrap();
    let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(ed.public_key().as_ref()) });
    let by_ed = token(&json!({ "alg": "EdDSA" }), |signed| {
        ed.sign(signed).as_ref().to_vec()
    });
    assert!(believed(&by_ed, &public));
    // And with no other's.
    for (token, jwk) in [
        (&by_p256, &p384_key),
        (&by_p384, &p256_key),
        (&by_p256, &rsa_jwk(&json!({}))),
        (&by_rsa, &p256_key),
        (&by_ed, &p256_key),
        (&by_pss, &public),
    ] {
        assert!(!believed(token, jwk), "{jwk}");
    }
}

#[test]
fn threat_15_a_key_is_for_what_it_says() {
    let by_rsa = rsa_token(&json!({ "alg": "RS256", "kid": "k" }), &RSA_PKCS1_SHA256);
    for changes in [
        json!({ "use": "enc" }),
        json!({ "alg": "RS512" }),
        json!({ "alg": "PS256" }),
        json!({ "alg": "RSA-OAEP" }),
        json!({ "kid": "another" }),
        json!({ "n": base64(&[0xff; 128]) }),
        json!({ "kty": "oct", "k": base64(b"x") }),
    ] {
        assert!(!believed(&by_rsa, &rsa_jwk(&changes)), "{changes}");
    }
    let keys = rsa_jwk(&json!({}));
    for alg in ["none", "HS256", "rs256", "", "ES256K"] {
        let forged = rsa_token(&json!({ "alg": alg, "kid": "k" }), &RSA_PKCS1_SHA256);
        assert!(!believed(&forged, &keys), "{alg}");
    }
    for member in ["crit", "b64", "zip", "jwk", "jku", "x5u"] {
        let mut header = json!({ "alg": "RS256", "kid": "k" });
        header[member] = json!(["x"]);
        let forged = rsa_token(&header, &RSA_PKCS1_SHA256);
        assert!(!believed(&forged, &keys), "{member}");
    }
    // What changes nothing is ignored.
    let header = json!({ "alg": "RS256", "kid": "k", "x5t#S256": "x", "pi.atm": "1" });
    assert!(believed(&rsa_token(&header, &RSA_PKCS1_SHA256), &keys));
}
