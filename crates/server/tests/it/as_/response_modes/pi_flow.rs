//! `response_mode=pi.flow`

use countersign_testkit::{TestServer, on_every_adapter};
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
}
