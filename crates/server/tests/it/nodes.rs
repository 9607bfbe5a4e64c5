//! Two processes on one database: what one of them changes holds on the other at once where it must
//! (`docs/decisions/0005-configuration-cache.md`), and one-time things happen once.

use std::sync::Arc;

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

async fn disable_web(server: &TestServer) {
    let web = json!({ "id": server.tenant.web.id, "name": "Web", "enabled": false });
    let document = json!({ "environments": [
        { "id": server.tenant.id, "name": "First", "applications": [web] }
    ] });
    server.import(&document).await;
}

on_every_adapter! {
    async fn a_disabled_application_is_disabled_everywhere_at_once(server: TestServer) {
        let node = server.another_node().await;
        let browser = node.tenant.browser();
        let code = server.tenant.authorize(&server.tenant.web).code(&browser).await;
        // The other node has the application in its cache by now.
        let _ = node.tenant.authorize(&node.tenant.web).send(&browser).await.expect_status(302);
        disable_web(&server).await;
        let tokens = node.tenant.redeem(&node.tenant.web, &code).send(&browser).await;
        assert_eq!(tokens.expect_status(401).text("/error"), "invalid_client");
        let authorize = node.tenant.authorize(&node.tenant.web).send(&browser).await;
        let _ = authorize.expect_status(400);
    }

    async fn a_disabled_person_is_out_everywhere_at_once(server: TestServer) {
        let node = server.another_node().await;
        let browser = node.tenant.browser();
        let first = server.tenant.authorize(&server.tenant.web).code(&browser).await;
        let tokens = node.tenant.redeem(&node.tenant.web, &first).send(&browser).await;
        let access = tokens.expect_status(200).text("/access_token");
        let unused = server.tenant.authorize(&server.tenant.web).code(&browser).await;
        server.import(&json!({ "environments": [ {
            "id": server.tenant.id,
            "name": "First",
            "users": [ { "id": server.tenant.person.id, "username": server.tenant.person.username,
                         "enabled": false } ],
        } ] })).await;
        let _ = node.tenant.userinfo(&access).await.expect_status(401);
        let redeemed = node.tenant.redeem(&node.tenant.web, &unused).send(&browser).await;
        assert_eq!(redeemed.expect_status(400).text("/error"), "invalid_grant");
        // The session no longer counts: the next application asks for a sign-on.
        let page = node.tenant.authorize(&node.tenant.web).send(&browser).await.expect_status(302);
        assert!(page.header("location").unwrap_or_default().contains("/signon/"));
    }

    async fn a_new_environment_is_served_everywhere_at_once(server: TestServer) {
        let node = server.another_node().await;
        let id = "00000000-0000-4000-8000-00000000abcd";
        server.import(&json!({ "environments": [ {
            "id": id, "name": "Later", "type": "SANDBOX", "region": "NA",
        } ] })).await;
        let browser = node.tenant.browser();
        let url = format!("{}/{id}/as/jwks", node.tenant.base);
        let answer = browser.get(url).send().await.expect_status(200);
        assert!(answer.json()["keys"].is_array());
    }

    async fn threat_10_64_redemptions_on_two_nodes_make_one_set_of_tokens(server: TestServer) {
        let node = server.another_node().await;
        let browser = Arc::new(server.tenant.browser());
        let code = Arc::new(server.tenant.authorize(&server.tenant.web).code(&browser).await);
        let tenants = [Arc::new(server.tenant.clone()), Arc::new(node.tenant.clone())];
        let redemptions: Vec<_> = tenants.iter().cycle().take(64).map(|tenant| {
            let (tenant, browser, code) = (tenant.clone(), browser.clone(), code.clone());
            tokio::spawn(async move { tenant.redeem(&tenant.web, &code).send(&browser).await })
        }).collect();
        let mut successes = 0;
        for redemption in redemptions {
            let answer = redemption.await.unwrap();
            match answer.status {
                200 => successes += 1,
                _ => assert_eq!(answer.expect_status(400).text("/error"), "invalid_grant"),
            }
        }
        assert_eq!(successes, 1);
    }

    async fn threat_32_guesses_on_two_nodes_share_one_count(server: TestServer) {
        let node = server.another_node().await;
        let browser = Arc::new(server.tenant.browser());
        let flow = server.tenant.authorize(&server.tenant.native).start_flow(&browser).await;
        let flow = Arc::new(flow);
        let tenants = [Arc::new(server.tenant.clone()), Arc::new(node.tenant.clone())];
        let guesses: Vec<_> = tenants.iter().cycle().take(60).enumerate().map(|(guess, tenant)| {
            let (tenant, browser, flow) = (tenant.clone(), browser.clone(), flow.clone());
            tokio::spawn(async move {
                let name = &tenant.person.username;
                tenant.check_password(&browser, &flow, name, &format!("guess {guess}")).await
            })
        }).collect();
        let mut judged = 0;
        for guess in guesses {
            let answer = guess.await.unwrap();
            if answer.status == 400 && answer.text("/details/0/code") == "INVALID_VALUE" {
                judged += 1;
            }
        }
        assert_eq!(judged, 4, "guesses that were judged");
    }
}
