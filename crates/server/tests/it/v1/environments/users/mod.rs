//! `/v1/environments/{e}/users`

mod codes;
mod consents;
mod devices;
mod lists;
mod password;
mod relations;

use std::time::Duration;

use countersign_domain::ports::Clock;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

pub fn users(server: &TestServer) -> String {
    format!("/environments/{}/users", server.tenant.id)
}

fn names(list: &Value) -> Vec<String> {
    let users = list["_embedded"]["users"].as_array().unwrap();
    let mut names: Vec<String> = users.iter().map(|it| text(it, "/username")).collect();
    names.sort();
    names
}

on_every_adapter! {
    async fn a_user_is_read_as_they_were_written(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        let body = json!({
            "username": "grace", "email": "grace@client.example", "nickname": "Amazing",
            "name": { "given": "Grace", "family": "Hopper", "middle": null },
            "address": { "locality": "Arlington", "countryCode": "US" },
            "mobilePhone": "+1.5125551234", "photo": { "href": "https://x.example/g.png" },
            "enabled": false, "emailVerified": true, "lifecycle": { "status": "VERIFICATION_REQUIRED" },
        });
        let made = Api::created(api.post(&all, body).await);
        assert_eq!(made["account"], json!({ "canAuthenticate": true, "status": "OK" }));
        assert_eq!((&made["enabled"], &made["emailVerified"]), (&json!(true), &json!(false)));
        assert_eq!(made["identityProvider"], json!({ "type": "PING_ONE" }));
        assert_eq!(made["lifecycle"], json!({ "status": "ACCOUNT_OK" }));
        assert_eq!(made["verifyStatus"], "NOT_INITIATED");
        assert_eq!(made["mfaEnabled"], false);
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        // PUT clears what it does not mention, PATCH what it nulls.
        let patch = json!({ "nickname": null, "name": { "given": "G" } });
        let patched = api.patch(&path, patch).await.expect_status(200).json();
        assert_eq!(patched["name"], json!({ "given": "G", "family": "Hopper" }));
        assert_eq!(patched["nickname"], json!(null));
        let patched = api.patch(&path, json!({ "verifyStatus": "ENABLED" })).await.expect_status(200).json();
        assert_eq!(patched["verifyStatus"], "ENABLED");
        assert_eq!(api.get(&path).await.json()["verifyStatus"], "ENABLED");
        let put = json!({ "username": "grace", "email": "other@client.example" });
        let put = api.put(&path, put).await.expect_status(200).json();
        assert_eq!((&put["name"], &put["population"]), (&json!(null), &read["population"]));
        assert_eq!(put["verifyStatus"], "NOT_INITIATED");
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn users_are_found_by_filters(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        for (name, city) in [("ann", "Oslo"), ("anna", "Bern"), ("ben", "Bern")] {
            let body = json!({ "username": name, "email": format!("{name}@test.com"),
                "address": { "locality": city } });
            Api::created(api.post(&all, body).await);
        }
        for (filter, expected) in [
            (r#"username eq "ANN""#, vec!["ann"]),
            (r#"username sw "an""#, vec!["ann", "anna"]),
            (r#"email ew "@test.com" and address.locality eq "bern""#, vec!["anna", "ben"]),
            (r#"((username eq "ben") OR (username eq "ann")) AND ((enabled eq "true"))"#, vec!["ann", "ben"]),
            (r#"email eq "BEN@test.com""#, vec!["ben"]),
            (r#"username eq "nobody""#, vec![]),
        ] {
            let path = format!("{all}?filter={}", encoded(filter));
            let list = api.get(&path).await.expect_status(200).json();
            assert_eq!(names(&list), expected, "{filter}");
            assert_eq!((&list["size"], &list["count"]), (&json!(expected.len()), &json!(expected.len())));
        }
        for bad in [r#"username xx "a""#, r#"colour eq "a""#, r#"username gt "a""#, "("] {
            let answer = api.get(&format!("{all}?filter={}", encoded(bad))).await;
            refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
        }
    }

    async fn names_are_unique_whatever_their_case_and_population(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        Api::created(api.post(&all, json!({ "username": "kim" })).await);
        refused(api.post(&all, json!({ "username": "KIM" })).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "username")));
    }

    async fn limits_of_attributes_hold(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        Api::created(api.post(&all, json!({ "username": "x".repeat(128) })).await);
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "username"),
            (json!({ "username": "" }), "EMPTY_VALUE", "username"),
            (json!({ "username": "x".repeat(129) }), "SIZE_LIMIT_EXCEEDED", "username"),
            (json!({ "username": "a\u{7}" }), "INVALID_VALUE", "username"),
            (json!({ "username": "a", "email": "no" }), "INVALID_VALUE", "email"),
            (json!({ "username": "a", "address": { "countryCode": "us" } }), "INVALID_VALUE", "address.countryCode"),
            (json!({ "username": "a", "name": { "given": "x".repeat(257) } }), "INVALID_VALUE", "name.given"),
            (json!({ "username": "a", "mobilePhone": "none" }), "INVALID_VALUE", "mobilePhone"),
            (json!({ "username": "a", "photo": { "href": "javascript:x" } }), "INVALID_VALUE", "photo.href"),
            (json!({ "username": "a", "population": { "id": "00000000-0000-4000-8000-000000000001" } }), "INVALID_VALUE", "population.id"),
            (json!({ "username": "a", "name": "Ada" }), "INVALID_VALUE", "name"),
        ] {
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn attributes_are_of_what_can_be_seen(server: TestServer) {
        let api = admin(&server).await;
        let hidden = "a\u{200b}b";
        for (body, target) in [
            (json!({ "nickname": hidden }), "nickname"),
            (json!({ "title": hidden }), "title"),
            (json!({ "type": hidden }), "type"),
            (json!({ "locale": hidden }), "locale"),
            (json!({ "name": { "given": hidden } }), "name.given"),
            (json!({ "address": { "locality": hidden } }), "address.locality"),
            (json!({ "address": { "streetAddress": "1 €" } }), "address.streetAddress"),
        ] {
            let mut body = body;
            body["username"] = json!("seen");
            body["email"] = json!("seen@client.example");
            refused(api.post(&users(&server), body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
        }
        let good = json!({ "username": "seen", "email": "seen@client.example", "nickname": "Zoë €", "title": "½ Dr.",
            "address": { "streetAddress": "1, Rue\r\nParis" } });
        let made = Api::created(api.post(&users(&server), good.clone()).await);
        assert_eq!((&made["nickname"], &made["address"]), (&good["nickname"], &good["address"]));
    }

    async fn a_locked_user_cannot_sign_on_and_an_unlocked_one_can(server: TestServer) {
        let api = admin(&server).await;
        let person = &server.tenant.person;
        let path = format!("{}/{}", users(&server), person.id);
        let sign_on = async |status: u16| {
            let browser = server.tenant.browser();
            let flow = server.tenant.authorize(&server.tenant.native).start_flow(&browser).await;
            let answer = server.tenant.check_password(&browser, &flow, &person.username, &person.password).await;
            let _ = answer.expect_status(status);
        };
        let locked = api.act("POST", &path, "account.lock", Value::Null).await.expect_status(200).json();
        assert_eq!(locked["account"]["status"], "LOCKED");
        assert_eq!(locked["account"]["canAuthenticate"], false);
        assert!(locked["account"]["lockedAt"].is_string());
        sign_on(400).await;
        let free = api.act("POST", &path, "account.unlock", Value::Null).await.expect_status(200).json();
        assert_eq!(free["account"], json!({ "canAuthenticate": true, "status": "OK" }));
        sign_on(200).await;
    }

    async fn a_password_that_is_locked_locks_the_account_for_as_long(server: TestServer) {
        let path = format!("{}/{}", users(&server), server.tenant.person.id);
        let account = async || {
            let api = admin(&server).await;
            api.get(&path).await.expect_status(200).json()["account"].clone()
        };
        let free = json!({ "canAuthenticate": true, "status": "OK" });
        let lock = async || {
            let api = admin(&server).await;
            for turn in 0..5 {
                let body = json!({ "password": format!("wrong {turn}") });
                let answer = api.act("POST", &format!("{path}/password"), "password.check", body).await;
                let _ = answer.expect_status(400);
            }
        };
        assert_eq!(account().await, free);
        lock().await;
        let until = server.clock.now().plus(Duration::from_mins(15)).to_string();
        let locked = json!({ "canAuthenticate": false, "status": "LOCKED", "unlockAt": until, "secondsUntilUnlock": 900 });
        assert_eq!(account().await, locked);
        server.clock.advance(Duration::from_mins(15));
        assert_eq!(account().await, free);
        for action in ["account.unlock", "account.lock"] {
            lock().await;
            let api = admin(&server).await;
            let _ = api.act("POST", &path, action, Value::Null).await.expect_status(200);
            let after = account().await;
            // The lock of an administrator does not end by itself.
            let expected = if action == "account.lock" { "LOCKED" } else { "OK" };
            assert_eq!(after["status"], expected);
            assert_eq!((&after["unlockAt"], &after["secondsUntilUnlock"]), (&Value::Null, &Value::Null));
        }
    }

    async fn of_two_types_the_particular_one_chooses_the_operation(server: TestServer) {
        // As Ping's Go SDK, and with it the Terraform provider, sends them.
        let api = admin(&server).await;
        let url = format!("{}/v1{}/{}", server.base, users(&server), server.tenant.person.id);
        let browser = server.tenant.browser();
        let lock = "application/vnd.pingidentity.account.lock+json";
        for types in [["application/json", lock], [lock, "application/json"]] {
            let request = browser.post(&url).bearer(&api.token);
            let request = request.header("content-type", types[0]).header("content-type", types[1]);
            let locked = request.send().await.expect_status(200).json();
            assert_eq!(locked["account"]["status"], "LOCKED");
        }
        let unlock = "application/vnd.pingidentity.account.unlock+json";
        let request = browser.post(&url).bearer(&api.token);
        let answer = request.header("content-type", lock).header("content-type", unlock).send().await;
        let _ = answer.expect_status(415);
    }

    async fn disabling_a_user_ends_their_tokens(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let path = format!("{}/{}/enabled", users(&server), tenant.person.id);
        let tokens = tenant.tokens(&tenant.web).await;
        let access = text(&tokens, "/access_token");
        let _ = tenant.userinfo(&access).await.expect_status(200);
        let answer = api.put(&path, json!({ "enabled": false })).await.expect_status(200).json();
        assert_eq!(answer["enabled"], false);
        let _ = tenant.userinfo(&access).await.expect_status(401);
        let _ = api.put(&path, json!({ "enabled": true })).await.expect_status(200);
        assert_eq!(api.get(&path).await.expect_status(200).json()["enabled"], true);
        // The session is over for good.
        let _ = tenant.userinfo(&access).await.expect_status(401);
        refused(api.put(&path, json!({})).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "enabled")));
    }

    async fn somebody_imported_signs_on_with_their_password(server: TestServer) {
        let api = admin(&server).await;
        let all = users(&server);
        let weak = json!({ "username": "ivan", "password": { "value": "short" } });
        let answer = api.act("POST", &all, "user.import", weak).await;
        let body = refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "password.value")));
        assert!(body["details"][0]["innerError"]["unsatisfiedRequirements"].is_array());
        let good = json!({ "username": "ivan", "email": "ivan@client.example", "emailVerified": true,
            "password": { "value": "Correct-Horse-9!x" } });
        let made = Api::created(api.act("POST", &all, "user.import", good).await);
        assert_eq!((&made["emailVerified"], &made["password"]), (&json!(true), &json!(null)));
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let answer = tenant.check_password(&browser, &flow, "ivan", "Correct-Horse-9!x").await;
        let _ = answer.expect_status(200);
    }
}

/// Percent-encoded for a query.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
