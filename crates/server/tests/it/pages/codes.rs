//! The pages of `RECOVERY_CODE_REQUIRED` and `VERIFICATION_CODE_REQUIRED`, as a browser without
//! JavaScript has them

use countersign_testkit::{Answer, Browser, TestServer, code_in, on_every_adapter};
use serde_json::json;

async fn forgot(server: &TestServer, browser: &Browser, name: &str) -> Answer {
    let tenant = &server.tenant;
    let page = tenant.authorize(&tenant.web).page(browser).await;
    let form = page.form().fill("username", name);
    let mut fields = form.fields.clone();
    fields.push(("instead".to_owned(), "password.forgot".to_owned()));
    let answer = browser.post(&form.action).form(fields).send().await;
    browser.follow(answer, &tenant.base).await
}

/// The page without what is different in every flow, and without the name that was typed.
fn bare(page: &Answer, name: &str) -> String {
    page.body.replace(name, "NAME")
}

on_every_adapter! {
    async fn threat_34_the_recovery_page_is_the_same_for_every_name(server: TestServer) {
        let person = &server.tenant.person.username;
        let known = forgot(&server, &server.tenant.browser(), person).await.expect_status(200);
        let unknown = forgot(&server, &server.tenant.browser(), "nobody-here").await;
        let unknown = unknown.expect_status(200);
        assert_eq!(bare(&known, person), bare(&unknown, "nobody-here"));
        for part in [
            "If there is an account of this name",
            "autocomplete=\"one-time-code\"",
            "autocomplete=\"new-password\"",
            "8 to 255 characters",
            "id=\"send-code\"",
            "id=\"switch-account\"",
        ] {
            assert!(known.body.contains(part), "{part} in {}", known.body);
        }
    }

    async fn asking_too_often_is_told_on_the_page(server: TestServer) {
        let browser = server.tenant.browser();
        let page = forgot(&server, &browser, &server.tenant.person.username).await;
        let action = page.form().action;
        let fields = [("action", "password.sendRecoveryCode")];
        for _ in 0..4 {
            let answer = browser.post(&action).form(fields).send().await;
            let _ = answer.expect_status(303);
        }
        let refused = browser.post(&action).form(fields).send().await.expect_status(303);
        let refused = browser.follow(refused, &server.tenant.base).await.expect_status(200);
        assert!(refused.body.contains("That was too often. Try again in 3"), "{}", refused.body);
        assert_eq!(server.mails().await.len(), 5);
    }

    async fn a_weak_password_is_held_against_the_rules_that_judged_it(server: TestServer) {
        let policy = json!({
            "name": "Long", "length": { "min": 20, "max": 255 }, "numberSequenceRule": { "maxLength": 3 },
            "excludesCommonlyUsed": true, "excludesProfileData": true, "notSimilarToCurrent": true,
        });
        let user = json!({
            "username": "grace", "email": "grace@client.example", "population": "Long",
            "password": { "value": "Old-And-Forgotten-1!" },
        });
        let environment = json!({
            "id": server.tenant.id, "name": "First", "passwordPolicies": [policy],
            "populations": [{ "name": "Long", "passwordPolicy": "Long" }], "users": [user],
        });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = server.tenant.browser();
        let page = forgot(&server, &browser, "grace").await.expect_status(200);
        // Nobody has proven yet to be somebody.
        assert!(page.body.contains("8 to 255 characters"), "{}", page.body);
        let code = code_in(&server.mail().await);
        let send = async |code: &str| {
            let form = page.form().fill("recoveryCode", code);
            let form = form.fill("newPassword", "Quite-1234!").fill("confirmPassword", "Quite-1234!");
            browser.submit(form).await.expect_status(200)
        };
        let weak = send(&code).await;
        for rule in ["20 to 255 characters", "No digits in counting order"] {
            assert!(weak.body.contains(&format!("Not met: {rule}")), "{rule} in {}", weak.body);
        }
        assert!(!weak.body.contains("8 to 255") && !weak.body.contains("At least 1 capital"));
        let wrong = send("AAAAAAAA").await;
        assert!(wrong.body.contains("8 to 255 characters") && !wrong.body.contains("20 to 255"));
    }

    async fn a_policy_without_recovery_has_no_button(server: TestServer) {
        let tenant = &server.tenant;
        let with = tenant.authorize(&tenant.web).page(&tenant.browser()).await;
        assert!(with.body.contains("id=\"forgot-password\""));
        let policy = json!({ "name": "Strict", "default": true, "actions": [
            { "type": "LOGIN", "priority": 1, "recovery": { "enabled": false } },
        ] });
        let environment = json!({ "id": tenant.id, "name": "First", "signOnPolicies": [policy] });
        server.import(&json!({ "environments": [environment] })).await;
        let without = tenant.authorize(&tenant.web).page(&tenant.browser()).await;
        assert!(!without.body.contains("id=\"forgot-password\""));
    }

    async fn a_person_without_an_address_is_told_so(server: TestServer) {
        let tenant = &server.tenant;
        let user = json!({
            "username": "grace",
            "lifecycle": { "status": "VERIFICATION_REQUIRED" },
            "password": { "value": "Correct-Horse-9!" },
        });
        let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = countersign_testkit::submit(tenant, &browser, &page, "grace", "Correct-Horse-9!");
        let page = page.await.expect_status(200);
        assert!(page.body.contains("has no address"), "{}", page.body);
        assert!(server.mails().await.is_empty());
    }

    async fn pages_speak_the_language_of_the_browser(server: TestServer) {
        let tenant = &server.tenant;
        for (language, words) in [
            ("de", "Passwort vergessen?"),
            ("fr", "Mot de passe oublié ?"),
            ("ja", "パスワードをお忘れですか"),
        ] {
            let browser = tenant.browser();
            let page = tenant.authorize(&tenant.web).page(&browser).await;
            let url = page.form().action;
            let page = browser.get(&url).header("accept-language", language).send().await;
            assert!(page.body.contains(words), "{}", page.body);
        }
    }
}
