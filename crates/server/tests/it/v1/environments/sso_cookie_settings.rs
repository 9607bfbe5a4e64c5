//! `/v1/environments/{e}/ssoCookieSettings`

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::json;

use super::super::{admin, refused};

/// The `Set-Cookie` of the session that a sign-on begins.
async fn cookie(server: &TestServer) -> String {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
    let person = &tenant.person;
    let done = tenant
        .check_password(&browser, &flow, &person.username, &person.password)
        .await;
    session_cookie(&done.expect_status(200))
}

fn session_cookie(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|it| it.to_str().ok());
    cookies.find(|it| it.starts_with("ST=")).unwrap().to_owned()
}

on_every_adapter! {
    async fn the_cookie_outlives_the_browser_unless_the_environment_says_otherwise(server: TestServer) {
        let api = admin(&server).await;
        let path = format!("/environments/{}/ssoCookieSettings", server.tenant.id);
        let fresh = api.get(&path).await.expect_status(200).json();
        assert_eq!(fresh["useNonPersistentSessionTokenCookie"], false);
        assert_eq!(fresh["environment"]["id"], json!(server.tenant.id));
        let kept = cookie(&server).await;
        assert!(kept.contains("Max-Age=2592000") && kept.contains("Expires="), "{kept}");
        let body = json!({ "useNonPersistentSessionTokenCookie": true });
        let set = api.post(&path, body).await.expect_status(200).json();
        assert_eq!(set["useNonPersistentSessionTokenCookie"], true);
        assert_eq!(api.get(&path).await.expect_status(200).json(), set);
        let dropped = cookie(&server).await;
        assert!(!dropped.contains("Max-Age") && !dropped.contains("Expires"), "{dropped}");
        for body in [json!({}), json!({ "useNonPersistentSessionTokenCookie": null })] {
            let target = Some(("REQUIRED_VALUE", "useNonPersistentSessionTokenCookie"));
            refused(api.post(&path, body).await, 400, "INVALID_DATA", target);
        }
        let body = json!({ "useNonPersistentSessionTokenCookie": "yes" });
        let target = Some(("INVALID_VALUE", "useNonPersistentSessionTokenCookie"));
        refused(api.post(&path, body).await, 400, "INVALID_DATA", target);
    }

    async fn the_cookie_lives_no_longer_than_the_session_can(server: TestServer) {
        server.import(&json!({ "environments": [{
            "id": server.tenant.id, "name": "First", "countersign": { "sessionLifetimeInMinutes": 90 },
        }] })).await;
        let kept = cookie(&server).await;
        assert!(kept.contains("Max-Age=5400;"), "{kept}");
    }
}
