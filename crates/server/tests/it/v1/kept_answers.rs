//! Answers that are given again: never once the configuration has changed, and never to whoever may see
//! less.

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::{Api, admin, refused, text, worker};

/// Read so often that the last one is given again.
async fn read(api: &Api, path: &str) -> Value {
    let first = api.get(path).await.expect_status(200).json();
    for _ in 0..2 {
        assert_eq!(api.get(path).await.expect_status(200).json(), first);
    }
    first
}

on_every_adapter! {
    async fn a_change_shows_at_once(server: TestServer) {
        let api = admin(&server).await;
        let here = format!("/environments/{}", server.tenant.id);
        let body = json!({ "name": "Kept", "audience": "https://kept.example" });
        let resource = Api::created(api.post(&format!("{here}/resources"), body.clone()).await);
        let path = format!("{here}/resources/{}", text(&resource, "/id"));
        assert_eq!(read(&api, &path).await["description"], json!(null));
        let mut changed = body;
        changed["description"] = json!("other");
        let _ = api.put(&path, changed).await.expect_status(200);
        assert_eq!(read(&api, &path).await["description"], "other");
        // What belongs to it is no more there than itself.
        let attribute = json!({ "name": "color", "value": "${user.nickname}" });
        let attribute = Api::created(api.post(&format!("{path}/attributes"), attribute).await);
        let attribute = format!("{path}/attributes/{}", text(&attribute, "/id"));
        assert_eq!(read(&api, &attribute).await["name"], "color");
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        refused(api.get(&attribute).await, 404, "NOT_FOUND", None);
    }

    async fn threat_42_an_answer_for_one_is_none_for_another(server: TestServer) {
        let api = admin(&server).await;
        let (tenant, here) = (&server.tenant, format!("/environments/{}", server.tenant.id));
        let path = format!("{here}/applications/{}", tenant.web.id);
        assert_eq!(read(&api, &path).await["_embedded"], json!(null));
        // Whose role is for another application.
        let role = json!([{ "role": "Client Application Developer",
            "scope": { "type": "APPLICATION", "id": tenant.native.id } }]);
        let narrow = worker(&server, 981, role).await;
        let _ = narrow.get(&format!("{here}/applications/{}", tenant.native.id)).await.expect_status(200);
        refused(narrow.get(&path).await, 404, "NOT_FOUND", None);
        // The same id elsewhere.
        let elsewhere = format!("/environments/{}/applications/{}", server.other.id, tenant.web.id);
        refused(api.get(&elsewhere).await, 404, "NOT_FOUND", None);
        // The same thing told with more.
        let expanded = api.get(&format!("{path}?expand=attributes")).await.expect_status(200).json();
        assert!(expanded["_embedded"]["attributes"].is_array());
        assert_eq!(read(&api, &path).await["_embedded"], json!(null));
    }
}
