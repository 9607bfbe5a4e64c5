//! `grant_type=client_credentials`

use countersign_domain::entity::Entity;
use countersign_domain::resource::Scope;
use countersign_domain::store::Batch;
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough-for-hs512-and-then-some";

/// An application that acts for itself, in the server's first environment.
async fn client(server: &TestServer, id: &str, kind: &str, more: Value) {
    let mut application = json!({
        "id": id, "name": id, "type": kind, "enabled": true,
        "grantTypes": ["CLIENT_CREDENTIALS"],
        "tokenEndpointAuthMethod": "CLIENT_SECRET_POST",
        "clientSecret": SECRET,
    });
    for (name, value) in more.as_object().unwrap() {
        application[name] = value.clone();
    }
    server.import(&json!({ "environments": [ {
        "id": server.tenant.id,
        "name": "First",
        "resources": [
            { "name": "Orders", "audience": "https://orders.example", "accessTokenValiditySeconds": 900,
              "scopes": ["orders:read", "orders:write"] },
            { "name": "Stock", "scopes": ["stock:read"] },
        ],
        "applications": [application],
    } ] })).await;
}

async fn ask(server: &TestServer, id: &str, scope: Option<&str>) -> Answer {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", SECRET),
    ];
    form.extend(scope.map(|scope| ("scope", scope)));
    browser
        .post(tenant.endpoint("token"))
        .form(form)
        .send()
        .await
}

const WORKER: &str = "00000000-0000-4000-8000-00000000c001";
const SERVICE: &str = "00000000-0000-4000-8000-00000000c002";

on_every_adapter! {
    async fn a_worker_gets_a_token_for_the_api_without_scopes(server: TestServer) {
        client(&server, WORKER, "WORKER", json!({ "roleAssignments": ["Environment Admin"] })).await;
        let before = server.counts.commits();
        let answer = ask(&server, WORKER, None).await.expect_status(200).json();
        assert_eq!(server.counts.commits(), before, "nothing is written");
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_in"], 3600);
        for absent in ["id_token", "refresh_token", "scope"] {
            assert!(answer.get(absent).is_none(), "{absent}");
        }
        let token = server.tenant.verify(&answer["access_token"]).await;
        assert_eq!(token.text("client_id"), WORKER);
        assert_eq!(token.claims["aud"], json!([server.base]));
        for absent in ["sub", "sid", "scope", "auth_time"] {
            assert!(token.claims.get(absent).is_none(), "{absent}");
        }
    }

    async fn a_worker_without_a_role_gets_nothing(server: TestServer) {
        client(&server, WORKER, "WORKER", json!({})).await;
        let answer = ask(&server, WORKER, None).await.expect_status(400);
        assert_eq!(answer.text("/error"), "unauthorized_client");
    }

    async fn a_service_gets_all_scopes_of_its_one_resource(server: TestServer) {
        let grants = json!({ "grants": [
            { "resource": "Orders", "scopes": ["orders:read", "orders:write"] },
        ] });
        client(&server, SERVICE, "SERVICE", grants).await;
        let answer = ask(&server, SERVICE, None).await.expect_status(200).json();
        assert_eq!(answer["expires_in"], 900);
        let token = server.tenant.verify(&answer["access_token"]).await;
        assert_eq!(token.claims["aud"], json!(["https://orders.example"]));
        assert_eq!(token.text("scope"), "orders:read orders:write");
        let asked = ask(&server, SERVICE, Some("orders:write unknown openid")).await;
        assert_eq!(asked.expect_status(200).text("/scope"), "orders:write");
    }

    async fn threat_14_nothing_but_granted_custom_scopes_is_given(server: TestServer) {
        let grants = json!({ "grants": [
            { "resource": "Orders", "scopes": ["orders:read"] },
            { "resource": "Stock", "scopes": ["stock:read"] },
        ] });
        client(&server, SERVICE, "SERVICE", grants).await;
        for (scope, detail) in [
            (None, "May not request scopes for multiple resources"),
            (Some("orders:read stock:read"), "May not request scopes for multiple resources"),
            (Some("orders:write"), "At least one scope must be granted"),
            (Some("openid profile"), "At least one scope must be granted"),
            (Some("p1:read:user"), "At least one scope must be granted"),
        ] {
            let answer = ask(&server, SERVICE, scope).await.expect_status(400);
            assert_eq!(answer.text("/error"), "invalid_scope", "{scope:?}");
            assert!(answer.text("/error_description").contains(detail), "{scope:?}");
        }
    }

    /// What was stored before it was refused: `openid` is OpenID Connect's, and a name counts once.
    async fn scopes_of_the_same_name_are_told_apart(server: TestServer) {
        let tenant = &server.tenant;
        let cx = server.cx().await;
        let (store, env) = (&*cx.ports.store, cx.env_id());
        let grants = json!({
            "requestScopesForMultipleResourcesEnabled": true,
            "grants": [
                { "resource": "Orders", "scopes": ["orders:read", "orders:write"] },
                { "resource": "Stock", "scopes": ["stock:read"] },
            ],
        });
        client(&server, SERVICE, "SERVICE", grants.clone()).await;
        let application = json!({ "id": tenant.web.id, "name": "Web", "grants": grants["grants"] });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "environments": [environment] })).await;
        for resource in &server.cx().await.env.resources {
            for scope in &resource.scopes {
                let name = match scope.name.as_str() {
                    "orders:read" => "openid",
                    "orders:write" | "stock:read" => "read",
                    _ => continue,
                };
                let scope = Scope { name: name.to_owned(), ..scope.clone() };
                let batch = Batch::new().put(scope.to_doc(env).unwrap()).changed(env);
                store.commit(batch, cx.now).await.unwrap();
            }
        }
        let answer = ask(&server, SERVICE, Some("openid")).await.expect_status(400);
        assert_eq!(answer.text("/error"), "invalid_scope");
        let answer = ask(&server, SERVICE, Some("openid read")).await.expect_status(200).json();
        assert_eq!(answer["scope"], "read");
        assert_eq!(ask(&server, SERVICE, None).await.expect_status(200).text("/scope"), "read");
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("scope", "openid profile");
        let code = request.code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        assert_eq!(tenant.verify(&tokens["access_token"]).await.claims["aud"], json!([server.base]));
        assert_eq!(tokens["scope"], "openid profile");
    }

    async fn a_token_without_a_user_reads_no_userinfo(server: TestServer) {
        client(&server, WORKER, "WORKER", json!({ "roleAssignments": ["Environment Admin"] })).await;
        let answer = ask(&server, WORKER, None).await.expect_status(200).json();
        let refused = server.tenant.userinfo(answer["access_token"].as_str().unwrap()).await;
        let challenge = refused.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
        assert_eq!(refused.expect_status(403).text("/code"), "ACCESS_FAILED");
    }

    async fn only_applications_that_have_the_grant_may_use_it(server: TestServer) {
        let tenant = &server.tenant;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", tenant.post.id.as_str()),
            ("client_secret", tenant.post.secret.as_str()),
        ];
        let answer = tenant.browser().post(tenant.endpoint("token")).form(form).send().await;
        assert_eq!(answer.expect_status(400).text("/error"), "unauthorized_client");
    }
}
