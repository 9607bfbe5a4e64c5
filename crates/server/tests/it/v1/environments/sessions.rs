//! `/v1/environments/{e}/sessions` and `/v1/environments/{e}/users/{u}/sessions`.

use std::time::Duration;

use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::{Api, JSON, admin, refused};

async fn sessions(server: &TestServer, api: &Api) -> Vec<Value> {
    let path = format!(
        "/environments/{}/users/{}/sessions",
        server.tenant.id, server.tenant.person.id
    );
    let body = api.get(&path).await.expect_status(200).json();
    body["_embedded"]["sessions"].as_array().unwrap().clone()
}

on_every_adapter! {
    async fn a_users_sessions_are_listed_newest_first(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        for _ in 0..2 {
            let browser = tenant.browser();
            let _ = tenant.authorize(&tenant.web).code(&browser).await;
            server.clock.advance(Duration::from_mins(1));
        }
        let found = sessions(&server, &api).await;
        assert_eq!(found.len(), 2);
        assert!(found[0]["createdAt"].as_str() > found[1]["createdAt"].as_str());
        let one = &found[0];
        assert_eq!(one["user"]["id"], tenant.person.id);
        assert_eq!(one["lastSignOn"]["authenticators"], json!(["pwd"]));
        assert_eq!(one["lastSignOn"]["withAuthenticator"]["pwd"]["policy"]["type"], "PINGONE");
        assert_eq!(one["locations"][0]["remoteIp"], "127.0.0.1");
        assert!(one["expiresAt"].is_string());
        assert_eq!(one["idleTimeoutInMinutes"], 43_200, "what the environment says");
        assert!(one.get("tokenHash").is_none(), "{one}");
        let own = one["_links"]["self"]["href"].as_str().unwrap();
        assert_eq!(api.get(own).await.expect_status(200).json()["id"], one["id"]);
        let at_environment = format!("/environments/{}/sessions/{}", tenant.id, one["id"].as_str().unwrap());
        let _ = api.get(&at_environment).await.expect_status(200);
        let other = format!("/environments/{}/users/{}/sessions/{}", tenant.id, tenant.other_person.id, one["id"].as_str().unwrap());
        refused(api.get(&other).await, 404, "NOT_FOUND", None);
        let elsewhere = format!("/environments/{}/sessions/{}", server.other.id, one["id"].as_str().unwrap());
        refused(api.get(&elsewhere).await, 404, "NOT_FOUND", None);
    }

    async fn threat_27_a_session_that_is_ended_takes_its_tokens_with_it(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        for way in ["user", "environment", "logout"] {
            let browser = tenant.browser();
            let code = tenant.authorize(&tenant.web).code(&browser).await;
            let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
            let access = tokens.text("/access_token");
            let _ = tenant.userinfo(&access).await.expect_status(200);
            let id = sessions(&server, &api).await[0]["id"].as_str().unwrap().to_owned();
            let environment = format!("/environments/{}/sessions/{id}", tenant.id);
            let answer = match way {
                "user" => api.delete(&format!("/environments/{}/users/{}/sessions/{id}", tenant.id, tenant.person.id)).await,
                "environment" => api.delete(&environment).await,
                _ => {
                    let media = "application/vnd.pingidentity.sso.session.logout";
                    api.send("POST", &environment, media, &Value::Null).await
                }
            };
            let _ = answer.expect_status(204);
            let _ = tenant.userinfo(&access).await.expect_status(401);
            refused(api.get(&environment).await, 404, "NOT_FOUND", None);
            let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
            assert!(silent.redirect().query().unwrap().contains("login_required"), "{way}");
        }
    }

    /// `reference/oidc.md` 19.3
    async fn people_end_their_own_sessions_with_the_scope_for_it(server: TestServer) {
        let tenant = &server.tenant;
        let application = |scopes: &[&str]| json!({ "id": tenant.web.id, "name": "Web", "grants": [
            { "resource": "openid", "scopes": ["openid"] },
            { "resource": "PingOne API", "scopes": scopes },
        ] });
        let both = ["p1:read:sessions", "p1:delete:sessions"];
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application(&both)] });
        server.import(&json!({ "organization": { "name": "Tests" }, "environments": [environment] })).await;
        let signed_on = async |scope: &str| {
            let browser = tenant.browser();
            let code = tenant.authorize(&tenant.web).set("scope", scope).code(&browser).await;
            let answer = tenant.redeem(&tenant.web, &code).send(&browser).await;
            let api = Api::with(&server, answer.expect_status(200).text("/access_token"));
            server.clock.advance(Duration::from_mins(1));
            let newest = sessions(&server, &api).await[0]["id"].as_str().unwrap().to_owned();
            (api, format!("/environments/{}/users/{}/sessions/{newest}", tenant.id, tenant.person.id))
        };
        let (reader, readers) = signed_on("openid p1:read:sessions").await;
        refused(reader.delete(&readers).await, 403, "ACCESS_FAILED", None);
        let (me, mine) = signed_on("openid p1:read:sessions p1:delete:sessions").await;
        let _ = me.delete(&readers).await.expect_status(204);
        refused(reader.get(&readers).await, 401, "ACCESS_FAILED", None);
        let theirs = mine.replace(&tenant.person.id, &tenant.other_person.id);
        refused(me.delete(&theirs).await, 403, "ACCESS_FAILED", None);
        let _ = me.delete(&mine).await.expect_status(204);
        refused(me.get(&mine).await, 401, "ACCESS_FAILED", None);
    }

    async fn a_program_finds_the_session_of_a_browser_by_its_cookie(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let cookie = browser.cookie(tenant.endpoint("authorize"), "ST").unwrap();
        let me = format!("{}/v1/environments/{}/sessions/me", server.base, tenant.id);
        refused(api.get(&me).await, 404, "NOT_FOUND", None);
        let program = tenant.browser();
        let ask = |method: &str| {
            let request = program.request(method.parse().unwrap(), &me).bearer(&api.token);
            request.header("cookie", format!("ST={cookie}")).header("content-type", JSON)
        };
        let found = ask("GET").send().await.expect_status(200).json();
        assert_eq!(found["user"]["id"], tenant.person.id);
        let _ = ask("DELETE").send().await.expect_status(204);
        let _ = ask("GET").send().await.expect_status(404);
        assert!(sessions(&server, &api).await.is_empty());
    }

    async fn a_session_of_a_sign_on_elsewhere_is_made_and_changed(server: TestServer) {
        let api = admin(&server).await;
        let tenant = &server.tenant;
        let all = format!("/environments/{}/sessions", tenant.id);
        let now = server.ports.clock.now().to_string();
        let token = "0d0c0b0a-1111-4222-8333-444455556666";
        let body = json!({
            "activeAt": now, "userAgent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
            "idleTimeoutInMinutes": 30, "token": token, "user": { "id": tenant.person.id },
            "lastSignOn": { "remoteIp": "192.0.2.1", "authenticators": ["pwd"],
                            "withAuthenticator": { "pwd": { "at": now } } },
        });
        let made = Api::created(api.post(&all, body.clone()).await);
        assert_eq!(made["browser"], json!({ "name": "Firefox", "version": "140.0" }));
        assert_eq!(made["device"]["type"], "COMPUTER");
        assert!(!made.to_string().contains(token));
        refused(api.post(&all, body.clone()).await, 400, "INVALID_DATA", Some(("UNIQUENESS_VIOLATION", "token")));
        let me = format!("{}/v1{all}/me", server.base);
        let found = tenant.browser().get(&me).bearer(&api.token).header("cookie", format!("ST={token}")).send().await;
        assert_eq!(found.expect_status(200).json()["id"], made["id"]);
        let own = made["_links"]["self"]["href"].as_str().unwrap();
        let changed = json!({ "activeAt": now, "userAgent": "curl/8.5.0", "idleTimeoutInMinutes": 60 });
        let changed = api.put(own, changed).await.expect_status(200).json();
        assert_eq!(changed["browser"]["name"], "curl");
        assert!(changed.get("lastSignOn").is_none());
        server.clock.advance(Duration::from_mins(61));
        let _ = api.get(own).await;
        server.clock.advance(Duration::from_mins(1));
        let answer = api.get(own).await;
        assert!([401, 404].contains(&answer.status), "{}", answer.status);
        for (change, target) in [
            (json!({ "activeAt": null }), "activeAt"),
            (json!({ "token": "short" }), "token"),
            (json!({ "idleTimeoutInMinutes": 0 }), "idleTimeoutInMinutes"),
            (json!({ "lastSignOn": null }), "lastSignOn"),
            (json!({ "lastSignOn": {} }), "lastSignOn.authenticators"),
            (json!({ "lastSignOn": { "authenticators": ["pwd"], "withAuthenticator": {} } }),
             "lastSignOn.remoteIp"),
            (json!({ "user": { "id": server.other.person.id } }), "user.id"),
        ] {
            let api = admin(&server).await;
            let mut body = body.clone();
            for (name, value) in change.as_object().unwrap() {
                body[name] = value.clone();
            }
            let answer = api.post(&all, body).await.expect_status(400).json();
            assert_eq!(answer["details"][0]["target"], target, "{answer}");
        }
    }
}
