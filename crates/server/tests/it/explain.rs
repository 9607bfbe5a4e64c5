//! Refusals can be explained (`docs/operations/explain.md`): by the correlation id of the answer,
//! to administrators alone.

use countersign_domain::ids::EnvId;
use countersign_protocol::explain::{self, Explanation};
use countersign_testkit::{Answer, Tenant, TestServer, on_every_adapter};
use std::time::Duration;

/// The explanation of an answer, as `countersign explain` finds it.
async fn explained_in(server: &TestServer, env: EnvId, answer: &Answer) -> Option<Explanation> {
    server.save_explanations().await;
    let id = answer.header("correlation-id").unwrap().parse().unwrap();
    let store = &*server.ports.store;
    explain::find(None, store, env, id, server.ports.clock.now())
        .await
        .unwrap()
}

async fn explained(server: &TestServer, tenant: &Tenant, answer: &Answer) -> Explanation {
    let env = tenant.id.parse().unwrap();
    explained_in(server, env, answer).await.unwrap()
}

on_every_adapter! {
    async fn a_redirect_uri_is_compared_with_the_nearest_registered_one(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let sent = "https://client.example/Callback";
        let answer = tenant.authorize(&tenant.web).set("redirect_uri", sent).send(&browser).await;
        let answer = answer.expect_status(400);
        let why = explained(&server, tenant, &answer).await;
        assert_eq!(why.refusal, "RedirectUriMismatch");
        assert_eq!(why.expected, countersign_testkit::REDIRECT_URI);
        let arrived = why.arrived.unwrap();
        assert!(arrived.contains("byte 23") && arrived.contains("\"Callback\" for \"callback\""), "{arrived}");
        assert!(why.rule.file.starts_with("crates/protocol/src/as_/checks/redirect_uri.rs:"), "{:?}", why.rule);
        assert!(why.rule.clause.contains("RFC 6749"));
        assert!(why.mend.contains("redirectUris"));
        assert_eq!(why.request.unwrap().path, format!("/{}/as/authorize", tenant.id));
    }

    async fn what_leaves_by_redirect_is_explained_too(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for (app, parameter, value, refusal) in [
            (&tenant.web, "scope", "no-such-scope", "NoScopeGranted"),
            (&tenant.spa, "code_challenge", "", "PkceRequired"),
            (&tenant.web, "acr_values", "No_Such_Policy", "PolicyNotAssigned"),
            (&tenant.web, "prompt", "none", "LoginRequired"),
        ] {
            let request = tenant.authorize(app).set(parameter, value);
            let answer = request.send(&browser).await.expect_status(302);
            let why = explained(&server, tenant, &answer).await;
            assert_eq!(why.refusal, refusal, "{parameter}");
        }
    }

    async fn an_unknown_client_or_environment_is_explained(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let foreign = &server.other.web;
        let answer = tenant.authorize(foreign).send(&browser).await.expect_status(400);
        let why = explained(&server, tenant, &answer).await;
        assert_eq!((why.refusal.as_str(), why.arrived.as_deref()), ("ClientUnknown", Some(foreign.id.as_str())));
        let nowhere = format!("{}/99999999-0000-4000-8000-000000000001/as/jwks", tenant.base);
        let answer = browser.get(nowhere).send().await.expect_status(404);
        let why = explained_in(&server, EnvId::PLATFORM, &answer).await.unwrap();
        assert_eq!(why.refusal, "EnvironmentNotFound");
    }

    async fn a_flow_says_whether_it_expired_or_the_cookie_is_missing_or_foreign(server: TestServer) {
        let tenant = &server.tenant;
        let (mine, other) = (tenant.browser(), tenant.browser());
        let flow = tenant.authorize(&tenant.native).start_flow(&mine).await;
        let _ = tenant.authorize(&tenant.native).start_flow(&other).await;
        for (browser, arrived) in [
            (&tenant.browser(), "no cookie named ST"),
            (&other, "anonymous token of another browser"),
        ] {
            let answer = browser.get(tenant.flow(&flow)).send().await.expect_status(404);
            let why = explained(&server, tenant, &answer).await;
            assert_eq!(why.refusal, "FlowNotFound");
            assert!(why.arrived.as_deref().unwrap().contains(arrived), "{why:?}");
        }
        let odd = tenant.browser().get(tenant.flow(&flow)).header("cookie", "ST=odd").send().await;
        let why = explained(&server, tenant, &odd.expect_status(404)).await;
        assert!(why.arrived.as_deref().unwrap().contains("this server never made"), "{why:?}");
        server.clock.advance(Duration::from_mins(16));
        let answer = mine.get(tenant.flow(&flow)).send().await.expect_status(404);
        let why = explained(&server, tenant, &answer).await;
        assert!(why.because.starts_with("the flow expired at"), "{why:?}");
    }

    async fn the_reference_on_a_page_is_explained(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let person = &tenant.person;
        let form = page.form().fill("username", &person.username).fill("password", "Wrong-Word-1");
        let wrong = browser.post(&form.action).form(form.fields).send().await.expect_status(303);
        let id = wrong.header("correlation-id").unwrap();
        let again = browser.get(wrong.redirect()).send().await;
        assert!(again.body.contains(&format!("Reference {id}")), "{}", again.body);
        let why = explained(&server, tenant, &wrong).await;
        assert_eq!(why.refusal, "WrongCredentials");
        assert_eq!(why.about.as_ref().unwrap().id, person.id);
        assert_eq!(why.request.as_ref().unwrap().path, format!("/{}/signon/", tenant.id));
        assert!(!serde_json::to_string(&why).unwrap().contains("Wrong-Word-1"));
    }

    async fn what_is_not_there_is_explained_where_the_environment_is(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let nothing = format!("{}/{}/as/nothing", tenant.base, tenant.id);
        let _ = tenant.jwks().await;
        let answer = browser.get(nothing).send().await.expect_status(404);
        assert_eq!(explained(&server, tenant, &answer).await.refusal, "NotFound");
        let answer = browser.get(tenant.endpoint("token")).send().await.expect_status(405);
        assert_eq!(explained(&server, tenant, &answer).await.refusal, "MethodNotAllowed");
    }

    async fn a_sign_off_that_leads_nowhere_says_where_it_could_lead(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let url = format!(
            "{}?client_id={}&post_logout_redirect_uri=https://evil.example/",
            tenant.endpoint("signoff"), tenant.web.id,
        );
        let answer = browser.get(url).send().await.expect_status(400);
        let why = explained(&server, tenant, &answer).await;
        assert_eq!(why.arrived.as_deref(), Some("https://evil.example/"));
        assert!(why.expected.contains("registered") || why.expected.starts_with("https://client"), "{why:?}");
    }

    async fn a_client_learns_nothing_that_the_administrator_does(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let mut app = tenant.web.clone();
        app.auth_method = "CLIENT_SECRET_POST";
        let answer = tenant.redeem(&app, &code).send(&browser).await.expect_status(401);
        let why = explained(&server, tenant, &answer).await;
        assert_eq!(why.refusal, "ClientAuthenticationMethod");
        assert_eq!(why.expected, "CLIENT_SECRET_BASIC");
        assert_eq!(why.arrived.as_deref(), Some("CLIENT_SECRET_POST"));
        assert!(!answer.body.contains("CLIENT_SECRET_BASIC"), "{}", answer.body);
        let text = serde_json::to_string(&why).unwrap();
        assert!(!text.contains(&app.secret) && !text.contains(&code), "{text}");
    }

    async fn threat_42_an_explanation_belongs_to_its_environment(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = tenant.authorize(&tenant.web).set("redirect_uri", "https://evil.example/").send(&browser).await;
        let other = server.other.id.parse().unwrap();
        assert!(explained_in(&server, other, &answer).await.is_none());
    }

    /// Refusals cost their sender nothing, so they must not cost the disk much.
    async fn threat_33_refusals_are_written_in_slices_and_forgotten_in_a_day(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let before = server.counts.commits();
        let mut last = None;
        for _ in 0..40 {
            let request = tenant.authorize(&tenant.web).set("redirect_uri", "https://evil.example/");
            last = Some(request.send(&browser).await.expect_status(400));
        }
        assert_eq!(server.counts.commits(), before, "a refusal is not a write");
        assert_eq!(server.save_explanations().await, 16);
        assert_eq!(server.counts.commits(), before + 1);
        let answer = last.unwrap();
        let _ = explained(&server, tenant, &answer).await;
        server.clock.advance(Duration::from_hours(25));
        let env = tenant.id.parse().unwrap();
        assert!(explained_in(&server, env, &answer).await.is_none());
    }
}
