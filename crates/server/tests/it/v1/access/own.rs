//! People and their own record: each `p1:` scope opens what it is declared for, and nothing else.

use std::collections::BTreeSet;

use countersign_protocol::v1::route::{self, Method};
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use super::super::{Api, refused};
use super::{call, media, path_in, state};

on_every_adapter! {
    async fn threat_39_each_scope_of_people_opens_what_it_names(server: TestServer) {
        let tenant = &server.tenant;
        let scopes: BTreeSet<&str> = route::endpoints().filter_map(|it| it.own).collect();
        assert!(scopes.len() > 8, "{scopes:?}");
        let openid = json!({ "resource": "openid", "scopes": ["openid"] });
        let own = json!({ "resource": "PingOne API", "scopes": scopes });
        let application = json!({ "id": tenant.web.id, "name": "Web", "grants": [openid, own] });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        let browser = tenant.browser();
        let mut tokens = Vec::new();
        for scope in &scopes {
            let request = tenant.authorize(&tenant.web).set("scope", &format!("openid {scope}"));
            let code = request.code(&browser).await;
            let answer = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
            tokens.push((*scope, answer.text("/access_token")));
        }
        for (scope, token) in tokens {
            let me = Api::with(&server, token);
            let before = state(&server).await;
            for endpoint in route::endpoints() {
                let opens = endpoint.own == Some(scope);
                let mine = path_in(endpoint, &tenant.id, &tenant.person.id);
                if !opens {
                    refused(call(&me, endpoint, &mine).await, 403, "ACCESS_FAILED", None);
                } else if endpoint.method == Method::Get {
                    let status = call(&me, endpoint, &mine).await.status;
                    assert!(matches!(status, 200 | 404), "{scope} {mine} {status}");
                }
                let theirs = path_in(endpoint, &tenant.id, &tenant.other_person.id);
                refused(call(&me, endpoint, &theirs).await, 403, "ACCESS_FAILED", None);
                let abroad = path_in(endpoint, &server.other.id, &tenant.person.id);
                refused(call(&me, endpoint, &abroad).await, 403, "ACCESS_FAILED", None);
            }
            assert_eq!(state(&server).await, before, "{scope}");
            // What it opens to be written is open: it is not the permission that is missing.
            for endpoint in route::endpoints().filter(|it| it.own == Some(scope) && it.method != Method::Get) {
                let mine = path_in(endpoint, &tenant.id, &tenant.person.id);
                let answer = me.send(endpoint.method.name(), &mine, &media(endpoint), &Value::Null).await;
                assert!(!matches!(answer.status, 401 | 403), "{scope} {mine} {}", answer.body);
            }
        }
    }
}
