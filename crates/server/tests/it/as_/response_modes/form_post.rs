//! `response_mode=form_post`

use countersign_testkit::{REDIRECT_URI, TestServer, on_every_adapter};

/// Ends an attribute, a tag, a comment, a script and a style, whichever it lands in.
const POLYGLOT: &str =
    r#""'><!--</script></style><img src=x onerror=alert(1)>javascript:alert(1)//&amp;"#;

on_every_adapter! {
    async fn the_parameters_are_in_a_form_for_the_client(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("response_mode", "form_post");
        let page = request.sign_on(&browser).await.expect_status(200);
        assert!(page.header("content-type").unwrap_or_default().starts_with("text/html"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let form = page.form();
        assert_eq!(form.method, "POST");
        assert_eq!(form.action.as_str(), REDIRECT_URI);
        assert_eq!(form.value("state"), Some("the state & more"));
        let code = form.value("code").unwrap();
        let _ = tenant.redeem(&tenant.web, code).send(&browser).await.expect_status(200);
    }

    async fn errors_are_posted_too(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant
            .authorize(&tenant.web)
            .set("response_mode", "form_post")
            .set("prompt", "none");
        let form = request.send(&tenant.browser()).await.expect_status(200).form();
        assert_eq!(form.value("error"), Some("login_required"));
    }

    async fn threat_4_nothing_that_was_sent_becomes_markup(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let good = tenant.authorize(&tenant.web).set("response_mode", "form_post").set("state", POLYGLOT);
        let form = good.sign_on(&browser).await.expect_status(200);
        assert_eq!(form.form().value("state"), Some(POLYGLOT));
        let mut answers = vec![form];
        for name in ["scope", "response_type", "prompt", "client_id", "redirect_uri", "nonce", "login_hint", "response_mode"] {
            answers.push(good.clone().set(name, POLYGLOT).set("prompt", "login").send(&tenant.browser()).await);
        }
        for answer in answers {
            assert!(!answer.body.contains("<img src=x"), "{}", answer.body);
            let is_html = answer.header("content-type").unwrap_or_default().starts_with("text/html");
            if is_html {
                let policy = answer.header("content-security-policy").unwrap_or_default();
                assert!(!policy.is_empty() && !policy.contains("unsafe-inline"), "{policy}");
            }
        }
    }
}
