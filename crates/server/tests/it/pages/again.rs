//! A refused submission: a redirect to the page that says why, which can be shown again

use std::time::Duration;

use countersign_testkit::{Answer, Browser, Tenant, TestServer, on_every_adapter, query};
use serde_json::json;
use url::Url;

const REFUSED: &str = "Invalid username and/or password.";

/// What a form with a wrong password is answered with.
async fn refusal(browser: &Browser, page: &Answer, name: &str) -> Answer {
    let form = page
        .form()
        .fill("username", name)
        .fill("password", "wrong-Secret-1");
    let answer = browser.post(&form.action).form(form.fields).send().await;
    answer.expect_status(303)
}

async fn page(tenant: &Tenant, browser: &Browser) -> Answer {
    tenant.authorize(&tenant.web).page(browser).await
}

/// Another page's address, with what was said on this one.
fn moved(refused: &Url, to: &Url) -> Url {
    let mut there = to.clone();
    let again = &query(refused)["again"];
    there.query_pairs_mut().append_pair("again", again);
    there
}

#[track_caller]
fn says_nothing(page: Answer) {
    let page = page.expect_status(200);
    assert!(page.body.contains("id=\"sign-on\""), "{}", page.body);
    assert!(!page.body.contains("id=\"error\""), "{}", page.body);
}

on_every_adapter! {
    async fn it_can_be_shown_as_often_as_one_likes(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = page(tenant, &browser).await;
        let refused = refusal(&browser, &page, "alice").await;
        let correlation = refused.header("correlation-id").unwrap();
        for _ in 0..2 {
            let again = browser.get(refused.redirect()).send().await.expect_status(200);
            assert!(again.body.contains(REFUSED), "{}", again.body);
            // Of the request that was refused: the one that the log knows.
            assert!(again.body.contains(correlation), "{}", again.body);
            assert_eq!(again.form().value("username"), Some("alice"));
        }
        let at = refused.redirect();
        for word in ["wrong-Secret-1", "alice"] {
            assert!(!at.as_str().contains(word), "{at}");
        }
    }

    async fn threat_4_a_link_says_nothing_that_is_not_sealed_for_its_flow(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let first = page(tenant, &browser).await;
        let refused = refusal(&browser, &first, "alice").await.redirect();
        let second = page(tenant, &browser).await;
        says_nothing(browser.get(moved(&refused, &second.url)).send().await);
        let other = server.other.browser();
        let elsewhere = page(&server.other, &other).await;
        says_nothing(other.get(moved(&refused, &elsewhere.url)).send().await);
        for forged in ["", "x", "%3Cscript%3E", "%7B%22message%22%3A%22call%22%7D", &"A".repeat(3_000)] {
            says_nothing(browser.get(format!("{}&again={forged}", first.url)).send().await);
        }
        // Who holds the address alone has no flow to show it for.
        let stranger = tenant.browser().get(refused).send().await;
        assert!(!stranger.body.contains(REFUSED), "{}", stranger.body);
    }

    async fn what_was_said_a_while_ago_is_not_said_again(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = page(tenant, &browser).await;
        let refused = refusal(&browser, &page, "alice").await.redirect();
        server.clock.advance(Duration::from_mins(10));
        let again = browser.get(&refused).send().await;
        assert!(again.body.contains(REFUSED), "{}", again.body);
        server.clock.advance(Duration::from_mins(10));
        says_nothing(browser.get(&refused).send().await);
    }

    async fn what_was_said_of_a_former_step_is_not_said_of_the_next(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = page(tenant, &browser).await;
        let refused = refusal(&browser, &page, "alice").await.redirect();
        let flow = &query(&page.url)["flowId"];
        let body = json!({ "username": "alice" });
        let forgot = tenant.act(&browser, flow, "password.forgot", &body).await;
        assert_eq!(forgot.expect_status(200).text("/status"), "RECOVERY_CODE_REQUIRED");
        let next = browser.get(refused).send().await.expect_status(200);
        assert!(next.body.contains("id=\"recoveryCode\""), "{}", next.body);
        assert!(!next.body.contains("id=\"error\""), "{}", next.body);
    }

    async fn threat_34_it_is_the_same_for_every_name(server: TestServer) {
        let tenant = &server.tenant;
        let mut told = Vec::new();
        for name in [tenant.person.username.as_str(), "alic3"] {
            assert_eq!(name.len(), 5);
            let browser = tenant.browser();
            let page = page(tenant, &browser).await;
            let refused = refusal(&browser, &page, name).await;
            let to = refused.redirect();
            let (status, mut headers) = refused.outside();
            headers.retain(|(name, _)| name != "location");
            let again = browser.get(&to).send().await;
            let correlation = refused.header("correlation-id").unwrap();
            let body = again.body.replace(name, "NAME").replace(correlation, "ID");
            let body = body.replace(&query(&to)["flowId"], "FLOW");
            told.push((status, headers, to.as_str().len(), again.outside(), body));
        }
        assert_eq!(told[0], told[1]);
    }

    async fn what_would_be_too_long_an_address_is_left_out(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = page(tenant, &browser).await;
        let name = "n".repeat(5_000);
        let refused = refusal(&browser, &page, &name).await.redirect();
        assert!(query(&refused)["again"].len() <= 4_000, "{refused}");
        let again = browser.get(refused).send().await.expect_status(200);
        assert!(again.body.contains("id=\"error\""), "{}", again.body);
        assert_eq!(again.form().value("username"), Some(""));
    }

    async fn it_stays_on_the_host_that_has_the_cookie(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let mut page = page(tenant, &browser).await;
        page.url.query_pairs_mut().append_pair("host", "auth");
        let refused = refusal(&browser, &page, "alice").await.redirect();
        assert_eq!(query(&refused)["host"], "auth");
        let again = browser.get(refused).send().await.expect_status(200);
        assert!(again.body.contains(REFUSED), "{}", again.body);
    }
}
