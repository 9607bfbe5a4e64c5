//! `GET /{envID}/as/jwks`

use std::collections::BTreeSet;

use countersign_testkit::{Answer, TestServer, on_every_adapter};

on_every_adapter! {
    async fn it_publishes_public_keys_and_nothing_private(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = browser.get(tenant.endpoint("jwks")).send().await.expect_status(200);
        assert!(answer.header("content-type").unwrap_or_default().starts_with("application/json"));
        let jwks = answer.json();
        let keys = jwks["keys"].as_array().unwrap();
        assert!(!keys.is_empty());
        for key in keys {
            assert_eq!(key["kty"], "RSA");
            assert_eq!(key["use"], "sig");
            assert_eq!(key["alg"], "RS256");
            for member in ["kid", "n", "e", "x5t"] {
                assert!(key[member].is_string(), "{key}");
            }
            assert!(key["x5c"].is_array(), "{key}");
            for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
                assert!(key.get(private).is_none(), "{private}");
            }
        }
    }

    async fn every_token_names_a_published_key(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.spa).await;
        for token in ["access_token", "id_token"] {
            assert!(tenant.verify(&tokens[token]).await.header.kid.is_some());
        }
    }

    async fn any_origin_may_read_it(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = browser.get(tenant.endpoint("jwks")).header("origin", "https://app.example");
        let answer = request.send().await.expect_status(200);
        assert!(answer.header("access-control-allow-origin").is_some());
        // A page that adds a header of its own asks first.
        let twin = format!("{}/.well-known/oauth-authorization-server/{}/as", tenant.base, tenant.id);
        let documents = ["jwks", ".well-known/openid-configuration"].map(|it| tenant.endpoint(it));
        for url in documents.iter().chain([&twin]) {
            let request = browser.request(reqwest::Method::OPTIONS, url).header("origin", "https://app.example");
            let request = request.header("access-control-request-headers", "content-type");
            let answer = request.header("access-control-request-method", "GET").send().await.expect_status(204);
            assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"), "{url}");
            assert!(answer.header("access-control-allow-methods").unwrap().contains("GET"), "{url}");
            assert!(answer.header("access-control-allow-headers").unwrap().contains("Content-Type"), "{url}");
        }
    }

    async fn only_get_is_allowed(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = browser.post(tenant.endpoint("jwks")).send().await.expect_status(405);
        let unknown = tenant.endpoint("jwks").replacen(&tenant.id, "00000000-0000-4000-8000-00000000beef", 1);
        let _ = browser.get(unknown).send().await.expect_status(404);
    }

    async fn documents_from_memory_are_those_of_the_router(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for path in ["jwks", ".well-known/openid-configuration"] {
            let url = tenant.endpoint(path);
            let escaped = tenant.id.bytes().map(|byte| format!("%{byte:02X}"));
            // Only the router understands this way to write the environment's id.
            let routed = url.replacen(&tenant.id, &escaped.collect::<String>(), 1);
            let routed = browser.get(routed).send().await.expect_status(200);
            let remembered = browser.get(url).send().await.expect_status(200);
            assert_eq!(remembered.body, routed.body);
            let names = |answer: &Answer| -> BTreeSet<String> {
                answer.headers.keys().map(ToString::to_string).collect()
            };
            assert_eq!(names(&remembered), names(&routed));
            for same in ["content-type", "cache-control", "access-control-allow-origin"] {
                assert_eq!(remembered.header(same), routed.header(same));
            }
            assert_ne!(remembered.header("correlation-id"), routed.header("correlation-id"));
        }
    }
}
