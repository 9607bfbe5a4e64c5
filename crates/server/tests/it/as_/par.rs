//! `POST /{envID}/as/par`

use std::sync::Arc;
use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, code_of, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

/// Pushes a good request of the application that authenticates by post, with changes.
async fn push(server: &TestServer, changes: &[(&str, &str)]) -> Answer {
    let tenant = &server.tenant;
    let mut authorize = tenant.authorize(&tenant.post);
    for (name, value) in changes {
        authorize = authorize.set(name, value);
    }
    let mut form = authorize.parameters().to_vec();
    form.push(("client_secret".to_owned(), tenant.post.secret.clone()));
    tenant
        .browser()
        .post(tenant.endpoint("par"))
        .form(form)
        .send()
        .await
}

async fn request_uri(server: &TestServer) -> String {
    push(server, &[])
        .await
        .expect_status(201)
        .text("/request_uri")
}

/// Takes a handle to authorize.
async fn present(server: &TestServer, browser: &Browser, client: &str, uri: &str) -> Answer {
    let mut url = url::Url::parse(&server.tenant.endpoint("authorize")).unwrap();
    url.query_pairs_mut()
        .append_pair("client_id", client)
        .append_pair("request_uri", uri)
        // Ignored: what was pushed counts.
        .append_pair("scope", "phone")
        .append_pair("redirect_uri", "https://evil.example/");
    browser.get(&url).send().await
}

async fn configure(server: &TestServer, more: Value) {
    let mut application = json!({ "id": server.tenant.post.id, "name": "Web with post" });
    for (name, value) in more.as_object().unwrap() {
        application[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [
            { "id": server.tenant.id, "name": "First", "applications": [application] }
        ] }))
        .await;
}

on_every_adapter! {
    async fn a_pushed_request_ends_in_tokens(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = push(&server, &[]).await.expect_status(201);
        assert_eq!(answer.json()["expires_in"], 60);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let uri = answer.text("/request_uri");
        assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"));
        // With a session the code comes at once.
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let redirect = present(&server, &browser, &tenant.post.id, &uri).await.expect_status(302);
        assert!(redirect.header("location").unwrap_or_default().starts_with("https://client.example/callback?"));
        let code = code_of(&redirect.redirect());
        let tokens = tenant.redeem(&tenant.post, &code).send(&browser).await.expect_status(200);
        assert_eq!(tokens.text("/scope"), "openid profile email");
    }

    async fn without_a_session_the_sign_on_page_comes(server: TestServer) {
        let uri = request_uri(&server).await;
        let browser = server.tenant.browser();
        let answer = present(&server, &browser, &server.tenant.post.id, &uri).await.expect_status(302);
        assert!(answer.header("location").unwrap_or_default().contains("/signon/"));
    }

    async fn threat_9_a_handle_is_used_once_by_the_one_who_pushed(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let uri = request_uri(&server).await;
        let other = present(&server, &browser, &tenant.web.id, &uri).await.expect_status(400);
        assert_eq!(other.header("location"), None);
        let _ = present(&server, &browser, &tenant.post.id, &uri).await.expect_status(302);
        let again = present(&server, &browser, &tenant.post.id, &uri).await.expect_status(400);
        assert_eq!(again.header("location"), None);
        let late = request_uri(&server).await;
        server.clock.advance(Duration::from_mins(1));
        let _ = present(&server, &browser, &tenant.post.id, &late).await.expect_status(400);
        for strange in ["urn:ietf:params:oauth:request_uri:x", "https://client.example/request.jwt"] {
            let answer = present(&server, &browser, &tenant.post.id, strange).await.expect_status(400);
            assert_eq!(answer.header("location"), None, "{strange}");
        }
    }

    async fn a_use_that_is_refused_is_a_use(server: TestServer) {
        let tenant = &server.tenant;
        let person = &tenant.person;
        let claims = json!({ "iss": tenant.post.id, "aud": tenant.issuer(), "sub": person.id });
        let hint = jwt::sign_with_secret(Algorithm::HS256, &tenant.post.secret, &claims);
        let pushed = push(&server, &[("login_hint_token", &hint)]).await.expect_status(201);
        let uri = pushed.text("/request_uri");
        let user = json!({ "id": person.id, "username": person.username, "enabled": false });
        server.import(&json!({ "environments": [{ "id": tenant.id, "name": "First", "users": [user] }] })).await;
        let browser = tenant.browser();
        let commits = server.counts.commits();
        let told = present(&server, &browser, &tenant.post.id, &uri).await.redirect();
        assert!(told.as_str().contains("error=access_denied"), "{told}");
        assert_eq!(server.counts.commits() - commits, 1);
        let again = present(&server, &browser, &tenant.post.id, &uri).await.expect_status(400);
        assert_eq!(again.header("location"), None);
    }

    async fn threat_10_a_handle_presented_64_times_starts_one_flow(server: TestServer) {
        let node = server.another_node().await;
        let uri = Arc::new(request_uri(&server).await);
        let tenants = [Arc::new(server.tenant.clone()), Arc::new(node.tenant.clone())];
        let tries: Vec<_> = tenants.iter().cycle().take(64).map(|tenant| {
            let (tenant, uri) = (tenant.clone(), uri.clone());
            tokio::spawn(async move {
                let mut url = url::Url::parse(&tenant.endpoint("authorize")).unwrap();
                url.query_pairs_mut()
                    .append_pair("client_id", &tenant.post.id)
                    .append_pair("request_uri", &uri);
                tenant.browser().get(&url).send().await.status
            })
        }).collect();
        let mut started = 0;
        for one in tries {
            match one.await.unwrap() {
                302 => started += 1,
                status => assert_eq!(status, 400),
            }
        }
        assert_eq!(started, 1);
    }

    async fn what_authorize_would_refuse_is_refused_at_once(server: TestServer) {
        for (name, value, error) in [
            ("response_type", "device", "unsupported_response_type"),
            ("redirect_uri", "https://evil.example/", "invalid_request"),
            ("scope", "nothing", "invalid_scope"),
            ("acr_values", "Nobody_Has_This", "invalid_request"),
            ("request_uri", "urn:ietf:params:oauth:request_uri:x", "invalid_request"),
        ] {
            let answer = push(&server, &[(name, value)]).await.expect_status(400);
            assert_eq!(answer.text("/error"), error, "{name}");
        }
        let tenant = &server.tenant;
        let form = tenant.authorize(&tenant.post).parameters().to_vec();
        let browser = tenant.browser();
        let unproven = browser.post(tenant.endpoint("par")).form(form).send().await;
        assert_eq!(unproven.expect_status(401).text("/error"), "invalid_client");
    }

    async fn an_application_may_require_it(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({ "parRequirement": "REQUIRED", "parTimeout": 5 })).await;
        let browser = tenant.browser();
        let direct = tenant.authorize(&tenant.post).send(&browser).await.expect_status(302);
        assert!(direct.header("location").unwrap_or_default().contains("error=invalid_request"));
        let uri = push(&server, &[]).await.expect_status(201);
        assert_eq!(uri.json()["expires_in"], 5);
        let uri = uri.text("/request_uri");
        let _ = present(&server, &browser, &tenant.post.id, &uri).await.expect_status(302);
    }

    async fn a_body_may_be_almost_a_megabyte(server: TestServer) {
        let padding = |bytes: usize| "x".repeat(bytes);
        let _ = push(&server, &[("unheard_of", &padding(998_000))]).await.expect_status(201);
        let _ = push(&server, &[("unheard_of", &padding(1_000_000))]).await.expect_status(413);
        // What is kept and carried is another matter.
        let long = push(&server, &[("state", &padding(9_000))]).await.expect_status(400);
        assert_eq!(long.text("/error"), "invalid_request");
        let answer = server.tenant.authorize(&server.tenant.web).set("state", &padding(9_000));
        let answer = answer.send(&server.tenant.browser()).await.expect_status(400);
        assert!(answer.header("location").is_none());
    }
}
