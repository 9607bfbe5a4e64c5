//! `response_mode=fragment`

use countersign_testkit::{TestServer, fragment, on_every_adapter};

on_every_adapter! {
    async fn the_code_and_the_state_are_in_the_fragment(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.spa).set("response_mode", "fragment");
        let redirect = request.sign_on(&browser).await.redirect();
        assert!(redirect.query().is_none(), "{redirect}");
        let parameters = fragment(&redirect);
        assert_eq!(parameters["state"], "the state & more");
        let tokens = tenant.redeem(&tenant.spa, &parameters["code"]).send(&browser).await;
        let _ = tokens.expect_status(200);
    }

    async fn errors_are_in_the_fragment_too(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant
            .authorize(&tenant.spa)
            .set("response_mode", "fragment")
            .set("prompt", "none");
        let redirect = request.send(&tenant.browser()).await.redirect();
        assert!(redirect.query().is_none(), "{redirect}");
        let parameters = fragment(&redirect);
        assert_eq!(parameters["error"], "login_required");
        assert_eq!(parameters["state"], "the state & more");
    }
}
