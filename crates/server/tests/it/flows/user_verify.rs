//! `application/vnd.pingidentity.user.verify+json` and
//! `application/vnd.pingidentity.user.sendVerificationCode+json`

use countersign_testkit::{Answer, Browser, TestServer, code_in, code_of, on_every_adapter};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-9!";

/// Somebody whose address waits to be verified.
async fn unverified(server: &TestServer) {
    unverified_with(server, json!({})).await;
}

async fn unverified_with(server: &TestServer, more: Value) {
    let mut user = json!({
        "username": "grace",
        "email": "grace.hopper@client.example",
        "name": { "given": "Grace", "family": "Hopper" },
        "lifecycle": { "status": "VERIFICATION_REQUIRED" },
        "password": { "value": PASSWORD, "initial": true },
    });
    for (name, value) in more.as_object().unwrap() {
        user[name] = value.clone();
    }
    let environment = json!({ "id": server.tenant.id, "name": "First", "users": [user] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn sign_on(server: &TestServer, browser: &Browser) -> (String, Answer) {
    let tenant = &server.tenant;
    let flow = tenant.authorize(&tenant.native).start_flow(browser).await;
    let answer = tenant
        .check_password(browser, &flow, "grace", PASSWORD)
        .await;
    (flow, answer)
}

async fn verify(server: &TestServer, browser: &Browser, flow: &str, code: &str) -> Answer {
    let body = json!({ "verificationCode": code });
    server.tenant.act(browser, flow, "user.verify", &body).await
}

async fn resend(server: &TestServer, browser: &Browser, flow: &str) -> Answer {
    let action = "user.sendVerificationCode";
    // Whatever the body is, it means nothing.
    server.tenant.act(browser, flow, action, &json!(null)).await
}

#[track_caller]
fn is_wrong(answer: Answer) {
    let error = answer.expect_status(400).json();
    assert_eq!(error["code"], "INVALID_DATA");
    assert_eq!(error["details"][0]["code"], "INVALID_VALUE");
    assert_eq!(error["details"][0]["target"], "verificationCode");
}

on_every_adapter! {
    async fn an_unverified_account_proves_its_address_after_the_password(server: TestServer) {
        unverified(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let before = server.counts.commits();
        let (flow, answer) = sign_on(&server, &browser).await;
        assert_eq!(server.counts.commits() - before, 2, "authorize, and the password with its mail");
        let stands = answer.expect_status(200).json();
        assert_eq!(stands["status"], "VERIFICATION_CODE_REQUIRED");
        assert!(stands["_links"]["user.verify"]["href"].is_string());
        assert!(stands["_links"]["user.sendVerificationCode"]["href"].is_string());
        assert!(stands["_links"].get("usernamePassword.check").is_none());
        assert_eq!(stands["_embedded"]["user"]["username"], "grace");
        assert_eq!(stands["email"], "gr****@client.example");
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let early = browser.get(&resume).send().await.expect_status(200).json();
        assert!(early.get("authorizeResponse").is_none());

        let mail = server.mail().await;
        let to = mail.to.clone().unwrap();
        assert_eq!(to.address, "grace.hopper@client.example");
        assert_eq!(to.name.as_deref(), Some("Grace Hopper"));
        assert_eq!(mail.subject, "Your verification code");
        assert!(mail.text.starts_with("Hello Grace,"), "{}", mail.text);
        let code = code_in(&mail);
        assert!(mail.html.as_deref().unwrap().contains(&code));

        let done = verify(&server, &browser, &flow, &code.to_lowercase()).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["authenticators"], json!(["pwd"]));
        assert!(done["session"]["id"].is_string());
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());

        let (_, again) = sign_on(&server, &tenant.browser()).await;
        assert_eq!(again.expect_status(200).text("/status"), "COMPLETED");
        assert!(server.mails().await.is_empty());
    }

    async fn a_code_is_good_once(server: TestServer) {
        unverified(&server).await;
        let (one, other) = (server.tenant.browser(), server.tenant.browser());
        let (flow, _) = sign_on(&server, &one).await;
        let (late, _) = sign_on(&server, &other).await;
        // The second sign-on waits for the code that is on its way already.
        let code = code_in(&server.mail().await);
        let done = verify(&server, &one, &flow, &code).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        is_wrong(verify(&server, &other, &late, &code).await);
    }

    async fn a_code_does_not_expire(server: TestServer) {
        unverified(&server).await;
        let (_, _) = sign_on(&server, &server.tenant.browser()).await;
        let code = code_in(&server.mail().await);
        server.clock.advance(std::time::Duration::from_hours(24 * 30));
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        assert!(server.mails().await.is_empty());
        let done = verify(&server, &browser, &flow, &code).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn a_new_code_replaces_the_old_one(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        let old = code_in(&server.mail().await);
        let stands = resend(&server, &browser, &flow).await.expect_status(200);
        assert_eq!(stands.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let new = code_in(&server.mail().await);
        assert_ne!(old, new);
        is_wrong(verify(&server, &browser, &flow, &old).await);
        let done = verify(&server, &browser, &flow, &new).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn threat_32_five_wrong_codes_end_a_code(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        let code = code_in(&server.mail().await);
        for _ in 0..5 {
            is_wrong(verify(&server, &browser, &flow, "AAAAAAAA").await);
        }
        is_wrong(verify(&server, &browser, &flow, &code).await);
        let _ = resend(&server, &browser, &flow).await.expect_status(200);
        let code = code_in(&server.mail().await);
        let done = verify(&server, &browser, &flow, &code).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn a_mailbox_is_not_flooded(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        for _ in 0..4 {
            server.clock.advance(std::time::Duration::from_millis(1));
            let _ = resend(&server, &browser, &flow).await.expect_status(200);
        }
        let refused = resend(&server, &browser, &flow).await.expect_status(429);
        assert!(refused.header("retry-after").is_some());
        assert_eq!(refused.text("/code"), "REQUEST_LIMITED");
        assert_eq!(refused.text("/details/0/code"), "LIMIT_EXCEEDED");
        let mails = server.mails().await;
        assert_eq!(mails.len(), 5);
        let done = verify(&server, &browser, &flow, &code_in(&mails[4])).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn it_is_offered_only_where_an_address_is_unverified(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for action in ["user.verify", "user.sendVerificationCode"] {
            let early = tenant.act(&browser, &flow, action, &json!({})).await;
            assert_eq!(early.expect_status(400).text("/code"), "REQUEST_FAILED");
        }
    }

    async fn a_code_must_be_given(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        for body in [json!({}), json!({ "verificationCode": " " })] {
            let answer = server.tenant.act(&browser, &flow, "user.verify", &body).await;
            let error = answer.expect_status(400).json();
            assert_eq!(error["details"][0]["code"], "REQUIRED_VALUE");
            assert_eq!(error["details"][0]["target"], "verificationCode");
        }
    }

    async fn somebody_disabled_meanwhile_verifies_nothing(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        let code = code_in(&server.mail().await);
        unverified_with(&server, json!({ "enabled": false })).await;
        let answer = verify(&server, &browser, &flow, &code).await.expect_status(400);
        assert_eq!(answer.text("/details/0/code"), "ACCOUNT_NOT_USABLE");
        let _ = resend(&server, &browser, &flow).await.expect_status(200);
        assert!(server.mails().await.is_empty());
    }

    async fn an_address_that_changed_meanwhile_is_not_proven(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        let code = code_in(&server.mail().await);
        unverified_with(&server, json!({ "email": "other@client.example" })).await;
        let done = verify(&server, &browser, &flow, &code).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        assert!(!stored(&server).await.email_verified);
    }

    async fn verification_marks_the_address(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        let code = code_in(&server.mail().await);
        let _ = verify(&server, &browser, &flow, &code).await.expect_status(200);
        assert!(stored(&server).await.email_verified);
    }

    async fn the_mail_is_in_the_language_of_the_user(server: TestServer) {
        for (language, subject) in [
            ("de-CH", "Ihr Bestätigungscode"),
            ("fr", "Votre code de vérification"),
            ("es-MX,en;q=0.5", "Su código de verificación"),
            ("ja", "確認コードのお知らせ"),
            ("tlh", "Your verification code"),
        ] {
            let status = json!({ "status": "VERIFICATION_REQUIRED" });
            let name = format!("user-{language}");
            let user = json!({
                "username": name, "email": "x@client.example", "preferredLanguage": language,
                "lifecycle": status, "password": { "value": PASSWORD },
            });
            let environment = json!({ "id": server.tenant.id, "name": "First", "users": [user] });
            server.import(&json!({ "environments": [environment] })).await;
            let tenant = &server.tenant;
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let _ = tenant.check_password(&browser, &flow, &name, PASSWORD).await.expect_status(200);
            assert_eq!(server.mail().await.subject, subject);
        }
    }

    async fn an_environment_has_its_own_words(server: TestServer) {
        unverified_with(&server, json!({
            "name": { "given": "<b>Grace</b>${code.value}" },
            "preferredLanguage": "de-AT",
        })).await;
        let content = json!({
            "template": "verification_code_template",
            "locale": "de",
            "subject": "Servus ${user.username}",
            "body": "<p>Hallo ${user.name.given},</p><p>der Code: <b>${code.value}</b></p>",
            "from": { "name": "Laden", "address": "laden@shop.example" },
            "replyTo": { "address": "hilfe@shop.example" },
        });
        let environment = json!({
            "id": server.tenant.id, "name": "First", "notificationContents": [content],
        });
        server.import(&json!({ "environments": [environment] })).await;
        let (_, _) = sign_on(&server, &server.tenant.browser()).await;
        let mail = server.mail().await;
        let code = code_in(&mail);
        assert_eq!(mail.subject, "Servus grace");
        assert_eq!(mail.from.unwrap().address, "laden@shop.example");
        assert_eq!(mail.reply_to.unwrap().address, "hilfe@shop.example");
        let escaped = "&lt;b&gt;Grace&lt;/b&gt;${code.value},</p>";
        let html = format!("<p>Hallo {escaped}<p>der Code: <b>{code}</b></p>");
        assert_eq!(mail.html.as_deref(), Some(html.as_str()));
        assert_eq!(mail.text, format!("Hallo <b>Grace</b>${{code.value}},\n\nder Code: {code}\n"));
    }

    async fn the_sign_on_goes_on_in_a_browser(server: TestServer) {
        unverified(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = countersign_testkit::submit(tenant, &browser, &page, "grace", PASSWORD).await;
        let form = page.form().fill("verificationCode", "WRONGONE");
        let again = browser.submit(form).await.expect_status(200);
        let code = code_in(&server.mail().await);
        let form = again.form().fill("verificationCode", &code);
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        let _ = code_of(&answer.redirect());
    }

    async fn threat_42_a_code_is_good_in_its_environment(server: TestServer) {
        unverified(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = sign_on(&server, &browser).await;
        let code = code_in(&server.mail().await);
        let body = json!({ "verificationCode": code });
        let other = server.other.act(&browser, &flow, "user.verify", &body).await;
        let _ = other.expect_status(404);
    }
}

async fn stored(server: &TestServer) -> countersign_domain::user::User {
    use countersign_domain::entity;
    use countersign_domain::user::User;

    let (store, now) = (&*server.ports.store, server.ports.clock.now());
    let env = server.tenant.id.parse().unwrap();
    let user = entity::load_by::<User>(store, env, User::UNIQUE_USERNAME, "grace", now).await;
    user.unwrap().unwrap().value
}
