//! `ACCOUNT_LINKING_REQUIRED`: an account elsewhere becomes somebody's here, by their password.

use countersign_domain::user::User;
use countersign_testkit::{TestServer, code_in, on_every_adapter};
use serde_json::{Value, json};

use super::{
    CAROL, PROVIDER, callback_of, come_back, links, login_or_provider, off, policy, provider,
    provider_first, read, user,
};

/// The provider's name for somebody, whatever theirs was.
fn always() -> Value {
    json!({ "attributes": [
        { "name": "username", "value": "${providerAttributes.preferred_username}" },
        { "name": "email", "value": "${providerAttributes.email}" },
        { "name": "name.given", "value": "${providerAttributes.preferred_username} elsewhere",
          "update": "ALWAYS" },
    ] })
}

fn given(user: &User) -> Option<&str> {
    user.name.as_ref()?.given.as_deref()
}

on_every_adapter! {
    async fn a_policy_of_a_provider_leads_there_and_says_so(server: TestServer) {
        provider(&server, &json!({})).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let started = tenant.authorize(&tenant.native).pi_flow().send(&browser).await;
        let started = started.expect_status(200).json();
        assert_eq!(started["status"], "EXTERNAL_AUTHENTICATION_REQUIRED");
        assert_eq!(links(&started), ["authenticate", "self", "signOnPage"]);
        let flow = started["id"].as_str().unwrap();
        assert_eq!(started["_links"]["authenticate"]["href"], json!(off(tenant, flow)));
        assert!(started["_embedded"].get("socialProviders").is_none());

        let left = browser.get(off(tenant, flow)).send().await.expect_status(302).redirect();
        assert!(left.as_str().starts_with(&server.other.endpoint("authorize")), "{left}");
        let sent = countersign_testkit::query(&left);
        assert_eq!(sent["response_type"], "code");
        assert_eq!(sent["client_id"], server.other.web.id);
        assert_eq!(sent["redirect_uri"], callback_of(tenant));
        assert_eq!(sent["scope"], "openid profile email");
        assert_eq!(sent["code_challenge_method"], "S256");
        assert!(sent["state"].starts_with(flow) && sent["state"].len() > 70);
        assert!(sent["nonce"].len() > 40);
        assert!(!sent.contains_key("login_hint"));
    }

    async fn an_account_is_linked_once_by_a_password_and_then_signs_on_by_itself(server: TestServer) {
        provider(&server, &json!({})).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let back = come_back(&server, &browser, &flow).await;
        assert!(back.redirect().as_str().contains("/signon/"));
        let linking = read(&server, &browser, &flow).await;
        assert_eq!(linking["status"], "ACCOUNT_LINKING_REQUIRED");
        assert!(links(&linking).contains(&"usernamePassword.check".to_owned()));
        assert_eq!(linking["attributes"]["username"], CAROL);
        assert_eq!(linking["attributes"]["email"], "carol@client.example");
        assert_eq!(linking["attributes"]["name"]["given"], "Alice");
        assert!(linking["_embedded"].get("user").is_none());

        let wrong = tenant.check_password(&browser, &flow, &person.username, "wrong").await;
        assert_eq!(wrong.expect_status(400).text("/code"), "INVALID_DATA");
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["id"], json!(person.id));
        assert!(done.get("attributes").is_none());

        // Another browser: the account is known now.
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["id"], json!(person.id));
        let linked = user(&server, &person.username).await.unwrap();
        let email = format!("{}@client.example", person.username);
        assert_eq!(linked.email, Some(email), "EMPTY_ONLY leaves what is there");
        assert!(!linked.is_external(), "a link gives the provider no say");
    }

    async fn a_link_takes_at_once_what_the_provider_always_says(server: TestServer) {
        provider(&server, &always()).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let done = done.expect_status(200).json();
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["name"]["given"], "carol elsewhere");
        let linked = user(&server, &person.username).await.unwrap();
        assert_eq!(given(&linked), Some("carol elsewhere"));
        let email = format!("{}@client.example", person.username);
        assert_eq!(linked.email, Some(email), "EMPTY_ONLY leaves what is there");
    }

    async fn without_registration_somebody_unknown_stays_out(server: TestServer) {
        provider(&server, &json!({})).await;
        provider_first(&server, json!({ "enabled": false })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let failed = read(&server, &browser, &flow).await;
        assert_eq!(failed["status"], "FAILED");
        assert_eq!(failed["error"]["code"], "access_denied");
    }

    async fn a_namesake_may_link_even_without_registration(server: TestServer) {
        let username = json!([{ "name": "username", "value": server.tenant.person.username.to_uppercase() }]);
        provider(&server, &json!({ "attributes": username })).await;
        provider_first(&server, json!({ "enabled": false })).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "ACCOUNT_LINKING_REQUIRED");
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
    }

    async fn a_link_is_made_although_the_password_must_be_changed_first(server: TestServer) {
        provider(&server, &json!({})).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "username": "temp", "password": { "value": "Temporary-1!", "forceChange": true } }
        ] } ] })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let must = tenant.check_password(&browser, &flow, "temp", "Temporary-1!").await;
        assert_eq!(must.expect_status(200).text("/status"), "MUST_CHANGE_PASSWORD");
        let body = json!({ "currentPassword": "Temporary-1!", "newPassword": "Quite-Another-2!" });
        let done = tenant.act(&browser, &flow, "password.reset", &body).await;
        assert_eq!(done.expect_status(200).text("/status"), "COMPLETED");
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["_embedded"]["user"]["username"], "temp");
    }

    async fn who_has_no_account_here_registers_and_is_linked_without_a_password(server: TestServer) {
        let attributes = json!([
            { "name": "username", "value": "${providerAttributes.preferred_username}" },
            { "name": "email", "value": "${providerAttributes.email}" },
        ]);
        provider(&server, &json!({ "attributes": attributes })).await;
        provider_first(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let linking = read(&server, &browser, &flow).await;
        assert!(links(&linking).contains(&"user.register".to_owned()), "{linking}");
        let body = json!({ "username": "caro", "email": "carol@client.example" });
        let made = tenant.act(&browser, &flow, "user.register", &body).await.expect_status(200);
        // The provider does not vouch for the address: it is verified as ever.
        assert_eq!(made.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let mails = server.mails().await;
        let body = json!({ "verificationCode": code_in(&mails[0]) });
        let done = tenant.act(&browser, &flow, "user.verify", &body).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["username"], "caro");
    }

    async fn a_recovered_password_links_as_well_as_a_known_one(server: TestServer) {
        provider(&server, &always()).await;
        policy(&server, json!([{ "type": "LOGIN", "priority": 1, "recovery": { "enabled": true },
            "socialProviders": [{ "id": PROVIDER }], "registration": { "enabled": true } }])).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let linking = read(&server, &browser, &flow).await;
        assert!(links(&linking).contains(&"password.forgot".to_owned()), "{linking}");
        let body = json!({ "username": person.username });
        let sent = tenant.act(&browser, &flow, "password.forgot", &body).await;
        assert_eq!(sent.expect_status(200).text("/status"), "RECOVERY_CODE_REQUIRED");
        let mails = server.mails().await;
        let body = json!({ "recoveryCode": code_in(&mails[0]), "newPassword": "Quite-Another-2!" });
        let done = tenant.act(&browser, &flow, "password.recover", &body).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        assert_eq!(given(&user(&server, &person.username).await.unwrap()), Some("carol elsewhere"));
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["_embedded"]["user"]["id"], json!(person.id));
    }

    async fn switching_accounts_forgets_who_came(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let reset = tenant.act(&browser, &flow, "session.reset", &json!({})).await;
        assert_eq!(reset.expect_status(200).text("/status"), "USERNAME_PASSWORD_REQUIRED");
        let _ = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        // Nothing was linked with that password.
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "ACCOUNT_LINKING_REQUIRED");
    }

    async fn a_browser_is_led_there_and_back_and_signs_on_to_link(server: TestServer) {
        provider(&server, &json!({})).await;
        login_or_provider(&server, json!({ "enabled": true })).await;
        let (tenant, other) = (&server.tenant, &server.other);
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        assert!(page.body.contains("Continue with Elsewhere"), "{}", page.body);
        let start = page.body.find("/rp/authenticate").unwrap();
        let end = start + page.body[start..].find('"').unwrap();
        let path = page.body[start..end].replace("&amp;", "&").replace("&#38;", "&");
        let left = browser.get(format!("{}/{}{path}", tenant.base, tenant.id)).send().await;
        let page = browser.follow(left, &tenant.base).await.expect_status(200);
        assert!(page.url.as_str().contains(&other.id), "{}", page.url);
        let carol = &other.person;
        let page = countersign_testkit::submit(
            other, &browser, &page, &carol.username, &carol.password).await;
        let page = page.expect_status(200);
        assert!(page.body.contains("Link your account"), "{}", page.body);
        assert!(page.body.contains("value=\"carol\""), "the name is filled in");
        let person = &tenant.person;
        let answer = countersign_testkit::submit(
            tenant, &browser, &page, &person.username, &person.password).await;
        let code = countersign_testkit::code_of(&answer.redirect());
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let id = tenant.verify(&tokens.json()["id_token"]).await;
        assert_eq!(id.text("sub"), person.id);
        assert_eq!(id.text("acr"), "Federated");
        assert_eq!(id.claims["amr"], json!(["pwd"]));
    }

    async fn an_external_sign_on_is_a_session_that_conditions_know(server: TestServer) {
        provider(&server, &json!({})).await;
        policy(&server, json!([{ "type": "IDENTITY_PROVIDER", "priority": 1,
            "identityProvider": PROVIDER, "registration": { "enabled": true },
            "condition": { "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}",
                "greater": 600 } }])).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let _ = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        // A session is not asked again.
        let again = tenant.authorize(&tenant.web).send(&browser).await;
        assert!(again.redirect().as_str().starts_with("https://client.example/"));
        server.clock.advance(std::time::Duration::from_secs(601));
        let again = tenant.authorize(&tenant.native).pi_flow().send(&browser).await;
        assert_eq!(again.json()["status"], "EXTERNAL_AUTHENTICATION_REQUIRED");
    }
}
