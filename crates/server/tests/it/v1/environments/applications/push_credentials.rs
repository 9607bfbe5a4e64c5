//! `/v1/environments/{e}/applications/{a}/pushCredentials`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::{all, web};
use crate::v1::{Api, admin, refused, text};

on_every_adapter! {
    async fn push_credentials_are_kept_without_their_secrets(server: TestServer) {
        let api = admin(&server).await;
        let mut native = web("Pushed");
        native["type"] = json!("NATIVE_APP");
        let app = Api::created(api.post(&all(&server), native).await);
        let credentials = format!("{}/{}/pushCredentials", all(&server), text(&app, "/id"));
        let body = json!({ "type": "APNS", "key": "k", "teamId": "t", "token": "very secret" });
        let made = Api::created(api.post(&credentials, body.clone()).await);
        assert_eq!(made["type"], "APNS");
        assert!(!made.to_string().contains("secret"), "{made}");
        let path = format!("{credentials}/{}", text(&made, "/id"));
        assert_eq!(api.get(&path).await.expect_status(200).json(), made);
        let other = json!({ "type": "HMS", "clientId": "c", "clientSecret": "s" });
        let changed = api.put(&path, other).await.expect_status(200).json();
        assert_eq!((&changed["type"], &changed["id"]), (&json!("HMS"), &made["id"]));
        let list = api.get(&credentials).await.expect_status(200).json();
        assert_eq!(list["_embedded"]["pushCredentials"], json!([changed]));
        for (member, value, code) in [
            ("type", json!("PIGEON"), "INVALID_VALUE"),
            ("teamId", json!(null), "REQUIRED_VALUE"),
            ("token", json!(1), "INVALID_VALUE"),
            ("token", json!("x".repeat(16 * 1024 + 1)), "SIZE_LIMIT_EXCEEDED"),
        ] {
            let mut wrong = body.clone();
            wrong[member] = value;
            refused(api.post(&credentials, wrong).await, 400, "INVALID_DATA", Some((code, member)));
        }
        let other = Api::created(api.post(&all(&server), web("Not pushed")).await);
        let wrong = format!("{}/{}/pushCredentials", all(&server), text(&other, "/id"));
        refused(api.post(&wrong, body.clone()).await, 400, "INVALID_DATA",
            Some(("CONSTRAINT_VIOLATION", "application")));
        let _ = api.delete(&path).await.expect_status(204);
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
        // They go with the application.
        let last = Api::created(api.post(&credentials, body).await);
        let app = format!("{}/{}", all(&server), text(&app, "/id"));
        let _ = api.delete(&app).await.expect_status(204);
        let path = format!("{credentials}/{}", text(&last, "/id"));
        refused(api.get(&path).await, 404, "NOT_FOUND", None);
    }
}
