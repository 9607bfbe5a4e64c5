//! `POST /v1/environments/{e}/users/{u}` and `.../password`: codes by mail

use countersign_testkit::{TestServer, code_in, on_every_adapter};
use serde_json::{Value, json};

use super::super::super::{admin, refused};
use super::users;

const NEW: &str = "Quite-Another-1!";
const WRONG: Option<(&str, &str)> = Some(("INVALID_VALUE", "recoveryCode"));

fn one(server: &TestServer) -> String {
    format!("{}/{}", users(server), server.tenant.person.id)
}

fn password(server: &TestServer) -> String {
    format!("{}/password", one(server))
}

on_every_adapter! {
    async fn a_password_is_recovered_with_a_code(server: TestServer) {
        let api = admin(&server).await;
        let path = password(&server);
        let sent = api.act("POST", &path, "password.sendRecoveryCode", json!({})).await;
        assert_eq!(sent.expect_status(200).json()["status"], "OK");
        let code = code_in(&server.mail().await);
        let guess = json!({ "recoveryCode": "WRONGONE", "newPassword": NEW });
        refused(api.act("POST", &path, "password.recover", guess).await, 400, "INVALID_DATA", WRONG);
        let right = json!({ "recoveryCode": code, "newPassword": NEW });
        let state = api.act("POST", &path, "password.recover", right.clone()).await;
        assert_eq!(state.expect_status(200).json()["status"], "OK");
        refused(api.act("POST", &path, "password.recover", right).await, 400, "INVALID_DATA", WRONG);
        let check = json!({ "password": NEW });
        let _ = api.act("POST", &path, "password.check", check).await.expect_status(200);
    }

    async fn threat_31_wrong_codes_count_with_those_of_flows(server: TestServer) {
        let api = admin(&server).await;
        let (tenant, path) = (&server.tenant, password(&server));
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let name = json!({ "username": tenant.person.username });
        let _ = tenant.act(&browser, &flow, "password.forgot", &name).await.expect_status(200);
        let code = code_in(&server.mail().await);
        let guess = json!({ "recoveryCode": "WRONGONE", "newPassword": NEW });
        for _ in 0..2 {
            let in_flow = tenant.act(&browser, &flow, "password.recover", &guess).await;
            let _ = in_flow.expect_status(400);
            refused(api.act("POST", &path, "password.recover", guess.clone()).await, 400, "INVALID_DATA", WRONG);
        }
        let fifth = api.act("POST", &path, "password.recover", guess).await.expect_status(400);
        assert_eq!(fifth.text("/details/0/message"), "Maximum password recovery failures exceeded");
        let state = api.get(&path).await.expect_status(200).json();
        assert_eq!(state["status"], "PASSWORD_LOCKED_OUT");
        let right = json!({ "recoveryCode": code, "newPassword": NEW });
        let late = tenant.act(&browser, &flow, "password.recover", &right).await;
        let _ = late.expect_status(400);
    }

    async fn nobody_recovers_what_is_not_there(server: TestServer) {
        let api = admin(&server).await;
        let path = password(&server);
        let _ = api.act("PUT", &path, "password.setValue", json!({})).await.expect_status(200);
        let sent = api.act("POST", &path, "password.sendRecoveryCode", json!({})).await;
        let error = sent.expect_status(400);
        assert_eq!(error.text("/code"), "REQUEST_FAILED");
        assert_eq!(error.text("/details/0/code"), "NO_PASSWORD");
        assert!(server.mails().await.is_empty());
    }

    async fn somebody_imported_is_written_to_unless_that_is_suppressed(server: TestServer) {
        let api = admin(&server).await;
        let mut user = json!({
            "username": "grace", "email": "grace@client.example",
            "lifecycle": { "status": "VERIFICATION_REQUIRED" },
        });
        let made = api.act("POST", &users(&server), "user.import", user.clone()).await;
        let id = made.expect_status(201).json()["id"].as_str().unwrap().to_owned();
        let code = code_in(&server.mail().await);
        let path = format!("{}/{id}", users(&server));
        let right = json!({ "verificationCode": code });
        let _ = api.act("POST", &path, "user.verify", right).await.expect_status(200);
        user["username"] = json!("ada");
        user["lifecycle"]["suppressVerificationCode"] = json!(true);
        let made = api.act("POST", &users(&server), "user.import", user).await;
        let _ = made.expect_status(201);
        assert!(server.mails().await.is_empty());
    }

    async fn an_address_is_verified_with_a_code(server: TestServer) {
        let api = admin(&server).await;
        let path = one(&server);
        let sent = api.act("POST", &path, "user.sendVerificationCode", json!({})).await;
        let user: Value = sent.expect_status(200).json();
        assert_eq!(user["lifecycle"]["status"], "VERIFICATION_REQUIRED");
        // Whoever signs on now is asked for it.
        let (tenant, person) = (&server.tenant, &server.tenant.person);
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let stands = tenant.check_password(&browser, &flow, &person.username, &person.password);
        assert_eq!(stands.await.expect_status(200).text("/status"), "VERIFICATION_CODE_REQUIRED");
        let code = code_in(&server.mail().await);
        let guess = json!({ "verificationCode": "WRONGONE" });
        refused(api.act("POST", &path, "user.verify", guess).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "verificationCode")));
        let right = json!({ "verificationCode": code.to_lowercase() });
        let user = api.act("POST", &path, "user.verify", right).await.expect_status(200).json();
        assert_eq!(user["lifecycle"]["status"], "ACCOUNT_OK");
        assert_eq!(user["emailVerified"], true);
    }
}
