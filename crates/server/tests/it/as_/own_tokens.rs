//! What a token of this server says, and what becomes of one that says less

use countersign_protocol::jose::sign::{HeaderOptions, sign};
use countersign_testkit::{TestServer, jwt, on_every_adapter};
use serde_json::{Value, json};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Claims of a token that is believed, read without asking whether it is.
fn claims_of(token: &Value) -> Value {
    use base64::Engine;
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

/// Signed with the key that signs for the application.
async fn signed(server: &TestServer, typ: &str, claims: &Value) -> String {
    let cx = server.cx().await;
    let id = server.tenant.web.id.parse().unwrap();
    let view = cx
        .env
        .application(&cx.ports, id, cx.now)
        .await
        .unwrap()
        .unwrap();
    let key = cx.env.signing_key(&view.application).unwrap();
    let options = HeaderOptions {
        typ: Some(typ),
        x5t: false,
    };
    sign(key, &cx.ports.vault, options, claims).unwrap()
}

/// Whether an ID token is good enough to be traded in, or to sign somebody off with.
async fn is_taken(server: &TestServer, token: &str, what: &str) -> bool {
    let tenant = &server.tenant;
    let browser = tenant.browser();
    if what == "id_token_hint" {
        let url = format!("{}?id_token_hint={token}", tenant.endpoint("signoff"));
        return browser.get(url).send().await.status == 200;
    }
    let form = [
        ("grant_type", EXCHANGE),
        ("client_id", tenant.post.id.as_str()),
        ("client_secret", &tenant.post.secret),
        ("subject_token", token),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        ("scope", "orders:read"),
    ];
    browser
        .post(tenant.endpoint("token"))
        .form(form)
        .send()
        .await
        .status
        == 200
}

on_every_adapter! {
    async fn threat_20_each_claim_of_an_access_token_counts(server: TestServer) {
        let tenant = &server.tenant;
        let good = claims_of(&tenant.tokens(&tenant.web).await["access_token"]);
        let again = signed(&server, "at+jwt", &good).await;
        let _ = tenant.userinfo(&again).await.expect_status(200);
        for name in ["iss", "exp", "iat", "jti", "client_id", "sid", "scope"] {
            let mut less = good.clone();
            less.as_object_mut().unwrap().remove(name);
            let token = signed(&server, "at+jwt", &less).await;
            // Without a session or a scope it is a token, but not one that reads this.
            let status = if ["sid", "scope"].contains(&name) { 403 } else { 401 };
            let _ = tenant.userinfo(&token).await.expect_status(status);
            for wrong in [Value::Null, json!(-1), json!({}), json!("")] {
                let mut other = good.clone();
                other[name] = wrong.clone();
                let token = signed(&server, "at+jwt", &other).await;
                let answer = tenant.userinfo(&token).await;
                assert!(matches!(answer.status, 401 | 403) || name == "iat", "{name} {wrong}");
            }
        }
        for typ in ["JWT", "at+JWT", "jwt", ""] {
            let token = signed(&server, typ, &good).await;
            let _ = tenant.userinfo(&token).await.expect_status(401);
        }
    }

    async fn threat_20_each_claim_of_an_id_token_counts(server: TestServer) {
        let tenant = &server.tenant;
        server.import(&json!({ "environments": [ {
            "id": tenant.id, "name": "First",
            "resources": [{ "name": "Orders", "scopes": ["orders:read"] }],
            "applications": [ {
                "id": tenant.post.id, "name": "Web with post",
                "grantTypes": ["AUTHORIZATION_CODE", "TOKEN_EXCHANGE"],
                "grants": [{ "resource": "Orders", "scopes": ["orders:read"] }],
            } ],
        } ] })).await;
        let good = claims_of(&tenant.tokens(&tenant.web).await["id_token"]);
        for (what, needed) in [
            ("subject_token", vec!["iss", "aud", "exp", "sid"]),
            ("id_token_hint", vec!["iss", "aud"]),
        ] {
            assert!(is_taken(&server, &signed(&server, "JWT", &good).await, what).await, "{what}");
            for name in needed {
                let mut less = good.clone();
                less.as_object_mut().unwrap().remove(name);
                let token = signed(&server, "JWT", &less).await;
                assert!(!is_taken(&server, &token, what).await, "{what} without {name}");
                less[name] = json!([good[name].clone(), "https://evil.example"]);
                let token = signed(&server, "JWT", &less).await;
                assert!(!is_taken(&server, &token, what).await, "{what} with another {name}");
            }
            let token = signed(&server, "at+jwt", &good).await;
            assert!(!is_taken(&server, &token, what).await, "{what} of another type");
        }
    }

    async fn the_header_names_the_certificate_where_the_application_asks(server: TestServer) {
        let tenant = &server.tenant;
        for asked in [true, false] {
            let web = json!({ "id": tenant.web.id, "name": "Web", "includeX5t": asked });
            let environment = json!({ "id": tenant.id, "name": "First", "applications": [web] });
            server.import(&json!({ "environments": [environment] })).await;
            let tokens = tenant.tokens(&tenant.web).await;
            let jwks = tenant.jwks().await;
            for (name, typ) in [("access_token", "at+jwt"), ("id_token", "JWT")] {
                let header = jwt::verify(tokens[name].as_str().unwrap(), &jwks).header;
                let keys = jwks["keys"].as_array().unwrap();
                let key = keys.iter().find(|key| key["kid"] == json!(header.kid)).unwrap();
                assert_eq!(header.x5t.is_some(), asked, "{name}");
                assert!(header.x5t.is_none_or(|x5t| key["x5t"] == json!(x5t)), "{name}");
                assert_eq!(header.typ.as_deref(), Some(typ));
            }
        }
    }
}
