//! `application/vnd.pingidentity.user.register+json`

use countersign_domain::entity;
use countersign_domain::ports::Clock;
use countersign_domain::time::Time;
use countersign_domain::user::{Account, User};
use countersign_testkit::{Answer, Browser, TestServer, code_in, code_of, on_every_adapter, query};
use serde_json::{Value, json};

use crate::rp;

const PASSWORD: &str = "Quite-Another-2!";

/// A login that people can register at.
async fn registering(server: &TestServer, kind: &str, registration: Value) {
    let action = json!({ "type": kind, "priority": 1, "registration": registration });
    let policy = json!({ "name": "Registering", "default": true, "actions": [action] });
    import(server, json!({ "signOnPolicies": [policy] })).await;
}

async fn open(server: &TestServer) {
    registering(server, "LOGIN", json!({ "enabled": true })).await;
}

async fn import(server: &TestServer, mut environment: Value) {
    environment["id"] = json!(server.tenant.id);
    environment["name"] = json!("First");
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn start(server: &TestServer, browser: &Browser) -> (String, Value) {
    let tenant = &server.tenant;
    let request = tenant.authorize(&tenant.native).pi_flow();
    let started = request.send(browser).await.expect_status(200).json();
    (started["id"].as_str().unwrap().to_owned(), started)
}

fn grace() -> Value {
    json!({
        "username": "grace",
        "email": "grace@new.example",
        "password": PASSWORD,
        "name": { "given": "Grace", "family": "Hopper" },
    })
}

async fn register(server: &TestServer, browser: &Browser, flow: &str, body: &Value) -> Answer {
    server
        .tenant
        .act(browser, flow, "user.register", body)
        .await
}

/// When the user signed on last.
async fn signed_on_at(server: &TestServer, username: &str) -> Option<Time> {
    let id = user(server, username).await?["id"].as_str()?.to_owned();
    let (env, now) = (server.tenant.id.parse().unwrap(), server.clock.now());
    let account = entity::load::<Account>(&*server.ports.store, env, id, now).await;
    Some(account.unwrap()?.value.last_sign_on?.at)
}

async fn user(server: &TestServer, username: &str) -> Option<Value> {
    let env = server.tenant.id.parse().unwrap();
    let (rule, now) = (User::UNIQUE_USERNAME, server.ports.clock.now());
    let user = entity::load_by::<User>(&*server.ports.store, env, rule, username, now).await;
    user.unwrap()
        .map(|user| serde_json::to_value(&user.value).unwrap())
}

on_every_adapter! {
    async fn somebody_registers_proves_the_address_and_is_signed_on(server: TestServer) {
        open(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, started) = start(&server, &browser).await;
        assert!(started["_links"]["user.register"]["href"].is_string());
        assert_eq!(started["_embedded"]["passwordPolicy"]["name"], "Standard");

        let commits = server.counts.commits();
        let answer = register(&server, &browser, &flow, &grace()).await.expect_status(200).json();
        assert_eq!(server.counts.commits() - commits, 1);
        assert_eq!(answer["status"], "VERIFICATION_CODE_REQUIRED");
        assert_eq!(answer["email"], "gr****@new.example");
        assert_eq!(answer["_embedded"]["user"]["name"]["given"], "Grace");
        let links: Vec<&String> = answer["_links"].as_object().unwrap().keys().collect();
        assert!(links.iter().any(|it| *it == "user.verify"));
        assert!(links.iter().all(|it| *it != "user.register"));
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let early = browser.get(&resume).send().await.expect_status(200).json();
        assert!(early.get("authorizeResponse").is_none());

        assert!(signed_on_at(&server, "grace").await.is_none(), "not before the flow succeeds");

        let code = code_in(&server.mail().await);
        let body = json!({ "verificationCode": code });
        let done = tenant.act(&browser, &flow, "user.verify", &body).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        let resumed = browser.get(&resume).send().await.expect_status(200).json();
        assert!(resumed["authorizeResponse"]["code"].is_string());
        assert!(signed_on_at(&server, "grace").await.is_some());
        let kept = user(&server, "grace").await.unwrap();
        assert_eq!(kept["emailVerified"], true);
        assert_eq!(kept["lifecycle"]["status"], "ACCOUNT_OK");
        assert_eq!(kept["enabled"], true);

        // From now on the password is theirs.
        let browser = tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let again = tenant.check_password(&browser, &flow, "GRACE", PASSWORD).await;
        assert_eq!(again.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn who_leaves_before_the_code_is_asked_for_it_again(server: TestServer) {
        open(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let _ = register(&server, &browser, &flow, &grace()).await.expect_status(200);
        let browser = tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let again = tenant.check_password(&browser, &flow, "grace", PASSWORD).await;
        assert_eq!(again.expect_status(200).text("/status"), "VERIFICATION_CODE_REQUIRED");
    }

    async fn an_environment_can_do_without_verification(server: TestServer) {
        open(&server).await;
        import(&server, json!({ "countersign": { "verifyRegistrations": false } })).await;
        let browser = server.tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let answer = register(&server, &browser, &flow, &grace()).await;
        assert_eq!(answer.expect_status(200).text("/status"), "COMPLETED");
        assert_eq!(user(&server, "grace").await.unwrap()["emailVerified"], false);
    }

    async fn what_is_missing_or_does_not_fit_is_told(server: TestServer) {
        open(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        for (change, code, target) in [
            (json!({ "username": "" }), "REQUIRED_VALUE", "username"),
            (json!({ "username": "x".repeat(129) }), "INVALID_VALUE", "username"),
            (json!({ "email": null }), "REQUIRED_VALUE", "email"),
            (json!({ "email": "nowhere" }), "INVALID_VALUE", "email"),
            (json!({ "password": null }), "REQUIRED_VALUE", "password"),
            (json!({ "password": "short" }), "INVALID_VALUE", "password"),
            (json!({ "name": { "given": 5 } }), "INVALID_VALUE", "name.given"),
            (json!({ "username": "ALICE" }), "UNIQUENESS_VIOLATION", "username"),
        ] {
            let mut body = grace();
            for (name, value) in change.as_object().unwrap() {
                body[name] = value.clone();
            }
            let error = register(&server, &browser, &flow, &body).await.expect_status(400).json();
            assert_eq!(error["code"], "INVALID_DATA", "{change}");
            assert_eq!(error["details"][0]["code"], code, "{change}");
            assert_eq!(error["details"][0]["target"], target, "{change}");
        }
        let mut weak = grace();
        weak["password"] = json!("Grace-Hopper-1");
        let error = register(&server, &browser, &flow, &weak).await.expect_status(400).json();
        let lacking = &error["details"][0]["innerError"]["unsatisfiedRequirements"];
        assert_eq!(*lacking, json!(["excludesProfileData"]));
        let read = browser.get(server.tenant.flow(&flow)).send().await.expect_status(200);
        assert_eq!(read.text("/status"), "USERNAME_PASSWORD_REQUIRED");
        assert!(user(&server, "grace").await.is_none());
        assert_eq!(server.mails().await.len(), 0);
    }

    async fn the_population_and_its_password_policy_count(server: TestServer) {
        import(&server, json!({
            "populations": [{ "name": "Customers", "passwordPolicy": "Passphrase" }],
        })).await;
        let registration = json!({ "enabled": true, "population": "Customers" });
        registering(&server, "IDENTIFIER_FIRST", registration).await;
        let browser = server.tenant.browser();
        let (flow, started) = start(&server, &browser).await;
        assert_eq!(started["status"], "SIGN_ON_REQUIRED");
        assert_eq!(started["_embedded"]["passwordPolicy"]["name"], "Passphrase");
        let mut body = grace();
        body["password"] = json!("wholly lower case but long");
        let answer = register(&server, &browser, &flow, &body).await.expect_status(200);
        assert_eq!(answer.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let customers = server.other.id.clone();
        assert_ne!(user(&server, "grace").await.unwrap()["population"]["id"], customers);
    }

    async fn where_it_is_not_offered_nobody_registers(server: TestServer) {
        let browser = server.tenant.browser();
        let (flow, started) = start(&server, &browser).await;
        assert!(started["_links"].get("user.register").is_none());
        assert!(started["_embedded"].get("passwordPolicy").is_none());
        let refused = register(&server, &browser, &flow, &grace()).await.expect_status(400);
        assert_eq!(refused.text("/code"), "REQUEST_FAILED");

        let registration = json!({ "enabled": false, "external": { "href": "https://join.example/" } });
        registering(&server, "LOGIN", registration).await;
        let (flow, started) = start(&server, &browser).await;
        assert_eq!(started["_links"]["registration.external"]["href"], "https://join.example/");
        assert!(started["_links"].get("user.register").is_none());
        let _ = register(&server, &browser, &flow, &grace()).await.expect_status(400);
    }

    async fn a_session_shows_no_way_to_register(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        open(&server).await;
        let (_, started) = start(&server, &browser).await;
        assert_eq!(started["status"], "PASSWORD_REQUIRED");
        assert!(started["_links"].get("user.register").is_none());
    }

    async fn threat_32_one_of_two_at_once_gets_the_name(server: TestServer) {
        open(&server).await;
        let browsers = [server.tenant.browser(), server.tenant.browser()];
        let first = start(&server, &browsers[0]).await.0;
        let second = start(&server, &browsers[1]).await.0;
        let body = grace();
        let (one, two) = futures_util::join!(
            register(&server, &browsers[0], &first, &body),
            register(&server, &browsers[1], &second, &body),
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        assert_eq!(server.mails().await.len(), 1);
    }

    async fn threat_34_a_taken_name_is_told_last_and_costs_the_same(server: TestServer) {
        open(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let mut taken = grace();
        taken["username"] = json!(server.tenant.person.username);
        // As long as anything else is wrong, a taken name looks like a free one.
        for change in [json!({ "email": "x" }), json!({ "password": "short" })] {
            let mut answers = Vec::new();
            for body in [&taken, &grace()] {
                let mut body = body.clone();
                for (name, value) in change.as_object().unwrap() {
                    body[name] = value.clone();
                }
                let answer = register(&server, &browser, &flow, &body).await.expect_status(400);
                answers.push((answer.outside(), answer.json()["details"].clone()));
            }
            assert_eq!(answers[0], answers[1], "{change}");
        }
        // The password is hashed before the name is looked at.
        let hashed = server.hashing.hashed();
        let _ = register(&server, &browser, &flow, &taken).await.expect_status(400);
        assert_eq!(server.hashing.hashed() - hashed, 1);
    }

    async fn threat_42_a_name_next_door_is_free_here(server: TestServer) {
        open(&server).await;
        let browser = server.tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let mut body = grace();
        body["username"] = json!(server.other.person.username);
        let _ = register(&server, &browser, &flow, &body).await.expect_status(200);
        let stray = server.other.act(&browser, &flow, "user.register", &grace()).await;
        let _ = stray.expect_status(404);
    }

    async fn a_browser_registers_on_a_page(server: TestServer) {
        open(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        assert!(page.body.contains("No account yet?"), "{}", page.body);
        let to = page.url.join(&format!("?{}&view=register", page.url.query().unwrap())).unwrap();
        let page = browser.get(&to).send().await.expect_status(200);
        assert!(page.body.contains("8 to 255 characters"), "{}", page.body);
        let fill = |page: &Answer, password: &str, again: &str| {
            page.form()
                .fill("username", "grace")
                .fill("email", "grace@new.example")
                .fill("name.given", "<Grace>")
                .fill("password", password)
                .fill("confirmPassword", again)
        };
        let form = fill(&page, PASSWORD, "other");
        let differ = browser.submit(form).await.expect_status(200);
        assert!(differ.body.contains("The two new passwords are not the same."), "{}", differ.body);
        assert_eq!(differ.form().value("name.given"), Some("<Grace>"));
        assert!(!differ.body.contains(PASSWORD));
        let form = fill(&differ, PASSWORD, PASSWORD).fill("username", "alice");
        let taken = browser.submit(form).await.expect_status(200);
        assert!(taken.body.contains("Somebody has this username already."), "{}", taken.body);
        let form = fill(&taken, PASSWORD, PASSWORD);
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let page = browser.follow(answer, &tenant.base).await.expect_status(200);
        let form = page.form().fill("verificationCode", &code_in(&server.mail().await));
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let answer = browser.follow(answer, &tenant.base).await;
        assert!(!code_of(&answer.redirect()).is_empty());
    }

    async fn who_comes_from_a_provider_registers_without_a_password_and_is_linked(server: TestServer) {
        rp::provider(&server, &json!({})).await;
        rp::login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let (flow, _) = start(&server, &browser).await;
        let _ = rp::come_back(&server, &browser, &flow).await;
        let linking = rp::read(&server, &browser, &flow).await;
        assert_eq!(linking["status"], "ACCOUNT_LINKING_REQUIRED");
        assert!(linking["_links"]["user.register"]["href"].is_string());
        assert_eq!(linking["_embedded"]["passwordPolicy"]["name"], "Standard");
        // What the provider said stands where the person says nothing.
        let body = json!({ "username": "caroline" });
        let answer = register(&server, &browser, &flow, &body).await.expect_status(200);
        assert_eq!(answer.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let code = json!({ "verificationCode": code_in(&server.mail().await) });
        let done = tenant.act(&browser, &flow, "user.verify", &code).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        let kept = user(&server, "caroline").await.unwrap();
        assert_eq!(kept["email"], "carol@client.example");
        // Nobody has a password for it, and the provider's person is this one from now on.
        let elsewhere = tenant.browser();
        let (flow, _) = start(&server, &elsewhere).await;
        let guess = tenant.check_password(&elsewhere, &flow, "caroline", "").await;
        let _ = guess.expect_status(400);
        let _ = rp::come_back(&server, &elsewhere, &flow).await;
        let again = rp::read(&server, &elsewhere, &flow).await;
        assert_eq!(again["status"], "COMPLETED");
        assert_eq!(again["_embedded"]["user"]["username"], "caroline");
    }

    async fn a_page_fills_in_what_the_provider_said(server: TestServer) {
        rp::provider(&server, &json!({})).await;
        rp::login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let started = tenant.authorize(&tenant.web).page(&browser).await;
        let flow = query(&started.url)["flowId"].clone();
        let _ = rp::come_back(&server, &browser, &flow).await;
        let to = started.url.join(&format!("?flowId={flow}&view=register")).unwrap();
        let page = browser.get(&to).send().await.expect_status(200);
        assert_eq!(page.form().value("username"), Some("carol"));
        assert_eq!(page.form().value("email"), Some("carol@client.example"));
        assert!(!page.body.contains("type=\"password\""), "{}", page.body);
        let form = page.form();
        let answer = browser.post(&form.action).form(form.fields).send().await;
        let page = browser.follow(answer, &tenant.base).await.expect_status(200);
        assert!(page.body.contains("verificationCode"), "{}", page.body);
    }
}
