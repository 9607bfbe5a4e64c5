//! `/v1/environments/{e}/resources` with their attributes, scopes and secrets

use countersign_domain::entity::Entity;
use countersign_domain::resource::Resource;
use countersign_domain::store::Batch;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text};

fn all(server: &TestServer) -> String {
    format!("/environments/{}/resources", server.tenant.id)
}

/// The built-in resource of a type, and its path.
async fn built_in(api: &Api, server: &TestServer, type_: &str) -> (Value, String) {
    let list = api.get(&all(server)).await.expect_status(200).json();
    let list = list["_embedded"]["resources"].as_array().unwrap().clone();
    let found = list.iter().find(|it| it["type"] == type_).unwrap().clone();
    let path = format!("{}/{}", all(server), text(&found, "/id"));
    (found, path)
}

async fn named(api: &Api, path: &str, key: &str, name: &str) -> Value {
    let list = api.get(path).await.expect_status(200).json();
    let list = list["_embedded"][key].as_array().unwrap().clone();
    list.iter().find(|it| it["name"] == name).unwrap().clone()
}

on_every_adapter! {
    async fn a_resource_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let made = Api::created(api.post(&all(&server), json!({ "name": "Orders" })).await);
        for (member, expected) in [
            ("type", json!("CUSTOM")),
            ("audience", json!("Orders")),
            ("accessTokenValiditySeconds", json!(3600)),
            ("introspectEndpointAuthMethod", json!("CLIENT_SECRET_BASIC")),
            ("applicationPermissionsSettings", json!({ "claimEnabled": false })),
            ("description", json!(null)),
        ] {
            assert_eq!(made[member], expected, "{member}");
        }
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        assert_eq!(api.put(&path, made.clone()).await.expect_status(200).json(), made);
        let full = json!({ "name": "Orders", "description": "All of them", "audience": "https://orders.example",
            "accessTokenValiditySeconds": 7200, "introspectEndpointAuthMethod": "CLIENT_SECRET_POST",
            "applicationPermissionsSettings": { "claimEnabled": true } });
        let changed = api.put(&path, full.clone()).await.expect_status(200).json();
        for (member, sent) in full.as_object().unwrap() {
            assert_eq!(&changed[member], sent, "{member}");
        }
        let core = named(&api, &format!("{path}/attributes"), "attributes", "sub").await;
        assert_eq!((&core["type"], &core["value"]), (&json!("CORE"), &json!("${user.id}")));
        let secret = api.get(&format!("{path}/secret")).await.expect_status(200).json();
        assert!(text(&secret, "/secret").len() >= 64);
        let rotated = api.post(&format!("{path}/secret"), Value::Null).await.expect_status(200).json();
        assert_ne!(rotated["secret"], secret["secret"]);
        assert!(text(&rotated, "/_links/resource/href").ends_with(&path));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        refused(api.get(&format!("{path}/scopes")).await, 404, "NOT_FOUND", None);
    }

    async fn a_resource_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        for (body, code, target) in [
            (json!({}), "REQUIRED_VALUE", "name"),
            (json!({ "name": "" }), "EMPTY_VALUE", "name"),
            (json!({ "name": "openid" }), "UNIQUENESS_VIOLATION", "name"),
            (json!({ "name": "x", "audience": "https://api.pingone.com" }), "INVALID_VALUE", "audience"),
            (json!({ "name": "x", "audience": "https://x.PingIdentity.com" }), "INVALID_VALUE", "audience"),
            (json!({ "name": "my PingOne" }), "INVALID_VALUE", "name"),
            (json!({ "name": "x", "audience": "https://x.example#y" }), "INVALID_VALUE", "audience"),
            (json!({ "name": "x", "audience": server.base }), "INVALID_VALUE", "audience"),
            (json!({ "name": "x", "audience": format!("{}/", server.base.to_uppercase()) }), "INVALID_VALUE", "audience"),
            (json!({ "name": server.base }), "INVALID_VALUE", "name"),
            (json!({ "name": "x", "accessTokenValiditySeconds": 299 }), "OUT_OF_RANGE", "accessTokenValiditySeconds"),
            (json!({ "name": "x", "accessTokenValiditySeconds": 2_592_001 }), "OUT_OF_RANGE", "accessTokenValiditySeconds"),
            (json!({ "name": "x", "introspectEndpointAuthMethod": "WINK" }), "INVALID_VALUE", "introspectEndpointAuthMethod"),
        ] {
            refused(api.post(&all(&server), body).await, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    /// Tokens for the API are made for nobody else (`reference/oidc.md` 19.1).
    async fn threat_39_no_resource_takes_the_audience_of_the_api_later(server: TestServer) {
        let api = admin(&server).await;
        let body = json!({ "name": "Orders", "audience": "https://orders.example" });
        let made = Api::created(api.post(&all(&server), body).await);
        let path = format!("{}/{}", all(&server), text(&made, "/id"));
        for (body, target) in [
            (json!({ "name": "Orders", "audience": server.base }), "audience"),
            (json!({ "name": server.base }), "name"),
        ] {
            refused(api.put(&path, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
        }
        // Two custom ones may have the same.
        let body = json!({ "name": "Stock", "audience": "https://orders.example" });
        let _ = Api::created(api.post(&all(&server), body).await);
        // One that is stored with it opens nothing.
        let tenant = &server.tenant;
        let cx = server.cx().await;
        let view = cx.env.resources.iter().find(|it| it.resource.name == "Orders").unwrap();
        let stored = Resource { audience: Some(server.base.clone()), ..view.resource.clone() };
        let batch = Batch::new().put(stored.to_doc(cx.env_id()).unwrap()).changed(cx.env_id());
        cx.ports.store.commit(batch, cx.now).await.unwrap();
        let scope = Api::created(api.post(&format!("{path}/scopes"), json!({ "name": "p1:read:user" })).await);
        let grants = format!("/environments/{}/applications/{}/grants", tenant.id, tenant.web.id);
        let grant = json!({ "resource": { "id": made["id"] }, "scopes": [{ "id": scope["id"] }] });
        let _ = Api::created(api.post(&grants, grant).await);
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).set("scope", "openid p1:read:user").code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        assert_eq!(tenant.verify(&tokens["access_token"]).await.claims["aud"], json!([server.base]));
        let me = Api::with(&server, text(&tokens, "/access_token"));
        let own = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        refused(me.get(&own).await, 401, "ACCESS_FAILED", None);
    }

    async fn built_in_resources_stay(server: TestServer) {
        let api = admin(&server).await;
        let (openid, path) = built_in(&api, &server, "OPENID_CONNECT").await;
        for absent in ["audience", "accessTokenValiditySeconds", "introspectEndpointAuthMethod"] {
            assert_eq!(openid[absent], json!(null), "{absent}");
        }
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        refused(api.get(&format!("{path}/secret")).await, 404, "NOT_FOUND", None);
        let changed = api.put(&path, json!({ "name": "mine" })).await.expect_status(200).json();
        assert_eq!(changed, openid);
        let (_, path) = built_in(&api, &server, "PINGONE_API").await;
        let body = json!({ "name": "claim", "value": "x" });
        refused(api.post(&format!("{path}/attributes"), body).await, 400, "INVALID_DATA",
            Some(("CONSTRAINT_VIOLATION", "resource")));
    }

    async fn predefined_scopes_keep_their_name_and_description(server: TestServer) {
        let api = admin(&server).await;
        for (type_, name) in [("OPENID_CONNECT", "profile"), ("PINGONE_API", "p1:read:user")] {
            let (_, path) = built_in(&api, &server, type_).await;
            let scopes = format!("{path}/scopes");
            let scope = named(&api, &scopes, "scopes", name).await;
            let path = format!("{scopes}/{}", text(&scope, "/id"));
            let again = api.put(&path, scope.clone()).await.expect_status(200).json();
            assert_eq!(again["description"], scope["description"]);
            for body in [json!({ "name": name }), json!({ "name": name, "description": "Mine" })] {
                let changed = api.put(&path, body).await.expect_status(200).json();
                assert_eq!(changed["description"], scope["description"]);
            }
            refused(api.put(&path, json!({ "name": "mine" })).await, 400, "INVALID_DATA",
                Some(("CONSTRAINT_VIOLATION", "name")));
            refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        }
    }

    async fn attributes_are_read_as_they_were_written(server: TestServer) {
        let api = admin(&server).await;
        let (_, openid) = built_in(&api, &server, "OPENID_CONNECT").await;
        let path = format!("{openid}/attributes");
        let body = json!({ "name": "team", "value": "${user.title}", "idToken": true, "userInfo": false });
        let made = Api::created(api.post(&path, body).await);
        assert_eq!((&made["type"], &made["userInfo"]), (&json!("CUSTOM"), &json!(false)));
        assert!(made["resource"]["id"].is_string());
        let one = format!("{path}/{}", text(&made, "/id"));
        assert_eq!(api.put(&one, made.clone()).await.expect_status(200).json(), made);
        let email = named(&api, &path, "attributes", "email").await;
        let predefined = format!("{path}/{}", text(&email, "/id"));
        assert_eq!(email["type"], "PREDEFINED");
        refused(api.delete(&predefined).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        let body = json!({ "name": "email", "value": "${user.username}" });
        let changed = api.put(&predefined, body).await.expect_status(200).json();
        assert_eq!((&changed["value"], &changed["type"]), (&json!("${user.username}"), &json!("PREDEFINED")));
        assert_eq!((&changed["idToken"], &changed["userInfo"]), (&json!(true), &json!(true)));
        // A scope brings it; when it goes, the scope does without.
        let scopes = format!("{openid}/scopes");
        let mut profile = named(&api, &scopes, "scopes", "profile").await;
        profile["mappedClaims"] = json!([made["id"]]);
        let scope = format!("{scopes}/{}", text(&profile, "/id"));
        let changed = api.put(&scope, profile).await.expect_status(200).json();
        assert_eq!(changed["mappedClaims"], json!([made["id"]]));
        let _ = api.delete(&one).await.expect_status(204);
        let changed = api.get(&scope).await.expect_status(200).json();
        assert_eq!(changed["mappedClaims"], json!([]));
    }

    async fn an_attribute_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        let (_, openid) = built_in(&api, &server, "OPENID_CONNECT").await;
        let custom = Api::created(api.post(&all(&server), json!({ "name": "Custom" })).await);
        let custom = format!("{}/{}", all(&server), text(&custom, "/id"));
        for (resource, body, code, target) in [
            (&openid, json!({ "value": "x" }), "REQUIRED_VALUE", "name"),
            (&openid, json!({ "name": "x" }), "REQUIRED_VALUE", "value"),
            (&openid, json!({ "name": "x", "value": "" }), "EMPTY_VALUE", "value"),
            (&openid, json!({ "name": "aud", "value": "x" }), "INVALID_VALUE", "name"),
            (&openid, json!({ "name": "sub", "value": "x" }), "INVALID_VALUE", "name"),
            (&openid, json!({ "name": "p1.x", "value": "x" }), "INVALID_VALUE", "name"),
            (&openid, json!({ "name": "email", "value": "x" }), "UNIQUENESS_VIOLATION", "name"),
            (&openid, json!({ "name": "x", "value": "${" }), "INVALID_VALUE", "value"),
            (&openid, json!({ "name": "x", "value": "y", "idToken": false, "userInfo": false }), "CONSTRAINT_VIOLATION", "userInfo"),
            (&custom, json!({ "name": "iss", "value": "x" }), "INVALID_VALUE", "name"),
            (&custom, json!({ "name": "x", "value": "y", "idToken": true }), "CONSTRAINT_VIOLATION", "idToken"),
        ] {
            let answer = api.post(&format!("{resource}/attributes"), body).await;
            refused(answer, 400, "INVALID_DATA", Some((code, target)));
        }
    }

    async fn scopes_are_read_as_they_were_written(server: TestServer) {
        let api = admin(&server).await;
        let custom = Api::created(api.post(&all(&server), json!({ "name": "Custom" })).await);
        let path = format!("{}/{}/scopes", all(&server), text(&custom, "/id"));
        let body = json!({ "name": "orders:read", "description": "Read orders" });
        let made = Api::created(api.post(&path, body).await);
        assert_eq!((&made["name"], &made["resource"]["id"]), (&json!("orders:read"), &custom["id"]));
        let one = format!("{path}/{}", text(&made, "/id"));
        assert_eq!(api.put(&one, made.clone()).await.expect_status(200).json(), made);
        // A grant does without what goes.
        let grants = format!("/environments/{}/applications/{}/grants", server.tenant.id, server.tenant.web.id);
        let grant = json!({ "resource": { "id": custom["id"] }, "scopes": [{ "id": made["id"] }] });
        let grant = Api::created(api.post(&grants, grant).await);
        let _ = api.delete(&one).await.expect_status(204);
        refused(api.get(&format!("{grants}/{}", text(&grant, "/id"))).await, 404, "NOT_FOUND", None);

        let (_, pingone) = built_in(&api, &server, "PINGONE_API").await;
        let path = format!("{pingone}/scopes");
        let body = json!({ "name": "p1:read:user:few", "schemaAttributes": ["name.given", "email"] });
        let made = Api::created(api.post(&path, body).await);
        assert_eq!(made["schemaAttributes"], json!(["name.given", "email"]));
        let mut read = named(&api, &path, "scopes", "p1:read:user").await;
        read["schemaAttributes"] = json!(["email"]);
        let one = format!("{path}/{}", text(&read, "/id"));
        assert_eq!(api.put(&one, read.clone()).await.expect_status(200).json()["schemaAttributes"], json!(["email"]));
        refused(api.delete(&one).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
    }

    async fn a_scope_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        let (_, openid) = built_in(&api, &server, "OPENID_CONNECT").await;
        let (_, pingone) = built_in(&api, &server, "PINGONE_API").await;
        let custom = Api::created(api.post(&all(&server), json!({ "name": "Custom" })).await);
        let custom = format!("{}/{}", all(&server), text(&custom, "/id"));
        let nobody = "00000000-0000-4000-8000-000000000009";
        for (resource, body, code, target) in [
            (&custom, json!({}), "REQUIRED_VALUE", "name"),
            (&custom, json!({ "name": "" }), "EMPTY_VALUE", "name"),
            (&custom, json!({ "name": "a b" }), "INVALID_VALUE", "name"),
            (&custom, json!({ "name": "openid" }), "INVALID_VALUE", "name"),
            (&custom, json!({ "name": "x", "schemaAttributes": ["email"] }), "CONSTRAINT_VIOLATION", "schemaAttributes"),
            (&custom, json!({ "name": "x", "mappedClaims": [nobody] }), "CONSTRAINT_VIOLATION", "mappedClaims"),
            (&openid, json!({ "name": "email" }), "UNIQUENESS_VIOLATION", "name"),
            (&openid, json!({ "name": "x", "mappedClaims": [nobody] }), "INVALID_VALUE", "mappedClaims[0]"),
            (&pingone, json!({ "name": "p1:create:user:x" }), "INVALID_VALUE", "name"),
            (&pingone, json!({ "name": "p1:read:user:x", "schemaAttributes": ["*", "email"] }), "INVALID_VALUE", "schemaAttributes"),
        ] {
            let answer = api.post(&format!("{resource}/scopes"), body).await;
            refused(answer, 400, "INVALID_DATA", Some((code, target)));
        }
        let profile = named(&api, &format!("{openid}/scopes"), "scopes", "profile").await;
        let one = format!("{openid}/scopes/{}", text(&profile, "/id"));
        refused(api.put(&one, json!({ "name": "other" })).await, 400, "INVALID_DATA",
            Some(("CONSTRAINT_VIOLATION", "name")));
    }

    /// `reference/platform.md` 3.2: no two grants of an application with scopes of the same name.
    async fn a_scope_gets_no_name_that_is_granted_beside_it(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let mut scopes = Vec::new();
        for (resource, name) in [("Orders", "read"), ("Stock", "look"), ("Else", "read")] {
            let made = Api::created(api.post(&all(&server), json!({ "name": resource })).await);
            let path = format!("{}/{}/scopes", all(&server), text(&made, "/id"));
            let scope = Api::created(api.post(&path, json!({ "name": name })).await);
            scopes.push((format!("{path}/{}", text(&scope, "/id")), made["id"].clone(), scope["id"].clone()));
        }
        let grants = format!("/environments/{}/applications/{}/grants", tenant.id, tenant.web.id);
        for (_, resource, scope) in &scopes[..2] {
            let grant = json!({ "resource": { "id": resource }, "scopes": [{ "id": scope }] });
            let _ = Api::created(api.post(&grants, grant).await);
        }
        let path = &scopes[1].0;
        for (name, code) in [
            ("read", "CONSTRAINT_VIOLATION"), ("profile", "CONSTRAINT_VIOLATION"), ("openid", "INVALID_VALUE"),
        ] {
            refused(api.put(path, json!({ "name": name })).await, 400, "INVALID_DATA", Some((code, "name")));
        }
        // What no application has beside it is free, and so is its own.
        for (path, name) in [(path, "look"), (path, "email:look"), (&scopes[2].0, "look")] {
            let changed = api.put(path, json!({ "name": name })).await.expect_status(200);
            assert_eq!(changed.text("/name"), name);
        }
    }
}
