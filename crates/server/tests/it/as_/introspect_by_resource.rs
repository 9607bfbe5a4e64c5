//! `POST /{envID}/as/introspect` by a resource, and about refresh tokens

use std::time::Duration;

use countersign_protocol::secrets;
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

const ORDERS: &str = "00000000-0000-4000-8000-00000000a001";
const STOCK: &str = "00000000-0000-4000-8000-00000000a002";
const SECRET: &str = "a-secret-of-a-resource-of-the-tests";

async fn configure(server: &TestServer, method: &str) {
    let tenant = &server.tenant;
    server.import(&json!({ "environments": [ {
        "id": tenant.id, "name": "First",
        "resources": [
            { "id": ORDERS, "name": "Orders", "audience": "https://orders.example", "clientSecret": SECRET,
              "introspectEndpointAuthMethod": method, "scopes": ["orders:read"],
              "attributes": [{ "name": "shop", "value": "${application.name}" }] },
            { "id": STOCK, "name": "Stock", "clientSecret": SECRET, "scopes": ["stock:read"] },
        ],
        "applications": [ {
            "id": tenant.post.id, "name": "Web with post",
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
            "grants": [
                { "resource": "openid", "scopes": ["profile"] },
                { "resource": "Orders", "scopes": ["orders:read"] },
            ],
        } ],
    } ] })).await;
}

async fn tokens(server: &TestServer) -> Value {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let authorize = tenant
        .authorize(&tenant.post)
        .set("scope", "openid orders:read");
    let code = authorize.code(&browser).await;
    tenant
        .redeem(&tenant.post, &code)
        .send(&browser)
        .await
        .expect_status(200)
        .json()
}

async fn by_basic(server: &TestServer, id: &str, secret: &str, token: &str) -> Answer {
    let browser = server.tenant.browser();
    let request = browser.post(server.tenant.endpoint("introspect"));
    request
        .basic(id, secret)
        .form([("token", token)])
        .send()
        .await
}

async fn by_form(server: &TestServer, fields: &[(&str, &str)]) -> Answer {
    let browser = server.tenant.browser();
    let request = browser.post(server.tenant.endpoint("introspect"));
    request.form(fields.iter().copied()).send().await
}

async fn as_application(server: &TestServer, token: &str) -> Value {
    let post = &server.tenant.post;
    let fields = [
        ("client_id", post.id.as_str()),
        ("client_secret", &post.secret),
        ("token", token),
    ];
    by_form(server, &fields).await.expect_status(200).json()
}

#[track_caller]
fn is_inactive(answer: Answer) {
    assert_eq!(answer.expect_status(200).json(), json!({ "active": false }));
}

on_every_adapter! {
    async fn a_resource_asks_about_tokens_that_are_for_it(server: TestServer) {
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let tokens = tokens(&server).await;
        let access = tokens["access_token"].as_str().unwrap();
        let found = by_basic(&server, ORDERS, SECRET, access).await.expect_status(200).json();
        assert_eq!((&found["active"], &found["token_type"]), (&json!(true), &json!("Bearer")));
        assert_eq!(found["aud"], json!(["https://orders.example"]));
        assert_eq!(found["scope"], "openid orders:read");
        assert_eq!(found["shop"], "Web with post");
        assert_eq!(found["sub"], server.tenant.person.id);
        // Another resource learns nothing.
        is_inactive(by_basic(&server, STOCK, SECRET, access).await);
        // Nor does anybody about what is no access token.
        is_inactive(by_basic(&server, ORDERS, SECRET, tokens["id_token"].as_str().unwrap()).await);
        is_inactive(by_basic(&server, ORDERS, SECRET, tokens["refresh_token"].as_str().unwrap()).await);
        server.clock.advance(Duration::from_hours(1));
        is_inactive(by_basic(&server, ORDERS, SECRET, access).await);
    }

    async fn a_resource_has_its_own_method_and_no_other(server: TestServer) {
        let good = |method| match method {
            "NONE" => vec![("client_id", ORDERS)],
            _ => vec![("client_id", ORDERS), ("client_secret", SECRET)],
        };
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let access = tokens(&server).await["access_token"].as_str().unwrap().to_owned();
        for set in ["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST", "NONE"] {
            configure(&server, set).await;
            for used in ["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST", "NONE"] {
                let answer = if used == "CLIENT_SECRET_BASIC" {
                    by_basic(&server, ORDERS, SECRET, &access).await
                } else {
                    let mut fields = good(used);
                    fields.push(("token", &access));
                    by_form(&server, &fields).await
                };
                if set == used {
                    assert_eq!(answer.expect_status(200).json()["active"], true, "{set}");
                } else {
                    let refused = answer.expect_status(401);
                    assert_eq!(refused.text("/error"), "invalid_client", "{set} {used}");
                    assert!(refused.text("/error_description")
                        .starts_with("Request denied: Unsupported authentication method"));
                }
            }
        }
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let _ = by_basic(&server, ORDERS, "wrong", &access).await.expect_status(401);
        let _ = by_basic(&server, ORDERS, &server.tenant.post.secret, &access).await.expect_status(401);
        // A resource is no client anywhere else.
        for endpoint in ["token", "revoke", "par", "device_authorization"] {
            let browser = server.tenant.browser();
            let request = browser.post(server.tenant.endpoint(endpoint)).basic(ORDERS, SECRET);
            let form = [("grant_type", "client_credentials"), ("token", &access)];
            let _ = request.form(form).send().await.expect_status(401);
        }
    }

    async fn a_new_secret_leaves_the_old_one_its_time(server: TestServer) {
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let access = tokens(&server).await["access_token"].as_str().unwrap().to_owned();
        let cx = server.cx().await;
        let until = cx.now.plus(Duration::from_mins(10));
        let shown = secrets::rotate_resource(&cx, ORDERS.parse().unwrap(), Some(until)).await;
        let new = shown.unwrap().secret.expose_secret().to_owned();
        assert!(new.len() >= 64 && new.chars().all(|it| it.is_ascii_alphanumeric() || "-._~".contains(it)));
        for secret in [&new, SECRET] {
            let found = by_basic(&server, ORDERS, secret, &access).await.expect_status(200);
            assert_eq!(found.json()["active"], true);
        }
        server.clock.advance(Duration::from_mins(10));
        let _ = by_basic(&server, ORDERS, SECRET, &access).await.expect_status(401);
        let _ = by_basic(&server, ORDERS, &new, &access).await.expect_status(200);
        // The same for an application, whose old secret can be ended early.
        let post = &server.tenant.post;
        let id = post.id.parse().unwrap();
        let cx = server.cx().await;
        let until = cx.now.plus(Duration::from_mins(10));
        let _ = secrets::rotate_application(&cx, id, Some(until)).await.unwrap();
        assert_eq!(as_application(&server, &access).await["active"], true);
        assert!(secrets::of_application(&cx, id).await.unwrap().previous.is_some());
        secrets::end_previous_of_application(&cx, id).await.unwrap();
        let fields = [("client_id", post.id.as_str()), ("client_secret", &post.secret), ("token", &access)];
        let _ = by_form(&server, &fields).await.expect_status(401);
        // Not for less than a minute, nor for more than thirty days.
        for seconds in [59, 30 * 86_400 + 1] {
            let until = cx.now.plus(Duration::from_secs(seconds));
            assert!(secrets::rotate_application(&cx, id, Some(until)).await.is_err());
        }
    }

    async fn a_refresh_token_is_its_clients_business(server: TestServer) {
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let tokens = tokens(&server).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let found = as_application(&server, refresh).await;
        assert_eq!((&found["active"], &found["client_id"]), (&json!(true), &json!(server.tenant.post.id)));
        assert_eq!(found["scope"], "openid orders:read");
        let lifetime = found["exp"].as_i64().unwrap() - found["iat"].as_i64().unwrap();
        assert_eq!(lifetime, 2_592_000);
        let web = &server.tenant.web;
        is_inactive(by_basic(&server, &web.id, &web.secret, refresh).await);
        // Once exchanged it is worth nothing.
        let post = &server.tenant.post;
        let form = [
            ("grant_type", "refresh_token"), ("refresh_token", refresh),
            ("client_id", &post.id), ("client_secret", &post.secret),
        ];
        let browser = server.tenant.browser();
        let next = browser.post(server.tenant.endpoint("token")).form(form).send().await;
        let next = next.expect_status(200).text("/refresh_token");
        assert_eq!(as_application(&server, refresh).await, json!({ "active": false }));
        assert_eq!(as_application(&server, &next).await["active"], true);
        // Nor is anything cut off or added.
        for bad in [&next[..next.len() - 1], &format!("{next}A")] {
            assert_eq!(as_application(&server, bad).await, json!({ "active": false }), "threat 28");
        }
    }

    async fn threat_42_a_secret_opens_nothing_next_door(server: TestServer) {
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let access = tokens(&server).await["access_token"].as_str().unwrap().to_owned();
        let browser = server.other.browser();
        let request = browser.post(server.other.endpoint("introspect"));
        let _ = request.basic(ORDERS, SECRET).form([("token", &access)]).send().await.expect_status(401);
    }
}
