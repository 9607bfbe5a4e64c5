//! `/v1/environments/{e}/translations/{locale}`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::{admin, refused};

on_every_adapter! {
    async fn translations_are_changed_one_by_one(server: TestServer) {
        let api = admin(&server).await;
        let env = format!("/environments/{}", server.tenant.id);
        let path = format!("{env}/translations/sv-SE");
        // The environment need not have the language, as Ping's Terraform provider expects.
        assert_eq!(api.get(&path).await.expect_status(200).json()["count"], 0);
        let one = |key: &str, text: &str| json!({ "key": key, "translatedText": text, "shortKey": "x" });
        let body = json!([one("flow-ui.button.createNewAccount", "Skapa nytt konto"), one("flow-ui.label.email", "E-post")]);
        let _ = api.put(&path, body).await.expect_status(204);
        let list = api.get(&path).await.expect_status(200).json();
        let list = list["_embedded"]["translations"].as_array().unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!((&list[0]["shortKey"], &list[0]["translatedText"]), (&json!("button.createNewAccount"), &json!("Skapa nytt konto")));
        // A key without a text goes back to what it was.
        let body = json!([one("flow-ui.label.email", "Epost"), { "key": "flow-ui.button.createNewAccount" }]);
        let _ = api.put(&path, body).await.expect_status(204);
        let list = api.get(&format!("{env}/translations/SV-se")).await.expect_status(200).json();
        assert_eq!((&list["count"], &list["_embedded"]["translations"][0]["translatedText"]), (&json!(1), &json!("Epost")));
        refused(api.put(&path, json!([one("", "x")])).await, 400, "INVALID_DATA", Some(("EMPTY_VALUE", "key")));
        refused(api.put(&path, json!([one("k", &"x".repeat(5_001))])).await, 400, "INVALID_DATA", Some(("SIZE_LIMIT_EXCEEDED", "translatedText")));
        refused(api.put(&path, json!({})).await, 400, "INVALID_REQUEST", None);
        refused(api.get(&format!("{env}/translations/s")).await, 404, "NOT_FOUND", None);
    }
}
