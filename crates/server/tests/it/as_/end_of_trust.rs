//! Every way in which trust ends, by every kind of token: what is worth what afterwards

use countersign_domain::ids::{OauthConsentId, UserId};
use countersign_protocol::consents;
use countersign_testkit::{Browser, TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::{Api, admin};

const WAYS: [&str; 11] = [
    "sign-off",
    "session deleted",
    "password set by an administrator",
    "user locked",
    "user disabled",
    "application disabled",
    "signing key withdrawn",
    "refresh token revoked",
    "access token revoked",
    "nothing",
    // Last: nobody is left to sign on.
    "user deleted",
];

/// Which of access token (at introspection, at userinfo, in an exchange), ID token (in an exchange)
/// and refresh token are worth anything after it.
fn expected(way: &str) -> [bool; 5] {
    match way {
        "sign-off"
        | "session deleted"
        | "password set by an administrator"
        | "user locked"
        | "user disabled"
        | "user deleted"
        | "application disabled" => [false; 5],
        "signing key withdrawn" => [false, false, false, false, true],
        "refresh token revoked" => [true, true, true, true, false],
        "access token revoked" => [false, false, false, true, true],
        _ => [true; 5],
    }
}

/// One application signs people on, another one asks for and trades tokens.
async fn configure(server: &TestServer) {
    let tenant = &server.tenant;
    let grants = json!([
        { "resource": "openid", "scopes": ["profile"] },
        { "resource": "Orders", "scopes": ["orders:read"] },
    ]);
    server.import(&json!({ "environments": [ {
        "id": tenant.id, "name": "First",
        "resources": [{
            "name": "Orders", "audience": "https://orders.example", "scopes": ["orders:read"],
            "introspectEndpointAuthMethod": "CLIENT_SECRET_POST", "clientSecret": "orders-secret",
            "id": ORDERS,
        }],
        "keyRotationPolicies": [{
            "name": "Mine", "algorithm": "EC", "keyLength": 256, "signatureAlgorithm": "SHA256withECDSA",
        }],
        "applications": [
            { "id": tenant.native.id, "name": "Native", "grants": grants, "enabled": true,
              "signing": { "keyRotationPolicy": "Mine" },
              "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "DEVICE_CODE"] },
            { "id": tenant.post.id, "name": "Web with post", "grants": grants,
              "grantTypes": ["AUTHORIZATION_CODE", "TOKEN_EXCHANGE"] },
        ],
        "users": [{ "id": tenant.person.id, "username": tenant.person.username, "enabled": true }],
    } ] })).await;
}

const ORDERS: &str = "00000000-0000-4000-8000-00000000e001";

async fn post(
    server: &TestServer,
    endpoint: &str,
    form: &[(&str, &str)],
) -> countersign_testkit::Answer {
    let browser = server.tenant.browser();
    browser
        .post(server.tenant.endpoint(endpoint))
        .form(form.iter().copied())
        .send()
        .await
}

async fn change(server: &TestServer, more: Value) {
    let mut environment = json!({ "id": server.tenant.id, "name": "First" });
    for (name, value) in more.as_object().unwrap() {
        environment[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// What an administrator does.
async fn administer(server: &TestServer, api: &Api, way: &str, tokens: &Value) {
    let tenant = &server.tenant;
    let environment = format!("/environments/{}", tenant.id);
    let user = format!("{environment}/users/{}", tenant.person.id);
    match way {
        "session deleted" => {
            let token = tenant.verify(&tokens["id_token"]).await;
            let path = format!("{environment}/sessions/{}", token.text("sid"));
            let _ = api.delete(&path).await.expect_status(204);
        }
        "password set by an administrator" => {
            let set = json!({ "value": tenant.person.password, "bypassPolicy": true });
            let path = format!("{user}/password");
            let answer = api.act("PUT", &path, "password.setValue", set).await;
            let _ = answer.expect_status(200);
        }
        "user locked" => {
            for action in ["account.lock", "account.unlock"] {
                let answer = api.act("POST", &user, action, Value::Null).await;
                let _ = answer.expect_status(200);
            }
        }
        "user deleted" => {
            let _ = api.delete(&user).await.expect_status(204);
        }
        _ => {}
    }
}

async fn end(server: &TestServer, way: &str, browser: &Browser, tokens: &Value) {
    let tenant = &server.tenant;
    let native = ("client_id", tenant.native.id.as_str());
    match way {
        "sign-off" => {
            let _ = browser
                .get(tenant.endpoint("signoff"))
                .send()
                .await
                .expect_status(200);
        }
        "user disabled" => {
            let user = json!({ "id": tenant.person.id, "username": tenant.person.username, "enabled": false });
            change(server, json!({ "users": [user] })).await;
        }
        "application disabled" => {
            let application = json!({ "id": tenant.native.id, "name": "Native", "enabled": false });
            change(server, json!({ "applications": [application] })).await;
        }
        "signing key withdrawn" => {
            let token = tenant.verify(&tokens["access_token"]).await;
            let kid = token.header.kid.unwrap();
            let name = "CN=Mine, O=Countersign";
            change(
                server,
                json!({ "keys": [{ "id": kid, "name": name, "status": "REVOKED" }] }),
            )
            .await;
            server.poll_changes().await;
            let keys = tenant.jwks().await;
            assert!(!keys.to_string().contains(&kid), "it is published no more");
        }
        "refresh token revoked" | "access token revoked" => {
            let name = if way.starts_with("refresh") {
                "refresh_token"
            } else {
                "access_token"
            };
            let token = tokens[name].as_str().unwrap();
            let _ = post(server, "revoke", &[native, ("token", token)])
                .await
                .expect_status(200);
        }
        _ => {}
    }
}

/// What everything is worth now, in the order of [`expected`].
async fn worth(server: &TestServer, tokens: &Value) -> [bool; 5] {
    let tenant = &server.tenant;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let (access, id, refresh) = (
        text("access_token"),
        text("id_token"),
        text("refresh_token"),
    );
    let form = [
        ("client_id", ORDERS),
        ("client_secret", "orders-secret"),
        ("token", &access),
    ];
    let introspected = post(server, "introspect", &form)
        .await
        .expect_status(200)
        .json()["active"]
        == true;
    let userinfo = tenant.userinfo(&access).await.status == 200;
    let mut traded = Vec::new();
    for (token, kind) in [(&access, "access_token"), (&id, "id_token")] {
        let kind = format!("urn:ietf:params:oauth:token-type:{kind}");
        let form = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("client_id", tenant.post.id.as_str()),
            ("client_secret", &tenant.post.secret),
            ("subject_token", token),
            ("subject_token_type", &kind),
            ("scope", "orders:read"),
        ];
        traded.push(post(server, "token", &form).await.status == 200);
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", tenant.native.id.as_str()),
        ("refresh_token", &refresh),
    ];
    let refreshed = post(server, "token", &form).await.status == 200;
    [introspected, userinfo, traded[0], traded[1], refreshed]
}

on_every_adapter! {
    async fn threat_27_ways_by_tokens(server: TestServer) {
        let tenant = &server.tenant;
        let api = admin(&server).await;
        for (way, was_used) in WAYS.into_iter().flat_map(|way| [(way, false), (way, true)]) {
            // Nobody is left to sign on after it.
            if way == "user deleted" && !was_used {
                continue;
            }
            configure(&server).await;
            let browser = tenant.browser();
            let authorize = tenant.authorize(&tenant.native).set("scope", "openid orders:read");
            let code = authorize.code(&browser).await;
            let tokens = tenant.redeem(&tenant.native, &code).send(&browser).await.expect_status(200).json();
            if was_used {
                // What is kept of a token that was good a moment ago is not believed.
                let access = tokens["access_token"].as_str().unwrap();
                let _ = tenant.userinfo(access).await.expect_status(200);
                let _ = tenant.userinfo(access).await.expect_status(200);
            }
            end(&server, way, &browser, &tokens).await;
            administer(&server, &api, way, &tokens).await;
            assert_eq!(worth(&server, &tokens).await, expected(way), "{way}, used: {was_used}");
        }
    }

    async fn threat_27_a_consent_taken_back_ends_refreshing(server: TestServer) {
        configure(&server).await;
        let tenant = &server.tenant;
        let native = ("client_id", tenant.native.id.as_str());
        let codes = post(&server, "device_authorization", &[native, ("scope", "openid")]).await.expect_status(200);
        let browser = tenant.browser();
        let _ = tenant.connect_device(&browser, &codes.text("/verification_uri_complete")).await;
        let device_code = codes.text("/device_code");
        let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        let tokens = post(&server, "token", &[grant, native, ("device_code", &device_code)]).await;
        let token = tokens.expect_status(200).text("/refresh_token");
        let refresh = async |token: &str| {
            post(&server, "token", &[("grant_type", "refresh_token"), native, ("refresh_token", token)]).await
        };
        let token = refresh(&token).await.expect_status(200).text("/refresh_token");
        let cx = server.cx().await;
        let user: UserId = tenant.person.id.parse().unwrap();
        let found = consents::list(&cx, user).await.unwrap();
        assert_eq!((found.len(), found[0].scope.as_slice()), (1, &["openid".to_owned()][..]));
        assert_eq!(found[0].application_name, "Native");
        let id: OauthConsentId = found[0].id;
        assert!(consents::read(&cx, tenant.other_person.id.parse().unwrap(), id).await.is_err());
        let revoked = consents::revoke(&cx, user, id).await.unwrap();
        assert!(!revoked.holds() && !consents::revoke(&cx, user, id).await.unwrap().holds());
        let refused = refresh(&token).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_grant");
    }
}
