//! Answers that are given again: never once anything that they were made from has changed, and never
//! to whoever may see less.

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, admin, refused, text, worker};

/// Read so often that the last one is given again, where answers are kept.
async fn read(api: &Api, path: &str) -> Value {
    let first = api.get(path).await.expect_status(200).json();
    for _ in 0..2 {
        assert_eq!(api.get(path).await.expect_status(200).json(), first);
    }
    first
}

on_every_adapter! {
    async fn whatever_somebody_is_shown_from_shows_at_once(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let made = Api::created(api.post(&format!("{here}/users"), json!({ "username": "kept" })).await);
        let path = format!("{here}/users/{}", text(&made, "/id"));
        assert_eq!(read(&api, &path).await["nickname"], json!(null));
        // Their own document.
        let _ = api.patch(&path, json!({ "nickname": "K" })).await.expect_status(200);
        assert_eq!(read(&api, &path).await["nickname"], "K");
        // One that was not there.
        assert_eq!(read(&api, &path).await["account"]["status"], "OK");
        let _ = api.act("POST", &path, "account.lock", json!({})).await.expect_status(200);
        assert_eq!(read(&api, &path).await["account"]["status"], "LOCKED");
        // One that is there.
        let _ = api.act("POST", &path, "account.unlock", json!({})).await.expect_status(200);
        assert_eq!(read(&api, &path).await["account"]["status"], "OK");
        // The configuration.
        let schemas = api.get(&format!("{here}/schemas")).await.expect_status(200).json();
        let schema = text(&schemas, "/_embedded/schemas/0/id");
        let body = json!({ "name": "shoe", "type": "STRING", "enabled": true });
        let attribute = Api::created(api.post(&format!("{here}/schemas/{schema}/attributes"), body).await);
        let _ = api.patch(&path, json!({ "shoe": "44" })).await.expect_status(200);
        assert_eq!(read(&api, &path).await["shoe"], "44");
        let attribute = format!("{here}/schemas/{schema}/attributes/{}", text(&attribute, "/id"));
        let _ = api.patch(&attribute, json!({ "enabled": false })).await.expect_status(200);
        assert_eq!(read(&api, &path).await["shoe"], json!(null));
        // And that they are gone.
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }

    async fn threat_42_an_answer_for_one_is_none_for_another(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let population = Api::created(api.post(&format!("{here}/populations"), json!({ "name": "Else" })).await);
        let made = Api::created(api.post(&format!("{here}/users"), json!({ "username": "kept" })).await);
        let user = text(&made, "/id");
        let path = format!("{here}/users/{user}");
        read(&api, &path).await;
        let role = json!([{ "role": "Identity Data Admin",
            "scope": { "type": "POPULATION", "id": population["id"] } }]);
        let narrow = worker(&server, 981, role).await;
        refused(narrow.get(&path).await, 404, "NOT_FOUND", None);
        let elsewhere = format!("/environments/{}/users/{user}", server.other.id);
        refused(api.get(&elsewhere).await, 404, "NOT_FOUND", None);
        let application = format!("{here}/applications/{}", server.tenant.web.id);
        let expanded = format!("{application}?expand=attributes");
        assert_eq!(read(&api, &application).await["_embedded"], json!(null));
        assert!(api.get(&expanded).await.expect_status(200).json()["_embedded"]["attributes"].is_array());
    }
}
