//! Attribute mappings and resources in tokens

use countersign_testkit::{TestServer, on_every_adapter, query};
use serde_json::{Value, json};

async fn configure(server: &TestServer, application: Value, attributes: Value) {
    let tenant = &server.tenant;
    let mut wanted = json!({
        "id": tenant.post.id, "name": "Web with post",
        "grants": [
            { "resource": "openid", "scopes": ["profile"] },
            { "resource": "Orders", "scopes": ["orders:read"] },
            { "resource": "Stock", "scopes": ["stock:read"] },
            { "resource": "PingOne API", "scopes": ["p1:read:user", "p1:update:user"] },
        ],
    });
    for (name, value) in application.as_object().unwrap() {
        wanted[name] = value.clone();
    }
    server.import(&json!({ "environments": [ {
        "id": tenant.id, "name": "First",
        "resources": [
            { "name": "Orders", "audience": "https://orders.example", "accessTokenValiditySeconds": 900,
              "scopes": ["orders:read"], "attributes": attributes },
            { "name": "Stock", "accessTokenValiditySeconds": 300, "scopes": ["stock:read"],
              "attributes": [{ "name": "greeting", "value": "second" }, { "name": "stock", "value": "yes" }] },
        ],
        "applications": [wanted],
    } ] })).await;
}

async fn tokens(server: &TestServer, scope: &str) -> Value {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let authorize = tenant.authorize(&tenant.post).set("scope", scope);
    let code = authorize.code(&browser).await;
    tenant
        .redeem(&tenant.post, &code)
        .send(&browser)
        .await
        .json()
}

async fn claims(server: &TestServer, tokens: &Value) -> Value {
    json!(server.tenant.verify(&tokens["access_token"]).await.claims)
}

on_every_adapter! {
    async fn expressions_make_claims(server: TestServer) {
        let attributes = json!([
            { "name": "sub", "value": "${user.username}" },
            { "name": "greeting", "value": "Hello ${user.name.given}" },
            { "name": "shop", "value": "${application.name}" },
            { "name": "initials", "value": "${#string.substring(user.name.given, 0, 1) + #string.lowerCase(user.name.family)}" },
            { "name": "tier", "value": "${user.nickname == null ? 'new' : 'known'}" },
            { "name": "facts", "value": "${{'mail': user.email, 'on': user.enabled}}" },
            { "name": "nothing", "value": "${user.title}" },
        ]);
        configure(&server, json!({}), attributes).await;
        let tokens = tokens(&server, "openid orders:read").await;
        let token = claims(&server, &tokens).await;
        let person = &server.tenant.person;
        for (name, value) in [
            ("sub", json!(person.username)), ("p1.userId", json!(person.id)),
            ("greeting", json!("Hello Alice")), ("shop", json!("Web with post")),
            ("initials", json!("Aarcher")), ("tier", json!("new")),
            ("facts", json!({ "mail": format!("{}@client.example", person.username), "on": true })),
            ("nothing", Value::Null), ("aud", json!(["https://orders.example"])),
        ] {
            assert_eq!(token[name], value, "{name}");
        }
        assert_eq!(tokens["expires_in"], 900);
        // The ID token speaks of the user by id all the same.
        let id = server.tenant.verify(&tokens["id_token"]).await;
        assert_eq!(id.claims["sub"], person.id);
    }

    async fn a_required_mapping_without_a_value_refuses(server: TestServer) {
        let attributes = json!([{ "name": "title", "value": "${user.title}", "required": true }]);
        configure(&server, json!({}), attributes).await;
        assert_eq!(tokens(&server, "openid orders:read").await["error"], "access_denied");
        assert!(tokens(&server, "openid").await["access_token"].is_string());
    }

    async fn scopes_of_several_resources(server: TestServer) {
        let attributes = json!([{ "name": "greeting", "value": "first" }]);
        let tenant = &server.tenant;
        let refused = async |scope: &str| {
            let authorize = tenant.authorize(&tenant.post).set("scope", scope);
            let to = authorize.send(&tenant.browser()).await.redirect();
            let answer = query(&to);
            assert!(answer["error_description"].contains("May not request scopes for multiple resources"));
            answer["error"].clone()
        };
        configure(&server, json!({}), attributes.clone()).await;
        assert_eq!(refused("openid orders:read stock:read").await, "invalid_scope");
        assert_eq!(refused("orders:read p1:read:user").await, "invalid_scope");

        let several = json!({ "requestScopesForMultipleResourcesEnabled": true });
        configure(&server, several, attributes).await;
        assert_eq!(refused("orders:read p1:read:user").await, "invalid_scope");
        assert_eq!(refused("p1:read:user stock:read").await, "invalid_scope");
        let tokens = tokens(&server, "openid orders:read stock:read").await;
        assert_eq!(tokens["expires_in"], 300, "the shortest of both");
        assert_eq!(tokens["scope"], "openid orders:read stock:read");
        let token = claims(&server, &tokens).await;
        assert_eq!(token["aud"], json!(["https://orders.example", "Stock"]));
        assert_eq!((&token["greeting"], &token["stock"]), (&json!("first"), &json!("yes")));
    }

    async fn self_management_scopes_are_for_the_api(server: TestServer) {
        configure(&server, json!({}), json!([])).await;
        let tokens = tokens(&server, "openid p1:read:user p1:update:user").await;
        assert_eq!(tokens["scope"], "openid p1:read:user p1:update:user");
        let token = claims(&server, &tokens).await;
        assert_eq!(token["aud"].as_array().unwrap().len(), 1);
        assert!(token.get("p1.userId").is_none());
    }

    /// Whatever comes of it: no value, another target, a scope that was not asked for.
    async fn an_application_s_mapping_takes_the_place_of_the_one_that_all_have(server: TestServer) {
        let tenant = &server.tenant;
        let grants = json!([{ "resource": "openid", "scopes": ["openid", "profile", "email"] }]);
        for (mapping, of_id_token, of_userinfo) in [
            (json!({ "value": "${user.nickname}" }), Value::Null, Value::Null),
            (json!({ "value": "${user.username}", "idToken": false }), Value::Null, json!(tenant.person.username)),
            (json!({ "value": "${user.username}", "userInfo": false }), json!(tenant.person.username), Value::Null),
            (json!({ "value": "${user.username}", "oidcScopes": ["profile"] }), Value::Null, Value::Null),
        ] {
            // An import leaves what it does not name.
            let mut own = json!({ "name": "email", "idToken": true, "userInfo": true });
            own.as_object_mut().unwrap().extend(mapping.as_object().unwrap().clone());
            let application = json!({ "attributes": [own], "grants": grants });
            configure(&server, application, json!([])).await;
            let tokens = tokens(&server, "openid email").await;
            let id_token = tenant.verify(&tokens["id_token"]).await;
            let told = id_token.claims.get("email").cloned().unwrap_or_default();
            assert_eq!(told, of_id_token, "{mapping}");
            let userinfo = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await;
            assert_eq!(userinfo.expect_status(200).json()["email"], of_userinfo, "{mapping}");
        }
    }

    async fn a_subject_is_a_text_whatever_is_mapped_to_it(server: TestServer) {
        let tenant = &server.tenant;
        let id = tenant.person.id.as_str();
        for (value, expected) in [
            ("${user.enabled}", "true"),
            ("${1 + 1}", "2"),
            ("${user.name}", id),
            ("${user.memberOfGroupNames}", id),
            ("${user.title}", id),
        ] {
            let mapping = json!([{ "name": "sub", "value": value, "required": false }]);
            configure(&server, json!({ "attributes": mapping }), mapping.clone()).await;
            let tokens = tokens(&server, "openid orders:read").await;
            let userinfo = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await;
            let id_token = tenant.verify(&tokens["id_token"]).await;
            assert_eq!(id_token.claims["sub"], expected, "{value}");
            assert_eq!(claims(&server, &tokens).await["sub"], expected, "{value}");
            assert_eq!(userinfo.expect_status(200).json()["sub"], expected, "{value}");
        }
        // A mapping that must have a value has none.
        let mapping = json!([{ "name": "sub", "value": "${user.name}", "required": true }]);
        configure(&server, json!({ "attributes": mapping }), json!([])).await;
        assert_eq!(tokens(&server, "openid").await["error"], "access_denied");
    }
}
