//! `GET /{envID}/as/checksession`, and `session_state` in responses

use countersign_testkit::{
    Browser, REDIRECT_URI, TestServer, fragment, jwt, on_every_adapter, query,
};
use serde_json::json;

async fn enable(server: &TestServer) {
    let application = json!({
        "id": server.tenant.web.id, "name": "Web", "opSessionCheckEnabled": true,
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"],
        "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        "redirectUris": [REDIRECT_URI, "com.example.app:/callback"],
    });
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "applications": [application] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// What the iframe would compute.
fn expected(server: &TestServer, browser: &Browser, session_state: &str) -> String {
    let (_, salt) = session_state.split_once('.').unwrap();
    let state = browser.cookie(server.tenant.endpoint("checksession"), "ST-STATE");
    let state = state.unwrap_or_default();
    let text = format!(
        "{} https://client.example {state} {salt}",
        server.tenant.web.id
    );
    format!("{}.{salt}", jwt::sha256(&text))
}

on_every_adapter! {
    async fn every_response_carries_the_state_of_the_session(server: TestServer) {
        enable(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web);
        let redirect = request.sign_on(&browser).await.redirect();
        assert!(redirect.query().unwrap().starts_with("session_state="), "{redirect}");
        let first = query(&redirect)["session_state"].clone();
        assert_eq!(first, expected(&server, &browser, &first));
        let again = request.clone().set("response_type", "id_token").send(&browser).await.redirect();
        let second = fragment(&again)["session_state"].clone();
        assert_eq!(second, expected(&server, &browser, &second));
        assert_ne!(first, second, "a salt of its own");
        // Still the same session, as far as the first one can tell.
        assert_eq!(first, expected(&server, &browser, &first));
        let _ = browser.get(tenant.endpoint("signoff")).send().await.expect_status(200);
        assert_ne!(first, expected(&server, &browser, &first));
    }

    async fn another_person_changes_it(server: TestServer) {
        enable(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let redirect = tenant.authorize(&tenant.web).sign_on(&browser).await.redirect();
        let state = query(&redirect)["session_state"].clone();
        let page = tenant.authorize(&tenant.web).set("prompt", "login").page(&browser).await;
        let other = &tenant.other_person;
        let _ = countersign_testkit::submit(tenant, &browser, &page, &other.username, &other.password).await;
        assert_ne!(state, expected(&server, &browser, &state));
    }

    async fn only_where_it_is_enabled_and_there_is_an_origin(server: TestServer) {
        let tenant = &server.tenant;
        let redirect = tenant.authorize(&tenant.web).sign_on(&tenant.browser()).await.redirect();
        assert!(!query(&redirect).contains_key("session_state"));
        enable(&server).await;
        let native = tenant.authorize(&tenant.web).set("redirect_uri", "com.example.app:/callback");
        let redirect = native.sign_on(&tenant.browser()).await.redirect();
        assert!(!query(&redirect).contains_key("session_state"));
        let refused = tenant.authorize(&tenant.web).set("prompt", "none").send(&tenant.browser()).await;
        assert!(!query(&refused.redirect()).contains_key("session_state"));
    }

    async fn the_cookie_tells_scripts_nothing_of_the_token(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).sign_on(&browser).await;
        let cookies = browser.with_jar(|jar| jar.all().to_vec());
        let find = |name: &str| cookies.iter().find(|cookie| cookie.name == name).unwrap();
        assert!(find("ST").http_only && !find("ST-STATE").http_only);
        assert!(!find("ST").value.contains(&find("ST-STATE").value));
    }

    async fn the_iframe_may_be_framed_and_runs_our_script_alone(server: TestServer) {
        let tenant = &server.tenant;
        let url = tenant.endpoint("checksession");
        let page = tenant.browser().get(&url).send().await.expect_status(200);
        assert!(page.header("x-frame-options").is_none());
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors *") && policy.contains("script-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe-inline"));
        let discovery = tenant.endpoint(".well-known/openid-configuration");
        let document = tenant.browser().get(discovery).send().await.expect_status(200).json();
        assert_eq!(document["check_session_iframe"], json!(url));
        let unknown = url.replacen(&tenant.id, "00000000-0000-4000-8000-00000000beef", 1);
        let _ = tenant.browser().get(unknown).send().await.expect_status(404);
    }
}
