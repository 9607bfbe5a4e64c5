//! Two tabs, or two browsers, on one flow: one wins, the other is told

use countersign_domain::entity::Entity;
use countersign_domain::session::Session;
use countersign_domain::store::Query;
use countersign_protocol::flows::actions::ACTIONS;
use countersign_testkit::{TestServer, code_of, on_every_adapter, query, submit};
use serde_json::json;

async fn sessions(server: &TestServer) -> Vec<Session> {
    let env = server.tenant.id.parse().unwrap();
    let query = Query::all(Session::KIND, env, 100);
    let page = server
        .ports
        .store
        .list(&query, server.ports.clock.now())
        .await;
    let docs = page.unwrap().docs;
    docs.iter()
        .map(|doc| Session::from_doc(doc).unwrap())
        .collect()
}

on_every_adapter! {
    async fn of_two_tabs_at_once_one_signs_on_and_the_other_is_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let people = [&tenant.person, &tenant.other_person];
        let (one, two) = futures_util::join!(
            tenant.check_password(&browser, &flow, &people[0].username, &people[0].password),
            tenant.check_password(&browser, &flow, &people[1].username, &people[1].password),
        );
        let winner = usize::from(two.status == 200);
        let (won, lost) = if winner == 0 { (one, two) } else { (two, one) };
        let won = won.expect_status(200).json();
        assert_eq!(won["status"], "COMPLETED");
        // The cookie changed hands, or the flow is over: either way nothing came of it.
        assert!(matches!(lost.status, 400 | 404), "{}", lost.body);
        assert!(matches!(lost.text("/code").as_str(), "REQUEST_FAILED" | "NOT_FOUND"), "{}", lost.body);
        assert!(lost.header("set-cookie").is_none());
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/_embedded/user/id"), people[winner].id);
        let sessions = sessions(&server).await;
        assert_eq!(sessions.len(), 1);
        assert_eq!(sessions[0].user.unwrap().id.to_string(), people[winner].id);
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());
    }

    async fn the_slower_tab_is_told_that_it_is_over(server: TestServer) {
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let first = tenant.authorize(&tenant.web).page(&browser).await;
        let second = browser.get(&first.url).send().await.expect_status(200);
        let done = submit(tenant, &browser, &first, &person.username, &person.password).await;
        assert!(!code_of(&done.redirect()).is_empty());
        // The second tab is sent where the flow stands, and that gave its answer already.
        let late = submit(tenant, &browser, &second, &person.username, "wrong").await;
        assert_eq!(late.status, 400);
        assert!(late.body.contains("You are already signed on"), "{}", late.body);
        assert!(late.location().is_none());
        // The flow API says the same in its own words.
        let flow = query(&first.url)["flowId"].clone();
        let late = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(late.expect_status(400).text("/code"), "REQUEST_FAILED");
    }

    async fn of_two_tabs_that_change_a_password_one_does(server: TestServer) {
        let tenant = &server.tenant;
        let user = json!({ "username": "grace", "password": { "value": "Temporary-Word-1", "forceChange": true } });
        server.import(&json!({ "environments": [{ "id": tenant.id, "name": "First", "users": [user] }] })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = tenant.check_password(&browser, &flow, "grace", "Temporary-Word-1").await;
        let change = |new: &str| json!({ "currentPassword": "Temporary-Word-1", "newPassword": new });
        let bodies = [change("Quite-Another-2!"), change("Wholly-Other-3!")];
        let (one, two) = futures_util::join!(
            tenant.act(&browser, &flow, "password.reset", &bodies[0]),
            tenant.act(&browser, &flow, "password.reset", &bodies[1]),
        );
        assert_eq!([one.status, two.status].iter().filter(|it| **it == 200).count(), 1);
        let passwords = ["Quite-Another-2!", "Wholly-Other-3!"];
        let (right, wrong) = if one.status == 200 { (0, 1) } else { (1, 0) };
        for (password, status) in [(passwords[wrong], 400), (passwords[right], 200)] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let answer = tenant.check_password(&browser, &flow, "grace", password).await;
            let _ = answer.expect_status(status);
        }
    }

    async fn threat_25_no_action_moves_the_flow_of_another_browser(server: TestServer) {
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        // One that never was here, one with a flow of its own, one that is signed on.
        let strangers = [tenant.browser(), tenant.browser(), tenant.browser()];
        let _ = tenant.authorize(&tenant.native).start_flow(&strangers[1]).await;
        let _ = tenant.authorize(&tenant.web).code(&strangers[2]).await;
        let body = json!({ "username": person.username, "password": person.password, "accept": true });
        for stranger in &strangers {
            for action in ACTIONS {
                let answer = tenant.act(stranger, &flow, action.link(), &body).await;
                let answer = answer.expect_status(404);
                assert_eq!(answer.text("/code"), "NOT_FOUND", "{}", action.link());
                assert!(answer.header("set-cookie").is_none());
            }
        }
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "USERNAME_PASSWORD_REQUIRED");
    }

    async fn threat_25_signing_on_again_changes_the_cookie_and_keeps_the_session(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let cookie = || browser.cookie(tenant.endpoint("authorize"), "ST").unwrap();
        let (before, id) = (cookie(), sessions(&server).await[0].id);
        let _ = tenant.authorize(&tenant.web).set("prompt", "login").code(&browser).await;
        assert_ne!(cookie(), before);
        let now = sessions(&server).await;
        assert_eq!((now.len(), now[0].id), (1, id));
        // A flow that began before the change is still this browser's.
        let flow = tenant.authorize(&tenant.native).set("prompt", "login").start_flow(&browser).await;
        let _ = tenant.authorize(&tenant.web).set("prompt", "login").code(&browser).await;
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "USERNAME_PASSWORD_REQUIRED");
    }

    async fn somebody_else_at_the_same_browser_ends_the_session_before(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let token = tokens.text("/access_token");
        let first = sessions(&server).await[0].id;
        let again = tenant.authorize(&tenant.web).set("prompt", "login");
        let page = again.page(&browser).await;
        // Leaving the page changes nothing yet.
        assert_eq!(sessions(&server).await[0].id, first);
        let other = &tenant.other_person;
        let done = submit(tenant, &browser, &page, &other.username, &other.password).await;
        assert!(!code_of(&done.redirect()).is_empty());
        let now = sessions(&server).await;
        assert_eq!(now.len(), 1);
        assert_ne!(now[0].id, first);
        assert_eq!(now[0].user.unwrap().id.to_string(), other.id);
        let _ = tenant.userinfo(&token).await.expect_status(401);
    }
}
