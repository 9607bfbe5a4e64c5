//! What hit others when they let other providers sign people on. The provider here answers what
//! the test tells it to.

use std::sync::Arc;

use countersign_domain::ports::Clock;
use countersign_testkit::{Answer, Browser, Elsewhere, TestServer, jwt, on_every_adapter, query};
use serde_json::{Value, json};

use super::{
    PROVIDER, callback_answer_url, callback_of, login_or_provider, off, provider, provider_first,
    read,
};

/// The provider's id of us.
const CLIENT: &str = "our-id-there";

/// A provider that answers what it is told.
async fn hostile(server: &TestServer) -> Elsewhere {
    let op = Elsewhere::start().await;
    op.answer_json("/jwks", &jwt::client_jwks());
    let at = |path: &str| json!(format!("{}{path}", op.base));
    provider(
        server,
        &json!({
            "issuer": op.base, "clientId": CLIENT, "clientSecret": "our secret: there&more",
            "authorizationEndpoint": at("/authorize"), "tokenEndpoint": at("/token"),
            "jwksEndpoint": at("/jwks"), "userInfoEndpoint": null,
            "attributes": [
                { "name": "username", "value": "${providerAttributes.preferred_username}" },
                { "name": "email", "value": "${providerAttributes.email}" },
            ],
        }),
    )
    .await;
    op
}

/// Good claims of somebody, with changes; `null` leaves one out.
fn claims(server: &TestServer, op: &Elsewhere, nonce: &str, changes: &Value) -> Value {
    let now = server.clock.now().seconds();
    let mut claims = json!({
        "iss": op.base, "aud": CLIENT, "sub": "mallory-there", "nonce": nonce,
        "iat": now, "exp": now + 300, "preferred_username": "mallory",
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

/// Sends the browser off; what the provider is told.
async fn leave(server: &TestServer, browser: &Browser, flow: &str) -> (String, String) {
    let left = browser.get(off(&server.tenant, flow)).send().await;
    let sent = query(&left.expect_status(302).redirect());
    (sent["state"].clone(), sent["nonce"].clone())
}

async fn answer(server: &TestServer, browser: &Browser, state: &str, more: &str) -> Answer {
    let url = format!("{}?state={state}{more}", callback_of(&server.tenant));
    browser.get(url).send().await
}

/// One whole trip with an ID token of these claims.
async fn trip(server: &TestServer, op: &Elsewhere, changes: &Value) -> Value {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let (state, nonce) = leave(server, &browser, &flow).await;
    let token = jwt::sign_with_client_key(Some("client-key"), &claims(server, op, &nonce, changes));
    op.answer_json(
        "/token",
        &json!({ "id_token": token, "access_token": "a", "token_type": "Bearer" }),
    );
    let _ = answer(server, &browser, &state, "&code=c")
        .await
        .expect_status(302);
    read(server, &browser, &flow).await
}

on_every_adapter! {
    async fn threat_20_only_a_whole_id_token_is_believed(server: TestServer) {
        let op = hostile(&server).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let now = server.clock.now().seconds();
        for bad in [
            json!({ "iss": "https://other.example" }),
            json!({ "iss": null }),
            json!({ "aud": "somebody-else" }),
            json!({ "aud": [CLIENT, "somebody-else"] }),
            json!({ "azp": "somebody-else" }),
            json!({ "nonce": "of another sign-on" }),
            json!({ "nonce": null }),
            json!({ "exp": now - 3600 }),
            json!({ "exp": null }),
            json!({ "iat": now + 3600 }),
            json!({ "sub": "" }),
            json!({ "sub": "x".repeat(300) }),
        ] {
            let flow = trip(&server, &op, &bad).await;
            assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED", "{bad}");
        }
        let flow = trip(&server, &op, &json!({})).await;
        assert_eq!(flow["status"], "ACCOUNT_LINKING_REQUIRED");
        let asked = op.received("/token").pop().unwrap();
        assert_eq!(asked.field("grant_type").as_deref(), Some("authorization_code"));
        assert_eq!(asked.field("code").as_deref(), Some("c"));
        assert_eq!(asked.field("redirect_uri"), Some(callback_of(&server.tenant)));
        assert_eq!(asked.field("code_verifier").unwrap().len(), 43);
        // RFC 6749 2.3.1: encoded before it is joined.
        assert_eq!(asked.headers["authorization"],
            "Basic b3VyLWlkLXRoZXJlOm91citzZWNyZXQlM0ErdGhlcmUlMjZtb3Jl");
    }

    async fn threat_15_only_the_providers_keys_sign_for_it(server: TestServer) {
        let op = hostile(&server).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        for forgery in ["none", "HS256", "other kid", "cut"] {
            let (state, nonce) = leave(&server, &browser, &flow).await;
            let claims = claims(&server, &op, &nonce, &json!({}));
            let good = jwt::sign_with_client_key(Some("client-key"), &claims);
            let token = match forgery {
                "none" => {
                    let payload = good.split('.').nth(1).unwrap();
                    format!("eyJhbGciOiJub25lIn0.{payload}.")
                }
                "HS256" => jwt::sign_with_secret(
                    jsonwebtoken::Algorithm::HS256, &jwt::client_jwks().to_string(), &claims),
                "other kid" => jwt::sign_with_client_key(Some("another"), &claims),
                _ => good[..good.len() - 2].to_owned(),
            };
            op.answer_json("/token", &json!({ "id_token": token }));
            let back = answer(&server, &browser, &state, "&code=c").await.expect_status(302);
            assert!(query(&back.redirect()).contains_key("error"), "{forgery}");
            let flow = read(&server, &browser, &flow).await;
            assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED", "{forgery}");
        }
    }

    async fn threat_7_an_answer_of_another_issuer_gets_no_code_redeemed(server: TestServer) {
        let op = hostile(&server).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let (state, _) = leave(&server, &browser, &flow).await;
        let back = answer(&server, &browser, &state, "&code=c&iss=https%3A%2F%2Fhonest.example").await;
        assert!(query(&back.expect_status(302).redirect()).contains_key("error"));
        assert!(op.received("/token").is_empty(), "the code went nowhere");
        let (state, nonce) = leave(&server, &browser, &flow).await;
        let token = jwt::sign_with_client_key(None, &claims(&server, &op, &nonce, &json!({})));
        op.answer_json("/token", &json!({ "id_token": token }));
        let iss: String = url::form_urlencoded::byte_serialize(op.base.as_bytes()).collect();
        let _ = answer(&server, &browser, &state, &format!("&code=c&iss={iss}")).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "ACCOUNT_LINKING_REQUIRED");
    }

    async fn threat_7_a_provider_that_always_names_its_issuer_is_held_to_it(server: TestServer) {
        let op = hostile(&server).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let provider = json!({ "id": PROVIDER, "name": "Elsewhere",
            "discoveryEndpoint": format!("{}/openid", op.base) });
        server.import(&json!({ "environments": [ { "id": server.tenant.id, "name": "First",
            "identityProviders": [provider] } ] })).await;
        let says = |issuer: &str, always: bool| json!({
            "issuer": issuer, "authorization_response_iss_parameter_supported": always });
        // What cannot be read, or is said of somebody else, says nothing.
        assert_eq!(trip(&server, &op, &json!({})).await["status"], "ACCOUNT_LINKING_REQUIRED");
        server.clock.advance(std::time::Duration::from_mins(1));
        for (document, status) in [
            (says("https://other.example", true), "ACCOUNT_LINKING_REQUIRED"),
            (says(&op.base, false), "ACCOUNT_LINKING_REQUIRED"),
            (says(&op.base, true), "USERNAME_PASSWORD_REQUIRED"),
        ] {
            op.answer_json("/openid", &document);
            for _ in 0..2 {
                assert_eq!(trip(&server, &op, &json!({})).await["status"], status, "{document}");
            }
            server.clock.advance(std::time::Duration::from_mins(61));
        }
        assert_eq!(op.received("/openid").len(), 4, "asked once an hour");
        let browser = server.tenant.browser();
        let flow = server.tenant.authorize(&server.tenant.native).start_flow(&browser).await;
        let (state, nonce) = leave(&server, &browser, &flow).await;
        let token = jwt::sign_with_client_key(None, &claims(&server, &op, &nonce, &json!({})));
        op.answer_json("/token", &json!({ "id_token": token }));
        let iss: String = url::form_urlencoded::byte_serialize(op.base.as_bytes()).collect();
        let _ = answer(&server, &browser, &state, &format!("&code=c&iss={iss}")).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "ACCOUNT_LINKING_REQUIRED");
    }

    async fn threat_37_a_stolen_answer_is_of_no_use_in_another_browser(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let (browser, thief) = (tenant.browser(), tenant.browser());
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let mine = tenant.authorize(&tenant.native).start_flow(&thief).await;
        let back = callback_answer_url(&server, &browser, &flow).await;
        let _ = thief.get(&back).send().await.expect_status(404);
        // Nor planted into the other's own flow: the answer belongs to the flow that asked.
        let planted = back.as_str().replace(&flow, &mine);
        let _ = thief.get(planted).send().await.expect_status(404);
        let _ = tenant.browser().get(&back).send().await.expect_status(404);
        assert_eq!(read(&server, &thief, &mine).await["status"], "USERNAME_PASSWORD_REQUIRED");
        let _ = browser.get(&back).send().await.expect_status(302);
        assert_eq!(read(&server, &browser, &flow).await["status"], "ACCOUNT_LINKING_REQUIRED");
    }

    async fn threat_37_an_answer_counts_once_and_only_for_the_last_question(server: TestServer) {
        let op = hostile(&server).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = Arc::new(tenant.browser());
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let (old, _) = leave(&server, &browser, &flow).await;
        let (state, nonce) = leave(&server, &browser, &flow).await;
        let _ = answer(&server, &browser, &old, "&code=c").await.expect_status(404);
        let token = jwt::sign_with_client_key(None, &claims(&server, &op, &nonce, &json!({})));
        op.answer_json("/token", &json!({ "id_token": token }));
        let url = format!("{}?state={state}&code=c", callback_of(tenant));
        let calls = (0..16).map(|_| {
            let (browser, url) = (browser.clone(), url.clone());
            tokio::spawn(async move { browser.get(url).send().await.status })
        });
        let calls: Vec<_> = calls.collect();
        let mut taken = 0;
        for call in calls {
            match call.await.unwrap() {
                302 => taken += 1,
                status => assert_eq!(status, 404),
            }
        }
        assert_eq!(taken, 1);
        assert_eq!(op.received("/token").len(), 1);
        let _ = browser.get(&url).send().await.expect_status(404);
    }

    async fn threat_37_nobody_is_linked_by_an_address_or_a_name(server: TestServer) {
        let op = hostile(&server).await;
        let alice = &server.tenant.person;
        let says = json!({
            "email": format!("{}@client.example", alice.username), "email_verified": true,
            "preferred_username": alice.username,
        });
        // Whoever the provider says it is: only alice's password makes it her.
        for registration in [json!({ "enabled": true }), json!({ "enabled": false })] {
            provider_first(&server, registration).await;
            let flow = trip(&server, &op, &says).await;
            assert_eq!(flow["status"], "ACCOUNT_LINKING_REQUIRED");
            assert!(flow.get("session").is_none());
            assert!(flow["_embedded"].get("user").is_none());
        }
        // The address alone does not even find her.
        provider_first(&server, json!({ "enabled": false })).await;
        let mut says = says;
        says["preferred_username"] = json!("mallory");
        assert_eq!(trip(&server, &op, &says).await["status"], "FAILED");
        // Nor where the provider has the say over those it brings.
        provider_first(&server, Value::Null).await;
        server.import(&json!({ "environments": [ { "id": server.tenant.id, "name": "First",
            "identityProviders": [ { "id": PROVIDER, "name": "Elsewhere",
                "registration": { "population": "Default" } } ] } ] })).await;
        says["preferred_username"] = json!(alice.username);
        assert_eq!(trip(&server, &op, &says).await["status"], "ACCOUNT_LINKING_REQUIRED");
        says["preferred_username"] = json!("mallory");
        let made = trip(&server, &op, &says).await;
        assert_eq!(made["status"], "COMPLETED");
        assert_eq!(made["_embedded"]["user"]["username"], "mallory", "somebody new");
        // And a second account there is not the one who was made.
        says["sub"] = json!("another-mallory");
        assert_ne!(trip(&server, &op, &says).await["status"], "COMPLETED");
    }

    async fn threat_19_a_provider_that_is_disabled_meanwhile_signs_nobody_on(server: TestServer) {
        provider(&server, &json!({})).await;
        let tenant = &server.tenant;
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "id": tenant.person.id, "username": tenant.person.username, "linkedAccounts":
                [{ "identityProvider": PROVIDER, "externalId": server.other.person.id }] } ] } ] })).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let back = callback_answer_url(&server, &browser, &flow).await;
        provider(&server, &json!({ "enabled": false })).await;
        let _ = browser.get(&back).send().await.expect_status(302);
        let shown = read(&server, &browser, &flow).await;
        assert_eq!(shown["status"], "USERNAME_PASSWORD_REQUIRED");
        assert!(shown["_embedded"].get("socialProviders").is_none());
        let _ = browser.get(off(tenant, &flow)).send().await.expect_status(400);
    }

    async fn threat_42_a_provider_of_one_environment_is_none_of_the_other(server: TestServer) {
        let op = hostile(&server).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let (tenant, other) = (&server.tenant, &server.other);
        let browser = tenant.browser();
        let there = other.authorize(&other.native).start_flow(&browser).await;
        let url = off(tenant, &there).replace(&tenant.id, &other.id);
        let _ = browser.get(url).send().await.expect_status(400);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let (state, _) = leave(&server, &browser, &flow).await;
        let url = format!("{}?state={state}&code=c", callback_of(other));
        let _ = browser.get(url).send().await.expect_status(404);
        assert!(op.received("/token").is_empty());
    }

    async fn threat_35_a_provider_on_a_private_address_is_not_reached(server: TestServer) {
        let op = hostile(&server).await;
        for endpoint in ["https://10.0.0.1/token", "https://169.254.169.254/token"] {
            server.import(&json!({ "environments": [ { "id": server.tenant.id, "name": "First",
                "identityProviders": [ { "id": PROVIDER, "name": "Elsewhere",
                    "tokenEndpoint": endpoint } ] } ] })).await;
            login_or_provider(&server, json!({ "enabled": true })).await;
            let flow = trip(&server, &op, &json!({})).await;
            assert_eq!(flow["status"], "USERNAME_PASSWORD_REQUIRED", "{endpoint}");
        }
    }

    async fn threat_4_the_error_of_a_link_is_not_what_the_page_says(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        for error in ["%3Cscript%3E", "%7B%22message%22%3A%22call+0800%22%2C%22id%22%3A%22x%22%7D"] {
            let shown = browser.get(format!("{}&error={error}", page.url)).send().await;
            let shown = shown.expect_status(200);
            assert!(!shown.body.contains("<script>") && !shown.body.contains("0800"));
        }
    }
}
