//! `/v1/environments/{e}/users/{u}/devices`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::{Api, admin, refused, text};

fn path_of(server: &TestServer) -> String {
    format!(
        "/environments/{}/users/{}/devices",
        server.tenant.id, server.tenant.person.id
    )
}

async fn ids(api: &Api, path: &str) -> Vec<Value> {
    let list = api.get(path).await.expect_status(200).json();
    let devices = list["_embedded"]["devices"].as_array().unwrap();
    devices.iter().map(|it| it["id"].clone()).collect()
}

on_every_adapter! {
    async fn a_device_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = path_of(&server);
        for body in [
            json!({ "type": "EMAIL", "email": "alice@example.com", "status": "ACTIVE", "nickname": "Work" }),
            json!({ "type": "SMS", "phone": "+1.5125201000" }),
            json!({ "type": "VOICE", "phone": { "number": "5125201000", "countryCode": "US" }, "extension": "123,45#" }),
        ] {
            let made = Api::created(api.post(&all, body.clone()).await);
            for (name, value) in body.as_object().unwrap() {
                assert_eq!(made[name], *value, "{name}");
            }
            assert_eq!(made["user"]["id"], json!(server.tenant.person.id));
            assert_eq!(made["environment"]["id"], json!(server.tenant.id));
            let status = body.get("status").cloned().unwrap_or(json!("ACTIVATION_REQUIRED"));
            assert_eq!(made["status"], status);
            let one = format!("{all}/{}", text(&made, "/id"));
            assert_eq!(api.get(&one).await.expect_status(200).json(), made);
        }
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["count"], 3);
        for (filter, expected) in [
            ("type%20eq%20%22SMS%22", 1),
            ("status%20eq%20%22ACTIVE%22", 1),
            ("status%20eq%20%22ACTIVATION_REQUIRED%22", 2),
        ] {
            let list = api.get(&format!("{all}?filter={filter}")).await.expect_status(200).json();
            assert_eq!(list["count"], expected, "{filter}");
        }
        refused(api.get(&format!("{all}?filter=id%20eq%20%22x%22")).await, 400, "INVALID_DATA", None);
        let one = format!("{all}/{}", list["_embedded"]["devices"][0]["id"].as_str().unwrap());
        let renamed = api.put(&format!("{one}/nickname"), json!({ "nickname": "Home" })).await;
        assert_eq!(renamed.expect_status(200).json()["nickname"], "Home");
        assert_eq!(api.get(&one).await.expect_status(200).json()["nickname"], "Home");
        let cleared = api.put(&format!("{one}/nickname"), json!({ "nickname": "" })).await;
        assert_eq!(cleared.expect_status(200).json()["nickname"], "");
        assert!(api.get(&one).await.expect_status(200).json().get("nickname").is_none());
        let long = json!({ "nickname": "x".repeat(101) });
        refused(api.put(&format!("{one}/nickname"), long).await, 400, "INVALID_DATA",
            Some(("SIZE_LIMIT_EXCEEDED", "nickname")));
        let _ = api.delete(&one).await.expect_status(204);
        refused(api.get(&one).await, 404, "NOT_FOUND", None);
    }

    async fn the_secret_of_an_application_is_told_once(server: TestServer) {
        let api = admin(&server).await;
        let all = path_of(&server);
        let made = Api::created(api.post(&all, json!({ "type": "TOTP", "status": "ACTIVE" })).await);
        // Nobody has proved it yet.
        assert_eq!(made["status"], "ACTIVATION_REQUIRED");
        let secret = text(&made, "/secret");
        assert_eq!(secret.len(), 32);
        let uri = text(&made, "/keyUri");
        assert!(uri.starts_with("otpauth://totp/First:alice?secret=") && uri.contains(&secret), "{uri}");
        let one = format!("{all}/{}", text(&made, "/id"));
        for path in [&one, &all] {
            let read = api.get(path).await.expect_status(200);
            assert!(!read.body.contains(&secret) && !read.body.contains("secret"), "{}", read.body);
        }
        // Nobody brings one along.
        let brought = json!({ "type": "EMAIL", "email": "a@b.example", "secret": "AAAA", "position": 7 });
        let brought = Api::created(api.post(&all, brought).await);
        assert!(brought["secret"].is_null() && brought["position"].is_null(), "{brought}");
    }

    async fn devices_have_an_order(server: TestServer) {
        let api = admin(&server).await;
        let all = path_of(&server);
        let mut made = Vec::new();
        for number in 0..3 {
            let body = json!({ "type": "EMAIL", "email": format!("a{number}@b.example") });
            made.push(Api::created(api.post(&all, body).await)["id"].clone());
            server.clock.advance(std::time::Duration::from_secs(1));
        }
        assert_eq!(ids(&api, &all).await, made);
        let order = json!({ "order": [{ "id": made[2] }, { "id": made[0] }] });
        let _ = api.act("POST", &all, "devices.reorder", order).await.expect_status(200);
        let expected = [made[2].clone(), made[0].clone(), made[1].clone()];
        assert_eq!(ids(&api, &all).await, expected);
        let expanded = api.get(&format!("{all}?expand=order")).await.expect_status(200).json();
        assert_eq!(expanded["_embedded"]["devices"].as_array().unwrap().len(), 3);
        assert_eq!(expanded["_embedded"]["order"], json!(expected.map(|id| json!({ "id": id }))));
        for method in ["POST", "DELETE"] {
            let _ = api.act(method, &all, "devices.order.remove", Value::Null).await.expect_status(204);
        }
        refused(api.delete(&all).await, 415, "INVALID_REQUEST", None);
        assert_eq!(ids(&api, &all).await, made);
        let foreign = json!({ "order": [{ "id": server.tenant.person.id }] });
        let answer = api.act("POST", &all, "devices.reorder", foreign).await;
        refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "order")));
    }

    async fn a_device_that_cannot_be_says_why(server: TestServer) {
        let api = admin(&server).await;
        let all = path_of(&server);
        let nobody = json!({ "id": "00000000-0000-4000-8000-000000000001" });
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "type"),
            (json!({ "type": "FIDO2" }), "INVALID_VALUE", "type"),
            (json!({ "type": "EMAIL" }), "REQUIRED_VALUE", "email"),
            (json!({ "type": "EMAIL", "email": "nobody" }), "INVALID_VALUE", "email"),
            (json!({ "type": "EMAIL", "email": "a@b.example", "phone": "+15125201000" }), "CONSTRAINT_VIOLATION", "phone"),
            (json!({ "type": "SMS" }), "REQUIRED_VALUE", "phone"),
            (json!({ "type": "SMS", "phone": "x" }), "INVALID_VALUE", "phone"),
            (json!({ "type": "TOTP", "email": "a@b.example" }), "CONSTRAINT_VIOLATION", "email"),
            (json!({ "type": "TOTP", "nickname": "" }), "EMPTY_VALUE", "nickname"),
            (json!({ "type": "TOTP", "nickname": "x".repeat(101) }), "SIZE_LIMIT_EXCEEDED", "nickname"),
            (json!({ "type": "TOTP", "policy": nobody }), "INVALID_VALUE", "policy.id"),
            (json!({ "type": "EMAIL", "email": "a@b.example", "status": "LOST" }), "INVALID_VALUE", "status"),
            (json!({ "type": "SMS", "phone": "+15125201000", "extension": "1" }), "CONSTRAINT_VIOLATION", "extension"),
            (json!({ "type": "VOICE", "phone": "+15125201000", "extension": "ask for Bob" }), "INVALID_VALUE", "extension"),
        ] {
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn devices_that_wait_to_be_activated_are_no_devices_yet(server: TestServer) {
        let api = admin(&server).await;
        let all = path_of(&server);
        let full = Some(("CONSTRAINT_VIOLATION", ""));
        for _ in 0..50 {
            Api::created(api.post(&all, json!({ "type": "TOTP" })).await);
        }
        refused(api.post(&all, json!({ "type": "TOTP" })).await, 400, "REQUEST_FAILED", full);
        let active = json!({ "type": "EMAIL", "email": "a@b.example", "status": "ACTIVE" });
        for _ in 0..5 {
            Api::created(api.post(&all, active.clone()).await);
        }
        refused(api.post(&all, active).await, 400, "REQUEST_FAILED", full);
    }

    async fn devices_go_with_their_user(server: TestServer) {
        let api = admin(&server).await;
        let all = path_of(&server);
        let made = Api::created(api.post(&all, json!({ "type": "TOTP" })).await);
        // Next door it is nobody's.
        let other = format!("/environments/{}/users/{}/devices", server.tenant.id, server.tenant.other_person.id);
        refused(api.get(&format!("{other}/{}", text(&made, "/id"))).await, 404, "NOT_FOUND", None);
        let user = all.trim_end_matches("/devices");
        let _ = api.delete(user).await.expect_status(204);
        let env = server.tenant.id.parse().unwrap();
        let key = countersign_domain::store::Key::new(countersign_domain::entity::kinds::DEVICE, env, text(&made, "/id"));
        assert!(server.ports.store.get(&key, server.ports.clock.now()).await.unwrap().is_none());
    }
}
