//! `/v1/environments/{e}/templates` and `/contents`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

fn contents(server: &TestServer, template: &str) -> String {
    format!(
        "/environments/{}/templates/{template}/contents",
        server.tenant.id
    )
}

fn mail(locale: &str, subject: &str) -> Value {
    json!({ "locale": locale, "deliveryMethod": "Email", "subject": subject, "body": "<p>Code ${code.value}</p>" })
}

/// Has a password recovery code written to the person of the tenant.
async fn recover(server: &TestServer) -> countersign_domain::notice::Mail {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let body = json!({ "username": tenant.person.username });
    let _ = tenant
        .act(&browser, &flow, "password.forgot", &body)
        .await
        .expect_status(200);
    let mut mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    mails.remove(0)
}

on_every_adapter! {
    async fn templates_are_those_of_the_platform(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/templates", server.tenant.id);
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["count"], 16);
        for template in list["_embedded"]["templates"].as_array().unwrap() {
            let path = format!("{all}/{}", text(template, "/id"));
            assert_eq!(&api.get(&path).await.expect_status(200).json(), template);
            let _ = api.get(&format!("{path}/contents")).await.expect_status(200);
        }
        refused(api.get(&format!("{all}/nothing")).await, 404, "NOT_FOUND", None);
        refused(api.get(&format!("{all}/nothing/contents")).await, 404, "NOT_FOUND", None);
    }

    async fn a_content_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let push = json!({ "locale": "en", "deliveryMethod": "Push", "title": "Approve?", "body": "Please." });
        let sms = json!({ "locale": "en", "deliveryMethod": "SMS", "content": "Code ${otp}", "sender": "Acme" });
        let voice = json!({ "locale": "en", "deliveryMethod": "Voice", "content": "Hello <sayCharValue>${otp}</sayCharValue>" });
        let varied = json!({ "locale": "en", "deliveryMethod": "Push", "variant": "b", "title": "Approve?", "body": "Please.",
            "pushCategory": "WITHOUT_BANNER_BUTTONS" });
        let all = contents(&server, "strong_authentication");
        for (sent, default) in [(push, ("pushCategory", "BANNER_BUTTONS")), (sms, ("sender", "Acme")), (voice, ("voice", "Alice")),
            (varied, ("variant", "b")), (mail("en", "Sign on"), ("charset", "UTF-8")), (mail("fr-CA", "Ouvrir"), ("emailContentType", "text/html"))] {
            let made = Api::created(api.post(&all, sent.clone()).await);
            for (name, value) in sent.as_object().unwrap() {
                assert_eq!(&made[name], value, "{name}");
            }
            assert_eq!((&made[default.0], &made["default"]), (&json!(default.1), &json!(false)));
            let path = format!("{all}/{}", text(&made, "/id"));
            assert_eq!(api.get(&path).await.expect_status(200).json(), made);
            assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
            // Of another template it is none.
            let elsewhere = format!("{}/{}", contents(&server, "general"), text(&made, "/id"));
            refused(api.get(&elsewhere).await, 404, "NOT_FOUND", None);
            refused(api.post(&all, sent).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "locale")));
        }
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["count"], 6);
    }

    async fn words_are_as_long_as_their_method_takes(server: TestServer) {
        let api = admin(&server).await;
        let all = contents(&server, "strong_authentication");
        let sms = |content: String| json!({ "locale": "en", "deliveryMethod": "SMS", "content": content });
        let push = |title: usize, body: usize| json!({ "locale": "en", "deliveryMethod": "Push",
            "title": "x".repeat(title), "body": "x".repeat(body) });
        let mut long = sms("Code".to_owned());
        long["sender"] = json!("Twelve chars");
        let mut odd = sms("Code".to_owned());
        odd["sender"] = json!("a-b");
        let voice = json!({ "locale": "en", "deliveryMethod": "Voice", "content": "x".repeat(1_025) });
        for (body, code, target) in [
            (sms("x".repeat(154)), "SIZE_LIMIT_EXCEEDED", "content"),
            (sms("中".repeat(68)), "SIZE_LIMIT_EXCEEDED", "content"),
            (long, "SIZE_LIMIT_EXCEEDED", "sender"),
            (odd, "INVALID_VALUE", "sender"),
            (push(201, 1), "SIZE_LIMIT_EXCEEDED", "title"),
            (push(1, 401), "SIZE_LIMIT_EXCEEDED", "body"),
            (voice, "SIZE_LIMIT_EXCEEDED", "content"),
        ] {
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        for (variant, content) in [("a", "x".repeat(153)), ("b", "中".repeat(67)), ("c", "€".repeat(153))] {
            let mut body = sms(content);
            body["variant"] = json!(variant);
            Api::created(api.post(&all, body).await);
        }
        // Variants are told apart whatever their case, and locales have underscores as well.
        let mut again = sms("Code".to_owned());
        again["variant"] = json!("A");
        refused(api.post(&all, again).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "locale")));
        let mut abroad = sms("Code".to_owned());
        abroad["locale"] = json!("fr_CA");
        assert_eq!(Api::created(api.post(&all, abroad).await)["locale"], "fr-CA");
    }

    async fn contents_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let bad = |name: &str, value: Value| {
            let mut body = mail("en", "Code");
            body[name] = value;
            body
        };
        let push = || json!({ "locale": "en", "deliveryMethod": "Push", "title": "x", "body": "x" });
        for (template, body, code, target) in [
            ("verification_code_template", push(), "INVALID_VALUE", "deliveryMethod"),
            ("verification_code_template", bad("locale", json!("en-GB")), "INVALID_VALUE", "language"),
            ("verification_code_template", bad("body", json!("nothing")), "REQUIRED_VALUE", "body"),
            ("verification_code_template", bad("body", json!("${otp} ${nothing}")), "INVALID_VALUE", "body"),
            ("verification_code_template", bad("subject", json!("x".repeat(257))), "INVALID_VALUE", "subject"),
            ("verification_code_template", bad("from", json!({ "address": "x" })), "INVALID_VALUE", "from.address"),
            ("verification_code_template", bad("variant", json!("x".repeat(101))), "SIZE_LIMIT_EXCEEDED", "variant"),
            ("general", bad("deliveryMethod", json!(null)), "REQUIRED_VALUE", "deliveryMethod"),
            ("general", bad("deliveryMethod", json!("SMS")), "INVALID_VALUE", "content"),
        ] {
            let answer = api.post(&contents(&server, template), body).await;
            refused(answer, 400, "INVALID_DATA", Some((code, target)));
        }
        // Templates by which this server does not write take whatever is sent.
        Api::created(api.post(&contents(&server, "general"), bad("body", json!("Hello ${anybody}"))).await);
        Api::created(api.post(&contents(&server, "verification_code_template"), bad("subject", json!("x".repeat(256)))).await);
    }

    async fn mails_say_what_was_set(server: TestServer) {
        let api = admin(&server).await;
        let all = contents(&server, "recovery_code_template");
        let list = api.get(&all).await.expect_status(200).json();
        let ours = list["_embedded"]["contents"].as_array().unwrap().clone();
        let english = ours.iter().find(|it| it["locale"] == "en").unwrap();
        assert_eq!((ours.len(), &english["default"]), (5, &json!(true)));
        let first = recover(&server).await;
        assert_eq!(json!(first.subject), english["subject"]);
        let path = format!("{all}/{}", text(english, "/id"));
        assert_eq!(&api.get(&path).await.expect_status(200).json(), english);
        refused(api.put(&path, english.clone()).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        // Our words are a good start for one's own.
        let mut own = english.clone();
        own["subject"] = json!("Acme: your code");
        let made = Api::created(api.post(&all, own).await);
        let from = json!({ "from": { "name": "Acme", "address": "a@acme.example" }, "replyTo": { "address": "b@acme.example" } });
        let settings = format!("/environments/{}/notificationsSettings", server.tenant.id);
        let _ = api.put(&settings, from).await.expect_status(200);
        server.clock.advance(std::time::Duration::from_hours(1));
        let api = admin(&server).await;
        let second = recover(&server).await;
        assert_eq!(second.subject, "Acme: your code");
        assert_eq!(second.from.unwrap().address, "a@acme.example");
        assert_eq!(second.reply_to.unwrap().address, "b@acme.example");
        let _ = api.delete(&format!("{all}/{}", text(&made, "/id"))).await.expect_status(204);
        server.clock.advance(std::time::Duration::from_hours(1));
        assert_eq!(recover(&server).await.subject, first.subject);
    }
}
