//! Population, second factors, linked accounts and identity provider of a user

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::super::{Api, admin, refused, text, worker};
use super::users;

on_every_adapter! {
    async fn somebody_moves_and_leaves_the_groups_behind(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let population = async |name: &str| {
            Api::created(api.post(&format!("{here}/populations"), json!({ "name": name })).await)["id"].clone()
        };
        let (old, new) = (population("Old").await, population("New").await);
        let body = json!({ "username": "moe", "population": { "id": old } });
        let user = Api::created(api.post(&users(&server), body).await);
        let path = format!("{}/{}", users(&server), text(&user, "/id"));
        let group = json!({ "name": "Olds", "population": { "id": old } });
        let group = Api::created(api.post(&format!("{here}/groups"), group).await);
        let join = json!({ "id": group["id"] });
        Api::created(api.post(&format!("{path}/memberOfGroups"), join.clone()).await);
        // The population of a user is not changed in passing.
        let put = json!({ "username": "moe", "population": { "id": new } });
        assert_eq!(api.put(&path, put).await.expect_status(200).json()["population"]["id"], old);
        let moved = api.put(&format!("{path}/population"), json!({ "id": new })).await.expect_status(200).json();
        assert_eq!(moved["id"], new);
        assert_eq!(api.get(&path).await.expect_status(200).json()["population"]["id"], new);
        let groups = api.get(&format!("{path}/memberOfGroups")).await.expect_status(200).json();
        assert_eq!(groups["size"], json!(0));
        refused(api.post(&format!("{path}/memberOfGroups"), join).await, 400, "INVALID_DATA", Some(("CONSTRAINT_VIOLATION", "id")));
        let nowhere = json!({ "id": "00000000-0000-4000-8000-000000000001" });
        refused(api.put(&format!("{path}/population"), nowhere).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "population.id")));
        // Whoever has a role for one population moves nobody out of it.
        let role = json!([{ "role": "Identity Data Admin", "scope": { "type": "POPULATION", "id": new } }]);
        let narrow = worker(&server, 980, role).await;
        refused(narrow.put(&format!("{path}/population"), json!({ "id": old })).await, 403, "ACCESS_FAILED", None);
    }

    async fn somebody_imported_belongs_to_the_provider_that_is_named(server: TestServer) {
        let api = admin(&server).await;
        let providers = format!("/environments/{}/identityProviders", server.tenant.id);
        let provider = json!({ "name": "Work", "type": "LINKEDIN", "enabled": true,
            "clientId": "c", "clientSecret": "s" });
        let provider = Api::created(api.post(&providers, provider).await);
        let mut user = json!({ "username": "worker", "identityProvider": { "id": provider["id"], "type": "GOOGLE" } });
        let made = Api::created(api.act("POST", &users(&server), "user.import", user.clone()).await);
        assert_eq!(made["identityProvider"], json!({ "id": provider["id"], "type": "LINKEDIN" }));
        user["username"] = json!("nobody's");
        user["identityProvider"]["id"] = json!("00000000-0000-4000-8000-000000000001");
        let answer = api.act("POST", &users(&server), "user.import", user).await;
        refused(answer, 400, "INVALID_DATA", Some(("INVALID_VALUE", "identityProvider.id")));
    }

    async fn second_factors_and_the_provider_are_switched(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("{}/{}", users(&server), server.tenant.person.id);
        let on = api.put(&format!("{path}/mfaEnabled"), json!({ "mfaEnabled": true })).await;
        assert_eq!(on.expect_status(200).json()["mfaEnabled"], true);
        assert_eq!(api.get(&path).await.expect_status(200).json()["mfaEnabled"], true);
        let provider = api.get(&format!("{path}/identityProvider")).await.expect_status(200).json();
        assert_eq!((&provider["type"], &provider["id"]), (&json!("PING_ONE"), &json!(null)));
        let unknown = json!({ "id": "00000000-0000-4000-8000-000000000001" });
        refused(api.put(&format!("{path}/identityProvider"), unknown).await, 400, "INVALID_DATA", Some(("INVALID_VALUE", "id")));
        let links = api.get(&format!("{path}/linkedAccounts")).await.expect_status(200).json();
        assert_eq!(links["_embedded"]["linkedAccounts"], json!([]));
    }
}
