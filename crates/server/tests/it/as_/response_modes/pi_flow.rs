//! `response_mode=pi.flow`

use countersign_testkit::{Answer, TestServer, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use serde_json::json;

on_every_adapter! {
    async fn authorize_answers_with_the_flow(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = tenant.authorize(&tenant.native).pi_flow().send(&browser).await.expect_status(200);
        assert!(answer.header("content-type").unwrap_or_default().contains("json"));
        let flow = answer.json();
        let id = flow["id"].as_str().unwrap();
        let href = tenant.flow(id);
        assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED");
        assert_eq!(flow["environment"], json!({ "id": tenant.id }));
        assert_eq!(flow["resumeUrl"], json!(format!("{}?flowId={id}", tenant.endpoint("resume"))));
        assert_eq!(flow["_links"]["self"]["href"], json!(href));
        assert_eq!(flow["_links"]["usernamePassword.check"]["href"], json!(href));
        assert!(flow["_links"]["signOnPage"]["href"].as_str().unwrap().contains(id));
        assert!(flow["_embedded"]["application"]["name"].is_string());
        assert!(flow.get("session").is_none());
        assert!(flow.get("authorizeResponse").is_none());
        for time in ["createdAt", "expiresAt"] {
            let text = flow[time].as_str().unwrap();
            assert!(text.len() == 24 && text.ends_with('Z'), "{text}");
        }
        assert_eq!(flow["createdAt"], "2026-01-01T00:00:00.000Z");
        assert_eq!(flow["expiresAt"], "2026-01-01T00:15:00.000Z");
    }

    async fn a_sign_on_in_json_ends_in_tokens(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let person = &tenant.person;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["id"], json!(person.id));
        assert_eq!(done["_embedded"]["user"]["username"], json!(person.username));
        assert!(done["session"]["id"].is_string());
        let resume = done["resumeUrl"].as_str().unwrap();
        let resumed = browser.get(resume).send().await.expect_status(200).json();
        assert_eq!(resumed["authorizeResponse"]["state"], "the state & more");
        let code = resumed["authorizeResponse"]["code"].as_str().unwrap();
        let request = tenant.redeem(&tenant.native, code).remove("redirect_uri");
        let tokens = request.send(&browser).await.expect_status(200).json();
        assert_eq!(tenant.verify(&tokens["id_token"]).await.text("sub"), person.id);
    }

    async fn with_a_session_the_code_comes_at_once(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let request = tenant.authorize(&tenant.native).pi_flow();
        for request in [request.clone(), request.set("prompt", "none")] {
            let flow = request.send(&browser).await.expect_status(200).json();
            assert_eq!(flow["status"], "COMPLETED");
            let code = flow["authorizeResponse"]["code"].as_str().unwrap();
            let redeem = tenant.redeem(&tenant.native, code).remove("redirect_uri");
            let _ = redeem.send(&browser).await.expect_status(200);
        }
    }

    async fn prompt_none_without_a_session_asks_for_a_sign_on(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.native).pi_flow().set("prompt", "none");
        let error = request.send(&tenant.browser()).await.expect_status(400).json();
        assert!(error["id"].is_string());
        assert_eq!(error["details"][0]["code"], "LOGIN_REQUIRED");
        let message = error["details"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("User authentication is required"), "{message}");
    }

    async fn an_unknown_client_is_an_error_without_details(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.native).pi_flow().set("client_id", "nobody");
        let error = request.send(&tenant.browser()).await.expect_status(400).json();
        assert!(error["id"].is_string());
        assert!(error.get("details").is_none(), "{error}");
    }

    async fn ping_s_own_script_posts_without_a_body(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = browser.post(tenant.authorize(&tenant.native).pi_flow().url());
        let answer = request.header("origin", "https://app.example").send().await.expect_status(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    }

    /// `reference/rulings.md` 17: what a program cannot mend is told without details.
    async fn errors_are_json_wherever_the_mode_was_named(server: TestServer) {
        let tenant = &server.tenant;
        let plain = tenant.authorize(&tenant.native).pi_flow();
        let claims = json!({
            "iss": tenant.native.id, "aud": tenant.issuer(), "response_mode": "pi.flow", "prompt": "none",
        });
        let object = jwt::sign_with_secret(Algorithm::HS256, &tenant.native.secret, &claims);
        let in_the_object = plain.clone().remove("response_mode").set("request", &object);
        for request in [plain.clone().set("prompt", "none"), in_the_object] {
            let answer = request.send(&tenant.browser()).await.expect_status(400);
            assert_eq!(answer.json()["details"][0]["code"], "LOGIN_REQUIRED");
        }
        let in_the_body = plain.clone().set("scope", "nothing:known").post(&tenant.browser()).await;
        assert_eq!(in_the_body.expect_status(400).json()["details"][0]["target"], "scope");
        let mismatch = plain.set("redirect_uri", "https://evil.example/").send(&tenant.browser()).await;
        let mismatch = mismatch.expect_status(400).json();
        assert!(mismatch["id"].is_string() && mismatch.get("details").is_none(), "{mismatch}");
    }

    async fn max_age_and_prompt_none_ask_for_a_sign_on_when_the_session_is_too_old(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(std::time::Duration::from_secs(100));
        let request = tenant.authorize(&tenant.native).pi_flow().set("max_age", "99");
        let silent = request.clone().set("prompt", "none").send(&browser).await.expect_status(400);
        assert_eq!(silent.json()["details"][0]["code"], "LOGIN_REQUIRED");
        let flow = request.send(&browser).await.expect_status(200).json();
        assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED");
    }

    /// Ping's SDKs name themselves and no media type.
    async fn an_sdk_reads_json_even_where_a_page_would_be_shown(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let resume = format!("{}?flowId=00000000-0000-4000-8000-00000000dead", tenant.endpoint("resume"));
        for (with, media) in [(Some("ping-sdk"), "json"), (Some("forgerock-sdk"), "json"), (None, "html")] {
            let mut request = browser.get(&resume);
            if let Some(name) = with {
                request = request.header("x-requested-with", name).header("x-requested-platform", "ios");
            }
            let answer = request.send().await.expect_status(404);
            assert!(answer.header("content-type").unwrap_or_default().contains(media));
        }
        let start = browser.get(tenant.authorize(&tenant.native).pi_flow().url());
        let start = start.header("x-requested-with", "ping-sdk").header("accept-language", "en-US");
        assert_eq!(start.send().await.expect_status(200).json()["status"], "USERNAME_PASSWORD_REQUIRED");
    }

    async fn a_page_of_a_listed_origin_signs_on_by_json_alone(server: TestServer) {
        let tenant = &server.tenant;
        let origin = "https://app.example";
        let browser = tenant.browser();
        let readable = |answer: &Answer| {
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        };
        let preflight = browser.request("OPTIONS".parse().unwrap(), tenant.endpoint("authorize"));
        let preflight = preflight.header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-requested-with,x-requested-platform,content-type")
            .send().await.expect_status(204);
        readable(&preflight);
        let allowed = preflight.header("access-control-allow-headers").unwrap_or_default().to_lowercase();
        for name in ["x-requested-with", "x-requested-platform", "content-type", "authorization"] {
            assert!(allowed.contains(name), "{allowed}");
        }
        let url = tenant.authorize(&tenant.native).pi_flow().url();
        let answer = browser.post(url).header("origin", origin).header("x-requested-with", "ping-sdk").send().await;
        readable(&answer);
        let flow = answer.expect_status(200).text("/id");
        let body = json!({ "username": tenant.person.username, "password": tenant.person.password });
        let media = "application/vnd.pingidentity.usernamePassword.check+json";
        let done = browser.post(tenant.flow(&flow)).header("origin", origin).json(media, &body).send().await;
        readable(&done);
        let resume = done.expect_status(200).text("/resumeUrl");
        let resumed = browser.get(resume).header("origin", origin).send().await;
        readable(&resumed);
        let code = resumed.expect_status(200).text("/authorizeResponse/code");
        let _ = tenant.redeem(&tenant.native, &code).remove("redirect_uri").send(&browser).await.expect_status(200);
    }

    /// With `redirect_uri` sent, the token request repeats it.
    async fn a_redirect_uri_that_is_sent_is_not_used_but_bound(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let request = tenant.authorize(&tenant.native).set("response_mode", "pi.flow");
        let answer = request.send(&browser).await.expect_status(200);
        let code = answer.text("/authorizeResponse/code");
        let without = tenant.redeem(&tenant.native, &code).remove("redirect_uri").send(&browser).await;
        assert_eq!(without.expect_status(400).text("/error"), "invalid_grant");
        let _ = tenant.redeem(&tenant.native, &code).send(&browser).await.expect_status(200);
    }

    async fn a_flow_that_fails_is_200_and_says_so_again_at_resume(server: TestServer) {
        let tenant = &server.tenant;
        let policy = json!({ "name": "Second_Factor", "actions": [
            { "type": "LOGIN", "priority": 1 },
            { "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 2, "noDevicesMode": "BLOCK" },
        ] });
        let application = json!({ "id": tenant.native.id, "name": "Native",
            "signOnPolicyAssignments": [{ "signOnPolicy": "Second_Factor", "priority": 1 }] });
        server.import(&json!({ "environments": [{ "id": tenant.id, "name": "First",
            "signOnPolicies": [policy], "applications": [application] }] })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let person = &tenant.person;
        let failed = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let failed = failed.expect_status(200).json();
        assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("FAILED"), &json!("NO_USABLE_DEVICES")));
        let resumed = browser.get(failed["resumeUrl"].as_str().unwrap()).send().await.expect_status(200).json();
        assert_eq!(resumed["status"], "FAILED");
        assert!(resumed.get("authorizeResponse").is_none());
        let api = crate::v1::admin(&server).await;
        let user = api.get(&format!("/environments/{}/users/{}", tenant.id, person.id)).await;
        assert!(user.expect_status(200).json().get("lastSignOn").is_none(), "the flow failed");
    }
}
