//! What a request may cost, and what happens when its write goes wrong.

use countersign_store::faulty::Mishap;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

/// bcrypt, cost 5.
const BCRYPT: &str = "{BCRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
const OF_BCRYPT: &str = "U*U";

on_every_adapter! {
    /// authorize, password, resume, token: one durable write each.
    async fn a_whole_sign_on_is_four_durable_writes(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let before = server.counts.commits();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!(server.counts.commits() - before, 4);
    }

    async fn a_sign_on_by_session_is_two_durable_writes(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let before = server.counts.commits();
        let code = tenant.authorize(&tenant.post).code(&browser).await;
        let _ = tenant.redeem(&tenant.post, &code).send(&browser).await.expect_status(200);
        assert_eq!(server.counts.commits() - before, 2);
    }

    async fn reading_writes_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let before = server.counts.commits();
        for _ in 0..3 {
            let _ = tenant.userinfo(access).await.expect_status(200);
            let _ = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
            let _ = tenant.jwks().await;
        }
        assert_eq!(server.counts.commits(), before);
    }

    /// Discovery and JWKS come out of the cache: no read at all.
    async fn public_documents_cost_no_read(server: TestServer) {
        let _ = server.tenant.jwks().await;
        let before = server.counts.reads();
        for _ in 0..5 {
            let _ = server.tenant.jwks().await;
        }
        assert_eq!(server.counts.reads(), before);
    }

    async fn a_conflict_is_decided_again_and_not_seen(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        server.faults.plan([Mishap::Conflict, Mishap::Conflict]);
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!(server.faults.left(), 0);
    }

    /// The database wrote, the answer was lost, the client tries again.
    async fn threat_10_a_lost_answer_leaves_no_second_success(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        server.faults.plan([Mishap::LostAnswer]);
        let lost = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(503);
        assert_eq!(lost.text("/error"), "temporarily_unavailable");
        assert!(lost.header("retry-after").is_some());
        let again = tenant.redeem(&tenant.web, &code).send(&browser).await;
        assert_eq!(again.expect_status(400).text("/error"), "invalid_grant");
    }

    async fn a_failed_write_leaves_the_code_usable(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        server.faults.plan([Mishap::Storage]);
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(503);
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
    }

    /// Shown by counting: a stop-watch would prove nothing on a busy machine.
    async fn threat_22_and_34_an_unknown_person_costs_the_same_effort(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let mut costs = Vec::new();
        for name in [tenant.person.username.as_str(), "nobody-has-this-name"] {
            let before = (server.hashing.verified(), server.counts.commits());
            let _ = tenant.check_password(&browser, &flow, name, "wrong").await.expect_status(400);
            let after = (server.hashing.verified(), server.counts.commits());
            costs.push((after.0 - before.0, after.1 - before.1));
        }
        assert_eq!(costs, [(1, 1), (1, 1)]);
    }

    /// Imported hashes take other times than ours until their users sign on: if that told a name
    /// from nobody's, an import would make a list of its users.
    async fn threat_22_and_34_unknown_names_take_the_time_of_imported_hashes_as_well(server: TestServer) {
        let tenant = &server.tenant;
        let imported = (0..20).map(|number| {
            json!({ "username": format!("imported {number}"), "password": { "hash": BCRYPT } })
        });
        let users: Vec<Value> = imported.chain([json!({ "username": "without" })]).collect();
        let environment = json!({ "id": tenant.id, "name": "First", "users": users });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let before = (server.hashing.imported(), server.hashing.verified());
        // The password that all the imported ones have: what fits somebody else's proves nothing.
        let names = (0..20).map(|number| format!("nobody {number}"));
        for name in names.chain(["without".to_owned()]) {
            let answer = tenant.check_password(&browser, &flow, &name, OF_BCRYPT).await;
            assert_eq!(answer.expect_status(400).text("/details/0/code"), "INVALID_VALUE", "{name}");
        }
        let after = (server.hashing.imported(), server.hashing.verified());
        assert_eq!(after.1 - before.1, 21);
        // Twenty of the twenty-two hashes here are imported.
        assert!(after.0 - before.0 >= 10, "{}", after.0 - before.0);
    }

    /// While the password is locked, guesses cost no hash: neither CPU nor an oracle.
    async fn a_locked_password_is_not_looked_at(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let name = &tenant.person.username;
        for guess in 0..5 {
            let _ = tenant.check_password(&browser, &flow, name, &format!("guess {guess}")).await;
        }
        let before = server.hashing.verified();
        let _ = tenant.check_password(&browser, &flow, name, &tenant.person.password).await.expect_status(400);
        assert_eq!(server.hashing.verified(), before);
    }
}
