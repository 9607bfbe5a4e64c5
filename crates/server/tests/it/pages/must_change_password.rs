//! The page of `MUST_CHANGE_PASSWORD`, as a browser without JavaScript has it

use countersign_testkit::{Answer, Browser, TestServer, on_every_adapter, submit};
use serde_json::json;

const TEMPORARY: &str = "Temporary-Word-1";

async fn page(server: &TestServer, browser: &Browser) -> Answer {
    let tenant = &server.tenant;
    let user = json!({
        "username": "grace",
        "password": { "value": TEMPORARY, "forceChange": true },
    });
    let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
    let page = tenant.authorize(&tenant.web).page(browser).await;
    submit(tenant, browser, &page, "grace", TEMPORARY)
        .await
        .expect_status(200)
}

async fn send(browser: &Browser, page: &Answer, values: [&str; 3]) -> Answer {
    let [current, new, again] = values;
    let form = page.form().fill("currentPassword", current);
    let form = form.fill("newPassword", new).fill("confirmPassword", again);
    browser.submit(form).await
}

on_every_adapter! {
    async fn it_says_beforehand_what_the_policy_asks_for(server: TestServer) {
        let page = page(&server, &server.tenant.browser()).await;
        for word in [
            "grace",
            "8 to 255 characters",
            "At least 1 capital letter, 1 small letter, 1 digit, 1 special character",
            "autocomplete=\"new-password\"",
            "autocomplete=\"current-password\"",
        ] {
            assert!(page.body.contains(word), "{word}\n{}", page.body);
        }
        assert!(!page.body.contains("Not met:"));
    }

    async fn it_marks_what_is_missing_and_keeps_no_password(server: TestServer) {
        let browser = server.tenant.browser();
        let page = page(&server, &browser).await;
        let weak = send(&browser, &page, [TEMPORARY, "Sh0rt!", "Sh0rt!"]).await;
        let weak = weak.expect_status(200);
        assert!(weak.body.contains("Not met: 8 to 255 characters"), "{}", weak.body);
        assert!(!weak.body.contains("Sh0rt!"));
        let wrong = send(&browser, &weak, ["wrong", "Quite-Another-2!", "Quite-Another-2!"]).await;
        assert!(wrong.body.contains("That is not your current password."), "{}", wrong.body);
    }

    async fn two_different_new_passwords_are_not_tried(server: TestServer) {
        let browser = server.tenant.browser();
        let page = page(&server, &browser).await;
        let values = [TEMPORARY, "Quite-Another-2!", "Quite-Another-3!"];
        let differ = send(&browser, &page, values).await.expect_status(200);
        assert!(differ.body.contains("The two new passwords are not the same."), "{}", differ.body);
    }
}
