//! `application/vnd.pingidentity.session.reset+json`

use std::time::Duration;

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

on_every_adapter! {
    async fn it_forgets_the_person_and_starts_again(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        // The sign-on is too old for the policy, but the browser still knows who it was.
        server.clock.advance(Duration::from_hours(9));
        let request = tenant.authorize(&tenant.native).pi_flow();
        let known = request.send(&browser).await.expect_status(200).json();
        assert_eq!(known["status"], "PASSWORD_REQUIRED");
        assert_eq!(known["_embedded"]["user"]["username"], json!(tenant.person.username));
        let flow = known["id"].as_str().unwrap();
        assert!(known["_links"]["session.reset"]["href"].is_string());
        let reset = tenant.act(&browser, flow, "session.reset", &json!({})).await.expect_status(200).json();
        assert_eq!(reset["status"], "USERNAME_PASSWORD_REQUIRED");
        assert!(reset["_embedded"].get("user").is_none());
        let other = &tenant.other_person;
        let done = tenant.check_password(&browser, flow, &other.username, &other.password).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["id"], json!(other.id));
    }

    async fn no_body_is_as_good_as_an_empty_one(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let media = "application/vnd.pingidentity.session.reset+json";
        let reset = browser.post(tenant.flow(&flow)).body(media, "").send().await.expect_status(200);
        assert_eq!(reset.text("/status"), "USERNAME_PASSWORD_REQUIRED");
    }

    async fn a_known_person_must_not_change_without_it(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_hours(9));
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let other = &tenant.other_person;
        let answer = tenant.check_password(&browser, &flow, &other.username, &other.password).await;
        let _ = answer.expect_status(400);
        let body = json!({ "password": tenant.person.password });
        let answer = tenant.act(&browser, &flow, "usernamePassword.check", &body).await;
        assert_eq!(answer.expect_status(200).text("/status"), "COMPLETED");
    }
}
