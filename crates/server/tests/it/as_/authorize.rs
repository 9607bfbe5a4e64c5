//! `GET|POST /{envID}/as/authorize`

use std::time::Duration;

use countersign_testkit::{
    Answer, Browser, REDIRECT_URI, TestServer, code_of, on_every_adapter, query,
};
use serde_json::json;

/// The error in a redirect to the client.
#[track_caller]
fn error_of(answer: &Answer) -> String {
    let redirect = answer.redirect();
    assert!(
        redirect
            .as_str()
            .starts_with(countersign_testkit::REDIRECT_URI),
        "{redirect}"
    );
    let parameters = query(&redirect);
    assert_eq!(parameters["state"], "the state & more");
    assert!(parameters["error_description"].contains("Correlation ID"));
    assert!(!parameters.contains_key("code"));
    parameters["error"].clone()
}

async fn json_of(browser: &Browser, url: String) -> Answer {
    browser
        .get(url)
        .header("accept", "application/json")
        .send()
        .await
}

/// Asks with every header that has ever been mistaken for the truth.
async fn hostile(browser: &Browser, url: &str) -> Answer {
    let mut request = browser.get(url).header("host", "evil.example");
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "444"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=1.2.3.4;host=evil.example;proto=https"),
        ("x-original-url", "/evil"),
        ("x-http-method-override", "DELETE"),
    ] {
        request = request.header(name, value);
    }
    request.send().await
}

on_every_adapter! {
    async fn a_person_signs_on_and_the_client_gets_a_code(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = tenant.authorize(&tenant.web).send(&browser).await.expect_status(302);
        let page = answer.redirect();
        assert!(page.path().ends_with(&format!("/{}/signon/", tenant.id)), "{page}");
        let parameters = query(&page);
        assert_eq!(parameters["environmentId"], tenant.id);
        let flow = browser.get(tenant.flow(&parameters["flowId"])).send().await.expect_status(200);
        assert_eq!(flow.text("/status"), "USERNAME_PASSWORD_REQUIRED");

        let redirect = tenant.authorize(&tenant.web).sign_on(&browser).await.redirect();
        let parameters = query(&redirect);
        assert_eq!(parameters["state"], "the state & more");
        assert!(!parameters["code"].is_empty());
        assert!(redirect.as_str().starts_with(countersign_testkit::REDIRECT_URI));
    }

    async fn a_form_post_is_the_same_request(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let page = tenant.authorize(&tenant.web).post(&browser).await.expect_status(302).redirect();
        assert!(page.path().ends_with("/signon/"), "{page}");
    }

    async fn a_post_without_a_body_is_read_from_the_query(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let answer = browser.post(tenant.authorize(&tenant.web).url()).send().await;
        assert!(answer.expect_status(302).redirect().path().ends_with("/signon/"));
    }

    async fn a_body_of_another_type_is_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = browser.post(tenant.authorize(&tenant.web).url());
        let _ = request.body("application/json", "{}").send().await.expect_status(415);
    }

    async fn a_parameter_in_the_query_and_in_the_body_is_given_twice(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web);
        let answer = browser
            .post(request.url())
            .form([("client_id", tenant.web.id.as_str())])
            .send()
            .await;
        let _ = answer.expect_status(400);
        // A page for a browser, but not where the answer is for a program.
        let request = request.pi_flow();
        let form = [("client_id", tenant.web.id.as_str())];
        let refused = browser.post(request.url()).form(form).send().await.expect_status(400);
        assert!(refused.json()["code"].is_string(), "{}", refused.body);
        let query = format!("{}?client_id={}", tenant.endpoint("authorize"), tenant.web.id);
        let form = request.parameters().to_vec();
        let refused = browser.post(query).form(form).send().await.expect_status(400);
        assert!(refused.json()["code"].is_string(), "{}", refused.body);
    }

    /// `reference/rulings.md` 16.
    async fn beside_a_body_the_query_says_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let url = format!("{}?prompt=none&acr_values=No_Such_Policy", tenant.endpoint("authorize"));
        let form = tenant.authorize(&tenant.web).parameters().to_vec();
        let page = browser.post(url).form(form).send().await.expect_status(302).redirect();
        assert!(page.path().ends_with("/signon/"), "{page}");
    }

    async fn blank_acr_values_name_no_policy(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.web).set("acr_values", "  ");
        assert!(!request.code(&tenant.browser()).await.is_empty());
    }

    async fn a_repeated_parameter_is_told_to_the_client(server: TestServer) {
        let tenant = &server.tenant;
        let good = tenant.authorize(&tenant.web);
        for name in ["scope", "state", "response_type", "nonce", "prompt", "code_challenge", "x-unknown"] {
            let twice = good.clone().set(name, "openid").add(name, "openid");
            let by_form = twice.post(&tenant.browser()).await;
            let url = format!("{}?{name}=a", tenant.endpoint("authorize"));
            let browser = tenant.browser();
            let form = good.clone().set(name, "b").parameters().to_vec();
            let in_both = browser.post(url).form(form);
            for answer in [twice.send(&tenant.browser()).await, by_form, in_both.send().await] {
                let to = answer.expect_status(302).redirect();
                assert!(to.as_str().starts_with(REDIRECT_URI), "{to}");
                let told = query(&to);
                assert_eq!(told["error"], "invalid_request", "{name}");
                assert!(told["error_description"].contains(&format!("{name} must not be repeated")));
                // Which of two states the client knows cannot be said.
                let state = (name != "state").then_some("the state & more");
                assert_eq!(told.get("state").map(String::as_str), state, "{name}");
            }
        }
        let fragment = good.clone().set("response_mode", "fragment").add("nonce", "2");
        let to = fragment.send(&tenant.browser()).await.expect_status(302).redirect();
        assert!(to.fragment().unwrap().contains("error=invalid_request"), "{to}");
        let pi_flow = good.pi_flow().add("nonce", "2").send(&tenant.browser()).await;
        assert_eq!(pi_flow.expect_status(400).text("/details/0/target"), "nonce");
    }

    async fn threat_5_nothing_leaves_when_who_or_where_to_is_said_twice(server: TestServer) {
        let tenant = &server.tenant;
        let good = tenant.authorize(&tenant.web);
        for (name, value) in [
            ("client_id", tenant.web.id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_mode", "query"),
            ("request", "x"),
            ("request_uri", "x"),
        ] {
            let twice = good.clone().set(name, value).add(name, value).add("nonce", "2");
            for answer in [twice.send(&tenant.browser()).await, twice.post(&tenant.browser()).await] {
                assert_eq!((answer.status, answer.header("location")), (400, None), "{name}");
            }
        }
        for wrong in [
            good.clone().set("redirect_uri", "https://evil.example/"),
            good.clone().set("client_id", "nobody"),
            good.clone().remove("redirect_uri"),
        ] {
            let answer = wrong.add("nonce", "2").send(&tenant.browser()).await;
            assert_eq!((answer.status, answer.header("location")), (400, None));
        }
    }

    async fn unknown_parameters_are_ignored(server: TestServer) {
        let tenant = &server.tenant;
        let request = tenant.authorize(&tenant.web).add("ui_locales", "de").add("claims", "{}");
        let code = request.add("x-unknown", "1").code(&tenant.browser()).await;
        assert!(!code.is_empty());
    }

    async fn an_unknown_client_is_told_on_our_own_page(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for client in ["", "nobody", server.other.web.id.as_str(), "00000000-0000-4000-8000-000000000000"] {
            let request = tenant.authorize(&tenant.web).set("client_id", client);
            let page = request.send(&browser).await.expect_status(400);
            assert!(page.header("content-type").unwrap_or_default().starts_with("text/html"));
            assert!(page.header("location").is_none());
            let json = json_of(&browser, request.url()).await.expect_status(400);
            assert!(json.json()["id"].is_string(), "{}", json.body);
            assert!(json.json()["code"].is_string(), "{}", json.body);
        }
    }

    async fn an_unknown_environment_is_not_found(server: TestServer) {
        let tenant = &server.tenant;
        let url = tenant.authorize(&tenant.web).url();
        for other in ["00000000-0000-4000-8000-00000000beef", "not-a-uuid"] {
            let url = url.replacen(&tenant.id, other, 1);
            let _ = tenant.browser().get(url).send().await.expect_status(404);
        }
    }

    async fn other_methods_are_not_allowed(server: TestServer) {
        let tenant = &server.tenant;
        for method in ["PUT", "DELETE", "PATCH"] {
            let method = method.parse().unwrap();
            let browser = tenant.browser();
            let request = browser.request(method, tenant.authorize(&tenant.web).url());
            let _ = request.send().await.expect_status(405);
        }
    }

    async fn errors_of_the_request_go_to_the_client_with_its_state(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let good = tenant.authorize(&tenant.web);
        for (request, error) in [
            (good.clone().remove("response_type"), "invalid_request"),
            (good.clone().set("response_type", "teapot"), "unsupported_response_type"),
            (good.clone().set("scope", "no-such-scope"), "invalid_scope"),
            (good.clone().set("prompt", "none"), "login_required"),
            (good.clone().set("prompt", "none login"), "invalid_request"),
            (good.clone().set("max_age", "soon"), "invalid_request"),
            (good.clone().set("response_mode", "teapot"), "invalid_request"),
        ] {
            let answer = request.send(&browser).await;
            assert_eq!(error_of(&answer), error, "{}", request.url());
        }
    }

    async fn scope_left_out_means_openid_where_only_openid_is_granted(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).remove("scope").code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!(tokens.text("/scope"), "openid");
    }

    async fn a_scope_that_is_not_granted_is_left_out(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.web).set("scope", "openid no-such-scope email");
        let code = request.code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
        assert_eq!(tokens.text("/scope"), "openid email");
    }

    async fn the_next_application_needs_no_sign_on(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        let answer = tenant.authorize(&tenant.spa).send(&browser).await;
        let code = code_of(&answer.redirect());
        let _ = tenant.redeem(&tenant.spa, &code).send(&browser).await.expect_status(200);
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
        assert!(!code_of(&silent.redirect()).is_empty());
    }

    async fn prompt_login_asks_again(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_mins(5));
        let again = tenant.authorize(&tenant.web).set("prompt", "login");
        let page = again.send(&browser).await.redirect();
        assert!(page.path().ends_with("/signon/"), "{page}");
        let code = again.code(&browser).await;
        let tokens = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200).json();
        let id = tenant.verify(&tokens["id_token"]).await;
        assert_eq!(id.number("auth_time"), id.number("iat"));
    }

    async fn max_age_asks_again_when_the_sign_on_is_older(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_secs(100));
        let request = tenant.authorize(&tenant.web).set("prompt", "none");
        let young = request.clone().set("max_age", "101").send(&browser).await;
        assert!(!code_of(&young.redirect()).is_empty());
        let old = request.set("max_age", "99").send(&browser).await;
        assert_eq!(error_of(&old), "login_required");
    }

    async fn a_session_ends_after_thirty_days(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        server.clock.advance(Duration::from_hours(31 * 24));
        let silent = tenant.authorize(&tenant.web).set("prompt", "none").send(&browser).await;
        assert_eq!(error_of(&silent), "login_required");
    }

    async fn threat_11_pkce_cannot_be_left_out_or_weakened(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let good = tenant.authorize(&tenant.spa);
        for request in [
            good.clone().without_pkce(),
            good.clone().set("code_challenge_method", "plain"),
            good.clone().remove("code_challenge_method"),
            good.clone().set("code_challenge_method", "s256"),
            good.clone().remove("code_challenge"),
            good.clone().set("code_challenge", ""),
            good.clone().set("code_challenge", "short"),
            good.clone().set("code_challenge", &"a".repeat(129)),
            good.clone().set("code_challenge", &"!".repeat(43)),
        ] {
            let answer = request.send(&browser).await;
            assert_eq!(error_of(&answer), "invalid_request", "{}", request.url());
        }
    }

    async fn threat_36_no_header_changes_what_we_emit(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let url = tenant.authorize(&tenant.web).url();
        let redirect = hostile(&browser, &url).await.expect_status(302).redirect();
        assert!(redirect.as_str().starts_with(&tenant.base), "{redirect}");
        let discovery = tenant.endpoint(".well-known/openid-configuration");
        let plain = tenant.browser().get(&discovery).send().await.expect_status(200).body;
        assert_eq!(hostile(&browser, &discovery).await.body, plain);
        let flow = tenant.authorize(&tenant.native).pi_flow().url();
        let body = hostile(&browser, &flow).await.expect_status(200).body;
        assert!(!body.contains("evil"), "{body}");
        let unknown = tenant.authorize(&tenant.web).set("client_id", "nobody").url();
        let body = hostile(&browser, &unknown).await.expect_status(400).body;
        assert!(!body.contains("evil"), "{body}");
    }

    /// `reference/oidc.md` 3.2: in no table of PingOne's, so they change nothing.
    async fn parameters_of_other_specifications_are_ignored(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&browser).await;
        for (name, value) in [
            ("display", "popup"),
            ("display", "hologram"),
            ("ui_locales", "de fr not_a_locale"),
            ("claims", r#"{"id_token":{"email":{"essential":true}}}"#),
            ("claims", "{not json"),
            ("claims_locales", "de"),
            ("registration", "{}"),
            ("resource", "https://api.example/"),
            ("resource", "relative"),
            ("audience", "https://api.example/"),
            ("dpop_jkt", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
            ("authorization_details", "[]"),
            ("mobilePayload", "opaque.payload"),
            ("pi.remoteIp", "not an address"),
            ("pi.template", "{}"),
            ("cit", "1"),
        ] {
            let request = tenant.authorize(&tenant.web).set(name, value).set("prompt", "none");
            let redirect = request.send(&browser).await.redirect();
            assert!(redirect.query().unwrap().contains("code="), "{name}={value}: {redirect}");
        }
    }

    async fn each_combination_of_prompts_means_what_it_says(server: TestServer) {
        let tenant = &server.tenant;
        let signed_on = tenant.browser();
        let _ = tenant.authorize(&tenant.web).code(&signed_on).await;
        // What the request comes to without a session and with one.
        for (prompt, without, with) in [
            ("", "asks", "code"),
            ("none", "login_required", "code"),
            ("login", "asks", "asks"),
            ("consent", "asks", "code"),
            ("select_account", "asks", "code"),
            ("login consent", "asks", "asks"),
            ("consent  login", "asks", "asks"),
            ("unheard-of", "asks", "code"),
            ("none login", "invalid_request", "invalid_request"),
            ("consent none", "invalid_request", "invalid_request"),
            ("none none", "invalid_request", "invalid_request"),
            ("None", "asks", "code"),
        ] {
            for (browser, expected) in [(&tenant.browser(), without), (&signed_on, with)] {
                let request = tenant.authorize(&tenant.web).set("prompt", prompt);
                let redirect = request.send(browser).await.redirect();
                let parameters = query(&redirect);
                let found = if redirect.path().contains("/signon/") {
                    "asks"
                } else if parameters.contains_key("code") {
                    "code"
                } else {
                    parameters["error"].as_str()
                };
                assert_eq!(found, expected, "prompt={prompt}");
            }
        }
    }

    async fn a_client_of_another_kind_has_nothing_to_authorize(server: TestServer) {
        let tenant = &server.tenant;
        for changes in [
            json!({ "enabled": false }),
            json!({ "enabled": true, "grantTypes": ["CLIENT_CREDENTIALS"] }),
        ] {
            let mut application = changes.clone();
            application["id"] = json!(tenant.web.id);
            application["name"] = json!("Web");
            let environment = json!({ "id": tenant.id, "name": "First", "applications": [application] });
            server.import(&json!({ "environments": [environment] })).await;
            let answer = tenant.authorize(&tenant.web).send(&tenant.browser()).await;
            if changes["enabled"] == false {
                assert!(answer.expect_status(400).header("location").is_none());
            } else {
                assert_eq!(error_of(&answer), "unauthorized_client");
            }
        }
        let foreign = tenant.authorize(&server.other.web).send(&tenant.browser()).await;
        assert!(foreign.expect_status(400).header("location").is_none());
    }
}
