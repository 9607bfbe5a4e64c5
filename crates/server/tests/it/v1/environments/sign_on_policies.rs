//! `/v1/environments/{e}/signOnPolicies` and their actions

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

async fn policy(api: &Api, server: &TestServer, name: &str) -> String {
    let all = format!("/environments/{}/signOnPolicies", server.tenant.id);
    let made = Api::created(api.post(&all, json!({ "name": name })).await);
    format!("{all}/{}", text(&made, "/id"))
}

async fn provider(api: &Api, server: &TestServer) -> Value {
    let all = format!("/environments/{}/identityProviders", server.tenant.id);
    let body = json!({ "name": "Other", "type": "OPENID_CONNECT", "enabled": true, "clientId": "c",
        "clientSecret": "s", "issuer": "https://idp.example",
        "authorizationEndpoint": "https://idp.example/a", "tokenEndpoint": "https://idp.example/t",
        "jwksEndpoint": "https://idp.example/j", "scopes": ["openid"] });
    json!({ "id": Api::created(api.post(&all, body).await)["id"] })
}

on_every_adapter! {
    async fn a_sign_on_policy_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/signOnPolicies", server.tenant.id);
        let body = json!({ "name": "My_Policy.v-1 x", "description": "For tests" });
        let made = Api::created(api.post(&all, body).await);
        assert_eq!(made["default"], false);
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read, made);
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["signOnPolicies"].as_array().unwrap().clone();
        assert!(list.contains(&read) && list.iter().any(|it| it["name"] == "Single_Factor"));
        let less = api.put(&path, json!({ "name": "urn:x:loa2" })).await.expect_status(200).json();
        assert_eq!((&less["description"], &less["name"]), (&json!(null), &json!("urn:x:loa2")));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        refused(api.get(&format!("{path}/actions")).await, 404, "NOT_FOUND", None);
    }

    async fn unknown_users_are_looked_up_in_directories_that_say_how(server: TestServer) {
        let api = admin(&server).await;
        let environment = format!("/environments/{}", server.tenant.id);
        let actions = format!("{}/actions", policy(&api, &server, "Lookup").await);
        let populations = api.get(&format!("{environment}/populations")).await.expect_status(200).json();
        let population = &populations["_embedded"]["populations"][0]["id"];
        let directory = json!({ "name": "Directory", "type": "LDAP", "enabled": true, "bindDN": "cn=admin",
            "bindPassword": "very secret", "serversHostAndPort": ["ds1.example.com:636"],
            "vendor": "PingDirectory", "userTypes": [
                { "name": "Known", "searchBaseDn": "dc=example", "passwordAuthority": "LDAP",
                    "orderedCorrelationAttributes": ["dn"] },
                { "name": "New", "searchBaseDn": "dc=example", "passwordAuthority": "LDAP",
                    "orderedCorrelationAttributes": ["dn"], "newUserLookup": {
                        "ldapFilterPattern": "(uid=${identifier})", "population": { "id": population },
                        "attributeMappings": [{ "name": "username", "value": "${ldapAttributes.uid}" },
                            { "name": "email", "value": "${ldapAttributes.mail}" }] } }] });
        let gateways = format!("{environment}/gateways");
        let directory = Api::created(api.post(&gateways, directory).await);
        let other = json!({ "name": "Federate", "type": "PING_FEDERATE", "enabled": true });
        let other = Api::created(api.post(&gateways, other).await);
        let named = |name: &str| {
            let types = directory["userTypes"].as_array().unwrap();
            types.iter().find(|it| it["name"] == name).unwrap()["id"].clone()
        };
        let action = |gateway: &Value, user_type: Value| {
            json!({ "type": "LOGIN", "priority": 1, "newUserProvisioning": { "gateways":
                [{ "id": gateway, "type": "LDAP", "userType": { "id": user_type } }] } })
        };
        for (body, target, message) in [
            (action(&json!(NOBODY), json!(NOBODY)), "newUserProvisioning.gateways.id", "no gateway has this id"),
            (action(&other["id"], other["id"].clone()), "newUserProvisioning.gateways",
                "Only 'LDAP' type gateways are supported for newUserProvisioning"),
            (action(&directory["id"], named("Known")), "newUserProvisioning.gateways",
                "All user types must have newUserLookup configuration to support provisioning"),
            (action(&directory["id"], json!(NOBODY)), "newUserProvisioning.gateways.userType.id",
                "the gateway has no such user type"),
        ] {
            let said = api.post(&actions, body).await.expect_status(400).json();
            let detail = &said["details"][0];
            assert_eq!((&detail["code"], &detail["target"], &detail["message"]),
                (&json!("INVALID_VALUE"), &json!(target), &json!(message)));
        }
        for (given, code, target) in [
            (json!("ZZZ"), "INVALID_VALUE", "newUserProvisioning"),
            (json!([]), "INVALID_VALUE", "newUserProvisioning"),
            (json!({}), "REQUIRED_VALUE", "newUserProvisioning.gateways"),
            (json!({ "gateways": "x" }), "INVALID_VALUE", "newUserProvisioning.gateways"),
            (json!({ "gateways": [{ "id": directory["id"], "userType": { "id": named("New") } }] }),
                "REQUIRED_VALUE", "newUserProvisioning.gateways[0].type"),
        ] {
            let body = json!({ "type": "LOGIN", "priority": 1, "newUserProvisioning": given });
            refused(api.post(&actions, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let good = action(&directory["id"], named("New"));
        let made = Api::created(api.post(&actions, good.clone()).await);
        assert_eq!(made["newUserProvisioning"], good["newUserProvisioning"]);
    }

    async fn sign_on_policies_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/signOnPolicies", server.tenant.id);
        for (body, code) in [
            (json!({}), "REQUIRED_VALUE"),
            (json!({ "name": "" }), "EMPTY_VALUE"),
            (json!({ "name": "a/b" }), "INVALID_VALUE"),
            (json!({ "name": "a:b c" }), "INVALID_VALUE"),
            (json!({ "name": "Single_Factor" }), "UNIQUENESS_VIOLATION"),
            (json!({ "name": "x".repeat(257) }), "SIZE_LIMIT_EXCEEDED"),
        ] {
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, "name")));
        }
        Api::created(api.post(&all, json!({ "name": "x".repeat(256) })).await);
    }

    async fn there_is_one_default_sign_on_policy_and_it_stays(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/signOnPolicies", server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "name": "New", "default": true })).await);
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["signOnPolicies"].as_array().unwrap().clone();
        let defaults: Vec<_> = list.iter().filter(|it| it["default"] == true).collect();
        assert_eq!(defaults.len(), 1);
        assert_eq!(defaults[0]["id"], made["id"]);
        let path = format!("{all}/{}", text(&made, "/id"));
        // It is moved, not switched off.
        let same = api.put(&path, json!({ "name": "New", "default": false })).await;
        assert_eq!(same.expect_status(200).json()["default"], true);
        let body = refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&body, "/details/0/message").contains("delete a default policy"));
    }

    async fn every_type_of_action_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let path = policy(&api, &server, "All").await;
        let provider = provider(&api, &server).await;
        let first = |list: Value, name: &str| json!({ "id": list["_embedded"][name][0]["id"] });
        let population = first(api.get(&format!("{env}/populations")).await.expect_status(200).json(), "populations");
        let devices = api.get(&format!("{env}/deviceAuthenticationPolicies")).await.expect_status(200).json();
        let devices = first(devices, "deviceAuthenticationPolicies");
        let registration = json!({ "enabled": true, "population": population,
            "confirmIdentityProviderAttributes": true });
        let rule = json!({ "condition": { "contains": "@x.example", "value": "${identifier}" },
            "identityProvider": provider });
        let since = json!({ "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}", "greater": 300 });
        let conditions = json!({ "or": [since, { "not": { "contains": "${flow.request.http.remoteIp}",
            "ipRange": ["10.0.0.0/8", "10.0.0.1", "2001:DB8::1"] } }, { "value": "${user.lifecycle.status}", "equals": "ACCOUNT_OK" }] });
        for (number, body) in [
            json!({ "type": "LOGIN", "recovery": { "enabled": true }, "registration": registration,
                "socialProviders": [provider], "enforceLockoutForIdentityProviders": true, "condition": since }),
            json!({ "type": "IDENTIFIER_FIRST", "recovery": { "enabled": true },
                "registration": { "enabled": false, "external": { "href": "https://x.example/r" },
                    "confirmIdentityProviderAttributes": false },
                "socialProviders": [], "enforceLockoutForIdentityProviders": false, "discoveryRules": [rule] }),
            json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "deviceAuthenticationPolicy": devices,
                "noDevicesMode": "BYPASS", "condition": conditions }),
            json!({ "type": "IDENTITY_PROVIDER", "identityProvider": provider, "acrValues": "MFA",
                "passUserContext": true, "registration": registration }),
            json!({ "type": "PROGRESSIVE_PROFILING", "attributes": [{ "name": "name.given", "required": true }],
                "promptIntervalSeconds": 60, "promptText": "More?", "preventMultiplePromptsPerFlow": true }),
        ].into_iter().enumerate() {
            let mut body = body;
            body["priority"] = json!(number + 1);
            let made = Api::created(api.post(&format!("{path}/actions"), body.clone()).await);
            for (name, value) in body.as_object().unwrap() {
                assert_eq!(made[name], *value, "{name}");
            }
            assert!(path.ends_with(&text(&made, "/signOnPolicy/id")));
            let own = format!("{path}/actions/{}", text(&made, "/id"));
            let read = api.get(&own).await.expect_status(200).json();
            assert_eq!(read, made);
            assert_eq!(api.put(&own, read.clone()).await.expect_status(200).json(), read);
        }
        let list = api.get(&format!("{path}/actions")).await.expect_status(200).json();
        assert_eq!(list["count"], 5);
        // A bare login has its defaults.
        let made = Api::created(api.post(&format!("{path}/actions"), json!({ "type": "LOGIN", "priority": 9 })).await);
        assert_eq!((&made["recovery"]["enabled"], &made["registration"]),
            (&json!(false), &json!({ "enabled": false, "confirmIdentityProviderAttributes": false })));
        let _ = api.delete(&format!("{path}/actions/{}", text(&made, "/id"))).await.expect_status(204);
    }

    async fn an_agreement_must_be_usable_before_an_action_uses_it(server: TestServer) {
        let api = admin(&server).await;
        let path = policy(&api, &server, "Agreed").await;
        let document = json!({ "organization": { "name": "Tests" }, "environments": [{
            "id": server.tenant.id, "name": "First", "agreements": [
                { "id": "0a000000-0000-4000-8000-000000000001", "name": "On", "enabled": true,
                    "languages": [{ "locale": "en", "displayName": "T", "revisions": [
                        { "contentType": "text/plain", "effectiveAt": "2020-01-01T00:00:00.000Z", "text": "x" }] }] },
                { "id": "0a000000-0000-4000-8000-000000000002", "name": "Off" }] }] });
        server.import(&document).await;
        let body = |id: &str| json!({ "type": "AGREEMENT", "priority": 1, "agreement": { "id": id },
            "disableDeclineOption": true });
        let actions = format!("{path}/actions");
        let made = Api::created(api.post(&actions, body("0a000000-0000-4000-8000-000000000001")).await);
        assert_eq!(made["disableDeclineOption"], true);
        for id in ["0a000000-0000-4000-8000-000000000002", NOBODY] {
            refused(api.post(&actions, body(id)).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "agreement.id")));
        }
    }

    async fn actions_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let actions = format!("{}/actions", policy(&api, &server, "Bad").await);
        let nobody = json!({ "id": NOBODY });
        let since = |seconds: u32| json!({ "secondsSince": "${session.lastSignOn.withAuthenticator.pwd.at}", "greater": seconds });
        let risk = |least: Value| json!({ "ipRisk": { "minScore": least, "maxScore": 100 },
            "valid": "${flow.request.http.remoteIp}" });
        let lowest = json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1, "condition": risk(json!(1)) });
        Api::created(api.post(&actions, lowest).await);
        for (body, code, target) in [
            (json!({ "priority": 1 }), "REQUIRED_VALUE", "type"),
            (json!({ "type": "LOGIN" }), "REQUIRED_VALUE", "priority"),
            (json!({ "type": "LOGIN", "priority": 0 }), "OUT_OF_RANGE", "priority"),
            (json!({ "type": "DANCE", "priority": 1 }), "INVALID_VALUE", "type"),
            (json!({ "type": "IDENTITY_PROVIDER", "priority": 1 }), "REQUIRED_VALUE", "identityProvider"),
            (json!({ "type": "IDENTITY_PROVIDER", "priority": 1, "identityProvider": nobody }),
                "INVALID_VALUE", "identityProvider.id"),
            (json!({ "type": "LOGIN", "priority": 1, "socialProviders": [nobody] }),
                "INVALID_VALUE", "socialProviders.id"),
            (json!({ "type": "LOGIN", "priority": 1, "registration": { "enabled": true, "population": nobody } }),
                "INVALID_VALUE", "registration.population.id"),
            (json!({ "type": "LOGIN", "priority": 1, "condition": { "or": [] } }), "EMPTY_VALUE", "condition.or"),
            (json!({ "type": "LOGIN", "priority": 1, "condition": { "contains": "${flow.request.http.remoteIp}", "ipRange": [] } }),
                "EMPTY_VALUE", "condition.ipRange"),
            (json!({ "type": "LOGIN", "priority": 1, "registration": { "external": { "href": "javascript:1" } } }),
                "INVALID_VALUE", "registration.external.href"),
            (json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1, "deviceAuthenticationPolicy": nobody }),
                "INVALID_VALUE", "deviceAuthenticationPolicy.id"),
            (json!({ "type": "LOGIN", "priority": 1, "condition": { "secondsSince": "x", "greater": 1 } }),
                "INVALID_VALUE", "condition"),
            (json!({ "type": "LOGIN", "priority": 1, "condition": since(0) }), "OUT_OF_RANGE", "condition.greater"),
            (json!({ "type": "LOGIN", "priority": 1, "condition": { "or": [since(1), { "not": since(0) }] } }),
                "OUT_OF_RANGE", "condition.or[1].not.greater"),
            (json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1, "condition": risk(json!(0)) }),
                "OUT_OF_RANGE", "condition.ipRisk.minScore"),
            (json!({ "type": "MULTI_FACTOR_AUTHENTICATION", "priority": 1, "condition": risk(json!(null)) }),
                "REQUIRED_VALUE", "condition.ipRisk.minScore"),
            (json!({ "type": "LOGIN", "priority": 1,
                "registration": { "enabled": true, "external": { "href": "https://x.example/r" } } }),
                "CONSTRAINT_VIOLATION", "registration.external"),
            (json!({ "type": "PROGRESSIVE_PROFILING", "priority": 1, "attributes": [], "promptIntervalSeconds": 1,
                "promptText": "x", "preventMultiplePromptsPerFlow": false }), "INVALID_VALUE", "attributes"),
        ] {
            refused(api.post(&actions, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn the_last_action_of_a_policy_stays(server: TestServer) {
        let api = admin(&server).await;
        let path = policy(&api, &server, "Last").await;
        let actions = format!("{path}/actions");
        let one = Api::created(api.post(&actions, json!({ "type": "LOGIN", "priority": 1 })).await);
        let one = format!("{actions}/{}", text(&one, "/id"));
        let body = refused(api.delete(&one).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&body, "/details/0/message").contains("Cannot delete last action from the policy"));
        // What Ping's Terraform provider does then.
        let two = Api::created(api.post(&actions, json!({ "type": "LOGIN", "priority": 1 })).await);
        let _ = api.delete(&one).await.expect_status(204);
        // An action is found below its own policy only.
        let other = policy(&api, &server, "Other").await;
        refused(api.get(&format!("{other}/actions/{}", text(&two, "/id"))).await, 404, "NOT_FOUND", None);
        let _ = api.delete(&path).await.expect_status(204);
    }

    async fn a_policy_that_goes_is_assigned_to_nobody(server: TestServer) {
        let api = admin(&server).await;
        let path = policy(&api, &server, "Passing").await;
        let action = json!({ "type": "LOGIN", "priority": 1 });
        Api::created(api.post(&format!("{path}/actions"), action).await);
        let assignments = format!("/environments/{}/applications/{}/signOnPolicyAssignments",
            server.tenant.id, server.tenant.web.id);
        let count = async || {
            let list = api.get(&assignments).await.expect_status(200).json();
            list["_embedded"]["signOnPolicyAssignments"].as_array().unwrap().len()
        };
        let before = count().await;
        let policy = path.rsplit('/').next().unwrap();
        let body = json!({ "priority": 7, "signOnPolicy": { "id": policy } });
        Api::created(api.post(&assignments, body).await);
        assert_eq!(count().await, before + 1);
        let _ = api.delete(&path).await.expect_status(204);
        assert_eq!(count().await, before);
    }
}
