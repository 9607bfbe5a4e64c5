//! How an application proves itself at the token endpoint.

use base64::Engine as _;
use countersign_testkit::{Answer, TestServer, on_every_adapter};

#[track_caller]
fn is_invalid_client(answer: Answer) -> Answer {
    let answer = answer.expect_status(401);
    assert_eq!(answer.text("/error"), "invalid_client");
    answer
}

on_every_adapter! {
    async fn each_method_works_for_the_application_that_has_it(server: TestServer) {
        let tenant = &server.tenant;
        for app in [&tenant.web, &tenant.post, &tenant.spa, &tenant.native] {
            let tokens = tenant.tokens(app).await;
            assert_eq!(tokens["token_type"], "Bearer", "{}", app.auth_method);
        }
    }

    async fn the_method_is_exclusive(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let methods = ["NONE", "CLIENT_SECRET_BASIC", "CLIENT_SECRET_POST"];
        for app in [&tenant.web, &tenant.post, &tenant.spa] {
            for method in methods.into_iter().filter(|method| *method != app.auth_method) {
                let code = tenant.authorize(app).code(&browser).await;
                let mut other = app.clone();
                other.auth_method = method;
                let answer = tenant.redeem(app, &code).as_client(&other).send(&browser).await;
                let answer = is_invalid_client(answer);
                let description = answer.text("/error_description");
                assert!(
                    description.starts_with("Request denied: Unsupported authentication method (Correlation ID: "),
                    "{description}"
                );
                // A failed authentication uses nothing up.
                let _ = tenant.redeem(app, &code).send(&browser).await.expect_status(200);
            }
        }
    }

    async fn a_wrong_secret_is_refused_and_uses_nothing_up(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let good = tenant.redeem(&tenant.web, &code);
        let secret = &tenant.web.secret;
        for wrong in [String::new(), secret.to_lowercase(), format!("{secret} "), secret[1..].to_owned()] {
            let answer = good.clone().basic(&tenant.web.id, &wrong).send(&browser).await;
            let answer = is_invalid_client(answer);
            assert!(answer.header("www-authenticate").is_some_and(|how| how.starts_with("Basic")));
        }
        is_invalid_client(good.clone().basic("nobody", secret).send(&browser).await);
        is_invalid_client(good.clone().basic(&server.other.web.id, &server.other.web.secret).send(&browser).await);
        let _ = good.send(&browser).await.expect_status(200);
    }

    async fn threat_22_unknown_clients_and_wrong_secrets_look_alike(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let shape = |answer: Answer| {
            let json = answer.json();
            let text = json["error_description"].as_str().unwrap_or_default().to_owned();
            let (text, _) = text.split_once(" (Correlation ID").unwrap_or((&text, ""));
            (answer.status, json["error"].clone(), text.to_owned())
        };
        let request = tenant.redeem(&tenant.web, "no-code");
        let wrong = shape(request.clone().basic(&tenant.web.id, "wrong").send(&browser).await);
        let unknown = "00000000-0000-4000-8000-000000000000";
        assert_eq!(shape(request.basic(unknown, "wrong").send(&browser).await), wrong);
    }

    async fn threat_21_credentials_are_decoded_strictly(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.web).code(&browser).await;
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let (id, secret) = (&tenant.web.id, &tenant.web.secret);
        let good = encode(&format!("{id}:{secret}"));
        for header in [
            "Basic".to_owned(),
            "Basic ".to_owned(),
            "Basic !!!!".to_owned(),
            format!("Basic {good}!"),
            format!("Basic {good} {good}"),
            format!("Basic {}", encode(id)),
            format!("Basic {}", encode(&format!("{id}:{secret}:"))),
            format!("Basic {}", encode(&format!("{id}%00:{secret}"))),
            format!("Basic {}", encode(&encode(&format!("{id}:{secret}")))),
            format!("Bearer {good}"),
            good.clone(),
        ] {
            let fields = [
                ("grant_type", "authorization_code"),
                ("code", code.as_str()),
                ("redirect_uri", countersign_testkit::REDIRECT_URI),
                ("code_verifier", countersign_testkit::VERIFIER),
            ];
            let request = browser.post(tenant.endpoint("token")).header("authorization", &header);
            let answer = request.form(fields).send().await;
            assert!(matches!(answer.status, 400 | 401), "{header}: {}", answer.status);
        }
        let _ = tenant.redeem(&tenant.web, &code).send(&browser).await.expect_status(200);
    }

    /// RFC 9110 11.4
    async fn between_scheme_and_credentials_are_spaces(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let good = encode(&format!("{}:{}", tenant.web.id, tenant.web.secret));
        for (header, status) in [(format!("Basic   {good}"), 200), (format!("Basic\t{good}"), 401)] {
            let request = browser.post(tenant.endpoint("introspect")).header("authorization", &header);
            let answer = request.form([("token", "x")]).send().await;
            assert_eq!(answer.status, status, "{header}");
        }
    }

    async fn threat_21_two_methods_at_once_are_refused(server: TestServer) {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        for (app, with) in [(&tenant.web, &tenant.web), (&tenant.post, &tenant.post), (&tenant.spa, &tenant.web)] {
            let code = tenant.authorize(app).code(&browser).await;
            let both = tenant
                .redeem(app, &code)
                .anonymous()
                .add("client_id", &app.id)
                .add("client_secret", &app.secret)
                .basic(&with.id, &with.secret);
            let answer = both.send(&browser).await;
            assert!(matches!(answer.status, 400 | 401), "{}", answer.body);
        }
    }
}
