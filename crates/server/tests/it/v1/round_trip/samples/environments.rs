//! Environments and what there is one of in each.

use serde_json::json;

use super::super::sample::{Sample, Values, flag, like, many, number, parts, sample, text, word};

pub fn samples() -> Vec<Sample> {
    vec![
        environments(),
        bill_of_materials(),
        mfa_settings(),
        admin_config(),
        custom_domains(),
    ]
}

fn environments() -> Sample {
    // Ours, beside what PingOne has: kept by whoever does not know it.
    let settings = json!({ "accessControlOnRefresh": true, "accessTokenTyp": false,
        "authorizationResponseIss": true, "clientAssertionsStrict": true, "nonceRequired": true,
        "nonPersistentSessionCookie": true,
        "sessionIdleTimeoutInMinutes": 5, "sessionLifetimeInMinutes": 60,
        "signOffHintRequired": true, "unknownAcrValuesIgnored": true, "verifyRegistrations": false });
    sample("/environments")
        .members([
            text("name", 1..=255).unique().required(),
            text("description", 0..=2_048),
            word("type", &["SANDBOX"]).fixed().required(),
            word("region", &["NA", "EU", "AP", "CA", "AU", "SG"])
                .fixed()
                .required(),
            like("icon", [json!("https://a.example/icon.png")])
                .not([json!("icon.png"), json!("ftp://a.example/icon.png")])
                .not_for("EMPTY_VALUE", json!("")),
            word("subtype", &["DEV", "QA", "STAGING", "TESTING", "UAT"]),
            like("countersign", [settings]).kept(None),
        ])
        .read_only(&[
            "organization",
            "status",
            "softDeletedAt",
            "hardDeletedAllowedAt",
        ])
        .only_at_first(&["billOfMaterials"])
        .slow()
}

fn bill_of_materials() -> Sample {
    let bookmark = Values::Parts(vec![
        text("name", 1..=50).of("abcdefgh").required(),
        like("href", [json!("https://a.example")]).required(),
    ]);
    let product = Values::Parts(vec![
        word("type", &["PING_ONE_BASE", "PING_ONE_MFA", "PING_FEDERATE"]).required(),
        like("console", [json!({ "href": "https://a.example" })]),
        many("bookmarks", bookmark, 0..=1),
    ]);
    sample("/environments/{environment}/billOfMaterials").members([many(
        "products",
        product,
        1..=1,
    )
    .required()
    .more()])
}

fn admin_config() -> Sample {
    let (on, off) = (
        json!({ "enabled": true }).to_string(),
        json!({ "enabled": false }).to_string(),
    );
    let methods = json!({ "EMAIL": on, "FIDO2": off, "TOTP": on });
    sample("/environments/{environment}/adminConfig")
        .members([
            word("authenticationMethod", &["PINGONE"]).required(),
            word("mfaStatus", &["ENFORCE"]).required(),
            flag("recovery").required(),
            like("allowedMethods", [methods]).or_something(),
        ])
        .read_only(&["hasFido2Capabilities", "isPingIDInBOM"])
}

fn custom_domains() -> Sample {
    sample("/environments/{environment}/customDomains")
        .members([
            like("domainName", [json!("id.round.example")])
                .fixed()
                .required()
                .not([
                    json!("a b"),
                    json!("https://id.round.example"),
                    json!("127.0.0.1"),
                ]),
            flag("mtlsEnabled").or(json!(false)),
        ])
        .read_only(&["canonicalName", "status", "certificate"])
}

fn mfa_settings() -> Sample {
    sample("/environments/{environment}/mfaSettings").members([
        parts(
            "pairing",
            [
                number("maxAllowedDevices", 1..=15).required(),
                word("pairingKeyFormat", &["NUMERIC", "ALPHANUMERIC"]).required(),
            ],
        )
        .required(),
        parts(
            "lockout",
            [
                number("failureCount", 1..=99).required(),
                number("durationSeconds", 1..=4_294_967_295),
            ],
        ),
        parts("phoneExtensions", [flag("enabled").required()]),
        parts("users", [flag("mfaEnabled").required()]),
    ])
}
