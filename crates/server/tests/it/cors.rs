//! CORS by application (`reference/oidc.md` 18.1; threat 6).

use countersign_testkit::browser::Request;
use countersign_testkit::{Answer, App, TestServer, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use serde_json::json;

const ORIGIN: &str = "https://app.example";

/// Has a confidential client list one origin.
async fn list(server: &TestServer, client: &App) {
    let application = json!({
        "id": client.id, "name": "Listing", "idpSignoff": true,
        "corsSettings": { "behavior": "ALLOW_SPECIFIC_ORIGINS", "origins": [ORIGIN] },
    });
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "applications": [application] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// Whether a page of the listed origin reads the answer, and no other page does.
async fn reads<'a>(what: &str, request: impl Fn() -> Request<'a>) -> u16 {
    let send = async |origin: &str| request().header("origin", origin).send().await;
    let echoed = |answer: &Answer| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    let evil = send("https://evil.example").await;
    assert_eq!(echoed(&evil), None, "{what}");
    let answer = send(ORIGIN).await;
    assert_eq!(echoed(&answer).as_deref(), Some(ORIGIN), "{what}");
    answer.status
}

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

    async fn a_client_may_name_itself_by_its_credentials_alone(server: TestServer) {
        let tenant = &server.tenant;
        list(&server, &tenant.web).await;
        let browser = tenant.browser();
        let claims = json!({ "iss": tenant.web.id, "sub": tenant.web.id });
        let assertion = jwt::sign_with_secret(Algorithm::HS256, &tenant.web.secret, &claims);
        let by = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = [("grant_type", "authorization_code"), ("code", "x"), ("token", "x")];
        for name in ["token", "par", "revoke", "device_authorization"] {
            let url = tenant.endpoint(name);
            let basic = || browser.post(&url).basic(&tenant.web.id, &tenant.web.secret).form(form);
            reads(name, basic).await;
            // Wrong credentials are told to the page that brings them, too.
            let wrong = || browser.post(&url).basic(&tenant.web.id, "wrong").form(form);
            assert_eq!(reads(name, wrong).await, 401, "{name}");
            let asserted = [("client_assertion", assertion.as_str()), ("client_assertion_type", by)];
            for fields in [&asserted[..], &asserted[..1]] {
                let asserting = || browser.post(&url).form(form.iter().chain(fields).copied());
                assert_eq!(reads(name, asserting).await, 401, "{name}");
            }
        }
    }

    async fn a_sign_off_may_be_about_whom_the_hint_was_issued_to(server: TestServer) {
        let tenant = &server.tenant;
        list(&server, &tenant.web).await;
        let tokens = tenant.tokens(&tenant.web).await;
        let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
        let browser = tenant.browser();
        let url = format!("{}?{}={}", tenant.endpoint("signoff"), hint.0, hint.1);
        assert_eq!(reads("GET", || browser.get(&url)).await, 200);
        let post = || browser.post(tenant.endpoint("signoff")).form([hint]);
        assert_eq!(reads("POST", post).await, 200);
        let nowhere = "post_logout_redirect_uri=https://x.example";
        for name in ["signoff", "idpSignoff"] {
            let url = format!("{}?{}={}&{nowhere}", tenant.endpoint(name), hint.0, hint.1);
            assert_eq!(reads(name, || browser.get(&url)).await, 400, "{name}");
        }
    }
}
