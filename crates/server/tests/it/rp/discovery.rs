//! IDENTIFIER_FIRST: where a name leads.

use countersign_testkit::{TestServer, on_every_adapter, query};
use serde_json::json;

use super::{PROVIDER, come_back, links, off, policy, provider, read};

/// Names at example.org belong to the provider.
async fn rules(server: &TestServer) {
    provider(server, &json!({})).await;
    let rule = json!({ "condition": { "contains": "@Example.org", "value": "${identifier}" },
        "identityProvider": { "id": PROVIDER } });
    policy(
        server,
        json!([{ "type": "IDENTIFIER_FIRST", "priority": 1, "discoveryRules": [rule],
            "registration": { "enabled": true } }]),
    )
    .await;
}

on_every_adapter! {
    async fn an_unknown_name_leads_by_the_first_rule_it_fits(server: TestServer) {
        rules(&server).await;
        let tenant = &server.tenant;
        for (name, status) in [
            ("someone@EXAMPLE.ORG", "EXTERNAL_AUTHENTICATION_REQUIRED"),
            ("someone@elsewhere.example", "PASSWORD_REQUIRED"),
            (tenant.person.username.as_str(), "PASSWORD_REQUIRED"),
        ] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let body = json!({ "username": name });
            let led = tenant.act(&browser, &flow, "user.lookup", &body).await;
            assert_eq!(led.expect_status(200).text("/status"), status, "{name}");
            let hinted = tenant.authorize(&tenant.native).set("login_hint", name).pi_flow();
            let hinted = hinted.send(&tenant.browser()).await.expect_status(200);
            assert_eq!(hinted.text("/status"), status, "login_hint={name}");
        }
    }

    async fn a_user_of_ours_is_not_led_away_by_a_rule(server: TestServer) {
        rules(&server).await;
        let tenant = &server.tenant;
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "username": "local@example.org" },
            { "username": "remote", "identityProvider": PROVIDER },
        ] } ] })).await;
        for (name, status) in [
            ("local@example.org", "PASSWORD_REQUIRED"),
            ("remote", "EXTERNAL_AUTHENTICATION_REQUIRED"),
        ] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let led = tenant.act(&browser, &flow, "user.lookup", &json!({ "username": name })).await;
            assert_eq!(led.expect_status(200).text("/status"), status, "{name}");
        }
    }

    async fn the_provider_is_told_the_name_and_the_way_ends_here(server: TestServer) {
        rules(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let body = json!({ "username": "x@example.org" });
        let led = tenant.act(&browser, &flow, "user.lookup", &body).await.expect_status(200).json();
        assert_eq!(links(&led), ["authenticate", "self"]);
        assert!(led["_embedded"].get("user").is_none());
        let left = browser.get(off(tenant, &flow)).send().await.expect_status(302).redirect();
        assert_eq!(query(&left)["login_hint"], "x@example.org");
        let _ = come_back(&server, &browser, &flow).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "ACCOUNT_LINKING_REQUIRED");
    }

    async fn a_page_offers_the_way_and_the_way_back(server: TestServer) {
        rules(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let form = page.form().fill("username", "x@example.org");
        let next = browser.post(&form.action).form(form.fields).send().await;
        let next = browser.follow(next, &tenant.base).await.expect_status(200);
        assert!(next.body.contains("Continue with Elsewhere"), "{}", next.body);
        let form = next.form();
        assert_eq!(form.value("action"), Some("session.reset"));
        let first = browser.post(&form.action).form(form.fields).send().await;
        let first = browser.follow(first, &tenant.base).await.expect_status(200);
        assert_eq!(first.form().value("action"), Some("user.lookup"));
    }

    async fn a_provider_that_is_off_leads_nowhere(server: TestServer) {
        rules(&server).await;
        provider(&server, &json!({ "enabled": false })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let body = json!({ "username": "x@example.org" });
        let led = tenant.act(&browser, &flow, "user.lookup", &body).await.expect_status(200);
        assert_eq!(led.text("/status"), "PASSWORD_REQUIRED");
        let _ = browser.get(off(tenant, &flow)).send().await.expect_status(400);
    }
}
