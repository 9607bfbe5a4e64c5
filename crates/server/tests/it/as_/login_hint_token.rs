//! `login_hint_token`, `sub` of a request object and `id_token_hint` at `/{envID}/as/authorize`

use countersign_domain::ports::Clock;
use countersign_testkit::{
    Answer, Authorize, Browser, Person, TestServer, code_in, jwt, on_every_adapter, query, submit,
};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::rp;

fn claims(server: &TestServer, changes: &Value) -> Value {
    let tenant = &server.tenant;
    let mut claims = json!({
        "iss": tenant.web.id, "aud": tenant.issuer(), "sub": tenant.person.id,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

fn token(server: &TestServer, changes: &Value) -> String {
    let secret = &server.tenant.web.secret;
    jwt::sign_with_secret(Algorithm::HS256, secret, &claims(server, changes))
}

fn request<'a>(server: &'a TestServer, token: &str) -> Authorize<'a> {
    let tenant = &server.tenant;
    tenant.authorize(&tenant.web).set("login_hint_token", token)
}

fn error_of(answer: &Answer) -> String {
    query(&answer.redirect())["error"].clone()
}

/// "Switch account", and the other account's password.
async fn switch_to(server: &TestServer, browser: &Browser, flow: &str, user: &Person) {
    let tenant = &server.tenant;
    let reset = tenant.act(browser, flow, "session.reset", &json!({})).await;
    assert_eq!(
        reset.expect_status(200).json()["status"],
        "USERNAME_PASSWORD_REQUIRED"
    );
    let done = tenant
        .check_password(browser, flow, &user.username, &user.password)
        .await;
    assert_eq!(done.expect_status(200).json()["status"], "COMPLETED");
}

async fn resume(server: &TestServer, browser: &Browser, flow: &str) -> Answer {
    let url = format!("{}?flowId={flow}", server.tenant.endpoint("resume"));
    browser.get(url).send().await
}

/// Nothing is issued, and the client reads why in the flow.
#[track_caller]
fn assert_withheld(resumed: &Value) {
    assert!(resumed.get("authorizeResponse").is_none(), "{resumed}");
    assert_eq!(resumed["status"], "FAILED", "{resumed}");
    assert_eq!(resumed["error"]["code"], "login_required", "{resumed}");
}

on_every_adapter! {
    async fn the_flow_begins_with_the_user_who_is_named(server: TestServer) {
        let tenant = &server.tenant;
        let person = &tenant.person;
        for subject in [person.id.clone(), person.username.clone(), person.username.to_uppercase()] {
            let browser = tenant.browser();
            let hint = token(&server, &json!({ "sub": subject }));
            let flow = request(&server, &hint).pi_flow().send(&browser).await.expect_status(200).json();
            assert_eq!(flow["status"], "PASSWORD_REQUIRED");
            assert_eq!(flow["_embedded"]["user"]["id"], json!(person.id));
            let id = flow["id"].as_str().unwrap();
            let body = json!({ "password": person.password });
            let done = tenant.act(&browser, id, "usernamePassword.check", &body).await;
            assert_eq!(done.expect_status(200).json()["status"], "COMPLETED");
        }
    }

    async fn threat_30_who_is_named_has_proved_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let silent = request(&server, &token(&server, &json!({}))).set("prompt", "none");
        assert_eq!(error_of(&silent.send(&browser).await), "login_required");
        let flow = request(&server, &token(&server, &json!({}))).start_flow(&browser).await;
        let wrong = json!({ "password": tenant.other_person.password });
        let _ = tenant.act(&browser, &flow, "usernamePassword.check", &wrong).await.expect_status(400);
        let other = &tenant.other_person;
        let _ = tenant.check_password(&browser, &flow, &other.username, &other.password).await.expect_status(400);
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        let shown = browser.get(resume).send().await.expect_status(200).json();
        assert!(shown.get("authorizeResponse").is_none(), "{shown}");
    }

    async fn a_session_counts_only_if_it_is_of_the_user_who_is_named(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let of_alice = tokens.text("/id_token");
        let alice = request(&server, &token(&server, &json!({}))).set("prompt", "none");
        assert!(query(&alice.send(&browser).await.redirect()).contains_key("code"));
        let bob = token(&server, &json!({ "sub": tenant.other_person.id }));
        let bob = request(&server, &bob).set("prompt", "none");
        assert_eq!(error_of(&bob.send(&browser).await), "login_required");

        let hinted = tenant.authorize(&tenant.web).set("id_token_hint", &of_alice).set("prompt", "none");
        assert!(query(&hinted.send(&browser).await.redirect()).contains_key("code"));
        let elsewhere = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&elsewhere).await;
        let other = &tenant.other_person;
        let _ = submit(tenant, &elsewhere, &page, &other.username, &other.password).await;
        assert_eq!(error_of(&hinted.send(&elsewhere).await), "login_required");
    }

    async fn an_id_token_hint_is_one_of_ours_for_this_client(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let (id, access) = (tokens["id_token"].as_str().unwrap(), tokens["access_token"].as_str().unwrap());
        for (app, hint) in [(&tenant.post, id), (&tenant.web, access), (&tenant.web, "x.y.z")] {
            let request = tenant.authorize(app).set("id_token_hint", hint).set("prompt", "none");
            assert_eq!(error_of(&request.send(&tenant.browser()).await), "invalid_request");
        }
    }

    async fn only_the_user_who_is_named_finishes_the_flow(server: TestServer) {
        let tenant = &server.tenant;
        let id_token = tenant.tokens(&tenant.web).await["id_token"].as_str().unwrap().to_owned();
        let signed = token(&server, &json!({}));
        let (alice, bob) = (&tenant.person, &tenant.other_person);
        for (name, hint) in [("login_hint_token", &signed), ("request", &signed), ("id_token_hint", &id_token)] {
            let named = tenant.authorize(&tenant.web).set(name, hint);
            for user in [bob, alice] {
                let browser = tenant.browser();
                let flow = named.start_flow(&browser).await;
                switch_to(&server, &browser, &flow, user).await;
                for resumed in [resume(&server, &browser, &flow).await, resume(&server, &browser, &flow).await] {
                    if user.id == alice.id {
                        assert!(resumed.expect_status(200).json()["authorizeResponse"]["code"].is_string());
                        break;
                    }
                    assert_withheld(&resumed.expect_status(200).json());
                }
            }
            // The same by redirect.
            let browser = tenant.browser();
            let page = named.send(&browser).await.redirect();
            let flow = query(&page)["flowId"].clone();
            switch_to(&server, &browser, &flow, bob).await;
            for _ in 0..2 {
                let told = query(&resume(&server, &browser, &flow).await.redirect());
                assert_eq!(told["error"], "login_required", "{name}");
                assert!(!told.contains_key("code"), "{name}");
            }
        }
    }

    async fn whoever_is_new_or_comes_from_a_provider_is_not_the_one_who_was_named(server: TestServer) {
        let tenant = &server.tenant;
        let named = request(&server, &token(&server, &json!({})));
        let registration = json!({ "enabled": true });
        rp::policy(&server, json!([{ "type": "LOGIN", "priority": 1, "registration": registration }])).await;
        let browser = tenant.browser();
        let flow = named.start_flow(&browser).await;
        let _ = tenant.act(&browser, &flow, "session.reset", &json!({})).await.expect_status(200);
        let grace = json!({ "username": "grace", "email": "grace@new.example", "password": "Quite-Another-2!" });
        let _ = tenant.act(&browser, &flow, "user.register", &grace).await.expect_status(200);
        let body = json!({ "verificationCode": code_in(&server.mail().await) });
        let done = tenant.act(&browser, &flow, "user.verify", &body).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        assert_withheld(&resume(&server, &browser, &flow).await.expect_status(200).json());

        rp::provider(&server, &json!({})).await;
        rp::provider_first(&server, json!({ "enabled": true })).await;
        for is_linked in [false, true] {
            let browser = tenant.browser();
            let flow = named.start_flow(&browser).await;
            let _ = rp::come_back(&server, &browser, &flow).await;
            if !is_linked {
                let bob = &tenant.other_person;
                let done = tenant.check_password(&browser, &flow, &bob.username, &bob.password).await;
                assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
            }
            assert_withheld(&resume(&server, &browser, &flow).await.expect_status(200).json());
        }
    }

    /// `sub` is what the application maps there; whose session it was says who it is.
    async fn an_id_token_hint_names_the_user_whatever_sub_is_mapped_to(server: TestServer) {
        let tenant = &server.tenant;
        for mapped in ["${user.externalId}", "${user.username}", "${user.email}"] {
            let users = json!([
                { "id": tenant.person.id, "username": tenant.person.username,
                  "externalId": "0aa11bb2-0000-4000-8000-000000000001" },
            ]);
            let application = json!({ "id": tenant.web.id, "name": "Web",
                "attributes": [{ "name": "sub", "value": mapped }] });
            let environment = json!({ "id": tenant.id, "name": "First", "users": users,
                "applications": [application] });
            server.import(&json!({ "environments": [environment] })).await;
            let browser = tenant.browser();
            let code = tenant.authorize(&tenant.web).code(&browser).await;
            let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
            let hint = tokens.text("/id_token");
            let hinted = tenant.authorize(&tenant.web).set("id_token_hint", &hint).set("prompt", "none");
            let mine = query(&hinted.send(&browser).await.redirect());
            assert!(mine.contains_key("code"), "{mapped}: {mine:?}");

            let bob = &tenant.other_person;
            let elsewhere = tenant.browser();
            let page = tenant.authorize(&tenant.web).page(&elsewhere).await;
            let _ = submit(tenant, &elsewhere, &page, &bob.username, &bob.password).await;
            assert_eq!(error_of(&hinted.send(&elsewhere).await), "login_required", "{mapped}");
            // A flow that the hint begins is for its user alone.
            let hinted = hinted.remove("prompt");
            let flow = hinted.start_flow(&elsewhere).await;
            switch_to(&server, &elsewhere, &flow, bob).await;
            assert_withheld(&resume(&server, &elsewhere, &flow).await.expect_status(200).json());
            // When the session is over, nobody can tell any more whom the hint means.
            let _ = browser.get(tenant.endpoint("signoff")).send().await;
            for request in [hinted.clone(), hinted.set("prompt", "none")] {
                assert_eq!(error_of(&request.send(&elsewhere).await), "login_required", "{mapped}");
            }
        }
    }

    async fn another_application_may_name_the_user(server: TestServer) {
        let tenant = &server.tenant;
        let claims = claims(&server, &json!({ "iss": tenant.post.id }));
        let hint = jwt::sign_with_secret(Algorithm::HS512, &tenant.post.secret, &claims);
        let flow = request(&server, &hint).pi_flow().send(&tenant.browser()).await;
        assert_eq!(flow.expect_status(200).json()["status"], "PASSWORD_REQUIRED");
        let application = json!({ "id": tenant.post.id, "name": "Web with post", "enabled": false });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "environments": [environment] })).await;
        let disabled = request(&server, &hint).set("prompt", "none").send(&tenant.browser()).await;
        assert_eq!(error_of(&disabled), "invalid_request");
    }

    async fn threat_15_and_20_nothing_else_names_anybody(server: TestServer) {
        let tenant = &server.tenant;
        let now = server.clock.now().seconds();
        let mut bad = Vec::new();
        for changes in [
            json!({ "iss": null }),
            json!({ "iss": "somebody" }),
            json!({ "iss": tenant.post.id }),
            json!({ "aud": null }),
            json!({ "aud": server.other.issuer() }),
            json!({ "sub": null }),
            json!({ "sub": "" }),
            json!({ "sub": "nobody-has-this-name" }),
            json!({ "sub": server.other.person.id }),
            json!({ "exp": now }),
            json!({ "nbf": now + 11 }),
            json!({ "iat": now + 11 }),
            json!({ "iat": "now" }),
        ] {
            bad.push(token(&server, &changes));
        }
        let good = claims(&server, &json!({}));
        bad.push(jwt::unsigned(&good));
        bad.push(jwt::sign_with_client_key(None, &good));
        bad.push(jwt::sign_with_secret(Algorithm::HS256, &tenant.post.secret, &good));
        for hint in bad {
            let answer = request(&server, &hint).set("prompt", "none").send(&tenant.browser()).await;
            assert_eq!(error_of(&answer), "invalid_request", "{hint}");
        }
        let fresh = token(&server, &json!({ "exp": now + 3600, "iat": now }));
        let answer = request(&server, &fresh).set("prompt", "none").send(&tenant.browser()).await;
        assert_eq!(error_of(&answer), "login_required");
    }

    async fn a_request_object_names_the_user_if_it_is_signed(server: TestServer) {
        let tenant = &server.tenant;
        let application = json!({ "id": tenant.web.id, "name": "Web", "supportUnsignedRequestObject": true });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "environments": [environment] })).await;
        let pi_flow = tenant.authorize(&tenant.web).pi_flow();
        let signed = pi_flow.clone().set("request", &token(&server, &json!({})));
        let flow = signed.send(&tenant.browser()).await.expect_status(200).json();
        assert_eq!(flow["status"], "PASSWORD_REQUIRED");
        // Without a signature it is a hint, and shows nobody anything about anybody.
        let unsigned = pi_flow.set("request", &jwt::unsigned(&claims(&server, &json!({}))));
        let flow = unsigned.send(&tenant.browser()).await.expect_status(200).json();
        assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED");
        assert!(flow["_embedded"].get("user").is_none());
        // Both tokens together: they must agree.
        let both = request(&server, &token(&server, &json!({}))).set("prompt", "none");
        let bob = token(&server, &json!({ "sub": tenant.other_person.id }));
        let answer = both.clone().set("request", &bob).send(&tenant.browser()).await;
        assert_eq!(error_of(&answer), "invalid_request");
        let answer = both.set("request", &token(&server, &json!({}))).send(&tenant.browser()).await;
        assert_eq!(error_of(&answer), "login_required");
    }

    async fn threat_19_who_is_disabled_is_not_named(server: TestServer) {
        let tenant = &server.tenant;
        let person = &tenant.person;
        let user = json!({ "id": person.id, "username": person.username, "enabled": false });
        let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
        server.import(&json!({ "environments": [environment] })).await;
        let answer = request(&server, &token(&server, &json!({}))).send(&tenant.browser()).await;
        assert_eq!(error_of(&answer), "invalid_request");
    }
}
