//! `POST /{envID}/as/token`

use countersign_testkit::{TestServer, on_every_adapter};

on_every_adapter! {
    async fn only_post_is_allowed(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = browser.get(tenant.endpoint("token")).send().await.expect_status(405);
    }

    async fn only_a_form_is_read(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = browser.post(tenant.endpoint("token"));
        let answer = request.body("application/json", "{}").send().await;
        assert!(matches!(answer.status, 400 | 415), "{}", answer.status);
    }

    async fn the_grant_type_is_needed_and_must_be_known(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.redeem(&tenant.web, "x");
        let missing = request.clone().remove("grant_type").send(&browser).await;
        assert_eq!(missing.expect_status(400).text("/error"), "invalid_request");
        for unknown in ["password", "teapot", "urn:ietf:params:oauth:grant-type:jwt-bearer"] {
            let answer = request.clone().set("grant_type", unknown).send(&browser).await;
            assert_eq!(answer.expect_status(400).text("/error"), "unsupported_grant_type");
        }
    }

    async fn errors_carry_a_correlation_id_and_are_not_cached(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = tenant.redeem(&tenant.web, "no-such-code").send(&browser).await.expect_status(400);
        let description = answer.text("/error_description");
        let id = answer.header("correlation-id").unwrap_or_default().to_owned();
        assert!(!id.is_empty());
        assert!(description.to_lowercase().contains(&id.to_lowercase()), "{description} {id}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }

    async fn threat_21_a_repeated_parameter_is_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for field in ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"] {
            let code = tenant.authorize(&tenant.post).code(&browser).await;
            let request = tenant.redeem(&tenant.post, &code).add(field, "x");
            let error = request.send(&browser).await.expect_status(400).text("/error");
            assert_eq!(error, "invalid_request", "{field}");
        }
    }

    async fn threat_21_nor_is_it_at_the_other_endpoints(server: TestServer) {
        let tenant = &server.tenant;
        let id = ("client_id", tenant.post.id.as_str());
        let secret = ("client_secret", tenant.post.secret.as_str());
        let (one, two) = (("token", "one"), ("token", "two"));
        let scope = ("scope", "openid");
        for (endpoint, form) in [
            ("introspect", [id, secret, one, two]),
            ("introspect", [id, secret, secret, one]),
            ("revoke", [id, secret, one, two]),
            ("revoke", [id, id, secret, one]),
            ("device_authorization", [id, secret, scope, scope]),
            ("par", [id, secret, scope, scope]),
            ("signoff", [("state", "a"), ("state", "b"), one, id]),
            ("authorize", [id, id, scope, one]),
        ] {
            let answer = tenant.browser().post(tenant.endpoint(endpoint)).form(form).send().await;
            assert_eq!((answer.status, answer.location()), (400, None), "{endpoint} {form:?}");
            if !["signoff", "authorize"].contains(&endpoint) {
                assert_eq!(answer.text("/error"), "invalid_request", "{endpoint} {form:?}");
            }
        }
    }

    async fn an_oversized_body_is_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.redeem(&tenant.web, &"a".repeat(2 << 20));
        assert!(matches!(request.send(&browser).await.status, 400 | 413));
    }
}
