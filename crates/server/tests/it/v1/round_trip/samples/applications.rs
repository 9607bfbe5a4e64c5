//! Applications of each protocol, and what hangs on them.

use serde_json::{Map, Value, json};

use crate::v1::ground::NOBODY;

use super::super::sample::{
    Sample, Values, flag, like, many, number, parts, refers, sample, text, texts, word,
};

const ALL: &str = "/environments/{environment}/applications";
/// Source: `reference/platform.md` 3.2.
const LIFE: std::ops::RangeInclusive<i64> = 60..=2_147_483_647;

pub fn samples() -> Vec<Sample> {
    vec![
        web(),
        service(),
        native(),
        worker(),
        saml(),
        ws_fed(),
        link(),
        grants(),
        attributes().members([
            flag("idToken"),
            flag("userInfo"),
            many("oidcScopes", texts(&["$openidScope"]), 1..=1).or_something(),
        ]),
        attributes()
            .kind("SAML")
            .at("application", "samlApplication")
            .members([like(
                "nameFormat",
                [json!("urn:oasis:names:tc:SAML:2.0:attrname-format:basic")],
            )]),
        assignments(),
        role_assignments("/environments/{environment}/applications/{application}/roleAssignments")
            .at("application", "otherApplication"),
        role_assignments("/environments/{environment}/users/{user}/roleAssignments")
            .at("user", "otherUser"),
        role_assignments("/environments/{environment}/groups/{group}/roleAssignments")
            .at("group", "otherGroup"),
        role_assignments("/environments/{environment}/gateways/{gateway}/roleAssignments")
            .at("gateway", "otherGateway"),
        memberships("/environments/{environment}/users/{user}/memberOfGroups")
            .at("user", "otherUser"),
        memberships("/environments/{environment}/groups/{group}/memberOfGroups")
            .at("group", "otherGroup"),
    ]
}

/// What applications of every protocol have.
fn any(
    kind: &'static str,
    type_: &'static [&'static str],
    protocol: &'static [&'static str],
) -> Sample {
    let pages = || {
        [
            json!("https://a.example/login"),
            json!("http://localhost:3000/x"),
        ]
    };
    let not_pages = || {
        [
            json!("http://a.example"),
            json!("login"),
            json!("https://u:p@a.example"),
        ]
    };
    let group = parts(
        "group",
        [
            word("type", &["ANY_GROUP", "ALL_GROUPS"]).required(),
            many("groups", Values::Ref("group"), 1..=1).required(),
        ],
    );
    let role = parts("role", [word("type", &["ADMIN_USERS_ONLY"]).required()]);
    let origins = |count: usize| {
        let more = (3..count).map(|number| format!("https://{number}.example"));
        let some = [
            "https://a.example",
            "http://localhost:3000",
            "https://*.b.example",
        ];
        let all: Vec<_> = some.map(str::to_owned).into_iter().chain(more).collect();
        json!(all)
    };
    sample(ALL)
        .kind(kind)
        .members([
            text("name", 1..=256).required(),
            text("description", 0..=1_024),
            flag("enabled").required(),
            word("type", type_).fixed().required(),
            word("protocol", protocol).fixed().required(),
            parts("accessControl", [role, group]).or_something(),
            flag("hiddenFromAppPortal").or(json!(false)),
            like("icon", [json!({ "href": "https://a.example/i.png" })]).not([json!("text")]),
            like("loginPageUrl", pages()).not(not_pages()),
            parts(
                "corsSettings",
                [
                    word("behavior", &["ALLOW_SPECIFIC_ORIGINS"]).required(),
                    like("origins", [origins(3), origins(20)])
                        .required()
                        .not_for("SIZE_LIMIT_EXCEEDED", origins(21)),
                ],
            ),
        ])
        .tidy(says_something)
}

/// How clients prove who they are by a secret.
const SECRETS: &[&str] = &[
    "CLIENT_SECRET_BASIC",
    "CLIENT_SECRET_POST",
    "CLIENT_SECRET_JWT",
];
/// The same, or not at all.
const SECRETS_OR_NONE: &[&str] = &[
    "CLIENT_SECRET_BASIC",
    "NONE",
    "CLIENT_SECRET_POST",
    "CLIENT_SECRET_JWT",
];

fn openid(
    kind: &'static str,
    type_: &'static [&'static str],
    methods: &'static [&'static str],
) -> Sample {
    let grants = &[
        "AUTHORIZATION_CODE",
        "IMPLICIT",
        "REFRESH_TOKEN",
        "DEVICE_CODE",
        "TOKEN_EXCHANGE",
        "CIBA",
    ];
    let pages = || {
        [
            json!("https://a.example/home"),
            json!("http://127.0.0.1:8/x"),
        ]
    };
    let redirects = texts(&[
        "https://a.example/cb",
        "com.myapp.app://callback",
        "http://localhost:1/",
    ]);
    let set = json!({ "keys": [{ "kty": "RSA", "n": "x", "e": "AQAB" }] }).to_string();
    any(kind, type_, &["OPENID_CONNECT"])
        .members([
            many("grantTypes", Values::Word(grants), 1..=6).required(),
            many(
                "responseTypes",
                Values::Word(&["CODE", "TOKEN", "ID_TOKEN"]),
                1..=3,
            ),
            word("tokenEndpointAuthMethod", methods).required(),
            word(
                "pkceEnforcement",
                &["OPTIONAL", "REQUIRED", "S256_REQUIRED"],
            )
            .or(json!("OPTIONAL")),
            many("redirectUris", redirects.clone(), 1..=3),
            flag("allowWildcardInRedirectUris").or(json!(false)),
            many("postLogoutRedirectUris", redirects, 1..=3),
            like("homePageUrl", pages()).not([json!("http://a.example"), json!("x")]),
            like("initiateLoginUri", pages()).not([json!("http://a.example"), json!("x")]),
            like("targetLinkUri", [json!("myapp://target")]).not([json!("javascript:alert(1)")]),
            number("refreshTokenDuration", LIFE).or(json!(2_592_000)),
            // Not shorter than one token's life.
            like(
                "refreshTokenRollingDuration",
                [json!(2_592_000), json!(LIFE.end())],
            )
            .not_for("OUT_OF_RANGE", json!(59))
            .not_for("OUT_OF_RANGE", json!(2_147_483_648_i64)),
            number("refreshTokenRollingGracePeriodDuration", 0..=86_400),
            flag("additionalRefreshTokenReplayProtectionEnabled")
                .or(json!(true))
                .null_is(json!(false)),
            word("refreshTokenType", &["JSON_WEB_TOKEN", "OPAQUE_TOKEN"]),
            word("parRequirement", &["OPTIONAL", "REQUIRED"]).or(json!("OPTIONAL")),
            number("parTimeout", 1..=600).or(json!(60)),
            flag("supportUnsignedRequestObject").or(json!(false)),
            flag("requireSignedRequestObject").or(json!(false)),
            like("jwks", [json!(set)]).not([json!("{}"), json!("[]")]),
            like("jwksUrl", [json!("https://a.example/jwks")])
                .not([json!("http://a.example/jwks")]),
            text("devicePathId", 1..=50)
                .of("abcXYZ019_-")
                .unique()
                .not([json!("a/b"), json!("ä")]),
            like(
                "deviceCustomVerificationUri",
                [json!("https://a.example/device")],
            ),
            number("deviceTimeout", 1..=3_600).or(json!(600)),
            number("devicePollingInterval", 1..=60).or(json!(5)),
            flag("idpSignoff").or(json!(false)),
            flag("opSessionCheckEnabled").or(json!(false)),
            flag("requestScopesForMultipleResourcesEnabled").or(json!(false)),
            flag("includeX5t").or(json!(false)),
            parts(
                "signing",
                [refers("keyRotationPolicy", "keyRotationPolicy").required()],
            ),
            parts(
                "kerberos",
                [like("key", [json!({ "id": "$issuanceKey" })]).required()],
            ),
        ])
        .read_only(&["clientId", "clientSecret"])
        .tidy(consistent)
}

/// Members that do not go together.
fn consistent(body: &mut Map<String, Value>) {
    says_something(body);
    let seconds = |name: &str| body.get(name).and_then(Value::as_i64);
    let life = seconds("refreshTokenDuration").unwrap_or(2_592_000);
    if seconds("refreshTokenRollingDuration").is_some_and(|it| it < life) {
        body.insert("refreshTokenRollingDuration".into(), json!(life));
    }
    if body.get("supportUnsignedRequestObject") == Some(&json!(true)) {
        body.remove("requireSignedRequestObject");
    }
    if body.contains_key("jwks") {
        body.remove("jwksUrl");
    }
    let grants = body.get("grantTypes").and_then(Value::as_array);
    let needs_proof = |it: &Value| it == "TOKEN_EXCHANGE" || it == "CIBA";
    let needs_proof = grants.is_some_and(|it| it.iter().any(needs_proof));
    if needs_proof && body.get("tokenEndpointAuthMethod") == Some(&json!("NONE")) {
        let method = json!("CLIENT_SECRET_BASIC");
        body.insert("tokenEndpointAuthMethod".into(), method);
    }
}

/// An access control of nothing is none.
fn says_something(body: &mut Map<String, Value>) {
    if body.get("accessControl") == Some(&json!({})) {
        body.remove("accessControl");
    }
}

fn web() -> Sample {
    openid(
        "OpenID Connect",
        &["WEB_APP", "SINGLE_PAGE_APP", "CUSTOM_APP"],
        SECRETS_OR_NONE,
    )
}

/// By itself, for its type stays when another body takes the place of the first, and one of it proves
/// who it is.
fn service() -> Sample {
    openid("service", &["SERVICE"], SECRETS)
}

fn native() -> Sample {
    let cache = [
        like("amount", [json!(1), json!(24)]).required(),
        word("units", &["MINUTES", "HOURS"]).required(),
    ];
    let detection = [
        word("mode", &["ENABLED", "DISABLED"]).or(json!("DISABLED")),
        many("excludedPlatforms", Values::Word(&["GOOGLE", "IOS"]), 1..=1),
        parts("cacheDuration", cache),
        parts("googlePlay", [word("verificationType", &["INTERNAL"])]),
    ];
    let number_matching = [word("type", &["SELECT_NUMBER", "ENTER_MANUALLY"]).required()];
    let refresh = [
        number("duration", 30..=60).required(),
        word("timeUnit", &["SECONDS"]).required(),
    ];
    let mobile = [
        text("bundleId", 1..=1_024),
        text("packageName", 1..=1_024),
        text("huaweiAppId", 1..=1_024),
        text("huaweiPackageName", 1..=1_024),
        text("uriPrefix", 1..=1_024),
        number("passcodeGracePeriod", 1..=10).or(json!(5)),
        parts("passcodeRefreshDuration", refresh)
            .or(json!({ "duration": 30, "timeUnit": "SECONDS" })),
        parts("integrityDetection", detection).or(json!({ "mode": "DISABLED" })),
        parts("push", [parts("numberMatching", number_matching)]),
    ];
    openid("native", &["NATIVE_APP"], SECRETS_OR_NONE)
        .members([parts("mobile", mobile).or_something()])
}

fn worker() -> Sample {
    any("worker", &["WORKER"], &["OPENID_CONNECT"])
        .members([
            many(
                "grantTypes",
                Values::Word(&["CLIENT_CREDENTIALS", "AUTHORIZATION_CODE"]),
                1..=2,
            )
            .required(),
            word(
                "tokenEndpointAuthMethod",
                &["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST"],
            )
            .required(),
            many(
                "tags",
                Values::Word(&["PING_FED_CONNECTION_INTEGRATION"]),
                1..=1,
            ),
            flag("assignActorRoles").fixed().or_something(),
        ])
        .tidy(|body| {
            says_something(body);
            // Whoever gives their roles away has to have them at the same scope; not this ground.
            body.insert("assignActorRoles".into(), json!(false));
        })
}

fn saml() -> Sample {
    let signing = [
        like("key", [json!({ "id": "$clientKey" })]).required(),
        like("algorithm", [json!("SHA256withECDSA")]),
    ];
    let verification = [
        flag("authnRequestSigned").or(json!(false)),
        like("certificates", [json!([{ "id": "$clientKey" }])]).required(),
    ];
    let encryption = [
        word("algorithm", &["AES_128", "AES_256", "TRIPLEDES"]).required(),
        like("certificate", [json!({ "id": "$clientKey" })]).required(),
    ];
    let ids = json!([{ "vsId": "one", "default": true }, { "vsId": "two", "default": false }]);
    let server_ids = [
        flag("enabled").or(json!(false)),
        like("virtualServerIds", [ids]),
    ];
    any("SAML", &["WEB_APP", "CUSTOM_APP"], &["SAML"]).members([
        like("homePageUrl", [json!("https://a.example/home")]),
        many(
            "acsUrls",
            texts(&["https://a.example/acs", "http://b.example/acs"]),
            1..=2,
        )
        .required(),
        number("assertionDuration", 1..=4_294_967_295).required(),
        flag("assertionSigned").or(json!(true)),
        like("defaultTargetUrl", [json!("https://a.example/target")]),
        flag("enableRequestedAuthnContext"),
        flag("enableAlwaysAcceptAcsUrlInSignedAuthnRequest"),
        parts("idpSigning", signing),
        like(
            "nameIdFormat",
            [json!(
                "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
            )],
        ),
        flag("responseSigned").or(json!(false)),
        number("sessionNotOnOrAfterDuration", 0..=4_294_967_295),
        word("sloBinding", &["HTTP_REDIRECT", "HTTP_POST"]).or(json!("HTTP_POST")),
        like("sloEndpoint", [json!("https://a.example/slo")]).not([json!("slo")]),
        like("sloResponseEndpoint", [json!("https://a.example/slo")]).not([json!("slo")]),
        like("sloWindow", [json!(1)]),
        parts("spEncryption", encryption),
        text("spEntityId", 1..=1_024).unique().required(),
        parts("spVerification", verification),
        parts("virtualServerIdSettings", server_ids),
    ])
}

fn ws_fed() -> Sample {
    let signing = [
        like("key", [json!({ "id": "$clientKey" })]).required(),
        like("algorithm", [json!("SHA256withECDSA")]),
    ];
    let kerberos = json!({ "gateways": [{
        "id": NOBODY,
        "type": "LDAP",
        "userType": { "id": NOBODY },
    }] });
    any("WS-Federation", &["WEB_APP"], &["WS_FED"]).members([
        text("domainName", 1..=256).required(),
        like("audienceRestriction", [json!("urn:a")]).or(json!("urn:federation:MicrosoftOnline")),
        parts("idpSigning", signing).required(),
        like("kerberos", [kerberos]),
        like("replyUrl", [json!("https://a.example/reply")])
            .required()
            .not([json!("reply")]),
        like("sloEndpoint", [json!("https://a.example/slo")]),
        like(
            "subjectNameIdentifierFormat",
            [json!(
                "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
            )],
        ),
        number("assertionDuration", 0..=4_294_967_295),
    ])
}

fn link() -> Sample {
    any(
        "link",
        &["PORTAL_LINK_APP", "TEMPLATE_APP"],
        &["EXTERNAL_LINK"],
    )
    .members([
        like("homePageUrl", [json!("https://a.example/home")]).required(),
        like("externalId", [json!("7"), json!("elsewhere")]),
    ])
}

fn grants() -> Sample {
    let scopes = [
        json!({ "id": "$resourceScope" }),
        json!({ "id": "$otherResourceScope" }),
    ];
    let path = "/environments/{environment}/applications/{application}/grants";
    sample(path).at("application", "otherApplication").members([
        refers("resource", "resource").fixed().required(),
        many("scopes", Values::Like(scopes.to_vec()), 1..=2).required(),
    ])
}

fn attributes() -> Sample {
    sample("/environments/{environment}/applications/{application}/attributes")
        .members([
            text("name", 1..=256).of("abcXYZ019_").unique().required(),
            like("value", [json!("${user.email}"), json!("constant")])
                .required()
                .not([json!("${user.email")])
                .not_for("EMPTY_VALUE", json!(""))
                .not_for("SIZE_LIMIT_EXCEEDED", json!("x".repeat(4_097))),
            flag("required").required(),
        ])
        .read_only(&["mappingType"])
        .tidy(|body| {
            if body.get("idToken") == Some(&json!(false)) {
                body.remove("userInfo");
            }
        })
}

fn assignments() -> Sample {
    let path = "/environments/{environment}/applications/{application}/signOnPolicyAssignments";
    sample(path).at("application", "otherApplication").members([
        refers("signOnPolicy", "signOnPolicy").required(),
        number("priority", 1..=2_147_483_647).required(),
    ])
}

fn role_assignments(path: &'static str) -> Sample {
    let scope = [
        json!({ "type": "ENVIRONMENT", "id": "$environment" }),
        json!({ "type": "POPULATION", "id": "$population" }),
    ];
    sample(path)
        .members([
            refers("role", "builtInRole").required(),
            like("scope", scope).required(),
        ])
        .read_only(&["readOnly"])
}

fn memberships(path: &'static str) -> Sample {
    sample(path).members([like("id", [json!("$parent")]).required()])
}
