//! Who else takes part: identity providers and receivers of events.

use serde_json::json;

use super::super::sample::{
    Sample, Values, flag, like, many, number, parts, refers, sample, text, texts, word,
};

pub fn samples() -> Vec<Sample> {
    vec![openid(), saml(), facebook(), attributes(), subscriptions()]
}

fn any(type_: &'static str) -> Sample {
    let icon = || [json!({ "href": "https://a.example/i.png" })];
    sample("/environments/{environment}/identityProviders")
        .kind(type_)
        .members([
            text("name", 1..=256).unique().required(),
            text("description", 0..=1_024),
            flag("enabled").or(json!(false)),
            like("type", [json!(type_)])
                .fixed()
                .required()
                .not([json!("MYSPACE")]),
            like("icon", icon()),
            like("loginButtonIcon", icon()),
            parts("registration", [refers("population", "population")]),
        ])
}

fn openid() -> Sample {
    let url = |name| {
        let bad = [
            json!("http://op.example/x"),
            json!("x"),
            json!("ftp://op.example"),
        ];
        like(
            name,
            [
                json!("https://op.example/path"),
                json!("https://op.example"),
            ],
        )
        .not(bad)
    };
    let methods = &["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST", "NONE"];
    any("OPENID_CONNECT")
        .members([
            text("clientId", 1..=1_024).required(),
            like("clientSecret", [json!("s3cret"), json!("x".repeat(4_096))])
                .kept(None)
                .not([json!(""), json!("x".repeat(4_097)), json!(7)]),
            url("issuer").required(),
            url("authorizationEndpoint").required(),
            url("tokenEndpoint").required(),
            url("jwksEndpoint").required(),
            url("userInfoEndpoint"),
            url("discoveryEndpoint"),
            word("tokenEndpointAuthMethod", methods),
            many("scopes", texts(&["openid", "email", "profile"]), 1..=3),
            word("pkceMethod", &["NONE", "S256"]),
        ])
        .tidy(|body| {
            // A secret is needed once, unless there is none.
            body.entry("clientSecret").or_insert(json!("given"));
        })
}

fn saml() -> Sample {
    any("SAML").members([
        flag("authnRequestSigned"),
        like("idpEntityId", [json!("urn:idp")]),
        like(
            "idpVerification",
            [json!({ "certificates": [{ "id": "$clientKey" }] })],
        ),
        like("spEntityId", [json!("urn:sp")]),
        like("spSigning", [json!({ "key": { "id": "$clientKey" } })]),
        like("spDecryption", [json!({ "key": { "id": "$clientKey" } })]),
        word("ssoBinding", &["HTTP_POST", "HTTP_REDIRECT"]),
        like("ssoEndpoint", [json!("https://idp.example/sso")]),
        word("sloBinding", &["HTTP_POST", "HTTP_REDIRECT"]),
        like("sloEndpoint", [json!("https://idp.example/slo")]),
        like("sloResponseEndpoint", [json!("https://idp.example/slo")]),
        like("sloWindow", [json!(1)]),
    ])
}

fn facebook() -> Sample {
    let texts = ["appId", "keyId", "teamId", "clientEnvironment", "tenantId"];
    any("FACEBOOK").members(texts.map(|name| text(name, 1..=1_024)))
}

fn attributes() -> Sample {
    sample("/environments/{environment}/identityProviders/{identityProvider}/attributes")
        .members([
            like("name", [json!("email"), json!("name.given")])
                .required()
                .not([json!("enabled"), json!("population"), json!("nothing")]),
            like(
                "value",
                [
                    json!("${providerAttributes.email}"),
                    json!("x ${providerAttributes.a}"),
                ],
            )
            .required()
            .not([json!("${providerAttributes.email")])
            .not_for("EMPTY_VALUE", json!("")),
            word("update", &["EMPTY_ONLY", "ALWAYS"]).or(json!("EMPTY_ONLY")),
        ])
        .read_only(&["mappingType", "identityProvider"])
}

fn subscriptions() -> Sample {
    let endpoint = [
        like(
            "url",
            [
                json!("https://hook.example/x"),
                json!("http://hook.example"),
            ],
        )
        .required()
        .not([
            json!("hook"),
            json!("https://u:p@hook.example"),
            json!("ftp://hook.example"),
        ]),
        like(
            "headers",
            [json!({ "x-token": "Abc 1~", "Authorization": "Bearer x" })],
        ),
    ];
    let types = texts(&["USER.CREATED", "USER.DELETED", "FLOW.CREATED"]);
    let options = [
        many("includedActionTypes", types, 1..=3).required(),
        many("includedApplications", Values::Ref("application"), 1..=1),
        many("includedPopulations", Values::Ref("population"), 1..=1),
        many("includedTags", texts(&["adminIdentityEvent"]), 1..=1),
        flag("ipAddressExposed").or(json!(false)),
        flag("userAgentExposed").or(json!(false)),
    ];
    let limit = [
        like("type", [json!("EVENTS_PER_PAYLOAD")]).not([json!("BUSHELS")]),
        number("size", 1..=500),
    ];
    sample("/environments/{environment}/subscriptions")
        .members([
            text("name", 1..=256).unique().required(),
            flag("enabled").required(),
            word("protocol", &["HTTPS"]).or(json!("HTTPS")),
            word("format", &["ACTIVITY", "SPLUNK", "NEWRELIC"]),
            parts("payloadOptions", [parts("maximumPayloadLimit", limit)]),
            parts("httpEndpoint", endpoint).required(),
            parts("filterOptions", options).required(),
            like("verifyTlsCertificates", [json!(true)]).required(),
            refers("tlsClientAuthKeyPair", "clientKey"),
        ])
        .read_only(&["secretVersion"])
}
