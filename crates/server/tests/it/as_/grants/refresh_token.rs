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

/// The same with a device.
async fn device_tokens(server: &TestServer, scope: &str) -> Value {
    let tenant = &server.tenant;
    let post = async |endpoint: &str, fields: &[(&str, &str)]| {
        let mut form = vec![
            ("client_id", tenant.post.id.as_str()),
            ("client_secret", tenant.post.secret.as_str()),
        ];
        form.extend(fields);
        let browser = tenant.browser();
        let request = browser.post(tenant.endpoint(endpoint)).form(form);
        request.send().await.expect_status(200)
    };
    let codes = post("device_authorization", &[("scope", scope)]).await;
    let link = codes.text("/verification_uri_complete");
    let _ = tenant.connect_device(&tenant.browser(), &link).await;
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let code = codes.text("/device_code");
    let fields = [("grant_type", grant), ("device_code", code.as_str())];
    post("token", &fields).await.json()
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
        let both = json!(["AUTHORIZATION_CODE", "DEVICE_CODE", "REFRESH_TOKEN"]);
        let code = json!(["AUTHORIZATION_CODE", "DEVICE_CODE"]);
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
            for (from, tokens) in [
                ("code", tokens(&server, scope).await),
                ("device", device_tokens(&server, scope).await),
            ] {
                let row = format!("{grant_types} {grants} {scope} {from}");
                assert_eq!(tokens.get("refresh_token").is_some(), issued, "{row}");
                let granted = text(&tokens, "scope").contains("offline_access");
                assert_eq!(granted, grants == &offline && scope.contains("offline_access"), "{row}");
                if issued {
                    let _ = refresh(&server, &text(&tokens, "refresh_token")).await.expect_status(200);
                }
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

    async fn threat_10_and_26_with_a_family_end_the_access_tokens_of_every_generation(server: TestServer) {
        configure(&server, with_refresh()).await;
        let tenant = &server.tenant;
        let post = &tenant.post;
        let browser = tenant.browser();
        let introspect = async |token: &str| {
            let form = [("client_id", &*post.id), ("client_secret", &*post.secret), ("token", token)];
            let browser = tenant.browser();
            let request = browser.post(tenant.endpoint("introspect")).form(form);
            request.send().await.expect_status(200).json()["active"] == true
        };
        for way in ["the code again", "an exchanged refresh token again", "nothing"] {
            let bystander = tokens(&server, "openid").await;
            let code = tenant.authorize(post).code(&browser).await;
            let redeem = tenant.redeem(post, &code);
            let first = redeem.send(&browser).await.expect_status(200).json();
            let mut all = vec![first.clone()];
            for _ in 0..2 {
                let last = text(all.last().unwrap(), "refresh_token");
                all.push(refresh(&server, &last).await.expect_status(200).json());
            }
            let ids: Vec<_> = all.iter().map(|it| text(it, "access_token")).collect();
            for token in &ids {
                let _ = tenant.userinfo(token).await.expect_status(200);
                assert!(introspect(token).await);
            }
            let before = server.counts.commits();
            match way {
                "the code again" => is_invalid_grant(redeem.send(&browser).await),
                "nothing" => {}
                _ => is_invalid_grant(refresh(&server, &text(&first, "refresh_token")).await),
            }
            let is_alive = way == "nothing";
            assert_eq!(server.counts.commits() - before, u64::from(!is_alive), "{way}");
            for token in &ids {
                let status = tenant.userinfo(token).await.status;
                assert_eq!((status == 200, introspect(token).await), (is_alive, is_alive), "{way}");
            }
            let last = text(all.last().unwrap(), "refresh_token");
            assert_eq!(refresh(&server, &last).await.status == 200, is_alive, "{way}");
            // What else the user has is nobody's loss.
            let _ = tenant.userinfo(&text(&bystander, "access_token")).await.expect_status(200);
            let _ = refresh(&server, &text(&bystander, "refresh_token")).await.expect_status(200);
        }
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

    /// Several answers lost on the way, or several tabs that share a token: each token that was
    /// exchanged has a grace period of its own, and leads to the one lineage there is.
    async fn each_exchanged_token_has_a_grace_period_of_its_own(server: TestServer) {
        let mut settings = with_refresh();
        settings["refreshTokenRollingGracePeriodDuration"] = json!(30);
        configure(&server, settings).await;
        let mut made = vec![text(&tokens(&server, "openid").await, "refresh_token")];
        for _ in 0..3 {
            server.clock.advance(Duration::from_secs(5));
            let next = refresh(&server, &made[made.len() - 1]).await.expect_status(200);
            made.push(next.text("/refresh_token"));
        }
        // Exchanged 10, 5 and 0 seconds ago.
        for old in &made[..3] {
            let current = refresh(&server, old).await.expect_status(200).text("/refresh_token");
            assert_eq!(current, made[3]);
        }
        server.clock.advance(Duration::from_secs(20));
        let current = refresh(&server, &made[1]).await.expect_status(200).text("/refresh_token");
        assert_eq!(current, made[3]);
        is_invalid_grant(refresh(&server, &made[0]).await);
        is_invalid_grant(refresh(&server, &made[3]).await);
    }

    /// Random refreshes, pauses and revocations against a model of one family at a time.
    async fn threat_26_families_behave_like_their_model(server: TestServer) {
        let mut settings = with_refresh();
        settings["refreshTokenRollingGracePeriodDuration"] = json!(30);
        configure(&server, settings).await;
        // What was issued, the second at which each was exchanged, and whether the family lives.
        let (mut issued, mut exchanged, mut alive): (Vec<String>, Vec<u64>, bool) = (Vec::new(), Vec::new(), false);
        let (mut seconds, mut dice) = (0_u64, 0x2545_f491_u64);
        for step in 0..120 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let roll = dice >> 33;
            if issued.is_empty() || (!alive && roll % 3 == 0) {
                issued = vec![text(&tokens(&server, "openid").await, "refresh_token")];
                exchanged.clear();
                alive = true;
            } else if roll % 16 == 0 {
                server.clock.advance(Duration::from_secs(20));
                seconds += 20;
            } else if roll % 16 == 1 {
                let post = &server.tenant.post;
                let token = &issued[usize::try_from(roll / 16).unwrap() % issued.len()];
                let form = [("client_id", post.id.as_str()), ("client_secret", &post.secret), ("token", token)];
                let browser = server.tenant.browser();
                let _ = browser.post(server.tenant.endpoint("revoke")).form(form).send().await.expect_status(200);
                alive = false;
            } else {
                // Mostly the newest ones.
                let back = usize::try_from(roll / 16 % 4).unwrap().min(issued.len() - 1);
                let index = issued.len() - 1 - back;
                let answer = refresh(&server, &issued[index]).await;
                let good = alive && exchanged.get(index).is_none_or(|at| seconds < at + 30);
                if !good {
                    is_invalid_grant(answer);
                    alive = false;
                    continue;
                }
                let next = answer.expect_status(200).text("/refresh_token");
                if index == issued.len() - 1 {
                    assert!(!issued.contains(&next), "step {step}");
                    issued.push(next);
                    exchanged.push(seconds);
                } else {
                    assert_eq!(Some(&next), issued.last(), "step {step}");
                }
            }
        }
    }

    async fn threat_26_a_revocation_wins_over_refreshes_under_way(server: TestServer) {
        let mut settings = with_refresh();
        settings["refreshTokenRollingGracePeriodDuration"] = json!(30);
        configure(&server, settings).await;
        let node = server.another_node().await;
        let first = text(&tokens(&server, "openid").await, "refresh_token");
        let tenants = [server.tenant.clone(), node.tenant.clone()];
        let calls: Vec<_> = tenants.into_iter().cycle().take(32).enumerate().map(|(call, tenant)| {
            let token = first.clone();
            tokio::spawn(async move {
                let mut form = vec![
                    ("client_id", tenant.post.id.as_str()),
                    ("client_secret", tenant.post.secret.as_str()),
                ];
                let endpoint = if call == 16 {
                    form.push(("token", &token));
                    "revoke"
                } else {
                    form.extend([("grant_type", "refresh_token"), ("refresh_token", token.as_str())]);
                    "token"
                };
                let answer = tenant.browser().post(tenant.endpoint(endpoint)).form(form).send().await;
                (answer.status == 200 && endpoint == "token").then(|| answer.text("/refresh_token"))
            })
        }).collect();
        let mut issued = vec![first];
        for call in calls {
            issued.extend(call.await.unwrap());
        }
        // Whatever came before it and whatever came after: nothing is left.
        for token in issued {
            is_invalid_grant(refresh(&server, &token).await);
        }
    }

    /// A token is for the resources whose scopes it has.
    async fn what_is_left_of_the_scope_says_for_whom_a_token_is(server: TestServer) {
        let tenant = &server.tenant;
        let mut settings = with_refresh();
        settings["grants"] = json!([
            { "resource": "openid", "scopes": ["profile"] },
            { "resource": "Orders", "scopes": ["orders:read"] },
        ]);
        server.import(&json!({ "environments": [ {
            "id": tenant.id, "name": "First",
            "resources": [{ "name": "Orders", "audience": "https://orders.example", "scopes": ["orders:read"] }],
        } ] })).await;
        configure(&server, settings).await;
        let first = tokens(&server, "openid orders:read").await;
        let audience = async |tokens: &Value| tenant.verify(&tokens["access_token"]).await.claims["aud"].clone();
        assert_eq!(audience(&first).await, json!(["https://orders.example"]));
        let token = text(&first, "refresh_token");
        let less = refresh_as(&server, &tenant.post, &token, Some("openid")).await.expect_status(200).json();
        assert_ne!(audience(&less).await, json!(["https://orders.example"]));
        let all = refresh(&server, &text(&less, "refresh_token")).await.expect_status(200).json();
        assert_eq!(audience(&all).await, json!(["https://orders.example"]));
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
