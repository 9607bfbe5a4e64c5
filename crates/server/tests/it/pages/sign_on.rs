//! The sign-on page, as a browser without JavaScript has it

use countersign_testkit::{TestServer, code_of, on_every_adapter, submit};

const POLYGLOT: &str = r#""'><!--</script></style><img src=x onerror=alert(1)>"#;

on_every_adapter! {
    async fn it_has_the_words_that_clients_look_for(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        assert!(page.header("content-type").unwrap_or_default().starts_with("text/html"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        for word in ["Username", "Password", "Sign On", "<html lang=\"en\""] {
            assert!(page.body.contains(word), "{word}");
        }
        let form = page.form();
        assert_eq!(form.method, "POST");
        assert_eq!(form.password.as_deref(), Some("password"));
        assert!(form.value("username").is_some());
    }

    async fn it_cannot_be_framed_and_runs_nothing_inline(server: TestServer) {
        let tenant = &server.tenant;
        let page = tenant.authorize(&tenant.web).page(&tenant.browser()).await;
        let policy = page.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(page.header("referrer-policy").is_some());
        assert!(!page.body.contains("style=\"") && !page.body.contains("onclick"));
    }

    async fn a_wrong_password_is_said_and_the_name_is_kept(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let person = &tenant.person;
        let wrong = submit(tenant, &browser, &page, &person.username, "wrong").await;
        assert!(wrong.body.contains("Invalid username and/or password."), "{}", wrong.body);
        assert_eq!(wrong.form().value("username"), Some(person.username.as_str()));
        assert_eq!(wrong.form().value("password"), Some(""));
        let right = submit(tenant, &browser, &wrong, &person.username, &person.password).await;
        assert!(!code_of(&right.redirect()).is_empty());
    }

    async fn threat_4_what_is_typed_never_becomes_markup(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("login_hint", POLYGLOT);
        let page = request.page(&browser).await;
        assert!(!page.body.contains("<img src=x"));
        let wrong = submit(tenant, &browser, &page, POLYGLOT, "wrong").await;
        assert!(!wrong.body.contains("<img src=x"));
        assert_eq!(wrong.form().value("username"), Some(POLYGLOT));
    }

    async fn the_login_hint_is_filled_in(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.web).set("login_hint", "alice@client.example");
        let page = request.page(&tenant.browser()).await;
        assert_eq!(page.form().value("username"), Some("alice@client.example"));
    }

    async fn without_the_cookie_it_explains_itself(server: TestServer) {
        let tenant = &server.tenant;
        let page = tenant.authorize(&tenant.web).send(&tenant.browser()).await.redirect();
        let stranger = tenant.browser().get(page).send().await;
        assert!((400..500).contains(&stranger.status), "{}", stranger.status);
        assert!(stranger.header("content-type").unwrap_or_default().starts_with("text/html"));
        assert!(!stranger.body.contains("type=\"password\""));
    }

    async fn threat_38_another_site_cannot_submit_it(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let person = &tenant.person;
        let form = page.form().fill("username", &person.username).fill("password", &person.password);
        let request = browser
            .post(&form.action)
            .header("origin", "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        let answer = request.form(form.fields).send().await;
        assert!((400..500).contains(&answer.status), "{} {:?}", answer.status, answer.location());
    }

    async fn an_expired_flow_is_explained(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        server.clock.advance(std::time::Duration::from_mins(16));
        let person = &tenant.person;
        let late = submit(tenant, &browser, &page, &person.username, &person.password).await;
        assert!((400..500).contains(&late.status), "{}", late.status);
        assert!(late.header("content-type").unwrap_or_default().starts_with("text/html"));
    }
}
