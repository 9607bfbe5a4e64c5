//! `/v1/environments/{e}/identityProviders` and their attributes

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, admin, refused, text, worker};

fn provider(name: &str) -> Value {
    json!({
        "name": name, "enabled": true, "type": "OPENID_CONNECT",
        "clientId": "us", "clientSecret": "a secret of the tests",
        "issuer": "https://op.example", "authorizationEndpoint": "https://op.example/authorize",
        "tokenEndpoint": "https://op.example/token", "jwksEndpoint": "https://op.example/jwks",
        "scopes": ["openid", "email"], "tokenEndpointAuthMethod": "CLIENT_SECRET_POST",
    })
}

on_every_adapter! {
    async fn a_provider_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        let made = Api::created(api.post(&all, provider("Elsewhere")).await);
        assert_eq!(made["clientSecret"], "a secret of the tests");
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!(read, made);
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        // A PUT without the secret keeps it: it is not part of what is stored with the rest.
        let mut without = provider("Elsewhere else");
        without.as_object_mut().unwrap().remove("clientSecret");
        without["type"] = json!("SAML");
        let changed = api.put(&path, without).await.expect_status(200).json();
        assert_eq!(changed["clientSecret"], "a secret of the tests");
        assert_eq!((&changed["name"], &changed["type"]), (&json!("Elsewhere else"), &json!("OPENID_CONNECT")));
        let list = api.get(&all).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["identityProviders"][0]["id"], made["id"]);
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn the_secret_is_not_for_those_who_only_read(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        let made = Api::created(api.post(&all, provider("Elsewhere")).await);
        let reader = worker(&server, 77, json!(["Configuration Read Only"])).await;
        let read = reader.get(&format!("{all}/{}", text(&made, "/id"))).await.expect_status(200);
        assert_eq!(read.json()["clientId"], "us");
        assert!(!read.body.contains("a secret of the tests"));
    }

    async fn a_provider_that_cannot_be_made_says_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        for (member, value, code) in [
            ("name", json!(null), "REQUIRED_VALUE"),
            ("type", json!("CARRIER_PIGEON"), "INVALID_VALUE"),
            ("issuer", json!(null), "REQUIRED_VALUE"),
            ("clientSecret", json!(null), "REQUIRED_VALUE"),
            ("clientSecret", json!(7), "INVALID_VALUE"),
            ("tokenEndpoint", json!("http://op.example/token"), "INVALID_VALUE"),
            ("jwksEndpoint", json!("file:///etc/passwd"), "INVALID_VALUE"),
            ("scopes", json!(["a b"]), "INVALID_VALUE"),
        ] {
            let mut body = provider("Wrong");
            body[member] = value;
            refused(api.post(&all, body).await, 400, "INVALID_DATA", Some((code, member)));
        }
        let mut body = provider("Wrong");
        body["registration"] = json!({ "population": { "id": server.tenant.id } });
        refused(api.post(&all, body).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "registration.population.id")));
        let _ = Api::created(api.post(&all, provider("Taken")).await);
        refused(api.post(&all, provider("taken")).await, 400, "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "name")));
    }

    async fn a_provider_that_goes_is_offered_no_more(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        let made = Api::created(api.post(&all, provider("Elsewhere")).await);
        let other = Api::created(api.post(&all, provider("Other")).await);
        let rule = json!({ "condition": { "contains": "@x", "value": "${identifier}" },
            "identityProvider": { "id": made["id"] } });
        let own = Api::created(api.post(&format!("/environments/{}/signOnPolicies", server.tenant.id),
            json!({ "name": "Led" })).await);
        let actions = format!("{}/actions", own["_links"]["self"]["href"].as_str().unwrap());
        let offers = json!([{ "id": made["id"] }, { "id": other["id"] }]);
        let first = Api::created(api.post(&actions, json!({ "type": "IDENTIFIER_FIRST", "priority": 1,
            "socialProviders": offers, "discoveryRules": [rule] })).await);
        let _ = api.delete(&format!("{all}/{}", text(&made, "/id"))).await.expect_status(204);
        let left = api.get(&format!("{actions}/{}", text(&first, "/id"))).await.expect_status(200).json();
        assert_eq!(left["socialProviders"], json!([{ "id": other["id"] }]));
        assert_eq!(left["discoveryRules"], json!([]));
        // An action that is nothing without it keeps it.
        Api::created(api.post(&actions, json!({ "type": "IDENTITY_PROVIDER", "priority": 2,
            "identityProvider": { "id": other["id"] } })).await);
        let path = format!("{all}/{}", text(&other, "/id"));
        let _ = api.delete(&path).await.expect_status(409);
        let _ = api.get(&path).await.expect_status(200);
    }

    async fn people_of_a_provider_that_goes_stay_its_people(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        let made = Api::created(api.post(&all, provider("Elsewhere")).await);
        let user = format!("/environments/{}/users/{}", server.tenant.id, server.tenant.person.id);
        let own = format!("{user}/identityProvider");
        let state = async || {
            let state = api.get(&format!("{user}/password")).await.expect_status(200).json();
            text(&state, "/status")
        };
        assert_eq!(state().await, "OK");
        let _ = api.put(&own, json!({ "id": made["id"] })).await.expect_status(200);
        assert_eq!(state().await, "EXTERNAL");
        let _ = api.delete(&format!("{all}/{}", text(&made, "/id"))).await.expect_status(204);
        // The password that they had here opens nothing, until somebody says so.
        assert_eq!(state().await, "EXTERNAL");
        let password = json!({ "password": server.tenant.person.password });
        let check = api.act("POST", &format!("{user}/password"), "password.check", password.clone()).await;
        refused(check, 400, "REQUEST_FAILED", None);
        for path in [&own, &user] {
            let read = api.get(path).await.expect_status(200).json();
            let _ = api.put(path, read).await.expect_status(200);
        }
        let read = api.get(&own).await.expect_status(200).json();
        assert_eq!((&read["id"], &read["type"]), (&made["id"], &made["type"]));
        let _ = api.put(&own, json!({})).await.expect_status(200);
        assert_eq!(state().await, "OK");
        let check = api.act("POST", &format!("{user}/password"), "password.check", password).await;
        let _ = check.expect_status(200);
        refused(api.put(&own, json!({ "id": made["id"] })).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "id")));
    }

    async fn attributes_are_mapped_and_the_core_one_stays(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/identityProviders", server.tenant.id);
        let made = Api::created(api.post(&all, provider("Elsewhere")).await);
        let attributes = format!("{all}/{}/attributes", text(&made, "/id"));
        let list = api.get(&attributes).await.expect_status(200).json();
        let core = &list["_embedded"]["attributes"][0];
        assert_eq!((&core["name"], &core["mappingType"]), (&json!("username"), &json!("CORE")));
        let core = format!("{attributes}/{}", text(core, "/id"));
        let _ = api.delete(&core).await.expect_status(400);
        let body = json!({ "name": "username", "value": "${providerAttributes.email}", "update": "EMPTY_ONLY" });
        let changed = api.put(&core, body).await.expect_status(200).json();
        assert_eq!((&changed["value"], &changed["mappingType"]),
            (&json!("${providerAttributes.email}"), &json!("CORE")));

        let body = json!({ "name": "email", "value": "${providerAttributes.email}", "update": "ALWAYS" });
        let email = Api::created(api.post(&attributes, body.clone()).await);
        assert_eq!(email["mappingType"], "CUSTOM");
        refused(api.post(&attributes, body).await, 400, "INVALID_DATA",
            Some(("UNIQUENESS_VIOLATION", "name")));
        for (name, value, target) in [
            ("enabled", "${providerAttributes.x}", "name"),
            ("population.id", "${providerAttributes.x}", "name"),
            ("nickname", "${user.id}", "value"),
        ] {
            let body = json!({ "name": name, "value": value });
            refused(api.post(&attributes, body).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", target)));
        }
        let email = format!("{attributes}/{}", text(&email, "/id"));
        let _ = api.delete(&email).await.expect_status(204);
        // They are the provider's: not found below another one.
        let other = Api::created(api.post(&all, provider("Another")).await);
        let core = core.replace(&text(&made, "/id"), &text(&other, "/id"));
        refused(api.get(&core).await, 404, "NOT_FOUND", None);
    }
}
