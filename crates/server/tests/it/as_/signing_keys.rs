//! Keys that sign tokens: of every kind, chosen by an application's key rotation policy

use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_domain::entity;
use countersign_domain::ids::EnvId;
use countersign_domain::key::{KeyRotationPolicy, KeySpec};
use countersign_domain::ports::Clock;
use countersign_protocol::configuration::all;
use countersign_protocol::defaults::key_pair::KeyPair;
use countersign_protocol::rotation::rotate;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

/// `alg`, `kty`, then what a policy says.
const KINDS: [(&str, &str, &str, u32, &str); 6] = [
    ("RS256", "RSA", "RSA", 2048, "SHA256withRSA"),
    ("RS384", "RSA", "RSA", 2048, "SHA384withRSA"),
    ("PS256", "RSA", "RSA", 2048, "SHA256withRSAandMGF1"),
    ("ES256", "EC", "EC", 256, "SHA256withECDSA"),
    ("ES384", "EC", "EC", 384, "SHA384withECDSA"),
    ("EdDSA", "OKP", "OKP", 256, "Ed25519"),
];

/// One policy of each kind; the application signs with the one of `alg`.
async fn configure(server: &TestServer, alg: &str) {
    let tenant = &server.tenant;
    let policies = KINDS.map(|(alg, _, family, bits, signature)| {
        json!({
            "name": alg, "algorithm": family, "keyLength": bits, "signatureAlgorithm": signature,
        })
    });
    server.import(&json!({ "environments": [ {
        "id": tenant.id, "name": "First", "keyRotationPolicies": policies,
        "applications": [ {
            "id": tenant.post.id, "name": "Web with post", "signing": { "keyRotationPolicy": alg },
            "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"], "responseTypes": ["CODE", "ID_TOKEN", "TOKEN"],
        } ],
    } ] })).await;
}

fn half_hash(alg: &str, token: &str) -> String {
    let algorithm = match alg {
        "RS384" | "ES384" => &digest::SHA384,
        "EdDSA" => &digest::SHA512,
        _ => &digest::SHA256,
    };
    let hash = digest::digest(algorithm, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

fn key_of<'a>(jwks: &'a Value, kid: &str) -> &'a Value {
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter().find(|key| key["kid"] == kid).unwrap()
}

async fn policy(server: &TestServer, name: &str) -> KeyRotationPolicy {
    let env: EnvId = server.tenant.id.parse().unwrap();
    let policies = all::<KeyRotationPolicy>(&*server.ports.store, env, server.clock.now()).await;
    policies
        .unwrap()
        .into_iter()
        .find(|policy| policy.name == name)
        .unwrap()
}

on_every_adapter! {
    async fn every_kind_of_key_signs_and_is_believed(server: TestServer) {
        let tenant = &server.tenant;
        for (alg, kty, ..) in KINDS {
            configure(&server, alg).await;
            let tokens = tenant.tokens(&tenant.post).await;
            let access = tenant.verify(&tokens["access_token"]).await;
            let id = tenant.verify(&tokens["id_token"]).await;
            for header in [&access.header, &id.header] {
                assert_eq!(format!("{:?}", header.alg), alg);
            }
            let jwks = tenant.jwks().await;
            let key = key_of(&jwks, access.header.kid.as_deref().unwrap());
            assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!(kty), &json!(alg), &json!("sig")));
            let text = tokens["access_token"].as_str().unwrap();
            assert_eq!(id.text("at_hash"), half_hash(alg, text), "{alg}");
            // The server believes its own.
            let _ = tenant.userinfo(text).await.expect_status(200);
            let form = [("client_id", tenant.post.id.as_str()), ("client_secret", &tenant.post.secret), ("token", text)];
            let found = tenant.browser().post(tenant.endpoint("introspect")).form(form).send().await;
            assert_eq!(found.json()["active"], true, "{alg}");
            // Threat 15: with another signature, or none, it is nobody's word.
            let (signed, signature) = text.rsplit_once('.').unwrap();
            for forged in [format!("{signed}."), format!("{signed}.{}", signature.replace(['A', 'B', 'C', 'D'], "E"))] {
                let _ = tenant.userinfo(&forged).await.expect_status(401);
            }
        }
        let discovery = tenant.browser().get(tenant.endpoint(".well-known/openid-configuration")).send().await;
        let listed = discovery.json()["id_token_signing_alg_values_supported"].clone();
        assert_eq!(listed[0], "RS256");
        for (alg, ..) in KINDS {
            assert!(listed.as_array().unwrap().contains(&json!(alg)), "{alg}");
        }
        // Other applications are not concerned.
        let tokens = tenant.tokens(&tenant.web).await;
        assert_eq!(format!("{:?}", tenant.verify(&tokens["id_token"]).await.header.alg), "RS256");
    }

    async fn threat_15_a_token_of_one_algorithm_is_none_of_another(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, "PS256").await;
        let tokens = tenant.tokens(&tenant.post).await;
        let text = tokens["access_token"].as_str().unwrap();
        let (header, rest) = text.split_once('.').unwrap();
        let header = String::from_utf8(URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        for other in ["RS256", "none", "HS256", "ES256"] {
            let header = URL_SAFE_NO_PAD.encode(header.replace("PS256", other));
            let _ = tenant.userinfo(&format!("{header}.{rest}")).await.expect_status(401);
        }
    }

    async fn keys_of_curves_rotate_like_others(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, "ES256").await;
        let before = tenant.jwks().await;
        let tokens = tenant.tokens(&tenant.post).await;
        let old = tenant.verify(&tokens["access_token"]).await.header.kid.unwrap();
        let (env, id) = (tenant.id.parse().unwrap(), policy(&server, "ES256").await.id);
        let due = server.clock.now().plus(Duration::from_hours(24 * 91));
        let wrong = [KeySpec::P384, KeySpec::P384].map(|spec| KeyPair::generate_for(spec).unwrap());
        assert!(rotate(server.configuration(), env, id, wrong, due).await.is_err());
        let fresh = [KeySpec::P256, KeySpec::P256].map(|spec| KeyPair::generate_for(spec).unwrap());
        assert!(rotate(server.configuration(), env, id, fresh, due).await.unwrap());
        server.poll_changes().await;
        // The new one was published before it signed; what the old one signed stays good.
        let renewed = tenant.tokens(&tenant.post).await;
        let new = tenant.verify(&renewed["access_token"]).await.header.kid.unwrap();
        assert_ne!(old, new);
        assert_eq!(key_of(&before, &new)["alg"], "ES256");
        let _ = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await.expect_status(200);
    }

    async fn keys_are_brought_along_as_pem(server: TestServer) {
        let tenant = &server.tenant;
        for (name, spec, alg) in [
            ("mine-256", KeySpec::P256, "ES256"), ("mine-384", KeySpec::P384, "ES384"),
            ("mine-ed", KeySpec::Ed25519, "EdDSA"), ("mine-3072", KeySpec::Rsa3072, "RS256"),
        ] {
            let pair = KeyPair::generate_for(spec).unwrap();
            let (family, bits, signature) = (pair.algorithm(), pair.bits(), pair.usual_signature());
            server.import(&json!({ "environments": [ {
                "id": tenant.id, "name": "First",
                "keys": [{ "name": name, "privateKey": pair.to_pem().unwrap().as_str() }],
                "keyRotationPolicies": [{
                    "name": name, "currentKeyId": name, "nextKeyId": name,
                    "algorithm": family, "keyLength": bits, "signatureAlgorithm": signature,
                }],
                "applications": [{
                    "id": tenant.post.id, "name": "Web with post", "signing": { "keyRotationPolicy": name },
                }],
            } ] })).await;
            let tokens = tenant.tokens(&tenant.post).await;
            let token = tenant.verify(&tokens["access_token"]).await;
            assert_eq!(format!("{:?}", token.header.alg), alg, "{name}");
        }
    }

    async fn a_key_that_cannot_sign_tokens_is_left_out(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, "ES256").await;
        let published = tenant.jwks().await["keys"].as_array().unwrap().len();
        // One for TLS, and one that says it signs in a way that is not served.
        let env: EnvId = tenant.id.parse().unwrap();
        let current = policy(&server, "ES256").await.current_key_id;
        let stored = entity::load::<countersign_domain::key::SigningKey>(
            &*server.ports.store, env, current.to_string(), server.clock.now(),
        ).await.unwrap().unwrap();
        let mut key = stored.value;
        key.signature_algorithm = countersign_domain::key::SignatureAlgorithm::SHA512withECDSA;
        let batch = countersign_domain::store::Batch::new();
        let batch = batch.update(env, &key, stored.version).unwrap().changed(env);
        server.ports.store.commit(batch, server.clock.now()).await.unwrap();
        server.poll_changes().await;
        assert_eq!(tenant.jwks().await["keys"].as_array().unwrap().len(), published - 1);
        // The next one steps in: it was published with it.
        let tokens = tenant.tokens(&tenant.post).await;
        let header = tenant.verify(&tokens["id_token"]).await.header;
        assert_eq!(format!("{:?}", header.alg), "ES256");
        assert_ne!(header.kid, Some(current.to_string()));
    }
}
