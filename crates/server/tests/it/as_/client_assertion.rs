//! `CLIENT_SECRET_JWT` and `PRIVATE_KEY_JWT`

use countersign_domain::ports::Clock;
use countersign_testkit::{Answer, TestServer, jwt, on_every_adapter};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const SERVICE: &str = "00000000-0000-4000-8000-00000000c0de";
const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough-for-hs512-and-then-some";

/// A service that authenticates by `method`.
async fn service(server: &TestServer, method: &str) {
    let application = json!({
        "id": SERVICE, "name": "Service", "type": "SERVICE",
        "grantTypes": ["CLIENT_CREDENTIALS"],
        "tokenEndpointAuthMethod": method,
        "clientSecret": SECRET,
        "jwks": jwt::client_jwks().to_string(),
        "grants": [ { "resource": "Orders", "scopes": ["orders:read"] } ],
    });
    let resource = json!({ "name": "Orders", "scopes": ["orders:read"] });
    server
        .import(&json!({ "environments": [ {
            "id": server.tenant.id, "name": "First",
            "resources": [resource], "applications": [application],
        } ] }))
        .await;
}

async fn strict(server: &TestServer, strict: bool) {
    let settings = json!({ "clientAssertionsStrict": strict });
    let environment = json!({ "id": server.tenant.id, "name": "First", "countersign": settings });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// Good claims, with changes; `null` leaves one out.
fn claims(server: &TestServer, changes: &Value) -> Value {
    let now = server.clock.now().seconds();
    let mut claims = json!({
        "iss": SERVICE, "sub": SERVICE, "aud": server.tenant.endpoint("token"), "exp": now + 300,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

async fn ask(server: &TestServer, assertion: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    let url = server.tenant.endpoint("token");
    server.tenant.browser().post(url).form(form).send().await
}

#[track_caller]
fn is_refused(answer: Answer, what: &str) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.body);
    assert_eq!(answer.text("/error"), "invalid_client", "{what}");
}

on_every_adapter! {
    async fn a_secret_signs_with_each_of_its_algorithms(server: TestServer) {
        service(&server, "CLIENT_SECRET_JWT").await;
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let assertion = jwt::sign_with_secret(algorithm, SECRET, &claims(&server, &json!({})));
            let _ = ask(&server, &assertion).await.expect_status(200);
        }
    }

    async fn a_registered_key_signs_with_and_without_kid(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        for kid in [Some("client-key"), None] {
            let assertion = jwt::sign_with_client_key(kid, &claims(&server, &json!({})));
            let _ = ask(&server, &assertion).await.expect_status(200);
        }
        let unknown = jwt::sign_with_client_key(Some("another"), &claims(&server, &json!({})));
        is_refused(ask(&server, &unknown).await, "kid");
    }

    async fn three_audiences_are_good(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        let issuer = server.tenant.issuer();
        for (audience, good) in [
            (json!(issuer), true),
            (json!(format!("{issuer}/token")), true),
            (json!([format!("{issuer}/token"), "https://other.example"]), true),
            (json!(format!("{issuer}/introspect")), false),
            (json!(server.other.issuer()), false),
            (json!([]), false),
        ] {
            let claims = claims(&server, &json!({ "aud": audience }));
            let answer = ask(&server, &jwt::sign_with_client_key(None, &claims)).await;
            assert_eq!(answer.status == 200, good, "{audience}");
        }
    }

    async fn threat_20_each_claim_counts(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        let now = server.clock.now().seconds();
        for changes in [
            json!({ "iss": null }),
            json!({ "sub": null }),
            json!({ "aud": null }),
            json!({ "exp": null }),
            json!({ "iss": server.tenant.web.id }),
            json!({ "sub": server.tenant.web.id }),
            json!({ "exp": now }),
            json!({ "exp": now + 3601 }),
            json!({ "nbf": now + 11 }),
            json!({ "exp": (now + 300).to_string() }),
            json!({ "exp": 1e300 }),
        ] {
            let assertion = jwt::sign_with_client_key(None, &claims(&server, &changes));
            is_refused(ask(&server, &assertion).await, &changes.to_string());
        }
        // What is not looked at does not matter.
        let more = json!({ "iat": now + 9999, "jti": 7, "nbf": now, "exp": now + 3600 });
        let assertion = jwt::sign_with_client_key(None, &claims(&server, &more));
        let _ = ask(&server, &assertion).await.expect_status(200);
        let _ = ask(&server, &assertion).await.expect_status(200);
    }

    async fn times_may_have_fractions_of_seconds(server: TestServer) {
        for method in ["PRIVATE_KEY_JWT", "CLIENT_SECRET_JWT"] {
            service(&server, method).await;
            let now = server.clock.now().seconds();
            for (fraction, good) in [(".0", true), (".5", true), ("e9", false)] {
                let number = |seconds: i64| -> Value { format!("{seconds}{fraction}").parse().unwrap() };
                let times = json!({ "exp": number(now + 300), "nbf": number(now - 1), "iat": number(now) });
                let claims = claims(&server, &times);
                let assertion = match method {
                    "PRIVATE_KEY_JWT" => jwt::sign_with_client_key(None, &claims),
                    _ => jwt::sign_with_secret(Algorithm::HS256, SECRET, &claims),
                };
                assert_eq!(ask(&server, &assertion).await.status == 200, good, "{method} {fraction}");
            }
        }
    }

    async fn threat_15_the_record_decides_the_algorithm(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        let good = claims(&server, &json!({}));
        // With the secret, where a key is registered; with the public key as a secret.
        let by_secret = jwt::sign_with_secret(Algorithm::HS256, SECRET, &good);
        is_refused(ask(&server, &by_secret).await, "secret");
        let confused = jwt::sign_with_secret(Algorithm::HS256, &jwt::client_jwks().to_string(), &good);
        is_refused(ask(&server, &confused).await, "confused");
        service(&server, "CLIENT_SECRET_JWT").await;
        is_refused(ask(&server, &jwt::sign_with_client_key(None, &good)).await, "key");
        let wrong = jwt::sign_with_secret(Algorithm::HS256, &SECRET.replace('a', "b"), &good);
        is_refused(ask(&server, &wrong).await, "wrong secret");
        let short = jwt::sign_with_secret(Algorithm::HS256, "", &good);
        is_refused(ask(&server, &short).await, "empty secret");
    }

    async fn threat_21_an_assertion_stands_alone(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        let assertion = jwt::sign_with_client_key(None, &claims(&server, &json!({})));
        let url = server.tenant.endpoint("token");
        let browser = server.tenant.browser();
        let base = [("grant_type", "client_credentials"), ("client_assertion", assertion.as_str())];
        for more in [
            vec![],
            vec![("client_assertion_type", "something")],
            vec![("client_assertion_type", TYPE), ("client_id", SERVICE), ("client_secret", SECRET)],
            vec![("client_assertion_type", TYPE), ("client_id", server.tenant.web.id.as_str())],
        ] {
            let form = base.iter().copied().chain(more.iter().copied());
            is_refused(browser.post(&url).form(form).send().await, &format!("{more:?}"));
        }
    }

    async fn threat_17_where_it_is_strict_the_issuer_is_the_only_audience(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        strict(&server, true).await;
        let issuer = server.tenant.issuer();
        for (number, (audience, good)) in [
            (json!(issuer), true),
            (json!(format!("{issuer}/token")), false),
            (json!(format!("{issuer}/")), false),
            (json!([issuer]), false),
            (json!([issuer, "https://other.example"]), false),
            (json!(server.other.issuer()), false),
        ].into_iter().enumerate() {
            let claims = claims(&server, &json!({ "aud": audience, "jti": format!("{number}") }));
            let answer = ask(&server, &jwt::sign_with_client_key(None, &claims)).await;
            assert_eq!(answer.status == 200, good, "{audience}");
        }
    }

    async fn threat_18_where_it_is_strict_an_assertion_is_good_once(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        strict(&server, true).await;
        let issuer = server.tenant.issuer();
        let make = |jti: Value| {
            let claims = claims(&server, &json!({ "aud": issuer, "jti": jti }));
            jwt::sign_with_client_key(None, &claims)
        };
        for bad in [json!(null), json!(""), json!(7)] {
            is_refused(ask(&server, &make(bad)).await, "jti");
        }
        let first = make(json!("first"));
        let _ = ask(&server, &first).await.expect_status(200);
        is_refused(ask(&server, &first).await, "again");
        // Not even when it is another token: the name is used up.
        let longer = claims(&server, &json!({ "aud": issuer, "jti": "first", "exp": server.clock.now().seconds() + 3600 }));
        is_refused(ask(&server, &jwt::sign_with_client_key(None, &longer)).await, "the same jti");
        let _ = ask(&server, &make(json!("second"))).await.expect_status(200);
        // When the first is over, nobody need remember it.
        server.clock.advance(std::time::Duration::from_secs(301));
        is_refused(ask(&server, &first).await, "expired");
        let _ = ask(&server, &make(json!("first"))).await.expect_status(200);
        // A request that fails for another reason has used it up as well.
        let once = make(json!("once"));
        let form = [
            ("grant_type", "client_credentials"), ("scope", "nothing:known"),
            ("client_assertion_type", TYPE), ("client_assertion", once.as_str()),
        ];
        let url = server.tenant.endpoint("token");
        let _ = server.tenant.browser().post(url).form(form).send().await.expect_status(400);
        is_refused(ask(&server, &once).await, "after a failure");
        strict(&server, false).await;
        let _ = ask(&server, &once).await.expect_status(200);
    }

    async fn threat_18_of_many_at_once_on_two_nodes_one_succeeds(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        strict(&server, true).await;
        let node = server.another_node().await;
        let claims = claims(&server, &json!({ "aud": server.tenant.issuer(), "jti": "race" }));
        let assertion = jwt::sign_with_client_key(None, &claims);
        let calls = (0..16).map(|number| {
            let tenant = if number % 2 == 0 { &server.tenant } else { &node.tenant };
            let form = [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", TYPE),
                ("client_assertion", assertion.as_str()),
            ];
            let url = tenant.endpoint("token");
            let browser = tenant.browser();
            async move { browser.post(url).form(form).send().await.status }
        });
        let mut answers = futures_util::future::join_all(calls).await;
        answers.sort_unstable();
        assert_eq!(answers[0], 200);
        assert!(answers[1..].iter().all(|status| *status == 401), "{answers:?}");
    }

    async fn threat_18_a_server_that_was_started_since_knows_what_was_used(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        strict(&server, true).await;
        let claims = claims(&server, &json!({ "aud": server.tenant.issuer(), "jti": "before" }));
        let assertion = jwt::sign_with_client_key(None, &claims);
        let _ = ask(&server, &assertion).await.expect_status(200);
        // It has nothing but the store.
        let node = server.another_node().await;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion.as_str()),
        ];
        let again = node.tenant.browser().post(node.tenant.endpoint("token")).form(form).send().await;
        assert_eq!(again.expect_status(401).text("/error"), "invalid_client");
    }

    /// Libraries put more into the header than we need.
    async fn harmless_members_of_the_header_are_ignored(server: TestServer) {
        use jsonwebtoken::{EncodingKey, Header, encode};
        service(&server, "CLIENT_SECRET_JWT").await;
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let claims = claims(&server, &json!({}));
        let plain = || Header::new(Algorithm::HS256);
        for (header, status) in [
            (Header { x5t_s256: Some("AA".to_owned()), ..plain() }, 200),
            (Header { x5c: Some(vec!["AA".to_owned()]), ..plain() }, 200),
            (Header { cty: Some("JWT".to_owned()), ..plain() }, 401),
            (Header { jku: Some("https://evil.example/jwks".to_owned()), ..plain() }, 401),
            (Header { x5u: Some("https://evil.example/cert".to_owned()), ..plain() }, 401),
        ] {
            let shown = format!("{header:?}");
            let assertion = encode(&header, &claims, &key).unwrap();
            assert_eq!(ask(&server, &assertion).await.status, status, "{shown}");
        }
    }

    async fn threat_42_a_jti_of_one_client_is_free_for_another(server: TestServer) {
        service(&server, "PRIVATE_KEY_JWT").await;
        strict(&server, true).await;
        let tenant = &server.tenant;
        let jti = json!({ "aud": tenant.issuer(), "jti": "shared" });
        let _ = ask(&server, &jwt::sign_with_client_key(None, &claims(&server, &jti))).await.expect_status(200);
        let application = json!({ "id": tenant.web.id, "name": "Web", "tokenEndpointAuthMethod": "CLIENT_SECRET_JWT" });
        let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
        server.import(&json!({ "environments": [environment] })).await;
        let mut of_web = claims(&server, &jti);
        of_web["iss"] = json!(tenant.web.id);
        of_web["sub"] = json!(tenant.web.id);
        let assertion = jwt::sign_with_secret(Algorithm::HS256, &tenant.web.secret, &of_web);
        let form = [("client_assertion_type", TYPE), ("client_assertion", assertion.as_str()), ("token", "x")];
        let introspect = async || tenant.browser().post(tenant.endpoint("introspect")).form(form).send().await;
        let _ = introspect().await.expect_status(200);
        let _ = introspect().await.expect_status(401);
    }
}
