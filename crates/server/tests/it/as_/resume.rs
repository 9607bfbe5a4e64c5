//! `GET /{envID}/as/resume?flowId=...`

use countersign_testkit::{Answer, Browser, Tenant, TestServer, code_of, on_every_adapter, query};

fn resume_url(tenant: &Tenant, flow: &str) -> String {
    format!("{}?flowId={flow}", tenant.endpoint("resume"))
}

/// A completed flow of the single-page application in redirect mode, not resumed yet.
async fn completed(tenant: &Tenant, browser: &Browser) -> String {
    let page = tenant
        .authorize(&tenant.spa)
        .send(browser)
        .await
        .expect_status(302)
        .redirect();
    let flow = query(&page)["flowId"].clone();
    let person = &tenant.person;
    let answer = tenant
        .check_password(browser, &flow, &person.username, &person.password)
        .await;
    let answer = answer.expect_status(200);
    assert_eq!(answer.text("/status"), "COMPLETED");
    assert_eq!(answer.text("/resumeUrl"), resume_url(tenant, &flow));
    flow
}

#[track_caller]
fn has_no_code(answer: &Answer) {
    let location = answer.location().map(String::from).unwrap_or_default();
    assert!(!location.contains("code="), "{location}");
    assert!(!answer.body.contains("\"code\":\"ey") && !answer.body.contains("authorizeResponse"));
}

on_every_adapter! {
    async fn a_completed_flow_leads_back_to_the_client(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        let answer = browser.get(resume_url(tenant, &flow)).send().await.expect_status(302);
        let code = code_of(&answer.redirect());
        let _ = tenant.redeem(&tenant.spa, &code).send(&browser).await.expect_status(200);
    }

    async fn a_flow_is_resumed_once(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        let _ = browser.get(resume_url(tenant, &flow)).send().await.expect_status(302);
        has_no_code(&browser.get(resume_url(tenant, &flow)).send().await);
    }

    async fn threat_10_parallel_resumes_make_one_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        let url = resume_url(tenant, &flow);
        let tries = (0..16).map(|_| browser.get(&url).send());
        let answers = futures_util::future::join_all(tries).await;
        let codes = answers.iter().filter(|answer| {
            answer.location().is_some_and(|to| query(&to).contains_key("code"))
        });
        assert_eq!(codes.count(), 1);
    }

    async fn threat_25_another_browser_cannot_resume(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        let stranger = tenant.browser();
        let without = stranger.get(resume_url(tenant, &flow)).send().await;
        assert!((400..500).contains(&without.status), "{}", without.status);
        has_no_code(&without);
        // A stranger who has a session of his own.
        let _ = tenant.authorize(&tenant.web).code(&stranger).await;
        let other = stranger.get(resume_url(tenant, &flow)).send().await;
        assert!((400..500).contains(&other.status), "{}", other.status);
        has_no_code(&other);
        let _ = browser.get(resume_url(tenant, &flow)).send().await.expect_status(302);
    }

    async fn an_unfinished_flow_goes_back_to_the_sign_on_page(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.spa).send(&browser).await.redirect();
        let flow = query(&page)["flowId"].clone();
        let answer = browser.get(resume_url(tenant, &flow)).send().await.expect_status(302);
        assert!(answer.redirect().path().ends_with("/signon/"));
    }

    async fn an_unknown_or_expired_flow_is_not_found(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        for unknown in ["00000000-0000-4000-8000-000000000000", "x", ""] {
            let answer = browser.get(resume_url(tenant, unknown)).send().await;
            assert!(matches!(answer.status, 400 | 404), "{}", answer.status);
        }
        server.clock.advance(std::time::Duration::from_mins(15));
        let late = browser.get(resume_url(tenant, &flow)).header("accept", "application/json");
        let late = late.send().await.expect_status(404);
        assert_eq!(late.text("/code"), "NOT_FOUND");
    }

    /// `reference/oidc.md` 5.1. Browsers that go there name HTML; programs and scripts do not.
    async fn who_comes_for_no_page_is_told_in_json(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        let url = resume_url(tenant, &flow);
        let stranger = tenant.browser();
        let told = stranger.get(&url).header("accept", "*/*").send().await.expect_status(404);
        assert_eq!(told.text("/code"), "NOT_FOUND");
        let page = stranger.get(&url).send().await.expect_status(404);
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        let _ = browser.get(&url).send().await.expect_status(302);
        let losing = browser.get(&url).header("accept", "*/*").send().await;
        assert!(losing.json()["code"].is_string(), "{}", losing.body);
        has_no_code(&losing);
    }

    async fn threat_12_what_was_asked_for_cannot_be_changed_later(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = completed(tenant, &browser).await;
        let url = format!(
            "{}&response_type=token&response_mode=fragment&scope=phone&client_id={}&redirect_uri={}",
            resume_url(tenant, &flow),
            tenant.web.id,
            "https%3A%2F%2Fevil.example%2F",
        );
        let redirect = browser.get(url).send().await.expect_status(302).redirect();
        assert!(redirect.as_str().starts_with(countersign_testkit::REDIRECT_URI), "{redirect}");
        assert!(redirect.fragment().is_none());
        let code = query(&redirect)["code"].clone();
        let tokens = tenant.redeem(&tenant.spa, &code).send(&browser).await.expect_status(200);
        assert_eq!(tokens.text("/scope"), "openid profile email");
    }
}
