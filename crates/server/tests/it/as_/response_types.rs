//! `response_type=...` at `/{envID}/as/authorize`: each by each mode, and what is refused

use countersign_testkit::{
    Answer, Authorize, Browser, TestServer, fragment, jwt, on_every_adapter, query,
};
use serde_json::{Map, Value, json};

const TYPES: [&str; 7] = [
    "code",
    "token",
    "id_token",
    "token id_token",
    "code token",
    "code id_token",
    "code id_token token",
];
const MODES: [&str; 4] = ["query", "fragment", "form_post", "pi.flow"];

/// Lets the web application use every response type; `changes` to its other settings.
async fn allow_all(server: &TestServer, changes: &Value) {
    let mut application = json!({
        "id": server.tenant.web.id, "name": "Web",
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT"],
        "responseTypes": ["CODE", "TOKEN", "ID_TOKEN"],
    });
    for (name, value) in changes.as_object().unwrap() {
        application[name] = value.clone();
    }
    application["grants"] = application.get("grants").cloned().unwrap_or_else(|| {
        json!([
            { "resource": "openid", "scopes": ["profile", "email"] },
            { "resource": "Orders", "scopes": ["orders:read"] },
            { "resource": "Stock", "scopes": ["stock:read"] },
        ])
    });
    // One that may not authorize at all.
    let closed = json!({ "id": server.tenant.post.id, "name": "Web with post", "grantTypes": [] });
    let environment = json!({
        "id": server.tenant.id, "name": "First", "applications": [application, closed],
        "resources": [
            { "name": "Orders", "scopes": ["orders:read"] },
            { "name": "Stock", "scopes": ["stock:read"] },
        ],
    });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

async fn set(server: &TestServer, settings: Value) {
    let environment = json!({ "id": server.tenant.id, "name": "First", "countersign": settings });
    server
        .import(&json!({ "environments": [environment] }))
        .await;
}

/// The parameters of an answer, however they travel; and how they did.
fn parameters(answer: &Answer) -> (&'static str, Map<String, Value>) {
    let members = |pairs: std::collections::BTreeMap<String, String>| {
        pairs
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect()
    };
    if answer.status == 302 {
        let redirect = answer.redirect();
        return match (redirect.query(), redirect.fragment()) {
            (Some(_), None) => ("query", members(query(&redirect))),
            (None, Some(_)) => ("fragment", members(fragment(&redirect))),
            other => panic!("{other:?}"),
        };
    }
    if answer
        .header("content-type")
        .unwrap_or_default()
        .starts_with("text/html")
    {
        let form = answer.form();
        let fields = form.fields.iter().cloned();
        return ("form_post", members(fields.collect()));
    }
    let body = answer.json();
    match &body["authorizeResponse"] {
        Value::Object(response) => ("pi.flow", response.clone()),
        _ => panic!("{body}"),
    }
}

/// Signs on however the mode asks for it; the answer carries the response.
async fn sign_on(
    server: &TestServer,
    browser: &Browser,
    request: &Authorize<'_>,
    mode: &str,
) -> Answer {
    let tenant = &server.tenant;
    if mode != "pi.flow" {
        return request.sign_on(browser).await;
    }
    let flow = request.send(browser).await.expect_status(200).text("/id");
    let person = &tenant.person;
    let done = tenant
        .check_password(browser, &flow, &person.username, &person.password)
        .await;
    let resume = done.expect_status(200).text("/resumeUrl");
    browser.get(resume).send().await.expect_status(200)
}

/// Whether the response has exactly what its type names, bound together.
async fn check(server: &TestServer, kind: &str, response: &Map<String, Value>) {
    let tenant = &server.tenant;
    let has = |word: &str| kind.split(' ').any(|it| it == word);
    let mut expected: Vec<&str> = vec!["state"];
    if has("code") {
        expected.push("code");
    }
    if has("token") {
        expected.extend(["access_token", "token_type", "expires_in", "scope"]);
    }
    if has("id_token") {
        expected.push("id_token");
    }
    expected.sort_unstable();
    let mut names: Vec<&str> = response.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, expected, "{kind}");
    assert_eq!(response["state"], "the state & more");
    if has("token") {
        assert_eq!(response["token_type"], "Bearer");
        assert_eq!(response["scope"], "openid profile email");
        let seconds = match &response["expires_in"] {
            Value::Number(number) => number.as_i64().unwrap(),
            text => text.as_str().unwrap().parse().unwrap(),
        };
        assert_eq!(seconds, 3600);
        let access = response["access_token"].as_str().unwrap();
        let claims = tenant.userinfo(access).await.expect_status(200).json();
        assert_eq!(claims["sub"], json!(tenant.person.id));
    }
    if has("id_token") {
        let id = tenant.verify(&response["id_token"]).await;
        assert_eq!(id.text("aud"), tenant.web.id);
        assert_eq!(id.text("nonce"), "the nonce");
        assert_eq!(id.text("sub"), tenant.person.id);
        let hash_of = |name: &str| match response.get(name) {
            Some(value) => json!(jwt::half_hash(value.as_str().unwrap())),
            None => Value::Null,
        };
        assert_eq!(id.claims["at_hash"], hash_of("access_token"), "{kind}");
        assert_eq!(id.claims["c_hash"], hash_of("code"), "{kind}");
    }
}

fn error_of(answer: &Answer) -> (&'static str, String) {
    let (travels, response) = parameters(answer);
    assert_eq!(response["state"], "the state & more");
    for token in ["code", "access_token", "id_token"] {
        assert!(!response.contains_key(token), "{response:?}");
    }
    (travels, response["error"].as_str().unwrap().to_owned())
}

/// How a request of a type travels by a mode; `None` where the two do not go together.
fn travels(kind: &str, mode: Option<&'static str>) -> Option<&'static str> {
    match (kind, mode) {
        ("code", None) => Some("query"),
        (_, None) => Some("fragment"),
        ("code", Some(mode)) => Some(mode),
        (_, Some("query")) => None,
        (_, Some(mode)) => Some(mode),
    }
}

fn table() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let modes = || std::iter::once(None).chain(MODES.map(Some));
    TYPES
        .into_iter()
        .flat_map(move |kind| modes().map(move |mode| (kind, mode)))
}

fn request<'a>(server: &'a TestServer, kind: &str, mode: Option<&str>) -> Authorize<'a> {
    let tenant = &server.tenant;
    let request = tenant.authorize(&tenant.web).set("response_type", kind);
    match mode {
        Some("pi.flow") => request.pi_flow(),
        Some(mode) => request.set("response_mode", mode),
        None => request,
    }
}

on_every_adapter! {
    /// After a sign-on, and again with the session that it left.
    async fn each_type_travels_by_each_mode_that_may_carry_it(server: TestServer) {
        allow_all(&server, &json!({})).await;
        for (kind, mode) in table() {
            let request = request(&server, kind, mode);
            let Some(expected) = travels(kind, mode) else {
                let (by, error) = error_of(&request.send(&server.tenant.browser()).await);
                assert_eq!((by, error.as_str()), ("fragment", "invalid_request"), "{kind}");
                continue;
            };
            let browser = server.tenant.browser();
            let answer = sign_on(&server, &browser, &request, mode.unwrap_or_default()).await;
            let (by, response) = parameters(&answer);
            assert_eq!(by, expected, "{kind} by {mode:?}");
            check(&server, kind, &response).await;
            if let Some(code) = response.get("code") {
                let redeem = server.tenant.redeem(&server.tenant.web, code.as_str().unwrap());
                let redeem = if expected == "pi.flow" { redeem.remove("redirect_uri") } else { redeem };
                let tokens = redeem.send(&browser).await.expect_status(200);
                let id = server.tenant.verify(&json!(tokens.text("/id_token"))).await;
                assert_eq!(id.text("nonce"), "the nonce");
            }
            let (by, response) = parameters(&request.clone().set("prompt", "none").send(&browser).await);
            assert_eq!(by, expected, "{kind} by {mode:?}");
            check(&server, kind, &response).await;
        }
    }

    async fn every_refusal_travels_like_the_answer_would(server: TestServer) {
        allow_all(&server, &json!({})).await;
        for (kind, mode) in table() {
            let Some(expected) = travels(kind, mode) else { continue };
            let good = request(&server, kind, mode);
            // What the client reads: `error`, or by `pi.flow` what the first detail is about.
            let with = |name: &str, value: &str| good.clone().set(name, value);
            let mut cases = vec![
                ("login_required", "", with("prompt", "none")),
                ("invalid_request", "prompt", with("prompt", "none login")),
                ("invalid_request", "acr_values", with("acr_values", "NoSuchPolicy")),
                ("invalid_request", "max_age", with("max_age", "soon")),
                ("invalid_request", "nonce", with("nonce", &"n".repeat(9_000))),
                ("invalid_scope", "scope", with("scope", "unheard:of")),
                ("invalid_scope", "scope", with("scope", "orders:read stock:read")),
                ("invalid_request_object", "request", with("request", "not.a.token")),
                ("request_uri_not_supported", "request_uri", with("request_uri", "https://client.example/r")),
                ("unauthorized_client", "response_type", with("client_id", &server.tenant.post.id)),
            ];
            if kind.contains("id_token") {
                cases.push(("invalid_scope", "scope", with("scope", "profile email")));
            }
            if kind.contains("code") {
                cases.push(("invalid_request", "code_challenge_method", with("code_challenge_method", "S512")));
                cases.push(("invalid_request", "code_challenge", with("code_challenge", "short")));
            }
            for (error, target, request) in cases {
                let answer = request.send(&server.tenant.browser()).await;
                if expected == "pi.flow" {
                    let body = answer.expect_status(400).json();
                    let detail = &body["details"][0];
                    assert!(detail["code"].is_string(), "{body}");
                    let about = detail["target"].as_str().unwrap_or_default();
                    assert_eq!(about, target, "{}", request.url());
                    continue;
                }
                assert_eq!(error_of(&answer), (expected, error.to_owned()), "{}", request.url());
            }
            // Threat 5: nothing goes where nobody is known to wait.
            for request in [with("client_id", "nobody"), with("redirect_uri", "https://evil.example/")] {
                let answer = request.send(&server.tenant.browser()).await.expect_status(400);
                assert_eq!(answer.header("location"), None, "{}", request.url());
            }
        }
    }

    /// The person signs on, and the application does not let them in; the same with their session.
    async fn a_denial_travels_like_the_answer_would(server: TestServer) {
        let nobody = json!({ "group": { "type": "ANY_GROUP", "groups": [] } });
        allow_all(&server, &json!({ "accessControl": nobody })).await;
        for (kind, mode) in table() {
            let Some(expected) = travels(kind, mode) else { continue };
            let request = request(&server, kind, mode);
            let browser = server.tenant.browser();
            let first = sign_on(&server, &browser, &request, mode.unwrap_or_default()).await;
            for answer in [first, request.send(&browser).await] {
                if expected == "pi.flow" {
                    let flow = answer.expect_status(200).json();
                    assert_eq!(flow["status"], "FAILED", "{kind}");
                    assert_eq!(flow["error"]["code"], "access_denied", "{kind}");
                    assert!(flow.get("authorizeResponse").is_none(), "{flow}");
                    // It stays so.
                    let again = browser.get(flow["resumeUrl"].as_str().unwrap()).send().await;
                    assert_eq!(again.expect_status(200).text("/status"), "FAILED");
                    continue;
                }
                let denied = (expected, "access_denied".to_owned());
                assert_eq!(error_of(&answer), denied, "{kind} by {mode:?}");
            }
        }
    }

    async fn an_application_gets_only_what_it_is_set_to(server: TestServer) {
        let only = |grants: Value, types: Value| json!({ "grantTypes": grants, "responseTypes": types });
        let (code, front) = ("AUTHORIZATION_CODE", "IMPLICIT");
        for (settings, allowed) in [
            (only(json!([code]), json!(["CODE", "TOKEN", "ID_TOKEN"])), vec!["code"]),
            (only(json!([front]), json!(["CODE", "TOKEN", "ID_TOKEN"])), vec!["token", "id_token", "token id_token"]),
            (only(json!([code, front]), json!(["CODE"])), vec!["code"]),
            (only(json!([code, front]), json!(["ID_TOKEN"])), vec!["id_token"]),
            (only(json!([code, front]), json!(["CODE", "TOKEN"])), vec!["code", "token", "code token"]),
            (only(json!([]), json!([])), vec![]),
        ] {
            allow_all(&server, &settings).await;
            for kind in TYPES {
                let request = request(&server, kind, None).set("prompt", "none");
                let (_, error) = error_of(&request.send(&server.tenant.browser()).await);
                let expected = if allowed.contains(&kind) { "login_required" } else { "unauthorized_client" };
                assert_eq!(error, expected, "{kind} under {settings}");
            }
        }
        allow_all(&server, &json!({})).await;
        for unknown in ["none", "code code", "Token", "id_token  token", "device"] {
            let request = request(&server, unknown, None);
            let answer = request.send(&server.tenant.browser()).await;
            assert_eq!(error_of(&answer), ("query", "unsupported_response_type".to_owned()));
        }
    }

    async fn a_nonce_is_needed_only_where_the_environment_is_strict(server: TestServer) {
        allow_all(&server, &json!({})).await;
        for strict in [false, true] {
            set(&server, json!({ "nonceRequired": strict })).await;
            for kind in TYPES {
                let request = request(&server, kind, None).remove("nonce").set("prompt", "none");
                let (_, error) = error_of(&request.send(&server.tenant.browser()).await);
                let refused = strict && kind.contains("id_token");
                let expected = if refused { "invalid_request" } else { "login_required" };
                assert_eq!(error, expected, "{kind}");
            }
        }
    }

    async fn an_unknown_acr_value_is_a_wish_only_where_the_environment_says_so(server: TestServer) {
        allow_all(&server, &json!({})).await;
        for ignored in [false, true] {
            set(&server, json!({ "unknownAcrValuesIgnored": ignored })).await;
            for names in ["1 2", "1 Single_Factor"] {
                let request = request(&server, "code", None).set("acr_values", names).set("prompt", "none");
                let (_, error) = error_of(&request.send(&server.tenant.browser()).await);
                assert_eq!(error, if ignored { "login_required" } else { "invalid_request" }, "{names}");
            }
        }
    }

    async fn offline_access_is_of_no_use_without_a_code(server: TestServer) {
        let resource = json!({ "name": "openid", "scopes": ["offline_access"] });
        let environment = json!({ "id": server.tenant.id, "name": "First", "resources": [resource] });
        server.import(&json!({ "environments": [environment] })).await;
        let scopes = ["openid", "offline_access"];
        allow_all(&server, &json!({ "grants": [{ "resource": "openid", "scopes": scopes }] })).await;
        for (kind, granted) in [("token id_token", "openid"), ("code token", "openid offline_access")] {
            let request = request(&server, kind, None).set("scope", "openid offline_access");
            let (_, response) = parameters(&request.sign_on(&server.tenant.browser()).await);
            assert_eq!(response["scope"], granted);
            assert!(!response.contains_key("refresh_token"));
        }
        let request = request(&server, "token", None).set("scope", "offline_access");
        let (_, error) = error_of(&request.send(&server.tenant.browser()).await);
        assert_eq!(error, "invalid_scope");
    }

    async fn threat_7_every_answer_names_its_issuer_where_the_environment_says_so(server: TestServer) {
        allow_all(&server, &json!({})).await;
        let discovery = server.tenant.endpoint(".well-known/openid-configuration");
        for wanted in [true, false] {
            set(&server, json!({ "authorizationResponseIss": wanted })).await;
            server.poll_changes().await;
            let document = server.tenant.browser().get(&discovery).send().await.expect_status(200).json();
            assert_eq!(document["authorization_response_iss_parameter_supported"], json!(wanted));
            let expected = wanted.then(|| json!(server.tenant.issuer()));
            for (kind, mode) in [("code", None), ("code", Some("pi.flow")), ("id_token", Some("form_post")), ("token", None)] {
                let request = request(&server, kind, mode);
                let answer = sign_on(&server, &server.tenant.browser(), &request, mode.unwrap_or_default()).await;
                assert_eq!(parameters(&answer).1.get("iss").cloned(), expected, "{kind}");
                if mode != Some("pi.flow") {
                    let silent = request.set("prompt", "none").send(&server.tenant.browser()).await;
                    assert_eq!(parameters(&silent).1.get("iss").cloned(), expected, "{kind}");
                }
            }
        }
    }

    /// The tokens need no document of their own: authorize, password, resume.
    async fn a_sign_on_for_tokens_alone_is_three_durable_writes(server: TestServer) {
        allow_all(&server, &json!({})).await;
        let browser = server.tenant.browser();
        let request = request(&server, "token id_token", None);
        let before = server.counts.commits();
        let _ = request.sign_on(&browser).await.redirect();
        assert_eq!(server.counts.commits() - before, 3);
        let _ = request.send(&browser).await.redirect();
        assert_eq!(server.counts.commits() - before, 3);
    }

    async fn threat_12_no_second_token_comes_out_of_a_flow(server: TestServer) {
        allow_all(&server, &json!({})).await;
        let browser = server.tenant.browser();
        let request = request(&server, "token id_token", Some("pi.flow"));
        let flow = request.send(&browser).await.expect_status(200).text("/id");
        let person = &server.tenant.person;
        let done = server.tenant.check_password(&browser, &flow, &person.username, &person.password).await;
        let resume = done.expect_status(200).text("/resumeUrl");
        for other in ["&response_type=code", "&response_mode=query", "&response_type=token"] {
            let strange = tenant_browser_resume(&server, &format!("{resume}{other}")).await;
            assert_eq!(strange, 404);
        }
        let first = browser.get(format!("{resume}&response_type=code")).send().await.expect_status(200);
        let (_, response) = parameters(&first);
        assert!(!response.contains_key("code") && response.contains_key("id_token"));
        let again = browser.get(&resume).send().await.expect_status(400);
        assert!(!again.body.contains("id_token"));
    }

    async fn threat_19_who_is_disabled_half_way_gets_no_token(server: TestServer) {
        allow_all(&server, &json!({})).await;
        let tenant = &server.tenant;
        for what in ["user", "application"] {
            let browser = tenant.browser();
            let request = request(&server, "token id_token", Some("pi.flow"));
            let flow = request.send(&browser).await.expect_status(200).text("/id");
            let person = &tenant.person;
            let done = tenant.check_password(&browser, &flow, &person.username, &person.password).await;
            let resume = done.expect_status(200).text("/resumeUrl");
            let environment = if what == "user" {
                let user = json!({ "id": person.id, "username": person.username, "enabled": false });
                json!({ "id": tenant.id, "name": "First", "users": [user] })
            } else {
                let user = json!({ "id": person.id, "username": person.username, "enabled": true });
                let application = json!({ "id": tenant.web.id, "name": "Web", "enabled": false });
                json!({ "id": tenant.id, "name": "First", "users": [user], "applications": [application] })
            };
            server.import(&json!({ "environments": [environment] })).await;
            let answer = browser.get(&resume).send().await;
            assert!(!answer.body.contains("access_token"), "{what}");
            if what == "user" {
                assert_eq!(answer.expect_status(200).text("/error/code"), "access_denied");
                let user = json!({ "id": person.id, "username": person.username, "enabled": true });
                let environment = json!({ "id": tenant.id, "name": "First", "users": [user] });
                server.import(&json!({ "environments": [environment] })).await;
            } else {
                let _ = answer.expect_status(400);
            }
        }
    }
}

/// Another browser asks for somebody's answer.
async fn tenant_browser_resume(server: &TestServer, url: &str) -> u16 {
    server.tenant.browser().get(url).send().await.status
}
