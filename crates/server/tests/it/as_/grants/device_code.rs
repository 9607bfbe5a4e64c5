//! `POST /{envID}/as/device_authorization`, the page on which a person connects a device, and
//! `grant_type=urn:ietf:params:oauth:grant-type:device_code`

use std::time::Duration;

use countersign_testkit::{Answer, App, Browser, Tenant, TestServer, on_every_adapter, query};
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Lets the native application use the grant.
async fn configure(server: &TestServer, more: Value) {
    configure_app(server, &server.tenant.native, "Native", more).await;
}

async fn configure_app(server: &TestServer, app: &App, name: &str, more: Value) {
    let mut application = json!({
        "id": app.id, "name": name,
        "grantTypes": ["AUTHORIZATION_CODE", "DEVICE_CODE", "REFRESH_TOKEN"],
    });
    for (name, value) in more.as_object().unwrap() {
        application[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [ {
            "id": server.tenant.id, "name": "First", "applications": [application],
        } ] }))
        .await;
}

async fn begin(tenant: &Tenant, app: &App, scope: &str) -> Answer {
    let mut form = vec![("client_id", app.id.as_str()), ("scope", scope)];
    if app.auth_method == "CLIENT_SECRET_POST" {
        form.push(("client_secret", app.secret.as_str()));
    }
    let url = tenant.endpoint("device_authorization");
    tenant.browser().post(url).form(form).send().await
}

async fn poll(tenant: &Tenant, app: &App, device_code: &str) -> Answer {
    let mut form = vec![
        ("grant_type", GRANT),
        ("device_code", device_code),
        ("client_id", app.id.as_str()),
    ];
    if app.auth_method == "CLIENT_SECRET_POST" {
        form.push(("client_secret", app.secret.as_str()));
    }
    let url = tenant.endpoint("token");
    tenant.browser().post(url).form(form).send().await
}

#[track_caller]
fn is_error(answer: &Answer, error: &str) {
    assert_eq!(
        (answer.status, answer.text("/error").as_str()),
        (400, error)
    );
}

/// Opens a device page and signs the person on: the id of the flow, which asks for the code.
async fn sign_on(tenant: &Tenant, browser: &Browser, page: &str) -> String {
    let answer = browser.get(page).send().await.expect_status(302);
    let to = answer.redirect();
    let flow = to
        .query_pairs()
        .find(|(name, _)| name == "flowId")
        .map(|(_, id)| id.into_owned())
        .unwrap();
    let person = &tenant.person;
    let state = browser
        .get(tenant.flow(&flow))
        .send()
        .await
        .expect_status(200);
    if state.text("/status") == "USERNAME_PASSWORD_REQUIRED" {
        let done = tenant
            .check_password(browser, &flow, &person.username, &person.password)
            .await
            .expect_status(200);
        assert_eq!(done.text("/status"), "DAG_USER_CODE_REQUIRED");
    }
    flow
}

async fn verify(tenant: &Tenant, browser: &Browser, flow: &str, code: &str) -> Answer {
    let body = json!({ "userCode": code });
    let action = "deviceAuthGrant.userCode.verify";
    tenant.act(browser, flow, action, &body).await
}

async fn consent(tenant: &Tenant, browser: &Browser, flow: &str, accept: bool) -> Answer {
    let body = json!({ "accept": accept });
    tenant
        .act(browser, flow, "deviceAuthGrant.consent", &body)
        .await
}

/// Connects a device through the flow API.
async fn connect(tenant: &Tenant, codes: &Answer) -> Browser {
    let browser = tenant.browser();
    let flow = sign_on(tenant, &browser, &codes.text("/verification_uri")).await;
    let asked = verify(tenant, &browser, &flow, &codes.text("/user_code"))
        .await
        .expect_status(200);
    assert_eq!(asked.text("/status"), "DAG_CONSENT_REQUIRED");
    let done = consent(tenant, &browser, &flow, true)
        .await
        .expect_status(200);
    assert_eq!(done.text("/status"), "COMPLETED");
    browser
}

on_every_adapter! {
    async fn a_device_gets_tokens_when_somebody_signs_on_for_it(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        let codes = begin(tenant, &tenant.native, "openid profile").await.expect_status(200);
        let json = codes.json();
        assert_eq!((&json["expires_in"], &json["interval"]), (&json!(600), &json!(5)));
        let page = format!("{}/{}/device/{}", tenant.base, tenant.id, tenant.native.id);
        assert_eq!(json["verification_uri"], page);
        let user_code = codes.text("/user_code");
        assert_eq!(json["verification_uri_complete"], format!("{page}?user_code={user_code}"));
        assert_eq!((user_code.len(), user_code.find('-')), (9, Some(4)));
        let device_code = codes.text("/device_code");
        is_error(&poll(tenant, &tenant.native, &device_code).await, "authorization_pending");

        let _browser = connect(tenant, &codes).await;
        let api = crate::v1::admin(&server).await;
        let allowed = format!("/environments/{}/activities?filter=action.type%20eq%20%22USER.ACCESS_ALLOWED%22", tenant.id);
        let told = api.get(&allowed).await.expect_status(200).json();
        assert_eq!(told["_embedded"]["activities"].as_array().unwrap().len(), 1);
        assert_eq!(told["_embedded"]["activities"][0]["actors"]["user"]["id"], tenant.person.id);
        assert_eq!(told["_embedded"]["activities"][0]["actors"]["client"]["id"], tenant.native.id);
        let tokens = poll(tenant, &tenant.native, &device_code).await.expect_status(200).json();
        assert_eq!(tokens["scope"], "openid profile");
        let id = tenant.verify(&tokens["id_token"]).await;
        assert_eq!(id.claims["sub"], tenant.person.id);
        assert_eq!(id.claims["aud"], tenant.native.id);
        let _ = tenant.userinfo(tokens["access_token"].as_str().unwrap()).await.expect_status(200);
        let form = [
            ("grant_type", "refresh_token"), ("client_id", &tenant.native.id),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ];
        let browser = tenant.browser();
        let _ = browser.post(tenant.endpoint("token")).form(form).send().await.expect_status(200);
        // Once.
        is_error(&poll(tenant, &tenant.native, &device_code).await, "invalid_grant");
    }

    async fn the_pages_do_it_without_javascript(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({ "devicePathId": "tv" })).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        assert_eq!(codes.text("/verification_uri"), format!("{}/{}/device/tv", tenant.base, tenant.id));
        let browser = tenant.browser();
        let link = codes.text("/verification_uri_complete");
        let answer = browser.get(link).send().await.expect_status(302);
        let page = browser.follow(answer, &tenant.base).await.expect_status(200);
        let person = &tenant.person;
        let page = countersign_testkit::submit(tenant, &browser, &page, &person.username, &person.password).await;
        // The code is filled in, and nothing more.
        let form = page.expect_status(200).form();
        assert_eq!(form.value("userCode"), Some(codes.text("/user_code").as_str()));
        let wrong = form.clone().fill("userCode", "BBBB-BBBB");
        let again = browser.submit(wrong).await.expect_status(200);
        assert!(again.body.contains("role=\"alert\""), "{}", again.body);
        let sent = browser.post(&form.action).form(form.fields).send().await;
        let page = browser.follow(sent, &tenant.base).await.expect_status(200);
        assert!(page.body.contains(&codes.text("/user_code")), "{}", page.body);
        assert!(page.body.contains("Native") && page.body.contains("openid"));
        is_error(&poll(tenant, &tenant.native, &codes.text("/device_code")).await, "authorization_pending");
        let form = page.form();
        let sent = browser.post(&form.action).form(form.fields).send().await;
        let end = browser.follow(sent, &tenant.base).await.expect_status(200);
        assert!(end.body.contains("Your device is connected"), "{}", end.body);
        let _ = poll(tenant, &tenant.native, &codes.text("/device_code")).await.expect_status(200);
    }

    async fn a_refusal_reaches_the_device(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let browser = tenant.browser();
        let flow = sign_on(tenant, &browser, &codes.text("/verification_uri")).await;
        let shown = browser.get(tenant.flow(&flow)).send().await.expect_status(200).json();
        let links: Vec<&String> = shown["_links"].as_object().unwrap().keys().collect();
        assert_eq!(links, ["deviceAuthGrant.userCode.verify", "self", "userCode.verify"]);
        let _ = verify(tenant, &browser, &flow, &codes.text("/user_code")).await.expect_status(200);
        let failed = consent(tenant, &browser, &flow, false).await.expect_status(200);
        assert_eq!(failed.text("/status"), "FAILED");
        is_error(&poll(tenant, &tenant.native, &codes.text("/device_code")).await, "access_denied");

        let id = failed.header("correlation-id").unwrap();
        let path = format!("/environments/{}/activities?filter=correlationid%20eq%20%22{id}%22", tenant.id);
        let api = crate::v1::admin(&server).await;
        let told = api.get(&path).await.expect_status(200).json();
        let told = told["_embedded"]["activities"].as_array().unwrap();
        let declined = told.iter().find(|it| it["action"]["type"] == "OAUTH_CONSENT.DECLINED").unwrap();
        assert_eq!(declined["resources"][0]["id"], tenant.person.id);
        assert_eq!(declined["actors"]["user"]["id"], tenant.person.id);
        assert_eq!(declined["actors"]["client"]["id"], tenant.native.id);
        assert!(!told.iter().any(|it| it["action"]["type"] == "OAUTH_CONSENT.ACCEPTED"));
    }

    async fn polling_has_its_errors_and_its_pace(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({ "deviceTimeout": 120, "devicePollingInterval": 10 })).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        assert_eq!((&codes.json()["expires_in"], &codes.json()["interval"]), (&json!(120), &json!(10)));
        let code = codes.text("/device_code");
        let ask = async || poll(tenant, &tenant.native, &code).await;
        is_error(&ask().await, "authorization_pending");
        server.clock.advance(Duration::from_secs(9));
        is_error(&ask().await, "slow_down");
        // Five seconds more from now on.
        server.clock.advance(Duration::from_secs(14));
        is_error(&ask().await, "slow_down");
        server.clock.advance(Duration::from_secs(20));
        is_error(&ask().await, "authorization_pending");
        server.clock.advance(Duration::from_secs(77));
        is_error(&ask().await, "expired_token");
        server.clock.advance(Duration::from_mins(10));
        is_error(&ask().await, "invalid_grant");
        let missing = poll(tenant, &tenant.native, "").await;
        is_error(&missing, "invalid_request");
    }

    async fn who_may_begin(server: TestServer) {
        let tenant = &server.tenant;
        is_error(&begin(tenant, &tenant.native, "openid").await, "unauthorized_client");
        configure(&server, json!({})).await;
        configure_app(&server, &tenant.post, "Web with post", json!({})).await;
        let _ = begin(tenant, &tenant.post, "openid").await.expect_status(200);
        is_error(&begin(tenant, &tenant.native, "unheard-of").await, "invalid_scope");
        let wrong = App { auth_method: "NONE", ..tenant.post.clone() };
        let refused = begin(tenant, &wrong, "openid").await.expect_status(401);
        assert!(refused.text("/error_description").starts_with("Request denied: Unsupported authentication method"));
        let discovery = tenant.browser().get(tenant.endpoint(".well-known/openid-configuration")).send().await;
        assert_eq!(discovery.text("/device_authorization_endpoint"), tenant.endpoint("device_authorization"));
        assert!(discovery.json()["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    }

    async fn a_page_of_its_own_counts_for_more_than_a_path(server: TestServer) {
        let tenant = &server.tenant;
        let own = "https://tv.example/link?a=b";
        configure(&server, json!({ "devicePathId": "tv", "deviceCustomVerificationUri": own })).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        assert_eq!(codes.text("/verification_uri"), own);
        let filled_in = format!("{own}&user_code={}", codes.text("/user_code"));
        assert_eq!(codes.text("/verification_uri_complete"), filled_in);
        // The page without an application takes the codes of all, in people's own spelling.
        let browser = tenant.browser();
        let page = format!("{}/{}/device", tenant.base, tenant.id);
        let to = browser.get(&page).send().await.expect_status(302).redirect();
        assert!(!query(&to).contains_key("client_id"), "nobody asks yet: {to}");
        let flow = sign_on(tenant, &browser, &page).await;
        let typed = codes.text("/user_code").to_lowercase().replace('-', " ");
        let asked = verify(tenant, &browser, &flow, &typed).await.expect_status(200);
        assert_eq!(asked.text("/_embedded/application/name"), "Native");
        for page in ["nobody", "00000000-0000-4000-8000-000000000000", &tenant.web.id] {
            let page = format!("{}/{}/device/{page}", tenant.base, tenant.id);
            let _ = browser.get(page).send().await.expect_status(404);
        }
    }

    async fn a_living_session_still_has_to_consent(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        let first = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let browser = connect(tenant, &first).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let flow = sign_on(tenant, &browser, &codes.text("/verification_uri_complete")).await;
        let read = browser.get(tenant.flow(&flow)).send().await;
        assert_eq!(read.text("/status"), "DAG_USER_CODE_REQUIRED");
        let links = read.json()["_links"].clone();
        assert!(links.get("deviceAuthGrant.userCode.verify").is_some(), "{links}");
        let asked = verify(tenant, &browser, &flow, &codes.text("/user_code")).await.expect_status(200);
        assert_eq!(asked.text("/status"), "DAG_CONSENT_REQUIRED");
        is_error(&poll(tenant, &tenant.native, &codes.text("/device_code")).await, "authorization_pending");
    }

    async fn threat_8_a_flow_of_a_device_never_yields_a_code(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let browser = tenant.browser();
        let flow = sign_on(tenant, &browser, &codes.text("/verification_uri")).await;
        let resume = format!("{}?flowId={flow}", tenant.endpoint("resume"));
        for step in ["code", "consent", "end"] {
            let answer = browser.get(&resume).send().await;
            assert!(!answer.body.contains("code=") && answer.redirect().path().contains("/signon"), "{step}");
            let _ = match step {
                "code" => verify(tenant, &browser, &flow, &codes.text("/user_code")).await.expect_status(200),
                _ => consent(tenant, &browser, &flow, true).await,
            };
        }
        // Nor is a device code any other thing, or any other thing a device code (row 9).
        let code = tenant.authorize(&tenant.native).code(&browser).await;
        is_error(&poll(tenant, &tenant.native, &code).await, "invalid_grant");
        let redeemed = tenant.redeem(&tenant.native, &codes.text("/device_code")).send(&browser).await;
        is_error(&redeemed, "invalid_grant");
    }

    async fn threat_13_a_device_code_is_bound_to_its_client(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        configure_app(&server, &tenant.post, "Web with post", json!({})).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let code = codes.text("/device_code");
        is_error(&poll(tenant, &tenant.post, &code).await, "invalid_grant");
        let _browser = connect(tenant, &codes).await;
        is_error(&poll(tenant, &tenant.post, &code).await, "invalid_grant");
        // The page of another application does not connect it.
        let other = begin(tenant, &tenant.post, "openid").await.expect_status(200);
        let browser = tenant.browser();
        let flow = sign_on(tenant, &browser, &codes.text("/verification_uri")).await;
        let _ = verify(tenant, &browser, &flow, &other.text("/user_code")).await.expect_status(400);
        // Nothing of this used it up.
        let _ = poll(tenant, &tenant.native, &code).await.expect_status(200);
    }

    async fn threat_14_a_device_gets_no_more_than_is_granted(server: TestServer) {
        let tenant = &server.tenant;
        let grants = |scopes: &[&str]| json!({ "grants": [{ "resource": "openid", "scopes": scopes }] });
        configure(&server, grants(&["profile"])).await;
        let codes = begin(tenant, &tenant.native, "openid profile email unheard:of p1:read:user").await;
        let codes = codes.expect_status(200);
        let browser = tenant.browser();
        let flow = sign_on(tenant, &browser, &codes.text("/verification_uri")).await;
        let asked = verify(tenant, &browser, &flow, &codes.text("/user_code")).await.expect_status(200);
        assert_eq!(asked.json()["_embedded"]["scopes"], json!(["openid", "profile"]));
        let _ = consent(tenant, &browser, &flow, true).await.expect_status(200);
        // What the application lost since, and what it was given since, is not in the token.
        configure(&server, grants(&["email"])).await;
        let tokens = poll(tenant, &tenant.native, &codes.text("/device_code")).await.expect_status(200);
        assert_eq!(tokens.text("/scope"), "openid");
    }

    async fn threat_13_guessing_user_codes_ends(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let right = codes.text("/user_code");
        let page = codes.text("/verification_uri");
        let browser = tenant.browser();
        for round in 0..2 {
            let flow = sign_on(tenant, &browser, &page).await;
            for guess in 1..5 {
                let wrong = verify(tenant, &browser, &flow, "BBBB-BBBB").await.expect_status(400);
                assert_eq!(wrong.text("/details/0/target"), "userCode", "{round} {guess}");
            }
            let last = verify(tenant, &browser, &flow, "BBBB-BBBB").await.expect_status(200);
            assert_eq!(last.text("/status"), "FAILED");
        }
        // Another flow does not help, nor does another browser, nor knowing the code.
        let browser = tenant.browser();
        let flow = sign_on(tenant, &browser, &page).await;
        let stopped = verify(tenant, &browser, &flow, &right).await.expect_status(429);
        assert!(stopped.header("retry-after").is_some());
        server.clock.advance(Duration::from_mins(15));
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let flow = sign_on(tenant, &browser, &page).await;
        let _ = verify(tenant, &browser, &flow, &codes.text("/user_code")).await.expect_status(200);
    }

    async fn threat_10_64_parallel_polls_get_one_set_of_tokens(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let _browser = connect(tenant, &codes).await;
        let node = server.another_node().await;
        let code = codes.text("/device_code");
        let polls: Vec<_> = [tenant.clone(), node.tenant.clone()].into_iter().cycle().take(64).map(|tenant| {
            let code = code.clone();
            tokio::spawn(async move { poll(&tenant, &tenant.native, &code).await.status })
        }).collect();
        let mut won = 0;
        for poll in polls {
            won += u32::from(poll.await.unwrap() == 200);
        }
        assert_eq!(won, 1);
    }

    async fn threat_27_what_ends_trust_ends_the_device(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        // Signed off before the device asked.
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let browser = connect(tenant, &codes).await;
        let _ = browser.get(tenant.endpoint("signoff")).send().await.expect_status(200);
        is_error(&poll(tenant, &tenant.native, &codes.text("/device_code")).await, "invalid_grant");
        // The application disabled in the middle.
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        let browser = tenant.browser();
        let flow = sign_on(tenant, &browser, &codes.text("/verification_uri")).await;
        let _ = verify(tenant, &browser, &flow, &codes.text("/user_code")).await.expect_status(200);
        configure(&server, json!({ "enabled": false })).await;
        let _ = consent(tenant, &browser, &flow, true).await.expect_status(400);
        let polled = poll(tenant, &tenant.native, &codes.text("/device_code")).await;
        assert_eq!(polled.expect_status(401).text("/error"), "invalid_client");
        configure(&server, json!({ "enabled": true })).await;
        is_error(&poll(tenant, &tenant.native, &codes.text("/device_code")).await, "authorization_pending");
    }

    async fn threat_42_codes_mean_nothing_next_door(server: TestServer) {
        let tenant = &server.tenant;
        configure(&server, json!({})).await;
        server.import(&json!({ "environments": [ {
            "id": server.other.id, "name": "Second", "applications": [ {
                "id": server.other.native.id, "name": "Native", "grantTypes": ["DEVICE_CODE"],
            } ],
        } ] })).await;
        let other = &server.other;
        let codes = begin(tenant, &tenant.native, "openid").await.expect_status(200);
        is_error(&poll(other, &other.native, &codes.text("/device_code")).await, "invalid_grant");
        let browser = other.browser();
        let page = format!("{}/{}/device/{}", other.base, other.id, other.native.id);
        let flow = sign_on(other, &browser, &page).await;
        let _ = verify(other, &browser, &flow, &codes.text("/user_code")).await.expect_status(400);
    }
}
