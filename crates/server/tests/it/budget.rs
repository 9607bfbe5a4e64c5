//! What a request may cost, and what happens when its write goes wrong.

use countersign_store::faulty::Mishap;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::admin;

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

    /// A push keeps the request; a refresh moves its family on; a client's own token is all there is.
    async fn grants_without_a_browser_are_at_most_one_durable_write(server: TestServer) {
        let tenant = &server.tenant;
        let post = &tenant.post;
        server.import(&json!({ "environments": [ {
            "id": tenant.id, "name": "First",
            "resources": [{ "name": "Orders", "scopes": ["orders"] }],
            "applications": [{
                "id": post.id, "name": "Web with post",
                "grantTypes": ["AUTHORIZATION_CODE", "CLIENT_CREDENTIALS", "REFRESH_TOKEN"],
                "grants": [
                    { "resource": "openid", "scopes": ["openid", "profile", "email"] },
                    { "resource": "Orders", "scopes": ["orders"] },
                ],
            }],
        } ] })).await;
        let browser = tenant.browser();
        let code = tenant.authorize(post).code(&browser).await;
        let tokens = tenant.redeem(post, &code).send(&browser).await.expect_status(200);
        let refresh = tokens.text("/refresh_token");
        let client = vec![
            ("client_id".to_owned(), post.id.clone()),
            ("client_secret".to_owned(), post.secret.clone()),
        ];
        let grant = |name: &str| vec![("grant_type".to_owned(), name.to_owned())];
        let mut refreshing = grant("refresh_token");
        refreshing.push(("refresh_token".to_owned(), refresh));
        let mut pushing = tenant.authorize(post).parameters().to_vec();
        pushing.retain(|(name, _)| name != "client_id");
        for (endpoint, form, status, writes) in [
            ("token", grant("client_credentials"), 200, 0),
            ("token", refreshing, 200, 1),
            ("par", pushing, 201, 1),
        ] {
            let form: Vec<_> = form.into_iter().chain(client.clone()).collect();
            let before = server.counts.commits();
            let request = browser.post(tenant.endpoint(endpoint)).form(form);
            let _ = request.send().await.expect_status(status);
            assert_eq!(server.counts.commits() - before, writes, "{endpoint}");
        }
    }

    async fn a_write_of_the_management_api_is_one_durable_write(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let nouns = [
            ("users", json!({ "username": "new" }), json!({ "username": "renamed" })),
            ("populations", json!({ "name": "New" }), json!({ "name": "Renamed" })),
            ("groups", json!({ "name": "New" }), json!({ "name": "Renamed" })),
            ("resources", json!({ "name": "New" }), json!({ "name": "Renamed" })),
            (
                "applications",
                json!({
                    "name": "New", "enabled": true, "type": "WORKER", "protocol": "OPENID_CONNECT",
                    "grantTypes": ["CLIENT_CREDENTIALS"],
                    "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
                }),
                json!({
                    "name": "Renamed", "enabled": true, "type": "WORKER", "protocol": "OPENID_CONNECT",
                    "grantTypes": ["CLIENT_CREDENTIALS"],
                    "tokenEndpointAuthMethod": "CLIENT_SECRET_BASIC",
                }),
            ),
        ];
        for (noun, new, changed) in nouns {
            let all = format!("{here}/{noun}");
            let before = server.counts.commits();
            let made = api.post(&all, new).await.expect_status(201);
            let one = format!("{all}/{}", made.text("/id"));
            let _ = api.put(&one, changed).await.expect_status(200);
            let _ = api.delete(&one).await.expect_status(204);
            assert_eq!(server.counts.commits() - before, 3, "{noun}");
        }
    }

    async fn reading_writes_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let api = admin(&server).await;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let before = server.counts.commits();
        for _ in 0..3 {
            let _ = tenant.userinfo(access).await.expect_status(200);
            let _ = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
            let _ = tenant.jwks().await;
            let _ = api.get(&user).await.expect_status(200);
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
