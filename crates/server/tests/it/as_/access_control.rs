//! `accessControl` of an application: who of those who can sign on may

use countersign_testkit::{Answer, TestServer, fragment, on_every_adapter, query};
use serde_json::{Value, json};

/// The person is in "Reds" and, through it, in "Colours"; the other person is in nothing.
async fn configure(server: &TestServer, control: Value, more: Value) {
    let tenant = &server.tenant;
    let mut environment = json!({
        "id": tenant.id, "name": "First",
        "groups": [
            { "name": "Colours" }, { "name": "Blues" },
            { "name": "Reds", "memberOfGroups": ["Colours"] },
        ],
        "applications": [ {
            "id": tenant.post.id, "name": "Web with post", "accessControl": control,
            "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT", "REFRESH_TOKEN"],
            "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        } ],
        "users": [ {
            "id": tenant.person.id, "username": tenant.person.username, "memberOfGroups": ["Reds"],
        } ],
    });
    for (name, value) in more.as_object().unwrap() {
        environment[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

fn groups(kind: &str, names: &[&str]) -> Value {
    json!({ "group": { "type": kind, "groups": names } })
}

async fn sign_on(server: &TestServer, response_type: &str) -> Answer {
    let tenant = &server.tenant;
    let authorize = tenant
        .authorize(&tenant.post)
        .set("response_type", response_type);
    authorize.sign_on(&tenant.browser()).await
}

#[track_caller]
fn error_of(answer: &Answer) -> Option<String> {
    let to = answer.redirect();
    let mut found = query(&to);
    found.extend(fragment(&to));
    found.remove("error")
}

on_every_adapter! {
    async fn groups_count_directly_and_nested(server: TestServer) {
        for (control, is_let_in) in [
            (groups("ANY_GROUP", &["Reds"]), true),
            (groups("ANY_GROUP", &["Blues", "Reds"]), true),
            (groups("ANY_GROUP", &["Colours"]), true),
            (groups("ANY_GROUP", &["Blues"]), false),
            (groups("ANY_GROUP", &[]), false),
            (groups("ALL_GROUPS", &["Reds", "Colours"]), true),
            (groups("ALL_GROUPS", &["Reds", "Blues"]), false),
            (Value::Null, true),
        ] {
            configure(&server, control.clone(), json!({})).await;
            for response_type in ["code", "id_token", "code token"] {
                let error = error_of(&sign_on(&server, response_type).await);
                let expected = (!is_let_in).then_some("access_denied");
                assert_eq!(error.as_deref(), expected, "{control} {response_type}");
            }
        }
    }

    /// `reference/flows.md` 13: each answer tells of one access, allowed or denied, to whom, by which client.
    async fn who_is_let_in_and_who_is_not_is_told(server: TestServer) {
        let api = crate::v1::admin(&server).await;
        let tenant = &server.tenant;
        let told = async |answer: &Answer| {
            let _ = server.write_events().await;
            let id = answer.header("correlation-id").unwrap();
            let path = format!("/environments/{}/activities?filter=correlationid%20eq%20%22{id}%22", tenant.id);
            let list = api.get(&path).await.expect_status(200).json();
            let told = list["_embedded"]["activities"].as_array().unwrap().clone();
            let is_access = |it: &&Value| it["action"]["type"].as_str().unwrap().starts_with("USER.ACCESS_");
            let told: Vec<Value> = told.iter().filter(is_access).cloned().collect();
            for access in &told {
                assert_eq!(access["actors"]["user"]["id"], tenant.person.id);
                assert_eq!(access["actors"]["client"]["id"], tenant.post.id);
                assert_eq!(access["actors"]["client"]["name"], "Web with post");
                assert_eq!(access["resources"][0]["id"], tenant.person.id);
            }
            told.iter().map(|it| it["action"]["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        for (control, expected) in [
            (groups("ANY_GROUP", &["Reds"]), "USER.ACCESS_ALLOWED"),
            (groups("ANY_GROUP", &["Blues"]), "USER.ACCESS_DENIED"),
        ] {
            configure(&server, control, json!({})).await;
            let browser = tenant.browser();
            for response_type in ["code", "id_token", "code token"] {
                let request = tenant.authorize(&tenant.post).set("response_type", response_type);
                // With a password, and then with the session alone.
                let first = request.clone().sign_on(&tenant.browser()).await;
                assert_eq!(told(&first).await, [expected], "{response_type}");
                let _ = tenant.authorize(&tenant.web).code(&browser).await;
                let silent = request.clone().set("prompt", "none").send(&browser).await;
                assert_eq!(told(&silent).await, [expected], "{response_type} at once");
                let silent = request.pi_flow().set("prompt", "none").send(&browser).await;
                assert_eq!(told(&silent).await, [expected], "{response_type} by pi.flow");
            }
        }
    }

    async fn administrators_only(server: TestServer) {
        let control = json!({ "role": { "type": "ADMIN_USERS_ONLY" } });
        configure(&server, control.clone(), json!({})).await;
        assert_eq!(error_of(&sign_on(&server, "code").await).as_deref(), Some("access_denied"));
        let person = &server.tenant.person;
        for (role, is_let_in) in [("Help Desk Admin", false), ("Identity Data Admin", true)] {
            let users = json!([{ "id": person.id, "username": person.username, "roleAssignments": [role] }]);
            configure(&server, control.clone(), json!({ "users": users })).await;
            assert_eq!(error_of(&sign_on(&server, "code").await).is_none(), is_let_in, "{role}");
        }
    }

    async fn a_session_that_satisfies_is_still_not_enough(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, groups("ANY_GROUP", &["Blues"]), json!({})).await;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let silent = tenant.authorize(&tenant.post).set("prompt", "none").send(&browser).await;
        assert_eq!(error_of(&silent).as_deref(), Some("access_denied"));
        // The other application never minded.
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
    }

    /// Compat: as PingOne has it, unless the environment says otherwise.
    async fn refreshing_asks_again_only_where_that_is_set(server: TestServer) {
        let tenant = &server.tenant;
        let refresh = async |token: String| {
            let form = [
                ("grant_type", "refresh_token"), ("refresh_token", &token),
                ("client_id", &tenant.post.id), ("client_secret", &tenant.post.secret),
            ];
            tenant.browser().post(tenant.endpoint("token")).form(form).send().await
        };
        configure(&server, groups("ANY_GROUP", &["Reds"]), json!({})).await;
        let token = tenant.tokens(&tenant.post).await["refresh_token"].as_str().unwrap().to_owned();
        configure(&server, groups("ANY_GROUP", &["Blues"]), json!({})).await;
        let token = refresh(token).await.expect_status(200).text("/refresh_token");
        let strict = json!({ "countersign": { "accessControlOnRefresh": true } });
        configure(&server, groups("ANY_GROUP", &["Blues"]), strict.clone()).await;
        let refused = refresh(token.clone()).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_grant");
        // That used nothing up.
        configure(&server, groups("ANY_GROUP", &["Reds"]), strict).await;
        let _ = refresh(token).await.expect_status(200);
    }

    /// `reference/oidc.md` 22.1: when a token would be issued.
    async fn a_code_is_worth_nothing_to_who_is_no_longer_let_in(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, groups("ANY_GROUP", &["Reds"]), json!({})).await;
        let code = tenant.authorize(&tenant.post).code(&tenant.browser()).await;
        configure(&server, groups("ANY_GROUP", &["Blues"]), json!({})).await;
        let redeem = tenant.redeem(&tenant.post, &code);
        let refused = redeem.send(&tenant.browser()).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_grant");
        // That used nothing up.
        configure(&server, groups("ANY_GROUP", &["Reds"]), json!({})).await;
        let _ = redeem.send(&tenant.browser()).await.expect_status(200);
    }

    async fn claims_name_groups_where_a_mapping_asks(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, Value::Null, json!({
            "resources": [ {
                "name": "openid", "type": "OPENID_CONNECT", "attributes": [
                    { "name": "groups", "value": "${user.memberOfGroupNames}" },
                    { "name": "group_ids", "value": "${user.memberOfGroupIDs}" },
                ],
            } ],
        })).await;
        let tokens = tenant.tokens(&tenant.post).await;
        let id = tenant.verify(&tokens["id_token"]).await;
        assert_eq!(id.claims["groups"], json!(["Colours", "Reds"]));
        assert_eq!(id.claims["group_ids"].as_array().unwrap().len(), 2);
        let said = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(said.json()["groups"], json!(["Colours", "Reds"]));
    }

    async fn a_condition_may_ask_for_a_group(server: TestServer) {
        let tenant = &server.tenant;
        let members = json!({ "value": "${user.memberOfGroupNames}", "equals": "Colours" });
        let policy = json!({ "name": "Members", "default": true, "actions": [
            { "type": "LOGIN", "priority": 1 },
            { "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 2, "noDevicesMode": "BLOCK",
              "condition": members },
        ] });
        configure(&server, Value::Null, json!({ "signOnPolicies": [policy] })).await;
        let plain = json!({ "id": tenant.id, "name": "First", "users": [
            { "username": "plain", "password": { "value": tenant.person.password } },
        ] });
        server.import(&json!({ "environments": [plain] })).await;
        for (name, status) in [(tenant.person.username.as_str(), "FAILED"), ("plain", "COMPLETED")] {
            let browser = tenant.browser();
            let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
            let password = &tenant.person.password;
            let done = tenant.check_password(&browser, &flow, name, password).await;
            assert_eq!(done.expect_status(200).text("/status"), status, "{name}");
        }
    }
}
