//! `response_mode=query`, the default of `response_type=code`

use countersign_testkit::{TestServer, on_every_adapter, query};

on_every_adapter! {
    async fn the_code_and_the_state_are_in_the_query(server: TestServer) {
        let tenant = &server.tenant;
        for request in [
            tenant.authorize(&tenant.web),
            tenant.authorize(&tenant.web).set("response_mode", "query"),
        ] {
            let redirect = request.sign_on(&tenant.browser()).await.redirect();
            assert!(redirect.fragment().is_none());
            let parameters = query(&redirect);
            assert_eq!(parameters["state"], "the state & more");
            assert_eq!(parameters.keys().collect::<Vec<_>>(), ["code", "state"]);
        }
    }

    async fn no_state_comes_back_when_none_was_sent(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.web).remove("state");
        let redirect = request.sign_on(&tenant.browser()).await.redirect();
        assert_eq!(query(&redirect).keys().collect::<Vec<_>>(), ["code"]);
    }
}
