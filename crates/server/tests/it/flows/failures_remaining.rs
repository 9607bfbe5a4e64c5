//! `innerError.failuresRemaining`: how many more wrong passwords or codes are looked at
//! (`reference/oidc.md` 23.2), told where it tells nobody who exists.

use countersign_testkit::{Answer, Browser, TestServer, on_every_adapter};
use serde_json::{Value, json};

const TEMPORARY: &str = "Temporary-Word-1";
const NEW: &str = "Quite-Another-2!";

async fn import(server: &TestServer, mut environment: Value) {
    environment["id"] = json!(server.tenant.id);
    environment["name"] = json!("First");
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// A policy that asks for the password every time.
async fn always(server: &TestServer, kind: &str) {
    let action = json!({ "type": kind, "priority": 1, "recovery": { "enabled": true } });
    let policy = json!({ "name": "Always", "default": true, "actions": [action] });
    import(server, json!({ "signOnPolicies": [policy] })).await;
}

async fn start(server: &TestServer, browser: &Browser) -> String {
    let tenant = &server.tenant;
    tenant.authorize(&tenant.native).start_flow(browser).await
}

#[track_caller]
fn remaining(answer: Answer) -> Value {
    let error = answer.expect_status(400).json();
    assert_eq!(error["details"][0]["code"], "INVALID_VALUE", "{error}");
    error["details"][0]["innerError"]["failuresRemaining"].clone()
}

on_every_adapter! {
    async fn whoever_has_a_session_is_told(server: TestServer) {
        always(&server, "LOGIN").await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let flow = start(&server, &browser).await;
        for left in [4, 3, 2, 1] {
            let guess = json!({ "password": format!("wrong {left}") });
            let wrong = tenant.act(&browser, &flow, "usernamePassword.check", &guess).await;
            assert_eq!(wrong.text("/details/0/target"), "username");
            assert_eq!(wrong.text("/details/0/message"), "Invalid username and/or password.");
            assert_eq!(remaining(wrong), left);
        }
        // The same wrong password once more is no further failure.
        let again = json!({ "password": "wrong 1" });
        let again = tenant.act(&browser, &flow, "usernamePassword.check", &again).await;
        assert_eq!(remaining(again), 1);
        let last = json!({ "password": "wrong 0" });
        let last = tenant.act(&browser, &flow, "usernamePassword.check", &last).await;
        assert_eq!(last.expect_status(400).text("/details/0/code"), "PASSWORD_LOCKED_OUT");
    }

    async fn threat_34_a_name_that_was_typed_is_told_nothing(server: TestServer) {
        for kind in ["LOGIN", "IDENTIFIER_FIRST"] {
            always(&server, kind).await;
            let tenant = &server.tenant;
            for name in ["alice", "nobody"] {
                let browser = tenant.browser();
                let flow = start(&server, &browser).await;
                if kind == "IDENTIFIER_FIRST" {
                    let body = json!({ "username": name });
                    let _ = tenant.act(&browser, &flow, "user.lookup", &body).await.expect_status(200);
                }
                let wrong = tenant.check_password(&browser, &flow, name, "wrong").await;
                assert_eq!(remaining(wrong), Value::Null, "{kind} {name}");
            }
        }
    }

    async fn who_must_change_a_password_is_told_of_the_current_one(server: TestServer) {
        let password = json!({ "value": TEMPORARY, "forceChange": true });
        import(&server, json!({ "users": [{ "username": "grace", "password": password }] })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = countersign_testkit::submit(tenant, &browser, &page, "grace", TEMPORARY).await;
        let form = page.form()
            .fill("currentPassword", "wrong")
            .fill("newPassword", NEW)
            .fill("confirmPassword", NEW);
        let wrong = browser.submit(form).await.expect_status(200);
        assert!(wrong.body.contains("4 tries are left."), "{}", wrong.body);
        let flow = countersign_testkit::query(&wrong.url)["flowId"].clone();
        let body = json!({ "currentPassword": "wrong too", "newPassword": NEW });
        let wrong = tenant.act(&browser, &flow, "password.reset", &body).await;
        assert_eq!(wrong.text("/details/0/target"), "currentPassword");
        assert_eq!(remaining(wrong), 3);
    }

    async fn threat_34_tries_at_a_recovery_code_are_told_alike_to_everybody(server: TestServer) {
        always(&server, "LOGIN").await;
        let tenant = &server.tenant;
        for name in ["alice", "nobody"] {
            let browser = tenant.browser();
            let flow = start(&server, &browser).await;
            let _ = tenant.act(&browser, &flow, "password.forgot", &json!({ "username": name })).await.expect_status(200);
            let body = json!({ "recoveryCode": "AAAAAAAA", "newPassword": NEW });
            for left in [4, 3, 2, 1] {
                let wrong = tenant.act(&browser, &flow, "password.recover", &body).await;
                assert_eq!(wrong.text("/details/0/target"), "recoveryCode");
                assert_eq!(remaining(wrong), left, "{name}");
            }
            let last = tenant.act(&browser, &flow, "password.recover", &body).await;
            assert_eq!(last.text("/details/0/message"), "Maximum password recovery failures exceeded");
            assert_eq!(remaining(last), Value::Null, "{name}");
        }
    }

    async fn tries_at_a_verification_code_are_told(server: TestServer) {
        import(&server, json!({ "users": [{
            "username": "grace", "email": "grace@first.example", "password": { "value": NEW, "initial": true },
            "lifecycle": { "status": "VERIFICATION_REQUIRED" },
        }] })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = start(&server, &browser).await;
        let waiting = tenant.check_password(&browser, &flow, "grace", NEW).await.expect_status(200);
        assert_eq!(waiting.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let body = json!({ "verificationCode": "AAAAAAAA" });
        for left in [4, 3, 2, 1, 0] {
            let wrong = tenant.act(&browser, &flow, "user.verify", &body).await;
            assert_eq!(wrong.text("/details/0/target"), "verificationCode");
            assert_eq!(remaining(wrong), left);
        }
        let void = tenant.act(&browser, &flow, "user.verify", &body).await;
        assert_eq!(remaining(void), Value::Null);
    }
}
