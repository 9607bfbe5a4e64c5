//! `GET /{envID}/rp/callback/{providerType}`: what comes back that is not a sign-on.

use countersign_testkit::{TestServer, code_of, on_every_adapter, query};
use serde_json::json;

use super::{
    PROVIDER, callback_answer_url, callback_of, come_back, login_or_provider, off, policy,
    provider, provider_first, read,
};

/// The `state` of a fresh trip of a flow.
async fn state(server: &TestServer, browser: &countersign_testkit::Browser, flow: &str) -> String {
    let left = browser.get(off(&server.tenant, flow)).send().await;
    query(&left.expect_status(302).redirect())["state"].clone()
}

on_every_adapter! {
    async fn where_the_provider_is_one_way_among_others_its_error_is_told_and_nothing_is_lost(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let shown = read(&server, &browser, &flow).await;
        let offered = &shown["_embedded"]["socialProviders"][0];
        assert_eq!(offered["id"], PROVIDER);
        assert_eq!(offered["name"], "Elsewhere");
        assert_eq!(offered["type"], "OPENID_CONNECT");
        assert_eq!(offered["_links"]["authenticate"]["href"], json!(off(tenant, &flow)));

        let state = state(&server, &browser, &flow).await;
        let url = format!("{}?error=access_denied&state={state}", callback_of(tenant));
        let back = browser.get(url).send().await.expect_status(302).redirect();
        // Ping's sample shows what it has read as it is, and takes a plus for a plus.
        assert!(!back.query().unwrap().contains('+'), "{back}");
        let error: String = serde_json::from_str(&query(&back)["error"]).unwrap();
        let (said, id) = error.split_once(" (").unwrap();
        assert_eq!(said, "The identity provider did not sign the user on.");
        assert_eq!(query(&back)["flowId"], flow);
        let page = browser.get(&back).send().await.expect_status(200);
        assert!(page.body.contains("The other provider did not sign you on."), "{}", page.body);
        assert!(page.body.contains(id.trim_end_matches(')')), "the reference is that of the callback");
        assert_eq!(read(&server, &browser, &flow).await["status"], "USERNAME_PASSWORD_REQUIRED");
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn where_there_is_no_other_way_its_error_fails_the_policy(server: TestServer) {
        provider(&server, &json!({})).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let state = state(&server, &browser, &flow).await;
        let url = format!("{}?error=login_required&state={state}", callback_of(tenant));
        let back = browser.get(url).send().await.expect_status(302).redirect();
        assert!(!query(&back).contains_key("error"));
        let failed = read(&server, &browser, &flow).await;
        assert_eq!(failed["status"], "FAILED");
        assert_eq!(failed["error"]["code"], "access_denied");
        // In redirect modes the client is told at resume.
        let browser = tenant.browser();
        let left = tenant.authorize(&tenant.web).send(&browser).await;
        let page = browser.get(left.redirect()).send().await.expect_status(303);
        let left = browser.get(page.redirect()).send().await.expect_status(302);
        let state = query(&left.redirect())["state"].clone();
        let url = format!("{}?error=access_denied&state={state}", callback_of(tenant));
        let page = browser.get(url).send().await.expect_status(302);
        let page = browser.follow(page, &tenant.base).await.expect_status(200);
        assert!(page.body.contains("did not sign you on"), "{}", page.body);
        let resume = format!("{}?flowId={}", tenant.endpoint("resume"), query(&page.url)["flowId"]);
        let end = browser.get(resume).send().await.redirect();
        assert_eq!(query(&end)["error"], "access_denied");
    }

    async fn a_failed_trip_is_explained_and_told(server: TestServer) {
        let api = crate::v1::admin(&server).await;
        provider(&server, &json!({})).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let state = state(&server, &browser, &flow).await;
        let url = format!("{}?error=login_required&state={state}", callback_of(tenant));
        let before = server.counts.commits();
        let back = browser.get(url).send().await.expect_status(302);
        assert_eq!(server.counts.commits() - before, 2, "taking the answer, and what comes of it");
        let id = back.header("correlation-id").unwrap();
        let environment = format!("/environments/{}", tenant.id);
        let why = api.get(&format!("{environment}/explanations/{id}")).await.expect_status(200);
        assert_eq!(why.text("/refusal"), "AccessDenied");
        assert!(why.text("/because").contains("the provider answered \"login_required\""), "{}", why.body);
        let told = api.get(&format!("{environment}/activities?filter=correlationid%20eq%20%22{id}%22")).await;
        let told = told.expect_status(200).json();
        let told = told["_embedded"]["activities"].as_array().unwrap();
        let mut types: Vec<_> = told.iter().map(|it| it["action"]["type"].as_str().unwrap()).collect();
        types.sort_unstable();
        assert_eq!(types, ["AUTHENTICATION.UPDATED", "FLOW.UPDATED", "USER.ACCESS_DENIED"]);
        let of_flow = format!("{environment}/activities?filter=resources.id%20eq%20%22{flow}%22");
        let told = api.get(&of_flow).await.expect_status(200).json();
        let told = told["_embedded"]["activities"].as_array().unwrap();
        let one = |name: &str| told.iter().find(|it| it["action"]["type"] == name).unwrap();
        for (name, status) in [("AUTHENTICATION.CREATED", "SUCCESS"), ("AUTHENTICATION.UPDATED", "FAILED")] {
            assert_eq!(one(name)["result"]["status"], status);
            assert_eq!(one(name)["resources"][1]["id"], PROVIDER);
            assert_eq!(one(name)["resources"][1]["name"], "Elsewhere");
            assert_eq!(one(name)["actors"]["client"]["id"], tenant.native.id);
        }
    }

    async fn the_next_policy_is_tried_when_a_provider_fails(server: TestServer) {
        provider(&server, &json!({})).await;
        let tenant = &server.tenant;
        let web = json!({ "id": tenant.native.id, "name": "Native", "signOnPolicyAssignments": [
            { "signOnPolicy": "Federated", "priority": 1 },
            { "signOnPolicy": "Single_Factor", "priority": 2 },
        ] });
        provider_first(&server, json!({ "enabled": true })).await;
        server.import(&json!({ "environments": [
            { "id": tenant.id, "name": "First", "applications": [web] }
        ] })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "EXTERNAL_AUTHENTICATION_REQUIRED");
        let state = state(&server, &browser, &flow).await;
        let url = format!("{}?error=access_denied&state={state}", callback_of(tenant));
        let _ = browser.get(url).send().await.expect_status(302);
        assert_eq!(read(&server, &browser, &flow).await["status"], "USERNAME_PASSWORD_REQUIRED");
    }

    async fn a_trip_takes_no_longer_than_a_quarter_of_an_hour(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let back = callback_answer_url(&server, &browser, &flow).await;
        server.clock.advance(std::time::Duration::from_mins(10));
        let _ = read(&server, &browser, &flow).await;
        server.clock.advance(std::time::Duration::from_mins(5));
        let _ = browser.get(back).send().await.expect_status(404);
        assert_eq!(read(&server, &browser, &flow).await["status"], "USERNAME_PASSWORD_REQUIRED");
    }

    async fn who_is_disabled_stays_out_and_who_is_locked_if_the_policy_says_so(server: TestServer) {
        provider(&server, &json!({})).await;
        let tenant = &server.tenant;
        let person = &tenant.person;
        let link = json!({ "identityProvider": PROVIDER, "externalId": server.other.person.id });
        let people = |enabled: bool| json!({ "environments": [ { "id": tenant.id, "name": "First",
            "users": [ { "id": person.id, "username": person.username, "enabled": enabled,
                "linkedAccounts": [link] } ] } ] });
        server.import(&people(true)).await;
        for (enforced, locked, status) in [
            (false, false, "COMPLETED"),
            (true, false, "COMPLETED"),
            (false, true, "COMPLETED"),
            (true, true, "USERNAME_PASSWORD_REQUIRED"),
        ] {
            policy(&server, json!([{ "type": "LOGIN", "priority": 1,
                "socialProviders": [{ "id": PROVIDER }],
                "enforceLockoutForIdentityProviders": enforced }])).await;
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            if locked {
                for guess in 0..5 {
                    let guess = format!("wrong {guess}");
                    let _ = tenant.check_password(&browser, &flow, &person.username, &guess).await;
                }
            }
            let _ = come_back(&server, &browser, &flow).await;
            let flow = read(&server, &browser, &flow).await;
            assert_eq!(flow["status"], status, "enforced {enforced}, locked {locked}");
        }
        server.clock.advance(std::time::Duration::from_hours(1));
        server.import(&people(false)).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let back = come_back(&server, &browser, &flow).await;
        assert!(query(&back.redirect()).contains_key("error"));
        assert_eq!(read(&server, &browser, &flow).await["status"], "USERNAME_PASSWORD_REQUIRED");
    }

    async fn the_provider_is_told_who_is_expected_and_what_is_wanted(server: TestServer) {
        provider(&server, &json!({ "pkceMethod": "NONE", "scopes": ["email"] })).await;
        let tenant = &server.tenant;
        let person = &tenant.person;
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "id": person.id, "username": person.username, "linkedAccounts":
                [{ "identityProvider": PROVIDER, "externalId": "who-alice-is-there" }] } ] } ] })).await;
        policy(&server, json!([
            { "type": "LOGIN", "priority": 1 },
            { "type": "IDENTITY_PROVIDER", "priority": 2, "identityProvider": PROVIDER,
                "passUserContext": true, "acrValues": "gold silver" },
        ])).await;
        let browser = tenant.browser();
        let asks = tenant.authorize(&tenant.native).set("prompt", "login");
        let flow = asks.start_flow(&browser).await;
        let _ = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let left = browser.get(off(tenant, &flow)).send().await.expect_status(302).redirect();
        let sent = query(&left);
        assert_eq!(sent["login_hint"], "who-alice-is-there");
        assert_eq!(sent["acr_values"], "gold silver");
        assert_eq!(sent["scope"], "openid email");
        assert_eq!(sent["prompt"], "login");
        assert!(!sent.contains_key("code_challenge"));
        let more = format!("{}&loginHint=typed&acrValues=bronze", off(tenant, &flow));
        let sent = query(&browser.get(more).send().await.expect_status(302).redirect());
        assert_eq!((sent["login_hint"].as_str(), sent["acr_values"].as_str()), ("typed", "bronze"));

        // Somebody else than who proved the password cannot take the flow over.
        let _ = come_back(&server, &browser, &flow).await;
        let failed = read(&server, &browser, &flow).await;
        assert_ne!(failed["status"], "COMPLETED");
    }

    async fn whom_only_the_session_knows_makes_room_for_somebody_else(server: TestServer) {
        provider(&server, &json!({})).await;
        let tenant = &server.tenant;
        let bob = &tenant.other_person;
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "id": bob.id, "username": bob.username, "linkedAccounts":
                [{ "identityProvider": PROVIDER, "externalId": server.other.person.id }] } ] } ] })).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let shown = read(&server, &browser, &flow).await;
        assert_eq!(shown["status"], "PASSWORD_REQUIRED");
        assert_eq!(shown["_embedded"]["socialProviders"][0]["id"], PROVIDER);
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["_embedded"]["user"]["id"], json!(bob.id));
        let resumed = browser.get(done["resumeUrl"].as_str().unwrap()).send().await;
        let code = resumed.expect_status(200).text("/authorizeResponse/code");
        let tokens = tenant.redeem(&tenant.native, &code).remove("redirect_uri").send(&browser).await;
        let id = tenant.verify(&tokens.expect_status(200).json()["id_token"]).await;
        assert_eq!(id.text("sub"), bob.id);
        let _ = code_of;
    }

    async fn only_what_is_served_is_there(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let state = state(&server, &browser, &flow).await;
        let rp = format!("{}/{}/rp", tenant.base, tenant.id);
        for (path, status) in [
            (format!("callback/facebook?state={state}&code=x"), 404),
            ("callback/openid_connect".to_owned(), 400),
            ("callback/openid_connect?state=x&code=x".to_owned(), 404),
            (format!("authenticate?providerId={PROVIDER}"), 400),
            (format!("authenticate?flowId={flow}"), 400),
            (format!("authenticate?flowId={flow}&providerId=x"), 400),
            (format!("authenticate?flowId={flow}&providerId={}", tenant.id), 400),
        ] {
            let answer = browser.get(format!("{rp}/{path}")).send().await;
            assert_eq!(answer.status, status, "{path}");
        }
    }
}
