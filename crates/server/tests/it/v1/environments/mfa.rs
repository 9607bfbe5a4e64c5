//! `mfaSettings`, `deviceAuthenticationPolicies`, `fido2Policies`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

async fn first(api: &Api, all: &str, name: &str) -> Value {
    let list = api.get(all).await.expect_status(200).json();
    list["_embedded"][name][0].clone()
}

/// Where something stands, what refusals name, what is taken, and what is beyond.
type Limits = (&'static str, &'static str, Vec<Value>, Vec<Value>);

on_every_adapter! {
    async fn settings_are_replaced_and_reset(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/mfaSettings", server.tenant.id);
        let fresh = api.get(&path).await.expect_status(200).json();
        assert_eq!(fresh["pairing"], json!({ "maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC" }));
        let body = json!({ "pairing": { "maxAllowedDevices": 15, "pairingKeyFormat": "ALPHANUMERIC" },
            "lockout": { "failureCount": 5, "durationSeconds": 600, "zz": 1 }, "zz": 1 });
        let set = api.put(&path, body).await.expect_status(200).json();
        assert_eq!(set["lockout"], json!({ "failureCount": 5, "durationSeconds": 600 }));
        assert_eq!(api.get(&path).await.expect_status(200).json(), set);
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "pairing"),
            (json!({ "pairing": { "maxAllowedDevices": 16, "pairingKeyFormat": "NUMERIC" } }), "OUT_OF_RANGE", "pairing.maxAllowedDevices"),
            (json!({ "pairing": { "maxAllowedDevices": 1, "pairingKeyFormat": "ROMAN" } }), "INVALID_VALUE", "pairing.pairingKeyFormat"),
            (json!({ "pairing": { "maxAllowedDevices": 1, "pairingKeyFormat": "NUMERIC" },
                "authentication": { "deviceSelection": "ALWAYS_DISPLAY_DEVICES" } }), "INVALID_VALUE", "authentication.deviceSelection"),
        ] {
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let _ = api.delete(&path).await.expect_status(204);
        assert_eq!(api.get(&path).await.expect_status(200).json()["pairing"], fresh["pairing"]);
    }

    async fn settings_say_whether_new_users_have_second_factors(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/mfaSettings", server.tenant.id);
        let users = format!("/environments/{}/users", server.tenant.id);
        let made = async |name: &str, given: Value| {
            let mut user = json!({ "username": name, "email": "a@client.example" });
            if !given.is_null() {
                user["mfaEnabled"] = given;
            }
            let plain = Api::created(api.post(&users, user.clone()).await);
            user["username"] = json!(format!("{name}-imported"));
            let imported = Api::created(api.act("POST", &users, "user.import", user).await);
            assert_eq!(imported["mfaEnabled"], plain["mfaEnabled"]);
            plain["mfaEnabled"].as_bool().unwrap()
        };
        assert!(!made("before", Value::Null).await);
        let pairing = json!({ "maxAllowedDevices": 5, "pairingKeyFormat": "NUMERIC" });
        let body = json!({ "pairing": pairing, "users": { "mfaEnabled": true } });
        let _ = api.put(&path, body).await.expect_status(200);
        assert!(made("on", Value::Null).await);
        assert!(!made("told", json!(false)).await);
        let _ = api.put(&path, json!({ "pairing": pairing })).await.expect_status(200);
        assert!(!made("after", Value::Null).await);
        assert!(made("other", json!(true)).await);
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
            (with("rememberMe", json!({})), "REQUIRED_VALUE", "rememberMe.web"),
            (with("rememberMe", json!({ "web": { "enabled": true } })), "REQUIRED_VALUE", "rememberMe.web.lifeTime"),
            (with("default", json!(null)), "REQUIRED_VALUE", "default"),
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

    async fn times_and_counts_of_a_device_policy_have_limits(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/deviceAuthenticationPolicies", server.tenant.id);
        let off = json!({ "enabled": false });
        let body = json!({ "name": "Mine", "default": false, "sms": off, "voice": off, "email": off, "mobile": off, "totp": off, "fido2": off });
        let path = format!("{all}/{}", text(&Api::created(api.post(&all, body.clone()).await), "/id"));
        let time = |duration: u32, unit: &str| json!({ "duration": duration, "timeUnit": unit });
        let rows: Vec<Limits> = vec![
            ("/sms/otp/lifeTime", "sms.otp.lifeTime.duration",
                vec![time(1, "MINUTES"), time(120, "MINUTES"), time(7_200, "SECONDS")],
                vec![time(0, "MINUTES"), time(121, "MINUTES"), time(7_201, "SECONDS")]),
            ("/email/otp/failure/coolDown", "email.otp.failure.coolDown.duration",
                vec![time(0, "MINUTES"), time(30, "MINUTES")], vec![time(31, "MINUTES"), time(1_801, "SECONDS")]),
            ("/totp/otp/failure/coolDown", "totp.otp.failure.coolDown.duration",
                vec![time(1, "MINUTES"), time(30, "MINUTES")], vec![time(31, "MINUTES")]),
            ("/fido2/failure/coolDown", "fido2.failure.coolDown.duration",
                vec![time(2, "MINUTES"), time(30, "MINUTES")], vec![time(31, "MINUTES")]),
            ("/fido2/failure/count", "fido2.failure.count", vec![json!(1), json!(7)], vec![json!(0), json!(8)]),
            ("/totp/passcodeGracePeriod", "totp.passcodeGracePeriod", vec![json!(1), json!(10)], vec![json!(0), json!(11)]),
            ("/mobile/applications/0/pushTimeout", "mobile.applications[0].pushTimeout.duration",
                vec![time(40, "SECONDS"), time(150, "SECONDS")], vec![time(39, "SECONDS"), time(151, "SECONDS")]),
            ("/mobile/applications/0/pairingKeyLifetime", "mobile.applications[0].pairingKeyLifetime.duration",
                vec![time(1, "MINUTES"), time(2_880, "MINUTES"), time(1, "HOURS"), time(48, "HOURS")],
                vec![time(0, "MINUTES"), time(2_881, "MINUTES"), time(0, "HOURS"), time(49, "HOURS")]),
            ("/mobile/applications/0/pushLimit/count", "mobile.applications[0].pushLimit.count",
                vec![json!(1), json!(50)], vec![json!(0), json!(51)]),
            ("/mobile/applications/0/pushLimit/lockDuration", "mobile.applications[0].pushLimit.lockDuration.duration",
                vec![time(1, "MINUTES"), time(120, "MINUTES")], vec![time(0, "MINUTES"), time(121, "MINUTES")]),
            ("/mobile/applications/0/pushLimit/timePeriod", "mobile.applications[0].pushLimit.timePeriod.duration",
                vec![time(1, "MINUTES"), time(120, "MINUTES")], vec![time(0, "MINUTES"), time(121, "MINUTES")]),
        ];
        for (pointer, target, taken, beyond) in rows {
            let tried = taken.into_iter().map(|it| (it, false)).chain(beyond.into_iter().map(|it| (it, true)));
            for (value, is_beyond) in tried {
                let mut body = body.clone();
                body["sms"]["otp"] = json!({});
                body["email"]["otp"] = json!({ "failure": { "count": 3 } });
                body["totp"]["otp"] = json!({ "failure": { "count": 3 } });
                body["fido2"]["failure"] = json!({ "count": 3 });
                body["mobile"]["applications"] = json!([{ "id": server.tenant.native.id, "pushLimit": { "count": 5 } }]);
                let (above, name) = pointer.rsplit_once('/').unwrap();
                body.pointer_mut(above).unwrap()[name] = value.clone();
                let answer = api.put(&path, body).await;
                if is_beyond {
                    refused(answer, 400, "INVALID_DATA", Some(("OUT_OF_RANGE", target)));
                } else {
                    let answer = answer.expect_status(200).json();
                    assert_eq!(answer.pointer(pointer), Some(&value), "{pointer} {answer}");
                }
            }
        }
        let id = &server.tenant.native.id;
        let full = json!({ "id": id, "push": { "enabled": true, "numberMatching": { "enabled": false } },
            "otp": { "enabled": true }, "autoEnrollment": { "enabled": false }, "biometricsEnabled": true,
            "deviceAuthorization": { "enabled": true, "extraVerification": "restrictive" },
            "integrityDetection": "permissive" });
        let mut whole = body.clone();
        let mut given = full.clone();
        given["pushLimit"] = json!(null);
        given["ipPairingConfiguration"] = json!(null);
        given["zz"] = json!(1);
        given["push"]["zz"] = json!(1);
        whole["mobile"]["applications"] = json!([given]);
        whole["sms"]["otp"] = json!({ "failure": { "count": 5 } });
        whole["fido2"]["failure"] = json!({ "count": 5 });
        let whole = api.put(&path, whole).await.expect_status(200).json();
        assert_eq!(whole["mobile"]["applications"][0], full);
        // What a method leaves out of its failures is there.
        assert_eq!(whole["sms"]["otp"]["failure"], json!({ "count": 5, "coolDown": time(0, "MINUTES") }));
        assert_eq!(whole["fido2"]["failure"], json!({ "count": 5, "coolDown": time(2, "MINUTES") }));
        for (application, code, target) in [
            (json!({}), "REQUIRED_VALUE", "mobile.applications[0].id"),
            (json!("x"), "INVALID_VALUE", "mobile.applications[0]"),
            (json!({ "id": id, "pushTimeout": time(1, "MINUTES") }), "INVALID_VALUE", "mobile.applications[0].pushTimeout.timeUnit"),
            (json!({ "id": id, "integrityDetection": "X" }), "INVALID_VALUE", "mobile.applications[0].integrityDetection"),
            (json!({ "id": id, "push": {} }), "REQUIRED_VALUE", "mobile.applications[0].push.enabled"),
            (json!({ "id": id, "push": { "enabled": true, "numberMatching": { "enabled": 1 } } }),
                "INVALID_VALUE", "mobile.applications[0].push.numberMatching.enabled"),
            (json!({ "id": id, "deviceAuthorization": { "enabled": true, "extraVerification": "nope" } }),
                "INVALID_VALUE", "mobile.applications[0].deviceAuthorization.extraVerification"),
            (json!({ "id": id, "biometricsEnabled": "yes" }), "INVALID_VALUE", "mobile.applications[0].biometricsEnabled"),
            (json!({ "id": id, "type": "x" }), "INVALID_VALUE", "mobile.applications[0].type"),
            (json!({ "id": id, "ipPairingConfiguration": { "onlyTheseIpAddresses": "x" } }),
                "INVALID_VALUE", "mobile.applications[0].ipPairingConfiguration.onlyTheseIpAddresses"),
            (json!({ "id": id, "ipPairingConfiguration": { "onlyTheseIpAddresses": [5] } }),
                "INVALID_VALUE", "mobile.applications[0].ipPairingConfiguration.onlyTheseIpAddresses[0]"),
            (json!({ "id": id, "newRequestDurationConfiguration": {
                "deviceTimeout": time(60, "SECONDS"), "totalTimeout": time(74, "SECONDS") } }),
                "CONSTRAINT_VIOLATION", "mobile.applications[0].newRequestDurationConfiguration.totalTimeout.duration"),
        ] {
            let mut body = body.clone();
            body["mobile"]["applications"] = json!([application]);
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let durations = json!({ "deviceTimeout": time(60, "SECONDS"), "totalTimeout": time(75, "SECONDS") });
        let mut apart = body.clone();
        apart["mobile"]["applications"] = json!([{ "id": id, "type": "pingIdAppConfig",
            "newRequestDurationConfiguration": durations }]);
        let apart = api.put(&path, apart).await.expect_status(200).json();
        assert_eq!(apart["mobile"]["applications"][0]["newRequestDurationConfiguration"], durations);
        let mut window = body.clone();
        window["mobile"]["otp"] = json!({ "window": {} });
        refused(api.put(&path, window).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "mobile.otp.window.stepSize")));
    }

    async fn a_device_policy_refers_to_what_is_there(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let all = format!("{env}/deviceAuthenticationPolicies");
        let off = json!({ "enabled": false });
        let with = |application: &str, notifications: &str, passkeys: &str| json!({ "name": "Refers", "default": false,
            "sms": off, "voice": off, "email": off, "totp": off,
            "mobile": { "enabled": true, "applications": [{ "id": application }] },
            "notificationsPolicy": { "id": notifications },
            "fido2": { "enabled": true, "fido2PolicyId": passkeys } });
        let application = server.tenant.native.id.as_str();
        let notifications = first(&api, &format!("{env}/notificationsPolicies"), "notificationsPolicies").await;
        let notifications = text(&notifications, "/id");
        let passkeys = text(&first(&api, &format!("{env}/fido2Policies"), "fido2Policies").await, "/id");
        for nobody in ["0badbad0-0000-4000-8000-000000000bad", "x", server.other.id.as_str()] {
            for (body, target) in [
                (with(nobody, &notifications, &passkeys), "mobile.applications[0].id"),
                (with(application, nobody, &passkeys), "notificationsPolicy.id"),
                (with(application, &notifications, nobody), "fido2.fido2PolicyId"),
            ] {
                refused(api.post(&all, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
            }
        }
        let web = with(&server.tenant.web.id, &notifications, &passkeys);
        refused(api.post(&all, web).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "mobile.applications[0].id")));
        let abroad = with(&server.other.native.id, &notifications, &passkeys);
        refused(api.post(&all, abroad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "mobile.applications[0].id")));
        Api::created(api.post(&all, with(application, &notifications, &passkeys)).await);
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
        let username = json!({ "name": "username" });
        let verification = body["userVerification"].clone();
        body["userVerification"]["zz"] = json!(1);
        body["eaUniqueIdentifierAttribute"] = json!({ "name": "serial" });
        let made = Api::created(api.post(&all, body.clone()).await);
        assert_eq!(made["relyingPartyId"], "example.com");
        assert_eq!(made["userVerification"], verification);
        assert_eq!(made["eaUniqueIdentifierAttribute"], json!({ "name": "serial" }));
        for (name, value, code, target) in [
            ("relyingPartyId", json!("Example.com"), "INVALID_VALUE", "relyingPartyId"),
            ("discoverableCredentials", json!("MAYBE"), "INVALID_VALUE", "discoverableCredentials"),
            ("deviceDisplayName", json!("x".repeat(101)), "SIZE_LIMIT_EXCEEDED", "deviceDisplayName"),
            ("userVerification", json!(null), "REQUIRED_VALUE", "userVerification"),
            ("relyingPartyId", json!("."), "INVALID_VALUE", "relyingPartyId"),
            ("relyingPartyId", json!("x..example"), "INVALID_VALUE", "relyingPartyId"),
            ("mdsAuthenticatorsRequirements", json!({ "option": "SPECIFIC", "allowedAuthenticators": "x" }),
                "INVALID_VALUE", "mdsAuthenticatorsRequirements.allowedAuthenticators"),
            ("mdsAuthenticatorsRequirements", json!({ "option": "SPECIFIC", "allowedAuthenticators": [5] }),
                "INVALID_VALUE", "mdsAuthenticatorsRequirements.allowedAuthenticators[0]"),
            ("mdsAuthenticatorsRequirements", json!({ "option": "SPECIFIC", "allowedAuthenticators": [{}] }),
                "REQUIRED_VALUE", "mdsAuthenticatorsRequirements.allowedAuthenticators[0].id"),
            ("userDisplayNameAttributes", json!({ "attributes": [username, 5] }),
                "INVALID_VALUE", "userDisplayNameAttributes.attributes[1]"),
            ("userDisplayNameAttributes", json!({ "attributes": [username, {}] }),
                "REQUIRED_VALUE", "userDisplayNameAttributes.attributes[1].name"),
            ("userDisplayNameAttributes", json!({ "attributes": [username, { "name": "name", "subAttributes": "x" }] }),
                "INVALID_VALUE", "userDisplayNameAttributes.attributes[1].subAttributes"),
        ] {
            let mut bad = body.clone();
            bad["name"] = json!("Bad");
            bad[name] = value;
            refused(api.post(&all, bad).await, 400, "INVALID_DATA", Some((code, target)));
        }
        // Who names it is told to those who ask.
        let off = json!({ "enabled": false });
        let naming = json!({ "name": "Names it", "default": false, "sms": off, "voice": off, "email": off,
            "totp": off, "mobile": off, "fido2": { "enabled": true, "fido2PolicyId": made["id"] } });
        let policies = format!("/environments/{}/deviceAuthenticationPolicies", server.tenant.id);
        let naming = Api::created(api.post(&policies, naming).await);
        let path = format!("{all}/{}", text(&made, "/id"));
        let member = "deviceAuthenticationPolicies";
        assert!(api.get(&path).await.expect_status(200).json().get(member).is_none());
        let expanded = api.get(&format!("{path}?expand={member}")).await.expect_status(200).json();
        assert_eq!(expanded[member], json!([{ "id": naming["id"], "name": "Names it" }]));
        assert_eq!(api.put(&path, expanded).await.expect_status(200).json()["name"], made["name"]);
        refused(api.delete(&path).await, 409, "REQUEST_FAILED", Some(("INVALID_VALUE", member)));
        let _ = api.delete(&format!("{policies}/{}", text(&naming, "/id"))).await.expect_status(204);
        let _ = api.delete(&path).await.expect_status(204);
    }
}
