//! The `ST` cookie and what it stands for

use std::time::Duration;

use countersign_testkit::{StoredCookie, TestServer, code_of, on_every_adapter};

on_every_adapter! {
    async fn the_cookie_is_for_one_environment_and_out_of_reach_of_scripts(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = tenant.authorize(&tenant.web).send(&browser).await;
        let set: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|header| header.to_str().ok())
            .collect();
        let cookie = set.iter().find(|header| header.starts_with("ST=")).unwrap();
        assert!(cookie.contains(&format!("Path=/{}", tenant.id)), "{cookie}");
        assert!(cookie.contains("HttpOnly"), "{cookie}");
        // Plain http on the loopback: without Secure, and so without SameSite=None.
        assert!(cookie.contains("SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }

    async fn threat_25_the_cookie_changes_when_the_person_is_known(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let cookie = || browser.cookie(tenant.flow(&flow), "ST").unwrap();
        let before = cookie();
        let person = &tenant.person;
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let _ = done.expect_status(200);
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let _ = browser.get(resume).send().await.expect_status(200);
        assert_ne!(cookie(), before);
        // Whoever knew the cookie from before has nothing.
        let thief = tenant.browser();
        thief.with_jar(|jar| jar.plant(stolen(&tenant.id, &before)));
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&thief).await;
        assert!(silent.redirect().query().unwrap().contains("login_required"));
    }

    async fn threat_25_a_planted_cookie_is_ignored(server: TestServer) {
        let tenant = &server.tenant;
        for planted in ["", "x", "a.b.c", "s.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "00000000-0000-4000-8000-000000000000"] {
            let browser = tenant.browser();
            browser.with_jar(|jar| jar.plant(stolen(&tenant.id, planted)));
            let code = tenant.authorize(&tenant.web).code(&browser).await;
            let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
            let now = browser.cookie(tenant.endpoint("authorize"), "ST");
            assert_ne!(now.as_deref(), Some(planted));
        }
    }

    async fn threat_25_each_sign_on_elsewhere_is_another_session(server: TestServer) {
        let tenant = &server.tenant;
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..3 {
            let tokens = tenant.tokens(&tenant.web).await;
            let id = tenant.verify(&tokens["id_token"]).await;
            assert!(seen.insert(id.text("sid").to_owned()));
        }
    }

    async fn one_browser_keeps_one_session(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let mut sids = Vec::new();
        for app in [&tenant.web, &tenant.spa] {
            let answer = tenant.authorize(app).send(&browser).await;
            let at_client = |to: &url::Url| to.as_str().starts_with(countersign_testkit::REDIRECT_URI);
            let code = match answer.location().filter(at_client) {
                Some(redirect) => code_of(&redirect),
                None => tenant.authorize(app).code(&browser).await,
            };
            let tokens = tenant.redeem(app, &code).send(&browser).await.expect_status(200).json();
            sids.push(tenant.verify(&tokens["id_token"]).await.text("sid").to_owned());
            server.clock.advance(Duration::from_mins(1));
        }
        assert_eq!(sids[0], sids[1]);
    }

    async fn a_sign_on_after_eight_hours_keeps_the_session(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let first = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        server.clock.advance(Duration::from_hours(9));
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let mut form = page.form().fill("password", &tenant.person.password);
        if form.value("username") == Some("") {
            form = form.fill("username", &tenant.person.username);
        }
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        let code = code_of(&answer.redirect());
        let second = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        let first = tenant.verify(&first["id_token"]).await;
        let second = tenant.verify(&second["id_token"]).await;
        assert_eq!(first.text("sid"), second.text("sid"));
        assert!(second.number("auth_time") > first.number("auth_time"));
    }

    async fn the_eleventh_session_of_a_user_ends_the_oldest(server: TestServer) {
        let tenant = &server.tenant;
        let mut opened = Vec::new();
        for _ in 0..11 {
            let browser = tenant.browser();
            let code = tenant.authorize(&tenant.web).code(&browser).await;
            let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await;
            opened.push((browser, tokens.expect_status(200).text("/access_token")));
            server.clock.advance(Duration::from_secs(10));
        }
        // The second signs on once more: that is no new session, and ends none.
        let again = tenant.authorize(&tenant.web).set("prompt", "login");
        let _ = again.code(&opened[1].0).await;
        for (number, (browser, token)) in opened.iter().enumerate() {
            let expected = if number == 0 { 401 } else { 200 };
            let _ = tenant.userinfo(token).await.expect_status(expected);
            let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(browser).await;
            let query = silent.redirect().query().unwrap().to_owned();
            assert_eq!(query.contains("login_required"), number == 0, "{number}: {query}");
        }
    }
}

fn stolen(env: &str, value: &str) -> StoredCookie {
    StoredCookie {
        name: "ST".to_owned(),
        value: value.to_owned(),
        host: "127.0.0.1".to_owned(),
        path: format!("/{env}"),
        secure: false,
        http_only: true,
        same_site: None,
        expires_at: None,
    }
}
