//! The `ST` cookie and what it stands for

use std::time::Duration;

use countersign_domain::entity;
use countersign_domain::ports::Clock;
use countersign_domain::session::Session;
use countersign_testkit::{StoredCookie, TestServer, code_of, on_every_adapter, submit};
use serde_json::json;

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

    async fn two_applications_in_two_tabs_end_in_one_session(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        // Both tabs show the sign-on page before either is filled in.
        let pages = [tenant.authorize(&tenant.web).page(&browser).await, tenant.authorize(&tenant.post).page(&browser).await];
        let mut sids = Vec::new();
        for (page, app) in pages.iter().zip([&tenant.web, &tenant.post]) {
            let person = &tenant.person;
            let answer = submit(tenant, &browser, page, &person.username, &person.password).await;
            let code = code_of(&answer.redirect());
            let tokens = tenant.redeem(app, &code).send(&browser).await.expect_status(200).json();
            sids.push(tenant.verify(&tokens["id_token"]).await.text("sid").to_owned());
            server.clock.advance(Duration::from_secs(10));
        }
        assert_eq!(sids[0], sids[1]);
    }

    async fn another_person_in_another_tab_ends_the_first_ones_session(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let pages = [tenant.authorize(&tenant.web).page(&browser).await, tenant.authorize(&tenant.post).page(&browser).await];
        let mut tokens = Vec::new();
        let people = [(&tenant.web, &tenant.person), (&tenant.post, &tenant.other_person)];
        for (page, (app, person)) in pages.iter().zip(people) {
            let answer = submit(tenant, &browser, page, &person.username, &person.password).await;
            let code = code_of(&answer.redirect());
            tokens.push(tenant.redeem(app, &code).send(&browser).await.expect_status(200).text("/access_token"));
        }
        let _ = tenant.userinfo(&tokens[0]).await.expect_status(401);
        let _ = tenant.userinfo(&tokens[1]).await.expect_status(200);
    }

    async fn a_session_that_lies_idle_ends_and_one_in_use_lives_on(server: TestServer) {
        let tenant = &server.tenant;
        server.import(&serde_json::json!({ "environments": [{
            "id": tenant.id, "name": "First",
            "countersign": { "sessionIdleTimeoutInMinutes": 30, "sessionLifetimeInMinutes": 90 },
        }] })).await;
        let (used, idle) = (tenant.browser(), tenant.browser());
        let is_known = async |browser: &countersign_testkit::Browser| {
            let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(browser).await;
            !silent.redirect().query().unwrap().contains("login_required")
        };
        for browser in [&used, &idle] {
            let _ = tenant.authorize(&tenant.web).code(browser).await;
        }
        for _ in 0..3 {
            server.clock.advance(Duration::from_mins(25));
            assert!(is_known(&used).await);
        }
        assert!(!is_known(&idle).await);
        // However much it is used, it ends.
        server.clock.advance(Duration::from_mins(16));
        assert!(!is_known(&used).await);
    }

    async fn active_at_moves_with_refreshes_and_costs_no_commit(server: TestServer) {
        let tenant = &server.tenant;
        server.import(&serde_json::json!({ "environments": [{
            "id": tenant.id, "name": "First", "applications": [{
                "id": tenant.web.id, "name": "Web",
                "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
            }],
        }] })).await;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let (mut refresh, sid) = (tokens.text("/refresh_token"), tenant.verify(&tokens.json()["id_token"]).await.text("sid").to_owned());
        let (store, env) = (&*server.ports.store, tenant.id.parse().unwrap());
        let session = async || {
            let now = server.ports.clock.now();
            let found = entity::load::<Session>(store, env, sid.clone(), now).await;
            found.unwrap().unwrap().value
        };
        let begun = session().await;
        for _ in 0..2 {
            server.clock.advance(Duration::from_mins(5));
            let before = server.counts.commits();
            let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
            let request = browser.post(tenant.endpoint("token")).basic(&tenant.web.id, &tenant.web.secret);
            refresh = request.form(form).send().await.expect_status(200).text("/refresh_token");
            assert_eq!(server.counts.commits() - before, 1);
            let now = session().await;
            assert_eq!(now.active_at, server.ports.clock.now());
            assert_eq!(now.expires_at, begun.expires_at, "a refresh is nobody at a browser");
        }
    }

    /// `reference/flows.md` 8.1: either cookie does, and `ST` comes first.
    async fn the_twin_of_the_cookie_does_as_well(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let token = browser.cookie(tenant.flow(&flow), "ST").unwrap();
        let other = tenant.browser();
        let _ = tenant.authorize(&tenant.native).start_flow(&other).await;
        let another = other.cookie(tenant.flow(&flow), "ST").unwrap();
        for (cookies, status) in [
            (format!("ST-NO-SS={token}"), 200),
            (format!("ST-NO-SS={another}; ST={token}"), 200),
            (format!("ST={another}; ST-NO-SS={token}"), 404),
            ("other=1".to_owned(), 404),
        ] {
            let bare = tenant.browser();
            let request = bare.get(tenant.flow(&flow)).header("cookie", cookies.clone());
            assert_eq!(request.send().await.status, status, "{cookies}");
        }
    }

    /// `reference/flows.md` 1: sessions are written when a flow completes, and not before.
    async fn a_flow_that_is_left_alone_leaves_the_session_alone(server: TestServer) {
        let api = crate::v1::admin(&server).await;
        let tenant = &server.tenant;
        let profiling = json!({ "type": "PROGRESSIVE_PROFILING", "priority": 2, "promptText": "More",
            "attributes": [{ "name": "mobilePhone", "required": true }],
            "promptIntervalSeconds": 1, "preventMultiplePromptsPerFlow": true });
        let policy = json!({ "name": "Asks_More", "actions": [{ "type": "LOGIN", "priority": 1 }, profiling] });
        let assigned = json!([{ "signOnPolicy": "Asks_More", "priority": 1 }]);
        let native = json!({ "id": tenant.native.id, "name": "Native", "signOnPolicyAssignments": assigned });
        let environment = json!({ "id": tenant.id, "name": "First", "signOnPolicies": [policy], "applications": [native] });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let sessions = format!("/environments/{}/users/{}/sessions", tenant.id, tenant.person.id);
        let before = api.get(&sessions).await.expect_status(200).json();
        assert_eq!(before["count"], 1);
        let other = &tenant.other_person;
        let request = tenant.authorize(&tenant.native).set("prompt", "login");
        let flow = request.start_flow(&browser).await;
        let left = tenant.check_password(&browser, &flow, &other.username, &other.password).await;
        assert_eq!(left.expect_status(200).text("/status"), "PROFILE_DATA_REQUIRED");
        assert_eq!(api.get(&sessions).await.expect_status(200).json(), before);
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
        assert!(silent.redirect().query().unwrap().contains("code="));
        let theirs = format!("/environments/{}/users/{}/sessions", tenant.id, other.id);
        assert_eq!(api.get(&theirs).await.expect_status(200).json()["count"], 0);
    }

    /// `reference/flows.md` 8.4: the user record, and what a session shows.
    async fn a_sign_on_shows_on_the_user_and_on_the_session(server: TestServer) {
        let api = crate::v1::admin(&server).await;
        let tenant = &server.tenant;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let before = api.get(&user).await.expect_status(200).json();
        assert!(before.get("lastSignOn").is_none(), "{before}");
        let _ = tenant.authorize(&tenant.web).code(&tenant.browser()).await;
        let after = api.get(&user).await.expect_status(200).json();
        let now = server.clock.now().to_string();
        assert_eq!(after["lastSignOn"], json!({ "at": now, "remoteIp": "127.0.0.1" }));
        let list = api.get(&format!("{user}/sessions")).await.expect_status(200).json();
        let session = &list["_embedded"]["sessions"][0];
        let links: Vec<&String> = session["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["environment", "self", "user"]);
        let policy = &session["lastSignOn"]["policy"];
        assert_eq!(policy["type"], "PINGONE");
        let with = json!({ "at": now, "policy": policy });
        assert_eq!(session["lastSignOn"]["withAuthenticator"], json!({ "pwd": with }));
        assert_eq!(session["lastSignOn"]["at"], now);
        assert_eq!(session["lastSignOn"]["remoteIp"], "127.0.0.1");
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
