//! `/v1/environments/{e}/explanations/{correlationId}`.

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::json;

use crate::v1::{admin, refused, worker};

on_every_adapter! {
    async fn an_administrator_reads_why_a_request_was_refused(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("redirect_uri", "https://client.example/");
        let answer = request.send(&browser).await.expect_status(400);
        let id = answer.header("correlation-id").unwrap();
        let path = format!("/environments/{}/explanations/{id}", tenant.id);
        let why = api.get(&path).await.expect_status(200).json();
        assert_eq!(why["id"], id);
        assert_eq!(why["refusal"], "RedirectUriMismatch");
        assert_eq!(why["expected"], countersign_testkit::REDIRECT_URI);
        assert!(why["mend"].as_str().unwrap().contains("redirectUris"));
        assert_eq!(why["_links"]["self"]["href"], format!("{}/v1{path}", server.base));
        // Written down, it is found by the other nodes, too.
        let node = server.another_node().await;
        let there = format!("{}/v1{path}", node.tenant.base);
        refused(api.get(&there).await, 404, "NOT_FOUND", None);
        server.save_explanations().await;
        let _ = api.get(&there).await.expect_status(200);
    }

    async fn what_the_management_api_refuses_is_explained_as_well(server: TestServer) {
        let api = admin(&server).await;
        let environment = format!("/environments/{}", server.tenant.id);
        let nobody = "00000000-0000-4000-8000-000000000000";
        for (answer, status, refusal) in [
            (api.get(&format!("{environment}/users/{nobody}")).await, 404, "NotFound"),
            (api.get(&format!("{environment}/nothing")).await, 404, "NotFound"),
            (api.post(&format!("{environment}/users"), json!({})).await, 400, "Unfit"),
            (api.get(&format!("{environment}/users?filter=x")).await, 400, "Unfit"),
        ] {
            let answer = answer.expect_status(status);
            let id = answer.header("correlation-id").unwrap();
            let why = api.get(&format!("{environment}/explanations/{id}")).await;
            assert_eq!(why.expect_status(200).text("/refusal"), refusal);
        }
    }

    async fn threat_39_explanations_are_for_administrators_of_the_environment(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("redirect_uri", "https://client.example/");
        let answer = request.send(&browser).await.expect_status(400);
        let id = answer.header("correlation-id").unwrap();
        let path = |env: &str| format!("/environments/{env}/explanations/{id}");
        refused(api.get(&path(&server.other.id)).await, 404, "NOT_FOUND", None);
        let scope = json!({ "type": "ENVIRONMENT" });
        let other = worker(&server, 902, json!([{ "role": "Identity Data Admin", "scope": scope }])).await;
        refused(other.get(&path(&tenant.id)).await, 403, "ACCESS_FAILED", None);
        let developer = json!([{ "role": "Client Application Developer", "scope": scope }]);
        let developer = worker(&server, 903, developer).await;
        let _ = developer.get(&path(&tenant.id)).await.expect_status(200);
    }
}
