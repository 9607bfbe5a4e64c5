//! Every grant with every client authentication method, for public and confidential applications:
//! the method an application is set to works, every other one is refused by its name, and public
//! applications have no grant that needs a proof.

use countersign_domain::ports::Clock;
use countersign_testkit::{Answer, App, Tenant, TestServer, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

const APPLICATION: &str = "00000000-0000-4000-8000-00000000d001";
const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough-for-hs512-and-then-some";
const WRONG: &str = "A-secret-of-the-tests-that-is-long-enough-for-hs512-and-then-some";
const METHODS: [&str; 5] = [
    "CLIENT_SECRET_BASIC",
    "CLIENT_SECRET_POST",
    "CLIENT_SECRET_JWT",
    "PRIVATE_KEY_JWT",
    "NONE",
];
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// `grant_type`, the setting, and whether a public application may have it.
const GRANTS: [(&str, &str, bool); 5] = [
    ("authorization_code", "AUTHORIZATION_CODE", true),
    ("refresh_token", "REFRESH_TOKEN", true),
    ("client_credentials", "CLIENT_CREDENTIALS", false),
    (DEVICE, "DEVICE_CODE", true),
    (EXCHANGE, "TOKEN_EXCHANGE", false),
];

async fn configure(server: &TestServer, method: &str, grants: &[&str]) {
    server.import(&json!({ "environments": [ {
        "id": server.tenant.id, "name": "First",
        "resources": [{ "name": "Orders", "scopes": ["orders:read"] }],
        "applications": [ {
            "id": APPLICATION, "name": "Table", "type": "WEB_APP", "enabled": true,
            "grantTypes": grants, "responseTypes": ["CODE"],
            "redirectUris": ["https://client.example/callback"],
            "tokenEndpointAuthMethod": method, "clientSecret": SECRET, "jwks": jwt::client_jwks().to_string(),
            "devicePollingInterval": 1,
            "grants": [
                { "resource": "openid", "scopes": ["profile"] },
                { "resource": "Orders", "scopes": ["orders:read"] },
            ],
        } ],
    } ] })).await;
}

fn app() -> App {
    App {
        id: APPLICATION.to_owned(),
        secret: SECRET.to_owned(),
        auth_method: "NONE",
    }
}

/// A request to an endpoint with the credentials of a method.
async fn ask(
    server: &TestServer,
    endpoint: &str,
    method: &str,
    fields: &[(String, String)],
) -> Answer {
    ask_with(server, endpoint, method, SECRET, fields).await
}

/// The same with a secret; any but the right one stands for a wrong key as well, and for nobody.
async fn ask_with(
    server: &TestServer,
    endpoint: &str,
    method: &str,
    secret: &str,
    fields: &[(String, String)],
) -> Answer {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let mut form: Vec<(String, String)> = fields.to_vec();
    let mut add = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
    let now = server.clock.now().seconds();
    let claims = json!({
        "iss": APPLICATION, "sub": APPLICATION, "aud": tenant.issuer(), "exp": now + 60,
        "jti": format!("{endpoint}{method}{}", fields.len()),
    });
    let mut basic = false;
    match method {
        "CLIENT_SECRET_BASIC" => basic = true,
        "CLIENT_SECRET_POST" => {
            add("client_id", APPLICATION);
            add("client_secret", secret);
        }
        "NONE" if secret == SECRET => add("client_id", APPLICATION),
        "NONE" => add("client_id", "00000000-0000-4000-8000-00000000d0ff"),
        _ => {
            let assertion = if method == "CLIENT_SECRET_JWT" {
                jwt::sign_with_secret(Algorithm::HS256, secret, &claims)
            } else {
                let kid = (secret != SECRET).then_some("another");
                jwt::sign_with_client_key(kid, &claims)
            };
            add("client_assertion_type", ASSERTION);
            add("client_assertion", &assertion);
        }
    }
    let mut request = browser.post(tenant.endpoint(endpoint));
    if basic {
        request = request.basic(APPLICATION, secret);
    }
    request.form(form).send().await
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

async fn code(tenant: &Tenant) -> String {
    let app = app();
    let authorize = tenant.authorize(&app).set("scope", "openid orders:read");
    authorize.code(&tenant.browser()).await
}

fn redeeming(code: &str) -> Vec<(String, String)> {
    fields(&[
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", "https://client.example/callback"),
        ("code_verifier", countersign_testkit::VERIFIER),
    ])
}

/// A token request of a grant that would succeed.
async fn ready(server: &TestServer, grant: &str, method: &str) -> Vec<(String, String)> {
    let tenant = &server.tenant;
    let tokens = async || -> Value {
        let request = redeeming(&code(tenant).await);
        ask(server, "token", method, &request)
            .await
            .expect_status(200)
            .json()
    };
    let text = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    match grant {
        "authorization_code" => redeeming(&code(tenant).await),
        "refresh_token" => {
            let token = text(&tokens().await, "refresh_token");
            fields(&[("grant_type", grant), ("refresh_token", &token)])
        }
        "client_credentials" => fields(&[("grant_type", grant), ("scope", "orders:read")]),
        DEVICE => {
            let request = fields(&[("scope", "openid")]);
            let codes = ask(server, "device_authorization", method, &request)
                .await
                .expect_status(200);
            let link = codes.text("/verification_uri_complete");
            let _ = tenant.connect_device(&tenant.browser(), &link).await;
            fields(&[
                ("grant_type", grant),
                ("device_code", &codes.text("/device_code")),
            ])
        }
        _ => {
            let token = text(&tokens().await, "access_token");
            let kind = "urn:ietf:params:oauth:token-type:access_token";
            fields(&[
                ("grant_type", grant),
                ("subject_token", &token),
                ("subject_token_type", kind),
                ("scope", "orders:read"),
            ])
        }
    }
}

on_every_adapter! {
    async fn grants_by_methods(server: TestServer) {
        let all: Vec<&str> = GRANTS.iter().map(|(_, setting, _)| *setting).collect();
        for set in METHODS {
            configure(&server, set, &all).await;
            for (grant, _, public_may) in GRANTS {
                if set == "NONE" && !public_may {
                    let request = match grant {
                        EXCHANGE => fields(&[("grant_type", grant), ("subject_token", "x"), ("scope", "x")]),
                        _ => fields(&[("grant_type", grant)]),
                    };
                    let refused = ask(&server, "token", set, &request).await.expect_status(400);
                    assert_eq!(refused.text("/error"), "unauthorized_client", "{grant} {set}");
                    continue;
                }
                let request = ready(&server, grant, set).await;
                // Threat 21, ruling 25: another method is refused, and uses nothing up.
                for used in METHODS.iter().filter(|used| **used != set) {
                    let refused = ask(&server, "token", used, &request).await.expect_status(401);
                    assert_eq!(refused.text("/error"), "invalid_client", "{grant} {set} {used}");
                    assert!(
                        refused.text("/error_description")
                            .starts_with("Request denied: Unsupported authentication method"),
                        "{grant} {set} {used}"
                    );
                }
                // So is the right method with a wrong proof.
                let refused = ask_with(&server, "token", set, WRONG, &request).await.expect_status(401);
                assert_eq!(refused.text("/error"), "invalid_client", "{grant} {set}");
                assert!(
                    refused.text("/error_description").starts_with("Request denied: Invalid client credentials"),
                    "{grant} {set}"
                );
                let tokens = ask(&server, "token", set, &request).await.expect_status(200).json();
                assert_eq!(tokens["token_type"], "Bearer", "{grant} {set}");
                let has = |name: &str| tokens.get(name).is_some();
                let of_user = ["authorization_code", "refresh_token", DEVICE].contains(&grant);
                assert_eq!(has("id_token"), of_user, "{grant} {set}");
                assert_eq!(has("refresh_token"), of_user, "{grant} {set}");
                assert_eq!(has("issued_token_type"), grant == EXCHANGE, "{grant} {set}");
            }
        }
    }

    async fn what_is_no_grant_is_refused_by_every_method(server: TestServer) {
        let all: Vec<&str> = GRANTS.iter().map(|(_, setting, _)| *setting).collect();
        for set in METHODS {
            configure(&server, set, &all).await;
            for (grant, name) in [
                ("authorization_code", "code"), ("refresh_token", "refresh_token"), (DEVICE, "device_code"),
            ] {
                let refused = ask(&server, "token", set, &fields(&[("grant_type", grant)])).await.expect_status(400);
                assert_eq!(refused.text("/error"), "invalid_request", "{grant} {set}");
                let made_up = fields(&[("grant_type", grant), (name, "made up")]);
                let refused = ask(&server, "token", set, &made_up).await.expect_status(400);
                assert_eq!(refused.text("/error"), "invalid_grant", "{grant} {set}");
            }
        }
    }

    /// Wherever else a client proves who it is (`reference/oidc.md` 6.1).
    async fn endpoints_by_methods(server: TestServer) {
        let all: Vec<&str> = GRANTS.iter().map(|(_, setting, _)| *setting).collect();
        for set in METHODS {
            configure(&server, set, &all).await;
            let app = app();
            let pushed = server.tenant.authorize(&app).remove("client_id");
            for (endpoint, request, status) in [
                ("par", pushed.parameters().to_vec(), 201),
                ("introspect", fields(&[("token", "made up")]), 200),
                ("revoke", fields(&[("token", "made up")]), 200),
                ("device_authorization", fields(&[("scope", "openid")]), 200),
            ] {
                for used in METHODS.iter().filter(|used| **used != set) {
                    let refused = ask(&server, endpoint, used, &request).await.expect_status(401);
                    assert_eq!(refused.text("/error"), "invalid_client", "{endpoint} {set} {used}");
                    assert!(
                        refused.text("/error_description")
                            .starts_with("Request denied: Unsupported authentication method"),
                        "{endpoint} {set} {used}"
                    );
                }
                let refused = ask_with(&server, endpoint, set, WRONG, &request).await.expect_status(401);
                assert_eq!(refused.text("/error"), "invalid_client", "{endpoint} {set}");
                let _ = ask(&server, endpoint, set, &request).await.expect_status(status);
            }
        }
    }

    async fn a_grant_must_be_among_the_applications_own(server: TestServer) {
        for (grant, setting, _) in GRANTS {
            let others: Vec<&str> = GRANTS.iter().map(|(_, it, _)| *it).filter(|it| *it != setting).collect();
            configure(&server, "CLIENT_SECRET_POST", &others).await;
            let request = fields(&[("grant_type", grant)]);
            let refused = ask(&server, "token", "CLIENT_SECRET_POST", &request).await.expect_status(400);
            assert_eq!(refused.text("/error"), "unauthorized_client", "{grant}");
        }
        configure(&server, "CLIENT_SECRET_POST", &["AUTHORIZATION_CODE"]).await;
        for unknown in ["password", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer"] {
            let request = fields(&[("grant_type", unknown)]);
            let refused = ask(&server, "token", "CLIENT_SECRET_POST", &request).await.expect_status(400);
            assert_eq!(refused.text("/error"), "unsupported_grant_type", "{unknown}");
        }
    }
}
