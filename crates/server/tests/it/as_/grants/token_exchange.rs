//! `grant_type=urn:ietf:params:oauth:grant-type:token-exchange`

use std::time::Duration;

use countersign_testkit::{Answer, TestServer, on_every_adapter};
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";

/// The application that trades is confidential; the person signs on to the native one.
async fn configure(server: &TestServer, attributes: Value) {
    let tenant = &server.tenant;
    server.import(&json!({ "environments": [ {
        "id": tenant.id, "name": "First",
        "resources": [
            { "name": "Orders", "audience": "https://orders.example", "scopes": ["orders:read"],
              "attributes": [{ "name": "may_act", "value": format!("${{{{'sub': '{}'}}}}", tenant.post.id) }] },
            { "name": "Points", "audience": "https://points.example", "accessTokenValiditySeconds": 300,
              "scopes": ["points:read", "points:write"], "attributes": attributes },
        ],
        "applications": [
            { "id": tenant.native.id, "name": "Native", "grants": [
                { "resource": "openid", "scopes": ["profile"] },
                { "resource": "Orders", "scopes": ["orders:read"] },
            ] },
            { "id": tenant.post.id, "name": "Web with post",
              "grantTypes": ["AUTHORIZATION_CODE", "TOKEN_EXCHANGE", "CLIENT_CREDENTIALS"],
              "grants": [
                { "resource": "openid", "scopes": ["profile"] },
                { "resource": "Points", "scopes": ["points:read"] },
            ] },
        ],
    } ] })).await;
}

/// What the delegation page of PingOne does: the actor must be the one that the subject names.
fn delegation() -> Value {
    let actor = "#root.context.requestData.actorToken.client_id";
    let named = "#root.context.requestData.subjectToken.may_act.sub";
    json!([{ "name": "act", "required": true, "value": format!(
        "${{{named} != null and {named} == {actor} ? {{'sub': {actor}}} : null}}"
    ) }])
}

async fn user_tokens(server: &TestServer) -> Value {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    let authorize = tenant
        .authorize(&tenant.native)
        .set("scope", "openid orders:read");
    let code = authorize.code(&browser).await;
    tenant
        .redeem(&tenant.native, &code)
        .send(&browser)
        .await
        .expect_status(200)
        .json()
}

async fn ask(server: &TestServer, fields: &[(&str, &str)]) -> Answer {
    let post = &server.tenant.post;
    let mut form = vec![
        ("client_id", post.id.as_str()),
        ("client_secret", &post.secret),
    ];
    form.extend(fields);
    let browser = server.tenant.browser();
    browser
        .post(server.tenant.endpoint("token"))
        .form(form)
        .send()
        .await
}

async fn exchange(server: &TestServer, token: &str, kind: &str, more: &[(&str, &str)]) -> Answer {
    let mut fields = vec![
        ("grant_type", GRANT),
        ("subject_token", token),
        ("subject_token_type", kind),
    ];
    if !more.iter().any(|(name, _)| *name == "scope") {
        fields.push(("scope", "points:read"));
    }
    fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    ask(server, &fields).await
}

fn text(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap_or_default().to_owned()
}

#[track_caller]
fn is_error(answer: &Answer, error: &str) {
    assert_eq!(
        (answer.status, answer.text("/error").as_str()),
        (400, error),
        "{}",
        answer.body
    );
}

on_every_adapter! {
    async fn a_token_of_one_resource_becomes_one_of_another(server: TestServer) {
        configure(&server, json!([])).await;
        let tenant = &server.tenant;
        let tokens = user_tokens(&server).await;
        let before = server.counts.commits();
        for (name, kind) in [("access_token", ACCESS), ("id_token", ID)] {
            let answer = exchange(&server, &text(&tokens, name), kind, &[]).await.expect_status(200).json();
            assert_eq!(answer["issued_token_type"], ACCESS);
            assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(300)));
            assert_eq!(answer["scope"], "points:read");
            for absent in ["id_token", "refresh_token"] {
                assert!(answer.get(absent).is_none(), "{absent}");
            }
            let old = tenant.verify(&tokens["access_token"]).await;
            let new = tenant.verify(&answer["access_token"]).await;
            for same in ["sub", "sid", "auth_time", "acr", "env", "org", "p1.userId", "iss"] {
                assert_eq!(old.claims[same], new.claims[same], "{same}");
            }
            assert_eq!(new.claims["client_id"], tenant.post.id);
            assert_eq!(new.claims["aud"], json!(["https://points.example"]));
            assert_ne!(old.claims["jti"], new.claims["jti"]);
            assert!(new.claims.get("may_act").is_none(), "claims come from the target's mappings");
        }
        assert_eq!(server.counts.commits(), before, "nothing is written");
    }

    async fn delegation_is_what_a_required_mapping_says(server: TestServer) {
        configure(&server, delegation()).await;
        let tokens = user_tokens(&server).await;
        let subject = text(&tokens, "access_token");
        let fields = [("grant_type", "client_credentials"), ("scope", "points:read")];
        // The actor's own token cannot carry a required `act`, so the mapping is optional for it.
        is_error(&ask(&server, &fields).await, "access_denied");
        let mut optional = delegation();
        optional[0]["required"] = json!(false);
        configure(&server, optional).await;
        let actor = ask(&server, &fields).await.expect_status(200).text("/access_token");
        configure(&server, delegation()).await;
        let with_actor = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
        let answer = exchange(&server, &subject, ACCESS, &with_actor).await.expect_status(200).json();
        let token = server.tenant.verify(&answer["access_token"]).await;
        assert_eq!(token.claims["act"], json!({ "sub": server.tenant.post.id }));
        assert_eq!(token.claims["sub"], server.tenant.person.id);
        // Without the actor, and for a subject that names nobody, nothing is issued.
        is_error(&exchange(&server, &subject, ACCESS, &[]).await, "access_denied");
        is_error(&exchange(&server, &text(&tokens, "id_token"), ID, &with_actor).await, "access_denied");
    }

    async fn parameters_have_their_errors(server: TestServer) {
        configure(&server, json!([])).await;
        let token = text(&user_tokens(&server).await, "access_token");
        let all = async |more: &[(&str, &str)]| exchange(&server, &token, ACCESS, more).await;
        let _ = all(&[("requested_token_type", ACCESS)]).await.expect_status(200);
        is_error(&all(&[("requested_token_type", ID)]).await, "invalid_request");
        is_error(&all(&[("scope", "")]).await, "invalid_scope");
        for scope in ["openid", "openid points:read", "profile points:read", "points:write", "p1:read:user"] {
            is_error(&all(&[("scope", scope)]).await, "invalid_scope");
        }
        is_error(&all(&[("actor_token", "x")]).await, "invalid_request");
        is_error(&all(&[("actor_token_type", ACCESS)]).await, "invalid_request");
        is_error(&all(&[("actor_token", "x"), ("actor_token_type", ACCESS)]).await, "invalid_request");
        for kind in ["", ID, "pingone_gateway_credential", "urn:ietf:params:oauth:token-type:jwt"] {
            is_error(&exchange(&server, &token, kind, &[]).await, "invalid_request");
        }
        is_error(&exchange(&server, "", ACCESS, &[]).await, "invalid_request");
        // A gateway has no client to authenticate.
        let gateway = [
            ("grant_type", GRANT), ("subject_token", "x"), ("subject_token_type", "pingone_gateway_credential"),
        ];
        let tenant = &server.tenant;
        let refused = tenant.browser().post(tenant.endpoint("token")).form(gateway).send().await;
        is_error(&refused, "invalid_request");
        assert!(refused.text("/error_description").contains("subject_token_type"));
        // A client's own token has nobody's session behind it.
        let fields = [("grant_type", "client_credentials"), ("scope", "points:read")];
        let own = ask(&server, &fields).await.expect_status(200).text("/access_token");
        is_error(&exchange(&server, &own, ACCESS, &[]).await, "invalid_request");
    }

    async fn who_may_trade(server: TestServer) {
        configure(&server, json!([])).await;
        let tenant = &server.tenant;
        let token = text(&user_tokens(&server).await, "access_token");
        let ask_as = async |fields: &[(&str, &str)]| {
            let mut form = vec![
                ("grant_type", GRANT), ("subject_token", token.as_str()),
                ("subject_token_type", ACCESS), ("scope", "points:read"),
            ];
            form.extend(fields);
            tenant.browser().post(tenant.endpoint("token")).form(form).send().await
        };
        is_error(&ask_as(&[("client_id", &tenant.native.id)]).await, "unauthorized_client");
        // Not even when its grantTypes say so: it proves nothing.
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "applications": [
            { "id": tenant.native.id, "name": "Native", "grantTypes": ["AUTHORIZATION_CODE", "TOKEN_EXCHANGE"] },
        ] } ] })).await;
        is_error(&ask_as(&[("client_id", &tenant.native.id)]).await, "unauthorized_client");
        let _ = ask_as(&[("client_id", &tenant.post.id), ("client_secret", "wrong")]).await.expect_status(401);
        let discovery = tenant.browser().get(tenant.endpoint(".well-known/openid-configuration")).send().await;
        assert!(discovery.json()["grant_types_supported"].as_array().unwrap().contains(&json!(GRANT)));
    }

    async fn threat_29_what_ended_is_not_traded(server: TestServer) {
        configure(&server, json!([])).await;
        let tenant = &server.tenant;
        // Expired.
        let token = text(&user_tokens(&server).await, "access_token");
        server.clock.advance(Duration::from_hours(1));
        is_error(&exchange(&server, &token, ACCESS, &[]).await, "invalid_request");
        // Revoked.
        let token = text(&user_tokens(&server).await, "access_token");
        let form = [("client_id", tenant.native.id.as_str()), ("token", &token)];
        let browser = tenant.browser();
        let _ = browser.post(tenant.endpoint("revoke")).form(form).send().await.expect_status(200);
        is_error(&exchange(&server, &token, ACCESS, &[]).await, "invalid_request");
        // Signed off: both tokens.
        let browser = tenant.browser();
        let code = tenant.authorize(&tenant.native).code(&browser).await;
        let tokens = tenant.redeem(&tenant.native, &code).send(&browser).await.expect_status(200).json();
        let _ = browser.get(tenant.endpoint("signoff")).send().await.expect_status(200);
        is_error(&exchange(&server, &text(&tokens, "access_token"), ACCESS, &[]).await, "invalid_request");
        is_error(&exchange(&server, &text(&tokens, "id_token"), ID, &[]).await, "invalid_request");
        // Threat 19: its application or its user disabled.
        let tokens = user_tokens(&server).await;
        let set = async |enabled: bool| server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First",
            "applications": [ { "id": tenant.native.id, "name": "Native", "enabled": enabled } ] } ] })).await;
        set(false).await;
        is_error(&exchange(&server, &text(&tokens, "access_token"), ACCESS, &[]).await, "invalid_request");
        set(true).await;
        let _ = exchange(&server, &text(&tokens, "access_token"), ACCESS, &[]).await.expect_status(200);
        server.import(&json!({ "environments": [ { "id": tenant.id, "name": "First", "users": [
            { "id": tenant.person.id, "username": tenant.person.username, "enabled": false },
        ] } ] })).await;
        is_error(&exchange(&server, &text(&tokens, "id_token"), ID, &[]).await, "invalid_request");
    }

    async fn threat_42_tokens_of_another_environment_are_nothing(server: TestServer) {
        configure(&server, json!([])).await;
        let other = &server.other;
        let tokens = other.tokens(&other.native).await;
        is_error(&exchange(&server, &text(&tokens, "access_token"), ACCESS, &[]).await, "invalid_request");
        is_error(&exchange(&server, &text(&tokens, "id_token"), ID, &[]).await, "invalid_request");
    }
}
