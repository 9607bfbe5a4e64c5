//! `grant_type=refresh_token`

use std::sync::Arc;
use std::time::Duration;

use countersign_testkit::{Answer, App, TestServer, on_every_adapter};
use serde_json::{Value, json};

/// Changes the web application; lists replace what was there.
async fn configure(server: &TestServer, more: Value) {
    let mut application = json!({ "id": server.tenant.post.id, "name": "Web with post" });
    for (name, value) in more.as_object().unwrap() {
        application[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [ {
            "id": server.tenant.id, "name": "First",
            "resources": [ { "name": "openid", "scopes": ["offline_access"] } ],
            "applications": [application],
        } ] }))
        .await;
}

fn with_refresh() -> Value {
    json!({ "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"] })
}

/// Signs on and redeems the code.
async fn tokens(server: &TestServer, scope: &str) -> Value {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let authorize = tenant.authorize(&tenant.post).set("scope", scope);
    let code = authorize.code(&browser).await;
    let answer = tenant.redeem(&tenant.post, &code).send(&browser).await;
    answer.expect_status(200).json()
}

async fn refresh_as(server: &TestServer, app: &App, token: &str, scope: Option<&str>) -> Answer {
    let mut form = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", app.id.as_str()),
    ];
    if app.auth_method != "NONE" {
        form.push(("client_secret", app.secret.as_str()));
    }
    form.extend(scope.map(|scope| ("scope", scope)));
    let url = server.tenant.endpoint("token");
    server.tenant.browser().post(url).form(form).send().await
}

async fn refresh(server: &TestServer, token: &str) -> Answer {
    refresh_as(server, &server.tenant.post, token, None).await
}

fn text(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn is_invalid_grant(answer: Answer) {
    assert_eq!(answer.expect_status(400).text("/error"), "invalid_grant");
}

on_every_adapter! {
    async fn a_refresh_gives_new_tokens_for_one_durable_write(server: TestServer) {
        configure(&server, with_refresh()).await;
        let first = tokens(&server, "openid profile").await;
        let before = server.counts.commits();
        let second = refresh(&server, &text(&first, "refresh_token")).await.expect_status(200).json();
        assert_eq!(server.counts.commits() - before, 1);
        assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
        assert_eq!(second["scope"], "openid profile");
        let old = server.tenant.verify(&first["id_token"]).await;
        let new = server.tenant.verify(&second["id_token"]).await;
        for same in ["sub", "sid", "auth_time", "acr", "aud"] {
            assert_eq!(old.claims[same], new.claims[same], "{same}");
        }
        let _ = server.tenant.userinfo(&text(&second, "access_token")).await.expect_status(200);
    }

    /// The table of `reference/oidc.md` 6.4.
    async fn when_a_refresh_token_is_issued(server: TestServer) {
        let both = json!(["AUTHORIZATION_CODE", "REFRESH_TOKEN"]);
        let code = json!(["AUTHORIZATION_CODE"]);
        let plain = json!([{ "resource": "openid", "scopes": ["profile"] }]);
        let offline = json!([{ "resource": "openid", "scopes": ["profile", "offline_access"] }]);
        for (grant_types, grants, scope, issued) in [
            (&both, &offline, "openid offline_access", true),
            (&both, &offline, "openid", false),
            (&both, &plain, "openid", true),
            (&both, &plain, "openid offline_access", true),
            (&code, &offline, "openid offline_access", true),
            (&code, &offline, "openid", false),
            (&code, &plain, "openid offline_access", false),
        ] {
            configure(&server, json!({ "grantTypes": grant_types, "grants": grants })).await;
            let tokens = tokens(&server, scope).await;
            assert_eq!(tokens.get("refresh_token").is_some(), issued, "{grant_types} {grants} {scope}");
            if issued {
                let _ = refresh(&server, &text(&tokens, "refresh_token")).await.expect_status(200);
            }
        }
    }

    async fn threat_26_an_exchanged_token_ends_the_family(server: TestServer) {
        configure(&server, with_refresh()).await;
        let first = text(&tokens(&server, "openid").await, "refresh_token");
        let second = refresh(&server, &first).await.expect_status(200).text("/refresh_token");
        is_invalid_grant(refresh(&server, &first).await);
        is_invalid_grant(refresh(&server, &second).await);
    }

    async fn without_replay_protection_only_the_old_token_is_refused(server: TestServer) {
        let mut settings = with_refresh();
        settings["additionalRefreshTokenReplayProtectionEnabled"] = json!(false);
        configure(&server, settings).await;
        let first = text(&tokens(&server, "openid").await, "refresh_token");
        let second = refresh(&server, &first).await.expect_status(200).text("/refresh_token");
        is_invalid_grant(refresh(&server, &first).await);
        let _ = refresh(&server, &second).await.expect_status(200);
    }

    async fn threat_26_64_parallel_refreshes_in_grace_make_one_lineage(server: TestServer) {
        let mut settings = with_refresh();
        settings["refreshTokenRollingGracePeriodDuration"] = json!(30);
        configure(&server, settings).await;
        let node = server.another_node().await;
        let first = Arc::new(text(&tokens(&server, "openid").await, "refresh_token"));
        let tenants = [Arc::new(server.tenant.clone()), Arc::new(node.tenant.clone())];
        let refreshes: Vec<_> = tenants.iter().cycle().take(64).map(|tenant| {
            let (tenant, token) = (tenant.clone(), first.clone());
            tokio::spawn(async move {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("refresh_token", token.as_str()),
                    ("client_id", tenant.post.id.as_str()),
                    ("client_secret", tenant.post.secret.as_str()),
                ];
                let browser = tenant.browser();
                browser.post(tenant.endpoint("token")).form(form).send().await
            })
        }).collect();
        let mut next = Vec::new();
        for refresh in refreshes {
            next.push(refresh.await.unwrap().expect_status(200).text("/refresh_token"));
        }
        next.dedup();
        assert_eq!(next.len(), 1, "one successor for all");
        let _ = refresh(&server, &next[0]).await.expect_status(200);
    }

    async fn the_grace_period_ends(server: TestServer) {
        let mut settings = with_refresh();
        settings["refreshTokenRollingGracePeriodDuration"] = json!(30);
        configure(&server, settings).await;
        let first = text(&tokens(&server, "openid").await, "refresh_token");
        let second = refresh(&server, &first).await.expect_status(200).text("/refresh_token");
        server.clock.advance(Duration::from_secs(29));
        assert_eq!(refresh(&server, &first).await.expect_status(200).text("/refresh_token"), second);
        server.clock.advance(Duration::from_secs(1));
        is_invalid_grant(refresh(&server, &first).await);
        is_invalid_grant(refresh(&server, &second).await);
    }

    async fn tokens_expire_and_rolling_has_an_end(server: TestServer) {
        let mut settings = with_refresh();
        settings["refreshTokenDuration"] = json!(3600);
        settings["refreshTokenRollingDuration"] = json!(5400);
        configure(&server, settings).await;
        let first = text(&tokens(&server, "openid").await, "refresh_token");
        server.clock.advance(Duration::from_mins(50));
        let second = refresh(&server, &first).await.expect_status(200).text("/refresh_token");
        server.clock.advance(Duration::from_mins(41));
        is_invalid_grant(refresh(&server, &second).await);
    }

    async fn threat_27_every_end_of_trust_ends_refreshing(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, with_refresh()).await;
        // Sign-off.
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.post).code(&browser).await;
        let token = tenant.redeem(&tenant.post, &code).send(&browser).await.text("/refresh_token");
        let _ = browser.get(tenant.endpoint("signoff")).send().await.expect_status(200);
        is_invalid_grant(refresh(&server, &token).await);
        // Revocation, with a token that was exchanged already.
        let first = text(&tokens(&server, "openid").await, "refresh_token");
        let second = refresh(&server, &first).await.expect_status(200).text("/refresh_token");
        let form = [
            ("client_id", tenant.post.id.as_str()),
            ("client_secret", tenant.post.secret.as_str()),
            ("token", first.as_str()),
        ];
        let _ = browser.post(tenant.endpoint("revoke")).form(form).send().await.expect_status(200);
        is_invalid_grant(refresh(&server, &second).await);
        // A replayed code.
        let code = tenant.authorize(&tenant.post).code(&browser).await;
        let token = tenant.redeem(&tenant.post, &code).send(&browser).await.text("/refresh_token");
        is_invalid_grant(tenant.redeem(&tenant.post, &code).send(&browser).await);
        is_invalid_grant(refresh(&server, &token).await);
        // A disabled person.
        let token = text(&tokens(&server, "openid").await, "refresh_token");
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "id": tenant.person.id, "username": tenant.person.username, "enabled": false },
        ] } ] })).await;
        is_invalid_grant(refresh(&server, &token).await);
    }

    async fn threat_14_the_scope_never_grows(server: TestServer) {
        let mut settings = with_refresh();
        settings["grants"] = json!([{ "resource": "openid", "scopes": ["profile", "email"] }]);
        configure(&server, settings.clone()).await;
        let first = text(&tokens(&server, "openid profile").await, "refresh_token");
        let post = &server.tenant.post;
        let more = refresh_as(&server, post, &first, Some("openid email")).await;
        assert_eq!(more.expect_status(400).text("/error"), "invalid_scope");
        let less = refresh_as(&server, post, &first, Some("openid")).await.expect_status(200);
        assert_eq!(less.text("/scope"), "openid");
        // Narrowing was for that access token; the grant is as it was.
        let next = less.text("/refresh_token");
        let all = refresh(&server, &next).await.expect_status(200);
        assert_eq!(all.text("/scope"), "openid profile");
        // What the application may no longer have, it no longer gets.
        settings["grants"] = json!([{ "resource": "openid", "scopes": ["email"] }]);
        configure(&server, settings).await;
        let left = refresh(&server, &all.text("/refresh_token")).await.expect_status(200);
        assert_eq!(left.text("/scope"), "openid");
    }

    async fn threat_28_only_its_own_client_and_every_byte(server: TestServer) {
        configure(&server, with_refresh()).await;
        let token = text(&tokens(&server, "openid").await, "refresh_token");
        for bad in [&token[..token.len() - 1], &format!("{token}A"), &token.replace("r.", "R."), "r.x.0.y"] {
            is_invalid_grant(refresh(&server, bad).await);
        }
        let native = refresh_as(&server, &server.tenant.native, &token, None).await;
        assert_eq!(native.expect_status(400).text("/error"), "unauthorized_client");
        // None of this used it up.
        let _ = refresh(&server, &token).await.expect_status(200);
    }
}
