//! `GET|POST /{envID}/as/userinfo`

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_testkit::{TestServer, on_every_adapter};
use serde_json::{Value, json};

use crate::v1::admin;

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

on_every_adapter! {
    async fn it_shows_the_claims_of_the_scopes(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let claims = tenant.userinfo(access).await.expect_status(200);
        assert!(claims.header("content-type").unwrap_or_default().starts_with("application/json"));
        let claims = claims.json();
        assert_eq!(claims["sub"], json!(tenant.person.id));
        assert_eq!(claims["preferred_username"], json!(tenant.person.username));
        assert_eq!(claims["given_name"], "Alice");
        assert_eq!(claims["family_name"], "Archer");
        assert_eq!(claims["email"], "alice@client.example");
        assert!(claims["updated_at"].is_number());
        assert!(claims.get("phone_number").is_none());

        let browser = tenant.browser();
        let post = browser.post(tenant.endpoint("userinfo")).bearer(access).send().await;
        assert_eq!(post.expect_status(200).json(), claims);
    }

    async fn openid_alone_shows_only_who(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).set("scope", "openid").code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let claims = tenant.userinfo(&tokens.text("/access_token")).await.expect_status(200).json();
        assert_eq!(claims["sub"], json!(tenant.person.id));
        for claim in ["email", "given_name", "preferred_username", "address"] {
            assert!(claims.get(claim).is_none(), "{claims}");
        }
    }

    async fn what_changes_between_two_requests_shows(server: TestServer) {
        let tenant = &server.tenant;
        let api = admin(&server).await;
        let user = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        for name in ["Alice", "Alicia", "Alix"] {
            let _ = api.patch(&user, json!({ "name": { "given": name } })).await.expect_status(200);
            for _ in 0..2 {
                let claims = tenant.userinfo(access).await.expect_status(200).json();
                assert_eq!(claims["given_name"], name);
            }
        }
        // Who is disabled is signed on nowhere, and being enabled again signs nobody on.
        for enabled in [false, true] {
            let _ = api.put(&format!("{user}/enabled"), json!({ "enabled": enabled })).await.expect_status(200);
            let _ = tenant.userinfo(access).await.expect_status(401);
        }
    }

    async fn a_token_without_openid_is_not_enough(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).set("scope", "email").code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        let answer = tenant.userinfo(&tokens.text("/access_token")).await.expect_status(403);
        assert!(answer.header("www-authenticate").unwrap_or_default().contains("insufficient_scope"));
    }

    async fn a_token_ends_after_an_hour(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        server.clock.advance(std::time::Duration::from_secs(3599));
        let _ = tenant.userinfo(access).await.expect_status(200);
        server.clock.advance(std::time::Duration::from_secs(1));
        let _ = tenant.userinfo(access).await.expect_status(401);
    }

    async fn without_a_good_token_the_answer_is_401(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let missing = browser.get(tenant.endpoint("userinfo")).send().await.expect_status(401);
        assert!(missing.header("www-authenticate").unwrap_or_default().starts_with("Bearer"));
        assert!(missing.json()["code"].is_string());
        for token in ["x", "a.b.c", "..", &"a".repeat(20_000)] {
            let answer = tenant.userinfo(token).await;
            assert!(matches!(answer.status, 400 | 401 | 431), "{}", answer.status);
        }
        let tokens = tenant.tokens(&tenant.web).await;
        let id = tenant.userinfo(tokens["id_token"].as_str().unwrap()).await.expect_status(401);
        assert!(id.header("www-authenticate").unwrap_or_default().contains("invalid_token"));
    }

    async fn threat_15_no_other_algorithm_and_no_loose_encoding(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let good = tokens["access_token"].as_str().unwrap();
        let (head, rest) = good.split_once('.').unwrap();
        let (body, signature) = rest.split_once('.').unwrap();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        let with = |name: &str, value: Value| {
            let mut header = header.clone();
            header[name] = value;
            part(&header)
        };
        let mut forged = Vec::new();
        for alg in ["none", "NoNe", "", "HS256", "RS384", "PS256", "ES256", "rs256"] {
            forged.push(format!("{}.{body}.{signature}", with("alg", json!(alg))));
            forged.push(format!("{}.{body}.", with("alg", json!(alg))));
        }
        let jwks = tenant.jwks().await;
        forged.push(format!("{}.{body}.{signature}", with("jwk", jwks["keys"][0].clone())));
        forged.push(format!("{}.{body}.{signature}", with("crit", json!(["exp"]))));
        forged.push(format!("{}.{body}.{signature}", with("kid", json!("../../etc"))));
        forged.push(format!("{good}="));
        forged.push(format!("{good}."));
        forged.push(format!("{good}.x"));
        forged.push(format!("{head}.{body}"));
        forged.push(format!("{head}.{body}."));
        forged.push(format!("{head}.{body}.{}", &signature[1..]));
        // The last character of the signature has unused bits: another spelling of the same bytes.
        let last = signature.chars().last().unwrap();
        let twin = char::from(u8::try_from(u32::from(last) + 1).unwrap());
        forged.push(format!("{head}.{body}.{}{twin}", &signature[..signature.len() - 1]));
        let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
        claims["sub"] = json!(tenant.other_person.id);
        forged.push(format!("{head}.{}.{signature}", part(&claims)));
        for token in forged {
            assert_eq!(tenant.userinfo(&token).await.status, 401, "{token}");
        }
        let _ = tenant.userinfo(good).await.expect_status(200);
    }

    /// As some libraries send it: POST, with a body of theirs that says nothing.
    async fn a_body_of_another_type_says_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let browser = tenant.browser();
        for (media, body) in [("application/json", "{}"), ("text/plain", "access_token=x"), ("", "x")] {
            let post = || browser.post(tenant.endpoint("userinfo")).body(media, body);
            let _ = post().bearer(access).send().await.expect_status(200);
            let _ = post().send().await.expect_status(401);
        }
    }

    async fn two_tokens_at_once_are_refused(server: TestServer) {
        let tenant = &server.tenant;
        let tokens = tenant.tokens(&tenant.web).await;
        let access = tokens["access_token"].as_str().unwrap();
        let browser = tenant.browser();
        let request = browser.get(tenant.endpoint("userinfo")).bearer(access);
        let answer = request.header("authorization", format!("Bearer {access}")).send().await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.status);
    }
}
