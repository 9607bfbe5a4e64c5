//! `/v1/environments/{e}/notificationsPolicies` and `/notificationsSettings`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

fn policy(name: &str) -> Value {
    let waits = json!([{ "duration": 30, "timeUnit": "SECONDS" }, { "duration": 1, "timeUnit": "MINUTES" },
        { "duration": 2, "timeUnit": "MINUTES" }]);
    let off = json!({ "enabled": false });
    json!({ "name": name, "default": false,
        "quotas": [{ "type": "ENVIRONMENT", "deliveryMethods": ["SMS", "Voice"], "total": 10_000 },
            { "type": "USER", "deliveryMethods": ["Email"], "claimed": 40, "unclaimed": 50 }],
        "countryLimit": { "type": "DENIED", "deliveryMethods": ["Voice"], "countries": ["GB", "NZ"] },
        "cooldownConfiguration": { "email": { "enabled": true, "periods": waits, "groupBy": "USER", "resendLimit": 5 },
            "sms": off, "voice": off, "whatsApp": off },
        "providerConfiguration": { "conditions": [{ "deliveryMethods": ["SMS"], "countries": ["FR"],
            "fallbackChain": [{ "id": "PINGONE_TWILIO" }] }] } })
}

/// Everything but what the server adds.
fn assert_has(made: &Value, sent: &Value) {
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
}

on_every_adapter! {
    async fn a_notifications_policy_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/notificationsPolicies", server.tenant.id);
        let made = Api::created(api.post(&all, policy("Mine")).await);
        assert_has(&made, &policy("Mine"));
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        // What is left out goes back to its default.
        let least = json!({ "name": "Mine", "quotas": [] });
        let plain = api.put(&path, least).await.expect_status(200).json();
        assert_eq!(plain["countryLimit"], json!({ "type": "NONE" }));
        let off = json!({ "enabled": false });
        assert_eq!(plain["cooldownConfiguration"], json!({ "email": off, "sms": off, "voice": off, "whatsApp": off }));
        assert_eq!((&plain["quotas"], &plain["providerConfiguration"]), (&json!([]), &json!(null)));
        assert_eq!(api.put(&path, plain.clone()).await.expect_status(200).json(), plain);
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn one_notifications_policy_is_the_default(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Fresh", "type": "SANDBOX", "region": "NA" });
        let fresh = Api::created(api.post("/environments", body).await);
        let all = format!("/environments/{}/notificationsPolicies", text(&fresh, "/id"));
        let list = api.get(&all).await.expect_status(200).json();
        let first = &list["_embedded"]["notificationsPolicies"][0];
        assert_eq!((&list["count"], &first["default"]), (&json!(1), &json!(true)));
        let first = format!("{all}/{}", text(first, "/id"));
        let body = refused(api.delete(&first).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&body, "/details/0/message").contains("remove default notifications policy"));
        let mut second = policy("Second");
        second["default"] = json!(true);
        Api::created(api.post(&all, second).await);
        let former = api.get(&first).await.expect_status(200).json();
        assert_eq!(former["default"], false);
        let _ = api.delete(&first).await.expect_status(204);
    }

    async fn notifications_policies_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/notificationsPolicies", server.tenant.id);
        Api::created(api.post(&all, policy("Taken")).await);
        let quota = |kind: &str, methods: Value, total: u32| json!([{ "type": kind, "deliveryMethods": methods, "total": total }]);
        for (pointer, value, code, target) in [
            ("/name", json!("taken"), "UNIQUENESS_VIOLATION", "name"),
            ("/name", json!(null), "REQUIRED_VALUE", "name"),
            ("/name", json!("x".repeat(257)), "SIZE_LIMIT_EXCEEDED", "name"),
            ("/quotas", quota("USER", json!(["SMS"]), 51), "OUT_OF_RANGE", "quotas"),
            ("/quotas", quota("USER", json!(["SMS", "Email"]), 50), "INVALID_VALUE", "quotas.deliveryMethods"),
            ("/quotas", json!([{ "type": "USER", "deliveryMethods": ["SMS"], "total": 1, "claimed": 1 }]), "INVALID_VALUE", "quotas"),
            ("/quotas", json!([{ "type": "USER", "deliveryMethods": ["SMS"], "claimed": 1 }]), "INVALID_VALUE", "quotas"),
            ("/quotas", json!(null), "REQUIRED_VALUE", "quotas"),
            ("/quotas", json!([quota("USER", json!(["SMS"]), 5)[0], quota("USER", json!(["Voice"]), 5)[0]]), "INVALID_VALUE",
                "quotas"),
            ("/cooldownConfiguration/email/periods/0/duration", json!(9), "OUT_OF_RANGE", "cooldownConfiguration.email.periods"),
            ("/cooldownConfiguration/email/periods/1/duration", json!(11), "OUT_OF_RANGE", "cooldownConfiguration.email.periods"),
            ("/countryLimit/countries", json!([]), "INVALID_VALUE", "countryLimit.countries"),
            ("/countryLimit/countries", json!(["gb"]), "INVALID_VALUE", "countryLimit.countries"),
            ("/countryLimit/type", json!("NONE"), "INVALID_VALUE", "countryLimit.countries"),
            ("/countryLimit/deliveryMethods", json!(["Email"]), "INVALID_VALUE", "countryLimit.deliveryMethods"),
            ("/cooldownConfiguration/email/periods", json!([]), "INVALID_VALUE", "cooldownConfiguration.email"),
            ("/providerConfiguration/conditions/0/fallbackChain", json!([]), "INVALID_VALUE", "providerConfiguration.conditions"),
        ] {
            let mut body = policy("Bad");
            *body.pointer_mut(pointer).unwrap() = value;
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let mut most = policy("Most");
        most["quotas"] = quota("USER", json!(["SMS"]), 50);
        Api::created(api.post(&all, most).await);
    }

    async fn notifications_settings_are_read_as_they_were_written(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/notificationsSettings", server.tenant.id);
        let before = api.get(&path).await.expect_status(200).json();
        assert_eq!((&before["deliveryMode"], &before["from"]), (&json!("ALL"), &json!(null)));
        assert!(before["updatedAt"].is_string(), "{before}");
        // Ping's Terraform provider tells an empty list from none.
        assert_eq!(before["smsProvidersFallbackChain"], json!([]));
        let sent = json!({ "deliveryMode": "ALL", "from": { "name": "Acme", "address": "a@acme.example" },
            "replyTo": { "address": "b@acme.example" }, "smsProvidersFallbackChain": ["PINGONE_TWILIO"],
            "whitelist": [{ "user": { "id": server.tenant.person.id } }] });
        let set = api.put(&path, sent.clone()).await.expect_status(200).json();
        assert_has(&set, &sent);
        assert_eq!(api.get(&path).await.expect_status(200).json(), set);
        assert_eq!(api.put(&path, set.clone()).await.expect_status(200).json(), set);
        for (body, target) in [
            (json!({ "from": { "address": "acme" } }), "from.address"),
            (json!({ "replyTo": { "address": "a@b\r\nBcc: c@d" } }), "replyTo.address"),
            (json!({ "smsProvidersFallbackChain": ["x"] }), "smsProvidersFallbackChain"),
            (json!({ "deliveryMode": "SOME" }), "deliveryMode"),
        ] {
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
        }
        for daily in [-1, 51] {
            let body = json!({ "restrictions": { "smsVoiceQuota": { "daily": daily } } });
            refused(api.put(&path, body).await, 400, "INVALID_DATA",
                Some(("OUT_OF_RANGE", "restrictions.smsVoiceQuota.daily")));
        }
        let reset = api.delete(&path).await.expect_status(200).json();
        assert_eq!((&reset["from"], &reset["whitelist"]), (&json!(null), &json!(null)));
        assert_eq!(api.get(&path).await.expect_status(200).json(), reset);
    }

    async fn the_secret_of_a_mail_server_is_never_shown_nor_sent_elsewhere(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/notificationsSettings/emailDeliverySettings", server.tenant.id);
        let nothing = api.get(&path).await.expect_status(200).json();
        assert_eq!(nothing["protocol"], json!(null));
        let mut sent = json!({ "host": "mail.example", "port": 25, "username": "acme", "password": "Secret-1",
            "from": { "name": "Acme", "address": "a@acme.example" } });
        let set = api.put(&path, sent.clone()).await.expect_status(200);
        assert!(!set.body.contains("Secret-1"), "{}", set.body);
        let set = set.json();
        assert_eq!((&set["protocol"], &set["password"], &set["secret"]), (&json!("SMTPS"), &json!(null), &json!(null)));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read, set);
        // What was read can be written: the password stays, as long as it goes where it went.
        assert_eq!(api.put(&path, read.clone()).await.expect_status(200).json(), read);
        let mut elsewhere = read.clone();
        elsewhere["host"] = json!("evil.example");
        refused(api.put(&path, elsewhere).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "password")));
        for (name, value, code, target) in [
            ("host", json!("https://mail.example/"), "INVALID_VALUE", "host"),
            ("host", json!(null), "REQUIRED_VALUE", "host"),
            ("port", json!(0), "OUT_OF_RANGE", "port"),
            ("port", json!(65_536), "OUT_OF_RANGE", "port"),
            ("username", json!(null), "REQUIRED_VALUE", "username"),
            ("from", json!({ "address": "x" }), "INVALID_VALUE", "from.address"),
        ] {
            let mut bad = sent.clone();
            bad[name] = value;
            refused(api.put(&path, bad).await, 400, "INVALID_DATA", Some((code, target)));
        }
        sent["port"] = json!(65_535);
        let _ = api.put(&path, sent).await.expect_status(200);
        let _ = api.delete(&path).await.expect_status(204);
        assert_eq!(api.get(&path).await.expect_status(200).json()["host"], json!(null));
    }

    async fn threat_35_web_services_that_send_are_reached_over_tls(server: TestServer) {
        let api = admin(&server).await;
        let below = format!("/environments/{}/notificationsSettings", server.tenant.id);
        let mail = json!({ "protocol": "HTTP", "name": "Own", "authentication": { "method": "BEARER", "authToken": "Secret-2" },
            "requests": [{ "deliveryMethod": "EMAIL", "method": "POST", "url": "https://send.example/mail?${to}",
                "headers": { "Content-Type": "application/x-www-form-urlencoded" }, "body": "to=${to}&message=${message}" }] });
        let path = format!("{below}/emailDeliverySettings");
        let set = api.put(&path, mail.clone()).await.expect_status(200);
        assert!(!set.body.contains("Secret-2"), "{}", set.body);
        let set = set.json();
        assert_eq!((&set["requests"], &set["provider"]), (&mail["requests"], &json!("CUSTOM_PROVIDER")));
        assert_eq!(api.put(&path, set.clone()).await.expect_status(200).json(), set);
        for url in ["http://send.example/", "file:///etc/passwd", "https://", "x"] {
            let mut bad = mail.clone();
            bad["requests"][0]["url"] = json!(url);
            refused(api.put(&path, bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "requests.url")));
        }
        let all = format!("{below}/phoneDeliverySettings");
        let phone = json!({ "provider": "CUSTOM_PROVIDER", "name": "Own",
            "authentication": { "method": "BASIC", "username": "u", "password": "Secret-3" },
            "requests": [{ "deliveryMethod": "SMS", "method": "POST", "url": "https://send.example/sms",
                "phoneNumberFormat": "FULL", "body": "to=${to}&text=${message}" }],
            "numbers": [{ "number": "+15550100", "type": "PHONE_NUMBER", "capabilities": ["SMS"] }] });
        let made = api.post(&all, phone.clone()).await;
        assert!(!made.body.contains("Secret-3"), "{}", made.body);
        let made = Api::created(made);
        assert_eq!(made["authentication"], json!({ "method": "BASIC", "username": "u" }));
        let path = format!("{all}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        let mut elsewhere = made.clone();
        elsewhere["requests"][0]["url"] = json!("https://evil.example/");
        refused(api.put(&path, elsewhere).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "authentication.password")));
        // As Ping's Terraform provider writes it.
        let mut bare = phone.clone();
        bare["requests"][0].as_object_mut().unwrap().remove("body");
        let bare = Api::created(api.post(&all, bare).await);
        let _ = api.delete(&format!("{all}/{}", text(&bare, "/id"))).await.expect_status(204);
        let mut bad = phone.clone();
        bad["requests"][0]["url"] = json!("http://send.example/sms");
        refused(api.post(&all, bad).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "requests.url")));
        for (pointer, value, code, target) in [
            ("/requests/0/phoneNumberFormat", json!("X"), "INVALID_VALUE", "requests[0].phoneNumberFormat"),
            ("/requests/0/body", json!("to=${to}"), "INVALID_VALUE", "requests[0].body"),
            ("/numbers/0/type", json!("X"), "INVALID_VALUE", "numbers[0].type"),
            ("/numbers/0/type", json!(true), "INVALID_VALUE", "numbers[0].type"),
            ("/numbers/0/number", json!(5), "INVALID_VALUE", "numbers[0].number"),
            ("/numbers/0/number", json!(null), "REQUIRED_VALUE", "numbers[0].number"),
            ("/numbers/0/capabilities", json!(["Y"]), "INVALID_VALUE", "numbers[0].capabilities"),
            ("/numbers/0/capabilities", json!(7), "INVALID_VALUE", "numbers[0].capabilities"),
        ] {
            let mut bad = phone.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            refused(api.post(&all, bad).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let mut twilio = json!({ "provider": "CUSTOM_TWILIO", "sid": "AC1", "authToken": "Secret-4" });
        twilio["numbers"] = json!([{ "number": "+15550100", "type": "SHORT_CODE", "selected": null }]);
        let made = Api::created(api.post(&all, twilio).await);
        assert_eq!((&made["sid"], &made["authToken"]), (&json!("AC1"), &json!(null)));
        assert_eq!(made["numbers"], json!([{ "number": "+15550100", "type": "SHORT_CODE" }]));
        refused(api.post(&all, json!({ "provider": "CUSTOM_TWILIO", "sid": "AC1" })).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "authToken")));
        refused(api.post(&all, json!({ "provider": "CUSTOM_TWILIO", "authToken": "x" })).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "sid")));
        assert_eq!(api.get(&all).await.expect_status(200).json()["count"], 2);
        let _ = api.delete(&path).await.expect_status(204);
    }
}
