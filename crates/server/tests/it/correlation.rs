//! Every answer can be found in the log: it carries a correlation id of its own.

use std::collections::BTreeSet;

use countersign_testkit::{TestServer, on_every_adapter};

on_every_adapter! {
    async fn every_answer_has_an_id_of_its_own(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let mut ids = BTreeSet::new();
        let urls = [
            format!("{}/health/live", server.base),
            format!("{}/health/ready", server.base),
            format!("{}/nothing/here", server.base),
            format!("{}/assets/style.css", server.base),
            tenant.endpoint("jwks"),
            tenant.endpoint(".well-known/openid-configuration"),
            tenant.endpoint("authorize"),
            tenant.endpoint("token"),
            tenant.endpoint("userinfo"),
            tenant.flow("x"),
        ];
        for url in &urls {
            let answer = browser.get(url).send().await;
            let id = answer.header("correlation-id").unwrap_or_default().to_owned();
            assert_eq!(id.len(), 36, "{url}");
            assert!(ids.insert(id), "{url}");
        }
    }

    /// The id of an error body is the one of the header, and so of the log.
    async fn an_error_names_the_id_of_its_answer(server: TestServer) {
        let browser = server.tenant.browser();
        let answer = browser.get(server.tenant.endpoint("userinfo")).send().await.expect_status(401);
        assert_eq!(answer.header("correlation-id"), Some(answer.text("/id").as_str()));
        let answer = browser.post(server.tenant.endpoint("token")).form([("grant_type", "x")]).send().await;
        let id = answer.header("correlation-id").unwrap_or_default();
        assert!(answer.text("/error_description").contains(id));
    }

    /// Paths that are no text once they are decoded name nothing, and are told so as any other.
    async fn a_path_that_is_no_text_is_not_found(server: TestServer) {
        let browser = server.tenant.browser();
        let env = &server.tenant.id;
        for path in [
            "%ff/as/token".to_owned(),
            format!("{env}/flows/%c3%28"),
            "v1/environments/%ff/users".to_owned(),
            format!("v1/environments/{env}/users/a%80"),
            "assets/%ff".to_owned(),
            "nothing/%ff".to_owned(),
        ] {
            let answer = browser.get(format!("{}/{path}", server.base)).send().await.expect_status(404);
            assert_eq!(answer.text("/code"), "NOT_FOUND", "{path}");
            assert_eq!(answer.header("correlation-id"), Some(answer.text("/id").as_str()), "{path}");
        }
    }
}
