//! What an application loses while a request, a code, a device or a refresh token is under way

use countersign_testkit::{
    Answer, Browser, TestServer, code_of, fragment, on_every_adapter, query,
};
use serde_json::{Value, json};

use crate::v1::{Api, admin, text};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A resource whose scope is called like one of the PingOne API, and one with two scopes. `changes`
/// to the application that has both.
async fn configure(server: &TestServer, changes: Value) {
    let tenant = &server.tenant;
    let mut application = json!({
        "id": tenant.post.id, "name": "Web with post",
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT", "REFRESH_TOKEN", "DEVICE_CODE"],
        "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
        "grants": [
            { "resource": "openid", "scopes": ["profile"] },
            { "resource": "Records", "scopes": ["p1:read:user"] },
            { "resource": "Orders", "scopes": ["orders:read", "orders:write"] },
        ],
    });
    for (name, value) in changes.as_object().unwrap() {
        application[name] = value.clone();
    }
    server
        .import(&json!({ "environments": [ {
            "id": tenant.id, "name": "First", "applications": [application],
            "resources": [
                { "name": "Records", "audience": "https://records.example", "scopes": ["p1:read:user"] },
                { "name": "Orders", "audience": "https://orders.example",
                  "scopes": ["orders:read", "orders:write"] },
            ],
        } ] }))
        .await;
}

/// A form of the application to one of the endpoints.
async fn call(server: &TestServer, endpoint: &str, fields: &[(&str, &str)]) -> Answer {
    let tenant = &server.tenant;
    let mut form = vec![
        ("client_id", tenant.post.id.as_str()),
        ("client_secret", tenant.post.secret.as_str()),
    ];
    form.extend(fields);
    let browser = tenant.browser();
    let request = browser.post(tenant.endpoint(endpoint)).form(form);
    request.send().await
}

/// A flow that somebody signed on in, and where its answer is fetched.
struct Open {
    browser: Browser,
    resume: String,
}

impl Open {
    async fn begin(server: &TestServer, response_type: &str, scope: &str) -> Self {
        let tenant = &server.tenant;
        let browser = tenant.browser();
        let request = tenant.authorize(&tenant.post).set("scope", scope);
        let page = request
            .set("response_type", response_type)
            .send(&browser)
            .await;
        let flow = query(&page.redirect())["flowId"].clone();
        let person = &tenant.person;
        let done = tenant.check_password(&browser, &flow, &person.username, &person.password);
        let resume = done.await.expect_status(200).text("/resumeUrl");
        Self { browser, resume }
    }

    async fn answer(&self) -> Answer {
        self.browser.get(&self.resume).send().await
    }
}

async fn code(server: &TestServer, scope: &str) -> String {
    let tenant = &server.tenant;
    let request = tenant.authorize(&tenant.post).set("scope", scope);
    request.code(&tenant.browser()).await
}

async fn redeem(server: &TestServer, code: &str) -> Answer {
    let tenant = &server.tenant;
    tenant
        .redeem(&tenant.post, code)
        .send(&tenant.browser())
        .await
}

async fn refresh(server: &TestServer, token: &str) -> Answer {
    call(
        server,
        "token",
        &[("grant_type", "refresh_token"), ("refresh_token", token)],
    )
    .await
}

/// A device that somebody let in: its code.
async fn device(server: &TestServer, scope: &str) -> String {
    let codes = call(server, "device_authorization", &[("scope", scope)])
        .await
        .expect_status(200);
    let link = codes.text("/verification_uri_complete");
    let _ = server
        .tenant
        .connect_device(&server.tenant.browser(), &link)
        .await;
    codes.text("/device_code")
}

async fn of_device(server: &TestServer, code: &str) -> Answer {
    call(
        server,
        "token",
        &[("grant_type", DEVICE), ("device_code", code)],
    )
    .await
}

/// Deletes a custom resource and makes one of the same name with the same scope, granted again.
async fn made_again(server: &TestServer, api: &Api, name: &str, scope: &str) {
    let tenant = &server.tenant;
    let all = format!("/environments/{}/resources", tenant.id);
    let list = api.get(&all).await.expect_status(200).json();
    let list = list["_embedded"]["resources"].as_array().unwrap().clone();
    let old = list.iter().find(|it| it["name"] == name).unwrap();
    let _ = api
        .delete(&format!("{all}/{}", text(old, "/id")))
        .await
        .expect_status(204);
    let body = json!({ "name": name, "audience": old["audience"] });
    let new = Api::created(api.post(&all, body).await);
    let scopes = format!("{all}/{}/scopes", text(&new, "/id"));
    let scope = Api::created(api.post(&scopes, json!({ "name": scope })).await);
    let grants = format!(
        "/environments/{}/applications/{}/grants",
        tenant.id, tenant.post.id
    );
    let grant = json!({ "resource": { "id": new["id"] }, "scopes": [{ "id": scope["id"] }] });
    let _ = Api::created(api.post(&grants, grant).await);
}

/// Whom an access token is for, and whether it opens the person's own record.
async fn is_for(server: &TestServer, token: &Value) -> (Value, bool) {
    let tenant = &server.tenant;
    let audience = tenant.verify(token).await.claims["aud"].clone();
    let me = Api::with(server, token.as_str().unwrap().to_owned());
    let path = format!("/environments/{}/users/{}", tenant.id, tenant.person.id);
    (audience, me.get(&path).await.status == 200)
}

#[track_caller]
fn error_of(answer: &Answer) -> Option<String> {
    let to = answer.redirect();
    assert_eq!(to.host_str(), Some("client.example"), "{to}");
    let mut found = query(&to);
    found.extend(fragment(&to));
    found.remove("error")
}

on_every_adapter! {
    /// `reference/oidc.md` 7.2, 19.4: a scope is one of its resource, not a name.
    async fn threat_14_a_scope_goes_with_its_resource(server: TestServer) {
        let tenant = &server.tenant;
        let api = admin(&server).await;
        let both = "openid p1:read:user";
        configure(&server, json!({})).await;
        let first = redeem(&server, &code(&server, both).await).await.expect_status(200).json();
        let expected = (json!(["https://records.example"]), false);
        assert_eq!(is_for(&server, &first["access_token"]).await, expected);
        let alone = redeem(&server, &code(&server, "p1:read:user").await).await.expect_status(200);
        let code_of_both = code(&server, both).await;
        let code_of_one = code(&server, "p1:read:user").await;
        let device_of_both = device(&server, both).await;
        let front = Open::begin(&server, "token id_token", both).await;
        let nothing = Open::begin(&server, "token", "p1:read:user").await;
        made_again(&server, &api, "Records", "p1:read:user").await;

        let api_only = (json!([server.base.clone()]), false);
        let refreshed = refresh(&server, first["refresh_token"].as_str().unwrap()).await;
        for left in [
            refreshed,
            redeem(&server, &code_of_both).await,
            of_device(&server, &device_of_both).await,
        ] {
            let left = left.expect_status(200).json();
            assert_eq!(left["scope"], "openid");
            assert_eq!(is_for(&server, &left["access_token"]).await, api_only);
        }
        let left = fragment(&front.answer().await.redirect());
        assert_eq!(left["scope"], "openid");
        assert_eq!(is_for(&server, &json!(left["access_token"])).await, api_only);
        // Where nothing else was granted, nothing is left.
        for nothing in [
            refresh(&server, &alone.text("/refresh_token")).await,
            redeem(&server, &code_of_one).await,
        ] {
            assert_eq!(nothing.expect_status(400).text("/error"), "invalid_scope");
        }
        assert_eq!(error_of(&nothing.answer().await).as_deref(), Some("invalid_scope"));
        // The new resource has its own tokens.
        let new = redeem(&server, &code(&server, both).await).await.expect_status(200).json();
        assert_eq!(is_for(&server, &new["access_token"]).await, expected);
        let _ = tenant.userinfo(new["access_token"].as_str().unwrap()).await.expect_status(200);
    }

    /// `reference/oidc.md` 3.3, 19.4
    async fn threat_14_a_grant_that_is_withdrawn_half_way_is_not_in_the_tokens(server: TestServer) {
        let scope = "openid profile orders:read orders:write";
        configure(&server, json!({})).await;
        let issued = code(&server, scope).await;
        let front = Open::begin(&server, "token id_token", scope).await;
        let back = Open::begin(&server, "code", scope).await;
        let none = Open::begin(&server, "code", "orders:read").await;
        configure(&server, json!({ "grants": [
            { "resource": "openid", "scopes": ["email"] },
            { "resource": "Orders", "scopes": ["orders:write"] },
        ] })).await;
        let left = "openid orders:write";
        assert_eq!(fragment(&front.answer().await.redirect())["scope"], left);
        let later = code_of(&back.answer().await.redirect());
        for code in [issued, later] {
            let tokens = redeem(&server, &code).await.expect_status(200).json();
            assert_eq!(tokens["scope"], left);
            let id = server.tenant.verify(&tokens["id_token"]).await;
            assert!(id.claims.get("given_name").is_none(), "{:?}", id.claims);
        }
        assert_eq!(error_of(&none.answer().await).as_deref(), Some("invalid_scope"));
    }

    /// `reference/oidc.md` 3.3
    async fn threat_12_a_response_type_that_is_taken_away_half_way_is_not_answered(server: TestServer) {
        for (response_type, less) in [
            ("token id_token", json!({ "grantTypes": ["AUTHORIZATION_CODE"] })),
            ("token id_token", json!({ "responseTypes": ["CODE", "ID_TOKEN"] })),
            ("code token", json!({ "grantTypes": ["AUTHORIZATION_CODE"] })),
            ("code", json!({ "grantTypes": ["IMPLICIT"] })),
            ("code", json!({ "responseTypes": ["TOKEN"] })),
        ] {
            configure(&server, json!({})).await;
            let open = Open::begin(&server, response_type, "openid").await;
            configure(&server, less.clone()).await;
            let answer = open.answer().await;
            assert_eq!(error_of(&answer).as_deref(), Some("unauthorized_client"), "{response_type} {less}");
            let to = answer.redirect().to_string();
            assert!(!to.contains("token=") && !to.contains("code="), "{to}");
            let again = open.answer().await.location().map(String::from).unwrap_or_default();
            assert!(!again.contains("token=") && !again.contains("code="), "{again}");
        }
    }

    /// `reference/oidc.md` 3.8
    async fn threat_1_a_redirect_uri_that_is_taken_away_half_way_gets_nothing(server: TestServer) {
        let tenant = &server.tenant;
        let here = countersign_testkit::REDIRECT_URI;
        let with = |uri: &str| json!({ "redirectUris": [uri] });
        configure(&server, with(here)).await;
        let issued = code(&server, "openid").await;
        let mut open = Vec::new();
        for response_type in ["code", "token id_token"] {
            open.push(Open::begin(&server, response_type, "openid").await);
        }
        // One that nobody signed on in yet, one of which the answer is an error, and pushed ones.
        let browser = tenant.browser();
        let unfinished = tenant.authorize(&tenant.post).send(&browser).await.redirect();
        let resume = format!("{}?flowId={}", tenant.endpoint("resume"), query(&unfinished)["flowId"]);
        let mut pushed = Vec::new();
        for prompt in ["none", "login"] {
            let request = tenant.authorize(&tenant.post).set("prompt", prompt);
            let form: Vec<_> = request.parameters().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let form: Vec<_> = form.into_iter().filter(|(name, _)| *name != "client_id").collect();
            pushed.push(call(&server, "par", &form).await.expect_status(201).text("/request_uri"));
        }
        configure(&server, with("https://client.example/elsewhere")).await;
        let mut answers = Vec::new();
        for open in &open {
            answers.push(open.answer().await);
            answers.push(open.answer().await);
        }
        answers.push(browser.get(&resume).send().await);
        for uri in &pushed {
            let mut url = url::Url::parse(&tenant.endpoint("authorize")).unwrap();
            url.query_pairs_mut().append_pair("client_id", &tenant.post.id).append_pair("request_uri", uri);
            answers.push(tenant.browser().get(&url).send().await);
        }
        for answer in answers {
            assert!(answer.location().is_none(), "{:?}", answer.location());
            let answer = answer.expect_status(400);
            assert!(!answer.body.contains("client.example/callback"), "{}", answer.body);
        }
        let refused = redeem(&server, &issued).await.expect_status(400);
        assert_eq!(refused.text("/error"), "invalid_grant");
        // It used nothing up: put back, it counts again.
        configure(&server, with(here)).await;
        let _ = redeem(&server, &issued).await.expect_status(200);
        assert_eq!(error_of(&open[0].answer().await), None);
    }
}
