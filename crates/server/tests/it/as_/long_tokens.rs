//! Tokens as long as mappings make them: what is issued is believed, and what would not be believed
//! is not issued.

use countersign_testkit::{Answer, App, TestServer, jwt, on_every_adapter, query};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

/// What one mapping may say.
const MOST: usize = 4_000;

/// Has the application that authenticates by post get so many long claims in both tokens.
async fn map(server: &TestServer, count: usize) {
    let claim = |number| json!({ "name": format!("c{number}"), "value": "x".repeat(MOST) });
    let attributes: Vec<Value> = (0..count).map(claim).collect();
    let application = json!({
        "id": server.tenant.post.id, "name": "Web with post", "attributes": attributes,
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"],
        "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        "grants": [
            { "resource": "openid", "scopes": ["openid", "profile", "email"] },
            { "resource": "Orders", "scopes": ["orders:read"] },
        ],
    });
    let resource = json!({ "name": "Orders", "scopes": ["orders:read"], "attributes": attributes });
    let environment = json!({
        "id": server.tenant.id, "name": "First",
        "resources": [resource], "applications": [application],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn redeemed(server: &TestServer, scope: &str) -> Answer {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let code = tenant
        .authorize(&tenant.post)
        .set("scope", scope)
        .code(&browser)
        .await;
    tenant.redeem(&tenant.post, &code).send(&browser).await
}

async fn introspect(server: &TestServer, app: &App, token: &str) -> Value {
    let form = [
        ("client_id", app.id.as_str()),
        ("client_secret", app.secret.as_str()),
        ("token", token),
    ];
    let browser = server.tenant.browser();
    let request = browser.post(server.tenant.endpoint("introspect"));
    request.form(form).send().await.expect_status(200).json()
}

on_every_adapter! {
    async fn what_is_issued_is_believed_wherever_it_comes_back(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        // 23 make tokens of more than 120 KiB.
        for count in [6, 23] {
            map(&server, count).await;
            let tokens = redeemed(&server, "openid orders:read").await.expect_status(200).json();
            let (access, id) = (tokens["access_token"].as_str().unwrap(), tokens["id_token"].as_str().unwrap());
            let least = count * MOST * 4 / 3;
            assert!(access.len() > least && id.len() > least);
            assert_eq!(introspect(&server, &tenant.post, access).await["active"], true);
            let claims = tenant.userinfo(access).await.expect_status(200).json();
            assert_eq!(claims["c0"].as_str().unwrap().len(), MOST);
            let posted = browser.post(tenant.endpoint("userinfo"));
            let _ = posted.form([("access_token", access)]).send().await.expect_status(200);
            let off = browser.post(tenant.endpoint("signoff"));
            let off = off.form([("id_token_hint", id)]).send().await;
            assert!(off.status < 400, "{count}: {}", off.status);
        }
    }

    async fn what_would_not_be_believed_is_not_issued(server: TestServer) {
        let tenant = &server.tenant;
        map(&server, 25).await;
        for scope in ["openid", "orders:read"] {
            let refused = redeemed(&server, scope).await.expect_status(400);
            assert_eq!(refused.text("/error"), "access_denied", "{scope}");
        }
        let front = tenant.authorize(&tenant.post).set("response_type", "id_token").without_pkce();
        let told = front.sign_on(&tenant.browser()).await.redirect();
        assert!(told.as_str().contains("error=access_denied"), "{told}");
    }

    async fn a_request_object_may_be_as_long_as_a_body(server: TestServer) {
        let tenant = &server.tenant;
        let claims = |bytes| json!({
            "iss": tenant.post.id, "aud": tenant.issuer(), "state": "of the object", "unheard_of": "x".repeat(bytes),
        });
        for bytes in [20_000, 700_000] {
            let object = jwt::sign_with_secret(Algorithm::HS256, &tenant.post.secret, &claims(bytes));
            let request = tenant.authorize(&tenant.post).set("request", &object);
            let mut form = request.parameters().to_vec();
            form.push(("client_secret".to_owned(), tenant.post.secret.clone()));
            let pushed = tenant.browser().post(tenant.endpoint("par")).form(form).send().await;
            let _ = pushed.expect_status(201);
        }
        let object = jwt::sign_with_secret(Algorithm::HS256, &tenant.post.secret, &claims(150_000));
        let request = tenant.authorize(&tenant.post).set("request", &object).set("prompt", "none");
        let told = query(&request.post(&tenant.browser()).await.redirect());
        assert_eq!((told["error"].as_str(), told["state"].as_str()), ("login_required", "of the object"));
    }
}
