//! What is valid in one environment is worth nothing in another

use countersign_testkit::{Tenant, TestServer, on_every_adapter};
use serde_json::json;

on_every_adapter! {
    async fn threat_42_applications_and_people_are_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let request = there.authorize(&here.web).send(&browser).await;
        let _ = request.expect_status(400);
        let flow = there.authorize(&there.native).start_flow(&browser).await;
        let person = &here.person;
        let answer = there.check_password(&browser, &flow, &person.username, &person.password).await;
        let _ = answer.expect_status(400);
    }

    async fn threat_42_a_code_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let code = here.authorize(&here.web).code(&browser).await;
        let stolen = there.redeem(&there.web, &code).send(&browser).await;
        assert_eq!(stolen.expect_status(400).text("/error"), "invalid_grant");
        let foreign = there.redeem(&here.web, &code).send(&browser).await;
        assert_eq!(foreign.expect_status(401).text("/error"), "invalid_client");
        let _ = here.redeem(&here.web, &code).send(&browser).await.expect_status(200);
    }

    async fn threat_42_a_token_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let tokens = here.tokens(&here.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let _ = here.userinfo(access).await.expect_status(200);
        let _ = there.userinfo(access).await.expect_status(401);
        let key = |jwks: &serde_json::Value| jwks["keys"][0]["n"].clone();
        assert_ne!(key(&here.jwks().await), key(&there.jwks().await));
    }

    async fn threat_42_whatever_one_environment_gave_out_is_nothing_next_door(server: TestServer) {
        // Both have the same applications, as far as they can.
        for tenant in [&server.tenant, &server.other] {
            server.import(&json!({ "environments": [ {
                "id": tenant.id, "name": if tenant.id == server.tenant.id { "First" } else { "Second" },
                "applications": [ {
                    "id": tenant.native.id, "name": "Native",
                    "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN", "DEVICE_CODE"],
                } ],
            } ] })).await;
        }
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let tokens = here.tokens(&here.native).await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let post = async |tenant: &Tenant, endpoint: &str, fields: &[(&str, &str)]| {
            let mut form = vec![("client_id", tenant.native.id.as_str())];
            form.extend(fields);
            tenant.browser().post(tenant.endpoint(endpoint)).form(form).send().await
        };
        let (refresh, access, id) = (text("refresh_token"), text("access_token"), text("id_token"));
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let refused = post(there, "token", &fields).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_grant");
        for token in [refresh.as_str(), &access, &id] {
            let answer = post(there, "introspect", &[("token", token)]).await.expect_status(200);
            assert_eq!(answer.json(), json!({ "active": false }));
            // Nothing of it is ended, though the answer is the same.
            let _ = post(there, "revoke", &[("token", token)]).await.expect_status(200);
        }
        let pushed = here.authorize(&here.native).parameters().to_vec();
        let pushed = browser.post(here.endpoint("par")).form(pushed).send().await;
        let uri = pushed.expect_status(201).text("/request_uri");
        let present = async |tenant: &Tenant, client: &str| {
            let query = [("client_id", client), ("request_uri", &uri)];
            let url = url::Url::parse_with_params(&tenant.endpoint("authorize"), query).unwrap();
            tenant.browser().get(&url).send().await.status
        };
        assert_eq!(present(there, &there.native.id).await, 400);
        assert_eq!(present(there, &here.native.id).await, 400);
        for (name, value) in [("id_token_hint", &id), ("login_hint_token", &id)] {
            let request = there.authorize(&there.web).set(name, value).set("prompt", "none");
            let answer = request.send(&there.browser()).await.redirect();
            assert!(answer.as_str().contains("error=invalid_request"), "{name}: {answer}");
        }
        let signoff = format!("{}?id_token_hint={id}", there.endpoint("signoff"));
        let _ = there.browser().get(signoff).send().await.expect_status(400);
        // At home all of it is as good as before.
        assert_eq!(present(here, &here.native.id).await, 302);
        let _ = here.userinfo(&access).await.expect_status(200);
        let _ = post(here, "token", &fields).await.expect_status(200);
    }

    async fn threat_42_a_flow_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let flow = here.authorize(&here.native).start_flow(&browser).await;
        let cookie = browser.cookie(here.flow(&flow), "ST").unwrap();
        let with_cookie = |url: String| browser.get(url).header("cookie", format!("ST={cookie}")).send();
        let _ = with_cookie(there.flow(&flow)).await.expect_status(404);
        let resume = format!("{}?flowId={flow}", there.endpoint("resume"));
        assert!((400..500).contains(&with_cookie(resume).await.status));
    }

    async fn threat_42_a_session_is_unknown_next_door(server: TestServer) {
        let (here, there) = (&server.tenant, &server.other);
        let browser = here.browser();
        let _ = here.authorize(&here.web).code(&browser).await;
        let cookie = browser.cookie(here.endpoint("authorize"), "ST").unwrap();
        let url = there.authorize(&there.web).set("prompt", "none").url();
        let answer = browser.get(url).header("cookie", format!("ST={cookie}")).send().await;
        assert!(answer.redirect().query().unwrap().contains("login_required"));
    }
}
