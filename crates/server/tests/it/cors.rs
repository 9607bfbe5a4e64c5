//! CORS by application (`reference/oidc.md` 18.1; threat 6).

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

on_every_adapter! {
    /// With the session cookie any page could otherwise have a code by `pi.flow`.
    async fn threat_6_without_settings_no_page_reads_a_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = browser.get(tenant.authorize(&tenant.spa).pi_flow().url());
        let answer = request.header("origin", "https://app.example").send().await.expect_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(answer.header("vary").unwrap_or_default().to_lowercase().contains("origin"));
    }

    async fn threat_6_only_the_listed_origin_reads_a_code(server: TestServer) {
        let tenant = &server.tenant;
        for (origin, allowed) in [
            ("https://app.example", true),
            ("https://evil-app.example", false),
            ("https://app.example.evil", false),
            ("https://app.example:8443", false),
            ("http://app.example", false),
            ("null", false),
        ] {
            let browser = tenant.browser();
            let request = browser.get(tenant.authorize(&tenant.native).pi_flow().url());
            let answer = request.header("origin", origin).send().await.expect_status(200);
            let echoed = answer.header("access-control-allow-origin");
            assert_eq!(echoed, allowed.then_some(origin), "{origin}");
        }
    }

    async fn a_page_of_any_origin_drives_a_flow_whose_application_says_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.spa).start_flow(&browser).await;
        let request = browser.get(tenant.flow(&flow)).header("origin", "https://any.example");
        let answer = request.send().await.expect_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://any.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    }

    async fn an_application_that_allows_no_origin_has_no_page_drive_its_flows(server: TestServer) {
        let tenant = &server.tenant;
        let spa = json!({ "id": tenant.spa.id, "name": "Spa", "corsSettings": { "behavior": "ALLOW_NO_ORIGINS" } });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [spa] });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.spa).start_flow(&browser).await;
        let request = browser.get(tenant.flow(&flow)).header("origin", "https://app.example");
        let answer = request.send().await.expect_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }

    async fn a_page_is_told_that_its_flow_is_over(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let unknown = tenant.flow("00000000-0000-4000-8000-000000000000");
        let request = browser.get(unknown).header("origin", "https://any.example");
        let answer = request.send().await.expect_status(404);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://any.example"));
        assert_eq!(answer.text("/code"), "NOT_FOUND");
    }

    async fn threat_6_only_a_listed_page_reads_what_the_token_endpoint_answers(server: TestServer) {
        let tenant = &server.tenant;
        for (client, origin, allowed) in [
            (&tenant.native, "https://app.example", true),
            (&tenant.native, "https://evil.example", false),
            (&tenant.spa, "https://app.example", false),
        ] {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", "none"),
                ("client_id", client.id.as_str()),
            ];
            let browser = tenant.browser();
            let request = browser.post(tenant.endpoint("token")).header("origin", origin);
            let answer = request.form(form).send().await.expect_status(400);
            let echoed = answer.header("access-control-allow-origin");
            assert_eq!(echoed, allowed.then_some(origin), "{origin}");
            assert!(answer.header("vary").unwrap_or_default().to_lowercase().contains("origin"));
        }
    }

    async fn a_listed_page_may_sign_off(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for (client, origin, allowed) in [
            (&tenant.native, "https://app.example", true),
            (&tenant.native, "https://evil.example", false),
            (&tenant.spa, "https://app.example", false),
        ] {
            let url = format!("{}?client_id={}", tenant.endpoint("signoff"), client.id);
            let answer = browser.get(url).header("origin", origin).send().await.expect_status(200);
            let echoed = answer.header("access-control-allow-origin");
            assert_eq!(echoed, allowed.then_some(origin), "{origin}");
        }
    }
}
