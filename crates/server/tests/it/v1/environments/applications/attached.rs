//! `/v1/environments/{e}/applications/{a}/grants`, `/attributes`, `/signOnPolicyAssignments` and
//! `/flowPolicyAssignments`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::super::{Api, admin, refused, text};
use super::{all, web};

/// A resource of that name with its scopes by name.
async fn resource(api: &Api, server: &TestServer, name: &str) -> (String, Value) {
    let path = format!("/environments/{}/resources", server.tenant.id);
    let list = api.get(&path).await.expect_status(200).json();
    let list = list["_embedded"]["resources"].as_array().unwrap().clone();
    let found = list.iter().find(|it| it["name"] == name).unwrap();
    let id = text(found, "/id");
    let scopes = api
        .get(&format!("{path}/{id}/scopes"))
        .await
        .expect_status(200)
        .json();
    let scopes = scopes["_embedded"]["scopes"].as_array().unwrap().clone();
    let by_name = scopes
        .iter()
        .map(|it| (text(it, "/name"), it["id"].clone()));
    (id, Value::Object(by_name.collect()))
}

on_every_adapter! {
    async fn grants_are_read_as_they_were_written(server: TestServer) {
        let api = admin(&server).await;
        let app = Api::created(api.post(&all(&server), web("Granted")).await);
        let path = format!("{}/{}/grants", all(&server), text(&app, "/id"));
        let (openid, scopes) = resource(&api, &server, "openid").await;
        let body = json!({ "resource": { "id": openid },
            "scopes": [{ "id": scopes["email"] }, { "id": scopes["profile"] }] });
        let made = Api::created(api.post(&path, body.clone()).await);
        assert_eq!((&made["scopes"], &made["resource"]), (&body["scopes"], &body["resource"]));
        assert_eq!(made["application"]["id"], app["id"]);
        let one = format!("{path}/{}", text(&made, "/id"));
        assert_eq!(api.get(&one).await.expect_status(200).json(), made);
        assert_eq!(api.put(&one, made.clone()).await.expect_status(200).json(), made);
        let list = api.get(&path).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["grants"], json!([made]));
        refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "resource")));
        // Below another application it is not there.
        let other = format!("{}/{}/grants/{}", all(&server), server.tenant.web.id, text(&made, "/id"));
        refused(api.get(&other).await, 404, "NOT_FOUND", None);
        let _ = api.delete(&one).await.expect_status(204);
        refused(api.get(&one).await, 404, "NOT_FOUND", None);
    }

    async fn a_grant_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        let app = Api::created(api.post(&all(&server), web("Refused")).await);
        let path = format!("{}/{}/grants", all(&server), text(&app, "/id"));
        let (openid, scopes) = resource(&api, &server, "openid").await;
        let (pingone, own) = resource(&api, &server, "PingOne API").await;
        let nobody = "00000000-0000-4000-8000-000000000009";
        for (body, code, target) in [
            (json!({ "scopes": [] }), "REQUIRED_VALUE", "resource"),
            (json!({ "resource": { "id": openid } }), "REQUIRED_VALUE", "scopes"),
            (json!({ "resource": { "id": openid }, "scopes": [] }), "EMPTY_VALUE", "scopes"),
            (json!({ "resource": { "id": nobody }, "scopes": [{ "id": scopes["email"] }] }), "INVALID_VALUE", "resource.id"),
            (json!({ "resource": { "id": openid }, "scopes": [{ "id": nobody }] }), "INVALID_VALUE", "scopes[0].id"),
            (json!({ "resource": { "id": openid }, "scopes": [{ "id": own["p1:read:user"] }] }), "INVALID_VALUE", "scopes[0].id"),
            (json!({ "resource": { "id": openid }, "scopes": [{ "id": scopes["email"] }, { "id": scopes["email"] }] }), "INVALID_VALUE", "scopes[1].id"),
        ] {
            refused(api.post(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let mut body = web("Machine");
        body["type"] = json!("WORKER");
        body["grantTypes"] = json!(["CLIENT_CREDENTIALS"]);
        let machine = Api::created(api.post(&all(&server), body).await);
        let path = format!("{}/{}/grants", all(&server), text(&machine, "/id"));
        for (resource, scope) in [(&openid, &scopes["email"]), (&pingone, &own["p1:read:user"])] {
            let body = json!({ "resource": { "id": resource }, "scopes": [{ "id": scope }] });
            refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "resource")));
        }
        // One that people sign on to knows who they are; what they may do are their roles.
        let mut body = web("Console");
        body["type"] = json!("WORKER");
        body["grantTypes"] = json!(["CLIENT_CREDENTIALS", "AUTHORIZATION_CODE"]);
        let console = Api::created(api.post(&all(&server), body).await);
        let path = format!("{}/{}/grants", all(&server), text(&console, "/id"));
        let body = json!({ "resource": { "id": openid }, "scopes": [{ "id": scopes["email"] }] });
        let _ = api.post(&path, body).await.expect_status(201);
        let body = json!({ "resource": { "id": pingone }, "scopes": [{ "id": own["p1:read:user"] }] });
        refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "resource")));
    }

    async fn scopes_of_one_name_are_granted_once(server: TestServer) {
        let api = admin(&server).await;
        let resources = format!("/environments/{}/resources", server.tenant.id);
        let app = Api::created(api.post(&all(&server), web("Twice")).await);
        let path = format!("{}/{}/grants", all(&server), text(&app, "/id"));
        for (name, status) in [("One", 201), ("Two", 400)] {
            let made = Api::created(api.post(&resources, json!({ "name": name })).await);
            let id = text(&made, "/id");
            let scope = api.post(&format!("{resources}/{id}/scopes"), json!({ "name": "read" })).await;
            let scope = Api::created(scope);
            let body = json!({ "resource": { "id": id }, "scopes": [{ "id": scope["id"] }] });
            let _ = api.post(&path, body).await.expect_status(status);
        }
    }

    async fn mappings_are_read_as_they_were_written_and_the_core_one_stays(server: TestServer) {
        let api = admin(&server).await;
        let app = Api::created(api.post(&all(&server), web("Mapped")).await);
        let path = format!("{}/{}/attributes", all(&server), text(&app, "/id"));
        let list = api.get(&path).await.expect_status(200).json();
        let core = &list["_embedded"]["attributes"][0];
        for (member, expected) in [("name", "sub"), ("value", "${user.id}"), ("mappingType", "CORE")] {
            assert_eq!(core[member], expected);
        }
        assert_eq!((&core["required"], &core["application"]["id"]), (&json!(true), &app["id"]));
        let core = format!("{path}/{}", text(core, "/id"));
        refused(api.delete(&core).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let body = json!({ "name": "sub", "value": "${user.username}", "required": true });
        let changed = api.put(&core, body).await.expect_status(200).json();
        assert_eq!((&changed["value"], &changed["mappingType"]), (&json!("${user.username}"), &json!("CORE")));
        let body = json!({ "name": "subject", "value": "x", "required": true });
        refused(api.put(&core, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "name")));

        let (openid, scopes) = resource(&api, &server, "openid").await;
        let body = json!({ "name": "full", "value": "${user.name.given + ', ' + user.name.family}",
            "required": false, "idToken": true, "userInfo": false, "oidcScopes": [scopes["email"]] });
        // What the application may not ask for releases nothing.
        refused(api.post(&path, body.clone()).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "oidcScopes[0]")));
        let grants = format!("{}/{}/grants", all(&server), text(&app, "/id"));
        let grant = json!({ "resource": { "id": openid }, "scopes": [{ "id": scopes["email"] }] });
        let _ = Api::created(api.post(&grants, grant).await);
        let made = Api::created(api.post(&path, body.clone()).await);
        for (member, sent) in body.as_object().unwrap() {
            assert_eq!(&made[member], sent, "{member}");
        }
        assert_eq!(made["mappingType"], "CUSTOM");
        let one = format!("{path}/{}", text(&made, "/id"));
        assert_eq!(api.put(&one, made.clone()).await.expect_status(200).json(), made);
        refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
        let _ = api.delete(&one).await.expect_status(204);
        // Without scopes of its own it comes with the scope that every sign-on has.
        let body = json!({ "name": "plain", "value": "x", "required": false });
        let made = Api::created(api.post(&path, body.clone()).await);
        assert_eq!(made["oidcScopes"], json!([scopes["openid"]]));
        let one = format!("{path}/{}", text(&made, "/id"));
        assert_eq!(api.put(&one, made.clone()).await.expect_status(200).json(), made);
        // What is for OpenID Connect is nothing to an application that speaks SAML.
        let saml = json!({ "name": "SAML", "enabled": true, "type": "WEB_APP", "protocol": "SAML",
            "acsUrls": ["https://sp.example/acs"], "assertionDuration": 60, "spEntityId": "sp:example" });
        let saml = Api::created(api.post(&all(&server), saml).await);
        let path = format!("{}/{}/attributes", all(&server), text(&saml, "/id"));
        let mut told = body.clone();
        told["idToken"] = json!(true);
        told["userInfo"] = json!(true);
        let made = Api::created(api.post(&path, told).await);
        for name in ["idToken", "userInfo", "oidcScopes"] {
            assert_eq!(made[name], json!(null), "{name}");
        }
    }

    async fn a_mapping_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        let app = Api::created(api.post(&all(&server), web("Unmapped")).await);
        let path = format!("{}/{}/attributes", all(&server), text(&app, "/id"));
        for (member, value, code, target) in [
            ("name", json!(null), "REQUIRED_VALUE", "name"),
            ("name", json!("aud"), "INVALID_VALUE", "name"),
            ("name", json!("nonce"), "INVALID_VALUE", "name"),
            ("name", json!("sub"), "UNIQUENESS_VIOLATION", "name"),
            ("value", json!(null), "REQUIRED_VALUE", "value"),
            ("value", json!(""), "EMPTY_VALUE", "value"),
            ("value", json!("${user."), "INVALID_VALUE", "value"),
            ("required", json!(null), "REQUIRED_VALUE", "required"),
            ("oidcScopes", json!([]), "EMPTY_VALUE", "oidcScopes"),
            ("oidcScopes", json!(["00000000-0000-4000-8000-000000000009"]), "INVALID_VALUE", "oidcScopes[0]"),
            ("nameFormat", json!("urn:x"), "CONSTRAINT_VIOLATION", "nameFormat"),
        ] {
            let mut body = json!({ "name": "claim", "value": "x", "required": false });
            body[member] = value;
            refused(api.post(&path, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        let body = json!({ "name": "aud", "value": "x", "required": false });
        let said = refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "name")));
        let said = text(&said, "/details/0/message");
        assert_eq!(said, "Attribute name 'aud' is not valid for the 'OPENID_CONNECT' application");
        let body = json!({ "name": "claim", "value": "x", "required": false, "idToken": false, "userInfo": false });
        refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "userInfo")));
    }

    async fn policies_are_assigned(server: TestServer) {
        let api = admin(&server).await;
        let app = Api::created(api.post(&all(&server), web("Assigned")).await);
        let policies = format!("/environments/{}/signOnPolicies", server.tenant.id);
        let list = api.get(&policies).await.expect_status(200).json();
        let policy = &list["_embedded"]["signOnPolicies"][0]["id"];
        let path = format!("{}/{}/signOnPolicyAssignments", all(&server), text(&app, "/id"));
        let body = json!({ "signOnPolicy": { "id": policy }, "priority": 1 });
        let made = Api::created(api.post(&path, body.clone()).await);
        assert_eq!((&made["signOnPolicy"]["id"], &made["priority"]), (policy, &json!(1)));
        let one = format!("{path}/{}", text(&made, "/id"));
        assert_eq!(api.put(&one, made.clone()).await.expect_status(200).json(), made);
        refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "signOnPolicy")));
        for (body, code, target) in [
            (json!({ "signOnPolicy": { "id": policy } }), "REQUIRED_VALUE", "priority"),
            (json!({ "priority": 1 }), "REQUIRED_VALUE", "signOnPolicy"),
            (json!({ "signOnPolicy": { "id": policy }, "priority": 0 }), "OUT_OF_RANGE", "priority"),
            (json!({ "signOnPolicy": { "id": server.tenant.id }, "priority": 1 }), "INVALID_VALUE", "signOnPolicy.id"),
        ] {
            refused(api.put(&one, body).await, 400, "INVALID_DATA", Some((code, target)));
        }
        // One that has no actions yet as well: Ping's Terraform provider assigns such.
        let empty = Api::created(api.post(&policies, json!({ "name": "Empty" })).await);
        let body = json!({ "signOnPolicy": { "id": empty["id"] }, "priority": 2 });
        Api::created(api.post(&path, body).await);
        let _ = api.delete(&one).await.expect_status(204);
        refused(api.get(&one).await, 404, "NOT_FOUND", None);
    }

    async fn there_are_no_flow_policies(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("{}/{}/flowPolicyAssignments", all(&server), server.tenant.web.id);
        let list = api.get(&path).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["flowPolicyAssignments"], json!([]));
        let body = json!({ "flowPolicy": { "id": "x" }, "priority": 1 });
        refused(api.post(&path, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "flowPolicy.id")));
        refused(api.get(&format!("{path}/{}", server.tenant.id)).await, 404, "NOT_FOUND", None);
    }
}
