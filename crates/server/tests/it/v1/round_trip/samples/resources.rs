//! Resources, their scopes and attributes.

use serde_json::json;

use super::super::sample::{
    PLAIN, Sample, flag, like, many, number, parts, sample, text, texts, word,
};

const SCOPES: &str = "/environments/{environment}/resources/{resource}/scopes";

pub fn samples() -> Vec<Sample> {
    vec![
        resources(),
        attributes("custom"),
        openid_attributes(),
        scopes(),
        openid_scopes(),
        api_scopes(),
    ]
}

fn resources() -> Sample {
    let methods = &["NONE", "CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST"];
    sample("/environments/{environment}/resources")
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=1_024),
            like("audience", [json!("https://api.example"), json!("@name")])
                .or_something()
                .not([
                    json!("https://a.pingone.example"),
                    json!("https://a.example/#x"),
                ])
                .not_for("SIZE_LIMIT_EXCEEDED", json!("x".repeat(1_025)))
                .not_for("EMPTY_VALUE", json!("")),
            number("accessTokenValiditySeconds", 300..=2_592_000).or(json!(3_600)),
            word("introspectEndpointAuthMethod", methods).or(json!("CLIENT_SECRET_BASIC")),
            parts(
                "applicationPermissionsSettings",
                [flag("claimEnabled").or(json!(false))],
            )
            .or(json!({ "claimEnabled": false })),
        ])
        .read_only(&["type", "clientId", "clientSecret"])
}

fn attributes(kind: &'static str) -> Sample {
    let values = [
        json!("${user.email}"),
        json!("constant"),
        json!("${user.name.given + ', ' + user.name.family}"),
    ];
    sample("/environments/{environment}/resources/{resource}/attributes")
        .kind(kind)
        .members([
            text("name", 1..=256)
                .of("abcXYZ019_")
                .unique()
                .required()
                .not([json!("iss"), json!("acr"), json!("exp"), json!("client_id")]),
            like("required", [json!(true)]).or_something(),
            like("value", values)
                .required()
                .not([json!("${user.email")])
                .not_for("EMPTY_VALUE", json!("")),
        ])
        .read_only(&["type"])
}

fn openid_attributes() -> Sample {
    attributes("openid")
        .at("resource", "openid")
        .members([
            flag("idToken").or(json!(true)),
            flag("userInfo").or(json!(true)),
        ])
        .tidy(|body| {
            if body.get("idToken") == Some(&json!(false)) {
                body.remove("userInfo");
            }
        })
}

fn scopes() -> Sample {
    sample(SCOPES).kind("custom").members([
        text("name", 1..=256).of(PLAIN).unique().required().not([
            json!("a b"),
            json!("a\"b"),
            json!("ä"),
        ]),
        text("description", 0..=1_024),
    ])
}

fn openid_scopes() -> Sample {
    sample(SCOPES)
        .kind("openid")
        .at("resource", "openid")
        .members([
            text("name", 1..=256).of(PLAIN).unique().required(),
            text("description", 0..=1_024),
            many("mappedClaims", texts(&["$openidAttribute"]), 0..=1),
        ])
}

fn api_scopes() -> Sample {
    let paths = texts(&["name.given", "title", "address.locality"]);
    sample(SCOPES)
        .kind("PingOne API")
        .at("resource", "api")
        .members([
            like(
                "name",
                [json!("p1:read:user:own"), json!("p1:update:user:own")],
            )
            .required()
            .not([
                json!("p1:read:user:"),
                json!("p1:delete:user:x"),
                json!("mine"),
            ]),
            text("description", 0..=1_024),
            many("schemaAttributes", paths, 1..=3),
        ])
}
