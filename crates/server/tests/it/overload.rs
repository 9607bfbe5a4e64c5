//! More password checks than the machine can do are refused at once, with a time to come back.

use std::sync::Arc;

use countersign_testkit::{TestServer, on_every_adapter};

use crate::v1::admin;

on_every_adapter! {
    /// Deeper than any parser goes: refused, and nobody's stack is used up.
    async fn threat_23_deep_json_is_refused(server: TestServer) {
        let tenant = &server.tenant;
        let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let bodies = [deep("[", "]"), format!(r#"{{"username":{}}}"#, deep("[", "]")), "[".repeat(60_000)];
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let api = admin(&server).await;
        let users = format!("{}/v1/environments/{}/users", server.base, tenant.id);
        for body in bodies {
            let check = "application/vnd.pingidentity.usernamePassword.check+json";
            let answer = browser.post(tenant.flow(&flow)).body(check, body.clone()).send().await;
            let _ = answer.expect_status(400);
            let answer = browser.post(&users).bearer(&api.token).body("application/json", body).send().await;
            let _ = answer.expect_status(400);
        }
        let still = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(still.text("/status"), "USERNAME_PASSWORD_REQUIRED");
    }

    async fn too_many_password_checks_are_told_to_come_back(server: TestServer) {
        let cores = std::thread::available_parallelism().unwrap().get();
        let tenant = Arc::new(server.tenant.clone());
        let browser = Arc::new(tenant.browser());
        let flow = Arc::new(tenant.authorize(&tenant.native).start_flow(&browser).await);
        // Different names: attempts on one account would wait for each other.
        let checks: Vec<_> = (0..cores * 60).map(|number| {
            let (tenant, browser, flow) = (tenant.clone(), browser.clone(), flow.clone());
            tokio::spawn(async move {
                tenant.check_password(&browser, &flow, &format!("nobody{number}"), "guess").await
            })
        }).collect();
        let mut refused = 0;
        for check in checks {
            let answer = check.await.unwrap();
            if answer.status == 503 {
                refused += 1;
                assert_eq!(answer.text("/code"), "SERVICE_UNAVAILABLE");
                assert!(answer.header("retry-after").is_some());
            } else {
                assert_eq!(answer.status, 400, "{}", answer.body);
            }
        }
        assert!(refused > 0);
        // And then it goes on as if nothing had been.
        let person = &tenant.person;
        let right = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(right.expect_status(200).text("/status"), "COMPLETED");
    }
}
