//! `application/vnd.pingidentity.password.forgot+json`,
//! `application/vnd.pingidentity.password.sendRecoveryCode+json` and
//! `application/vnd.pingidentity.password.recover+json`

use std::time::Duration;

use countersign_testkit::{Answer, Browser, TestServer, code_in, code_of, on_every_adapter};
use serde_json::{Value, json};

const NEW: &str = "Quite-Another-2!";

async fn import_user(server: &TestServer, user: Value) {
    let environment = json!({ "id": server.tenant.id, "name": "First", "users": [user] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn forgot(server: &TestServer, browser: &Browser, username: &str) -> (String, Answer) {
    let tenant = &server.tenant;
    let flow = tenant.authorize(&tenant.native).start_flow(browser).await;
    let body = json!({ "username": username });
    let answer = tenant.act(browser, &flow, "password.forgot", &body).await;
    (flow, answer)
}

async fn recover(
    server: &TestServer,
    browser: &Browser,
    flow: &str,
    code: &str,
    password: &str,
) -> Answer {
    let body = json!({ "recoveryCode": code, "newPassword": password });
    server
        .tenant
        .act(browser, flow, "password.recover", &body)
        .await
}

async fn resend(server: &TestServer, browser: &Browser, flow: &str) -> Answer {
    let action = "password.sendRecoveryCode";
    server.tenant.act(browser, flow, action, &json!({})).await
}

async fn signs_on(server: &TestServer, password: &str) -> Answer {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    tenant
        .check_password(&browser, &flow, &tenant.person.username, password)
        .await
}

#[track_caller]
fn is_wrong_code(answer: Answer) {
    let error = answer.expect_status(400).json();
    assert_eq!(error["code"], "INVALID_DATA");
    assert_eq!(error["details"][0]["code"], "INVALID_VALUE");
    assert_eq!(error["details"][0]["target"], "recoveryCode");
}

/// A flow's answer without what differs from flow to flow.
fn bare(answer: &Answer) -> Value {
    let mut body = answer.json();
    for name in ["id", "_links", "resumeUrl"] {
        let links: Vec<String> = body["_links"]
            .as_object()
            .map_or_else(Vec::new, |links| links.keys().cloned().collect());
        body[name] = if name == "_links" {
            json!(links)
        } else {
            Value::Null
        };
    }
    body
}

on_every_adapter! {
    async fn a_forgotten_password_gives_way_to_a_new_one(server: TestServer) {
        let (tenant, person) = (&server.tenant, &server.tenant.person);
        let browser = tenant.browser();
        let before = server.counts.commits();
        let (flow, answer) = forgot(&server, &browser, &person.username.to_uppercase()).await;
        assert_eq!(server.counts.commits() - before, 2, "authorize, and one more");
        let stands = answer.expect_status(200).json();
        assert_eq!(stands["status"], "RECOVERY_CODE_REQUIRED");
        assert!(stands["_links"]["password.recover"]["href"].is_string());
        assert!(stands["_links"]["password.sendRecoveryCode"]["href"].is_string());
        assert!(stands["_embedded"].get("user").is_none());
        assert!(stands.get("session").is_none());
        assert_eq!(stands["_embedded"]["passwordPolicy"]["name"], "Standard");
        let mail = server.mail().await;
        assert_eq!(mail.to.clone().unwrap().address, format!("{}@client.example", person.username));
        assert_eq!(mail.subject, "Your password recovery code");

        let code = code_in(&mail).to_lowercase();
        let done = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["authenticators"], json!(["pwd"]));
        assert_eq!(done["_embedded"]["user"]["id"], person.id);
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());
        let _ = signs_on(&server, &person.password).await.expect_status(400);
        assert_eq!(signs_on(&server, NEW).await.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn of_several_codes_the_last_to_arrive_counts(server: TestServer) {
        let browser = server.tenant.browser();
        let (flow, _) = forgot(&server, &browser, &server.tenant.person.username).await;
        for _ in 0..3 {
            server.clock.advance(Duration::from_secs(1));
            let _ = resend(&server, &browser, &flow).await.expect_status(200);
        }
        let mails = server.mails().await;
        assert_eq!(mails.len(), 4);
        let code = code_in(mails.last().unwrap());
        let done = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn a_code_is_good_once(server: TestServer) {
        let (one, other) = (server.tenant.browser(), server.tenant.browser());
        let username = &server.tenant.person.username;
        let (flow, _) = forgot(&server, &one, username).await;
        server.clock.advance(Duration::from_millis(1));
        let (late, _) = forgot(&server, &other, username).await;
        let codes: Vec<String> = server.mails().await.iter().map(code_in).collect();
        // The later one counts, in whichever flow of the name.
        is_wrong_code(recover(&server, &one, &flow, &codes[0], NEW).await);
        let done = recover(&server, &one, &flow, &codes[1], NEW).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        is_wrong_code(recover(&server, &other, &late, &codes[1], "And-A-Third-One-3?").await);
    }

    async fn a_code_lives_five_minutes(server: TestServer) {
        let browser = server.tenant.browser();
        let (flow, _) = forgot(&server, &browser, &server.tenant.person.username).await;
        let code = code_in(&server.mail().await);
        server.clock.advance(Duration::from_mins(5));
        is_wrong_code(recover(&server, &browser, &flow, &code, NEW).await);
        let _ = resend(&server, &browser, &flow).await.expect_status(200);
        let code = code_in(&server.mail().await);
        server.clock.advance(Duration::from_millis(299_999));
        let done = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn threat_32_the_fifth_wrong_code_ends_it_and_locks_the_password(server: TestServer) {
        let (tenant, person) = (&server.tenant, &server.tenant.person);
        let browser = tenant.browser();
        let (flow, _) = forgot(&server, &browser, &person.username).await;
        let code = code_in(&server.mail().await);
        for _ in 0..4 {
            is_wrong_code(recover(&server, &browser, &flow, "AAAAAAAA", NEW).await);
        }
        for guess in ["AAAAAAAA", code.as_str()] {
            let over = recover(&server, &browser, &flow, guess, NEW).await.expect_status(400);
            let message = "Maximum password recovery failures exceeded";
            assert_eq!(over.text("/details/0/message"), message);
            assert_eq!(over.text("/details/0/target"), "recoveryCode");
        }
        let locked = signs_on(&server, &person.password).await.expect_status(400);
        assert_eq!(locked.text("/details/0/code"), "PASSWORD_LOCKED_OUT");
        // A new code is the way out, of the lock as well.
        let _ = resend(&server, &browser, &flow).await.expect_status(200);
        let code = code_in(&server.mail().await);
        let done = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        assert_eq!(signs_on(&server, NEW).await.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn threat_32_parallel_guesses_are_counted_one_by_one(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, _) = forgot(&server, &browser, &tenant.person.username).await;
        let guesses = (0..20).map(|number| {
            let (server, browser, flow) = (&server, &browser, flow.as_str());
            async move {
                let guess = format!("WRONG{number:03}");
                let answer = recover(server, browser, flow, &guess, NEW).await.expect_status(400);
                answer.text("/details/0/message")
            }
        });
        let messages = futures_util::future::join_all(guesses).await;
        let over = messages.iter().filter(|it| it.starts_with("Maximum")).count();
        assert_eq!(over, 16, "{messages:?}");
    }

    async fn threat_34_nobody_learns_which_names_exist(server: TestServer) {
        let tenant = &server.tenant;
        import_user(&server, json!({ "username": "gone", "enabled": false,
            "email": "gone@client.example", "password": { "value": "Battery-Staple-7?" } })).await;
        import_user(&server, json!({ "username": "none", "email": "none@client.example" })).await;
        let mut seen = Vec::new();
        for name in [tenant.person.username.as_str(), "nobody at all", "gone", "none"] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let before = (server.counts.commits(), server.hashing.verified());
            let body = json!({ "username": name });
            let answer = tenant.act(&browser, &flow, "password.forgot", &body).await;
            let mut trace = vec![bare(&answer), json!(answer.outside())];
            for turn in 0..6 {
                let guess = format!("WRONG{turn:03}");
                let answer = recover(&server, &browser, &flow, &guess, NEW).await;
                let error = answer.json();
                trace.push(json!([answer.outside(), error["code"], error["details"]]));
            }
            let check = tenant.check_password(&browser, &flow, name, "x").await;
            trace.push(json!([check.outside(), check.text("/code")]));
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let locked = tenant.check_password(&browser, &flow, name, "Wrong-Word-1").await;
            trace.push(json!([locked.outside(), locked.json()["details"]]));
            for _ in 0..5 {
                let (_, answer) = forgot(&server, &browser, name).await;
                let body = answer.json();
                let told = [&body["status"], &body["code"], &body["details"]];
                trace.push(json!([answer.outside(), told]));
            }
            let after = (server.counts.commits(), server.hashing.verified());
            trace.push(json!([after.0 - before.0, after.1 - before.1]));
            seen.push(trace);
            server.clock.advance(Duration::from_hours(1));
        }
        for other in &seen[1..] {
            // Times differ, for the clock moves between them.
            let without_times = |trace: &[Value]| {
                let mut trace = trace.to_vec();
                trace[0]["createdAt"] = Value::Null;
                trace[0]["expiresAt"] = Value::Null;
                trace
            };
            assert_eq!(without_times(&seen[0]), without_times(other));
        }
        let mails = server.mails().await;
        let to = mails.iter().filter_map(|mail| mail.to.as_ref());
        let expected = format!("{}@client.example", tenant.person.username);
        assert!(to.clone().all(|to| to.address == expected));
    }

    async fn a_weak_password_keeps_the_code(server: TestServer) {
        let person = &server.tenant.person;
        let browser = server.tenant.browser();
        let (flow, _) = forgot(&server, &browser, &person.username).await;
        let code = code_in(&server.mail().await);
        for (new, lacking) in [
            ("short", json!(["length", "minCharacters"])),
            (person.password.as_str(), json!(["notSimilarToCurrent"])),
        ] {
            let answer = recover(&server, &browser, &flow, &code, new).await.expect_status(400);
            let error = answer.json();
            assert_eq!(error["details"][0]["target"], "newPassword");
            assert_eq!(error["details"][0]["innerError"]["unsatisfiedRequirements"], lacking);
        }
        let done = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
    }

    async fn a_policy_without_recovery_offers_none(server: TestServer) {
        let tenant = &server.tenant;
        let policy = json!({ "name": "Strict", "actions": [
            { "type": "LOGIN", "priority": 1, "recovery": { "enabled": false } },
        ] });
        let assignment = json!({ "signOnPolicy": "Strict", "priority": 1 });
        let application = json!({ "id": tenant.native.id, "name": "Native",
            "signOnPolicyAssignments": [assignment] });
        let environment = json!({ "id": tenant.id, "name": "First",
            "signOnPolicies": [policy], "applications": [application] });
        server.import(&json!({ "environments": [environment] })).await;
        let browser = tenant.browser();
        let (flow, answer) = forgot(&server, &browser, &tenant.person.username).await;
        assert_eq!(answer.expect_status(400).text("/code"), "REQUEST_FAILED");
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200).json();
        assert!(read["_links"].get("password.forgot").is_none());
        assert!(server.mails().await.is_empty());
    }

    async fn the_media_type_is_known_without_its_end(server: TestServer) {
        let browser = server.tenant.browser();
        let (flow, _) = forgot(&server, &browser, &server.tenant.person.username).await;
        let media = "application/vnd.pingidentity.password.sendRecoveryCode";
        let url = server.tenant.flow(&flow);
        let _ = browser.post(&url).body(media, "").send().await.expect_status(200);
        assert_eq!(server.mails().await.len(), 2);
    }

    async fn threat_27_recovery_ends_the_sessions_elsewhere(server: TestServer) {
        let (tenant, person) = (&server.tenant, &server.tenant.person);
        let (here, elsewhere) = (tenant.browser(), tenant.browser());
        let there = tenant.authorize(&tenant.web).code(&elsewhere).await;
        let there = tenant.redeem(&tenant.web, &there).send(&elsewhere).await.json();
        let ours = tenant.authorize(&tenant.web).code(&here).await;
        let ours = tenant.redeem(&tenant.web, &ours).send(&here).await.json();
        server.clock.advance(Duration::from_mins(1));
        let again = tenant.authorize(&tenant.native).set("prompt", "login").start_flow(&here).await;
        let name = json!({ "username": person.username });
        let _ = tenant.act(&here, &again, "password.forgot", &name).await.expect_status(200);
        let code = code_in(&server.mail().await);
        let _ = recover(&server, &here, &again, &code, NEW).await.expect_status(200);
        let token = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
        let _ = tenant.userinfo(&token(&there)).await.expect_status(401);
        let _ = tenant.userinfo(&token(&ours)).await.expect_status(200);
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&elsewhere).await;
        let redirect = silent.redirect();
        assert_eq!(countersign_testkit::query(&redirect)["error"], "login_required");
    }

    async fn a_name_that_was_typed_first_is_not_asked_again(server: TestServer) {
        let tenant = &server.tenant;
        let policy = json!({ "name": "Identifier", "default": true, "actions": [
            { "type": "IDENTIFIER_FIRST", "priority": 1, "recovery": { "enabled": true } },
        ] });
        let environment = json!({ "id": tenant.id, "name": "First", "signOnPolicies": [policy] });
        server.import(&json!({ "environments": [environment] })).await;
        let mut seen = Vec::new();
        for name in [tenant.person.username.as_str(), "nobody-here"] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let body = json!({ "username": name });
            let found = tenant.act(&browser, &flow, "user.lookup", &body).await.expect_status(200);
            assert!(found.json()["_links"]["password.forgot"]["href"].is_string());
            let stands = tenant.act(&browser, &flow, "password.forgot", &json!({})).await;
            seen.push((bare(&found), bare(&stands.expect_status(200))));
        }
        assert_eq!(seen[0], seen[1], "threat 34");
        assert_eq!(server.mails().await.len(), 1);
    }

    async fn the_known_user_of_a_session_needs_no_name(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_hours(9));
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200).json();
        assert_eq!(read["status"], "PASSWORD_REQUIRED");
        let other = json!({ "username": tenant.other_person.username });
        let wrong = tenant.act(&browser, &flow, "password.forgot", &other).await;
        assert_eq!(wrong.expect_status(400).text("/details/0/target"), "username");
        let stands = tenant.act(&browser, &flow, "password.forgot", &json!({})).await;
        assert_eq!(stands.expect_status(200).text("/status"), "RECOVERY_CODE_REQUIRED");
        let code = code_in(&server.mail().await);
        let done = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["session"]["id"], read["session"]["id"]);
    }

    async fn an_unverified_account_is_verified_after_its_recovery(server: TestServer) {
        import_user(&server, json!({
            "username": "grace", "email": "grace@client.example",
            "lifecycle": { "status": "VERIFICATION_REQUIRED" },
            "password": { "value": "Battery-Staple-7?" },
        })).await;
        let browser = server.tenant.browser();
        let (flow, _) = forgot(&server, &browser, "grace").await;
        let code = code_in(&server.mail().await);
        let next = recover(&server, &browser, &flow, &code, NEW).await.expect_status(200);
        assert_eq!(next.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let verification = server.mail().await;
        assert_eq!(verification.subject, "Your verification code");
        // Threat 09: a code of one kind is worth nothing for the other.
        let body = json!({ "verificationCode": code });
        let wrong = server.tenant.act(&browser, &flow, "user.verify", &body).await;
        let _ = wrong.expect_status(400);
        let body = json!({ "verificationCode": code_in(&verification) });
        let done = server.tenant.act(&browser, &flow, "user.verify", &body).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn the_password_is_recovered_in_a_browser(server: TestServer) {
        let (tenant, person) = (&server.tenant, &server.tenant.person);
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        let form = page.form().fill("username", &person.username);
        let mut fields = form.fields.clone();
        fields.push(("instead".to_owned(), "password.forgot".to_owned()));
        let answer = browser.post(&form.action).form(fields).send().await;
        let page = browser.follow(answer, &tenant.base).await.expect_status(200);
        assert!(!page.body.contains("@client.example"));
        let code = code_in(&server.mail().await);
        let form = page.form().fill("recoveryCode", &code);
        let form = form.fill("newPassword", NEW).fill("confirmPassword", "Other-Word-3!");
        let again = browser.submit(form).await.expect_status(200);
        // No secret that was typed comes back.
        assert!(!again.body.contains(&code) && !again.body.contains(NEW), "{}", again.body);
        let form = again.form().fill("recoveryCode", &code);
        let form = form.fill("newPassword", NEW).fill("confirmPassword", NEW);
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        let _ = code_of(&answer.redirect());
    }
}
