//! `mfaSettings`, `deviceAuthenticationPolicies`, `fido2Policies`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

async fn first(api: &Api, all: &str, name: &str) -> Value {
    let list = api.get(all).await.expect_status(200).json();
    list["_embedded"][name][0].clone()
}

on_every_adapter! {
    async fn settings_are_replaced_and_reset(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/mfaSettings", server.tenant.id);
        let fresh = api.get(&path).await.expect_status(200).json();
        assert_eq!(fresh["pairing"], json!({ "maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC" }));
        let body = json!({ "pairing": { "maxAllowedDevices": 15, "pairingKeyFormat": "ALPHANUMERIC" },
            "lockout": { "failureCount": 5, "durationSeconds": 600 } });
        let set = api.put(&path, body).await.expect_status(200).json();
        assert_eq!(set["lockout"], json!({ "failureCount": 5, "durationSeconds": 600 }));
        assert_eq!(api.get(&path).await.expect_status(200).json(), set);
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "pairing"),
            (json!({ "pairing": { "maxAllowedDevices": 16, "pairingKeyFormat": "NUMERIC" } }), "OUT_OF_RANGE", "pairing.maxAllowedDevices"),
            (json!({ "pairing": { "maxAllowedDevices": 1, "pairingKeyFormat": "ROMAN" } }), "INVALID_VALUE", "pairing.pairingKeyFormat"),
        ] {
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let _ = api.delete(&path).await.expect_status(204);
        assert_eq!(api.get(&path).await.expect_status(200).json()["pairing"], fresh["pairing"]);
    }

    async fn a_device_policy_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/deviceAuthenticationPolicies", server.tenant.id);
        let default = first(&api, &all, "deviceAuthenticationPolicies").await;
        assert_eq!(default["default"], true);
        let off = json!({ "enabled": false });
        // What Ping's Terraform provider writes when it is told nothing.
        let forgets = json!({ "web": { "enabled": false, "lifeTime": { "duration": 30, "timeUnit": "MINUTES" } } });
        let body = json!({ "name": "Mine", "default": false, "forSignOnPolicy": false, "rememberMe": forgets,
            "sms": off, "voice": off, "email": { "enabled": true, "otp": { "otpLength": 8 } },
            "mobile": off, "totp": off });
        let made = Api::created(api.post(&all, body.clone()).await);
        assert_eq!(made["email"]["otp"]["otpLength"], 8);
        assert_eq!(made["rememberMe"], forgets);
        assert_eq!(made["email"]["otp"]["lifeTime"], json!({ "duration": 30, "timeUnit": "MINUTES" }));
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        let with = |name: &str, value: Value| {
            let mut body = body.clone();
            body["name"] = json!("Other");
            body[name] = value;
            body
        };
        for (body, code, target) in [
            (with("name", json!("mine")), "UNIQUENESS_VIOLATION", "name"),
            (with("sms", json!({})), "REQUIRED_VALUE", "sms.enabled"),
            (with("email", json!({ "enabled": true, "otp": { "otpLength": 11 } })), "OUT_OF_RANGE", "email.otp.otpLength"),
            (with("rememberMe", json!({ "web": { "enabled": true, "lifeTime": { "duration": 91, "timeUnit": "DAYS" } } })), "OUT_OF_RANGE", "rememberMe.web.lifeTime.duration"),
            (with("newDeviceNotification", json!("PIGEON")), "INVALID_VALUE", "newDeviceNotification"),
            (with("securityKey", json!({ "enabled": true })), "CONSTRAINT_VIOLATION", "securityKey"),
        ] {
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let default = format!("{all}/{}", text(&default, "/id"));
        let answer = refused(api.delete(&default).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&answer, "/details/0/message").contains("remove default device authentication policy"));
        // Another one takes its place.
        let mut promoted = read;
        promoted["default"] = json!(true);
        let _ = api.put(&path, promoted).await.expect_status(200);
        assert_eq!(api.get(&default).await.expect_status(200).json()["default"], false);
        let _ = api.delete(&default).await.expect_status(204);
    }

    async fn a_passkey_policy_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/fido2Policies", server.tenant.id);
        let default = first(&api, &all, "fido2Policies").await;
        let path = format!("{all}/{}", text(&default, "/id"));
        let again = api.put(&path, default.clone()).await.expect_status(200).json();
        assert_eq!(again, api.get(&path).await.expect_status(200).json());
        let answer = refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&answer, "/details/0/message").contains("cannot delete the default policy"));
        let mut body = default;
        body["name"] = json!("Strict");
        body["default"] = json!(false);
        body["relyingPartyId"] = json!("example.com");
        let made = Api::created(api.post(&all, body.clone()).await);
        assert_eq!(made["relyingPartyId"], "example.com");
        for (name, value, code, target) in [
            ("relyingPartyId", json!("Example.com"), "INVALID_VALUE", "relyingPartyId"),
            ("discoverableCredentials", json!("MAYBE"), "INVALID_VALUE", "discoverableCredentials"),
            ("deviceDisplayName", json!("x".repeat(101)), "SIZE_LIMIT_EXCEEDED", "deviceDisplayName"),
            ("userVerification", json!(null), "REQUIRED_VALUE", "userVerification"),
        ] {
            let mut bad = body.clone();
            bad["name"] = json!("Bad");
            bad[name] = value;
            refused(api.post(&all, bad).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let _ = api.delete(&format!("{all}/{}", text(&made, "/id"))).await.expect_status(204);
    }
}
