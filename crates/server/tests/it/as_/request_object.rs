//! `request=...` at `/{envID}/as/authorize` and `/{envID}/as/par`

use countersign_domain::ports::Clock;
use countersign_testkit::{Answer, Authorize, TestServer, jwt, on_every_adapter, query};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

/// Sets the web application to take request objects signed with its key, with changes.
async fn register(server: &TestServer, changes: &Value) {
    let mut application = json!({
        "id": server.tenant.web.id, "name": "Web", "jwks": jwt::client_jwks().to_string(),
    });
    for (name, value) in changes.as_object().unwrap() {
        application[name] = value.clone();
    }
    let environment =
        json!({ "id": server.tenant.id, "name": "First", "applications": [application] });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// Good claims, with changes; `null` leaves one out.
fn claims(server: &TestServer, changes: &Value) -> Value {
    let mut claims = json!({
        "iss": server.tenant.web.id, "aud": server.tenant.issuer(), "state": "of the object",
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

fn by_secret(server: &TestServer, changes: &Value) -> String {
    let secret = &server.tenant.web.secret;
    jwt::sign_with_secret(Algorithm::HS256, secret, &claims(server, changes))
}

/// A plain request that has this request object as well. It asks for nothing to be shown, so that a
/// good one is known by `login_required`.
fn with<'a>(server: &'a TestServer, object: &str) -> Authorize<'a> {
    let tenant = &server.tenant;
    tenant
        .authorize(&tenant.web)
        .set("prompt", "none")
        .set("request", object)
}

/// The error of an answer and the state it carries.
fn error_of(answer: &Answer) -> (String, String) {
    let parameters = query(&answer.redirect());
    (parameters["error"].clone(), parameters["state"].clone())
}

async fn is_refused(server: &TestServer, object: &str, what: &str) {
    let answer = with(server, object).send(&server.tenant.browser()).await;
    let expected = (
        "invalid_request_object".to_owned(),
        "the state & more".to_owned(),
    );
    assert_eq!(error_of(&answer), expected, "{what}");
}

async fn is_taken(server: &TestServer, object: &str, what: &str) {
    let answer = with(server, object).send(&server.tenant.browser()).await;
    let expected = ("login_required".to_owned(), "of the object".to_owned());
    assert_eq!(error_of(&answer), expected, "{what}");
}

on_every_adapter! {
    async fn six_algorithms_sign(server: TestServer) {
        register(&server, &json!({})).await;
        let (secret, good) = (&server.tenant.web.secret, claims(&server, &json!({})));
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let object = jwt::sign_with_secret(algorithm, secret, &good);
            is_taken(&server, &object, &format!("{algorithm:?}")).await;
        }
        for algorithm in [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512] {
            for kid in [None, Some("client-key")] {
                let object = jwt::sign_with_client_key_by(algorithm, kid, &good);
                is_taken(&server, &object, &format!("{algorithm:?} {kid:?}")).await;
            }
        }
    }

    async fn a_whole_request_fits_in_the_object(server: TestServer) {
        register(&server, &json!({})).await;
        let tenant = &server.tenant;
        let mut parameters = json!({ "iss": tenant.web.id, "aud": tenant.issuer(), "max_age": 3600 });
        for (name, value) in tenant.authorize(&tenant.web).parameters() {
            parameters[name] = json!(value);
        }
        let object = jwt::sign_with_client_key(None, &parameters);
        let browser = tenant.browser();
        let url = url::Url::parse_with_params(
            &tenant.endpoint("authorize"),
            [("client_id", tenant.web.id.as_str()), ("request", object.as_str())],
        ).unwrap();
        let answer = browser.get(&url).send().await;
        let page = browser.follow(answer, &tenant.base).await.expect_status(200);
        let person = &tenant.person;
        let done = countersign_testkit::submit(tenant, &browser, &page, &person.username, &person.password).await;
        let parameters = query(&done.redirect());
        assert_eq!(parameters["state"], "the state & more");
        let tokens = tenant.redeem(&tenant.web, &parameters["code"]).send(&browser).await.expect_status(200);
        let id = tenant.verify(&json!(tokens.text("/id_token"))).await;
        assert_eq!(id.text("nonce"), "the nonce");
    }

    async fn what_is_in_the_object_wins(server: TestServer) {
        register(&server, &json!({})).await;
        let tenant = &server.tenant;
        let object = by_secret(&server, &json!({ "scope": "nothing:known", "redirect_uri": "https://evil.example/" }));
        let answer = with(&server, &object).send(&tenant.browser()).await.expect_status(400);
        assert!(answer.header("location").is_none());
        let object = by_secret(&server, &json!({ "scope": "nothing:known" }));
        let answer = with(&server, &object).send(&tenant.browser()).await;
        assert_eq!(error_of(&answer), ("invalid_scope".to_owned(), "of the object".to_owned()));
        // What it leaves out is read beside it.
        let object = by_secret(&server, &json!({ "state": null }));
        let answer = with(&server, &object).send(&tenant.browser()).await;
        assert_eq!(error_of(&answer), ("login_required".to_owned(), "the state & more".to_owned()));
    }

    async fn client_and_response_type_are_the_same_in_both_places(server: TestServer) {
        register(&server, &json!({})).await;
        let tenant = &server.tenant;
        is_refused(&server, &by_secret(&server, &json!({ "client_id": tenant.post.id })), "client_id").await;
        is_refused(&server, &by_secret(&server, &json!({ "response_type": "token" })), "response_type").await;
        let same = json!({ "client_id": tenant.web.id, "response_type": "code" });
        is_taken(&server, &by_secret(&server, &same), "same").await;
    }

    async fn what_is_the_same_may_be_written_otherwise(server: TestServer) {
        let tenant = &server.tenant;
        register(&server, &json!({
            "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"], "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        })).await;
        let upper = tenant.web.id.to_uppercase();
        let changes = json!({ "iss": upper, "client_id": upper, "response_type": "id_token token", "prompt": "none" });
        for outside in ["token id_token", "id_token token"] {
            let request = tenant.authorize(&tenant.web).without_pkce().set("response_type", outside);
            let request = request.set("request", &by_secret(&server, &changes));
            let to = request.send(&tenant.browser()).await.redirect();
            assert!(to.as_str().contains("error=login_required"), "{outside}: {to}");
        }
        let fewer = by_secret(&server, &json!({ "response_type": "token" }));
        let request = tenant.authorize(&tenant.web).without_pkce().set("response_type", "token id_token");
        let to = request.set("request", &fewer).send(&tenant.browser()).await.redirect();
        assert!(to.as_str().contains("error=invalid_request_object"), "{to}");
        let form = tenant.authorize(&tenant.web).set("client_id", &upper).parameters().to_vec();
        let browser = tenant.browser();
        let pushed = browser.post(tenant.endpoint("par")).basic(&tenant.web.id, &tenant.web.secret);
        let _ = pushed.form(form).send().await.expect_status(201);
        let hint = by_secret(&server, &json!({ "iss": upper, "sub": tenant.person.id }));
        let hinted = tenant.authorize(&tenant.web).set("login_hint_token", &hint).set("prompt", "none");
        let to = hinted.send(&tenant.browser()).await.redirect();
        assert!(to.as_str().contains("error=login_required"), "{to}");
    }

    async fn signed_or_not_is_the_application_s_to_say(server: TestServer) {
        let good = claims(&server, &json!({}));
        let (unsigned, signed) = (jwt::unsigned(&good), by_secret(&server, &json!({})));
        for (settings, takes_unsigned, takes_none) in [
            (json!({}), false, true),
            (json!({ "supportUnsignedRequestObject": true }), true, true),
            (json!({ "supportUnsignedRequestObject": false, "requireSignedRequestObject": true }), false, false),
        ] {
            register(&server, &settings).await;
            is_taken(&server, &signed, "signed").await;
            if takes_unsigned {
                is_taken(&server, &unsigned, "unsigned").await;
                let no_claims = jwt::unsigned(&json!({ "state": "of the object" }));
                is_taken(&server, &no_claims, "unsigned, for nobody").await;
                is_refused(&server, &jwt::unsigned(&claims(&server, &json!({ "aud": "x" }))), "aud").await;
            } else {
                is_refused(&server, &unsigned, "unsigned").await;
            }
            let tenant = &server.tenant;
            let plain = tenant.authorize(&tenant.web).set("prompt", "none");
            let (error, _) = error_of(&plain.send(&tenant.browser()).await);
            assert_eq!(error, if takes_none { "login_required" } else { "invalid_request" });
        }
    }

    async fn threat_15_the_record_decides_which_keys_count(server: TestServer) {
        register(&server, &json!({ "supportUnsignedRequestObject": true })).await;
        let good = claims(&server, &json!({}));
        let public = jwt::client_jwks().to_string();
        let (_, body) = jwt::unsigned(&good).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let header = |text: &str| {
            use base64::Engine;
            let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
            format!("{header}.{body}")
        };
        let signed = by_secret(&server, &json!({}));
        for (object, what) in [
            (jwt::sign_with_secret(Algorithm::HS256, &public, &good), "the public key as a secret"),
            (jwt::sign_with_secret(Algorithm::HS256, &server.tenant.post.secret, &good), "another's secret"),
            (jwt::sign_with_secret(Algorithm::HS256, "", &good), "the empty secret"),
            (jwt::sign_with_client_key(Some("unknown"), &good), "an unknown key"),
            (header(r#"{"alg":"NoNe"}"#), "NoNe"),
            (header(r#"{"alg":"none","crit":["x"]}"#), "crit"),
            (header(r#"{"alg":"HS256"}"#), "no signature"),
            (header(r#"{"alg":"ES256"}"#), "ES256"),
            (format!("{}AA", jwt::unsigned(&good)), "none with a signature"),
            (format!("{signed}="), "padding"),
            (format!("{}.e30.{}", signed.split('.').next().unwrap(), signed.rsplit('.').next().unwrap()), "other claims"),
            ("not.a.token".to_owned(), "garbage"),
            ("x".repeat(20_000), "too long"),
        ] {
            is_refused(&server, &object, what).await;
        }
    }

    async fn threat_20_each_claim_counts(server: TestServer) {
        register(&server, &json!({})).await;
        let now = server.clock.now().seconds();
        for changes in [
            json!({ "iss": null }),
            json!({ "iss": server.tenant.post.id }),
            json!({ "aud": null }),
            json!({ "aud": server.other.issuer() }),
            json!({ "aud": [] }),
            json!({ "exp": now }),
            json!({ "exp": "tomorrow" }),
            json!({ "nbf": now + 11 }),
            json!({ "sub": 7 }),
            json!({ "request": "a.b.c" }),
            json!({ "request_uri": "urn:x" }),
            json!({ "pi.template": "name" }),
            json!({ "pi.clientContext": [] }),
            json!({ "pi.remoteIp": "here" }),
            json!({ "nonce": "\u{0}" }),
        ] {
            is_refused(&server, &by_secret(&server, &changes), &changes.to_string()).await;
        }
        for changes in [
            json!({ "aud": [server.tenant.issuer(), "https://other.example"] }),
            json!({ "exp": now + 1, "nbf": now, "iat": now, "jti": "once" }),
            json!({ "pi.template": { "name": "transaction", "variant": "a", "variables": { "sum": "10" } } }),
            json!({ "pi.clientContext": { "where": "shop" }, "pi.remoteIp": "2001:db8::1", "pi.unheard": 1 }),
        ] {
            is_taken(&server, &by_secret(&server, &changes), &changes.to_string()).await;
        }
    }

    /// Nothing is decrypted, inflated or derived, and nothing is parsed before it is verified.
    async fn threat_23_what_costs_much_to_look_at_is_not_looked_at(server: TestServer) {
        use base64::Engine;
        let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        register(&server, &json!({ "supportUnsignedRequestObject": true })).await;
        let deep = "[".repeat(2_000);
        let claims = format!(r#"{{"state":{deep}"#);
        for object in [
            format!("{}.AA.AA.AA.AA", encode(r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":2147483648,"p2s":"AA"}"#)),
            format!("{}.AA.AA", encode(r#"{"alg":"PBES2-HS256+A128KW","p2c":2147483648}"#)),
            format!("{}.AA.AA", encode(r#"{"alg":"HS256","zip":"DEF"}"#)),
            format!("{}.{}.AA", encode(r#"{"alg":"HS256"}"#), encode(&claims)),
            format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(&claims)),
            format!("{}.e30.AA", encode(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(11_000)))),
        ] {
            is_refused(&server, &object, "costly").await;
        }
        let tenant = &server.tenant;
        let large = tenant.authorize(&tenant.web).set("request", &"x".repeat(1_000_000));
        let _ = large.post(&tenant.browser()).await.expect_status(413);
    }

    async fn threat_42_an_object_for_one_environment_is_none_next_door(server: TestServer) {
        register(&server, &json!({})).await;
        let object = by_secret(&server, &json!({}));
        let other = &server.other;
        let request = other.authorize(&other.web).set("request", &object).set("prompt", "none");
        let (error, _) = error_of(&request.send(&other.browser()).await);
        assert_eq!(error, "invalid_request_object");
    }

    async fn without_a_destination_the_error_is_shown(server: TestServer) {
        let request = with(&server, "not.a.token").remove("redirect_uri");
        let answer = request.send(&server.tenant.browser()).await.expect_status(400);
        assert!(answer.header("location").is_none());
        let foreign = with(&server, "not.a.token").set("redirect_uri", "https://evil.example/");
        let answer = foreign.send(&server.tenant.browser()).await.expect_status(400);
        assert!(answer.header("location").is_none());
    }

    async fn under_pi_flow_a_bad_object_is_an_error_and_a_good_one_starts_the_flow(server: TestServer) {
        register(&server, &json!({})).await;
        let tenant = &server.tenant;
        let pi_flow = tenant.authorize(&tenant.web).pi_flow();
        let bad = pi_flow.clone().set("request", "not.a.token").send(&tenant.browser()).await;
        assert_eq!(bad.expect_status(400).json()["details"][0]["target"], "request");
        let object = by_secret(&server, &json!({ "pi.clientContext": { "where": "shop" } }));
        let flow = pi_flow.set("request", &object).send(&tenant.browser()).await;
        assert_eq!(flow.expect_status(200).json()["status"], "USERNAME_PASSWORD_REQUIRED");
    }

    async fn an_object_is_pushed_like_any_request(server: TestServer) {
        register(&server, &json!({ "requireSignedRequestObject": true })).await;
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let push = async |request: Authorize<'_>| {
            let fields = request.parameters().iter().map(|(name, value)| (name, value));
            let post = browser.post(tenant.endpoint("par")).basic(&tenant.web.id, &tenant.web.secret);
            post.form(fields).send().await
        };
        let plain = tenant.authorize(&tenant.web);
        let refused = push(plain.clone()).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_request");
        let refused = push(plain.clone().set("request", "not.a.token")).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_request_object");
        // It says for whom it is, also where nothing else does.
        let of_another = by_secret(&server, &json!({ "client_id": tenant.post.id }));
        let without = plain.clone().remove("client_id");
        let refused = push(without.set("request", &of_another)).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_request");
        let object = by_secret(&server, &json!({}));
        let uri = push(plain.set("request", &object)).await.expect_status(201).text("/request_uri");
        let url = url::Url::parse_with_params(
            &tenant.endpoint("authorize"),
            [("client_id", tenant.web.id.as_str()), ("request_uri", uri.as_str())],
        ).unwrap();
        let answer = browser.get(&url).send().await;
        let page = browser.follow(answer, &tenant.base).await.expect_status(200);
        let person = &tenant.person;
        let done = countersign_testkit::submit(tenant, &browser, &page, &person.username, &person.password).await;
        assert_eq!(query(&done.redirect())["state"], "of the object");
    }

    async fn a_request_elsewhere_is_never_fetched(server: TestServer) {
        let tenant = &server.tenant;
        for uri in ["https://client.example/request.jwt", "http://127.0.0.1/", "urn:else"] {
            let request = tenant.authorize(&tenant.web).set("request_uri", uri);
            let (error, _) = error_of(&request.send(&tenant.browser()).await);
            assert_eq!(error, "request_uri_not_supported");
            let shown = request.remove("redirect_uri").send(&tenant.browser()).await.expect_status(400);
            assert!(shown.body.contains("request_uri"), "{}", shown.body);
        }
        let object = by_secret(&server, &json!({}));
        let both = with(&server, &object).set("request_uri", "https://client.example/");
        let (error, _) = error_of(&both.send(&tenant.browser()).await);
        assert_eq!(error, "invalid_request");
    }

    async fn the_client_s_word_for_an_address_counts_only_under_its_signature(server: TestServer) {
        register(&server, &json!({ "supportUnsignedRequestObject": true })).await;
        let tenant = &server.tenant;
        for (object, expected) in [
            (by_secret(&server, &json!({ "pi.remoteIp": "10.1.2.3" })), Some("10.1.2.3")),
            (jwt::unsigned(&claims(&server, &json!({ "pi.remoteIp": "10.1.2.3" }))), None),
        ] {
            let flow = tenant.authorize(&tenant.web).pi_flow().set("request", &object);
            let id = flow.send(&tenant.browser()).await.expect_status(200).text("/id");
            let stored = stored_flow(&server, &id).await;
            assert_eq!(stored["request"]["transaction"]["remoteIp"].as_str(), expected);
        }
    }

    async fn what_a_transaction_is_about_stays_on_the_flow(server: TestServer) {
        register(&server, &json!({})).await;
        let tenant = &server.tenant;
        let template = json!({ "name": "transaction", "variant": "short", "variables": { "sum": "10" } });
        let context = json!({ "where": "shop", "what": ["a", 1] });
        let object = by_secret(&server, &json!({ "pi.template": template, "pi.clientContext": context }));
        let flow = tenant.authorize(&tenant.web).pi_flow().set("request", &object);
        let id = flow.send(&tenant.browser()).await.expect_status(200).text("/id");
        let stored = stored_flow(&server, &id).await;
        assert_eq!(stored["request"]["transaction"], json!({ "template": template, "clientContext": context }));
    }
}

/// Behind the wire: the flow as it is kept.
async fn stored_flow(server: &TestServer, id: &str) -> Value {
    use countersign_domain::entity::kinds;
    use countersign_domain::store::Key;
    let key = Key::new(kinds::FLOW, server.tenant.id.parse().unwrap(), id);
    let found = server.ports.store.get(&key, server.clock.now()).await;
    serde_json::from_str(&found.unwrap().unwrap().body).unwrap()
}
