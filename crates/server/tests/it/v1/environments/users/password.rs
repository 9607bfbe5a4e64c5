//! `/v1/environments/{e}/users/{u}/password`

use std::time::Duration;

use countersign_domain::entity;
use countersign_domain::ports::Clock;
use countersign_domain::user::Credential;
use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::super::{Api, admin, refused};
use super::users;

const NEW: &str = "Quite-Another-1!";

/// "secret" with "salt", and by Argon2id and bcrypt.
const SALTED: [&str; 7] = [
    "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
    "{SSHA256}+E+iFJ27Yu1ODPH1UNKUmzOmUT06dwfghQJRHHnMsO5zYWx0",
    "{SSHA384}BPdC1qPVnOtOWlZBhlNvMSsThLk7gG0moXRB2Ulg+UGkFToChXZ4jNzGfK5Uh3Otc2FsdA==",
    "{SSHA512}E491yrR9AdCoE7rbOPYS3EZgSuZpVE65AD9xko08s6floNesY/Zpe9zMVvLix4S2FiQSJ99RIkNvhHomNO9uL3NhbHQ=",
    "{ARGON2}$argon2id$v=19$m=256,t=1,p=1$UCfXy8j1qzYVozcr2uFroQ$SBPsAUF7mS3JAA01tjRG0ay/gbe6B+89cvEHBc0eTjk",
    "{ARGON2}JGFyZ29uMmlkJHY9MTkkbT0yNTYsdD0xLHA9MSRVQ2ZYeThqMXF6WVZvemNyMnVGcm9RJFNCUHNBVUY3bVMzSkFBMDF0alJHMGF5L2diZTZCKzg5Y3ZFSEJjMGVUams=",
    "{BCRYPT}$2b$05$Q0v5ipqGVY9PxooIek12NupF.yPhwWOVzAF16hfM6WKY701JdSw7e",
];

fn path(server: &TestServer) -> String {
    format!("{}/{}/password", users(server), server.tenant.person.id)
}

async fn check(api: &Api, server: &TestServer, password: &str) -> Answer {
    let body = json!({ "password": password });
    api.act("POST", &path(server), "password.check", body).await
}

async fn status(api: &Api, server: &TestServer) -> Value {
    api.get(&path(server)).await.expect_status(200).json()["status"].clone()
}

on_every_adapter! {
    async fn the_state_says_all_but_the_password(server: TestServer) {
        let api = admin(&server).await;
        let state = api.get(&path(&server)).await.expect_status(200).json();
        assert_eq!(state["status"], "OK");
        assert_eq!(state["user"]["id"], json!(server.tenant.person.id));
        assert!(state["passwordPolicy"]["id"].is_string() && state["lastChangedAt"].is_string());
        assert!(!state.to_string().contains("argon2"));
        let expanded = api.get(&format!("{}?expand=passwordPolicy", path(&server))).await;
        assert_eq!(expanded.expect_status(200).json()["_embedded"]["passwordPolicy"]["name"], "Standard");
    }

    async fn an_administrator_sets_a_password(server: TestServer) {
        let api = admin(&server).await;
        let weak = json!({ "value": "weak" });
        refused(api.act("PUT", &path(&server), "password.set", weak.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "value")));
        let set = json!({ "value": NEW, "forceChange": true });
        let state = api.act("PUT", &path(&server), "password.set", set).await.expect_status(200).json();
        assert_eq!(state["status"], "MUST_CHANGE_PASSWORD");
        let _ = check(&api, &server, NEW).await.expect_status(200);
        refused(check(&api, &server, &server.tenant.person.password).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "password")));
        let bypass = json!({ "value": "weak", "bypassPolicy": true });
        let state = api.act("PUT", &path(&server), "password.setValue", bypass).await.expect_status(200).json();
        assert_eq!(state["status"], "OK");
        let state = api.act("PUT", &path(&server), "password.setValue", json!({})).await.expect_status(200).json();
        assert_eq!(state["status"], "NO_PASSWORD");
        refused(check(&api, &server, "weak").await, 400, "REQUEST_FAILED", Some(("NO_PASSWORD", "password")));
    }

    async fn a_hash_of_another_system_is_taken_as_it_is(server: TestServer) {
        let api = admin(&server).await;
        // base64 of SHA-1("secret" + salt) + salt
        let hash = "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0";
        let set = json!({ "value": hash });
        let answer = api.act("PUT", &path(&server), "password.set", set).await;
        assert_eq!(answer.expect_status(200).json()["status"], "OK");
    }

    async fn what_begins_like_a_hash_and_is_none_does_not_become_a_password(server: TestServer) {
        let api = admin(&server).await;
        for value in [
            "{BCRYPT}$2b$31$wVHYZDcx0Bq/YJ8K1nTMLO1SAdYDqFIZ7mW1W2kzV4nmYyq3oa9lG",
            "{ARGON2}$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "{ARGON2}$scrypt$ln=4",
            "{SSHA}aB1!xyzqkm",
            "{PBKDF2}aB1!xyzqkm",
            "{SCRYPT}",
            "{CRYPT}$6$Abc$def",
            "{ssha}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
            "{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
        ] {
            for bypass in [false, true] {
                let set = json!({ "value": value, "bypassPolicy": bypass });
                let user = json!({ "username": "grace", "email": "g@client.example", "password": set });
                let answer = api.act("POST", &users(&server), "user.import", user).await;
                refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "password.value")));
                let answer = api.act("PUT", &path(&server), "password.set", set).await;
                refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "value")));
            }
        }
        let _ = check(&api, &server, &server.tenant.person.password).await.expect_status(200);
        // A brace alone makes no hash.
        let set = json!({ "value": "{brace}-First-1!" });
        let _ = api.act("PUT", &path(&server), "password.set", set).await.expect_status(200);
        let _ = check(&api, &server, "{brace}-First-1!").await.expect_status(200);
    }

    async fn the_right_password_replaces_a_hash_of_another_system(server: TestServer) {
        for (number, hash) in SALTED.iter().enumerate() {
            let api = admin(&server).await;
            let user = json!({ "username": format!("old{number}"), "email": "o@client.example",
                "password": { "value": hash, "forceChange": true } });
            let made = Api::created(api.act("POST", &users(&server), "user.import", user).await);
            let id = made["id"].as_str().unwrap();
            let path = format!("{}/{id}/password", users(&server));
            let stored = async || {
                let (store, now) = (&*server.ports.store, server.ports.clock.now());
                let env = server.tenant.id.parse().unwrap();
                let found = entity::load::<Credential>(store, env, id, now).await;
                found.unwrap().unwrap().value
            };
            let before = stored().await;
            assert!(before.password_hash.as_ref().unwrap().is_outdated());
            for (password, status) in [("wrong", 400), ("secret", 200), ("secret", 200)] {
                let body = json!({ "password": password });
                let answer = api.act("POST", &path, "password.check", body).await;
                let answer = answer.expect_status(status);
                assert!(status != 200 || answer.json()["status"] == "MUST_CHANGE_PASSWORD");
            }
            let after = stored().await;
            assert!(!after.password_hash.unwrap().is_outdated(), "{hash}");
            assert_eq!(after.last_changed_at, before.last_changed_at);
            assert_eq!(after.history, before.history);
            assert!(after.force_change);
        }
    }

    async fn an_administrator_sets_no_password_that_was_used_before(server: TestServer) {
        let api = admin(&server).await;
        let set = async |value: &str, bypass: bool| {
            let body = json!({ "value": value, "bypassPolicy": bypass });
            api.act("PUT", &path(&server), "password.set", body).await
        };
        let lacks = |answer: Answer, requirement: &str| {
            let error = answer.expect_status(400).json();
            let lacking = &error["details"][0]["innerError"]["unsatisfiedRequirements"];
            assert_eq!(lacking, &json!([requirement]));
        };
        let first = &server.tenant.person.password;
        lacks(set(first, false).await, "notSimilarToCurrent");
        // The day that a password must last binds whoever has it, not administrators.
        let _ = set(NEW, false).await.expect_status(200);
        lacks(set(NEW, false).await, "notSimilarToCurrent");
        lacks(set(first, false).await, "history");
        let _ = set(first, true).await.expect_status(200);
    }

    async fn threat_31_checks_of_administrators_count_like_other_guesses(server: TestServer) {
        let api = admin(&server).await;
        for turn in 0..5 {
            let _ = check(&api, &server, &format!("wrong {turn}")).await.expect_status(400);
        }
        let state = api.get(&path(&server)).await.expect_status(200).json();
        assert_eq!(state["status"], "PASSWORD_LOCKED_OUT");
        assert!(state["secondsUntilUnlock"].as_u64().unwrap() > 0);
        let answer = check(&api, &server, &server.tenant.person.password).await;
        refused(answer, 400, "INVALID_DATA", Some(("PASSWORD_LOCKED_OUT", "password")));
        let answer = api.act("POST", &path(&server), "password.unlock", Value::Null).await;
        assert_eq!(answer.expect_status(200).json()["status"], "OK");
        let _ = check(&api, &server, &server.tenant.person.password).await.expect_status(200);
    }

    async fn a_password_can_be_made_to_change(server: TestServer) {
        let api = admin(&server).await;
        let media = "application/vnd.pingidentity.password.forceChange";
        let answer = api.send("POST", &path(&server), media, &Value::Null).await;
        assert_eq!(answer.expect_status(200).json()["status"], "MUST_CHANGE_PASSWORD");
        let reset = json!({ "currentPassword": server.tenant.person.password, "newPassword": NEW });
        let _ = api.act("PUT", &path(&server), "password.reset", reset).await.expect_status(200);
        assert_eq!(status(&api, &server).await, "OK");
        let _ = check(&api, &server, NEW).await.expect_status(200);
        let wrong = json!({ "currentPassword": "wrong", "newPassword": "Yet-Another-1!" });
        refused(api.act("PUT", &path(&server), "password.reset", wrong).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "currentPassword")));
    }

    async fn the_state_warns_before_the_end_and_before_the_lock(server: TestServer) {
        let day = Duration::from_hours(24);
        let warnings = async || {
            let api = admin(&server).await;
            api.get(&path(&server)).await.expect_status(200).json()["warnings"].clone()
        };
        // The policy gives a password 182 days.
        server.clock.advance(160 * day);
        assert_eq!(warnings().await, Value::Null);
        server.clock.advance(day);
        let ends = server.clock.now().plus(21 * day).to_string();
        assert_eq!(warnings().await, json!([{ "type": "PASSWORD_EXPIRATION", "expiresAt": ends }]));
        server.clock.advance(21 * day);
        assert_eq!(warnings().await, Value::Null);
        let api = admin(&server).await;
        assert_eq!(status(&api, &server).await, "PASSWORD_EXPIRED");
        // Right, and too old: still right.
        let _ = check(&api, &server, &server.tenant.person.password).await.expect_status(200);
        for guess in 0..3 {
            assert_eq!(warnings().await, Value::Null, "{guess}");
            let _ = check(&api, &server, &format!("wrong {guess}")).await.expect_status(400);
            // The same once more is no further failure.
            let _ = check(&api, &server, &format!("wrong {guess}")).await.expect_status(400);
        }
        assert_eq!(warnings().await, json!([{ "type": "PASSWORD_LOCKOUT", "attemptsRemaining": 2 }]));
        for guess in 3..5 {
            let _ = check(&api, &server, &format!("wrong {guess}")).await.expect_status(400);
        }
        assert_eq!(status(&api, &server).await, "PASSWORD_LOCKED_OUT");
        // A lock that has run out took its failures with it.
        server.clock.advance(Duration::from_mins(15));
        assert_eq!(warnings().await, Value::Null);
    }

    async fn whose_password_is_elsewhere_does_nothing_with_it_here(server: TestServer) {
        let api = admin(&server).await;
        let providers = format!("/environments/{}/identityProviders", server.tenant.id);
        let provider = json!({ "name": "Work", "type": "LINKEDIN", "enabled": true,
            "clientId": "c", "clientSecret": "s" });
        let provider = Api::created(api.post(&providers, provider).await);
        let user = json!({ "username": "worker", "email": "w@client.example",
            "identityProvider": { "id": provider["id"] } });
        let made = Api::created(api.act("POST", &users(&server), "user.import", user).await);
        let password = format!("{}/{}/password", users(&server), made["id"].as_str().unwrap());
        assert_eq!(api.get(&password).await.expect_status(200).json()["status"], "EXTERNAL");
        for (method, action, body) in [
            ("POST", "password.check", json!({ "password": NEW })),
            ("PUT", "password.reset", json!({ "currentPassword": NEW, "newPassword": "Yet-Another-1!" })),
            ("POST", "password.sendRecoveryCode", Value::Null),
            ("POST", "password.recover", json!({ "recoveryCode": "AAAAAAAA", "newPassword": NEW })),
        ] {
            let answer = api.act(method, &password, action, body).await;
            refused(answer, 400, "REQUEST_FAILED", None);
        }
    }
}
