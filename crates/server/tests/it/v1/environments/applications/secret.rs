//! `/v1/environments/{e}/applications/{a}/secret`

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use super::super::super::{Api, admin, make_worker, refused, text};
use super::{all, web};

on_every_adapter! {
    async fn the_old_secret_is_accepted_for_as_long_as_was_said(server: TestServer) {
        let api = admin(&server).await;
        let mut body = web("Rotated");
        body["type"] = json!("SERVICE");
        body["grantTypes"] = json!(["CLIENT_CREDENTIALS"]);
        let made = Api::created(api.post(&all(&server), body).await);
        let id = text(&made, "/id");
        let path = format!("{}/{id}/secret", all(&server));
        let first = api.get(&path).await.expect_status(200).json();
        assert!(text(&first, "/secret").len() >= 64);
        assert_eq!(first["previous"], json!(null));
        assert_eq!(first["environment"]["id"], json!(server.tenant.id));
        assert!(text(&first, "/_links/application/href").ends_with(&id));

        let later = server.ports.clock.now().plus(std::time::Duration::from_hours(1));
        let body = json!({ "previous": { "expiresAt": later } });
        let second = api.post(&path, body).await.expect_status(200).json();
        assert_ne!(second["secret"], first["secret"]);
        assert_eq!(second["previous"], json!({ "secret": first["secret"], "expiresAt": later }));
        assert_eq!(api.get(&path).await.expect_status(200).json(), second);
        for secret in [&first["secret"], &second["secret"]] {
            let error = knocks(&server, &id, secret.as_str().unwrap()).await;
            assert_ne!(error, "invalid_client");
        }
        let _ = api.delete(&path).await.expect_status(204);
        let after = api.get(&path).await.expect_status(200).json();
        assert_eq!((&after["secret"], &after["previous"]), (&second["secret"], &json!(null)));
        assert_eq!(knocks(&server, &id, first["secret"].as_str().unwrap()).await, "invalid_client");

        // Without a word, the old one ends at once.
        let third = api.post(&path, json!({})).await.expect_status(200).json();
        assert_eq!(third["previous"], json!(null));
        assert_eq!(knocks(&server, &id, second["secret"].as_str().unwrap()).await, "invalid_client");
    }

    async fn the_end_of_the_old_secret_is_one_minute_to_thirty_days_away(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("{}/{}/secret", all(&server), server.tenant.web.id);
        for seconds in [59, 30 * 86_400 + 1] {
            let end = server.ports.clock.now().plus(std::time::Duration::from_secs(seconds));
            let body = json!({ "previous": { "expiresAt": end } });
            refused(api.post(&path, body).await, 400, "INVALID_DATA",
                Some(("INVALID_VALUE", "previous.expiresAt")));
        }
        let body = json!({ "previous": { "expiresAt": "soon" } });
        refused(api.post(&path, body).await, 400, "INVALID_DATA",
            Some(("INVALID_VALUE", "previous.expiresAt")));
    }

    async fn a_worker_does_not_read_its_own_secret(server: TestServer) {
        let roles = json!(["Client Application Developer"]);
        let (id, secret) = make_worker(&server, 51, roles).await;
        let browser = server.tenant.browser();
        let form = [("grant_type", "client_credentials")];
        let request = browser.post(server.tenant.endpoint("token"));
        let answer = request.basic(&id, &secret).form(form).send().await;
        let api = Api::with(&server, answer.expect_status(200).text("/access_token"));
        let path = format!("{}/{id}/secret", all(&server));
        refused(api.get(&path).await, 403, "ACCESS_FAILED", None);
        let other = format!("{}/{}/secret", all(&server), server.tenant.web.id);
        let _ = api.get(&other).await.expect_status(200);
    }
}

/// What the token endpoint says to a secret.
async fn knocks(server: &TestServer, id: &str, secret: &str) -> String {
    let browser = server.tenant.browser();
    let form = [("grant_type", "client_credentials")];
    let request = browser.post(server.tenant.endpoint("token"));
    let answer = request.basic(id, secret).form(form).send().await.json();
    answer["error"].as_str().unwrap_or("none").to_owned()
}
