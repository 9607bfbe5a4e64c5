//! What is valid in one environment is worth nothing in another

use countersign_testkit::{TestServer, on_every_adapter};

on_every_adapter! {
    async fn threat_42_applications_and_people_are_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let request = there.authorize(&here.web).send(&browser).await;
        let _ = request.expect_status(400);
        let flow = there.authorize(&there.native).start_flow(&browser).await;
        let person = &here.person;
        let answer = there.check_password(&browser, &flow, &person.username, &person.password).await;
        let _ = answer.expect_status(400);
    }

    async fn threat_42_a_code_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let code = here.authorize(&here.web).code(&browser).await;
        let stolen = there.redeem(&there.web, &code).send(&browser).await;
        assert_eq!(stolen.expect_status(400).text("/error"), "invalid_grant");
        let foreign = there.redeem(&here.web, &code).send(&browser).await;
        assert_eq!(foreign.expect_status(401).text("/error"), "invalid_client");
        let _ = here.redeem(&here.web, &code).send(&browser).await.expect_status(200);
    }

    async fn threat_42_a_token_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let tokens = here.tokens(&here.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let _ = here.userinfo(access).await.expect_status(200);
        let _ = there.userinfo(access).await.expect_status(401);
        let key = |jwks: &serde_json::Value| jwks["keys"][0]["n"].clone();
        assert_ne!(key(&here.jwks().await), key(&there.jwks().await));
    }

    async fn threat_42_a_flow_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let flow = here.authorize(&here.native).start_flow(&browser).await;
        let cookie = browser.cookie(here.flow(&flow), "ST").unwrap();
        let with_cookie = |url: String| browser.get(url).header("cookie", format!("ST={cookie}")).send();
        let _ = with_cookie(there.flow(&flow)).await.expect_status(404);
        let resume = format!("{}?flowId={flow}", there.endpoint("resume"));
        assert!((400..500).contains(&with_cookie(resume).await.status));
    }

    async fn threat_42_a_session_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let _ = here.authorize(&here.web).code(&browser).await;
        let cookie = browser.cookie(here.endpoint("authorize"), "ST").unwrap();
        let url = there.authorize(&there.web).set("prompt", "none").url();
        let answer = browser.get(url).header("cookie", format!("ST={cookie}")).send().await;
        assert!(answer.redirect().query().unwrap().contains("login_required"));
    }
}
