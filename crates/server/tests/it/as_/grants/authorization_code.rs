//! `grant_type=authorization_code`

use std::sync::Arc;
use std::time::Duration;

use countersign_testkit::{Answer, CHALLENGE, TestServer, VERIFIER, on_every_adapter};
use serde_json::json;

#[track_caller]
fn is_invalid_grant(answer: Answer) {
    assert_eq!(answer.expect_status(400).text("/error"), "invalid_grant");
}

on_every_adapter! {
    async fn the_answer_has_the_documented_members(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let answer = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("content-type").unwrap_or_default().starts_with("application/json"));
        let tokens = answer.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 3600);
        assert_eq!(tokens["scope"], "openid profile email");
        assert!(tokens["access_token"].is_string());
        assert!(tokens["id_token"].is_string());
        assert!(tokens.get("refresh_token").is_none());
    }

    async fn the_access_token_carries_the_documented_claims(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tenant.verify(&tokens["access_token"]).await;
        assert_eq!(access.header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(access.text("iss"), tenant.issuer());
        assert_eq!(access.text("client_id"), tenant.web.id);
        assert_eq!(access.text("sub"), tenant.person.id);
        assert_eq!(access.text("env"), tenant.id);
        assert_eq!(access.text("scope"), "openid profile email");
        assert_eq!(access.text("acr"), "Single_Factor");
        assert!(access.claims["aud"].is_array());
        assert_eq!(access.number("exp") - access.number("iat"), 3600);
        assert!(access.claims["auth_time"].is_number());
        for claim in ["jti", "sid", "org"] {
            assert!(!access.text(claim).is_empty());
        }
    }

    async fn the_id_token_carries_the_documented_claims(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let id = tenant.verify(&tokens["id_token"]).await;
        assert_eq!(id.text("iss"), tenant.issuer());
        assert_eq!(id.claims["aud"], json!(tenant.web.id));
        assert_eq!(id.text("sub"), tenant.person.id);
        assert_eq!(id.text("nonce"), "the nonce");
        assert_eq!(id.text("acr"), "Single_Factor");
        assert_eq!(id.claims["amr"], json!(["pwd"]));
        assert_eq!(id.number("exp") - id.number("iat"), 3600);
        assert_eq!(id.text("preferred_username"), tenant.person.username);
        assert!(id.text("email").contains('@'));
        let access = tenant.verify(&tokens["access_token"]).await;
        assert_eq!(id.text("sid"), access.text("sid"));
        assert!(!id.text("at_hash").is_empty());
        assert_ne!(id.header.typ.as_deref(), Some("at+jwt"));
    }

    async fn without_openid_there_is_no_id_token_and_without_nonce_no_claim(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).remove("nonce").code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        assert!(tenant.verify(&tokens["id_token"]).await.claims.get("nonce").is_none());
        let request = tenant.authorize(&tenant.web).set("scope", "email");
        let code = request.code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        assert!(tokens.get("id_token").is_none(), "{tokens}");
    }

    async fn a_code_lives_for_sixty_seconds(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let young = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_secs(59));
        let _ = tenant.redeem(&tenant.web, &young).send(&browser).await.expect_status(200);
        let old = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_mins(1));
        is_invalid_grant(tenant.redeem(&tenant.web, &old).send(&browser).await);
    }

    async fn threat_8_a_code_is_of_no_use_to_another_client(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for thief in [&tenant.post, &tenant.spa, &tenant.native] {
            let code = tenant.authorize(&tenant.web).code(&browser).await;
            is_invalid_grant(tenant.redeem(thief, &code).send(&browser).await);
            // Whoever presents it, a stolen code is burned.
            is_invalid_grant(tenant.redeem(&tenant.web, &code).send(&browser).await);
        }
    }

    async fn threat_10_a_code_is_redeemed_once_under_64_parallel_requests(server: TestServer) {
        let tenant = Arc::new(server.tenant.clone());
        let browser = Arc::new(tenant.browser());
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let tries: Vec<_> = (0..64)
            .map(|_| {
                let (tenant, browser, code) = (tenant.clone(), browser.clone(), code.clone());
                tokio::spawn(async move { tenant.redeem(&tenant.web, &code).send(&browser).await })
            })
            .collect();
        let mut tokens = Vec::new();
        for attempt in tries {
            let answer = attempt.await.unwrap();
            if answer.status == 200 {
                tokens.push(answer.text("/access_token"));
            } else {
                is_invalid_grant(answer);
            }
        }
        assert_eq!(tokens.len(), 1);
        // The other 63 were replays: what the first got is worth nothing any more.
        let _ = tenant.userinfo(&tokens[0]).await.expect_status(401);
    }

    async fn threat_10_a_late_replay_revokes_the_tokens_of_the_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let request = tenant.redeem(&tenant.web, &code);
        let token = request.send(&browser).await.expect_status(200).text("/access_token");
        let _ = tenant.userinfo(&token).await.expect_status(200);
        server.clock.advance(Duration::from_mins(10));
        is_invalid_grant(request.send(&browser).await);
        let _ = tenant.userinfo(&token).await.expect_status(401);
    }

    async fn threat_11_the_verifier_must_fit_the_challenge(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let changed = VERIFIER.replace('d', "e");
        let (short, long) = (&VERIFIER[1..], "a".repeat(129));
        for verifier in [changed.as_str(), short, long.as_str(), CHALLENGE, "", " "] {
            let code = tenant.authorize(&tenant.spa).code(&browser).await;
            let request = tenant.redeem(&tenant.spa, &code).set("code_verifier", verifier);
            let error = request.send(&browser).await.expect_status(400).text("/error");
            assert!(matches!(error.as_str(), "invalid_grant" | "invalid_request"), "{error}");
        }
        let code = tenant.authorize(&tenant.spa).code(&browser).await;
        let missing = tenant.redeem(&tenant.spa, &code).remove("code_verifier");
        let _ = missing.send(&browser).await.expect_status(400);
    }

    async fn threat_11_a_verifier_without_a_challenge_is_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).without_pkce().code(&browser).await;
        is_invalid_grant(tenant.redeem(&tenant.web, &code).send(&browser).await);
        let code = tenant.authorize(&tenant.web).without_pkce().code(&browser).await;
        let request = tenant.redeem(&tenant.web, &code).remove("code_verifier");
        let _ = request.send(&browser).await.expect_status(200);
    }

    async fn plain_works_where_pkce_is_optional(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant
            .authorize(&tenant.web)
            .set("code_challenge", VERIFIER)
            .set("code_challenge_method", "plain");
        let code = request.code(&browser).await;
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
    }

    async fn threat_9_nothing_but_a_code_is_a_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let tokens = tenant.tokens(&tenant.web).await;
        let flow = tenant.authorize(&tenant.native).start_flow(&browser).await;
        let cookie = browser.cookie(tenant.flow(&flow), "ST").unwrap();
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        for wrong in [flow, cookie, text("access_token"), text("id_token"), tenant.web.id.clone()] {
            is_invalid_grant(tenant.redeem(&tenant.web, &wrong).send(&browser).await);
        }
    }

    async fn threat_9_a_code_is_nothing_but_a_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let _ = tenant.userinfo(&code).await.expect_status(401);
        let _ = browser.get(tenant.flow(&code)).send().await.expect_status(404);
        let resume = format!("{}?flowId={code}", tenant.endpoint("resume"));
        assert!((400..500).contains(&browser.get(resume).send().await.status));
    }

    async fn threat_28_a_changed_code_is_no_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let flipped = code.chars().rev().collect::<String>();
        for wrong in [&code[1..], &code[..code.len() - 1], &format!("{code}A"), &flipped, " "] {
            is_invalid_grant(tenant.redeem(&tenant.web, wrong).send(&browser).await);
        }
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
    }
}
