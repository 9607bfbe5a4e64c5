//! Keys and how they are rotated.

use serde_json::json;

use super::super::sample::{Sample, like, number, sample, text, word};

/// A hundred years.
const LONGEST: i64 = 36_500;

pub fn samples() -> Vec<Sample> {
    vec![keys(), key_rotation_policies()]
}

/// Elliptic curves: an RSA key takes its time.
fn keys() -> Sample {
    let names = [
        json!("CN=x, OU=Ping Identity, O=Ping Identity, L=, ST=, C=US"),
        json!("CN=y"),
    ];
    sample("/environments/{environment}/keys")
        .members([
            text("name", 1..=256).fixed().required(),
            like("algorithm", [json!("EC")])
                .fixed()
                .required()
                .not([json!("DSA")]),
            like("keyLength", [json!(256), json!(384), json!(521)])
                .fixed()
                .required()
                .not([json!(255), json!(1_024)]),
            word(
                "signatureAlgorithm",
                &["SHA256withECDSA", "SHA384withECDSA", "SHA512withECDSA"],
            )
            .fixed()
            .required()
            .not([json!("SHA256withRSA")]),
            like("subjectDN", names.clone())
                .fixed()
                .required()
                .not([json!("me"), json!("")]),
            like("issuerDN", names).or_something(),
            word(
                "usageType",
                &["ISSUANCE", "ENCRYPTION", "SSL/TLS", "OUTBOUND_MTLS"],
            )
            .required(),
            number("validityPeriod", 1..=LONGEST).fixed().required(),
            like("serialNumber", [json!(1), json!(9_007_199_254_740_991_i64)])
                .fixed()
                .or_something()
                .not([json!(0)])
                .not_for("OUT_OF_RANGE", json!(-1)),
            like("customCRL", [json!("http://a.example/crl")])
                .fixed()
                .not([json!("ldap://a.example")]),
            // The default of its use cannot be deleted.
            like("default", [json!(false)]).or(json!(false)),
        ])
        .read_only(&["status", "startsAt", "expiresAt", "organization"])
        .tidy(|body| {
            if body.get("usageType") != Some(&json!("ISSUANCE")) {
                body.remove("customCRL");
            }
        })
}

fn key_rotation_policies() -> Sample {
    sample("/environments/{environment}/keyRotationPolicies")
        .members([
            text("name", 1..=256).unique().required(),
            like("dn", [json!("CN=Rotated, C=US")])
                .required()
                .not([json!("me")]),
            like("algorithm", [json!("EC")]).required(),
            like("keyLength", [json!(256)]).required(),
            like("signatureAlgorithm", [json!("SHA256withECDSA")])
                .required()
                .not([json!("SHA512withECDSA"), json!("SHA1withRSA")]),
            like("usageType", [json!("SIGNING")])
                .required()
                .not([json!("ENCRYPTION")]),
            // Thirty days, and ended before the certificate is.
            number("rotationPeriod", 30..=364).or(json!(90)),
            like("validityPeriod", [json!(365), json!(LONGEST)])
                .or(json!(365))
                .not_for("OUT_OF_RANGE", json!(30))
                .not_for("OUT_OF_RANGE", json!(LONGEST + 1)),
        ])
        .read_only(&["currentKeyId", "nextKeyId", "rotatedAt"])
}
