//! In which language a page speaks

use countersign_testkit::{Answer, Authorize, Browser, TestServer, on_every_adapter};
use serde_json::{Value, json};

/// The sign-on page for a browser that asks for these languages.
async fn page(request: Authorize<'_>, browser: &Browser, accepted: &str) -> Answer {
    let started = request.send(browser).await.expect_status(302);
    let page = browser.get(started.redirect());
    let page = page.header("accept-language", accepted).send().await;
    page.expect_status(200)
}

async fn import(server: &TestServer, mut environment: Value) {
    environment["id"] = json!(server.tenant.id);
    environment["name"] = json!("First");
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

#[track_caller]
fn speaks(page: &Answer, language: &str, direction: &str) {
    let html = format!("<html lang=\"{language}\" dir=\"{direction}\">");
    assert!(page.body.contains(&html), "not {html}\n{}", page.body);
}

on_every_adapter! {
    async fn the_clients_wish_comes_first_then_the_browsers_then_english(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for (wished, accepted, language, direction) in [
            ("", "", "en", "ltr"),
            ("", "de-AT,de;q=0.9,en;q=0.8", "de", "ltr"),
            ("", "xx, ar;q=0.2", "ar", "rtl"),
            ("fr-CA fr en", "de", "fr", "ltr"),
            ("xx yy", "ja", "ja", "ltr"),
            ("es", "", "es", "ltr"),
            ("\"><script>", "</html>, *;q=1", "en", "ltr"),
        ] {
            let request = tenant.authorize(&tenant.web).set("ui_locales", wished);
            let page = page(request, &browser, accepted).await;
            speaks(&page, language, direction);
            assert!(!page.body.contains("<script>"));
        }
    }

    async fn a_wish_stays_with_the_flow_and_reaches_its_errors(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("ui_locales", "de");
        let page = request.page(&browser).await;
        let form = page.form().fill("username", "alice").fill("password", "wrong");
        let wrong = browser.submit(form).await.expect_status(200);
        speaks(&wrong, "de", "ltr");
        assert!(wrong.body.contains("Benutzername und/oder Passwort sind falsch."), "{}", wrong.body);
    }

    async fn a_pushed_wish_counts_as_well(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.spa).set("ui_locales", "fr");
        let parameters = request.parameters().iter().map(|(name, value)| (name, value));
        let pushed = browser.post(tenant.endpoint("par")).form(parameters).send().await;
        let uri = pushed.expect_status(201).text("/request_uri");
        let client = &tenant.spa.id;
        let url = format!("{}?client_id={client}&request_uri={uri}", tenant.endpoint("authorize"));
        let started = browser.get(url).send().await.expect_status(302);
        let page = browser.get(started.redirect()).send().await.expect_status(200);
        speaks(&page, "fr", "ltr");
    }

    async fn an_environment_switches_languages_off_and_has_a_default(server: TestServer) {
        import(&server, json!({ "languages": [
            { "locale": "es", "default": true },
            { "locale": "de", "enabled": false },
        ] })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for (accepted, language) in [("de", "es"), ("", "es"), ("de, fr;q=0.1", "fr"), ("en", "en")] {
            let page = page(tenant.authorize(&tenant.web), &browser, accepted).await;
            speaks(&page, language, "ltr");
        }
        let other = &server.other;
        let page = page(other.authorize(&other.web), &other.browser(), "de").await;
        speaks(&page, "de", "ltr");
    }

    async fn who_is_known_is_spoken_to_as_they_prefer(server: TestServer) {
        let person = &server.tenant.person;
        let prefers = json!({ "id": person.id, "username": person.username, "preferredLanguage": "ja;q=0.9, de" });
        import(&server, json!({ "users": [prefers] })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let signed_on = tenant.authorize(&tenant.web).sign_on(&browser).await;
        assert_eq!(signed_on.status, 302);
        // The session is there, the person known; the password is asked for again.
        server.clock.advance(std::time::Duration::from_hours(9));
        let known = page(tenant.authorize(&tenant.web), &browser, "").await;
        assert!(known.body.contains("known-user"), "{}", known.body);
        speaks(&known, "de", "ltr");
        let known = page(tenant.authorize(&tenant.web), &browser, "fr").await;
        speaks(&known, "fr", "ltr");
    }
}
