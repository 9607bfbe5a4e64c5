//! Pages that lead no further: what happened, and the way back to the application

use countersign_testkit::{Answer, TestServer, on_every_adapter, submit};
use serde_json::{Value, json};

async fn import(server: &TestServer, mut application: Value) {
    let web = &server.tenant.web;
    application["id"] = json!(web.id);
    application["name"] = json!("Web");
    server
        .import(&json!({ "environments": [
            { "id": server.tenant.id, "name": "First", "applications": [application] }
        ] }))
        .await;
}

#[track_caller]
fn says(page: &Answer, words: &str) {
    let kind = page.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/html"), "{kind}");
    assert!(page.body.contains(words), "not {words:?}\n{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
}

/// Where a link leads, as the address of the page has it.
fn link_of(page: &Answer, id: &str) -> url::Url {
    let start = format!("id=\"{id}\" href=\"");
    let (_, rest) = page.body.split_once(&start).unwrap();
    let href = rest.split('"').next().unwrap().replace("&#38;", "&");
    page.url.join(&href).unwrap()
}

on_every_adapter! {
    async fn an_expired_flow_leads_back_to_where_the_application_begins(server: TestServer) {
        import(&server, json!({
            "initiateLoginUri": "https://client.example/login?a=b",
            "homePageUrl": "https://client.example/home",
        })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        server.clock.advance(std::time::Duration::from_mins(16));
        let person = &tenant.person;
        let late = submit(tenant, &browser, &page, &person.username, &person.password).await;
        says(&late, "This sign-on is no longer open");
        says(&late, "Back to <span dir=\"auto\">Web</span>");
        let issuer = tenant.issuer().replace(':', "%3A").replace('/', "%2F");
        says(&late, &format!("https://client.example/login?a=b&#38;iss={issuer}"));
        let reloaded = browser.get(&page.url).send().await;
        says(&reloaded, "This sign-on is no longer open");
    }

    async fn without_cookies_it_says_so_and_leads_home(server: TestServer) {
        import(&server, json!({ "homePageUrl": "https://client.example/home" })).await;
        let tenant = &server.tenant;
        let page = tenant.authorize(&tenant.web).page(&tenant.browser()).await;
        let stranger = tenant.browser().get(&page.url).send().await;
        says(&stranger, "This browser sent no cookie");
        says(&stranger, "href=\"https://client.example/home\"");
        assert!(!stranger.body.contains("type=\"password\""));
    }

    async fn the_way_back_is_in_the_address_of_every_face_of_the_page(server: TestServer) {
        import(&server, json!({ "homePageUrl": "https://client.example/home" })).await;
        let tenant = &server.tenant;
        let policy = json!({ "name": "Registering", "default": true, "actions": [
            { "type": "LOGIN", "priority": 1, "registration": { "enabled": true } }] });
        server.import(&json!({ "environments": [
            { "id": tenant.id, "name": "First", "signOnPolicies": [policy] } ] })).await;
        let browser = tenant.browser();
        let mut page = tenant.authorize(&tenant.web).page(&browser).await;
        for link in ["register-link", "back-to-sign-on"] {
            page = browser.get(link_of(&page, link)).send().await.expect_status(200);
            let stranger = tenant.browser().get(&page.url).send().await;
            says(&stranger, "href=\"https://client.example/home\"");
        }
    }

    async fn an_application_without_an_address_is_named_and_not_linked(server: TestServer) {
        let tenant = &server.tenant;
        let page = tenant.authorize(&tenant.web).page(&tenant.browser()).await;
        let stranger = tenant.browser().get(&page.url).send().await;
        says(&stranger, "<strong dir=\"auto\">Web</strong>");
        assert!(!stranger.body.contains("id=\"back\""));
    }

    async fn the_back_button_after_the_end_finds_the_way_back(server: TestServer) {
        import(&server, json!({ "homePageUrl": "https://client.example/home" })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let person = &tenant.person;
        let done = submit(tenant, &browser, &page, &person.username, &person.password).await;
        assert_eq!(done.status, 302);
        let again = browser.get(&page.url).send().await;
        let again = browser.follow(again, &tenant.base).await;
        says(&again, "You are already signed on");
        says(&again, "href=\"https://client.example/home\"");
    }

    async fn threat_3_a_made_up_link_leads_only_to_registered_applications(server: TestServer) {
        import(&server, json!({ "homePageUrl": "javascript:alert(1)" })).await;
        let tenant = &server.tenant;
        let flow = "00000000-0000-4000-8000-000000000000";
        for client in [
            tenant.web.id.as_str(),
            server.other.web.id.as_str(),
            "https://evil.example",
            "%22%3E%3Cscript%3E",
        ] {
            let url = format!(
                "{}/{}/signon/?flowId={flow}&client_id={client}&back=https://evil.example",
                tenant.base, tenant.id
            );
            let page = tenant.browser().get(url).send().await;
            says(&page, "This browser sent no cookie");
            for word in ["evil.example", "javascript:", "<script>", "id=\"back\""] {
                assert!(!page.body.contains(word), "{client}: {word}\n{}", page.body);
            }
        }
    }

    async fn an_error_stands_beside_its_field(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let form = page.form().fill("username", "").fill("password", "x");
        let wrong = browser.submit(form).await.expect_status(200);
        says(&wrong, "class=\"fault\" id=\"error\" role=\"alert\">Enter your username.");
        says(&wrong, "<title>Error: Sign On - Web</title>");
        assert_eq!(wrong.body.matches("aria-invalid=\"true\"").count(), 1, "{}", wrong.body);
        assert_eq!(wrong.body.matches("autofocus").count(), 1, "{}", wrong.body);
        let form = page.form().fill("username", "").fill("password", "");
        let nothing = browser.submit(form).await.expect_status(200);
        says(&nothing, "Enter your username.");
    }
}
