//! People whom only the provider knows: made at once where it has the say, confirmed by themselves
//! where it has not.

use countersign_testkit::{TestServer, code_in, on_every_adapter};
use serde_json::{Value, json};

use super::{
    CAROL, PROVIDER, come_back, links, login_or_provider, provider, provider_first, read, user,
};

/// A provider that has the say over whom it brings.
async fn authoritative(server: &TestServer) {
    let population = json!({ "name": "Federated people" });
    server
        .import(&json!({ "environments": [
            { "id": server.tenant.id, "name": "First", "populations": [population] }
        ] }))
        .await;
    let registration = json!({ "registration": { "population": "Federated people" } });
    provider(server, &registration).await;
    provider_first(server, Value::Null).await;
}

/// Changes carol at the provider.
async fn change_carol(server: &TestServer, changes: Value) {
    let mut carol = json!({ "id": server.other.person.id, "username": CAROL });
    for (name, value) in changes.as_object().unwrap() {
        carol[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [
            { "id": server.other.id, "name": "Second", "users": [carol] }
        ] }))
        .await;
}

on_every_adapter! {
    async fn who_has_the_say_makes_people_without_a_question(server: TestServer) {
        authoritative(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["username"], CAROL);
        let carol = user(&server, CAROL).await.unwrap();
        assert_eq!(carol.email.as_deref(), Some("carol@client.example"));
        assert!(!carol.email_verified, "the provider did not say so");
        assert_eq!(carol.name.clone().unwrap().given.as_deref(), Some("Alice"));
        assert_eq!(carol.identity_provider.type_, "OPENID_CONNECT");
        assert!(carol.is_external());

        // What is mapped with ALWAYS follows the provider; EMPTY_ONLY stays.
        change_carol(&server, json!({
            "name": { "given": "Caroline", "family": "Changed" }, "email": "new@client.example",
        })).await;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        assert_eq!(read(&server, &browser, &flow).await["status"], "COMPLETED");
        let again = user(&server, CAROL).await.unwrap();
        assert_eq!(again.id, carol.id);
        let name = again.name.unwrap();
        assert_eq!(name.given.as_deref(), Some("Caroline"));
        assert_eq!(name.family.as_deref(), Some("Archer"));
        assert_eq!(again.email.as_deref(), Some("carol@client.example"));

        // Whose passwords another provider checks has none here.
        let browser = tenant.browser();
        login_or_provider(&server, json!({})).await;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let refused = tenant.check_password(&browser, &flow, CAROL, "anything").await;
        assert_eq!(refused.expect_status(400).text("/code"), "INVALID_DATA");
    }

    async fn a_user_who_was_given_to_the_provider_is_taken_over_by_name(server: TestServer) {
        authoritative(&server).await;
        server.import(&json!({ "environments": [ { "id": server.tenant.id, "name": "First",
            "users": [ { "username": "Carol", "identityProvider": PROVIDER } ] } ] })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["status"], "COMPLETED");
        assert_eq!(done["_embedded"]["user"]["username"], "Carol");
    }

    async fn what_the_provider_says_is_confirmed_and_somebody_is_made(server: TestServer) {
        provider(&server, &json!({})).await;
        let registration = json!({ "enabled": true, "confirmIdentityProviderAttributes": true });
        provider_first(&server, registration).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let asked = read(&server, &browser, &flow).await;
        assert_eq!(asked["status"], "ACCOUNT_CONFIRMATION_REQUIRED");
        assert_eq!(links(&asked), ["self", "user.confirm"]);
        assert_eq!(asked["attributes"]["name"]["family"], "Archer");
        for (body, target) in [
            (json!({}), "username"),
            (json!({ "username": 5 }), "username"),
            (json!({ "username": "caro", "email": "nowhere" }), "email"),
        ] {
            let refused = tenant.act(&browser, &flow, "user.confirm", &body).await;
            assert_eq!(refused.expect_status(400).text("/details/0/target"), target);
        }
        let body = json!({ "username": "caro", "name": { "given": "Caro" }, "nickname": "ignored",
            "enabled": false });
        let done = tenant.act(&browser, &flow, "user.confirm", &body).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        let made = user(&server, "caro").await.unwrap();
        let name = made.name.clone().unwrap();
        assert_eq!((name.given.as_deref(), name.family.as_deref()), (Some("Caro"), Some("Archer")));
        assert_eq!(made.nickname, None);
        assert!(made.enabled && !made.is_external());

        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let done = read(&server, &browser, &flow).await;
        assert_eq!(done["_embedded"]["user"]["username"], "caro", "linked: not asked again");
    }

    /// The provider's is as good as it says.
    async fn an_address_of_ones_own_is_proved_like_any_that_is_registered(server: TestServer) {
        provider(&server, &json!({})).await;
        let registration = json!({ "enabled": true, "confirmIdentityProviderAttributes": true });
        provider_first(&server, registration).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let body = json!({ "username": "caro", "email": "victim@client.example" });
        let waits = tenant.act(&browser, &flow, "user.confirm", &body).await.expect_status(200);
        assert_eq!(waits.text("/status"), "VERIFICATION_CODE_REQUIRED");
        let made = user(&server, "caro").await.unwrap();
        assert_eq!(made.email.as_deref(), Some("victim@client.example"));
        assert!(!made.email_verified);
        let body = json!({ "verificationCode": code_in(&server.mail().await) });
        let done = tenant.act(&browser, &flow, "user.verify", &body).await.expect_status(200);
        assert_eq!(done.text("/status"), "COMPLETED");
        assert!(user(&server, "caro").await.unwrap().email_verified);
    }

    async fn a_confirmed_name_that_somebody_has_is_to_be_linked(server: TestServer) {
        provider(&server, &json!({})).await;
        let registration = json!({ "enabled": true, "confirmIdentityProviderAttributes": true });
        provider_first(&server, registration).await;
        let tenant = &server.tenant;
        let (browser, person) = (tenant.browser(), &tenant.person);
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let _ = come_back(&server, &browser, &flow).await;
        let body = json!({ "username": person.username });
        let linking = tenant.act(&browser, &flow, "user.confirm", &body).await;
        assert_eq!(linking.expect_status(200).text("/status"), "ACCOUNT_LINKING_REQUIRED");
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        assert_eq!(done.expect_status(200).text("/_embedded/user/id"), person.id);
    }

    async fn a_page_shows_what_the_provider_said(server: TestServer) {
        provider(&server, &json!({})).await;
        let registration = json!({ "enabled": true, "confirmIdentityProviderAttributes": true });
        provider_first(&server, registration).await;
        let (tenant, other) = (&server.tenant, &server.other);
        let browser = tenant.browser();
        // The policy has nothing but the provider: the page leads there at once.
        let page = tenant.authorize(&tenant.web).page(&browser).await;
        assert!(page.url.as_str().contains(&other.id), "{}", page.url);
        let carol = &other.person;
        let page = countersign_testkit::submit(
            other, &browser, &page, &carol.username, &carol.password).await;
        let page = page.expect_status(200);
        assert!(page.body.contains("Check your details"), "{}", page.body);
        assert!(page.body.contains("Elsewhere told us this about you."));
        let form = page.form().fill("email", "broken");
        let again = browser.submit(form).await;
        assert!(again.body.contains("Email Address cannot be what you entered."), "{}", again.body);
        let form = page.form().fill("username", "caro");
        let done = browser.post(&form.action).form(form.fields).send().await;
        let done = browser.follow(done, &tenant.base).await;
        let _ = countersign_testkit::code_of(&done.redirect());
        assert_eq!(user(&server, "caro").await.unwrap().email.as_deref(), Some("carol@client.example"));
    }
}
