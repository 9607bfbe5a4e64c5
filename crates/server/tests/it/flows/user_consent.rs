//! `application/vnd.pingidentity.user.consent+json`

use std::time::Duration;

use countersign_domain::ports::Clock;
use countersign_testkit::{Answer, Browser, TestServer, code_of, on_every_adapter, submit};
use serde_json::{Value, json};

/// A password every eight hours, then the terms.
async fn terms(server: &TestServer, agreement: Value, step: Value) {
    let mut terms = json!({
        "name": "Terms",
        "enabled": true,
        "languages": [
            {
                "locale": "en",
                "displayName": "Terms of <service>",
                "userExperience": {
                    "acceptCheckboxText": "I accept",
                    "continueButtonText": "On we go",
                    "declineButtonText": "Never",
                },
                "revisions": [{
                    "effectiveAt": "2020-01-01T00:00:00.000Z",
                    "contentType": "text/html",
                    "text": "<p onclick='x()'>Be <b>kind</b>.</p><script>alert(1)</script>",
                }],
            },
            {
                "locale": "de",
                "displayName": "Bedingungen",
                "revisions": [{
                    "effectiveAt": "2020-01-01T00:00:00.000Z",
                    "text": "Sei <nett>.",
                }],
            },
        ],
    });
    merge(&mut terms, agreement);
    let mut ask = json!({ "type": "AGREEMENT", "priority": 2, "agreement": "Terms" });
    merge(&mut ask, step);
    let login = json!({
        "type": "LOGIN",
        "priority": 1,
        "condition": {
            "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}",
            "greater": 28800,
        },
    });
    let policy = json!({ "name": "With_Terms", "default": true, "actions": [login, ask] });
    import(
        server,
        json!({ "agreements": [terms], "signOnPolicies": [policy] }),
    )
    .await;
}

fn merge(object: &mut Value, more: Value) {
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
}

async fn import(server: &TestServer, mut environment: Value) {
    let own = json!({ "id": server.tenant.id, "name": "First" });
    merge(&mut environment, own);
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// One more revision of the English text, effective at once.
async fn revise(server: &TestServer, text: &str, require_reconsent: bool) {
    let revision = json!({ "text": text, "requireReconsent": require_reconsent });
    let language = json!({ "locale": "en", "revisions": [revision] });
    let agreement = json!({ "name": "Terms", "languages": [language] });
    import(server, json!({ "agreements": [agreement] })).await;
}

/// The flow after the password.
async fn signed_on(server: &TestServer, browser: &Browser) -> (String, Value) {
    let tenant = &server.tenant;
    let person = &tenant.person;
    let flow = tenant.authorize(&tenant.native).start_flow(browser).await;
    let answer = tenant
        .check_password(browser, &flow, &person.username, &person.password)
        .await;
    (flow, answer.expect_status(200).json())
}

async fn consent(server: &TestServer, browser: &Browser, flow: &str, body: &Value) -> Answer {
    server.tenant.act(browser, flow, "user.consent", body).await
}

/// Signs on and accepts, if asked to. Whether that was so.
async fn was_asked(server: &TestServer) -> bool {
    let browser = server.tenant.browser();
    let (flow, answer) = signed_on(server, &browser).await;
    if answer["status"] == "COMPLETED" {
        return false;
    }
    assert_eq!(answer["status"], "AGREEMENT_CONSENT_REQUIRED");
    let done = consent(server, &browser, &flow, &json!({ "accept": true })).await;
    assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    true
}

on_every_adapter! {
    async fn the_text_is_shown_and_accepted_once(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, asked) = signed_on(&server, &browser).await;
        assert_eq!(asked["status"], "AGREEMENT_CONSENT_REQUIRED");
        let links: Vec<&String> = asked["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["self", "user.consent"]);
        let shown = &asked["_embedded"]["agreement"];
        assert_eq!(shown["name"], "Terms");
        assert_eq!(shown["displayName"], "Terms of <service>");
        assert_eq!(shown["locale"], "en");
        assert_eq!(shown["contentType"], "text/html");
        assert_eq!(shown["userExperience"]["acceptCheckboxText"], "I accept");
        assert_eq!(shown["disableDeclineOption"], false);
        assert!(shown["text"].as_str().unwrap().starts_with("<p onclick"));
        // Nothing comes out of the flow before.
        assert!(asked.get("session").is_none());
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let early = browser.get(&resume).send().await.expect_status(200).json();
        assert!(early.get("authorizeResponse").is_none());

        let commits = server.counts.commits();
        let done = consent(&server, &browser, &flow, &json!({ "accept": true })).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
        assert_eq!(server.counts.commits() - commits, 1);
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());
        assert!(!was_asked(&server).await);
    }

    async fn who_declines_is_sent_back_with_an_error(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = submit(tenant, &browser, &page, &person.username, &person.password).await;
        let flow = page.url.query_pairs().find(|(name, _)| name == "flowId").unwrap().1;
        let declined = consent(&server, &browser, &flow, &json!({ "accept": false })).await;
        let declined = declined.expect_status(200).json();
        assert_eq!(declined["status"], "FAILED");
        assert_eq!(declined["error"]["code"], "access_denied");
        let links: Vec<&String> = declined["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["self"]);
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let answer = browser.get(&resume).send().await.redirect();
        assert!(answer.query().unwrap().contains("error=access_denied"), "{answer}");
        // It is not said once for all.
        assert!(was_asked(&server).await);
    }

    /// `reference/flows.md` 8.4: on each successful flow, which this is not before the consent.
    async fn a_right_password_is_no_sign_on_before_the_flow_succeeds(server: TestServer) {
        let api = crate::v1::admin(&server).await;
        terms(&server, json!({}), json!({})).await;
        let tenant = &server.tenant;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        for accept in [false, true] {
            server.clock.advance(Duration::from_mins(1));
            let browser = tenant.browser();
            let at = server.clock.now().to_string();
            let (flow, _) = signed_on(&server, &browser).await;
            server.clock.advance(Duration::from_mins(1));
            let _ = consent(&server, &browser, &flow, &json!({ "accept": accept })).await;
            let read = api.get(&user).await.expect_status(200).json();
            // As on the session: when the password proved it, not when the terms were read.
            let expected = accept.then(|| json!({ "at": at, "remoteIp": "127.0.0.1" }));
            assert_eq!(read.get("lastSignOn"), expected.as_ref());
        }
    }

    async fn only_a_yes_is_a_consent(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let browser = server.tenant.browser();
        let (flow, _) = signed_on(&server, &browser).await;
        for (body, code) in [
            (json!({}), "REQUIRED_VALUE"),
            (json!({ "accept": null }), "REQUIRED_VALUE"),
            (json!({ "accept": 1 }), "INVALID_VALUE"),
            (json!({ "accept": "yes" }), "INVALID_VALUE"),
            (json!({ "accept": [true] }), "INVALID_VALUE"),
        ] {
            let answer = consent(&server, &browser, &flow, &body).await.expect_status(400);
            assert_eq!(answer.text("/details/0/code"), code, "{body}");
            assert_eq!(answer.text("/details/0/target"), "accept", "{body}");
        }
        let read = browser.get(server.tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "AGREEMENT_CONSENT_REQUIRED");
    }

    async fn a_revision_asks_again_only_if_it_says_so(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        assert!(was_asked(&server).await);
        server.clock.advance(Duration::from_hours(1));
        revise(&server, "Be very kind.", false).await;
        assert!(!was_asked(&server).await);
        server.clock.advance(Duration::from_hours(1));
        revise(&server, "Be kind, or else.", true).await;
        assert!(was_asked(&server).await);
        assert!(!was_asked(&server).await);
    }

    async fn a_consent_ends_with_its_period(server: TestServer) {
        terms(&server, json!({ "reconsentPeriodDays": 30 }), json!({})).await;
        assert!(was_asked(&server).await);
        server.clock.advance(Duration::from_hours(29 * 24));
        assert!(!was_asked(&server).await);
        server.clock.advance(Duration::from_hours(24));
        assert!(was_asked(&server).await);
    }

    async fn a_text_that_was_replaced_meanwhile_is_not_accepted(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let browser = server.tenant.browser();
        let (flow, _) = signed_on(&server, &browser).await;
        server.clock.advance(Duration::from_secs(1));
        revise(&server, "Be very kind.", true).await;
        let again = consent(&server, &browser, &flow, &json!({ "accept": true })).await;
        let again = again.expect_status(200).json();
        assert_eq!(again["status"], "AGREEMENT_CONSENT_REQUIRED");
        assert_eq!(again["_embedded"]["agreement"]["text"], "Be very kind.");
        let done = consent(&server, &browser, &flow, &json!({ "accept": true })).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn the_language_follows_client_and_person(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let tenant = &server.tenant;
        let user = json!({ "username": tenant.person.username, "preferredLanguage": "fr, de-AT;q=0.5" });
        import(&server, json!({ "users": [user] })).await;
        let (_, asked) = signed_on(&server, &tenant.browser()).await;
        assert_eq!(asked["_embedded"]["agreement"]["displayName"], "Bedingungen");
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.native).set("ui_locales", "ja en-GB");
        let flow = request.start_flow(&browser).await;
        let person = &tenant.person;
        let asked = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(asked.expect_status(200).text("/_embedded/agreement/locale"), "en");
    }

    async fn an_agreement_that_is_switched_off_is_passed_over(server: TestServer) {
        terms(&server, json!({ "enabled": false }), json!({})).await;
        assert!(!was_asked(&server).await);
    }

    async fn a_session_is_asked_too_unless_nothing_may_be_shown(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        terms(&server, json!({}), json!({})).await;
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
        assert!(silent.redirect().query().unwrap().contains("consent_required"));
        let started = tenant.authorize(&tenant.web).send(&browser).await.redirect();
        let page = browser.get(&started).send().await.expect_status(200);
        let form = page.form().fill("accept", "true");
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        assert!(!code_of(&answer.redirect()).is_empty());
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
        assert!(!code_of(&silent.redirect()).is_empty());
    }

    async fn it_waits_for_somebody_to_be_known(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let ask = json!({ "type": "AGREEMENT", "priority": 1, "agreement": "Terms" });
        let policy = json!({ "name": "Alone", "default": true, "actions": [ask] });
        import(&server, json!({ "signOnPolicies": [policy] })).await;
        let tenant = &server.tenant;
        let started = tenant.authorize(&tenant.native).pi_flow().send(&tenant.browser()).await;
        assert_eq!(started.expect_status(200).text("/status"), "FAILED");
    }

    async fn somebody_disabled_meanwhile_gets_no_further(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let browser = server.tenant.browser();
        let (flow, _) = signed_on(&server, &browser).await;
        let user = json!({ "username": server.tenant.person.username, "enabled": false });
        import(&server, json!({ "users": [user] })).await;
        let answer = consent(&server, &browser, &flow, &json!({ "accept": true })).await;
        assert_eq!(answer.expect_status(400).text("/details/0/code"), "ACCOUNT_NOT_USABLE");
    }

    async fn threat_42_a_consent_counts_in_its_environment_only(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let browser = server.tenant.browser();
        let (flow, _) = signed_on(&server, &browser).await;
        let yes = json!({ "accept": true });
        let stray = server.other.act(&browser, &flow, "user.consent", &yes).await;
        let _ = stray.expect_status(404);
    }

    async fn a_browser_sees_a_harmless_text_and_two_ways_on(server: TestServer) {
        terms(&server, json!({}), json!({})).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = submit(tenant, &browser, &page, &person.username, &person.password).await;
        for word in ["Terms of &#60;service&#62;", "<p>Be <b>kind</b>.</p>", "I accept", "On we go", "Never"] {
            assert!(page.body.contains(word), "{word}\n{}", page.body);
        }
        assert!(!page.body.contains("alert(1)") && !page.body.contains("onclick"));
        let form = page.form();
        let mut unticked = form.clone();
        unticked.fields.retain(|(name, _)| name != "accept");
        let again = browser.submit(unticked).await.expect_status(200);
        assert!(again.body.contains("Accept the terms to go on."), "{}", again.body);
        let form = again.form().fill("accept", "true");
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        assert!(!code_of(&answer.redirect()).is_empty());
    }

    async fn a_page_can_be_without_the_way_to_decline(server: TestServer) {
        terms(&server, json!({}), json!({ "disableDeclineOption": true })).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = submit(tenant, &browser, &page, &person.username, &person.password).await;
        assert!(!page.body.contains("Never"), "{}", page.body);
        // Plain text stays text.
        let language = json!({ "locale": "en", "enabled": false });
        let agreement = json!({ "name": "Terms", "languages": [language] });
        import(&server, json!({ "agreements": [agreement] })).await;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let page = submit(tenant, &browser, &page, &person.username, &person.password).await;
        assert!(page.body.contains("Sei &#60;nett&#62;."), "{}", page.body);
    }
}
