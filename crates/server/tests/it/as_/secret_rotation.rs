//! A new client secret, and the old one beside it for a while: wherever a secret counts

use std::time::Duration;

use countersign_domain::ports::Clock;
use countersign_protocol::secrets;
use countersign_testkit::{Answer, TestServer, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::v1::admin;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async fn configure(server: &TestServer, method: &str) {
    server
        .import(&json!({ "environments": [ {
        "id": server.tenant.id, "name": "First",
        "resources": [{ "name": "Orders", "scopes": ["orders:read"] }],
        "applications": [ {
            "id": server.tenant.web.id, "name": "Web", "tokenEndpointAuthMethod": method,
            "grantTypes": ["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "DEVICE_CODE"],
            "grants": [
                { "resource": "openid", "scopes": ["profile"] },
                { "resource": "Orders", "scopes": ["orders:read"] },
            ],
        } ],
    } ] }))
        .await;
}

/// A request to an endpoint that authenticates with a secret.
async fn ask(server: &TestServer, method: &str, secret: &str, endpoint: &str) -> Answer {
    let tenant = &server.tenant;
    let mut form: Vec<(String, String)> = match endpoint {
        "token" => vec![("grant_type".to_owned(), "client_credentials".to_owned())],
        "par" => tenant.authorize(&tenant.web).parameters().to_vec(),
        "device_authorization" => vec![("scope".to_owned(), "openid".to_owned())],
        _ => vec![("token".to_owned(), "made up".to_owned())],
    };
    let id = &tenant.web.id;
    let browser = tenant.browser();
    let mut request = browser.post(tenant.endpoint(endpoint));
    match method {
        "CLIENT_SECRET_BASIC" => request = request.basic(id, secret),
        "CLIENT_SECRET_POST" => {
            form.retain(|(name, _)| name != "client_id");
            form.push(("client_id".to_owned(), id.clone()));
            form.push(("client_secret".to_owned(), secret.to_owned()));
        }
        _ => {
            let now = server.clock.now().seconds();
            let claims = json!({ "iss": id, "sub": id, "aud": tenant.issuer(), "exp": now + 60 });
            let assertion = jwt::sign_with_secret(Algorithm::HS512, secret, &claims);
            form.push(("client_assertion_type".to_owned(), ASSERTION.to_owned()));
            form.push(("client_assertion".to_owned(), assertion));
        }
    }
    request.form(form).send().await
}

/// What a token signed with a secret is worth at authorize.
async fn is_believed(server: &TestServer, secret: &str, parameter: &str) -> bool {
    let tenant = &server.tenant;
    let mut claims = json!({ "iss": tenant.web.id, "aud": tenant.issuer() });
    if parameter == "login_hint_token" {
        claims["sub"] = json!(tenant.person.username);
    }
    let token = jwt::sign_with_secret(Algorithm::HS256, secret, &claims);
    let request = tenant.authorize(&tenant.web).set(parameter, &token);
    let answer = request.set("prompt", "none").send(&tenant.browser()).await;
    let parameters = countersign_testkit::query(&answer.redirect());
    parameters["error"] == "login_required"
}

on_every_adapter! {
    async fn the_old_secret_counts_everywhere_until_its_time_is_over(server: TestServer) {
        let id = server.tenant.web.id.parse().unwrap();
        let mut old = server.tenant.web.secret.clone();
        for method in ["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST", "CLIENT_SECRET_JWT"] {
            configure(&server, method).await;
            let cx = server.cx().await;
            let until = cx.now.plus(Duration::from_mins(10));
            let shown = secrets::rotate_application(&cx, id, Some(until)).await.unwrap();
            let new = shown.secret.expose_secret().to_owned();
            for is_over in [false, true] {
                for endpoint in ["token", "par", "introspect", "revoke", "device_authorization"] {
                    for (secret, is_good) in [(&new, true), (&old, !is_over)] {
                        let answer = ask(&server, method, secret, endpoint).await;
                        let what = format!("{method} {endpoint} over: {is_over}");
                        assert_eq!(answer.status < 300, is_good, "{what}: {}", answer.body);
                        if !is_good {
                            assert_eq!(answer.expect_status(401).text("/error"), "invalid_client", "{what}");
                        }
                    }
                }
                for parameter in ["request", "login_hint_token"] {
                    assert!(is_believed(&server, &new, parameter).await, "{parameter}");
                    assert_eq!(is_believed(&server, &old, parameter).await, !is_over, "{parameter}");
                }
                if !is_over {
                    server.clock.advance(Duration::from_mins(10));
                }
            }
            old = new;
        }
    }

    /// Each application has a secret, and where it proves nothing by it it signs with it.
    async fn a_public_application_signs_with_its_secret_and_does_not_authenticate(server: TestServer) {
        let tenant = &server.tenant;
        let claims = json!({ "iss": tenant.spa.id, "aud": tenant.issuer(), "state": "of the object" });
        let object = jwt::sign_with_secret(Algorithm::HS256, &tenant.spa.secret, &claims);
        let request = tenant.authorize(&tenant.spa).set("request", &object).set("prompt", "none");
        let parameters = countersign_testkit::query(&request.send(&tenant.browser()).await.redirect());
        assert_eq!(
            (parameters["error"].as_str(), parameters["state"].as_str()),
            ("login_required", "of the object")
        );
        let form = [("client_id", &tenant.spa.id), ("client_secret", &tenant.spa.secret)];
        let grant = ("grant_type".to_owned(), "refresh_token".to_owned());
        let form = form.map(|(name, value)| (name.to_owned(), value.clone())).into_iter().chain([grant]);
        let refused = tenant.browser().post(tenant.endpoint("token")).form(form).send().await;
        assert_eq!(refused.expect_status(401).json()["error"], Value::from("invalid_client"));
    }

    async fn whoever_rotates_sees_when_the_old_secret_was_used_last(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let path = format!("/environments/{}/applications/{}/secret", tenant.id, tenant.web.id);
        let last_used = async || {
            let shown = api.get(&path).await.expect_status(200).json();
            shown["previous"]["lastUsed"].clone()
        };
        let at = || json!(server.clock.now());
        for method in ["CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST", "CLIENT_SECRET_JWT"] {
            configure(&server, method).await;
            let now = api.get(&path).await.expect_status(200).json();
            let old = now["secret"].as_str().unwrap();
            let until = server.clock.now().plus(Duration::from_hours(1));
            let body = json!({ "previous": { "expiresAt": until } });
            let rotated = api.post(&path, body).await.expect_status(200).json();
            let new = rotated["secret"].as_str().unwrap();

            // Nobody came with it yet, whatever the one before it was used for.
            let _ = ask(&server, method, new, "token").await.expect_status(200);
            assert_eq!(last_used().await, json!(null), "{method}");
            assert_eq!(server.save_last_used().await, 0);
            let _ = ask(&server, method, "Wrong.".repeat(12).as_str(), "token").await.expect_status(401);
            assert_eq!(last_used().await, json!(null), "{method}");

            let first = at();
            let _ = ask(&server, method, old, "token").await.expect_status(200);
            assert_eq!(last_used().await, first, "{method}");
            // Written once for however many uses, and good after that.
            server.clock.advance(Duration::from_secs(10));
            let second = at();
            let _ = ask(&server, method, old, "token").await.expect_status(200);
            let _ = ask(&server, method, old, "introspect").await.expect_status(200);
            assert_eq!(server.save_last_used().await, 1, "{method}");
            assert_eq!(server.save_last_used().await, 0, "{method}");
            assert_eq!(last_used().await, second, "{method}");
            let other = ask(&server, method, new, "token").await;
            let _ = other.expect_status(200);
            assert_eq!(last_used().await, second, "{method}");

            // What is noted of a secret that is replaced meanwhile is not said of the next one.
            let _ = ask(&server, method, old, "token").await.expect_status(200);
            let until = until.plus(Duration::from_secs(1));
            let body = json!({ "previous": { "expiresAt": until } });
            let again = api.post(&path, body).await.expect_status(200).json();
            assert_eq!(again["previous"]["lastUsed"], json!(null), "{method}");
            assert_eq!(server.save_last_used().await, 0);
            assert_eq!(last_used().await, json!(null), "{method}");
        }
    }

    async fn what_is_signed_with_the_old_secret_is_a_use_of_it(server: TestServer) {
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let path = format!("/environments/{}/applications/{}/secret", tenant.id, tenant.web.id);
        for parameter in ["request", "login_hint_token"] {
            let now = api.get(&path).await.expect_status(200).json();
            let old = now["secret"].as_str().unwrap();
            let until = server.clock.now().plus(Duration::from_hours(1));
            let body = json!({ "previous": { "expiresAt": until } });
            let rotated = api.post(&path, body).await.expect_status(200).json();
            assert_eq!(rotated["previous"]["lastUsed"], json!(null), "{parameter}");
            server.clock.advance(Duration::from_secs(10));
            assert!(is_believed(&server, old, parameter).await, "{parameter}");
            let shown = api.get(&path).await.expect_status(200).json();
            assert_eq!(shown["previous"]["lastUsed"], json!(server.clock.now()), "{parameter}");
        }
    }

    async fn whoever_rotates_sees_when_the_old_secret_of_a_resource_was_used_last(server: TestServer) {
        configure(&server, "CLIENT_SECRET_BASIC").await;
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let all = format!("/environments/{}/resources", tenant.id);
        let list = api.get(&all).await.expect_status(200).json();
        let resources = list["_embedded"]["resources"].as_array().unwrap().clone();
        let orders = resources.iter().find(|it| it["name"] == "Orders").unwrap();
        let id = orders["id"].as_str().unwrap();
        let path = format!("{all}/{id}/secret");
        let old = api.get(&path).await.expect_status(200).json();
        let until = server.clock.now().plus(Duration::from_hours(1));
        let body = json!({ "previous": { "expiresAt": until } });
        let rotated = api.post(&path, body).await.expect_status(200).json();
        assert_eq!(rotated["previous"]["lastUsed"], json!(null));
        let browser = tenant.browser();
        let request = browser.post(tenant.endpoint("introspect"));
        let request = request.basic(id, old["secret"].as_str().unwrap());
        let _ = request.form([("token", "made up")]).send().await.expect_status(200);
        assert_eq!(server.save_last_used().await, 1);
        let shown = api.get(&path).await.expect_status(200).json();
        assert_eq!(shown["previous"]["lastUsed"], json!(server.clock.now()));
    }
}
