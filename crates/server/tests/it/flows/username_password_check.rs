//! `application/vnd.pingidentity.usernamePassword.check+json`

use std::sync::Arc;
use std::time::Duration;

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

/// What of a refusal may not tell one case from another.
fn shape(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["id"] = Value::Null;
    json!([answer.outside(), body])
}

on_every_adapter! {
    async fn the_right_password_completes_the_flow(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let person = &tenant.person;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let name = person.username.to_uppercase();
        let done = tenant.check_password(&browser, &flow, &name, &person.password).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn a_wrong_password_leaves_the_flow_where_it_was(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let wrong = tenant.check_password(&browser, &flow, &tenant.person.username, "wrong").await;
        let wrong = wrong.expect_status(400).json();
        assert_eq!(wrong["code"], "INVALID_DATA");
        assert_eq!(wrong["details"][0]["code"], "INVALID_VALUE");
        assert_eq!(wrong["details"][0]["target"], "username");
        assert_eq!(wrong["details"][0]["message"], "Invalid username and/or password.");
        let read = browser.get(tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "USERNAME_PASSWORD_REQUIRED");
    }

    async fn bodies_that_are_none_are_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let media = "application/vnd.pingidentity.usernamePassword.check+json";
        for (body, code) in [
            ("{", "INVALID_REQUEST"),
            ("[]", "INVALID_REQUEST"),
            ("null", "INVALID_REQUEST"),
            (r#"{"username":"a"} {}"#, "INVALID_REQUEST"),
            ("", "INVALID_DATA REQUIRED_VALUE username"),
            ("{}", "INVALID_DATA REQUIRED_VALUE username"),
            (r#"{"username":"","password":""}"#, "INVALID_DATA REQUIRED_VALUE username"),
            (r#"{"username":"a"}"#, "INVALID_DATA REQUIRED_VALUE password"),
            (r#"{"password":"a"}"#, "INVALID_DATA REQUIRED_VALUE username"),
            (r#"{"username":1,"password":"a"}"#, "INVALID_DATA INVALID_VALUE username"),
            (r#"{"username":"a","password":[]}"#, "INVALID_DATA INVALID_VALUE password"),
        ] {
            let answer = browser.post(tenant.flow(&flow)).body(media, body).send().await;
            let error = answer.expect_status(400).json();
            let detail = |name: &str| error["details"][0][name].as_str().map(str::to_owned);
            let mut told = vec![error["code"].as_str().unwrap().to_owned()];
            told.extend([detail("code"), detail("target")].into_iter().flatten());
            assert_eq!(told.join(" "), code, "{body}");
        }
    }

    async fn threat_34_unknown_people_are_answered_like_wrong_passwords(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        // Also when the account is locked: unknown ones lock alike.
        for attempt in 1..=7 {
            let password = format!("wrong {attempt}");
            let mut seen = Vec::new();
            for name in [tenant.person.username.as_str(), "nobody"] {
                let work = || [
                    server.counts.commits(),
                    server.hashing.verified(),
                    server.hashing.hashed(),
                ];
                let before = work();
                let answer = tenant.check_password(&browser, &flow, name, &password).await;
                let done = work().into_iter().zip(before).map(|(now, before)| now - before);
                seen.push(json!([shape(&answer), done.collect::<Vec<_>>()]));
            }
            assert_eq!(seen[0], seen[1], "attempt {attempt}");
        }
    }

    async fn the_fifth_wrong_password_locks_for_fifteen_minutes(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let person = &tenant.person;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for attempt in 1..=4 {
            let password = format!("wrong {attempt}");
            let answer = tenant.check_password(&browser, &flow, &person.username, &password).await;
            assert_eq!(answer.expect_status(400).text("/details/0/code"), "INVALID_VALUE");
        }
        let fifth = tenant.check_password(&browser, &flow, &person.username, "wrong 5").await;
        let fifth = fifth.expect_status(400).json();
        assert_eq!(fifth["details"][0]["code"], "PASSWORD_LOCKED_OUT");
        assert_eq!(fifth["details"][0]["innerError"]["secondsUntilUnlock"], 900);
        server.clock.advance(Duration::from_mins(5));
        let right = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let right = right.expect_status(400).json();
        assert_eq!(right["details"][0]["code"], "PASSWORD_LOCKED_OUT");
        assert_eq!(right["details"][0]["innerError"]["secondsUntilUnlock"], 600);
        server.clock.advance(Duration::from_mins(10));
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let right = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(right.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn threat_32_a_thousand_parallel_guesses_are_five(server: TestServer) {
        let tenant = Arc::new(server.tenant.clone());
        let browser = Arc::new(tenant.browser());
        let flow = Arc::new(tenant.authorize(&tenant.native).start_flow(&browser).await);
        let guesses: Vec<_> = (0..1000)
            .map(|guess| {
                let (tenant, browser, flow) = (tenant.clone(), browser.clone(), flow.clone());
                tokio::spawn(async move {
                    let password = format!("guess {guess}");
                    let name = &tenant.person.username;
                    tenant.check_password(&browser, &flow, name, &password).await
                })
            })
            .collect();
        let mut judged = 0;
        for guess in guesses {
            let answer = guess.await.unwrap();
            match answer.status {
                400 if answer.text("/details/0/code") == "INVALID_VALUE" => judged += 1,
                400 => assert_eq!(answer.text("/details/0/code"), "PASSWORD_LOCKED_OUT"),
                status => assert!(matches!(status, 429 | 503), "{status} {}", answer.body),
            }
        }
        // The fifth wrong password says itself that it locked the account.
        assert_eq!(judged, 4, "guesses that were judged");
        let right = tenant.check_password(&browser, &flow, &tenant.person.username, &tenant.person.password).await;
        let _ = right.expect_status(400);
    }

    async fn a_disabled_person_is_told_only_after_the_right_password(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        server.import(&json!({ "environments": [ {
            "id": tenant.id,
            "name": "Tenant",
            "users": [ {
                "username": "mallory",
                "email": "mallory@client.example",
                "enabled": false,
                "password": { "value": "Right-Password-1" },
            } ],
        } ] })).await;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let wrong = tenant.check_password(&browser, &flow, "mallory", "wrong").await.expect_status(400);
        assert_eq!(wrong.text("/details/0/code"), "INVALID_VALUE");
        let right = tenant.check_password(&browser, &flow, "mallory", "Right-Password-1").await;
        assert_eq!(right.expect_status(400).text("/details/0/code"), "ACCOUNT_NOT_USABLE");
    }

    async fn a_password_hashed_elsewhere_counts_and_is_hashed_anew(server: TestServer) {
        use countersign_domain::entity;
        use countersign_domain::ids::UserId;
        use countersign_domain::user::Credential;

        let hashes = [
            "{PBKDF2}AAEAEHNhbHRzYWx0c2FsdHNhbHQAAAPodClvKSmj66n6MdMWNv3Go4mvH1Ym2WIGiJvquqa+mfE=",
            "{MSKCC_PBKDF2}AQAAAAEAAAPoAAAAEHNhbHRzYWx0c2FsdHNhbHR0KW8pKaPrqfox0xY2/cajia8fVibZYgaIm+q6pr6Z8Q==",
            "{SCRYPT}c2NyeXB0AAoAAAAIAAAAAXNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0Gr3uzBD2dqzs3/zwpnjKFIMZJsFzU1flYlY4685JKStSRFs7ueUMPPO1wc+RJHde",
            "{SCRYPT_RFC7914}$s0$a0801$c2FsdHNhbHRzYWx0c2FsdA==$punalsgLVDmabDdlbwVieUjVAmz5/abwyjX3gfy3Xlo=",
        ];
        let id = |number: usize| format!("00000001-0000-4000-8000-00000000080{number}");
        let user = |(number, hash): (usize, &&str)| {
            json!({ "id": id(number), "username": format!("old{number}"), "password": { "hash": hash } })
        };
        let users: Vec<_> = hashes.iter().enumerate().map(user).collect();
        let tenant = &server.tenant;
        let environment = json!({ "id": tenant.id, "name": "First", "users": users });
        server.import(&json!({ "environments": [environment] })).await;
        for (number, hash) in hashes.iter().enumerate() {
            let name = format!("old{number}");
            for (password, status) in [("wrong", 400), ("secret", 200), ("secret", 200), ("wrong", 400)] {
                let browser = tenant.browser();
                let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
                let answer = tenant.check_password(&browser, &flow, &name, password).await;
                let _ = answer.expect_status(status);
            }
            let (env, user): (_, UserId) = (tenant.id.parse().unwrap(), id(number).parse().unwrap());
            let (store, now) = (&*server.ports.store, server.ports.clock.now());
            let kept = entity::load::<Credential>(store, env, user.to_string(), now).await;
            let kept = kept.unwrap().unwrap().value.password_hash.unwrap();
            assert!(kept.as_str().starts_with("$argon2id$"), "{hash}");
        }
    }
}
