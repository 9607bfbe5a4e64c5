//! `/v1/environments/{e}/populations`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::{Api, admin, refused, text};

on_every_adapter! {
    async fn a_population_is_read_as_it_was_written(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/populations", server.tenant.id);
        let body = json!({ "name": "Staff", "description": "People", "unknown": 1, "userCount": 7 });
        let made = Api::created(api.post(&all, body).await);
        assert_eq!((&made["default"], &made["preferredLanguage"]), (&json!(false), &json!("en")));
        let path = format!("{all}/{}", text(&made, "/id"));
        let read = api.get(&path).await.expect_status(200).json();
        assert_eq!((&read["userCount"], &read["unknown"]), (&json!(0), &json!(null)));
        let found = api.get(&format!("{all}?filter=name%20EQ%20%22staff%22")).await.expect_status(200).json();
        assert_eq!(found["_embedded"]["populations"][0]["userCount"], 0);
        assert_eq!(read["environment"]["id"], json!(server.tenant.id));
        let again = api.put(&path, read.clone()).await.expect_status(200).json();
        assert_eq!(again, read);
        let less = api.put(&path, json!({ "name": "Staff", "description": null })).await;
        assert_eq!(less.expect_status(200).json()["description"], json!(null));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn there_is_one_default_at_any_time(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/populations", server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "name": "New", "default": true })).await);
        let list = api.get(&all).await.expect_status(200).json();
        let list = list["_embedded"]["populations"].as_array().unwrap().clone();
        let defaults: Vec<_> = list.iter().filter(|it| it["default"] == true).collect();
        assert_eq!(defaults.len(), 1);
        assert_eq!(defaults[0]["id"], made["id"]);
        // Who is put nowhere goes there.
        let users = format!("/environments/{}/users", server.tenant.id);
        let user = Api::created(api.post(&users, json!({ "username": "zoe" })).await);
        assert_eq!(user["population"]["id"], made["id"]);
        let path = format!("{all}/{}", text(&made, "/id"));
        refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
    }

    async fn a_population_with_users_stays(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/populations", server.tenant.id);
        let made = Api::created(api.post(&all, json!({ "name": "Full" })).await);
        let users = format!("/environments/{}/users", server.tenant.id);
        let user = json!({ "username": "yan", "population": { "id": made["id"] } });
        let user = Api::created(api.post(&users, user).await);
        let path = format!("{all}/{}", text(&made, "/id"));
        let body = refused(api.delete(&path).await, 400, "REQUEST_FAILED", Some(("CONSTRAINT_VIOLATION", "")));
        assert!(text(&body, "/message").starts_with("The request could not be completed"));
        let _ = api.delete(&format!("{users}/{}", text(&user, "/id"))).await.expect_status(204);
        let _ = api.delete(&path).await.expect_status(204);
    }

    async fn populations_that_cannot_be_made_say_why(server: TestServer) {
        let api = admin(&server).await;
        let all = format!("/environments/{}/populations", server.tenant.id);
        refused(api.post(&all, json!({})).await, 400, "INVALID_DATA", Some(("REQUIRED_VALUE", "name")));
        refused(api.post(&all, json!({ "name": "" })).await, 400, "INVALID_DATA", Some(("EMPTY_VALUE", "name")));
        refused(api.post(&all, json!({ "name": "default" })).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "name")));
        refused(api.post(&all, json!({ "name": 7 })).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "name")));
        let policy = json!({ "name": "x", "passwordPolicy": { "id": "00000000-0000-4000-8000-000000000001" } });
        refused(api.post(&all, policy).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "passwordPolicy.id")));
    }
    async fn a_population_has_an_identity_provider_of_its_own(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let population = Api::created(api.post(&format!("{env}/populations"), json!({ "name": "Own" })).await);
        let own = format!("{env}/populations/{}", text(&population, "/id"));
        let path = format!("{own}/defaultIdentityProvider");
        let none = api.get(&path).await.expect_status(200).json();
        assert!(none["id"].is_null() && none["type"].is_null(), "{none}");
        let provider = json!({ "name": "g", "type": "GOOGLE", "enabled": true, "clientId": "x", "clientSecret": "y" });
        let provider = Api::created(api.post(&format!("{env}/identityProviders"), provider).await);
        let set = api.put(&path, json!({ "id": provider["id"] })).await.expect_status(200).json();
        assert_eq!((&set["id"], &set["type"]), (&provider["id"], &json!("GOOGLE")));
        assert_eq!(api.get(&path).await.expect_status(200).json(), set);
        // It is no member of the population, and a PUT of that leaves it alone.
        let read = api.get(&own).await.expect_status(200).json();
        assert!(read["defaultIdentityProvider"].is_null(), "{read}");
        let other = json!({ "name": "Other", "defaultIdentityProvider": { "id": population["id"] } });
        let _ = api.put(&own, other).await.expect_status(200);
        assert_eq!(api.get(&path).await.expect_status(200).json()["id"], provider["id"]);
        let nobody = json!({ "id": "00000000-0000-4000-8000-000000000001" });
        refused(api.put(&path, nobody).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "id")));
        // One that is gone is none.
        let gone = format!("{env}/identityProviders/{}", text(&provider, "/id"));
        let _ = api.delete(&gone).await.expect_status(204);
        assert!(api.get(&path).await.expect_status(200).json()["id"].is_null());
        let none = api.put(&path, json!({})).await.expect_status(200).json();
        assert!(none["id"].is_null(), "{none}");
    }
}
