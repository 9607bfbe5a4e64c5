//! `/v1/environments/{e}/activities`: what happened, told once, in order, to administrators.

mod every_name;

use std::time::Duration;

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::{Api, admin, refused, worker};

fn path(server: &TestServer, query: &str) -> String {
    format!("/environments/{}/activities{query}", server.tenant.id)
}

fn filtered(server: &TestServer, filter: &str) -> String {
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    path(server, &format!("?filter={filter}"))
}

async fn listed(api: &Api, path: &str) -> Vec<Value> {
    let body = api.get(path).await.expect_status(200).json();
    body["_embedded"]["activities"].as_array().unwrap().clone()
}

fn types(activities: &[Value]) -> Vec<&str> {
    activities
        .iter()
        .map(|it| it["action"]["type"].as_str().unwrap())
        .collect()
}

on_every_adapter! {
    async fn a_sign_on_is_told_in_order_by_the_writes_it_makes(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let before = (server.counts.commits(), server.counts.appends());
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!((server.counts.commits() - before.0, server.counts.appends()), (4, before.1));
        let of_user = format!("actors.user.id eq \"{}\"", tenant.person.id);
        let told = listed(&api, &filtered(&server, &of_user)).await;
        let expected = ["FLOW.UPDATED", "PASSWORD.CHECK_SUCCEEDED", "SESSION.CREATED", "USER.ACCESS_ALLOWED"];
        let mut seen = types(&told);
        seen.sort_unstable();
        assert_eq!(seen, expected);
        let checked = told.iter().find(|it| it["action"]["type"] == "PASSWORD.CHECK_SUCCEEDED").unwrap();
        assert_eq!(checked["actors"]["client"]["id"], tenant.web.id);
        assert_eq!(checked["actors"]["client"]["type"], "CLIENT");
        assert_eq!(checked["actors"]["user"]["name"], "alice");
        assert_eq!(checked["resources"][0]["type"], "USER");
        assert!(checked["resources"][0]["population"]["id"].is_string());
        assert_eq!(checked["result"]["status"], "SUCCESS");
        assert_eq!(checked["source"]["ipAddress"], "127.0.0.1");
        let href = format!("{}/v1/environments/{}/users/{}", server.base, tenant.id, tenant.person.id);
        assert_eq!(checked["actors"]["user"]["href"], href);
        let all = listed(&api, &path(&server, "")).await;
        assert!(types(&all).contains(&"FLOW.CREATED"));
        let own = api.get(checked["_links"]["self"]["href"].as_str().unwrap()).await;
        assert_eq!(own.expect_status(200).json()["id"], checked["id"]);
    }

    async fn a_wrong_password_is_told_without_a_write_of_its_own(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let before = (server.counts.commits(), server.counts.appends());
        let answer = tenant.check_password(&browser, &flow, "alice", "wrong").await.expect_status(400);
        assert_eq!((server.counts.commits() - before.0, server.counts.appends()), (1, before.1));
        let id = answer.header("correlation-id").unwrap();
        let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        assert_eq!(types(&told), ["PASSWORD.CHECK_FAILED"]);
        assert_eq!(told[0]["result"]["status"], "FAILED");
        assert_eq!(told[0]["actors"]["user"]["id"], tenant.person.id);
        let text = told[0].to_string();
        assert!(!text.contains("wrong"), "{text}");
        // Nobody has this name: whatever was typed there may be a password.
        let answer = tenant.check_password(&browser, &flow, "my-Secret-1", "wrong").await;
        let id = answer.expect_status(400).header("correlation-id").unwrap().to_owned();
        let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        assert_eq!(types(&told), ["PASSWORD.CHECK_FAILED"]);
        assert!(!told[0].to_string().contains("my-Secret-1"));
    }

    async fn threat_33_guesses_at_a_locked_password_are_told_in_one_write(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for guess in 0..5 {
            let _ = tenant.check_password(&browser, &flow, "alice", &format!("guess {guess}")).await;
        }
        let before = server.counts.commits();
        for guess in 0..20 {
            let _ = tenant.check_password(&browser, &flow, "alice", &format!("more {guess}")).await;
        }
        assert_eq!(server.counts.commits(), before);
        assert_eq!(server.write_events().await, 20);
        assert_eq!(server.counts.commits(), before + 1);
        let told = listed(&api, &filtered(&server, "action.type eq \"PASSWORD.CHECK_FAILED\"")).await;
        assert_eq!(told.len(), 25);
        assert_eq!(server.write_events().await, 0);
    }

    async fn threat_33_a_guess_at_a_locked_password_is_told_at_the_management_api_too(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let password = format!("/environments/{}/users/{}/password", tenant.id, tenant.person.id);
        let check = async |guess: &str| {
            let body = json!({ "password": guess });
            api.act("POST", &password, "password.check", body).await.expect_status(400)
        };
        for guess in 0..5 {
            let _ = check(&format!("guess {guess}")).await;
        }
        let before = server.counts.commits();
        let answer = check("more").await;
        assert_eq!(answer.json()["details"][0]["code"], "PASSWORD_LOCKED_OUT");
        let body = json!({ "currentPassword": "more", "newPassword": "Quite-Another-2!" });
        let _ = api.act("PUT", &password, "password.reset", body).await.expect_status(400);
        assert_eq!(server.counts.commits(), before);
        assert_eq!(server.write_events().await, 2);
        let id = answer.header("correlation-id").unwrap();
        let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        assert_eq!(types(&told), ["PASSWORD.CHECK_FAILED"]);
        assert_eq!(told[0]["result"]["description"], "Password Locked Out");
        assert_eq!(told[0]["resources"][0]["id"], tenant.person.id);
    }

    async fn what_administrators_change_is_told_with_who_did_it(server: TestServer) {
        let api = admin(&server).await;
        let populations = format!("/environments/{}/populations", server.tenant.id);
        let made = api.post(&populations, json!({ "name": "People of Ulm" })).await;
        let made = made.expect_status(201).json();
        let id = made["id"].as_str().unwrap();
        let one = format!("{populations}/{id}");
        server.clock.advance(Duration::from_secs(1));
        let _ = api.put(&one, json!({ "name": "People of Bonn" })).await.expect_status(200);
        server.clock.advance(Duration::from_secs(1));
        let _ = api.delete(&one).await.expect_status(204);
        let told = listed(&api, &filtered(&server, &format!("resources.id eq \"{id}\""))).await;
        assert_eq!(types(&told), ["POPULATION.CREATED", "POPULATION.UPDATED", "POPULATION.DELETED"]);
        assert_eq!(told[0]["resources"][0]["name"], "People of Ulm");
        assert_eq!(told[0]["actors"]["client"]["name"], "Worker 900");
        assert!(told[0]["actors"]["user"].is_null());
        let _ = api.post(&populations, json!({})).await.expect_status(400);
        let all = listed(&api, &filtered(&server, "resources.type eq \"population\"")).await;
        assert_eq!(all.len(), 3, "what was refused did not happen");
    }

    async fn locking_an_account_and_setting_a_password_have_their_own_names(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        for action in ["account.lock", "account.unlock"] {
            let _ = api.act("POST", &user, action, Value::Null).await.expect_status(200);
        }
        let body = json!({ "value": "An-Other-Password-4!", "forceChange": false });
        let set = api.act("PUT", &format!("{user}/password"), "password.set", body).await;
        let _ = set.expect_status(200);
        let told = listed(&api, &filtered(&server, &format!("resources.id eq \"{}\"", tenant.person.id))).await;
        for expected in ["USER.LOCKED", "USER.UNLOCKED", "PASSWORD.SET"] {
            assert!(types(&told).contains(&expected), "{expected}: {:?}", types(&told));
        }
        assert!(!json!(told).to_string().contains("An-Other-Password"));
    }

    async fn a_flow_that_fails_as_it_begins_is_told_as_a_denial(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let policy = json!({ "name": "Factor", "default": true,
            "actions": [{ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1 }] });
        let environment = json!({ "id": tenant.id, "name": "First", "signOnPolicies": [policy] });
        server.import(&json!({ "environments": [environment] })).await;
        let request = tenant.authorize(&tenant.native).set("login_hint", "alice").pi_flow();
        let answer = request.send(&tenant.browser()).await.expect_status(200);
        assert_eq!(answer.text("/status"), "FAILED");
        let id = answer.header("correlation-id").unwrap();
        let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        let mut seen = types(&told);
        seen.sort_unstable();
        assert_eq!(seen, ["FLOW.CREATED", "USER.ACCESS_DENIED"]);
    }

    async fn whoever_recovers_a_password_is_told_to_be_unlocked(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let name = json!({ "username": tenant.person.username });
        let _ = tenant.act(&browser, &flow, "password.forgot", &name).await.expect_status(200);
        let code = countersign_testkit::code_in(&server.mail().await);
        let body = json!({ "recoveryCode": code, "newPassword": "Quite-Another-2!" });
        let done = tenant.act(&browser, &flow, "password.recover", &body).await.expect_status(200);
        let id = done.header("correlation-id").unwrap();
        let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        for expected in ["PASSWORD.RECOVERY", "USER.UNLOCKED", "SESSION.CREATED"] {
            assert!(types(&told).contains(&expected), "{expected}: {:?}", types(&told));
        }
        // Lifting the lock after wrong passwords unlocks nobody whom an administrator locked.
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        for (action, expected) in [("account.unlock", true), ("account.lock", false)] {
            let _ = api.act("POST", &user, action, Value::Null).await.expect_status(200);
            let password = format!("{user}/password");
            let done = api.act("POST", &password, "password.unlock", Value::Null).await.expect_status(200);
            let id = done.header("correlation-id").unwrap();
            let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
            assert!(types(&told).contains(&"PASSWORD.UNLOCKED"));
            assert_eq!(types(&told).contains(&"USER.UNLOCKED"), expected, "after {action}");
        }
    }

    /// Wrong passwords and codes are written down as well: that is no change of the password.
    async fn what_was_refused_of_a_password_is_not_told_as_done(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let password = format!("{user}/password");
        let right = &tenant.person.password;
        let reset = |current: &str, new: &str| json!({ "currentPassword": current, "newPassword": new });
        let told = async |answer: countersign_testkit::Answer| {
            let id = answer.header("correlation-id").unwrap();
            let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
            let told = told.iter().map(|it| format!("{} {}",
                it["action"]["type"].as_str().unwrap(), it["result"]["status"].as_str().unwrap()));
            told.collect::<Vec<_>>()
        };
        for (method, action, body, status, expected) in [
            ("PUT", "password.reset", reset("wrong", "Quite-Another-2!"), 400, &["PASSWORD.CHECK_FAILED FAILED"][..]),
            ("PUT", "password.reset", reset(right, "weak"), 400, &[]),
            ("POST", "password.check", json!({ "password": "wrong too" }), 400, &["PASSWORD.CHECK_FAILED FAILED"]),
            ("POST", "password.check", json!({ "password": right }), 200, &["PASSWORD.CHECK_SUCCEEDED SUCCESS"]),
            ("PUT", "password.set", json!({ "value": "weak" }), 400, &[]),
        ] {
            let answer = api.act(method, &password, action, body.clone()).await.expect_status(status);
            assert_eq!(told(answer).await, expected, "{action} {body}");
        }
        let _ = api.act("POST", &password, "password.sendRecoveryCode", Value::Null).await.expect_status(200);
        for guess in 1..=5 {
            let body = json!({ "recoveryCode": format!("AAAAAAA{guess}"), "newPassword": "Quite-Another-2!" });
            let answer = api.act("POST", &password, "password.recover", body).await.expect_status(400);
            assert!(told(answer).await.is_empty(), "guess {guess}");
        }
    }

    async fn pages_and_ranges_cover_everything_once(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        for _ in 0..3 {
            let browser = tenant.browser();
            let _ = tenant.authorize(&tenant.web).code(&browser).await;
            server.clock.advance(Duration::from_mins(10));
        }
        let all = listed(&api, &path(&server, "?limit=1000")).await;
        let mut seen = Vec::new();
        let mut next = path(&server, "?limit=4");
        loop {
            let page = api.get(&next).await.expect_status(200).json();
            let items = page["_embedded"]["activities"].as_array().unwrap();
            assert!(items.len() <= 4);
            seen.extend(items.iter().map(|it| it["id"].clone()));
            match page["_links"]["next"]["href"].as_str() {
                Some(href) => href.clone_into(&mut next),
                None => break,
            }
        }
        let ids: Vec<Value> = all.iter().map(|it| it["id"].clone()).collect();
        assert_eq!(seen, ids);
        let middle = all[all.len() / 2]["recordedAt"].as_str().unwrap();
        let from = listed(&api, &filtered(&server, &format!("recordedat ge \"{middle}\""))).await;
        let until = listed(&api, &filtered(&server, &format!("recordedat lt \"{middle}\""))).await;
        assert_eq!(from.len() + until.len(), all.len());
        assert!(!from.is_empty() && !until.is_empty());
        for (filter, query) in [("recordedat gt \"now\"", ""), ("action.description eq \"x\"", "")] {
            let answer = api.get(&format!("{}{query}", filtered(&server, filter))).await;
            refused(answer, 400, "INVALID_DATA", Some(("INVALID_FILTER", "filter")));
        }
        let forged = api.get(&path(&server, "?cursor=AAAA")).await;
        refused(forged, 400, "INVALID_DATA", Some(("INVALID_PARAMETER", "cursor")));
    }

    async fn threat_42_events_of_one_environment_are_not_told_in_another(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let _ = server.tenant.authorize(&server.tenant.web).code(&browser).await;
        let mine = listed(&api, &path(&server, "")).await;
        let other = format!("/environments/{}/activities", server.other.id);
        let theirs = listed(&api, &other).await;
        assert!(!mine.is_empty() && theirs.is_empty());
        let stranger = format!("{other}/{}", mine[0]["id"].as_str().unwrap());
        refused(api.get(&stranger).await, 404, "NOT_FOUND", None);
        let scope = json!({ "type": "ENVIRONMENT" });
        let reader = worker(&server, 901, json!([{ "role": "Identity Data Admin", "scope": scope }])).await;
        refused(reader.get(&path(&server, "")).await, 403, "ACCESS_FAILED", None);
    }

    async fn a_flow_that_expired_is_told_of_when_it_is_swept(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let mut flows = Vec::new();
        for tenant in [tenant, tenant, &server.other] {
            flows.push(tenant.authorize(&tenant.native).start_flow(&tenant.browser()).await);
        }
        let _ = server.sweep().await;
        let deleted = filtered(&server, "action.type eq \"FLOW.DELETED\"");
        assert!(listed(&api, &deleted).await.is_empty());
        // At the end of the minute in which they expire.
        server.clock.advance(Duration::from_mins(16));
        let before = (server.counts.commits(), server.counts.appends());
        assert!(server.sweep().await >= 3);
        let cost = (server.counts.commits() - before.0, server.counts.appends() - before.1);
        assert_eq!(cost, (1, 0), "all of them in one write");
        let told = listed(&api, &deleted).await;
        let mut seen: Vec<_> = told.iter().map(|it| it["resources"][0]["id"].as_str().unwrap()).collect();
        seen.sort_unstable();
        flows[..2].sort_unstable();
        assert_eq!(seen, flows[..2]);
        assert_eq!(told[0]["result"]["status"], "SUCCESS");
        assert!(told[0].get("correlationId").is_none(), "no request did it: {}", told[0]);
        let _ = server.sweep().await;
        assert_eq!(listed(&api, &deleted).await.len(), 2);
    }

    async fn moving_somebody_to_another_population_has_its_own_name(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let populations = format!("/environments/{}/populations", tenant.id);
        let made = api.post(&populations, json!({ "name": "Elsewhere" })).await.expect_status(201);
        let body = json!({ "id": made.text("/id") });
        let user = format!("/environments/{}/users/{}/population", tenant.id, tenant.person.id);
        let moved = api.put(&user, body).await.expect_status(200);
        let id = moved.header("correlation-id").unwrap();
        let told = listed(&api, &filtered(&server, &format!("correlationid eq \"{id}\""))).await;
        let mut seen = types(&told);
        seen.sort_unstable();
        assert_eq!(seen, ["USER.MOVED", "USER.UPDATED"]);
        assert_eq!(told[0]["resources"][0]["id"], tenant.person.id);
    }

    async fn a_sign_off_that_is_refused_is_told_if_somebody_was_signed_on(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let slo = |id: &str| filtered(&server, &format!("correlationid eq \"{id}\""));
        let refusing = format!("{}?post_logout_redirect_uri=https://nobody.example", tenant.endpoint("signoff"));
        let browser = tenant.browser();
        let _ = browser.get(&refusing).send().await.expect_status(400);
        assert_eq!(server.write_events().await, 0, "nobody was signed on");
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let before = server.counts.commits();
        let refused = browser.get(&refusing).send().await.expect_status(400);
        assert_eq!(server.counts.commits(), before);
        assert_eq!(server.write_events().await, 2);
        let told = listed(&api, &slo(refused.header("correlation-id").unwrap())).await;
        let mut seen = types(&told);
        seen.sort_unstable();
        assert_eq!(seen, ["USER.SLO_FAILURE", "USER.SLO_REQUESTED"]);
        let failed = told.iter().find(|it| it["action"]["type"] == "USER.SLO_FAILURE").unwrap();
        assert_eq!(failed["result"]["status"], "FAILED");
        assert_eq!(failed["result"]["description"], "Invalid post_logout_redirect_uri");
        assert_eq!(failed["actors"]["user"]["id"], tenant.person.id);
        let ended = browser.get(tenant.endpoint("signoff")).send().await.expect_status(200);
        let told = listed(&api, &slo(ended.header("correlation-id").unwrap())).await;
        let mut seen = types(&told);
        seen.sort_unstable();
        assert_eq!(seen, ["SESSION.DELETED", "USER.SLO_REQUESTED", "USER.SLO_SUCCESS"]);
    }

    async fn old_events_are_forgotten(server: TestServer) {
        let api = admin(&server).await;
        let browser = server.tenant.browser();
        let _ = server.tenant.authorize(&server.tenant.web).code(&browser).await;
        let count = listed(&api, &path(&server, "")).await.len();
        let env = server.tenant.id.parse().unwrap();
        let now = server.ports.clock.now().plus(Duration::from_secs(1));
        let removed = server.ports.store.forget(env, now, 1_000).await.unwrap();
        assert_eq!(usize::try_from(removed).unwrap(), count);
        assert!(listed(&api, &path(&server, "")).await.is_empty());
    }
}
